"""Derived times against those of `predict`, which come from quadrature and bisection and share no formula with the derivations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import mpmath as mp
import pytest

from regimes.numerics.predict import predict
from regimes.theory.conventions import d
from regimes.theory.derive import derive
from regimes.theory.laws.curie_weiss.times import top, top_of_d
from regimes.theory.model import get_model
from regimes.theory.symbolic.evaluate import value

EXACT = [
    ("zero-mean-mixture", {"sigma_a": 1.4, "sigma_b": 0.6}, 600, ("snr", "balance", "spectral", "noise-balance")),
    ("zero-mean-mixture", {"sigma_a": 0.6, "sigma_b": 1.4}, 600, ("snr", "balance")),
    ("mixture-unlike", {"sigma_a": 1.4, "sigma_b": 0.6, "mu": 0.7, "weight": 0.3}, 200, ("snr", "balance", "spectral", "noise-balance")),
    ("mixture-rare", {"sigma_a": 1.4, "sigma_b": 0.6, "mu": 0.7, "cost": 0.02}, 200, ("snr", "balance")),
    ("curie-weiss", {"beta": 1.5, "h": 0.0}, 400, ("spectral", "noise-balance", "bimodal", "curvature")),
]


def derived(name: str, parameters: dict[str, Any], dimension: float, step: str) -> float:
    proof = derive(name, "speciation")
    point = {p.symbol: mp.mpf(parameters.get(p.name, p.default)) for p in get_model(name).params} | {d: mp.mpf(dimension)}
    expr = proof[step].subs(top, top_of_d)
    return float(value(expr, proof.insert(point, replace(proof.step(step), left=expr, right=expr, value=expr))))


@pytest.mark.parametrize(("name", "parameters", "dimension", "definition"), [(n, p, k, each) for n, p, k, names in EXACT for each in names])
def test_exact_times_agree_to_twelve_digits(name: str, parameters: dict[str, Any], dimension: int, definition: str) -> None:
    found = predict(name, "speciation-time", definition=definition, d=dimension, **parameters)
    assert derived(name, parameters, dimension, f"{definition.replace('-', '_')}_time") == pytest.approx(float(found.value), rel=1e-11)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "parameters", "power", "first"),
    [("curie-weiss", {"beta": 1.5, "h": 0.0}, 1, 500), ("ising-chains", {"beta_a": 1.0, "beta_b": 0.5}, 0.5, 500)],
)
def test_times_at_large_dimension_are_approached_at_their_rate(name: str, parameters: dict[str, Any], power: float, first: float) -> None:
    """The gap to the exact time falls like d^-1 (states), d^-1/2 (chains): four times the dimension divides it by 4^power, to 15 %."""
    gaps = []
    for dimension in (first, 4 * first):
        exact = predict(name, "speciation-time", definition="snr", d=dimension, **parameters)
        gaps.append(derived(name, parameters, dimension, "snr_time") - float(exact.value))
    assert gaps[0] / gaps[1] == pytest.approx(4**power, rel=0.15)
