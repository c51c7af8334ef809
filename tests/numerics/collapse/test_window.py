"""The window approximation: its averages to full accuracy, its moments from samples."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from regimes.numerics.collapse import window
from regimes.numerics.laws import density_of
from regimes.theory.errors import DomainError
from regimes.theory.laws import Atom, CurieWeiss, GaussianClusters, GaussianSpectrum, Product, RandomEnergies
from tests.numerics import windowed

WIDTHS = [1e-9, 0.999, 1.0, 8.0, 40.0, 1e9]
CENTRES = [-2000.0, -300.0, -37.0, -0.3, 1.0, 900.0]


def slow(function: Callable[..., Any], a: float, b: float) -> float:
    """E function(a + b z) with 20 digits: the integral over z split at the kink and around every possible peak."""
    with mp.workdps(20):
        a, b = mp.mpf(a), mp.mpf(b)
        peaks = [mp.mpf(0), b, -a / b] if abs(a / b) < 45 else [mp.mpf(0), b if b < 45 else mp.mpf(0)]
        near = [-12, -6, -2, -1, -0.3, 0, 0.3, 1, 2, 6, 12]
        points = sorted(
            {p + k for p in peaks for k in near} | {p + k / b for p in peaks for k in near if b > 1} | {mp.mpf(-60), mp.mpf(60)}
        )
        largest = max(function(a + b * p) * mp.exp(-p * p / 2) for p in points)  # mp.quad stops at an absolute error
        return float(mp.quad(lambda z: function(a + b * z) * mp.exp(-z * z / 2) / largest, points) * largest / mp.sqrt(2 * mp.pi))


def softplus(u: Any) -> Any:
    return mp.log1p(mp.exp(u)) if u < 60 else u + mp.exp(-u)


def logistic(u: Any) -> Any:
    return 1 / (1 + mp.exp(-u))


@pytest.mark.parametrize("b", WIDTHS)
@pytest.mark.parametrize(("fast", "function"), [(window.softplus_average, softplus), (window.logistic_average, logistic)])
def test_averages_hold_their_relative_accuracy(b: float, fast: Callable[..., Any], function: Callable[..., Any]) -> None:
    values = fast(np.array(CENTRES), b)
    for a, value in zip(CENTRES, values, strict=True):
        exact = slow(function, a, b)
        assert value == pytest.approx(exact, rel=2e-12, abs=1e-300)


def test_moments_of_the_information_density_are_those_of_samples() -> None:
    """Standard errors below 0.3 % of the values; 5 sigma: false failure 1e-6, detects 1.5 %."""
    rng, q = np.random.default_rng(11), 0.7
    xi, z = rng.standard_normal((2, 1_000_000))
    x = math.sqrt(q) * xi + z
    density = 0.5 * math.log1p(q) + 0.5 * (x * x / (1 + q) - z * z)
    mean, variance = window.gaussian_information(q)
    squared = (density - density.mean()) ** 2
    assert abs(density.mean() - mean) < 5 * math.sqrt(variance / 1e6)
    assert abs(squared.mean() - variance) < 5 * squared.std() / 1e3


def test_class_part_is_the_class_entropy_when_distinct_and_nothing_when_not() -> None:
    t, n, d = 1.0, 1e6, 400
    one = GaussianClusters((1.0,), ((),), 1.0)
    far, near = (GaussianClusters((0.5, 0.5), ((mu,), (-mu,)), 1.0) for mu in (3.0, 1e-9))
    for law, levels in ((far, n / 2), (near, n)):
        for function in (windowed.excess_entropy, windowed.collapse_probability):
            assert function(law, t, n, d)[0] == pytest.approx(float(function(one, t, levels + 1 - levels / n, d)[0]), rel=1e-11)


def test_limits_and_bounds() -> None:
    law = GaussianClusters((0.3, 0.7), ((1.0,), (-1.0,)), 1.0)
    t = np.geomspace(1e-9, 40, 60)
    excess, error = windowed.excess_entropy(law, t, 1e9, 4096)
    collapse, collapse_error = windowed.collapse_probability(law, t, 1e9, 4096)
    assert (np.diff(excess) >= -error[1:]).all()
    assert (np.diff(collapse) <= collapse_error[1:]).all()
    assert excess[0] == 0
    assert excess[-1] * 4096 == pytest.approx(math.log(1e9), rel=1e-12)
    assert collapse[0] == 1
    assert collapse[-1] == pytest.approx(1e-9, rel=1e-12)
    assert (error <= 1e-11 * excess).all()


def test_arguments_outside_their_domains_are_named() -> None:
    law = GaussianClusters((1.0,), ((),), 1.0)
    with pytest.raises(DomainError, match="n="):
        windowed.excess_entropy(law, 1.0, 1, 4)
    with pytest.raises(DomainError, match="t="):
        windowed.excess_entropy(law, -1.0, 10, 4)
    with pytest.raises(DomainError, match="no channel"):
        windowed.excess_entropy(RandomEnergies(1.0, 1.0), 1.0, 10, 4)


def test_laws_that_are_the_same_have_the_same_window() -> None:
    """A spectrum of equal eigenvalues is one cluster; spins without coupling are a product, biased by their field."""
    one = GaussianClusters((1.0,), ((),), 1.5)
    spectrum = GaussianSpectrum((Atom(0.3, 2.25), Atom(0.7, 2.25)))
    spins, field = Product((Atom(0.5, 1.0), Atom(0.5, -1.0))), 0.4
    up = 1 / (1 + math.exp(-2 * field))
    for a, b in ((one, spectrum), (spins, CurieWeiss(0.0, 0.0)), (Product((Atom(up, 1.0), Atom(1 - up, -1.0))), CurieWeiss(0.0, field))):
        for function in (windowed.excess_entropy, windowed.collapse_probability):
            assert function(a, [0.3, 1.0], 1e4, 64)[0] == pytest.approx(function(b, [0.3, 1.0], 1e4, 64)[0], rel=1e-11)


def test_moments_of_a_product_are_those_of_samples() -> None:
    """Standard errors below 0.3 % of the values; 5 sigma: false failure 1e-6, detects 1.5 %."""
    rng, t = np.random.default_rng(3), 0.5
    root, values = 1 / math.sqrt(math.expm1(2 * t)), np.array([1.5, -0.6])
    z, datum = rng.standard_normal(1_000_000), values[(rng.random(1_000_000) < 0.7).astype(int)]
    gap = root * (datum[:, None] - values)
    density = -np.log(np.exp(-0.5 * gap**2 - gap * z[:, None]) @ np.array([0.3, 0.7]))
    mean, variance = (pair.value[0] for pair in density_of(Product((Atom(0.3, 1.5), Atom(0.7, -0.6))))(t)[:2])
    assert abs(density.mean() - mean) < 5 * math.sqrt(variance / 1e6)
    assert abs(((density - density.mean()) ** 2).mean() - variance) < 5 * ((density - density.mean()) ** 2).std() / 1e3


def test_two_distinct_states_share_the_levels() -> None:
    """At early times half of the levels count, at late times all: the class part runs from log 2 to 0."""
    near, far = (density_of(CurieWeiss(1.4, 0.0))(t).class_part(512, 300) for t in (0.5, 12.0))
    assert near[1] @ near[0] == pytest.approx(math.log(2), rel=1e-9)
    assert abs(far[1] @ far[0]) < 1e-6
