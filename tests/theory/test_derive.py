"""Every shipped derivation: verified, honest about its sources, and equal to independent statements."""

from __future__ import annotations

import json
from functools import cache

import pytest
import sympy as sp

from regimes.theory.conventions import alpha, d, gamma, lam
from regimes.theory.derivations import Derivation
from regimes.theory.derivations.step import Identity, Limit
from regimes.theory.derive import KINDS, derive
from regimes.theory.errors import DerivationError
from regimes.theory.model import all_models

DERIVED = {
    "collapse": {"clusters", "mixture", "spectrum", "product", "curie-weiss", "ising-chain", "random-energy"},
    "speciation": {"clusters", "spectrum", "ising-chains", "zero-mean-mixture", "curie-weiss", "mixture", "product"},
}
# A check of these takes from ten seconds to half a minute; others of the same families are cheap.
DEAR = {(f"product-{prior}", "collapse") for prior in ("uniform", "laplace", "logistic", "gauss-bernoulli", "ternary")}
DEAR |= {("curie-weiss", "collapse"), ("spectrum-marchenko-pastur", "collapse")}
EVERY = [(name, kind) for name, model in all_models().items() for kind in KINDS if model.family in DERIVED[kind]]
CASES = [pytest.param(*case, marks=[pytest.mark.slow] * (case in DEAR)) for case in EVERY]


@cache
def verified(name: str, kind: str) -> Derivation:
    return derive(name, kind).verify()


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_every_step_holds(name: str, kind: str) -> None:
    proof = verified(name, kind)
    assert proof.verified, [s.outcome for s in proof.failures]
    for step in proof:
        if step.kind == "identity":
            assert step.outcome and isinstance(step.details, Identity)
            assert step.outcome.error <= 10.0**-step.details.digits, step.name


@pytest.mark.parametrize(("name", "kind"), [(n, k) for n, m in all_models().items() for k in KINDS if m.family not in DERIVED[k]])
def test_what_is_not_derived_is_refused_with_the_reason(name: str, kind: str) -> None:
    with pytest.raises(DerivationError, match=name):
        derive(name, kind)


@pytest.mark.parametrize("name", [name for name, model in all_models().items() if model.class_count > 1 or model.family == "curie-weiss"])
def test_every_model_with_classes_has_its_time_derived_and_the_step_to_large_dimensions(name: str) -> None:
    steps = [step for step in derive(name, "speciation") if "_time" in step.name]
    assert any(step.name.endswith("snr_time") for step in steps)
    assert any(isinstance(step.details, Limit) and "snr_time" in step.name and step.details.variable == d for step in steps)


@pytest.mark.parametrize(("name", "kind"), EVERY)
def test_every_definition_and_conjecture_names_its_source(name: str, kind: str) -> None:
    for step in derive(name, kind):
        if step.kind in ("definition", "conjecture"):
            assert step.reference, step.name


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


def test_every_style_renders_every_step() -> None:
    proof = verified("gaussian-mixture", "speciation")
    for style in ("text", "latex", "html", "markdown"):
        text = proof.render(style)
        assert text.count("cloning") >= 3
    steps = json.loads(proof.render("json"))["steps"]
    assert [s["name"] for s in steps] == [s.name for s in proof]
    assert all(s["check"]["ok"] for s in steps)
