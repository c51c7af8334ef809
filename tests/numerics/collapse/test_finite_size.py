"""Exact finite-size integrals against brute force, independent formulas, limits and monotonicity."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, ndtr
from scipy.stats import chi2, ncx2

from regimes.numerics.laws.clusters.decoding import decoding_probability
from regimes.theory.errors import DomainError
from regimes.theory.laws import GaussianClusters
from tests.numerics import exact, windowed

ONE = GaussianClusters((1.0,), ((),), 1.0)
BALANCED = GaussianClusters((0.5, 0.5), ((1.0,), (-1.0,)), 1.0)
SKEWED = GaussianClusters((0.2, 0.8), ((0.7,), (-0.7,)), 0.5)
LAWS = pytest.mark.parametrize("law", [ONE, BALANCED, SKEWED], ids=["one", "balanced", "skewed"])


def all_three(law: GaussianClusters, t: float, n: int, d: int) -> tuple[Any, Any, Any]:
    return (
        exact.excess_entropy(law, t, n, d),
        exact.collapse_probability(law, t, n, d),
        decoding_probability(law, t, n, d, tol=1e-4),
    )


def simulate(law: GaussianClusters, t: float, n: int, d: int, draws: int, seed: int) -> Iterator[Any]:
    """Mean and standard error of the three observables, from the definitions."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(len(law.weights), size=(draws, n), p=law.weights)
    data = law.sd * rng.standard_normal((draws, n, d))
    if law.rank:
        data[:, :, 0] += math.sqrt(d) * np.array([c[0] for c in law.centres])[labels]
    noise_var = -math.expm1(-2 * t)
    x = math.exp(-t) * data[:, 0] + math.sqrt(noise_var) * rng.standard_normal((draws, d))
    energy = ((x[:, None] - math.exp(-t) * data) ** 2).sum(axis=-1) / (2 * noise_var)
    log_sum = np.log(np.exp(energy[:, :1] - energy).sum(axis=1))
    for sample in (log_sum / d, np.exp(-log_sum), (energy.argmin(axis=1) == 0).astype(float)):
        yield sample.mean(), sample.std() / math.sqrt(draws)


@pytest.mark.slow
@LAWS
@pytest.mark.parametrize(("n", "d", "t"), [(2, 1, 0.3), (5, 2, 0.05), (20, 4, 0.3), (50, 8, 0.5)])
def test_exact_values_are_the_means_of_brute_force_samples(law: GaussianClusters, n: int, d: int, t: float) -> None:
    """36 comparisons at 4.5 standard errors: false failure 2.5e-4 for the whole family; detects shifts of 2 to 4 %."""
    for (value, _), (mean, sigma) in zip(all_three(law, t, n, d), simulate(law, t, n, d, 20_000, 7), strict=True):
        assert abs(mean - value) < 4.5 * sigma
        assert sigma < 0.01 * value + 0.003


def pair_average(law: Any, t: float, d: float, function: Callable[..., Any]) -> Any:
    """E function(S) over the distance S of two data in units of sqrt(Delta_t) e^t: noncentral chi-square, n = 2 only."""
    q = law.sd**2 / math.expm1(2 * t)
    x, weights = np.polynomial.legendre.leggauss(240)
    total = 0.0
    for w, a in zip(law.weights, law.centres, strict=True):
        for v, b in zip(law.weights, law.centres, strict=True):
            root = math.sqrt(d * sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) / 2) / law.sd
            low, high = max(root - 9, 0.0), math.sqrt(root * root + d) + 9
            s = low + (high - low) * (1 + x) / 2
            density = (ncx2.pdf(s * s, d, root * root) if root else chi2.pdf(s * s, d)) * 2 * s
            total += w * v * float((function(s * math.sqrt(2 * q)) * density) @ weights) * (high - low) / 2
    return total


def normal_average(function: Callable[..., Any]) -> Any:
    z = np.arange(-120, 121) * 0.075
    weights = np.exp(-0.5 * z * z) * 0.075 / math.sqrt(2 * math.pi)
    return lambda s: function(s[:, None], z) @ weights


@pytest.mark.slow
@LAWS
@pytest.mark.parametrize(("d", "t"), [(1, 0.1), (3, 0.02), (3, 1.0), (40, 0.7), (40, 5.0)])
def test_two_data_give_the_average_over_their_distance(law: GaussianClusters, d: int, t: float) -> None:
    """E_1 - E_2 = -S^2/2 + S z with S the distance: another formula, with no inversion in it."""
    excess, collapse, decoding = all_three(law, t, 2, d)
    assert excess[0] * d == pytest.approx(
        pair_average(law, t, d, normal_average(lambda s, z: np.logaddexp(0, s * z - s * s / 2))), rel=2e-9, abs=1e-12
    )
    assert collapse[0] == pytest.approx(pair_average(law, t, d, normal_average(lambda s, z: expit(s * s / 2 - s * z))), rel=1e-9)
    assert abs(decoding[0] - pair_average(law, t, d, lambda s: ndtr(s / 2))) < decoding[1] < 1e-4


def slow_twin(d: float, n: float, q: float) -> Any:
    """d f^e and phi_C of one cluster by nested quadrature with noncentral chi-square densities, as in the textbook formula

    E log Z = int ds/s [e^{-s} - E e^{-sZ}]: no tilt, no contour; the planted level from its own conditional density.
    """
    x, w = np.polynomial.legendre.leggauss(300)
    v = np.arange(-60.0, 60.0, 0.1)  # v = log s
    excess = agreement = 0.0
    top = math.sqrt(d) + 8.0
    for r, weight in zip(top * (1 + x[::3]) / 2, w[::3], strict=True):  # not a Gauss rule: normalised below
        mass = weight * r ** (d - 1) * math.exp(-r * r / 2)
        levels = []
        for scale, root in ((q, r * math.sqrt((1 + q) / q)), (q / (1 + q), r / math.sqrt(q))):
            low, high = max(root - 9, 0.0), root + math.sqrt(d) + 9
            s = low + (high - low) * (1 + x) / 2
            density = ncx2.pdf(s * s, d, root * root) * 2 * s * w * (high - low) / 2
            smeared = np.exp(-np.exp(np.minimum(v[:, None] - scale * s * s / 2, 100.0)))
            levels.append((density, smeared, scale * s * s / 2))
        chi = levels[0][1] @ levels[0][0]
        density, smeared, energy = levels[1]
        excess += mass * (
            0.1 * np.sum(np.exp(-np.exp(np.minimum(v, 100.0))) - (smeared @ density) * np.maximum(chi, 0) ** (n - 1)) + density @ energy
        )
        rate = np.exp(np.minimum(v[:, None] - energy, 100.0)) * smeared
        agreement += mass * 0.1 * np.sum((rate @ density) * np.maximum(chi, 0) ** (n - 1))
    norm = sum(weight * r ** (d - 1) * math.exp(-r * r / 2) for r, weight in zip(top * (1 + x[::3]) / 2, w[::3], strict=True))
    return excess / norm, agreement / norm


@pytest.mark.parametrize(("d", "n", "t"), [(2, 5, 0.3), (3, 1500, 0.4), (8, 20_000, 0.3)])
def test_one_cluster_agrees_with_the_textbook_formula(d: int, n: int, t: float) -> None:
    excess, agreement = slow_twin(d, n, 1 / math.expm1(2 * t))
    assert exact.excess_entropy(ONE, t, n, d)[0] * d == pytest.approx(excess, rel=1e-8)
    assert exact.collapse_probability(ONE, t, n, d)[0] == pytest.approx(agreement, rel=1e-8)


@pytest.mark.parametrize("law", [ONE, BALANCED], ids=["one", "balanced"])
@pytest.mark.parametrize(("n", "d"), [(2, 1), (1e9, 64), (500, 16)])
def test_late_times_forget_the_data_and_early_times_single_one_out(law: GaussianClusters, n: float, d: int) -> None:
    late, early = 40.0, 1e-9
    assert exact.excess_entropy(law, late, n, d)[0] == pytest.approx(math.log(n) / d, rel=1e-12)
    assert exact.collapse_probability(law, late, n, d)[0] == pytest.approx(1 / n, rel=1e-9)
    assert decoding_probability(ONE, late, n, d, tol=1e-2)[0] == pytest.approx(1 / n, rel=1e-2)
    if d > 1:
        assert exact.excess_entropy(law, early, n, d)[0] < 1e-8
        assert exact.collapse_probability(law, early, n, d)[0] == pytest.approx(1, abs=1e-8)


def test_the_window_is_approached_as_the_dimension_grows() -> None:
    """At fixed alpha and a time after the collapse the relative gap falls at least like d^(-1/2): measured 0.15, 0.05, 0.005."""
    alpha, t = 0.08, 1.1
    gaps = []
    for d in (32, 128, 512):
        n = math.exp(alpha * d)
        right = exact.excess_entropy(ONE, t, n, d)[0]
        gaps.append(abs(windowed.excess_entropy(ONE, t, n, d)[0] / right - 1))
    assert gaps[2] < gaps[1] / 2 < gaps[0] / 4 < 0.05


def test_class_entropy_is_kept_by_exact_and_window_alike() -> None:
    """Distinct classes: with half as many levels in each, f^e falls by log(2)/d."""
    t, n, d = 2.12, 20_000, 256
    drop = exact.excess_entropy(ONE, t, n, d)[0] - exact.excess_entropy(BALANCED, t, n, d, tol=1e-6)[0]
    drop_window = windowed.excess_entropy(ONE, t, n, d)[0] - windowed.excess_entropy(BALANCED, t, n, d)[0]
    assert drop * d == pytest.approx(drop_window * d, abs=0.02)
    assert 0.5 < drop * d / math.log(2) < 1.05


def test_two_clusters_at_the_same_place_are_one() -> None:
    same = GaussianClusters((0.3, 0.7), ((0.0,), (0.0,)), 0.8)
    one = GaussianClusters((1.0,), ((),), 0.8)
    for function, rel in (
        (exact.excess_entropy, 1e-9),
        (exact.collapse_probability, 1e-9),
        (decoding_probability, 1e-4),
    ):
        assert function(same, 0.4, 300, 12, tol=rel)[0] == pytest.approx(float(function(one, 0.4, 300, 12, tol=rel)[0]), rel=rel)


def test_three_clusters_on_a_line_are_accepted_and_obey_the_bounds() -> None:
    law = GaussianClusters((0.2, 0.3, 0.5), ((-1.0,), (0.2,), (1.4,)), 0.6)
    (mean_f, sigma_f), (mean_c, sigma_c), _ = simulate(law, 0.3, 10, 3, 20_000, 3)
    assert abs(exact.excess_entropy(law, 0.3, 10, 3, tol=1e-6)[0] - mean_f) < 4.5 * sigma_f
    assert abs(exact.collapse_probability(law, 0.3, 10, 3, tol=1e-6)[0] - mean_c) < 4.5 * sigma_c


@settings(max_examples=25, deadline=None, derandomize=True)
@given(log_t=st.floats(-6, 1.5), log_n=st.floats(math.log(2), 20), d=st.integers(1, 600), log_sd=st.floats(-7, 7))
def test_bounds_and_monotonicity(log_t: float, log_n: float, d: int, log_sd: float) -> None:
    """0 <= f^e <= log(n)/d, 1/n <= phi_C <= 1; later times and more data raise f^e and lower phi_C."""
    law, t = GaussianClusters((1.0,), ((),), math.exp(log_sd)), math.exp(log_t)
    n: Any = math.exp(log_n)
    times = np.array([t, 1.3 * t])
    excess, collapse = exact.excess_entropy(law, times, n, d), exact.collapse_probability(law, times, n, d)
    slack_e, slack_c = excess[1].sum() + 1e-12 * log_n / d, collapse[1].sum() + 1e-12
    assert (excess[0] >= 0).all()
    assert (excess[0] <= log_n / d + slack_e).all()
    assert (collapse[0] >= 1 / n - slack_c).all()
    assert (collapse[0] <= 1 + slack_c).all()
    assert excess[0][1] >= excess[0][0] - slack_e
    assert collapse[0][1] <= collapse[0][0] + slack_c
    assert exact.excess_entropy(law, t, 2 * n, d)[0] >= excess[0][0] - slack_e
    assert exact.collapse_probability(law, t, 2 * n, d)[0] <= collapse[0][0] + slack_c


@LAWS
@pytest.mark.parametrize(("t", "n", "d"), [(0.3, 7, 2), (1.3, 20_000, 64)])
def test_the_error_covers_the_distance_to_a_finer_grid(law: GaussianClusters, t: float, n: int, d: int) -> None:
    for function in (exact.excess_entropy, exact.collapse_probability):
        value, error = function(law, t, n, d, tol=1)
        best, best_error = function(law, t, n, d, tol=1e-9)
        assert abs(value - best) <= error + best_error
        assert error > 0


def test_arguments_outside_their_domains_are_named() -> None:
    plane = GaussianClusters((0.5, 0.5), ((1.0, 0.0), (0.0, 1.0)), 1.0)
    with pytest.raises(DomainError, match="one line"):
        exact.excess_entropy(plane, 1.0, 10, 4)
    for t, n, d, name in ((0.0, 10, 4, "t="), (math.nan, 10, 4, "t="), (1.0, 1.5, 4, "n="), (1.0, math.inf, 4, "n="), (1.0, 10, 0, "d=")):
        with pytest.raises(DomainError, match=name):
            exact.collapse_probability(ONE, t, n, d)


def test_shapes_follow_the_times() -> None:
    t = np.array([[0.1, 0.5, 1.0], [2.0, 3.0, 4.0]])
    value, error = exact.excess_entropy(ONE, t, 50, 3)
    assert value.shape == error.shape == t.shape
    assert value[1, 2] == exact.excess_entropy(ONE, 4.0, 50, 3)[0]
