"""Exact scores of laws with classes, in full dimension; those of spins are in `spin_scores`.

A score is written as the centre it pulls towards (see `scores`): S(x, t) = (e^{-t} c(x, t) - x)/Gamma_t, where
Gamma_t = Delta_t + variance e^{-2t}. The reference `variance` is free: with 0 the centre is the posterior mean of the datum, with
that of a cluster the score of this cluster has a constant centre, which an exponential integrator follows without error.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from regimes.theory.errors import DomainError
from regimes.theory.laws import CurieWeiss, GaussianClusters, IsingChains, Law, Mixture
from regimes.validate.simulation.channel import FloatArray, cluster_log_weights, frame, gamma, weights
from regimes.validate.simulation.scores import Centre, PopulationCentre, log_sum_exp, softmax


class ClassCentre(Centre, Protocol):
    """A score that knows the classes."""

    def posterior(self, x: FloatArray, t: float) -> FloatArray:
        """Probability of each class given x_t = x, (B, K); at t = 0 of a final state of the reverse process, where spins are its signs."""


def class_centre(law: Law, d: int) -> ClassCentre:
    """Exact score of a law with classes, in numbers, in `d` dimensions.

    Raises
    ------
    DomainError : the law has no classes.
    """
    match law:
        case GaussianClusters():
            return PopulationCentre(law, d)
        case Mixture():
            return MixtureCentre(law, d)
        case CurieWeiss() | IsingChains():
            from regimes.validate.laws.spin_scores import ChainsCentre, MeanFieldCentre

            return MeanFieldCentre(law, d) if isinstance(law, CurieWeiss) else ChainsCentre(law)
        case _:
            raise DomainError(f"{law.family} has no classes: there is no class whose probability could be given")


def class_probabilities(law: Law, d: int) -> FloatArray:
    """(K,) probabilities of the classes; of one class for a law that has none."""
    match law:
        case GaussianClusters():
            return weights(law)
        case Mixture():
            return np.asarray(np.exp(cluster_log_weights(law, d)))
        case IsingChains():
            return np.array([law.weight, 1.0 - law.weight])
        case CurieWeiss():
            from regimes.validate.laws.spin_scores import sign_probabilities

            return sign_probabilities(law, d)
        case _:
            return np.ones(1)


class MixtureCentre:
    """Gaussian clusters with their own means, widths and weights, vectorised over samples: two products with the r directions of the means.

    Parameters
    ----------
    law : the law, in numbers.
    d : dimension.
    variance : the reference variance; by default the mean of the clusters' variances.
    """

    def __init__(self, law: Mixture, d: int, variance: float | None = None) -> None:
        self._log_weights = cluster_log_weights(law, d)
        self._variances = np.array([c.sd for c in law.clusters]) ** 2
        self.variance = float(np.exp(self._log_weights) @ self._variances) if variance is None else variance
        self.d = d
        self._axes = frame(law.rank, d)
        self._means = math.sqrt(d) * np.array([c.centre for c in law.clusters]).reshape(len(law.clusters), law.rank)

    def _widths(self, t: float) -> FloatArray:
        """(K,) variances of a coordinate in the noised clusters."""
        width = np.array([gamma(t, v) for v in self._variances])
        if not (t >= 0 and (width > 0).all()):
            raise DomainError(f"t={t}: the score needs t > 0, or t = 0 and clusters of positive width")
        return width

    def _log_joint(self, x: FloatArray, t: float) -> FloatArray:
        """log[w_c N(x; e^{-t} m_c, Gamma_c)] without (d/2) log 2 pi, (B, K)."""
        width, y = self._widths(t), x @ self._axes.T
        outside = x - y @ self._axes
        gap = y[:, None, :] - math.exp(-t) * self._means  # differences first: nothing cancels
        square = np.einsum("bkr,bkr->bk", gap, gap) + np.einsum("bi,bi->b", outside, outside)[:, None]
        return np.asarray(self._log_weights - square / (2.0 * width) - 0.5 * self.d * np.log(width))

    def posterior(self, x: FloatArray, t: float) -> FloatArray:
        """Probability of each cluster given x_t = x, (B, K)."""
        return softmax(self._log_joint(x, t))

    def log_density(self, x: FloatArray, t: float) -> FloatArray:
        """log P_t(x) in nats, (B,)."""
        return log_sum_exp(self._log_joint(x, t)) - 0.5 * self.d * math.log(2.0 * math.pi)

    def __call__(self, x: FloatArray, t: float) -> FloatArray:
        """The centre, same shape and type as `x` (B, d)."""
        width, reference, decay = self._widths(t), gamma(t, self.variance), math.exp(-t)
        share = self.posterior(x, t)
        own = share @ (decay * (self._variances - self.variance) / width)  # e^t (1 - Gamma_t sum_c p_c/Gamma_c), without cancellation
        centre = own[:, None] * x + (share * (reference / width)) @ self._means @ self._axes
        return np.asarray(centre, dtype=x.dtype)
