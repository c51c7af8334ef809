"""The reverse process: time grids, integrators, clones.

Every scheme here is linear in the state, the centre and the noise, x_s = keep x_t + pull c(x_t, t) + noise xi, for a step t -> s < t.

Notation: h = t - s, G_t = Gamma_t = Delta_t + variance e^{-2t}. Reverse SDE -dx = [x + 2 S] dt + sqrt(2) dW with S = (e^{-t} c - x)/G_t.
With c frozen the process is the bridge of the forward channel: x_s given x_t is Gaussian with mean
e^{-h} (G_s/G_t) x_t + e^{-s} (Delta_h/G_t) c and variance G_s Delta_h/G_t, exact for one Gaussian cluster at any step.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from regimes.theory.errors import DomainError, UnknownNameError
from regimes.theory.model import GaussianClusters
from regimes.validate.sampling import FloatArray, IntArray, Real, gamma, means, normal, weights
from regimes.validate.scores import Centre, PopulationCentre

BoolArray = npt.NDArray[np.bool_]


class Streams(NamedTuple):
    """Separate random streams, so that one part of a run can change without the others."""

    start: np.random.Generator
    path: np.random.Generator
    first: np.random.Generator
    second: np.random.Generator

    @classmethod
    def spawn(cls, seed: int | np.random.SeedSequence) -> Streams:
        """Four independent streams from one seed."""
        root = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
        return cls(*(np.random.default_rng(child) for child in root.spawn(4)))


def time_grid(
    start: float, stop: float = 0.0, steps: int = 200, *, kind: str = "uniform", through: Iterable[float] = (), smallest: float = 1e-4
) -> FloatArray:
    """Decreasing times from `start` to `stop`, about `steps` steps, passing exactly through every time of `through`.

    Parameters
    ----------
    kind : "uniform" in t, or "snr": uniform in log gamma = -log(e^{2t} - 1), which resolves small t; it descends to
        max(stop, smallest) and, if stop is smaller, jumps there in one last step.

    Raises
    ------
    DomainError : unless start > stop >= 0, steps >= 1 and all of `through` lies between.
    """
    inner = sorted({float(t) for t in through} - {start, stop}, reverse=True)
    if not (start > stop >= 0 and steps >= 1 and all(start > t > stop for t in inner)):
        raise DomainError(f"time grid {start} > {inner} > {stop} in {steps} steps: times have to decrease to stop >= 0, with steps >= 1")
    knots = [start, *inner, stop]
    if kind == "uniform":
        clock = np.array(knots)
    elif kind == "snr":
        knots = [t for t in knots if t > smallest] + [max(stop, smallest)]
        clock = np.array([math.log(math.expm1(2.0 * t)) if t < 300 else 2.0 * t for t in knots])
    else:
        raise UnknownNameError("time grid", kind, ("uniform", "snr"))
    pieces = []
    for k, (high, low) in enumerate(pairwise(clock)):
        number = max(1, math.ceil(steps * (high - low) / (clock[0] - clock[-1]) - 1e-9))
        piece = np.linspace(high, low, number + 1)
        piece = piece if kind == "uniform" else 0.5 * np.logaddexp(piece, 0.0)
        piece[0], piece[-1] = knots[k], knots[k + 1]  # exactly, not to rounding
        pieces.append(piece[:-1])
    tail = [knots[-1], *(t for t in [*inner, stop] if t < knots[-1])]
    return np.concatenate([*pieces, tail])


class Scheme(NamedTuple):
    """x_s = keep x_t + pull c + noise xi, one number per step of a grid, and `carry`: how noise at t is damped by the step."""

    keep: FloatArray
    pull: FloatArray
    noise: FloatArray
    carry: FloatArray


def sde_scheme(grid: FloatArray, variance: float, scheme: str = "exponential") -> Scheme:
    """Coefficients of the reverse SDE on a decreasing grid: "exponential" (centre frozen over a step) or "euler" (Euler-Maruyama)."""
    s, h, before, after, decay = _steps(grid, variance)
    if scheme == "exponential":
        spread = -np.expm1(-2.0 * h)
        keep = np.exp(-h) * after / before
        return Scheme(keep, np.exp(-s) * spread / before, np.sqrt(after * spread / before), keep)
    if scheme == "euler":
        return Scheme(1.0 + h - 2.0 * h / before, 2.0 * h * decay / before, np.sqrt(2.0 * h), np.ones_like(h))
    raise UnknownNameError("scheme", scheme, ("exponential", "euler"))


def flow_scheme(grid: FloatArray, variance: float, scheme: str = "exponential") -> Scheme:
    """Coefficients of the probability flow -dx = [x + S] dt: "exponential" or "euler"."""
    s, h, before, after, decay = _steps(grid, variance)
    still = np.zeros_like(h)
    if scheme == "exponential":
        keep = np.sqrt(after / before)
        return Scheme(keep, np.exp(-s) - keep * decay, still, keep)
    if scheme == "euler":
        return Scheme(1.0 + h - h / before, h * decay / before, still, still)
    raise UnknownNameError("scheme", scheme, ("exponential", "euler", "heun"))


def _steps(grid: FloatArray, variance: float) -> tuple[FloatArray, ...]:
    t, s = np.asarray(grid[:-1], dtype=np.float64), np.asarray(grid[1:], dtype=np.float64)
    if not ((t > s).all() and (s >= 0).all()):
        raise DomainError("a grid of the reverse process has to decrease, down to 0 at the lowest")
    width = np.array([gamma(time, variance) for time in grid])
    return s, t - s, width[:-1], width[1:], np.exp(-t)


def reverse_sde(
    centre: Centre, x: FloatArray, grid: FloatArray, rng: np.random.Generator, scheme: str = "exponential"
) -> Iterator[tuple[float, FloatArray]]:
    """States (t, x_t) of the reverse SDE at every time of `grid`, the start included.

    Parameters
    ----------
    x : (B, d) states at grid[0]; left as they are. Every yielded array is new.
    """
    rule = sde_scheme(grid, centre.variance, scheme)
    yield float(grid[0]), x
    for i in range(len(grid) - 1):
        xi = normal(rng, x)
        x = float(rule.keep[i]) * x + float(rule.pull[i]) * centre(x, float(grid[i])) + float(rule.noise[i]) * xi
        yield float(grid[i + 1]), x


def probability_flow(centre: Centre, x: FloatArray, grid: FloatArray, scheme: str = "exponential") -> Iterator[tuple[float, FloatArray]]:
    """States (t, x_t) of the probability flow at every time of `grid`: "exponential", "euler" or "heun" (second order)."""
    rule = flow_scheme(grid, centre.variance, "euler" if scheme == "heun" else scheme)
    yield float(grid[0]), x
    for i in range(len(grid) - 1):
        t, s = float(grid[i]), float(grid[i + 1])
        ahead = float(rule.keep[i]) * x + float(rule.pull[i]) * centre(x, t)
        if scheme == "heun" and gamma(s, centre.variance) > 0:
            score = (math.exp(-s) * centre(ahead, s) - ahead) / gamma(s, centre.variance)
            ahead = 0.5 * (x + ahead + (t - s) * (ahead + score))
        x = ahead
        yield s, x


@dataclass(frozen=True)
class CloneCounts:
    """Numbers of clone pairs that end in the same class.

    Attributes
    ----------
    times : (T,) branch times, as asked for.
    pairs : number of independent pairs at each time. Different times share the paths of the parents.
    agree : (T,) pairs that agree, on the grid asked for.
    agree_fine : (T,) the same with every step halved, or None. Both counts share start and Brownian path.
    gained, lost : (T,) pairs that agree only on the fine, only on the coarse grid, or None:
        agree_fine - agree = gained - lost, whose variance is at most gained + lost.
    """

    times: FloatArray
    pairs: int
    agree: IntArray
    agree_fine: IntArray | None = None
    gained: IntArray | None = None
    lost: IntArray | None = None


BLOCK = 2**15  # states of one clone and all branch times advanced together: they and the noise stay in the cache


def default_horizon(law: GaussianClusters, d: int, times: Sequence[float] | FloatArray) -> float:
    """Start of the reverse process: the overlap with every mean has fallen to e^{-6} of the noise, or the largest branch time."""
    length = float(np.max(np.einsum("kr,kr->k", means(law, d), means(law, d)), initial=0.0))
    return max(0.5 * math.log1p(length) + 6.0, float(np.max(times)))


def clones_projected(
    law: GaussianClusters, d: int, times: Sequence[float] | FloatArray, pairs: int, steps: int, streams: Streams, *,
    horizon: float | None = None, start: str = "normal", scheme: str = "exponential", outcome: str = "posterior",
    halving: bool = False, dtype: Real = np.float32,
) -> CloneCounts:  # fmt: skip
    """Cloning experiment by the reverse SDE, in the r directions in which the score moves x: equal in law to d dimensions.

    All branch times in one pass: clones leave the parents' paths at their time and run to 0 with the others.

    Parameters
    ----------
    times : branch times, 0 <= t <= horizon.
    steps : of the whole run from the horizon to 0, uniform; each branch time is a point of the grid.
    horizon : time of the start; by default `default_horizon`.
    start : "normal", N(0, I) at the horizon (off by less than e^{-6} in total variation by default), or "exact", the law P_T.
    outcome : "posterior", the class drawn given the final state: the fraction that agrees is then E sum_c p(c|x_t)^2
        whatever the overlap of the classes; or "nearest", the class of the nearest mean.
    halving : also run every step in two halves on the same noise, to measure the error of the time step.
    dtype : of the states; float32 rounds by 1e-7 of |x| per step.

    Raises
    ------
    DomainError : for a branch time outside [0, horizon], or d below the number of directions.
    """
    asked = np.asarray(times, dtype=np.float64)
    top = default_horizon(law, d, asked) if horizon is None else float(horizon)
    if asked.size == 0 or not (asked >= 0).all() or not (asked <= top).all() or d < max(law.rank, 1):
        raise DomainError(f"clones need 0 <= t <= horizon={top:g} for every branch time and d >= {max(law.rank, 1)}")
    for kind, name, known in (("start", start, ("normal", "exact")), ("outcome", outcome, ("posterior", "nearest"))):
        if name not in known:
            raise UnknownNameError(kind, name, known)
    if len(law.weights) == 1:
        sure = np.full(asked.shape, pairs)
        return CloneCounts(asked, pairs, sure, sure, sure * 0, sure * 0) if halving else CloneCounts(asked, pairs, sure)
    branches, place = np.unique(-asked, return_inverse=True)  # decreasing, each once
    grid = time_grid(top, 0.0, steps, through=-branches)
    run = _Clones(law, d, grid, -branches, scheme, outcome, halving, dtype)
    agree = np.zeros((4, len(branches)), dtype=np.int64)
    size = max(1, BLOCK // len(branches))
    for first in range(0, pairs, size):
        agree += run.block(min(size, pairs - first), start, streams)
    coarse, fine, gained, lost = agree[:, place]
    return CloneCounts(asked, pairs, coarse, fine, gained, lost) if halving else CloneCounts(asked, pairs, coarse)


class _Advance(Protocol):
    def __call__(self, y: FloatArray, xi: FloatArray, step: int, rule: Scheme, grid: FloatArray) -> None: ...


class _Clones:
    """One block of parents and their clones, in the coordinates of the means."""

    def __init__(
        self, law: GaussianClusters, d: int, grid: FloatArray, branches: FloatArray, scheme: str, outcome: str, halving: bool,
        dtype: Real,
    ) -> None:  # fmt: skip
        self.law, self.grid, self.branches, self.outcome, self.dtype = law, grid, branches, outcome, dtype
        self.means, self.weights = means(law, d), weights(law)
        self.centre = PopulationCentre(law, d, projected=True)
        self.levels = [grid]
        if halving:
            fine = np.empty(2 * len(grid) - 1)
            fine[::2], fine[1::2] = grid, 0.5 * (grid[1:] + grid[:-1])
            self.levels.append(fine)
        self.rules = [sde_scheme(level, self.centre.variance, scheme) for level in self.levels]
        self.advance: _Advance = self._two_clusters if self.means.shape == (2, 1) else self._any_clusters

    def _any_clusters(self, y: FloatArray, xi: FloatArray, step: int, rule: Scheme, grid: FloatArray) -> None:
        centre = self.centre(y.reshape(-1, y.shape[-1]), float(grid[step])).reshape(y.shape)
        y *= self.dtype(rule.keep[step])
        y += self.dtype(rule.pull[step]) * centre
        y += self.dtype(rule.noise[step]) * xi

    def _two_clusters(self, y: FloatArray, xi: FloatArray, step: int, rule: Scheme, grid: FloatArray) -> None:
        """Two clusters on a line: c = middle + half tanh(L/2), L the log-odds; all in place."""
        t = float(grid[step])
        decay, width = math.exp(-t), gamma(t, self.centre.variance)
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

    def _walk(self, states: Sequence[FloatArray], step: int, rng: np.random.Generator) -> None:
        """One step of the coarse grid for every level, on the same noise."""
        xi = normal(rng, states[0])
        if len(states) == 2:
            rule, later = self.rules[1], normal(rng, states[0])
            self.advance(states[1], xi, 2 * step, rule, self.levels[1])
            self.advance(states[1], later, 2 * step + 1, rule, self.levels[1])
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
            first = math.sqrt(gamma(top, self.centre.variance)) * first + math.exp(-top) * self.means[labels]
        parents: list[FloatArray] = [first.astype(self.dtype) for _ in self.levels]
        clones: list[FloatArray] = [np.empty((2, number, pairs, rank), dtype=self.dtype) for _ in self.levels]
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

    def _classes(self, y: FloatArray, uniform: FloatArray) -> IntArray:
        flat = y.reshape(-1, y.shape[-1]).astype(np.float64)
        if self.outcome == "nearest" or self.centre.variance == 0:
            gap = flat[:, None, :] - self.means
            label: IntArray = np.einsum("bkr,bkr->bk", gap, gap).argmin(axis=1)
        else:
            label = (self.centre.posterior(flat, 0.0).cumsum(axis=1)[:, :-1] <= uniform.reshape(-1, 1)).sum(axis=1)
        return label.reshape(uniform.shape)


class Observe(Protocol):
    """Turns final states (B, d) into whole numbers (B,) or (B, m): class, nearest datum, ..."""

    def __call__(self, x: FloatArray, rng: np.random.Generator) -> IntArray: ...


def clones_full(
    centre: Centre, x: FloatArray, times: Sequence[float] | FloatArray, grid: FloatArray, streams: Streams, observe: Observe,
    scheme: str = "exponential",
) -> BoolArray:  # fmt: skip
    """Cloning experiment in all d dimensions with any score.

    Parameters
    ----------
    x : (B, d) starting states at grid[0].
    times : branch times, each a point of the grid.
    observe : what is compared at the end, called with the final states and the clone's own stream.

    Returns
    -------
    (T, B) or (T, B, m) : whether the two clones agree.

    Raises
    ------
    DomainError : if a branch time is not on the grid.
    """
    asked = np.asarray(times, dtype=np.float64)
    if not np.isin(asked, grid).all():
        raise DomainError("every branch time has to be a point of the grid: build it with time_grid(..., through=times)")
    rule = sde_scheme(grid, centre.variance, scheme)
    shape = x.shape

    def step(y: FloatArray, i: int, rng: np.random.Generator) -> FloatArray:
        flat = y.reshape(-1, shape[1])
        moved = float(rule.keep[i]) * flat + float(rule.pull[i]) * centre(flat, float(grid[i]))
        moved += float(rule.noise[i]) * normal(rng, flat)
        return moved.reshape(y.shape)

    order = np.argsort(-asked, kind="stable")
    parent, left, right = x, np.empty((0, *shape), dtype=x.dtype), np.empty((0, *shape), dtype=x.dtype)
    for i, t in enumerate(grid):
        new = int((asked == t).sum())
        if new:
            left, right = (np.concatenate([side, np.repeat(parent[None], new, axis=0)]) for side in (left, right))
        if i == len(grid) - 1:
            break
        if len(left) < len(asked):
            parent = step(parent, i, streams.path)
        if len(left):
            left, right = step(left, i, streams.first), step(right, i, streams.second)
    ends = [observe(side.reshape(-1, shape[1]), rng) for side, rng in ((left, streams.first), (right, streams.second))]
    agree: BoolArray = (ends[0] == ends[1]).reshape(len(asked), shape[0], *ends[0].shape[1:])
    result = np.empty_like(agree)
    result[order] = agree
    return result
