"""Scores, each as the centre it pulls towards: S(x, t) = (e^{-t} c(x, t) - x)/Gamma_t.

A score object has an attribute `variance` (Gamma_t = Delta_t + variance e^{-2t}) and is called as `centre(x, t)`.
The centre is a posterior mean given x_t = x: of the cluster's mean for clusters (variance sd^2), of the datum for
`EmpiricalCentre` (variance 0). This is Tweedie's formula. The reference `variance` is free: with that of a cluster the score of this
cluster has a constant centre, which an exponential integrator follows without error. The scores of laws are in `regimes.validate.laws`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from regimes.numerics.arrays import IntArray, RealArray
from regimes.theory.errors import DomainError
from regimes.validate.simulation.channel import Real, noise_var


class Centre(Protocol):
    """What a score is to the integrators."""

    @property
    def variance(self) -> float: ...

    def __call__(self, x: RealArray, t: float) -> RealArray: ...


class ClassCentre(Centre, Protocol):
    """A score that knows the classes."""

    def posterior(self, x: RealArray, t: float) -> RealArray:
        """Probability of each class given x_t = x, (B, K); at t = 0 of a final state of the reverse process, where spins are its signs."""


class OrderParameter(ClassCentre, Protocol):
    """A score of one order parameter; states are (B, 1)."""

    complete: bool
    """Whether the order parameter tells of the class all that x tells."""

    def read(self, x: RealArray) -> RealArray:
        """The order parameter of states x (B, d), (B, 1)."""


class NoisedLaw(Protocol):
    """The density of a noised law."""

    def terms(self, x: RealArray, t: float) -> RealArray:
        """log P_t(x) in nats as a sum of independent terms: (B, d) where coordinates are independent, else (B, 1); x is (B, d), t > 0."""


def softmax(logits: RealArray) -> RealArray:
    """exp(logits) normalised over the last axis; cannot overflow."""
    weight: RealArray = np.exp(logits - logits.max(axis=-1, keepdims=True))
    weight /= weight.sum(axis=-1, keepdims=True)
    return weight


def log_sum_exp(logits: RealArray) -> RealArray:
    """log sum exp over the last axis; cannot overflow."""
    top = logits.max(axis=-1)
    value: RealArray = top + np.log(np.exp(logits - top[..., None]).sum(axis=-1))
    return value


@dataclass(frozen=True)
class Posterior:
    """Summaries of the posterior weights w_mu(x, t) of the data, one row per query.

    Attributes
    ----------
    centre : array
        (B, d) mean of the data under w.
    log_density : array
        (B,) log P_t^e(x), nats.
    max_weight : array
        (B,) largest weight of one row of the data.
    square_sum : array
        (B,) sum of squared weights.
    class_weights : array
        (B, K) total weight of each class (K = 1 without labels).
    nearest : array
        (B,) index of the row of largest weight (the first, if equal); without multiplicities the nearest datum.
    """

    centre: RealArray
    log_density: RealArray
    max_weight: RealArray
    square_sum: RealArray
    class_weights: RealArray
    nearest: IntArray


class EmpiricalCentre:
    """Exact score of the empirical law of a data set: softmax average of the data, in blocks.

    Logits and average come from two matrix products per panel of queries x data, with a running maximum; no array is larger
    than a block. Products lose log weights of size eps |x||a| e^{-t}/Delta_t. Where that exceeds `TOLERANCE`, a product only
    screens the data and the survivors are evaluated in float64 by explicit differences: the weights are right at every t > 0.

    Parameters
    ----------
    data : array_like
        (n, d).
    labels : sequence or array, optional
        (n,) whole numbers 0 ... K-1, the class of each datum.
    counts : array_like, optional
        (n,) multiplicity of each row; default 1.
    dtype : type
        float32 (twice as fast, log weights within 1e-3) or float64 (within 1e-9).
    query_block, data_block : int
        Size of a panel. They change rounding only.
    """

    TOLERANCE: Mapping[np.dtype[np.floating[Any]], float] = {np.dtype(np.float32): 1e-3, np.dtype(np.float64): 1e-9}
    MARGIN = 45.0  # survivors lie this close to the best log weight: the rest weighs less than n e^{-45}

    variance = 0.0

    def __init__(
        self,
        data: npt.ArrayLike,
        labels: Sequence[int] | IntArray | None = None,
        *,
        counts: npt.ArrayLike | None = None,
        dtype: Real = np.float64,
        query_block: int = 512,
        data_block: int = 1024,
    ) -> None:
        raw = np.asarray(data, dtype=np.float64)
        self.dtype: np.dtype[np.floating[Any]] = np.dtype(dtype)
        self.n, self.d = raw.shape
        self._mean = raw.mean(axis=0)
        self._data = raw - self._mean  # logits of centred data are smaller, so products lose less
        self._square = np.einsum("ij,ij->i", self._data, self._data)
        self._reach = math.sqrt(float(self._square.max())) or 1.0
        multiplicity = np.ones(self.n) if counts is None else np.asarray(counts, dtype=np.float64)
        self._log_count = np.log(multiplicity)
        self._log_total = math.log(float(multiplicity.sum()))
        classes = np.zeros(self.n, dtype=np.intp) if labels is None else np.asarray(labels, dtype=np.intp)
        self._classes = np.eye(int(classes.max()) + 1)[classes]
        self._blocks = query_block, data_block
        self._tables = {self.dtype: self._table(self.dtype)}

    def _table(self, dtype: np.dtype[np.floating[Any]]) -> RealArray:
        """One augmented matrix [a, -|a|^2/2, log count, 1] for both products, a in units of the largest |a|."""
        table = np.empty((self.n, self.d + 3), dtype=dtype)
        table[:, : self.d] = self._data / self._reach
        table[:, self.d] = -0.5 * self._square / self._reach**2
        table[:, self.d + 1] = self._log_count
        table[:, self.d + 2] = 1.0
        return table

    @cached_property
    def _precise(self) -> RealArray:
        return self._tables.get(np.dtype(np.float64), self._table(np.dtype(np.float64)))

    def __call__(self, x: RealArray, t: float) -> RealArray:
        """Mean of the data under the posterior weights, same shape and type as `x` (B, d)."""
        return self._run(x, t, full=False).centre

    def posterior(self, x: RealArray, t: float) -> Posterior:
        """Every summary of the weights in the same pass."""
        return self._run(x, t, full=True)

    def log_density(self, x: RealArray, t: float) -> RealArray:
        """log P_t^e(x) in nats, (B,)."""
        return self._run(x, t, full=False).log_density

    def _run(self, x: RealArray, t: float, full: bool) -> Posterior:
        variance = noise_var(t)
        if not (math.isfinite(t) and variance > 0):
            raise DomainError(f"t={t}: the empirical score needs a finite t > 0")
        blocks = [
            self._query(x[first : first + self._blocks[0]], math.exp(-t), variance, full) for first in range(0, len(x), self._blocks[0])
        ]
        tally = [np.concatenate(parts) for parts in zip(*[block.summary(full) for block in blocks], strict=True)]
        centre, log_total, top, square, classes, nearest = tally
        centre *= self._reach
        centre += self._mean
        log_density = log_total - self._log_total - 0.5 * self.d * math.log(2.0 * math.pi * variance)
        return Posterior(centre.astype(x.dtype, copy=False), log_density, top, square, classes, nearest.astype(np.intp))

    def _query(self, x: RealArray, decay: float, variance: float, full: bool) -> _Tally:
        """Stream all data past one block of queries."""
        centred = x.astype(np.float64) - decay * self._mean
        square = np.einsum("ij,ij->i", centred, centred)
        size = decay / variance * self._reach * (math.sqrt(float(square.max())) + 0.5 * decay * self._reach)
        loss = {real: float(np.finfo(real).eps) * size for real in self.TOLERANCE}
        dtype = self.dtype if size < 1e30 else np.dtype(np.float64)  # a float32 product could overflow
        screen = loss[dtype] > self.TOLERANCE[self.dtype]
        table = self._precise if dtype == np.float64 else self._tables[dtype]
        tally = _Tally(len(x), self.d, self._classes.shape[1], -square / (2.0 * variance))
        queries = np.empty((len(x), self.d + 3))
        queries[:, : self.d] = centred * (decay * self._reach / variance)
        queries[:, self.d] = (decay * self._reach) ** 2 / variance
        queries[:, self.d + 1] = 1.0
        hopeless = loss[np.dtype(np.float64)] > self.TOLERANCE[self.dtype]  # for any product
        few = True  # weights count, as far as the panels so far tell
        for first in range(0, self.n, self._blocks[1]):
            panel = slice(first, first + self._blocks[1])
            queries[:, self.d + 2] = tally.offset()
            logits = queries.astype(dtype) @ table[panel].T
            kept = tally.survivors(logits, self.MARGIN + 4.0 * loss[dtype]) if few else None
            if kept is not None and (hopeless or int(np.count_nonzero(kept)) * 32 < kept.size):
                rows, columns = np.nonzero(kept)
                given = None if screen else logits[rows, columns] + tally.zero()[rows]
                self._add_pairs(tally, centred, decay, variance, rows, first + columns, given)
                continue
            few = False
            if screen:
                logits = queries @ self._precise[panel].T
            tally.add_dense(logits, self._precise[panel] if screen else table[panel], self._classes[panel], first, full)
        return tally

    def _add_pairs(
        self, tally: _Tally, x: RealArray, decay: float, variance: float, rows: IntArray, columns: IntArray, given: RealArray | None
    ) -> None:
        """Add a few pairs, a bounded number at a time; log weights that are not given come from explicit differences."""
        chunk = max(1, 2**20 // self.d)
        for start in range(0, len(rows), chunk):
            row, column = rows[start : start + chunk], columns[start : start + chunk]
            if given is None:
                gap = x[row] - decay * self._data[column]
                logit: RealArray = self._log_count[column] - np.einsum("ij,ij->i", gap, gap) / (2.0 * variance)
            else:
                logit = given[start : start + chunk]
            tally.add_pairs(row, column, logit, self._data[column] / self._reach, self._classes[column])


class _Tally:
    """Running sums over data for one block of queries; every log weight is measured from `reference`, a running maximum."""

    SLACK = 20.0  # e^20 more than the reference still fits every type, so rescaling can wait

    def __init__(self, queries: int, d: int, classes: int, base: RealArray) -> None:
        self.base = base  # log weight of the products' zero
        self.reference = np.full(queries, -math.inf)
        self.best = np.full(queries, -math.inf)
        self.nearest = np.zeros(queries, dtype=np.intp)
        self.sums = np.zeros((queries, d + 1))  # weighted data, weights
        self.square = np.zeros(queries)
        self.classes = np.zeros((queries, classes))

    def offset(self) -> RealArray:
        """What a product has to add so that its logits are measured from the reference."""
        return np.where(np.isfinite(self.reference), self.base - self.reference, 0.0)

    def zero(self) -> RealArray:
        """The log weight from which a product's logits are measured."""
        return np.where(np.isfinite(self.reference), self.reference, self.base)

    def _raise(self, rows: npt.NDArray[np.bool_] | IntArray, reference: RealArray) -> None:
        scale = np.exp(self.reference[rows] - reference)
        self.sums[rows] *= scale[:, None]
        self.classes[rows] *= scale[:, None]
        self.square[rows] *= scale**2
        self.reference[rows] = reference

    def survivors(self, logits: RealArray, margin: float) -> npt.NDArray[np.bool_]:
        """Pairs whose log weight may lie within `margin` of the best seen so far."""
        floor = logits.max(axis=1).astype(np.float64)
        seen = np.isfinite(self.reference)
        floor[seen] = np.maximum(floor[seen], 0.0)
        kept: npt.NDArray[np.bool_] = logits >= (floor - margin)[:, None]
        return kept

    def add_dense(self, logits: RealArray, table: RealArray, classes: RealArray, first: int, full: bool) -> None:
        """Add a panel of logits (overwritten) that are measured from the reference."""
        top = logits.max(axis=1).astype(np.float64)
        fresh = ~np.isfinite(self.reference)
        absolute = top + self.zero()
        if full:
            better = absolute > self.best
            self.nearest[better] = first + logits[better].argmax(axis=1)
            self.best[better] = absolute[better]
        late = fresh | (top > self.SLACK)
        if late.any():
            logits[late] -= top[late, None].astype(logits.dtype)
            self._raise(late, absolute[late])
        weight = np.exp(logits, out=logits)
        product = weight @ table
        d = table.shape[1] - 3
        self.sums[:, :d] += product[:, :d]
        self.sums[:, d] += product[:, d + 2]
        if full:
            self.square += np.einsum("ij,ij->i", weight, weight)
            self.classes += weight @ classes.astype(weight.dtype)

    def add_pairs(self, rows: IntArray, columns: IntArray, logit: RealArray, data: RealArray, classes: RealArray) -> None:
        """Add pairs (query, datum), sorted by query, with absolute log weights."""
        starts = np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]])
        row, length = rows[starts], np.diff(np.r_[starts, len(rows)])
        top = np.maximum.reduceat(logit, starts)
        better = top > self.best[row]
        place = np.flatnonzero(logit == np.repeat(top, length))
        _, place_of = np.unique(rows[place], return_index=True)  # the first best datum of each query
        self.nearest[row[better]] = columns[place[place_of]][better]
        self.best[row[better]] = top[better]
        self._raise(row, np.maximum(self.reference[row], top))
        weight = np.exp(logit - np.repeat(self.reference[row], length))
        self.sums[row, :-1] += np.add.reduceat(weight[:, None] * data, starts)
        self.sums[row, -1] += np.add.reduceat(weight, starts)
        self.square[row] += np.add.reduceat(weight**2, starts)
        self.classes[row] += np.add.reduceat(weight[:, None] * classes, starts)

    def summary(self, full: bool) -> tuple[RealArray, ...]:
        """centre, log of the total weight, largest weight, sum of squares, classes, nearest."""
        total = self.sums[:, -1]
        log_total = self.reference + np.log(total)
        top = np.exp(self.best - log_total) if full else total
        return (
            self.sums[:, :-1] / total[:, None],
            log_total,
            top,
            self.square / total**2,
            self.classes / total[:, None],
            self.nearest.astype(np.float64),
        )
