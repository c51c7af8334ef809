"""Two Gaussian clusters of one width: the log-odds are linear in the coordinate along the line of centres, so Gaussian in each class.

Notation: M the squared distance of the centres over 4, kappa = M e^{-2t}/Gamma_t, L ~ N(2 kappa, 4 kappa) in its own class.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.arrays import EPS, FloatArray, Pair
from regimes.numerics.speciation.line_average import normal_averages, normal_moments
from regimes.numerics.speciation.odds import ClassOdds, Curvatures, OddsFunction
from regimes.theory.errors import DomainError
from regimes.theory.laws import GaussianClusters
from regimes.theory.model import DataModel


class ClusterOdds(ClassOdds):
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
        return normal_moments(kappa, 8 * EPS * kappa)

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
