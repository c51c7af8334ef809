"""Two centred Gaussian classes of different variance: the log-odds depend on |x|^2 alone, a chi-square variable in each class.

Notation: Gamma_c = Delta_t + sigma_c^2 e^{-2t}; |x|^2 = d Gamma_c e^v in class c, so v has the density exp[-(d/2) (e^v - 1 - v)] up to a
constant; with r = Gamma_own/Gamma_other, the log-odds of the other class are (d/2) [log r - (r - 1) e^v].
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.arrays import EPS, FloatArray, Pair, Rows, Values, count_of
from regimes.numerics.runtime.functions import log_ratio_gap
from regimes.numerics.speciation.line_average import line_averages
from regimes.numerics.speciation.odds import ClassOdds, Curvatures, OddsFunction
from regimes.theory.laws import ZeroMeanMixture
from regimes.theory.model import DataModel

_DEPTH = 46.0  # log of the share of the peak at which the density of v is cut off


def _exceeds(v: FloatArray) -> FloatArray:
    """e^v - 1 - v, without cancellation."""
    return np.asarray(log_ratio_gap(np.expm1(-v)))


def _ends(d: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Where (d/2)(e^v - 1 - v) reaches the depth, to either side: Newton's method, from outside on a convex function."""
    depth = 2 * _DEPTH / d
    low, high = -1 - depth - np.sqrt(2 * depth), np.minimum(np.sqrt(2 * depth), np.log1p(2 * depth + 2))
    for _ in range(30):
        low -= (_exceeds(low) - depth) / np.expm1(low)
        high -= (_exceeds(high) - depth) / np.expm1(high)
    return low, high


class ZeroMeanOdds(ClassOdds):
    """Variances of both classes and weight of the first, (P,) each."""

    count = 2
    no_symmetric_point = "the classes have the same mean and differ in their spread: no direction leads from one to the other"

    def __init__(self, first_var: FloatArray, second_var: FloatArray, weight: FloatArray) -> None:
        self.variances, self.weight = (first_var, second_var), weight

    def select(self, index: NDArray[Any]) -> ZeroMeanOdds:
        first, second = self.variances
        return ZeroMeanOdds(first[index], second[index], self.weight[index])

    def weights(self, d: FloatArray) -> FloatArray:
        del d
        return np.stack([self.weight, 1 - self.weight], axis=1)

    def _ratio(self, t: FloatArray, own: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """r - 1, log r and r - 1 - log r, each to relative accuracy: (P,)."""
        mine, other = self.variances[own], self.variances[1 - own]
        noise, signal = -np.expm1(-2 * t), np.exp(-2 * t)
        mine_now, other_now, gap = noise + signal * mine, noise + signal * other, signal * (mine - other)
        excess = gap / other_now
        near = np.abs(excess) < 0.5
        log = np.where(near, np.log1p(np.where(near, excess, 0)), np.log(mine_now / other_now))
        return excess, log, np.where(near, log_ratio_gap(np.where(near, -gap / mine_now, 0)), excess - log)

    def averages(self, t: FloatArray, d: FloatArray, f: OddsFunction) -> Pair:
        low, high = _ends(d)

        def of_class(own: int) -> Pair:
            excess, log, bend = self._ratio(t, own)
            near = np.abs(excess) < 0.5

            def line(v: FloatArray, rows: Rows) -> tuple[FloatArray, FloatArray]:
                half, r = d[rows, None] / 2, excess[rows, None]
                far = log[rows, None] - r * np.exp(v)
                other = half * np.where(near[rows, None], -bend[rows, None] - r * np.expm1(v), far)
                both = [other, np.zeros_like(other)] if own else [np.zeros_like(other), other]
                return -half * _exceeds(v), np.stack(both, axis=-1)

            return line_averages(line, low, high, self.weights(d), own, f)

        return Pair(*(np.stack(part, axis=1) for part in zip(of_class(0), of_class(1), strict=True)))

    def moments(self, t: FloatArray, d: FloatArray) -> Pair:
        value = np.zeros((d.size, 2, 2, 2))
        for own in (0, 1):
            excess, _, bend = self._ratio(t, own)
            value[:, own, 1 - own] = np.stack([d * bend / 2, d * excess**2 / 2], axis=1)
        return Pair(value, 16 * EPS * value)

    def largest_eigenvalue(self, d: FloatArray) -> FloatArray:
        del d
        return np.asarray(self.weight * self.variances[0] + (1 - self.weight) * self.variances[1])

    def curvatures(self, t: FloatArray, d: FloatArray) -> Curvatures | None:
        del t, d
        return None


def odds(model: DataModel, values: Values) -> ClassOdds:
    """The two classes of a model of the family at P parameter points."""
    law, count = model.law({p.name: values[p.name] for p in model.params}), count_of(values)
    assert isinstance(law, ZeroMeanMixture)
    first, second, weight = (np.broadcast_to(np.asarray(entry, dtype=float), (count,)) for entry in (*law.sds, law.weight))
    return ZeroMeanOdds(first**2, second**2, weight)
