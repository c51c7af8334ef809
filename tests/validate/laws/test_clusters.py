"""Gaussian clusters of one width: data, and scores against definitions evaluated with more digits."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from regimes.theory.errors import DomainError
from regimes.theory.laws import (
    GaussianClusters,
)
from regimes.validate.laws import draw
from regimes.validate.laws.clusters import ClustersCentre
from regimes.validate.simulation.channel import cluster_var, frame, noised

SIGMAS = 5.5
THREE = GaussianClusters((0.5, 0.3, 0.2), ((1.0, 0.0), (-1.0, 0.5), (0.0, -2.0)), 0.7)
TIMES = [1e-9, 1e-6, 1e-3, 0.02, 0.3, 1.0, 4.0, 40.0]
TWO = GaussianClusters((0.3, 0.7), ((0.8,), (-1.1,)), 0.6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_clusters_have_their_weights_means_and_width(dtype: type[np.float32] | type[np.float64], seed: int) -> None:
    """40 000 data: detects 3 % in a weight, 0.04 in a coordinate of a mean, 3 % in the width."""
    n, d = 40_000, 6
    data, labels = draw(np.random.default_rng(seed), THREE, n, d, dtype)
    assert data.dtype == dtype and data.shape == (n, d)
    for k, weight in enumerate(THREE.weights):
        own = data[labels == k].astype(np.float64)
        assert abs(len(own) - n * weight) < SIGMAS * math.sqrt(n * weight * (1 - weight))
        rest = own - math.sqrt(d) * np.array(THREE.centres[k]) @ frame(2, d)
        assert np.abs(rest.mean(axis=0)).max() < SIGMAS * THREE.sd / math.sqrt(len(own))
        assert abs(np.square(rest / THREE.sd).mean() - 1) < SIGMAS * math.sqrt(2 / rest.size)


def test_same_seed_gives_the_same_bits_and_the_next_batch_differs() -> None:
    draws = [draw(np.random.default_rng(s), THREE, 50, 4)[0] for s in (1, 1, 2)]
    assert (draws[0] == draws[1]).all() and (draws[0] != draws[2]).all()


def test_one_cluster_without_directions_is_a_plain_gaussian() -> None:
    data, labels = draw(np.random.default_rng(0), GaussianClusters((1,), ((),), 2.0), 3, 1)
    assert data.shape == (3, 1) and (labels == 0).all()


def queries(data: np.ndarray, t: float, number: int = 24) -> np.ndarray:
    rng = np.random.default_rng(3)
    return noised(rng, data[rng.integers(0, len(data), number)], t)


@pytest.mark.parametrize("law", [TWO, THREE])
@pytest.mark.parametrize("t", [0.0, *TIMES])
def test_population_log_density_equals_thirty_digits(law: GaussianClusters, t: float) -> None:
    d = 5
    x = np.vstack([queries(draw(np.random.default_rng(1), law, 30, d)[0], t, 3), np.full((1, d), 30.0)])
    score = ClustersCentre(law, d)
    found, posterior = score.log_density(x, t), score.posterior(x, t)
    axes = frame(law.rank, d)
    with mpmath.workdps(30):
        time = mpmath.mpf(t)
        width = 1 - mpmath.exp(-2 * time) + mpmath.mpf(law.sd) ** 2 * mpmath.exp(-2 * time)
        for row, value, shares in zip(x, found, posterior, strict=True):
            parts = []
            for weight, centre in zip(law.weights, law.centres, strict=True):
                m = math.sqrt(d) * np.array(centre) @ axes
                gap = sum((mpmath.mpf(float(v)) - mpmath.exp(-time) * mpmath.mpf(float(c))) ** 2 for v, c in zip(row, m, strict=True))
                parts.append(mpmath.mpf(weight) * mpmath.exp(-gap / (2 * width)) / (2 * mpmath.pi * width) ** (mpmath.mpf(d) / 2))
            assert value == pytest.approx(float(mpmath.log(sum(parts))), rel=1e-13, abs=1e-12)
            np.testing.assert_allclose(shares, [float(p / sum(parts)) for p in parts], rtol=1e-10, atol=1e-300)


@pytest.mark.parametrize("law", [TWO, THREE])
@pytest.mark.parametrize("t", [0.0, 0.1, 1.5])
def test_population_score_is_the_gradient_of_its_log_density(law: GaussianClusters, t: float) -> None:
    d, h = 4, 1e-5
    score = ClustersCentre(law, d)
    x = np.random.default_rng(7).standard_normal((6, d))
    gradient = np.stack([(score.log_density(x + h * e, t) - score.log_density(x - h * e, t)) / (2 * h) for e in np.eye(d)], axis=1)
    found = (math.exp(-t) * score(x, t) - x) / cluster_var(t, score.variance)
    np.testing.assert_allclose(found, gradient, rtol=1e-6, atol=1e-7)  # central differences: h^2 f'''/6 and eps |f|/h


@pytest.mark.parametrize("law", [TWO, THREE])
def test_projected_population_score_is_the_full_one_in_the_directions_of_the_means(law: GaussianClusters) -> None:
    d = 9
    axes = frame(law.rank, d)
    x = np.random.default_rng(8).standard_normal((10, d))
    full, inner = ClustersCentre(law, d), ClustersCentre(law, d, projected=True)
    np.testing.assert_allclose(full(x, 0.4), inner(x @ axes.T, 0.4) @ axes, atol=1e-13)
    np.testing.assert_allclose(full.posterior(x, 0.4), inner.posterior(x @ axes.T, 0.4), atol=1e-13)


def test_a_huge_dimension_does_not_overflow_the_posterior() -> None:
    posterior = ClustersCentre(TWO, 10**9, projected=True).posterior(np.array([[3e4], [-3e4]]), 1e-9)
    np.testing.assert_array_equal(posterior, np.eye(2))


def test_one_cluster_is_drawn_to_its_own_mean() -> None:
    score = ClustersCentre(GaussianClusters((1,), ((),), 1.3), 3)
    assert (score(np.ones((2, 3)), 0.2) == 0).all()
    assert (score.posterior(np.ones((2, 3)), 0.2) == 1).all()


def test_clusters_of_no_width_have_no_score_at_time_zero() -> None:
    with pytest.raises(DomainError, match="t = 0"):
        ClustersCentre(GaussianClusters((1,), ((),), 0.0), 3)(np.ones((2, 3)), 0.0)
