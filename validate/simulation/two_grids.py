"""One cloning experiment on two time grids with the same noise: the error of the time step, measured by halving every step.

Notation: a scheme's step is x_s = keep x_t + pull c(x_t, t) + noise xi (see `diffusion`). Two halves driven by xi_1, xi_2 carry
the noise keep_2 noise_1 xi_1 + noise_2 xi_2 to the end of the step; the coarse step uses that, normalised. So both grids
share start and Brownian path.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from regimes.numerics.arrays import RealArray
from regimes.validate.simulation.integrators import Scheme, Streams, sde_scheme
from regimes.validate.simulation.scores import Centre

Watch = Callable[[int, int, float, RealArray], None]
"""Called as ``watch(grid, i, t, x)`` with the parents' states (B, d) at point i of the coarse grid; grid 0 is coarse, 1 fine."""


class Ends(NamedTuple):
    """Final states on the coarse grid (0) and with every step halved (1): the first axis of all arrays counts the two.

    Attributes
    ----------
    parents : array
        (2, B, d).
    clones : array
        (2, 2, T, B, d); the second axis counts the clones of a pair, T the branch times.
    """

    parents: RealArray
    clones: RealArray


def halved(grid: RealArray) -> RealArray:
    """`grid` with the middle of every step put in."""
    fine = np.empty(2 * len(grid) - 1)
    fine[::2], fine[1::2] = grid, 0.5 * (grid[1:] + grid[:-1])
    return fine


def clones_on_two_grids(
    centre: Centre, x: RealArray, times: tuple[float, ...], grid: RealArray, streams: Streams, scheme: str, watch: Watch | None = None
) -> Ends:
    """Run parents from x to the end of `grid`, and from every branch time two clones of each.

    Parameters
    ----------
    x : array
        (B, d) starting states at grid[0], float32 or float64; all states have its type.
    times : tuple
        Branch times, all of them points of `grid` before its end.
    """
    if not set(times) <= set(grid[:-1].tolist()):
        raise ValueError("every branch time has to be a point of the grid before its end")
    order = sorted(range(len(times)), key=lambda k: -times[k])
    fine_grid = halved(grid)
    coarse_rule, fine_rule = sde_scheme(grid, centre.variance, scheme), sde_scheme(fine_grid, centre.variance, scheme)
    parents = np.repeat(x[None, None], 2, axis=0)  # (grid, 1, B, d)
    clones = np.empty((2, 2, 0, *x.shape), x.dtype)  # (grid, side, branches so far, B, d)
    for i, t in enumerate(grid.tolist()):
        if watch is not None:
            for k in range(2):
                watch(k, i, t, parents[k, 0])
        for _ in range(times.count(t)):
            clones = np.concatenate([clones, np.repeat(parents[:, None], 2, axis=1)], axis=2)
        if i == len(grid) - 1:
            break
        # All states on both grids in one call of the score: it is what takes the time.
        states = np.concatenate([parents, clones.reshape(2, -1, *x.shape)], axis=1)
        first, second = (_noise(streams, clones.shape[2], x) for _ in range(2))
        centres = _centres(centre, states, t)
        half = _step(states[1], centres[1], fine_rule, 2 * i, first)
        fine = _step(half, _centres(centre, half, float(fine_grid[2 * i + 1])), fine_rule, 2 * i + 1, second)
        early, late = fine_rule.carry[2 * i + 1] * fine_rule.noise[2 * i], fine_rule.noise[2 * i + 1]
        total = math.hypot(early, late)
        # The last step to t = 0 of a law without width has no noise at its end, whatever reaches it.
        shared = float(early / total) * first + float(late / total) * second if total > 0 else first
        states = np.stack([_step(states[0], centres[0], coarse_rule, i, shared), fine])
        parents, clones = states[:, :1], states[:, 1:].reshape(clones.shape)
    ends = np.empty_like(clones)
    ends[:, :, order] = clones
    return Ends(parents[:, 0], ends)


def _noise(streams: Streams, branches: int, like: RealArray) -> RealArray:
    """Normal numbers for the parents, the first and the second clones, each from its own stream."""
    numbers = ((streams.path, 1), (streams.first, branches), (streams.second, branches))
    real = np.float32 if like.dtype == np.float32 else np.float64
    return np.concatenate([rng.standard_normal((k, *like.shape), dtype=real) for rng, k in numbers])


def _centres(centre: Centre, states: RealArray, t: float) -> RealArray:
    return centre(states.reshape(-1, states.shape[-1]), t).reshape(states.shape)


def _step(states: RealArray, centres: RealArray, rule: Scheme, i: int, xi: RealArray) -> RealArray:
    return np.asarray(float(rule.keep[i]) * states + float(rule.pull[i]) * centres + float(rule.noise[i]) * xi)
