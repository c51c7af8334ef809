"""One cloning experiment on two time grids with the same noise: the error of the time step, measured by halving every step.

Notation: a scheme's step is x_s = keep x_t + pull c(x_t, t) + noise xi (see `diffusion`). Two halves driven by xi_1, xi_2 carry
the noise keep_2 noise_1 xi_1 + noise_2 xi_2 to the end of the step; the coarse step uses that, normalised. So both levels
share start and Brownian path.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from regimes.validate.diffusion import Scheme, Streams, sde_scheme
from regimes.validate.sampling import FloatArray
from regimes.validate.scores import Centre

Watch = Callable[[int, int, float, FloatArray], None]
"""Called as ``watch(level, i, t, x)`` with the parents' states (B, d) at point i of the coarse grid; level 0 is coarse, 1 fine."""


class Ends(NamedTuple):
    """Final states on the coarse grid (level 0) and with every step halved (level 1): all other arrays start with the level.

    Attributes
    ----------
    parents : (2, B, d).
    clones : (2, 2, T, B, d); the second axis counts the clones of a pair, T the branch times.
    """

    parents: FloatArray
    clones: FloatArray


def halved(grid: FloatArray) -> FloatArray:
    """`grid` with the middle of every step put in."""
    fine = np.empty(2 * len(grid) - 1)
    fine[::2], fine[1::2] = grid, 0.5 * (grid[1:] + grid[:-1])
    return fine


def clones_on_two_grids(centre: Centre, x: FloatArray, times: tuple[float, ...], grid: FloatArray, streams: Streams, scheme: str,
                        watch: Watch | None = None) -> Ends:
    """Run parents from x to the end of `grid`, and from every branch time two clones of each.

    Parameters
    ----------
    x : (B, d) starting states at grid[0], float32 or float64; all states have its type.
    times : branch times, all of them points of `grid` before its end.
    """
    if not set(times) <= set(grid[:-1].tolist()):
        raise ValueError("every branch time has to be a point of the grid before its end")
    grids = (grid, halved(grid))
    rules = [sde_scheme(g, centre.variance, scheme) for g in grids]
    walkers = np.repeat(x[None, None], 2, axis=0)  # (level, 1 + branches, B, d): the parents first
    sides = [np.empty((2, 0, *x.shape), x.dtype), np.empty((2, 0, *x.shape), x.dtype)]
    order = sorted(range(len(times)), key=lambda k: -times[k])

    def advance(states: FloatArray, i: int, rng: np.random.Generator) -> FloatArray:
        """One coarse step, two fine ones."""
        first, second = _normal(rng, states[0]), _normal(rng, states[0])
        fine = _step(centre, states[1], rules[1], grids[1], 2 * i, first)
        fine = _step(centre, fine, rules[1], grids[1], 2 * i + 1, second)
        early, late = rules[1].carry[2 * i + 1] * rules[1].noise[2 * i], rules[1].noise[2 * i + 1]
        total = math.hypot(early, late)
        # The last step to t = 0 of a law without width has no noise at its end, whatever reaches it.
        shared = float(early / total) * first + float(late / total) * second if total > 0 else first
        return np.stack([_step(centre, states[0], rules[0], grid, i, shared), fine])

    for i, t in enumerate(grid.tolist()):
        if watch is not None:
            for level in range(2):
                watch(level, i, t, walkers[level, 0])
        sides = [np.concatenate([side, *(walkers for time in times if time == t)], axis=1) for side in sides]
        if i < len(grid) - 1:
            walkers = advance(walkers, i, streams.path)
            if sides[0].shape[1]:
                sides = [advance(side, i, rng) for side, rng in zip(sides, (streams.first, streams.second), strict=True)]
    clones = np.empty((2, 2, len(times), *x.shape), x.dtype)
    for place, k in enumerate(order):
        clones[:, 0, k], clones[:, 1, k] = sides[0][:, place], sides[1][:, place]
    return Ends(walkers[:, 0], clones)


def _normal(rng: np.random.Generator, like: FloatArray) -> FloatArray:
    return rng.standard_normal(like.shape, dtype=np.float32 if like.dtype == np.float32 else np.float64)


def _step(centre: Centre, states: FloatArray, rule: Scheme, grid: FloatArray, i: int, xi: FloatArray) -> FloatArray:
    """One step of (branches, B, d) states."""
    flat = states.reshape(-1, states.shape[-1])
    pulled = centre(flat, float(grid[i])).reshape(states.shape)
    return np.asarray(float(rule.keep[i]) * states + float(rule.pull[i]) * pulled + float(rule.noise[i]) * xi)
