"""Intervals hold at their stated error, for laws that are far from normal; p-values and intervals are one test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from regimes.validate.evidence.intervals import POWER, Averages, Bounded, Counts, Crossing, chebyshev, detectable, per_comparison


def misses(intervals: list[tuple[float, float]], truth: float) -> int:
    return sum(not low <= truth <= high for low, high in intervals)


def test_clopper_pearson_coverage_is_exact_by_enumeration() -> None:
    """Sum over all outcomes, no simulation: the interval misses the truth with probability <= error for every p."""
    from scipy.stats import binom

    for trials in (1, 7, 30):
        ends = [Counts(k, trials).interval(0.05) for k in range(trials + 1)]
        for p in np.linspace(0.001, 0.999, 97):
            missed = sum(binom.pmf(k, trials, p) for k, (low, high) in enumerate(ends) if not low <= p <= high)
            assert missed <= 0.05 + 1e-12


def test_clopper_pearson_meets_tabulated_values() -> None:
    """0 of 10 and 5 of 10 at 95 %: closed form 1 - 0.025^(1/10), and NIST/SEMATECH-style table value 0.1871 .. 0.8129."""
    low, high = Counts(0, 10).interval(0.05)
    assert low == 0.0 and high == pytest.approx(1 - 0.025**0.1, rel=1e-12)
    assert Counts(5, 10).interval(0.05) == pytest.approx((0.1871, 0.8129), abs=5e-5)


@pytest.mark.parametrize("law", ["rare", "beta", "two-valued"])
def test_betting_intervals_hold_for_laws_far_from_normal(law: str) -> None:
    """1000 samples of size 200 at error 0.05: more than 79 misses has probability < 1e-4 if the error holds."""
    rng = np.random.default_rng(7)
    draw, truth = {
        "rare": (lambda: (rng.random(200) < 0.01).astype(float), 0.01),
        "beta": (lambda: rng.beta(0.2, 2.0, 200), 0.2 / 2.2),
        "two-valued": (lambda: rng.choice([0.1, 0.9], 200), 0.5),
    }[law]
    assert misses([Bounded(draw()).interval(0.05) for _ in range(1000)], truth) <= 79


def test_betting_intervals_are_nearly_as_short_as_normal_ones() -> None:
    """For 8192 values at error 1e-5 the arm is below 1.2 times the normal quantile, 4.42 standard errors."""
    sample = Bounded(np.random.default_rng(1).beta(2, 5, 8192))
    low, high = sample.interval(1e-5)
    assert max(high - sample.mean, sample.mean - low) < 1.2 * 4.42 * sample.standard_error


def test_student_intervals_have_their_coverage_on_normal_averages() -> None:
    """2000 samples of 12: expected misses 100, standard deviation 9.7; outside 60 .. 140 with probability < 1e-4."""
    rng = np.random.default_rng(3)
    assert 60 <= misses([Averages(rng.normal(2.0, 3.0, 12)).interval(0.05) for _ in range(2000)], 2.0) <= 140


def test_a_crossing_is_found_with_the_stated_coverage() -> None:
    """Curves exp(-t) plus noise cross 0.6 at -log 0.6; 1000 repetitions, expected misses 50, sd 7: beyond 80 has p < 1e-4."""
    rng = np.random.default_rng(5)
    nodes = chebyshev(0.1, 1.0, 12)
    found = []
    for _ in range(1000):
        noise = 0.05 * rng.normal(size=(40, 1)) + 0.05 * rng.normal(size=(40, 1)) * nodes
        found.append(Crossing(nodes, np.exp(-nodes) + noise, 0.6).interval(0.05))
    assert 20 <= misses(found, -np.log(0.6)) <= 80


def test_a_crossing_without_noise_is_exact_to_interpolation() -> None:
    nodes = chebyshev(0.1, 1.0, 16)
    curves = np.exp(-nodes) + np.array([[1e-9], [-1e-9]])
    assert Crossing(nodes, curves, 0.6).mean == pytest.approx(-np.log(0.6), abs=1e-10)


@pytest.mark.parametrize(
    "evidence",
    [
        Counts(31, 200),
        Bounded(np.random.default_rng(0).beta(2, 5, 300) * 3 - 1, -1.0, 2.0),
        Averages(np.random.default_rng(0).normal(1, 2, 40)),
        Crossing(chebyshev(0.1, 1, 8), np.exp(-chebyshev(0.1, 1, 8)) + 0.02 * np.random.default_rng(0).normal(size=(60, 1)), 0.6),
    ],
)
def test_interval_ends_are_where_the_p_value_equals_the_error(evidence: Any) -> None:
    for error in (0.3, 1e-2, 1e-5):
        for end in evidence.interval(error):
            assert evidence.p_value(end, error) == pytest.approx(error, rel=1e-6)


def test_what_is_called_detectable_is_detected_with_the_stated_power() -> None:
    """1000 runs whose truth deviates by the detectable amount: expected 950 detections or more; below 922 has p < 1e-4."""
    rng = np.random.default_rng(11)
    planned = detectable(Averages(rng.normal(size=400)), 1e-3)
    found = sum(Averages(rng.normal(planned, 1.0, 400)).p_value(0.0) < 1e-3 for _ in range(1000))
    assert POWER == 0.95
    assert 922 <= found <= 985


def test_a_family_keeps_one_error_rate() -> None:
    """500 families of 20 true comparisons at family error 0.2: expected alarms <= 100, more than 134 has p < 1e-4."""
    rng = np.random.default_rng(2)
    level = per_comparison(0.2, 20)
    alarms = sum(any(Averages(rng.normal(size=30)).p_value(0.0) < level for _ in range(20)) for _ in range(500))
    assert 40 < alarms <= 134


@pytest.mark.parametrize(
    "build",
    [
        lambda: Counts(3, 2),
        lambda: Counts(0, 0),
        lambda: Bounded(np.array([0.5, 1.1])),
        lambda: Bounded(np.array([0.5, np.nan])),
        lambda: Averages(np.array([1.0, 1.0])),
        lambda: Averages(np.array([1.0, np.nan])),
        lambda: Crossing(chebyshev(0, 1, 4), np.ones((3, 4)), 0.5),
        lambda: per_comparison(0.0, 3),
    ],
)
def test_evidence_that_is_none_is_refused(build: Callable[..., Any]) -> None:
    with pytest.raises(ValueError):
        build()


def test_no_standard_error_is_zero() -> None:
    assert Counts(50, 50).standard_error > 0
    assert Bounded(np.zeros(10)).standard_error > 0
