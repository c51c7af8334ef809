"""Two Gaussian clusters of one width: the log-odds are linear in the coordinate along the line of centres, so Gaussian in each class.

Notation: M the squared distance of the centres over 4, kappa = M e^{-2t}/Gamma_t, L ~ N(2 kappa, 4 kappa) in its own class.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.collapse.levels import FloatArray, Pair
from regimes.numerics.speciation.line_average import line_averages
from regimes.numerics.speciation.odds import ClassOdds, Curvatures, OddsFunction
from regimes.theory.errors import DomainError
from regimes.theory.laws import GaussianClusters
from regimes.theory.model import DataModel

_EPS = float(np.finfo(np.float64).eps)
_REACH = 9.5  # of a normal variable: 1e-21 of the mass lies beyond


def normal_log_odds(kappa: FloatArray, z: FloatArray, own: int) -> FloatArray:
    """Log-odds of both classes at z (R, N), the noise along the line in units of its spread, towards the own centre: (R, N, 2)."""
    other = -2 * np.sqrt(kappa)[:, None] * (np.sqrt(kappa)[:, None] + z)
    return np.stack([other, np.zeros_like(other)] if own else [np.zeros_like(other), other], axis=-1)


def normal_averages(kappa: FloatArray, weights: FloatArray, f: OddsFunction) -> Pair:
    """Averages over both classes, (P, 2, M), for L ~ N(2 kappa, 4 kappa)."""
    end = np.full_like(kappa, _REACH)

    def of_class(own: int) -> Pair:
        return line_averages(lambda z, rows: (-(z**2) / 2, normal_log_odds(kappa[rows], z, own)), -end, end, weights, own, f)

    return Pair(*(np.stack(part, axis=1) for part in zip(of_class(0), of_class(1), strict=True)))


def normal_moments(kappa: FloatArray, error: FloatArray) -> Pair:
    """Mean and variance of L, (P, 2, 2, 2), from kappa and its absolute error."""
    value, off = np.zeros((kappa.size, 2, 2, 2)), np.zeros((kappa.size, 2, 2, 2))
    for c in (0, 1):
        value[:, c, 1 - c] = np.stack([2 * kappa, 4 * kappa], axis=1)
        off[:, c, 1 - c] = np.stack([2 * error, 4 * error], axis=1)
    return Pair(value, off)


class ClusterOdds:
    """Two clusters at distance 2 sqrt(d) half, (P,) each: half the distance per sqrt(d), standard deviation, weight of the first."""

    count = 2

    def __init__(self, half: FloatArray, sd: FloatArray, weight: FloatArray, symmetric: NDArray[np.bool_]) -> None:
        self.half, self.sd, self.weight, self.symmetric = half, sd, weight, symmetric
        self.no_symmetric_point = "" if symmetric.all() else "the classes have unequal weights: there is no symmetric point"

    def select(self, index: NDArray[Any]) -> ClusterOdds:
        return ClusterOdds(self.half[index], self.sd[index], self.weight[index], self.symmetric[index])

    def weights(self, d: FloatArray) -> FloatArray:
        del d
        return np.stack([self.weight, 1 - self.weight], axis=1)

    def _kappa(self, t: FloatArray, d: FloatArray) -> FloatArray:
        return np.asarray(d * self.half**2 / (np.expm1(2 * t) + self.sd**2))

    def averages(self, t: FloatArray, d: FloatArray, f: OddsFunction) -> Pair:
        return normal_averages(self._kappa(t, d), self.weights(d), f)

    def moments(self, t: FloatArray, d: FloatArray) -> Pair:
        kappa = self._kappa(t, d)
        return normal_moments(kappa, 8 * _EPS * kappa)

    def largest_eigenvalue(self, d: FloatArray) -> FloatArray:
        return np.asarray(self.sd**2 + 4 * self.weight * (1 - self.weight) * d * self.half**2)

    def curvatures(self, t: FloatArray, d: FloatArray) -> Curvatures:
        # between balanced classes: 1/Gamma - M e^{-2t}/Gamma^2 = (1 - kappa)/Gamma
        width = -np.expm1(-2 * t) + self.sd**2 * np.exp(-2 * t)
        bend = np.where(self.symmetric, (1 - self._kappa(t, d)) / width, np.nan)
        return Curvatures(bend, 1 - 2 * bend)


def odds(model: DataModel, values: Mapping[str, FloatArray]) -> ClassOdds:
    """The two classes of a model of the family at P parameter points; `DomainError` for another number of clusters."""
    count = len(next(iter(values.values())))
    law = model.law({p.name: values[p.name] for p in model.params})
    assert isinstance(law, GaussianClusters)
    if law.class_count != 2 or law.rank != 1:
        raise DomainError(f"{model.name}: two clusters on a line are asked for, not {law.class_count} of rank {law.rank}")

    def column(entry: Any) -> FloatArray:
        return np.broadcast_to(np.asarray(entry, dtype=float), (count,))

    first, second, weight = column(law.centres[0][0]), column(law.centres[1][0]), column(law.weights[0])
    return ClusterOdds(np.abs(first - second) / 2, column(law.sd), weight, np.asarray(weight == 0.5))
