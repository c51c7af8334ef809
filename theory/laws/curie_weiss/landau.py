"""Landau expansion of -log P_t of Curie-Weiss spins along the uniform direction: the cumulants of the magnetisation."""

from __future__ import annotations

from itertools import product
from typing import Any

import sympy as sp

from regimes.theory.conventions import d, y
from regimes.theory.derivations import Derivation
from regimes.theory.laws.curie_weiss.law import CurieWeiss
from regimes.theory.laws.curie_weiss.states import SMALL, total, u
from regimes.theory.laws.curie_weiss.times import m_state
from regimes.theory.speciation.landau import ORDER, cumulants, landau, named_cumulants, theta
from regimes.theory.symbolic.averages import LineIntegral

_SPIN = sp.Symbol("t_1", real=True)
"""Mean of a spin in a given field."""
_EVEN = range(2, ORDER + 1, 2)


def curie_weiss_landau(proof: Derivation, law: CurieWeiss) -> Derivation:
    """Three spins exactly, then the cumulants of many spins."""
    return _many_spins(_three_spins(proof, law), law)


def _three_spins(proof: Derivation, law: CurieWeiss) -> Derivation:
    sums = [sum(spins) for spins in product((1, -1), repeat=SMALL)]
    weights = [proof["law"].subs({d: SMALL, total: s, law.h: 0}) for s in sums]
    pairs = [(w / sum(weights), s / sp.sqrt(SMALL)) for w, s in zip(weights, sums, strict=True)]
    raw = [sp.simplify(sum(w * s**k for w, s in pairs)) for k in range(1, ORDER + 1)]
    exact = y**2 / 2 - sp.log(sum(w * sp.exp(theta * y * s) for w, s in pairs))
    names = sp.symbols("k_2:7", real=True)
    proof = named_cumulants(proof, names, raw, "of the sum of three spins over sqrt(3)", prefix="three_spins_")
    given = [sp.S.Zero if k % 2 else name for k, name in enumerate(names, 2)]
    words = "three spins without field along (1, 1, 1)/sqrt(3); |a|^2 is the same for all data"
    return landau(proof, exact, given, words=words, exponent=8, prefix="three_spins_", fixed_length=True)


def _many_spins(proof: Derivation, law: CurieWeiss) -> Derivation:
    x = sp.Symbol("s", real=True)
    proof = proof.drawing({_SPIN: (0.1, 0.9)}, {_SPIN: "t"})
    transform = (sp.cosh(x) + _SPIN * sp.sinh(x)) ** d
    for k in _EVEN:
        proof = proof.then(
            moment_of_sum,
            sp.Subs(sp.Derivative(transform, (x, k)), x, 0),
            name=f"sum_moment_{k}",
            title=f"Moment {k} of the sum of d independent spins of mean t, from the transform of one spin",
            at=x,
            domains={d: (4.0, 20.0)},
            points=3,
            digits=12,
        )
    free = proof["free_entropy"].subs(law.h, 0)
    whole = LineIntegral(sp.exp(d * free), u)
    names = {k: sp.Symbol(f"t_{k}_mean", positive=True) for k in _EVEN}
    exact = {name: LineIntegral(sp.tanh(law.beta * u) ** k * sp.exp(d * free), u) / whole for k, name in names.items()}
    raw = [sp.S.Zero] * ORDER
    for k in _EVEN:
        polynomial = sp.Poly(proof[f"sum_moment_{k}"], _SPIN)
        raw[k - 1] = sum(c * (names[power] if power else 1) for (power,), c in polynomial.terms())
    for k, cumulant in zip(range(2, ORDER + 1), cumulants(raw), strict=True):
        if k == 2 or k % 2:
            continue
        proof = proof.limit(
            average_over_states,
            (cumulant / d**k).subs(exact),
            name=f"cumulant_{k}",
            title=f"Cumulant {k} of the sum of the spins over d^{k}: two states of opposite magnetisation, as two clusters",
            variable=d,
            towards="infinity",
            exponent=1,
            first=9,
            points=1,
            cumulant=cumulant / d**k,
            means={name: m_state**power for power, name in names.items()},
        )
    return proof


def moment_of_sum(claim: Any, at: Any) -> Any:
    """Carry out the derivative at zero."""
    return sp.factor(sp.powsimp(claim.expr.doit().subs(at, 0)))


def average_over_states(claim: Any, large: Any, cumulant: Any, means: Any) -> Any:
    """The field is at +-m as `large` grows: even powers of the mean spin are those of m."""
    del claim
    return sp.factor(sp.limit(sp.expand(cumulant.subs(means)), large, sp.oo))
