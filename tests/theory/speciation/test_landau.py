"""Landau expansions and large-d expansions: against cumulants and roots computed by other means, and with planted mistakes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import mpmath as mp
import pytest
import sympy as sp

from regimes.theory.conventions import d, y
from regimes.theory.derivations.derivation import Derivation
from regimes.theory.derive import derive
from regimes.theory.laws.clusters.times import next_order
from regimes.theory.laws.curie_weiss.times import m_state
from regimes.theory.speciation.landau import cumulants, expansion, moments, theta
from regimes.theory.symbolic.evaluate import value


def test_cumulants_and_moments_are_inverse_to_each_other() -> None:
    c = sp.symbols("c_2:7", real=True)
    assert [sp.expand(a - b) for a, b in zip(cumulants(moments(c)[1:]), c, strict=True)] == [0] * 5
    normal, coin = (0, 1, 0, 3, 0, 15), (0, 1, 0, 1, 0, 1)
    assert cumulants(map(sp.Integer, normal)) == (1, 0, 0, 0, 0)
    assert cumulants(map(sp.Integer, coin)) == (1, 0, -2, 0, 16)


def test_the_expansion_of_normal_data_is_that_of_a_wider_normal_law() -> None:
    """Variance s: -log P = y^2/(2 (1 + theta^2 s)) + log(1 + theta^2 s)/2."""
    s = sp.Symbol("s", positive=True)
    exact = y**2 / 2 / (1 + theta**2 * s) + sp.log(1 + theta**2 * s) / 2
    series = sp.series(exact, theta, 0, 7).removeO()
    assert sp.expand(series - expansion(exact, theta, (s, 0, 0, 0, 0))) == 0


def test_the_coefficients_of_two_clusters_are_their_cumulants() -> None:
    """Along the class direction M = d mu^2: fourth cumulant -2 M^2, sixth 16 M^3; leading coefficients -c_4/24 and -c_6/720."""
    proof = derive("gaussian-mixture", "speciation")
    mu, sigma = sp.symbols("mu sigma", positive=True)
    square = d * mu**2
    quadratic, quartic, sextic = (sp.expand(proof[f"landau_{name}"]) for name in ("quadratic", "quartic", "sextic"))
    assert sp.simplify(quadratic.coeff(theta, 2) + (square + sigma**2) / 2) == 0
    assert sp.simplify(quartic.coeff(theta, 4) - square**2 / 12) == 0
    assert sp.simplify(sextic + square**3 * theta**6 / 45) == 0


def test_the_cumulants_of_two_states_are_those_of_two_clusters() -> None:
    proof = derive("curie-weiss", "speciation")
    assert sp.simplify(proof["cumulant_4"] + 2 * m_state**4) == 0
    assert sp.simplify(proof["cumulant_6"] - 16 * m_state**6) == 0


@pytest.mark.parametrize(
    ("prior", "fourth", "sixth"),
    [
        ("rademacher", -2, 16),
        ("uniform", sp.Rational(-6, 5), sp.Rational(48, 7)),
        ("laplace", 3, 30),
        ("logistic", sp.Rational(6, 5), sp.Rational(48, 7)),
    ],
)
def test_cumulants_of_priors_have_their_textbook_values(prior: str, fourth: Any, sixth: Any) -> None:
    """Kurtosis and sixth standardised cumulant of the laws, from tables of distributions."""
    proof = derive(f"product-{prior}", "speciation")
    at = {sp.Symbol("sigma", positive=True): mp.mpf(1)}
    with mp.workdps(25):
        found = [value(proof[f"prior_cumulant_{k}"], at | _lower(proof, at)) for k in (4, 6)]
        assert mp.almosteq(found[0], mp.mpf(sp.Rational(fourth).p) / sp.Rational(fourth).q, 1e-14)
        assert mp.almosteq(found[1], mp.mpf(sp.Rational(sixth).p) / sp.Rational(sixth).q, 1e-14)


def _lower(proof: Derivation, at: dict[Any, Any]) -> dict[Any, Any]:
    return {s: value(e, at) for s, e in proof.definitions.items() if s.name.startswith("k_")}


def test_the_definitions_of_two_clusters_differ_at_order_one_over_d() -> None:
    """Balanced, sigma != 1: spectral - snr = (2 sigma^2 - 1)/(2 M), noise-balance - snr = sigma^2/M, curvature - snr = log(2)/2 + ..."""
    proof = derive("gaussian-mixture", "speciation")
    mu, sigma, w = sp.Symbol("mu", positive=True), sp.Symbol("sigma", positive=True), sp.Symbol("weight", positive=True)
    at = {w: sp.Rational(1, 2), mu: sp.Rational(4, 3), sigma: sp.Rational(5, 4), d: 1000}
    square, var = 1000 * sp.Rational(16, 9), sp.Rational(25, 16)
    for name, wanted in (("spectral", (2 * var - 1) / (2 * square)), ("noise_balance", var / square), ("balance", 0), ("bimodal", 0)):
        assert abs(sp.N(proof[f"{name}_after_snr"].subs(at) - wanted, 25)) < 1e-22, name
    curvature = sp.log(2) / 2 + (var - 1) / (2 * square) + (var - 1) ** 2 / (8 * square**2)
    assert abs(sp.N(proof["curvature_after_snr"].subs(at) - curvature, 25)) < 1e-22
    for name in ("spectral", "noise_balance", "snr", "balance", "bimodal", "curvature", "cloning"):
        assert proof.step(f"{name}_time_large_d").kind == proof.step(f"{name}_time_next_order").kind == "limit"


def test_next_orders_under_a_root() -> None:
    big = sp.Symbol("b", positive=True)
    found = next_order(sp.log(d + sp.sqrt(d**2 + big)) / 2, d, 2)
    assert sp.simplify(found - sp.log(2) / 2 - sp.log(d) / 2 - big / (8 * d**2)) == 0


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("gaussian-mixture", "landau"),
        ("gaussian-mixture", "landau_sextic"),
        ("gaussian-mixture", "noise_balance_time_next_order"),
        ("product-bernoulli", "landau_any_law"),
        ("product-laplace", "landau"),
        ("curie-weiss", "sum_moment_6"),
        ("curie-weiss", "cumulant_6"),
        ("curie-weiss", "three_spins_landau"),
    ],
)
def test_a_mistake_of_a_thousandth_is_found(model: str, name: str) -> None:
    proof = derive(model, "speciation")
    broken = replace(proof, steps=(replace(proof.step(name), right=proof[name] * sp.Rational(1001, 1000)),))
    assert [s.name for s in broken.verify().failures] == [name]
