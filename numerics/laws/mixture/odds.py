"""Log-odds of Gaussian clusters with their own means, variances and weights, exact at every dimension.

Notation: Gamma_c = Delta_t + sd_c^2 e^{-2t}, the variance of cluster c at time t; r_cc' = Gamma_c/Gamma_c'; D_cc' the difference of the
means at time t in units of sqrt(Gamma_c). In coordinates of cluster c, in units of sqrt(Gamma_c),

    log P_t^c'(x) - log P_t^c(x) = d/2 (log r - r + 1) - r |D|^2/2 - r D.z - (r - 1)/2 (|x|^2 - d).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.arrays import EPS, FloatArray, Pair, Values, count_of
from regimes.numerics.laws.mixture.averages import ClassView, class_average
from regimes.numerics.runtime.functions import log_ratio_gap
from regimes.numerics.speciation.odds import ClassOdds, Curvatures, OddsFunction
from regimes.theory.errors import DomainError
from regimes.theory.laws import Mixture
from regimes.theory.model import DataModel

__all__ = ["MixtureOdds", "odds"]

_TINY = 1e-300  # least weight: a cluster of less has no effect, and its logarithm stays finite
_TILTS = np.linspace(0.1, 0.9, 9)


class MixtureOdds(ClassOdds):
    """`ClassOdds` of a mixture at P parameter points; see there.

    Parameters
    ----------
    weights, costs, sds : ndarray
        (P, K); the probability of a cluster is proportional to weight e^{-d cost}.
    centres : ndarray
        (P, K, r), in units of sqrt(d).
    """

    no_symmetric_point = (
        "there is no symmetric point: that takes clusters of equal weights and widths whose means are equally far from their centre"
    )

    def __init__(self, weights: FloatArray, costs: FloatArray, sds: FloatArray, centres: FloatArray) -> None:
        self._weights, self._costs, self._sds, self._centres = weights, costs, sds, centres
        self.count = weights.shape[1]

    def select(self, index: NDArray[Any]) -> MixtureOdds:
        return MixtureOdds(self._weights[index], self._costs[index], self._sds[index], self._centres[index])

    def restricted(self, clusters: Sequence[int]) -> MixtureOdds:
        """The mixture of some of the clusters, their weights in the same proportions."""
        chosen = list(clusters)
        return MixtureOdds(self._weights[:, chosen], self._costs[:, chosen], self._sds[:, chosen], self._centres[:, chosen])

    def weights(self, d: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore"):
            logs = np.log(self._weights) - self._costs * d[:, None]
        shares = np.maximum(np.exp(logs - logs.max(1, keepdims=True)), _TINY)
        return np.asarray(shares / shares.sum(1, keepdims=True))

    def averages(self, t: FloatArray, d: FloatArray, f: OddsFunction) -> Pair:
        axes, ranks = self._axes(d)
        weights = self.weights(d)
        values: list[FloatArray] = []
        errors: list[FloatArray] = []
        for own in range(self.count):
            value, error = None, None
            for rank in np.unique(ranks):
                rows = np.flatnonzero(ranks == rank)
                some = self.select(rows)
                view = some._view(t[rows], d[rows], own, axes[rows][..., :rank], weights[rows])
                found = class_average(view, lambda odds, shares, own=own: f(odds, shares, own))  # type: ignore[misc]
                if value is None or error is None:
                    value, error = (np.full((t.size, found.value.shape[1]), np.nan) for _ in range(2))
                value[rows], error[rows] = found
            assert value is not None and error is not None
            values.append(value)
            errors.append(error)
        return Pair(np.stack(values, axis=1), np.stack(errors, axis=1))

    def moments(self, t: FloatArray, d: FloatArray) -> Pair:
        self._check(d)
        ratio, gap, shift, excess = self._pairs(t, d, self._centres)
        half = d[:, None, None] / 2
        both = np.stack([half * gap + ratio * shift / 2, half * excess**2 + ratio**2 * shift], axis=-1)
        return Pair(both, 32 * EPS * both)

    def largest_eigenvalue(self, d: FloatArray) -> FloatArray:
        self._check(d)
        weights = self.weights(d)
        inside = (weights * self._sds**2).sum(1)
        apart = self._centres - (weights[..., None] * self._centres).sum(1, keepdims=True)
        spread = np.sqrt(weights)[..., None] * apart
        return np.asarray(inside + d * np.linalg.svd(spread, compute_uv=False).max(1, initial=0.0) ** 2)

    def curvatures(self, t: FloatArray, d: FloatArray) -> Curvatures | None:
        self._check(d)
        apart = self._centres - self._centres.mean(1, keepdims=True)
        lengths = np.sqrt((apart**2).sum(2))
        symmetric = np.ones(t.size, dtype=bool)
        for column in (self.weights(d), self._sds, lengths):
            symmetric &= np.ptp(column, axis=1) <= 64 * EPS * np.abs(column).max(1)
        symmetric &= (lengths > 0).all(1)
        if not symmetric.any():
            return None
        leading = np.linalg.svd(apart, compute_uv=False).max(1, initial=0.0) ** 2 / self.count
        gamma = self._variances(t)[:, 0]
        curvature = np.where(symmetric, (1 - d * leading * np.exp(-2 * t) / gamma) / gamma, np.nan)
        return Curvatures(curvature, 1 - 2 * curvature)

    # -- geometry ----------------------------------------------------------------------------------------------------------

    def _variances(self, t: FloatArray) -> FloatArray:
        """Gamma, (P, K)."""
        return np.asarray(-np.expm1(-2 * t)[:, None] + self._sds**2 * np.exp(-2 * t)[:, None])

    def _pairs(self, t: FloatArray, d: FloatArray, centres: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """For clusters c, c', (P, K, K) each: r, r - 1 - log r, |D|^2, and r - 1, the second and the last without cancellation."""
        gamma, signal = self._variances(t), np.exp(-2 * t)[:, None, None]
        square = self._sds**2
        ratio = gamma[:, :, None] / gamma[:, None]
        less = (square[:, None] - square[:, :, None]) * signal / gamma[:, :, None]  # 1/r - 1
        shift = ((centres[:, :, None] - centres[:, None]) ** 2).sum(-1) * d[:, None, None] * signal / gamma[:, :, None]
        excess = -less * ratio
        return ratio, np.where(ratio < 2, log_ratio_gap(np.maximum(less, -0.5)), excess - np.log(ratio)), shift, excess

    def _check(self, d: FloatArray) -> None:
        """Refuse a dimension in which the means have no room."""
        scale = np.abs(self._centres).max((1, 2), initial=0.0)
        values = np.linalg.svd(self._centres, compute_uv=False)
        rank = (values > 1e-12 * scale[:, None]).sum(1)
        if np.any(d < rank):
            at = int(np.argmax(rank - d))
            raise DomainError(f"d={d[at]:g} is too small: the means of the clusters span {rank[at]} dimensions")

    def _axes(self, d: FloatArray) -> tuple[FloatArray, NDArray[np.intp]]:
        """Principal axes (P, r, r) of the differences of the means as columns, and how many of them (P,) are not empty."""
        self._check(d)
        apart = self._centres - self._centres.mean(1, keepdims=True)
        scale = np.abs(self._centres).max((1, 2), initial=0.0)
        _, values, axes = np.linalg.svd(apart, full_matrices=False)
        return axes.swapaxes(1, 2), (values > 16 * EPS * scale[:, None]).sum(1)

    def _view(self, t: FloatArray, d: FloatArray, own: int, axes: FloatArray, weights: FloatArray) -> ClassView:
        """The log-odds seen from cluster `own`, in the coordinates of `axes` (P, r, q)."""
        centres = self._centres @ axes
        ratio, gap, shift, excess = (column[:, own] for column in self._pairs(t, d, centres))
        gamma = self._variances(t)[:, own, None]
        apart = (centres[:, own, None] - centres) * (np.sqrt(d) * np.exp(-t))[:, None, None] / np.sqrt(gamma)[..., None]
        constant = -d[:, None] / 2 * gap - ratio * shift / 2
        rest = d - axes.shape[2]
        return ClassView(constant, ratio[..., None] * apart, excess, np.maximum(rest, 0), weights, self._depth(t, d, own, centres, weights))

    def _depth(self, t: FloatArray, d: FloatArray, own: int, centres: FloatArray, weights: FloatArray) -> FloatArray:
        """Chernoff's bound: P_c(w' p' > w p) <= (w'/w)^s E_c (p'/p)^s for every s in (0, 1); two clusters are both met no more often."""
        gamma = self._variances(t)
        square = ((centres - centres[:, own, None]) ** 2).sum(-1) * (d * np.exp(-2 * t))[:, None]
        lead = np.log(weights[:, own, None] / weights)
        best = np.zeros_like(square)
        for s in _TILTS:
            mixed = (1 - s) * gamma + s * gamma[:, own, None]
            log_norm = np.log(mixed) - s * np.log(gamma[:, own, None]) - (1 - s) * np.log(gamma)
            best = np.maximum(best, s * lead + d[:, None] / 2 * log_norm + s * (1 - s) * square / (2 * mixed))
        best[:, own] = 0
        return np.asarray(np.maximum(best[:, :, None], best[:, None]))


def odds(model: DataModel, values: Values) -> MixtureOdds:
    """The clusters of a mixture at P parameter points."""
    law, count = model.law({p.name: values[p.name] for p in model.params}), count_of(values)
    assert isinstance(law, Mixture)
    rows = [(c.weight, c.centre, c.sd, c.cost) for c in law.clusters]

    def array(entry: Any) -> FloatArray:
        numbers: FloatArray = np.asarray(entry if isinstance(entry, np.ndarray) else float(entry), dtype=float)
        return np.asarray(np.broadcast_to(numbers, (count,)))

    weights, sds, costs = (np.stack([array(row[k]) for row in rows], axis=1) for k in (0, 2, 3))
    centres = np.stack([np.stack([array(x) for x in row[1]], axis=1) for row in rows], axis=1)
    return MixtureOdds(weights, costs, sds, centres)
