"""The reverse process: time grids and integrators.

Every scheme here is linear in the state, the centre and the noise, x_s = keep x_t + pull c(x_t, t) + noise xi, for a step t -> s < t.

Notation: h = t - s, G_t = Gamma_t = Delta_t + variance e^{-2t}. Reverse SDE -dx = [x + 2 S] dt + sqrt(2) dW with S = (e^{-t} c - x)/G_t.
With c frozen the process is the bridge of the forward channel: x_s given x_t is Gaussian with mean
e^{-h} (G_s/G_t) x_t + e^{-s} (Delta_h/G_t) c and variance G_s Delta_h/G_t, exact for one Gaussian cluster at any step.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from regimes.numerics.arrays import RealArray
from regimes.theory.errors import DomainError, UnknownNameError
from regimes.validate.simulation.channel import cluster_var, normal
from regimes.validate.simulation.scores import Centre


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
    start: float, stop: float = 0.0, steps: int = 200, *, spacing: str = "uniform", through: Iterable[float] = (), smallest: float = 1e-4
) -> RealArray:
    """Decreasing times from `start` to `stop`, about `steps` steps, passing exactly through every time of `through`.

    Parameters
    ----------
    spacing : str
        "uniform" in t, or "snr": uniform in log gamma = -log(e^{2t} - 1), which resolves small t; it descends to max(stop, smallest) and,
        if stop is smaller, jumps there in one last step.

    Raises
    ------
    DomainError
        Unless start > stop >= 0, steps >= 1 and all of `through` lies between.
    """
    inner = sorted({float(t) for t in through} - {start, stop}, reverse=True)
    if not (start > stop >= 0 and steps >= 1 and all(start > t > stop for t in inner)):
        raise DomainError(f"time grid {start} > {inner} > {stop} in {steps} steps: times have to decrease to stop >= 0, with steps >= 1")
    knots = [start, *inner, stop]
    if spacing == "uniform":
        clock = np.array(knots)
    elif spacing == "snr":
        knots = [t for t in knots if t > smallest] + [max(stop, smallest)]
        clock = np.array([math.log(math.expm1(2.0 * t)) if t < 300 else 2.0 * t for t in knots])
    else:
        raise UnknownNameError("time grid", spacing, ("uniform", "snr"))
    pieces = []
    for k, (high, low) in enumerate(pairwise(clock)):
        number = max(1, math.ceil(steps * (high - low) / (clock[0] - clock[-1]) - 1e-9))
        piece = np.linspace(high, low, number + 1)
        piece = piece if spacing == "uniform" else 0.5 * np.logaddexp(piece, 0.0)
        piece[0], piece[-1] = knots[k], knots[k + 1]  # exactly, not to rounding
        pieces.append(piece[:-1])
    tail = [knots[-1], *(t for t in [*inner, stop] if t < knots[-1])]
    return np.concatenate([*pieces, tail])


class Scheme(NamedTuple):
    """x_s = keep x_t + pull c + noise xi, one number per step of a grid, and `carry`: how noise at t is damped by the step."""

    keep: RealArray
    pull: RealArray
    noise: RealArray
    carry: RealArray


def sde_scheme(grid: RealArray, variance: float, scheme: str = "exponential") -> Scheme:
    """Coefficients of the reverse SDE on a decreasing grid: "exponential" (centre frozen over a step) or "euler" (Euler-Maruyama)."""
    s, h, before, after, decay = _steps(grid, variance)
    if scheme == "exponential":
        spread = -np.expm1(-2.0 * h)
        keep = np.exp(-h) * after / before
        return Scheme(keep, np.exp(-s) * spread / before, np.sqrt(after * spread / before), keep)
    if scheme == "euler":
        return Scheme(1.0 + h - 2.0 * h / before, 2.0 * h * decay / before, np.sqrt(2.0 * h), np.ones_like(h))
    raise UnknownNameError("scheme", scheme, ("exponential", "euler"))


def flow_scheme(grid: RealArray, variance: float, scheme: str = "exponential") -> Scheme:
    """Coefficients of the probability flow -dx = [x + S] dt: "exponential" or "euler"."""
    s, h, before, after, decay = _steps(grid, variance)
    still = np.zeros_like(h)
    if scheme == "exponential":
        keep = np.sqrt(after / before)
        return Scheme(keep, np.exp(-s) - keep * decay, still, keep)
    if scheme == "euler":
        return Scheme(1.0 + h - h / before, h * decay / before, still, still)
    raise UnknownNameError("scheme", scheme, ("exponential", "euler", "heun"))


def _steps(grid: RealArray, variance: float) -> tuple[RealArray, ...]:
    t, s = np.asarray(grid[:-1], dtype=np.float64), np.asarray(grid[1:], dtype=np.float64)
    if not ((t > s).all() and (s >= 0).all()):
        raise DomainError("a grid of the reverse process has to decrease, down to 0 at the lowest")
    width = np.array([cluster_var(time, variance) for time in grid])
    return s, t - s, width[:-1], width[1:], np.exp(-t)


def reverse_sde(
    centre: Centre, x: RealArray, grid: RealArray, rng: np.random.Generator, scheme: str = "exponential"
) -> Iterator[tuple[float, RealArray]]:
    """States (t, x_t) of the reverse SDE at every time of `grid`, the start included.

    Parameters
    ----------
    x : array
        (B, d) states at grid[0]; left as they are. Every yielded array is new.
    """
    rule = sde_scheme(grid, centre.variance, scheme)
    yield float(grid[0]), x
    for i in range(len(grid) - 1):
        xi = normal(rng, x)
        x = float(rule.keep[i]) * x + float(rule.pull[i]) * centre(x, float(grid[i])) + float(rule.noise[i]) * xi
        yield float(grid[i + 1]), x


def probability_flow(centre: Centre, x: RealArray, grid: RealArray, scheme: str = "exponential") -> Iterator[tuple[float, RealArray]]:
    """States (t, x_t) of the probability flow at every time of `grid`: "exponential", "euler" or "heun" (second order)."""
    rule = flow_scheme(grid, centre.variance, "euler" if scheme == "heun" else scheme)
    yield float(grid[0]), x
    for i in range(len(grid) - 1):
        t, s = float(grid[i]), float(grid[i + 1])
        ahead = float(rule.keep[i]) * x + float(rule.pull[i]) * centre(x, t)
        if scheme == "heun" and cluster_var(s, centre.variance) > 0:
            score = (math.exp(-s) * centre(ahead, s) - ahead) / cluster_var(s, centre.variance)
            ahead = 0.5 * (x + ahead + (t - s) * (ahead + score))
        x = ahead
        yield s, x
