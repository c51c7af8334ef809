"""Speciation of two Ising chains: classes that differ in their correlations, told apart at t = log(d)/4 + a constant.

At weak signals gamma the law of a class is that of the noise times 1 + (a term of order gamma per pair of coordinates); the divergence of
two classes is half the mean square of the difference of those terms, which two independent data (replicas) know by their overlap.
"""

from __future__ import annotations

import itertools
from typing import Any

import sympy as sp

from regimes.theory import conventions as c
from regimes.theory.channel.forward import start
from regimes.theory.conventions import a, d, gamma, y
from regimes.theory.derivations import Derivation
from regimes.theory.laws.ising_chains.law import IsingChains
from regimes.theory.laws.ising_chains.times import SPINS, chain_times, neighbours
from regimes.theory.model import DataModel
from regimes.theory.params import DIMENSION
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LineIntegral


def chain_speciation(model: DataModel, law: IsingChains) -> Derivation:
    """Correlations, divergence at weak signals, its sum over a long chain, and the times that follow."""
    # gamma is drawn on its own: what holds for small gamma holds whatever the clock
    proof = start(model, "speciation").drawing({d: DIMENSION.typical, gamma: (0.05, 1.0)}, {d: DIMENSION.latex})
    proof = _correlations(proof, model, law)
    proof = _weak_signal(proof, model, law)
    proof = _long_chain(proof, law)
    return chain_times(proof, law)


def _correlations(proof: Derivation, model: DataModel, law: IsingChains) -> Derivation:
    for name, beta in (("a", law.beta_a), ("b", law.beta_b)):
        up, down = sp.exp(beta), sp.exp(-beta)
        proof = proof.then(
            rules.rewrite,
            (up - down) / (up + down),
            target=sp.tanh(beta),
            name=f"neighbours_{name}",
            title=f"Correlation of neighbours in class {name}: bonds a_i a_(i+1) are independent and positive with odds e^(2 beta)",
        )
    distance = sp.Symbol("n", positive=True)
    proof = proof.drawing({distance: (1.0, 5.0)}, {})
    return proof.define(
        "correlation",
        sp.Symbol("E[a_i a_{i+n}]"),
        proof["neighbours_a"] ** distance,
        "Correlation at distance n: the product of the bonds between",
        model.source,
    )


def _weak_signal(proof: Derivation, model: DataModel, law: IsingChains) -> Derivation:
    other = sp.Symbol("a'", real=True)
    proof = proof.define(
        "likelihood_ratio",
        sp.Symbol("P(y|a)/N(y)"),
        sp.exp(sp.sqrt(gamma) * y * a - gamma * a**2 / 2),
        "One coordinate y = x/sqrt(Delta) given the datum, against pure noise",
        model.source,
    )
    ratio = proof["likelihood_ratio"]
    proof = proof.then(
        rules.complete_the_square,
        LineIntegral(c.normal_density(y, sp.S.One) * ratio * ratio.subs(a, other), y),
        name="overlap",
        title="Mean over the noise of the product for two data: only their overlap is left",
        domains={a: (-1.0, 1.0), other: (-1.0, 1.0)},
    )
    first, second, small = sp.Symbol("u", real=True), sp.Symbol("v", real=True), sp.Symbol("epsilon", positive=True)
    proof = proof.drawing({}, {small: r"\epsilon"})
    own, foreign = 1 + small * first, 1 + small * second
    proof = proof.limit(
        rules.expand_in,
        own * sp.log(own / foreign) - own + foreign,
        name="divergence",
        title="Term of the divergence of two densities (1 + epsilon u) N and (1 + epsilon v) N",
        variable=small,
        towards="zero",
        exponent=3,
        order=2,
        domains={first: (0.5, 1.0), second: (-1.0, -0.5)},
    )
    proof = proof.limit(
        rules.expand_in,
        own * sp.log(own / foreign) ** 2,
        name="divergence_variance",
        title="Term of the mean square of the log-odds: twice the divergence (Nishimori), so that definitions 'snr' and 'balance' agree",
        variable=small,
        towards="zero",
        exponent=3,
        order=2,
        domains={first: (0.5, 1.0), second: (-1.0, -0.5)},
    )
    proof = proof.then(
        rules.rewrite,
        proof["divergence_variance"],
        target=2 * proof["divergence"],
        name="nishimori",
        title="The second is twice the first",
        domains={first: (0.5, 1.0), second: (-1.0, -0.5), small: (0.01, 0.1)},
    )
    exact = sum(
        sign * _overlaps(proof["overlap"], other, *pair) / 2
        for sign, pair in ((1, (law.beta_a, law.beta_a)), (-2, (law.beta_a, law.beta_b)), (1, (law.beta_b, law.beta_b)))
    )
    proof = proof.limit(
        expand_sum,
        exact,
        name="short_chain",
        title=f"Half the mean square of the difference of the classes' densities over that of the noise, {SPINS} spins",
        variable=gamma,
        towards="zero",
        exponent=4,  # only even powers: a whole chain may be turned over
        domains={gamma: (0.1, 0.2)},
    )
    one, two = neighbours(law.beta_a), neighbours(law.beta_b)
    pairs = sum((SPINS - n) * (one**n - two**n) ** 2 for n in range(1, SPINS))
    return proof.then(
        rules.rewrite,
        proof["short_chain"],
        target=gamma**2 / 2 * pairs,
        name="pairs",
        title="That is gamma^2/2 times the sum over pairs of spins of the squared difference of their correlations",
        domains={gamma: (0.1, 1.0)},
    )


def _overlaps(one: Any, other: Any, beta: Any, other_beta: Any) -> Any:
    """Mean of the product over sites of `one` (of a and `other`) for independent data of two chains, by summing over all spins."""
    total, chains = sp.S.Zero, list(itertools.product((1, -1), repeat=SPINS - 1))
    for bonds, more, sign in itertools.product(chains, chains, (1, -1)):
        spins, replica = [1], [sign]
        for bond, another in zip(bonds, more, strict=True):
            spins.append(spins[-1] * bond)
            replica.append(replica[-1] * another)
        weight = sp.exp(beta * sum(bonds) + other_beta * sum(more)) / (2 * (4 * sp.cosh(beta) * sp.cosh(other_beta)) ** (SPINS - 1))
        total += weight * sp.Mul(*(one.subs({a: s, other: r}) for s, r in zip(spins, replica, strict=True)))
    return total


def expand_sum(expr: Any, variable: Any) -> Any:
    """Taylor polynomial to second order."""
    return sum(sp.simplify(sp.diff(expr, variable, k).subs(variable, 0).rewrite(sp.exp)) * variable**k / sp.factorial(k) for k in range(3))


def _long_chain(proof: Derivation, law: IsingChains) -> Derivation:
    x, total = sp.symbols("q S", positive=True)
    proof = proof.drawing({x: (0.05, 0.9)}, {})
    proof = proof.solve(
        rules.solve,
        (total, x * (1 + total)),
        total,
        name="geometric_sum",
        title="Sum of q^n over n = 1, 2, ...: it is q times one and itself",
        where=lambda u: u > 0,
    )
    series = proof["geometric_sum"]
    # sum_{n<d} (d - n) q^n of an open chain, from S(d+1) - S(d) = sum_{n<=d} q^n, S(1) = 0
    pairs = d * series - x * (1 - x**d) / (1 - x) ** 2
    proof = proof.then(
        rules.rewrite,
        pairs.subs(d, d + 1) - pairs,
        target=series * (1 - x**d),
        name="one_more_spin",
        title="Sum over the pairs of an open chain, d q/(1-q) - q (1-q^d)/(1-q)^2: what one more spin adds",
        domains={d: (1.0, 30.0)},
    )
    proof = proof.limit(
        drop_falling_terms,
        pairs / d,
        name="pairs_per_spin",
        title="Per spin of a long chain: the ends are felt at order 1/d",
        variable=d,
        towards="infinity",
        exponent=1,
    )
    one, two = neighbours(law.beta_a), neighbours(law.beta_b)
    contrast = sum(k * proof["pairs_per_spin"].subs(x, product) for k, product in ((1, one**2), (-2, one * two), (1, two**2)))
    proof = proof.then(
        rules.rewrite,
        contrast,
        target=sp.sinh(law.beta_a - law.beta_b) ** 2 * sp.cosh(law.beta_a + law.beta_b) / sp.cosh(law.beta_a - law.beta_b),
        name="contrast",
        title="Sum over distances of the squared difference of the correlations",
    )
    return proof.define(
        "kappa",
        sp.Symbol("kappa"),
        d * gamma**2 * proof["contrast"] / 4,
        "Class signal-to-noise ratio at weak signals: half the divergence of the classes",
        "theory of two classes: mean log-odds 2 kappa",
    )


def drop_falling_terms(expr: Any, variable: Any) -> Any:
    """What is left of an expression without the terms that fall with `variable`."""
    return sum(term for term in sp.Add.make_args(sp.expand(expr)) if not term.has(variable))
