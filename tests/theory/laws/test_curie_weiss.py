"""Curie-Weiss spins above beta = 1: every step of the derivation, its reference values, exhaustive sums, planted mistakes."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from scipy.special import ndtri

from regimes.numerics.quantities.kernels import build
from regimes.numerics.quantity import Formula, Quantity
from regimes.theory.conventions import d, q
from regimes.theory.derivations import Derivation
from regimes.theory.derive import derive
from regimes.theory.errors import DerivationError
from regimes.theory.laws import CurieWeiss
from regimes.theory.laws.curie_weiss.classes import bias, place, strength, two_states
from regimes.theory.laws.curie_weiss.times import m_state
from regimes.theory.model import get_model
from regimes.theory.params import TILT, TIME
from regimes.theory.speciation.symbols import kappa
from regimes.theory.symbolic.evaluate import value

BETA = sp.Symbol("beta", nonnegative=True)


@pytest.fixture(scope="module")
def proof() -> Derivation:
    return derive("curie-weiss", "speciation")


def test_the_magnetisation_and_the_universal_curve_have_their_reference_values(proof: Derivation) -> None:
    """Issue of general classes: beta = 1.5, m* = 0.8585596366; two states of equal weight at kappa = 1: 0.7752002454."""
    assert mp.almosteq(value(proof["m_star"], {BETA: mp.mpf("1.5")}), mp.mpf("0.8585596366"), 1e-9)
    w = next(s for s in proof["cloning_curve"].free_symbols if s.name == "w")
    assert abs(value(proof["cloning_curve"], {kappa: mp.mpf(1), w: mp.mpf("0.5")}) - mp.mpf("0.7752002454")) < 1e-10


def test_the_largest_eigenvalue_is_that_of_a_sum_over_all_states(proof: Derivation) -> None:
    beta, n = mp.mpf("1.3"), 8
    weights = [(sum(s), mp.exp(beta * sum(s) ** 2 / (2 * n))) for s in itertools.product((1, -1), repeat=n)]
    exact = sum(w * s**2 for s, w in weights) / sum(w for _, w in weights) / n
    assert mp.almosteq(value(proof["largest_eigenvalue"], {BETA: beta, d: mp.mpf(n)}), exact, 1e-10)


def test_the_weights_of_the_states_are_those_of_a_sum_over_magnetisations(proof: Any) -> None:
    """At d = 4001 the law of the magnetisation gives the log of the quotient to order 1/d."""
    beta, eta, n = mp.mpf("1.5"), mp.mpf("0.4"), 4001
    sums = [(s, mp.binomial(n, (n + s) // 2) * mp.exp(beta * mp.mpf(s) ** 2 / (2 * n) + eta * s / n)) for s in range(-n, n + 1, 2)]
    exact = mp.log(sum(w for s, w in sums if s > 0) / sum(w for s, w in sums if s < 0))
    at = {m_state: value(proof["m_star"], {BETA: beta}), bias: eta}
    assert abs(value(proof["log_weights"], at) - exact) < 1e-3


def test_the_overlap_splits_where_the_curvature_definition_says(proof: Any) -> None:
    """One well splits in two at 2 kappa = 1, the times of definitions curvature and snr differ by log(2)/2 at large d."""
    at = {m_state: mp.mpf("0.8"), strength: 1 / (2 * mp.mpf("0.8") ** 2)}
    assert abs(value(proof["potential_curvature"], at)) < 1e-14
    assert sp.simplify(proof["curvature_time_large_d"] - proof["snr_time_large_d"] - sp.log(2) / 2) == 0
    force = proof["overlap_drift"].subs({bias: 0, q: 0})
    assert force == 0


@pytest.mark.parametrize("name", ["evidence", "positive_state", "log_odds", "mean_spin", "sum_mean", "bend", "snr_time_large_d"])
def test_a_mistake_of_a_thousandth_is_found(proof: Derivation, name: str) -> None:
    step = proof.step(name)
    broken = replace(proof, steps=(replace(step, right=step.right * sp.Rational(1001, 1000)),))
    assert [s.name for s in broken.verify().failures] == [name]


def test_two_peaks_of_unequal_height_are_refused(proof: Any) -> None:
    from regimes.theory.laws.curie_weiss.states import state_root, u

    law = CurieWeiss(BETA, 0)
    with pytest.raises(DerivationError, match="equal height"):
        two_states(place, d, height=d * (-BETA * u**2 / 2 + u), root=state_root(law))


def kernel(model: Any, step: Any, *params: Any, target: Any = "numpy") -> Any:
    what = Quantity("value", "", "", "", params, {"definition": Formula("collapse", lambda proof: proof[step])})
    return build(get_model(model), what, "definition", target)


@pytest.mark.parametrize(
    ("beta", "h", "expected"),
    [(0.5, 0.0, 0.0), (1.0, 0.0, 0.0), (1.5, 0.0, 0.8585596366401103), (1.5, -0.2, None), (0.7, 0.3, None)],
)
def test_magnetisation_below_at_and_above_the_critical_point(beta: float, h: float, expected: float | None) -> None:
    run = kernel("curie-weiss", "magnetisation", target="mpmath").load()
    with mp.workdps(20):
        m = run(beta, h)
        assert abs(m - mp.tanh(beta * m + h)) < mp.mpf(10) ** -18 and (m * h > 0 or h == 0)
        assert expected is None or abs(m - expected) < 1e-15


def test_levels_of_coupled_spins_answer_to_the_tilt() -> None:
    """Against the exact integral over the mean field of 2000 spins, x at the quantiles of its law."""
    beta, tilt, g, count = 1.5, 2.0, 1.0, 2000
    m = 0.8585596366401103
    z = ndtri((np.arange(2000) + 0.5) / 2000)
    z /= np.sqrt((z**2).mean())
    sites = np.concatenate([z + 1, z - 1])
    weight = np.repeat([(1 + m) / 2, (1 - m) / 2], z.size) / z.size
    field = np.linspace(-1.3, 1.3, 1001)

    def log_cosh(w: Any) -> Any:
        return np.logaddexp(w, -w) - np.log(2)

    def log_integral(exponent: Any) -> Any:
        top = exponent.max()
        return (top + np.log(np.exp(exponent - top).sum())) / count

    coupled = count * (-beta * field**2 / 2 + np.array([weight @ log_cosh(beta * f + tilt * sites) for f in field]))
    free = count * (-beta * field**2 / 2 + log_cosh(beta * field))
    exact = log_integral(coupled) - log_integral(free) - tilt * 1.5
    k = kernel("curie-weiss", "energy_cumulant", TIME, TILT)
    given = {"beta": beta, "h": 0.0, "t": np.log(2) / 2, "lam": tilt}
    derived = k.load()(*(given[n] for n in k.args))
    independent = weight @ np.log((1 + m) / 2 * np.exp(-tilt * (sites - 1) ** 2 / 2) + (1 - m) / 2 * np.exp(-tilt * (sites + 1) ** 2 / 2))
    assert abs(derived - exact) < 1e-3 < abs(independent - exact)
    assert np.isclose(g, 1 / np.expm1(2 * given["t"]))


def test_dispersion_of_coupled_spins_without_noise_is_the_variance_of_log_probability() -> None:
    beta, h, count = 1.3, 0.1, 4000
    up = np.arange(count + 1)
    total = 2.0 * up - count
    log_count = np.array([float(mp.log(mp.binomial(count, int(k)))) for k in up])
    weight = log_count + beta * total**2 / (2 * count) + h * total
    p = np.exp(weight - weight.max())
    p /= p.sum()
    log_p = beta * total**2 / (2 * count) + h * total
    exact = (p @ log_p**2 - (p @ log_p) ** 2) / count
    k = kernel("curie-weiss", "dispersion", TIME)
    given = {"beta": beta, "h": h, "t": 0.005}
    assert abs(k.load()(*(given[n] for n in k.args)) / exact - 1) < 0.02


def test_the_cumulants_of_two_states_are_those_of_two_clusters() -> None:
    proof = derive("curie-weiss", "speciation")
    assert sp.simplify(proof["cumulant_4"] + 2 * m_state**4) == 0
    assert sp.simplify(proof["cumulant_6"] - 16 * m_state**6) == 0
