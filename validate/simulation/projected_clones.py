"""Pairs of clones of the reverse SDE under the population score, in the few directions in which it moves x.

Clones under any score, in all dimensions, are in `two_grids`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from regimes.numerics.arrays import IntArray, RealArray
from regimes.theory.errors import DomainError, UnknownNameError
from regimes.validate.simulation.channel import Real, cluster_var, normal
from regimes.validate.simulation.integrators import Scheme, Streams, sde_scheme, time_grid
from regimes.validate.simulation.scores import ClassCentre
from regimes.validate.simulation.two_grids import halved


@dataclass(frozen=True)
class Projection:
    """Clusters of one width in the few directions of their means, in which alone the score moves x.

    Attributes
    ----------
    means : (K, r) array
        In data units, of order sqrt(d).
    weights : (K,) array
        Probabilities of the clusters.
    sd : float
        Standard deviation of every coordinate inside a cluster.
    centre : ClassCentre
        The score in these directions.
    """

    means: RealArray
    weights: RealArray
    sd: float
    centre: ClassCentre

    def draw(self, rng: np.random.Generator, n: int) -> RealArray:
        """`n` independent data in these directions, (n, r)."""
        labels = rng.choice(len(self.weights), size=n, p=self.weights)
        return np.asarray(self.means[labels] + self.sd * rng.standard_normal((n, self.means.shape[1])))


@dataclass(frozen=True)
class CloneCounts:
    """Numbers of clone pairs that end in the same class.

    Attributes
    ----------
    times : array
        (T,) branch times, as asked for.
    pairs : int
        Number of independent pairs at each time. Different times share the paths of the parents.
    agree : array
        (T,) pairs that agree, on the grid asked for.
    agree_fine : array, optional
        (T,) the same with every step halved, or None. Both counts share start and Brownian path.
    gained, lost : array, optional
        (T,) pairs that agree only on the fine, only on the coarse grid, or None: agree_fine - agree = gained - lost, whose variance is at
        most gained + lost.
    """

    times: RealArray
    pairs: int
    agree: IntArray
    agree_fine: IntArray | None = None
    gained: IntArray | None = None
    lost: IntArray | None = None


BLOCK = 2**15  # states of one clone and all branch times advanced together: they and the noise stay in the cache


def default_horizon(clusters: Projection, times: Sequence[float] | RealArray) -> float:
    """Start of the reverse process: the overlap with every mean has fallen to e^{-6} of the noise, or the largest branch time."""
    length = float(np.max(np.einsum("kr,kr->k", clusters.means, clusters.means), initial=0.0))
    return max(0.5 * math.log1p(length) + 6.0, float(np.max(times)))


def clones_projected(
    clusters: Projection, times: Sequence[float] | RealArray, pairs: int, steps: int, streams: Streams, *,
    horizon: float | None = None, start: str = "normal", scheme: str = "exponential", outcome: str = "posterior",
    halving: bool = False, dtype: Real = np.float32,
) -> CloneCounts:  # fmt: skip
    """Cloning experiment by the reverse SDE, in the r directions in which the score moves x: equal in law to d dimensions.

    All branch times in one pass: clones leave the parents' paths at their time and run to 0 with the others.

    Parameters
    ----------
    times : sequence or array
        Branch times, 0 <= t <= horizon.
    steps : int
        Of the whole run from the horizon to 0, uniform; each branch time is a point of the grid.
    horizon : float, optional
        Time of the start; by default `default_horizon`.
    start : str
        "normal", N(0, I) at the horizon (off by less than e^{-6} in total variation by default), or "exact", the law P_T.
    outcome : str
        "posterior", the class drawn given the final state: the fraction that agrees is then E sum_c p(c|x_t)^2 whatever the overlap of the
        classes; or "nearest", the class of the nearest mean.
    halving : bool
        Also run every step in two halves on the same noise, to measure the error of the time step.
    dtype : type
        Of the states; float32 rounds by 1e-7 of |x| per step.

    Raises
    ------
    DomainError
        For a branch time outside [0, horizon].
    """
    asked = np.asarray(times, dtype=np.float64)
    top = default_horizon(clusters, asked) if horizon is None else float(horizon)
    if asked.size == 0 or not (asked >= 0).all() or not (asked <= top).all():
        raise DomainError(f"clones need 0 <= t <= horizon={top:g} for every branch time")
    for option, name, known in (("start", start, ("normal", "exact")), ("outcome", outcome, ("posterior", "nearest"))):
        if name not in known:
            raise UnknownNameError(option, name, known)
    if len(clusters.weights) == 1:
        sure = np.full(asked.shape, pairs)
        return CloneCounts(asked, pairs, sure, sure, sure * 0, sure * 0) if halving else CloneCounts(asked, pairs, sure)
    branches, place = np.unique(-asked, return_inverse=True)  # decreasing, each once
    grid = time_grid(top, 0.0, steps, through=-branches)
    run = _Clones(clusters, grid, -branches, scheme, outcome, halving, dtype)
    agree = np.zeros((4, len(branches)), dtype=np.int64)
    size = max(1, BLOCK // len(branches))
    for first in range(0, pairs, size):
        agree += run.block(min(size, pairs - first), start, streams)
    coarse, fine, gained, lost = agree[:, place]
    return CloneCounts(asked, pairs, coarse, fine, gained, lost) if halving else CloneCounts(asked, pairs, coarse)


class _Advance(Protocol):
    def __call__(self, y: RealArray, xi: RealArray, step: int, rule: Scheme, grid: RealArray) -> None: ...


class _Clones:
    """One block of parents and their clones, in the coordinates of the means."""

    def __init__(
        self, clusters: Projection, grid: RealArray, branches: RealArray, scheme: str, outcome: str, halving: bool, dtype: Real,
    ) -> None:  # fmt: skip
        self.grid, self.branches, self.outcome, self.dtype = grid, branches, outcome, dtype
        self.means, self.weights, self.centre = clusters.means, clusters.weights, clusters.centre
        self.grids = [grid]
        if halving:
            self.grids.append(halved(grid))
        self.rules = [sde_scheme(each, self.centre.variance, scheme) for each in self.grids]
        self.advance: _Advance = self._two_clusters if self.means.shape == (2, 1) else self._any_clusters

    def _any_clusters(self, y: RealArray, xi: RealArray, step: int, rule: Scheme, grid: RealArray) -> None:
        centre = self.centre(y.reshape(-1, y.shape[-1]), float(grid[step])).reshape(y.shape)
        y *= self.dtype(rule.keep[step])
        y += self.dtype(rule.pull[step]) * centre
        y += self.dtype(rule.noise[step]) * xi

    def _two_clusters(self, y: RealArray, xi: RealArray, step: int, rule: Scheme, grid: RealArray) -> None:
        """Two clusters on a line: c = middle + half tanh(L/2), L the log-odds; all in place."""
        t = float(grid[step])
        decay, width = math.exp(-t), cluster_var(t, self.centre.variance)
        middle, half = 0.5 * float(self.means[0, 0] + self.means[1, 0]), 0.5 * float(self.means[0, 0] - self.means[1, 0])
        slope = half * decay / width
        odds = y * self.dtype(slope)
        odds += self.dtype(0.5 * math.log(self.weights[0] / self.weights[1]) - slope * decay * middle)
        np.tanh(odds, out=odds)
        odds *= self.dtype(rule.pull[step] * half)
        y *= self.dtype(rule.keep[step])
        y += odds
        if middle:
            y += self.dtype(rule.pull[step] * middle)
        np.multiply(xi, self.dtype(rule.noise[step]), out=odds)
        y += odds

    def _walk(self, states: Sequence[RealArray], step: int, rng: np.random.Generator) -> None:
        """One step of the coarse grid on either grid, on the same noise."""
        xi = normal(rng, states[0])
        if len(states) == 2:
            rule, later = self.rules[1], normal(rng, states[0])
            self.advance(states[1], xi, 2 * step, rule, self.grids[1])
            self.advance(states[1], later, 2 * step + 1, rule, self.grids[1])
            # the two halves' noise as it reaches the end of the step: exactly the coarse step's noise while the centre is frozen
            early, late = rule.carry[2 * step + 1] * rule.noise[2 * step], rule.noise[2 * step + 1]
            total = math.hypot(early, late)
            xi *= self.dtype(early / total if total else 0.0)
            xi += self.dtype(late / total if total else 1.0) * later
        self.advance(states[0], xi, step, self.rules[0], self.grid)

    def block(self, pairs: int, start: str, streams: Streams) -> IntArray:
        """Counts (4, branches): agree coarse, agree fine, gained, lost."""
        rank, number = self.means.shape[1], len(self.branches)
        first = streams.start.standard_normal((pairs, rank))
        if start == "exact":
            top = float(self.grid[0])
            labels = streams.start.choice(len(self.weights), size=pairs, p=self.weights)
            first = math.sqrt(cluster_var(top, self.centre.variance)) * first + math.exp(-top) * self.means[labels]
        parents: list[RealArray] = [first.astype(self.dtype) for _ in self.grids]
        clones: list[RealArray] = [np.empty((2, number, pairs, rank), dtype=self.dtype) for _ in self.grids]
        active = 0
        for step in range(len(self.grid)):
            if active < number and self.grid[step] == self.branches[active]:
                for parent, clone in zip(parents, clones, strict=True):
                    clone[:, active] = parent
                active += 1
            if step == len(self.grid) - 1:
                break
            if active < number:
                self._walk(parents, step, streams.path)
            for side, rng in enumerate((streams.first, streams.second)) if active else ():
                self._walk([clone[side, :active] for clone in clones], step, rng)
        uniform = [rng.random((number, pairs)) for rng in (streams.first, streams.second)]
        ends = [[self._classes(clone[side], uniform[side]) for side in range(2)] for clone in clones]
        agree = [first == second for first, second in ends]
        fine = agree[-1]
        return np.stack([agree[0].sum(1), fine.sum(1), (fine & ~agree[0]).sum(1), (agree[0] & ~fine).sum(1)])

    def _classes(self, y: RealArray, uniform: RealArray) -> IntArray:
        flat = y.reshape(-1, y.shape[-1]).astype(np.float64)
        if self.outcome == "nearest" or self.centre.variance == 0:
            gap = flat[:, None, :] - self.means
            label: IntArray = np.einsum("bkr,bkr->bk", gap, gap).argmin(axis=1)
        else:
            label = (self.centre.posterior(flat, 0.0).cumsum(axis=1)[:, :-1] <= uniform.reshape(-1, 1)).sum(axis=1)
        return label.reshape(uniform.shape)
