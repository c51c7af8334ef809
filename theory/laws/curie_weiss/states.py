"""The states of the Curie-Weiss model: Hubbard-Stratonovich, Laplace, magnetisation, independence of spins inside a state."""

from __future__ import annotations

from itertools import product
from typing import Any

import sympy as sp

from regimes.theory.channel.prior import ScalarPrior
from regimes.theory.conventions import d
from regimes.theory.derivations import Derivation
from regimes.theory.law import Atom
from regimes.theory.laws.curie_weiss.law import CurieWeiss
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LargestRoot, LineIntegral
from regimes.theory.symbolic.functions import LogCosh, Softplus

u = sp.Symbol("u", real=True)
"""Mean field: the magnetisation that a spin feels."""
M = sp.Symbol("M", nonnegative=True)
"""Magnetisation of the state, along the field."""
total = sp.Symbol("S", real=True)
SOURCE = "Curie-Weiss model; Biroli, Mezard, arXiv:2306.03518"
SMALL = 3
"""Spins in exhaustive sums."""


def states(proof: Derivation, law: CurieWeiss) -> Derivation:
    """The law of the data, its magnetisation, and one spin of a state."""
    return _state(_magnetisation(_mean_field(proof, law), law), law)


def _mean_field(proof: Derivation, law: CurieWeiss) -> Derivation:
    beta, h = law.beta, law.h
    weight = sp.exp(beta * total**2 / (2 * d) + h * total)
    proof = proof.define("law", sp.Symbol("P(a)"), weight, "Law of the data, up to its normalisation; S is the sum of the spins", SOURCE)
    proof = proof.then(
        rules.hubbard_stratonovich,
        weight,
        total=total,
        name="hubbard_stratonovich",
        title="The square becomes linear: every spin feels one random field",
        domains={total: (-3.0, 3.0), d: (1.0, 8.0)},
    )
    field = sp.Symbol("v", real=True)
    proof = proof.then(
        rules.rewrite,
        sum(sp.exp(field * s) for s in (1, -1)),
        target=2 * sp.cosh(field),
        name="spin_sum",
        title="Sum over one spin in a field",
        domains={field: (-2.0, 2.0)},
    )
    proof = proof.define(
        "free_entropy",
        sp.Symbol("S(u)"),
        -beta * u**2 / 2 + LogCosh(beta * u + h) + sp.log(2),
        "Free entropy of a mean field u, with z = sqrt(beta d) u in the normal average",
        "the steps above",
    )
    whole = sp.Add(*(weight.subs({d: SMALL, total: sum(spins)}) for spins in product((1, -1), repeat=SMALL)))
    return proof.then(
        rules.rewrite,
        whole,
        target=field_integral(law, SMALL, proof["free_entropy"] * SMALL),
        name="partition_function",
        title="Partition function of three spins, summed over all states: the integral of exp(d S)",
    )


def field_integral(law: CurieWeiss, count: Any, exponent: Any) -> Any:
    """Integral of exp(exponent) over the mean field of `count` spins."""
    return sp.sqrt(law.beta * count / (2 * sp.pi)) * LineIntegral(sp.exp(exponent), u)


def state_root(law: CurieWeiss) -> Any:
    """The largest solution of u = tanh(beta u + |h|)."""
    return LargestRoot(sp.tanh(law.beta * u + sp.Abs(law.h)) - u, u, -1, 1)


def _magnetisation(proof: Derivation, law: CurieWeiss) -> Derivation:
    beta, h, entropy = law.beta, law.h, proof["free_entropy"]
    at = {u: (-0.9, 0.9)}
    proof = proof.then(
        rules.rewrite,
        sp.Derivative(entropy, u),
        target=beta * (sp.tanh(beta * u + h) - u),
        name="saddle_condition",
        title="Saddle point: the mean field is the magnetisation it creates",
        domains=at,
    )
    proof = proof.define(
        "state_magnetisation",
        M,
        state_root(law),
        "Magnetisation of the state along the field; zero at h = 0 and beta <= 1",
        "saddle point above; the model is the same at -h and -a",
        insert=True,
    )
    proof = proof.define(
        "magnetisation", sp.Symbol("m"), sp.Piecewise((-M, h < 0), (M, True)), "Magnetisation: positive at h = 0", "symmetry a -> -a"
    )
    free = entropy.subs(h, 0)
    for name, value_, count, interval, title in (
        ("above_critical", state_root(law).subs(h, 0), 3, (1.2, 2.0), "Without field and above beta = 1 two states, and a minimum between"),
        ("below_critical", sp.S.Zero, 1, (0.2, 0.9), "Below beta = 1 one state, without magnetisation"),
    ):
        proof = proof.extremum(
            value_,
            free,
            u,
            name=name,
            title=title,
            curvature=-1,
            count=count,
            interval=(sp.Integer(-1), sp.Integer(1)),
            rule=rules.given_tilt,
            domains={beta: interval},
            points=3,
        )
    proof = proof.limit(
        rules.expand_in,
        free.subs(beta, 1),
        name="at_critical",
        title="At beta = 1 the free entropy is flat: its curvature vanishes, the fourth order is negative",
        variable=u,
        towards="zero",
        exponent=6,
        order=4,
    )
    strong = {h: (0.1, 0.5), beta: (0.5, 2.0)}
    along = entropy.subs(h, sp.Abs(h))
    return proof.limit(
        rules.laplace,
        sp.log(field_integral(law, d, d * along)) / d,
        name="laplace",
        title="Free entropy per spin of many spins: Laplace's method",
        variable=d,
        towards="infinity",
        exponent=1,
        first=9,
        points=2,
        domains=strong,
        peak=state_root(law),
    )


def state_weights(law: CurieWeiss) -> tuple[Any, Any]:
    """Probabilities of a spin along and against the state: from its field, as (1 - M)/2 would cancel."""
    field = 2 * (law.beta * M + sp.Abs(law.h))
    return sp.exp(-Softplus(-field)), sp.exp(-Softplus(field))


def state_prior(law: CurieWeiss) -> Any:
    """One spin of the state."""
    up, down = state_weights(law)
    return ScalarPrior.of((Atom(up, sp.S.One), Atom(down, -sp.S.One)))


def _state(proof: Derivation, law: CurieWeiss) -> Derivation:
    along = proof["free_entropy"].subs(law.h, sp.Abs(law.h))
    weighted = [LineIntegral(f * sp.exp(d * along), u) for f in (sp.tanh(law.beta * u + sp.Abs(law.h)) ** 2, sp.S.One)]
    proof = proof.limit(
        rules.laplace,
        weighted[0] / weighted[1],
        name="independence",
        title="Correlation of two spins: inside a state they are independent, each with its magnetisation",
        variable=d,
        towards="infinity",
        exponent=1,
        first=9,
        points=2,
        domains={law.h: (0.1, 0.5), law.beta: (0.5, 2.0)},
        peak=state_root(law),
    )
    for sign, weight, name in zip((1, -1), state_weights(law), ("along", "against"), strict=True):
        proof = proof.then(
            rules.rewrite,
            (1 + sign * M) / 2,
            target=weight,
            name=f"weight_{name}",
            title=f"Probability of a spin {name} the state, from its field",
        )
    return proof
