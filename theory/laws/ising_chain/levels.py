"""Energy levels of an open Ising chain: a product of random transfer matrices, whose growth rate is a Lyapunov exponent.

The finite chain is exact and checked against sums over all states; the exponent has no closed form and is computed elsewhere. Here it is
a named function without a definition, so that nothing can take a formula that holds it for a number.
"""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import sympy as sp

from regimes.theory.channel.forward import snr, standard_channel, start
from regimes.theory.channel.information_functions import ScalarCumulant
from regimes.theory.channel.prior import ScalarPrior
from regimes.theory.collapse.effort import Effort
from regimes.theory.conventions import Delta, a, gamma, lam, x, z
from regimes.theory.derivations import Derivation
from regimes.theory.law import Atom
from regimes.theory.laws.ising_chain.law import IsingChain
from regimes.theory.model import DataModel
from regimes.theory.params import TILT
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import NormalAverage, Unevaluated
from regimes.theory.symbolic.functions import LogCosh

field = sp.Symbol("v", real=True)
SOURCE = "transfer matrices of the Ising chain; Furstenberg, Kesten, Ann. Math. Stat. 31, 457 (1960)"
_SMALL = 4  # spins in exhaustive sums


class LyapunovExponent(Unevaluated):
    """Growth rate per spin, lim (1/d) sum phi(v_i), of the chain in the fields lam sqrt(gamma) x_i: LyapunovExponent(beta, gamma, lam)."""

    latex_name = r"\Lambda"


class LyapunovExponentOnDatum(Unevaluated):
    """The same in the fields of a datum without noise, lam gamma a_i."""

    latex_name = r"\Lambda^{\circ}"


class ChainDispersion(Unevaluated):
    """lim (1/d) Var of the information density of the chain: ChainDispersion(beta, gamma)."""

    latex_name = r"V"


def ising_chain_levels(model: DataModel, law: IsingChain) -> tuple[Derivation, Effort]:
    """Energy cumulant function, information and onset of a chain, up to its Lyapunov exponents."""
    beta = law.beta
    proof = standard_channel(snr(start(model, "collapse")).drawing({}, {field: "v"}))
    proof = _finite_chain(proof, beta)
    proof = _transfer(proof, beta)
    exponent = LyapunovExponent(beta, gamma, lam)
    title = "Growth rate of the product of transfer matrices: lim (1/d) sum phi(v_i)"
    proof = proof.define("lyapunov_exponent", sp.Symbol("Lambda"), exponent, title, SOURCE)
    g = exponent - lam * (1 + 2 * gamma) / 2
    proof = proof.define("energy_cumulant", sp.Symbol("g"), g, "Energy cumulant function g", "the finite chain above; E x^2 = 1 + gamma")
    proof = _without_coupling(proof, beta)
    proof = _definitions(proof, beta)
    return proof, Effort(extrema=0, evaluated=False)


def _states(count: int) -> list[tuple[int, ...]]:
    return list(product((1, -1), repeat=count))


def _weight(beta: Any, spins: tuple[int, ...]) -> Any:
    return sp.exp(beta * sum(s * r for s, r in pairwise(spins)))


def _finite_chain(proof: Derivation, beta: Any) -> Derivation:
    bonds = sp.Symbol("B", real=True)
    title = "Law of the data, B the sum of a_i a_{i+1}"
    proof = proof.define("law", sp.Symbol("P(a)"), sp.exp(beta * bonds), title, "definition of the chain")
    count = sp.Integer(_SMALL)
    proof = proof.then(
        rules.rewrite,
        sp.Add(*(_weight(beta, s) for s in _states(_SMALL))),
        target=2 * (2 * sp.cosh(beta)) ** (count - 1),
        name="partition_function",
        title="Partition function of four spins, summed over all states: bonds are independent",
    )

    def entropy(count: int) -> Any:
        weights = [_weight(beta, s) for s in _states(count)]
        whole = sp.Add(*weights)
        return sp.log(whole) - sp.Add(*(w * sp.log(w) for w in weights)) / whole

    return proof.then(
        rules.rewrite,
        entropy(_SMALL) - entropy(_SMALL - 1),
        target=sp.log(2 * sp.cosh(beta)) - beta * sp.tanh(beta),
        name="prior_entropy",
        title="Entropy per spin, the increment of the sum over all states: the information stays below it",
    )


def _transfer(proof: Derivation, beta: Any) -> Derivation:
    sites = sp.symbols(f"x_1:{_SMALL + 1}", real=True)
    in_field = {field: (-2.0, 2.0)}
    everywhere = {**dict.fromkeys(sites, (-2.0, 2.0)), lam: TILT.typical}
    level = proof["level"]
    proof = proof.then(
        rules.rewrite,
        level,
        target=(x**2 + gamma * a**2) / 2 - sp.sqrt(gamma) * x * a,
        name="level_of_a_spin",
        title="Energy of a level: a spin, a^2 = 1, feels the field lambda sqrt(gamma) x",
        domains={x: (-2.0, 2.0), a: (-1.5, 1.5)},
    )
    constant = [-lam * (y**2 + gamma) / 2 for y in sites]
    fields = [lam * sp.sqrt(gamma) * y for y in sites]
    summed = sp.Add(
        *(_weight(beta, s) * sp.exp(-lam * sum(level.subs({x: y, a: b}) for y, b in zip(sites, s, strict=True))) for s in _states(_SMALL))
    )
    proof = proof.then(
        rules.rewrite,
        summed,
        target=sp.exp(sum(constant)) * rules.transfer_matrices(beta, fields),
        name="transfer_matrices",
        title="Laplace transform of a level of four spins, summed over all states: a product of matrices",
        domains=everywhere,
    )
    one_sum = [sp.Add(*(sp.exp(field * s + beta * s * end) for s in (1, -1))) for end in (1, -1)]
    cavity = sp.atanh(sp.tanh(beta) * sp.tanh(field))
    proof = proof.then(
        rules.rewrite,
        sp.log(one_sum[0] / one_sum[1]) / 2,
        target=cavity,
        name="cavity_field",
        title="Summing out the first spin leaves a field on the next one",
        domains=in_field,
    )
    gain = sp.log(1 + sp.sinh(field) ** 2 / sp.cosh(beta) ** 2) / 2
    proof = proof.then(
        rules.rewrite,
        sp.log(one_sum[0] * one_sum[1]) / 2,
        target=gain + sp.log(2 * sp.cosh(beta)),
        name="cavity_gain",
        title="and a factor: phi(v) beside that of a free bond",
        domains=in_field,
    )
    gains, local = [], fields[0]
    for following in fields[1:]:
        gains.append(gain.subs(field, local))
        local = following + cavity.subs(field, local)
    mean = summed / sp.Add(*(_weight(beta, s) for s in _states(_SMALL)))
    return proof.then(
        rules.rewrite,
        sp.log(mean),
        target=sum(constant) + sum(gains) + LogCosh(local),
        name="cavity_recursion",
        title="Four spins by the recursion v' = lambda sqrt(gamma) x' + U(v): log E exp(-lambda E) is the sum of phi(v_i)",
        domains=everywhere,
    )


def _without_coupling(proof: Derivation, beta: Any) -> Derivation:
    gain = proof.step("cavity_gain").right - sp.log(2 * sp.cosh(beta))
    proof = proof.then(
        rules.rewrite,
        gain.subs(beta, 0),
        target=LogCosh(field),
        name="free_gain",
        title="Without coupling each spin contributes log cosh of its own field",
        domains={field: (-2.0, 2.0)},
    )
    half = sp.Rational(1, 2)
    prior = ScalarPrior.of((Atom(half, sp.S.One), Atom(half, -sp.S.One)))
    free = sum(NormalAverage(LogCosh(lam * sp.sqrt(gamma) * (s * sp.sqrt(gamma) + z)), z) for s in (1, -1)) / 2
    return proof.then(
        rules.rewrite,
        free - lam * (1 + 2 * gamma) / 2,
        target=ScalarCumulant(prior, gamma, lam),
        name="free_spins",
        title="At beta = 0 the energy cumulant function is that of independent spins",
        domains={lam: TILT.typical},
        points=5,
    )


def _definitions(proof: Derivation, beta: Any) -> Derivation:
    g = proof["energy_cumulant"]
    given = "statements about any energy cumulant function, as for independent coordinates"
    slope = sp.diff(g, lam)
    proof = proof.define("energy", sp.Symbol("eps"), -slope, "Energy selected by the tilt lambda", given)
    proof = proof.define("selected_rate", sp.Symbol("rho"), lam * slope - g, "Rate function at that energy", given)
    proof = proof.define("information", sp.Symbol("I"), -sp.S.Half - g.subs(lam, 1), "Information per dimension, I = -1/2 - g(1)", given)
    entropy = sp.log(2 * sp.pi * Delta) / 2 - g.subs(lam, 1)
    proof = proof.define("entropy", sp.Symbol("s"), entropy, "Differential entropy per dimension", given)
    title = "Dispersion V: variance of the information density of the whole chain, per spin"
    proof = proof.define("dispersion", sp.Symbol("V"), ChainDispersion(beta, gamma), title, "Shannon; Polyanskiy, Poor, Verdu 2010")
    onset = LyapunovExponentOnDatum(beta, gamma, lam) - lam * gamma
    title = "Energy cumulant function seen from a datum: fields lambda gamma a_i"
    return proof.define("onset_cumulant", sp.Symbol("g_0"), onset, title, SOURCE)
