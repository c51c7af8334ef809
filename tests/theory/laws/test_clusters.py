"""Gaussian clusters of one width: times, cumulants and definitions against independent statements."""

from __future__ import annotations

import sympy as sp

from regimes.theory.conventions import alpha, d, gamma, lam
from regimes.theory.derive import derive
from regimes.theory.laws.clusters.times import next_order
from regimes.theory.model import all_models
from regimes.theory.speciation.landau import theta


def test_collapse_time_of_a_gaussian_is_the_one_of_the_volume_argument() -> None:
    """With an independent statement: n^(2/d) = 1 + sigma^2 e^(-2t)/(1 - e^(-2t))."""
    sigma = sp.Symbol("sigma", positive=True)
    time = derive("gaussian", "collapse")["collapse_time"]
    left = sp.exp(2 * alpha)
    right = 1 + sigma**2 * sp.exp(-2 * time) / (1 - sp.exp(-2 * time))
    for a, sd in [(sp.Rational(1, 10), 1), (sp.Rational(3, 2), sp.Rational(1, 3))]:
        assert abs(sp.N((left / right).subs({alpha: a, sigma: sd}), 30) - 1) < sp.Float(10) ** -28


def test_energy_cumulant_vanishes_without_tilt_and_is_convex() -> None:
    g = derive("gaussian", "collapse")["energy_cumulant"]
    assert sp.simplify(g.subs(lam, 0)) == 0
    bend = sp.diff(g, lam, 2)
    for k in range(1, 6):
        assert bend.subs({lam: sp.Rational(k, 3), gamma: sp.Rational(k * k, 2), sp.Symbol("sigma", positive=True): 1}) > 0


def test_the_definitions_of_speciation_differ_as_published() -> None:
    """Theory of the table of definitions: two clusters, M = |m|^2, balanced."""
    proof = derive("gaussian-mixture", "speciation")
    mu, sigma, w = (p.symbol for p in all_models()["gaussian-mixture"].params)
    dim = next(s for s in proof["snr_time"].free_symbols if s.name == "d")
    big = dim * mu**2
    table = {
        "spectral": big + sigma**2,
        "noise_balance": 1 + big + sigma**2,
        "snr": big + 1 - sigma**2,
        "balance": big + 1 - sigma**2,
        "bimodal": big + 1 - sigma**2,
        "curvature": big + sp.sqrt(big**2 + (sigma**2 - 1) ** 2),
    }
    at = {dim: 37, mu: sp.Rational(4, 3), sigma: sp.Rational(5, 4), w: sp.Rational(1, 2)}
    for name, inside in table.items():
        assert abs(sp.N((proof[f"{name}_time"] - sp.log(inside) / 2).subs(at), 30)) < sp.Float(10) ** -28, name


def test_the_coefficients_of_two_clusters_are_their_cumulants() -> None:
    """Along the class direction M = d mu^2: fourth cumulant -2 M^2, sixth 16 M^3; leading coefficients -c_4/24 and -c_6/720."""
    proof = derive("gaussian-mixture", "speciation")
    mu, sigma = sp.symbols("mu sigma", positive=True)
    square = d * mu**2
    quadratic, quartic, sextic = (sp.expand(proof[f"landau_{name}"]) for name in ("quadratic", "quartic", "sextic"))
    assert sp.simplify(quadratic.coeff(theta, 2) + (square + sigma**2) / 2) == 0
    assert sp.simplify(quartic.coeff(theta, 4) - square**2 / 12) == 0
    assert sp.simplify(sextic + square**3 * theta**6 / 45) == 0


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
