"""Gaussian clusters of one width: a few directions, those of the means, tell all there is to tell of the class."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from regimes.numerics.arrays import IntArray, RealArray
from regimes.theory.errors import DomainError
from regimes.theory.laws import GaussianClusters
from regimes.validate.laws import Answers, Invariants
from regimes.validate.simulation.channel import Real, cluster_var, frame
from regimes.validate.simulation.projected_clones import Projection
from regimes.validate.simulation.scores import log_sum_exp, softmax

if TYPE_CHECKING:
    from regimes.theory.model import DataModel
    from regimes.validate.plans.study import Budget, Study


def weights(law: GaussianClusters) -> RealArray:
    """Probabilities of the clusters, (K,)."""
    return np.array([float(w) for w in law.weights])


def means(law: GaussianClusters, d: int) -> RealArray:
    """Means of the clusters in the coordinates of `frame`, (K, r), in data units (lengths of order sqrt(d))."""
    centres = np.array([[float(c) for c in row] for row in law.centres]).reshape(len(law.weights), law.rank)
    return math.sqrt(d) * centres


def _draw(rng: np.random.Generator, law: GaussianClusters, n: int, d: int, dtype: Real) -> tuple[RealArray, IntArray]:
    labels = rng.choice(len(law.weights), size=n, p=weights(law))
    data: RealArray = rng.standard_normal((n, d), dtype=dtype)
    data *= dtype(law.sd)
    if law.rank:
        centres: RealArray = (means(law, d) @ frame(law.rank, d)).astype(dtype)
        data += centres[labels]
    return data, labels


class ClustersCentre:
    """Exact score of a Gaussian-cluster law at time t.

    Parameters
    ----------
    law : GaussianClusters
        The law, with numbers in it.
    d : int
        Dimension.
    projected : bool
        If true, every x has the r coordinates in `channel.frame` only (and densities are those of the r coordinates): the score moves x
        nowhere else.
    """

    def __init__(self, law: GaussianClusters, d: int, *, projected: bool = False) -> None:
        self.variance = float(law.sd) ** 2
        self.d = law.rank if projected else d
        self._axes = np.eye(law.rank) if projected else frame(law.rank, d)
        self._log_weights = np.log(weights(law))
        self._means = means(law, d)

    def _log_joint(self, x: RealArray, t: float) -> tuple[RealArray, RealArray]:
        """log[w_c N(y; e^{-t} m_c, Gamma)] without its constant, (B, K), and the coordinates y, (B, r)."""
        width = cluster_var(t, self.variance)
        if not (t >= 0 and width > 0):
            raise DomainError(f"t={t}: the score needs t > 0, or t = 0 and clusters of positive width")
        y = x @ self._axes.T.astype(x.dtype)
        gap = y[:, None, :] - math.exp(-t) * self._means  # differences first: nothing cancels
        logits: RealArray = self._log_weights - np.einsum("bkr,bkr->bk", gap, gap) / (2.0 * width)
        return logits, y

    def posterior(self, x: RealArray, t: float) -> RealArray:
        """Probability of each cluster given x_t = x, (B, K)."""
        logits, _ = self._log_joint(x, t)
        return softmax(logits)

    def log_density(self, x: RealArray, t: float) -> RealArray:
        """log P_t(x) in nats, (B,)."""
        logits, y = self._log_joint(x, t)
        width = cluster_var(t, self.variance)
        rest = x - y @ self._axes.astype(x.dtype)
        value: RealArray = log_sum_exp(logits) - np.einsum("bi,bi->b", rest, rest) / (2.0 * width)
        value -= 0.5 * self.d * math.log(2.0 * math.pi * width)
        return value

    def __call__(self, x: RealArray, t: float) -> RealArray:
        """Posterior mean of the cluster's mean, same shape and type as `x` (B, d)."""
        mean: RealArray = self.posterior(x, t) @ self._means @ self._axes
        return mean.astype(x.dtype, copy=False)

    def terms(self, x: RealArray, t: float) -> RealArray:
        """The same as one term, (B, 1)."""
        return self.log_density(x, t)[:, None]


def _projection(law: GaussianClusters, d: int) -> Projection:
    return Projection(means(law, d), weights(law), float(law.sd), ClustersCentre(law, d, projected=True))


def _plan(model: DataModel, budget: Budget, seed: int) -> list[Study]:
    from regimes.validate.plans import classes, data_sets, population
    from regimes.validate.plans.study import settings

    (usual,) = settings(model)
    studies = [
        data_sets.forward_data(usual, budget, seed, n=2000, d=64, batches=64, groups=64, bundle=32, method="exact"),
        population.collapse_time(usual, budget, seed, alpha=0.25, d=1024),
    ]
    if model.class_count == 1:
        return [*studies, data_sets.data_clones(usual, budget, seed, n=300, d=24, batches=48)]
    uneven = classes.uneven(usual)
    for where, d in ((usual, 32), (usual, 256), (usual, 4096), *(((uneven, 256),) if uneven != usual else ())):
        times = classes.predicted_times(where, d, classes.MANY)
        studies += [  # in a few directions samples cost next to nothing
            classes.forward_classes(where, budget, seed, d, times, batches=32, groups=4096, samples=16),
            classes.projected_clones(where, budget, seed, d, times),
        ]
    times = classes.predicted_times(usual, 32, classes.FEW)
    studies += [classes.full_clones(usual, budget, seed, 32, times, scheme) for scheme in ("euler", "exponential")]
    return studies + classes.all_shares(uneven, budget, seed, 64, samples=16384)


ANSWERS = Answers(
    draw=_draw,
    density=ClustersCentre,
    score=ClustersCentre,
    plan=_plan,
    invariants=Invariants(
        weights=lambda law: law.weights,
        finite_size=lambda law, d: math.log(law.class_count) / d,
        free=lambda law: law.class_count == 1,
        independent=False,
    ),
    class_weights=lambda law, d: weights(law),
    projection=_projection,
    reversed_weights=lambda law: replace(law, weights=law.weights[::-1]),
    slow=lambda model: ("decoding-probability",),
)
