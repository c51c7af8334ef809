"""Gaussian clusters of their own widths: data, density, score, and the score of the length of x."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from regimes.theory.errors import DomainError
from regimes.theory.laws import (
    Cluster,
    GaussianClusters,
    Law,
    Mixture,
)
from regimes.validate.laws import density, draw
from regimes.validate.laws.clusters import ClustersCentre
from regimes.validate.laws.mixture import MixtureCentre, RadialCentre
from regimes.validate.simulation.channel import cluster_var, frame, noise_var, noised

SIGMAS = 5.5
MIX = Mixture((Cluster(0.3, (0.9, 0.0), 0.6), Cluster(0.5, (-0.4, 0.7), 1.1), Cluster(0.2, (0.1, -0.8), 0.8)))
CENTRED = Mixture((Cluster(0.3, (), 1.4), Cluster(0.7, (), 0.7)))
RARE = Mixture((Cluster(1.0, (1.0,), 1.0), Cluster(1.0, (-1.0,), 0.8, 0.05)))
TIMES = [0.02, 0.3, 1.0, 2.5, 12.0]


def test_unequal_clusters_have_their_weights_and_widths(seed: int) -> None:
    """40 000 data in six dimensions: the third cluster has weight e^{-6 c}; detects 3 % in a width, 5 % in a weight."""
    law = Mixture((Cluster(0.4, (1.0,), 0.5), Cluster(0.6, (-1.0,), 1.5), Cluster(1.0, (0.0,), 1.0, 0.4)))
    data, labels = draw(np.random.default_rng(seed), law, 40_000, 6)
    weight = np.array([0.4, 0.6, math.exp(-2.4)]) / (1 + math.exp(-2.4))
    for k, c in enumerate(law.clusters):
        own = data[labels == k]
        assert abs(len(own) - 40_000 * weight[k]) < SIGMAS * math.sqrt(40_000 * weight[k])
        assert abs(np.square((own - c.centre[0]) / c.sd).mean() - 1) < SIGMAS * math.sqrt(2 / own.size)


def test_clusters_of_different_widths_and_rare_ones() -> None:
    law = Mixture((Cluster(0.4, (0.5, 0.0), 1.0), Cluster(0.6, (0.0, -1.0), 0.3), Cluster(2.0, (1.0, 1.0), 2.0, 0.7)))
    d, t = 5, 0.3
    x = np.random.default_rng(5).standard_normal((6, d))
    weights = np.array([0.4, 0.6, 2.0 * math.exp(-0.7 * d)])
    total = 0.0
    for c, weight in zip(law.clusters, weights / weights.sum(), strict=True):
        width = noise_var(t) + c.sd**2 * math.exp(-2 * t)
        centre = math.exp(-t) * math.sqrt(d) * np.array(c.centre) @ frame(2, d)
        total = total + weight * np.exp(-np.square(x - centre).sum(axis=1) / (2 * width)) / (2 * math.pi * width) ** (d / 2)
    np.testing.assert_allclose(density(law, d).terms(x, t)[:, 0], np.log(total), rtol=1e-12)


def states(law: Law, d: int, t: float, number: int = 12) -> np.ndarray:
    rng = np.random.default_rng(5)
    return noised(rng, draw(rng, law, number, d)[0], t)


@pytest.mark.parametrize("t", TIMES)
@pytest.mark.parametrize("variance", [None, 0.0, 2.0])
@pytest.mark.parametrize("law", [MIX, CENTRED, RARE])
def test_mixture_equals_its_definition_with_thirty_digits(law: Mixture, variance: float | None, t: float) -> None:
    d = 5
    x = states(law, d, t, 4)
    centre = MixtureCentre(law, d, variance)
    means = [math.sqrt(d) * np.array(c.centre) @ frame(law.rank, d) if c.centre else np.zeros(d) for c in law.clusters]
    with mpmath.workdps(30):
        decay, noise = mpmath.exp(-mpmath.mpf(t)), -mpmath.expm1(-2 * mpmath.mpf(t))
        widths = [noise + mpmath.mpf(c.sd) ** 2 * decay**2 for c in law.clusters]
        shares = [c.weight * mpmath.exp(-d * mpmath.mpf(c.cost)) for c in law.clusters]
        for row, density, posterior, place in zip(x, centre.log_density(x, t), centre.posterior(x, t), centre(x, t), strict=True):
            gaps = [[mpmath.mpf(float(v)) - decay * mpmath.mpf(float(m)) for v, m in zip(row, mean, strict=True)] for mean in means]
            parts = [
                w / sum(shares) * mpmath.exp(-sum(g**2 for g in gap) / (2 * width)) / (2 * mpmath.pi * width) ** (mpmath.mpf(d) / 2)
                for w, gap, width in zip(shares, gaps, widths, strict=True)
            ]
            total = sum(parts)
            assert density == pytest.approx(float(mpmath.log(total)), rel=1e-12, abs=1e-11)
            np.testing.assert_allclose(posterior, [float(p / total) for p in parts], rtol=1e-10, atol=1e-300)
            score = [-sum(p / total * gap[i] / width for p, gap, width in zip(parts, gaps, widths, strict=True)) for i in range(d)]
            wanted = [
                float((mpmath.mpf(float(v)) + (noise + mpmath.mpf(centre.variance) * decay**2) * s) / decay)
                for v, s in zip(row, score, strict=True)
            ]
            # at t = 12 x is rounded to 1e-16 and the centre is seen through e^{-t}
            np.testing.assert_allclose(place, wanted, rtol=1e-10, atol=1e-10)


def test_mixture_of_one_width_is_the_law_of_clusters() -> None:
    two = GaussianClusters((0.3, 0.7), ((0.8,), (-1.1,)), 0.6)
    same = Mixture(tuple(Cluster(w, c, 0.6) for w, c in zip(two.weights, two.centres, strict=True)))
    x, first, second = states(two, 9, 0.4), ClustersCentre(two, 9), MixtureCentre(same, 9)
    assert second.variance == pytest.approx(first.variance)
    for t in (0.0, 0.4):
        np.testing.assert_allclose(second(x, t), first(x, t), atol=1e-12)
        np.testing.assert_allclose(second.posterior(x, t), first.posterior(x, t), atol=1e-12)
        np.testing.assert_allclose(second.log_density(x, t), first.log_density(x, t), atol=1e-11)


def test_clusters_of_no_width_have_no_score_at_time_zero() -> None:
    with pytest.raises(DomainError, match="t = 0"):
        MixtureCentre(Mixture((Cluster(1.0, (), 0.0),)), 2)(np.ones((1, 2)), 0.0)


@pytest.mark.parametrize("t", [0.1, 0.6, 2.0])
def test_radial_score_has_the_drift_that_ito_gives(t: float) -> None:
    """Generator of the full process on R: R + 2 S.x/R + (d - 1)/R, from the score in d dimensions."""
    d, x = 7, states(CENTRED, 7, t)
    full, radial = MixtureCentre(CENTRED, d), RadialCentre(CENTRED, d)
    length = radial.read(x)
    score = (math.exp(-t) * full(x, t) - x) / cluster_var(t, full.variance)
    wanted = length[:, 0] + 2 * (score * x).sum(axis=1) / length[:, 0] + (d - 1) / length[:, 0]
    found = length + 2 * (math.exp(-t) * radial(length, t) - length) / cluster_var(t, radial.variance)
    np.testing.assert_allclose(found[:, 0], wanted, rtol=1e-11)
    np.testing.assert_allclose(radial.posterior(length, t), full.posterior(x, t), atol=1e-11)
