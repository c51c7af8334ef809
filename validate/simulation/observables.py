"""What is read off simulated states: pure functions of arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from regimes.numerics.arrays import IntArray, RealArray

PANEL = 2**21  # entries of the largest block of distances


def nearest(x: RealArray, points: RealArray) -> IntArray:
    """Index of the row of `points` (K, d) closest to each row of `x` (B, d); the first, if several are equally close.

    The class of a state is `nearest(x, means)`, its datum `nearest(x, data)`.
    """
    origin = points.mean(axis=0)  # products of centred rows lose fewer digits
    moved, shifted = x - origin, points - origin
    square = 0.5 * np.einsum("ij,ij->i", shifted, shifted)
    rows = max(1, PANEL // len(points))
    found = np.empty(len(x), dtype=np.intp)
    for first in range(0, len(x), rows):
        found[first : first + rows] = (moved[first : first + rows] @ shifted.T - square).argmax(axis=1)
    return found


def agreement(first: IntArray, second: IntArray) -> int:
    """Number of pairs that agree."""
    return int(np.count_nonzero(first == second))


def drawn_class(posterior: RealArray, rng: np.random.Generator) -> IntArray:
    """One class per row, drawn with the probabilities `posterior` (B, K)."""
    drawn: IntArray = (posterior.cumsum(axis=1)[:, :-1] <= rng.random((len(posterior), 1))).sum(axis=1)
    return drawn


def participation(weights: RealArray) -> RealArray:
    """sum_mu w_mu^2 over the last axis: the probability that two draws agree."""
    ratio: RealArray = np.einsum("...i,...i->...", weights, weights)
    return ratio


def overlap(x: RealArray, direction: RealArray) -> RealArray:
    """q = m.x/sqrt(d) for the mean m = `direction` (d,), of states `x` (..., d)."""
    q: RealArray = x @ direction / np.sqrt(x.shape[-1])
    return q


def freeze_time(times: RealArray, datum: IntArray) -> RealArray:
    """Time at which each trajectory takes up the datum it keeps to the end.

    Parameters
    ----------
    times : array
        (S,) decreasing.
    datum : array
        (S, B) nearest datum at those times.

    Returns
    -------
    (B,) the first of `times` from which the datum no longer changes: the last change lies between this time and the one
    before it. It is times[0] for a trajectory that never changes.
    """
    changed: npt.NDArray[np.bool_] = datum != datum[-1]
    last = len(times) - 1 - np.argmax(changed[::-1], axis=0)  # last time with another datum
    stop = np.where(changed.any(axis=0), last + 1, 0)
    frozen: RealArray = np.asarray(times)[stop]
    return frozen
