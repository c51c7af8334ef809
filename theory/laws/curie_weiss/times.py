"""Times at which the two states of Curie-Weiss spins separate: exact by the covariance, at large d by the log-odds."""

from __future__ import annotations

from itertools import product
from typing import Any

import sympy as sp

from regimes.theory.conventions import d, gamma
from regimes.theory.derivations import Derivation
from regimes.theory.laws.curie_weiss.law import CurieWeiss
from regimes.theory.laws.curie_weiss.states import SMALL, total, u
from regimes.theory.speciation.symbols import decay_sq
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LineIntegral

m_state = sp.Symbol("M_0", positive=True)
"""Magnetisation of a state without field."""
top, top_of_d = sp.Symbol("Lambda", positive=True), sp.Symbol("Lambda_d", positive=True)
"""Largest eigenvalue of the covariance, as a number and as a function of d."""


def curie_weiss_times(proof: Derivation, law: CurieWeiss) -> Derivation:
    """Times by the covariance, by the curvature at x = 0, by the class signal-to-noise ratio; their leading order at large d."""
    few: dict[str, Any] = {"points": 3, "digits": 20}
    free = proof["free_entropy"].subs(law.h, 0)
    square = sp.tanh(law.beta * u) ** 2

    def correlation(count: Any) -> Any:
        return LineIntegral(square * sp.exp(count * free), u) / LineIntegral(sp.exp(count * free), u)

    spins = list(product((1, -1), repeat=SMALL))
    weights = [proof["law"].subs({d: SMALL, total: sum(s), law.h: 0}) for s in spins]
    proof = proof.then(
        rules.rewrite,
        sum(w * sp.Integer(sum(s)) ** 2 for w, s in zip(weights, spins, strict=True)) / sum(weights) / SMALL,
        target=1 + (SMALL - 1) * correlation(SMALL),
        name="three_spins",
        title="Without field the uniform direction has the largest variance, E (sum a)^2/d: three spins, and by the mean field",
        **few,
    )
    largest = 1 + (d - 1) * correlation(d)
    title = "The same for d spins"
    proof = proof.define("largest_eigenvalue", top_of_d, largest, title, "the mean field makes spins independent", insert=True)
    y = sp.Symbol("y", real=True)
    proof = proof.drawing({y: (0.2, 0.8)}, {})
    # all coordinates equal to y/sqrt(3) Delta^(1/2): along the uniform direction
    evidence = sum(w * sp.exp(sp.sqrt(gamma / SMALL) * y * sum(s)) for w, s in zip(weights, spins, strict=True))
    proof = proof.then(
        rules.rewrite,
        sp.Subs(sp.Derivative(y**2 / 2 - sp.log(evidence / sum(weights)), y, y), y, 0),
        target=1 - gamma * (1 + (SMALL - 1) * correlation(SMALL)),
        name="bend",
        title="Curvature of -log P_t at x = 0 along the uniform direction, in units of 1/Delta: 1 - gamma Lambda, exact as |a|^2 = d",
        **few,
    )
    bend = (1 - gamma * top).subs(gamma, decay_sq / (1 - decay_sq))
    at = {top: (20.0, 200.0)}
    for name, left, right, title in (
        ("spectral", top * decay_sq, sp.S.One, "Largest eigenvalue of the signal equals one"),
        ("noise-balance", top * decay_sq, 1 - decay_sq, "Largest eigenvalue of the signal equals the noise variance"),
        ("bimodal", bend, sp.S.Zero, "-log P_t has zero curvature at x = 0: the same condition as noise-balance"),
        ("curvature", 1 - 2 * bend / (1 - decay_sq), sp.S.Zero, "The linear coefficient of the reverse drift vanishes at x = 0"),
    ):
        proof = _time(proof, name, left, right, title, at)
    odds = proof["kappa"].subs(gamma, decay_sq / (1 - decay_sq))
    wanted = sp.Symbol("kappa_c", positive=True)
    proof = proof.drawing({wanted: (0.5, 1.5)}, {wanted: r"\kappa_c"})
    for name, left, right, title in (
        ("snr", odds, sp.S.One, "Class signal-to-noise ratio of many spins equals one"),
        ("balance", 2 * odds, 2 * sp.sqrt(odds), "Mean of the log-odds of many spins equals their standard deviation"),
        ("cloning", odds, wanted, "The class signal-to-noise ratio of many spins reaches kappa_c, at which cloning reaches the threshold"),
    ):
        proof = _time(proof, name, left, right, title, {})
    limit: dict[str, Any] = {"variable": d, "towards": "infinity"}
    cold = {law.beta: (1.8, 2.0)}  # the term of order 1/d of noise-balance changes sign near beta = 1.55
    for name in ("spectral", "noise_balance", "curvature"):
        exact = proof[f"{name}_time"].subs(top, top_of_d)
        proof = proof.limit(
            leading_order_of_time,
            exact,
            name=f"{name}_time_large_d",
            title=f"Leading order at large d, definition '{name.replace('_', '-')}'"
            + (" and 'bimodal'" if name == "noise_balance" else ""),
            exponent=1,
            first=9,
            points=2,
            domains=cold,
            **limit,
        )
    title = "Leading order at large d, definitions 'snr' and 'balance'"
    return proof.limit(rules.leading_order, proof["snr_time"], name="snr_time_large_d", title=title, exponent=1, **limit)


def leading_order_of_time(exact: Any, large: Any) -> Any:
    """Leading order of the logarithm, with the correlation of two spins at large d: the square of the magnetisation."""
    return rules.leading_order(exact.subs(top_of_d, 1 + (large - 1) * m_state**2), large)


def _time(proof: Derivation, name: str, left: Any, right: Any, title: str, domains: Any) -> Derivation:
    step = name.replace("-", "_")
    given = {top: (20.0, 200.0), m_state: (0.5, 1.0), d: (100.0, 200.0), **domains}
    proof = proof.solve(
        rules.solve, (left, right), decay_sq, name=f"{step}_decay", title=f"{title}: e^(-2t)", where=lambda s: 0 < s < 1, domains=given
    )
    return proof.then(
        rules.take_the_logarithm,
        sp.log(1 / proof[f"{step}_decay"]) / 2,
        name=f"{step}_time" + ("_at_kappa" if name == "cloning" else ""),
        title=f"Speciation time, definition '{name}'" + (", up to terms of order 1/d" if name in ("snr", "balance", "cloning") else ""),
        domains=given,
    )
