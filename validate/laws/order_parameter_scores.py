"""Scores of one order parameter: laws whose classes one number q tells apart, and the closed reverse SDE of this number.

-dq = [q + 2 S(q, t)] dt + sqrt(2) dW backward in time, with S written as a centre, S = (e^{-t} c - q)/Gamma_t (see `scores`): the
integrators of `diffusion` and `halving` run it as they run d dimensions. For clusters q is the coordinate along the means and the score
is `scores.PopulationCentre` projected on it.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from regimes.theory.errors import DomainError
from regimes.theory.laws import CurieWeiss, Law, Mixture
from regimes.validate.laws.class_scores import ClassCentre
from regimes.validate.laws.spin_scores import sign_shares
from regimes.validate.simulation.channel import FloatArray, cluster_log_weights, delta, gamma, magnetisation
from regimes.validate.simulation.scores import softmax


class OverlapCentre(ClassCentre, Protocol):
    """A score of one order parameter; states are (B, 1)."""

    def read(self, x: FloatArray) -> FloatArray:
        """The order parameter of states x (B, d), (B, 1)."""


def overlap_centre(law: Law, d: int) -> OverlapCentre:
    """The order parameter of a law in numbers and its score in `d` dimensions.

    Raises
    ------
    DomainError : no single number tells the classes apart, or the law is of another family.
    """
    match law:
        case Mixture() if law.rank == 0:
            return RadialCentre(law, d)
        case CurieWeiss():
            return MagnetisationCentre(law, d)
        case _:
            raise DomainError(f"{law.family}: no one-dimensional reverse process is known here")


class RadialCentre:
    """Centred Gaussian classes: the length R = |x|.

    The score is S = -k x, k(R) = sum_c p(c|R)/Gamma_c. Ito's formula for R^2 under -dx = (1 - 2k) x dt + sqrt(2) dW gives
    -d(R^2) = [2 (1 - 2k) R^2 + 2d] dt + 2 sqrt(2) R dW, and for its root -dR = [(1 - 2k) R + (d - 1)/R] dt + sqrt(2) dW: a Bessel
    process with a drift, whose noise is constant. So 2 S(R) = -2k R + (d - 1)/R.
    """

    def __init__(self, law: Mixture, d: int) -> None:
        self._log_weights = cluster_log_weights(law, d)
        self._variances = np.array([c.sd for c in law.clusters]) ** 2
        self.variance = float(np.exp(self._log_weights) @ self._variances)
        self._d = d

    def read(self, x: FloatArray) -> FloatArray:
        return np.asarray(np.linalg.norm(x, axis=1)[:, None])

    def _widths(self, t: float) -> FloatArray:
        return np.array([gamma(t, v) for v in self._variances])

    def posterior(self, x: FloatArray, t: float) -> FloatArray:
        """Probability of each class given |x_t|, (B, K): as much as x_t tells."""
        width = self._widths(t)
        return softmax(self._log_weights - np.square(x) / (2.0 * width) - 0.5 * self._d * np.log(width))

    def __call__(self, x: FloatArray, t: float) -> FloatArray:
        """The centre, (B, 1)."""
        pull = (self.posterior(x, t) @ (1.0 / self._widths(t)))[:, None]
        score = (self._d - 1) / (2.0 * x) - pull * x
        return np.asarray(math.exp(t) * (x + gamma(t, self.variance) * score), dtype=x.dtype)


class MagnetisationCentre:
    """Curie-Weiss spins: q = sum_i x_i/sqrt(d), regime I.

    q is e^{-t} M/sqrt(d) + sqrt(Delta_t) z with the exact law of the magnetisation M, and its score is that of this law. What x tells
    of M beyond its sum is left out: a share of order e^{-2t}, and e^{-2t} is of order 1/d when the classes part.
    The centre is tabulated on a grid in q for every time.
    """

    variance = 0.0
    NODES = 2**10

    def __init__(self, law: CurieWeiss, d: int) -> None:
        total, log_weight = magnetisation(law, d)
        self._places, self._log_weights, self._shares = total / math.sqrt(d), log_weight, sign_shares(total)
        self._step = 2.0 / math.sqrt(d)

    def read(self, x: FloatArray) -> FloatArray:
        return np.asarray(x.sum(axis=1)[:, None] / math.sqrt(x.shape[1]))

    def _law(self, q: FloatArray, t: float) -> FloatArray:
        """Probabilities of the values of M given q (B,), (B, d + 1)."""
        gap = q[:, None] - math.exp(-t) * self._places
        return softmax(self._log_weights - np.square(gap) / (2.0 * delta(t)))

    def posterior(self, x: FloatArray, t: float) -> FloatArray:
        """Probability of either sign of M given q, a tie by half, (B, 2); at t = 0 that of the nearest value of M."""
        if t == 0:
            nearest = np.rint((x[:, 0] - self._places[0]) / self._step).astype(np.intp)
            return np.asarray(self._shares[np.clip(nearest, 0, len(self._places) - 1)])
        return self._tabulated(x, t, self._shares)

    def __call__(self, x: FloatArray, t: float) -> FloatArray:
        """Posterior mean of M/sqrt(d), (B, 1)."""
        return np.asarray(self._tabulated(x, t, self._places[:, None]), dtype=x.dtype)

    def _tabulated(self, x: FloatArray, t: float, values: FloatArray) -> FloatArray:
        """Posterior means of `values` (d + 1, k) at q = x[:, 0], (B, k), by linear interpolation."""
        q = x[:, 0]
        grid = np.linspace(q.min(), q.max(), self.NODES)
        table = self._law(grid, t) @ values
        return np.stack([np.interp(q, grid, column) for column in table.T], axis=1)
