"""Integrals over the smeared energy v at given points x, by contours in the complex plane of the tilt.

Notation: as in `finite_size`. All that a law of the data is asked is the transform of one level seen from x (`LevelPoints`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol, Self

import numpy as np
import scipy
from numpy.typing import NDArray

from regimes.numerics.arrays import ComplexArray, FloatArray

Form = Literal["excess", "confusion", "agreement"]

DROP = 38.0  # e^{-38} < 2^{-54}: what is smaller than the peak by this factor is below rounding.


class LevelPoints(Protocol):
    """Points x with the weights (X,) of the average over x, and the transform of a level seen from each."""

    @property
    def weights(self) -> FloatArray:
        """Weights of the average over x, (X,)."""

    @property
    def abscissa(self) -> float:
        """The transform exists for Re lam > abscissa; 0 or less, -inf for bounded energies."""

    def transform(self, lam: ComplexArray, origin: FloatArray) -> tuple[ComplexArray, FloatArray]:
        """E exp(-lam (E - origin)) as amplitude (X, Y) times exp(size), size (X, 1): the amplitude is about one at the first lam (1, Y)."""

    def log_mean(self, tilt: FloatArray) -> tuple[FloatArray, FloatArray]:
        """log M_x and the mean energy under e^{-tilt E}, (X, Y), at real tilts (1, Y)."""

    def slowest(self) -> LevelPoints:
        """Points whose transform falls no faster along any line Re lam = const than that of any of these."""

    def select(self, index: NDArray[np.int_]) -> Self:
        """The subset of points."""


@dataclass(frozen=True)
class Grid:
    """How finely the integrals are taken.

    Attributes
    ----------
    step : float
        Spacing of v.
    shift : float
        Of the contour, as a part of its distance to a pole.
    spacing : float
        Of the contours, in units of that distance.
    drop : float
        What is smaller than the peak by exp(drop) is left out.
    block : int
        Points that are treated at once.
    """

    step: float
    shift: float
    spacing: float = 1 / 3
    drop: float = DROP
    block: int = 400


@dataclass(frozen=True)
class Tilts:
    """Where the integrals over v live, per point: all of shape (X,).

    Attributes
    ----------
    log_m1 : ndarray
        log M_x(1).
    saddle : ndarray
        Tilt at which (n-1) e^{lam v} M_x(lam), stationary in lam, is one; above 1 the levels do not condense.
    spread : ndarray
        Standard deviation of the energies under e^{-E}.
    """

    log_m1: FloatArray
    saddle: FloatArray
    spread: FloatArray

    def select(self, index: NDArray[np.int_]) -> Tilts:
        """The subset of points."""
        return Tilts(self.log_m1[index], self.saddle[index], self.spread[index])


def tilts_of(points: LevelPoints, log_others: float) -> Tilts:
    grid = np.linspace(0.5, 2.0, 25)[None]
    log_m, mean = points.log_mean(grid)
    balance = log_others + log_m + grid * mean  # decreases along the grid
    k = np.clip((balance > 0).sum(axis=1), 1, grid.size - 1)
    row = np.arange(k.size)
    left, right = balance[row, k - 1], balance[row, k]
    part = np.clip(left / np.maximum(left - right, 1e-300), 0.0, 1.0)
    near = points.log_mean(np.array([[0.99, 1.0, 1.01]]))
    spread = np.sqrt(np.maximum((near[1][:, 0] - near[1][:, 2]) / 0.02, 0.0))
    return Tilts(near[0][:, 1], grid[0, k - 1] + part * (grid[0, k] - grid[0, k - 1]), spread)


@dataclass(frozen=True)
class Contour:
    """A line Re lam = tilt shared by some points, lattices of Im lam and of v - centre, and the centres (X,)."""

    tilt: float
    centre: FloatArray
    y: FloatArray
    u: FloatArray


def peak_of(points: LevelPoints, tilts: Tilts, tilt: FloatArray, log_others: float) -> tuple[FloatArray, FloatArray]:
    """Mean energy at the tilt, and Chernoff's logarithm of C min(1, (n-1) P) there, nearly the largest over v."""
    log_m, mean = (a[:, 0] for a in points.log_mean(tilt[:, None]))
    below = np.minimum(0.0, log_others + tilt * mean + log_m)
    return mean, np.minimum(0.0, (tilt - 1) * mean + log_m - tilts.log_m1) + below


def _contour(points: LevelPoints, tilts: Tilts, tilt: float, gap: float, log_others: float, form: Form, grid: Grid) -> Contour:
    lowest, drop, step = points.abscissa, grid.drop, grid.step
    centre, peak = peak_of(points, tilts, np.array([tilt]), log_others)
    # Chernoff bounds on C (above) and on (n-1) P or -C' (below) leave out what is under exp(-drop) of the peak.
    powers = np.exp2(-np.arange(1.0, 13.0))
    above = np.concatenate([1 - powers, [0.1, max(-1.0, 0.5 * lowest), max(-6.0, 0.8 * lowest)]])
    log_above = points.log_mean(above[None])[0] - tilts.log_m1[:, None] + scipy.special.loggamma(1 - above)
    v_single = -log_others - tilts.log_m1  # (n-1) P < e^{v - v_single}
    if form == "agreement":
        below = 1 + powers
        log_below = points.log_mean(below[None])[0] - tilts.log_m1[:, None] + scipy.special.loggamma(2 - below)
        peak = np.maximum(-log_others, np.minimum(0.0, (tilt - 1) * centre + points.log_mean(np.array([[tilt]]))[0][:, 0] - tilts.log_m1))
        low = ((peak[:, None] - drop - log_below) / (below - 1)).max(axis=1)
        high = np.minimum(((drop - peak[:, None] + log_above) / (1 - above)).min(axis=1), v_single + drop + 4)
    else:
        below = np.append(powers, 1 - powers[1:])
        log_below = points.log_mean(below[None])[0] + log_others + scipy.special.loggamma(1 - below) - np.log(below)
        low = np.maximum(((peak[:, None] - drop - log_below) / below).max(axis=1), v_single + peak - drop)
        high = ((drop - peak[:, None] + log_above) / (1 - above)).min(axis=1)
    left, right = float((low - centre).min()), float((high - centre).max())
    u = left + step * np.arange(math.ceil((right - left) / step) + 1, dtype=np.float64)
    y_step = 2 * math.pi / (right - left + drop / gap)
    return Contour(tilt, centre, y_step * np.arange(math.ceil(_height(points, tilt, y_step, drop) / y_step) + 1, dtype=np.float64), u)


def _height(points: LevelPoints, tilt: float, y_step: float, drop: float) -> float:
    """Im lam beyond which the integrand is below rounding at every point."""
    # The fine part is as dense as the energies can make |M| vary: levels on a lattice bring it back periodically.
    y = np.union1d(np.append(0.0, np.geomspace(1e-9, 26.0, 400)), np.arange(0.0, 26.0, 2 * y_step))
    slowest, lam = points.slowest(), (tilt + 1j * y)[None]
    amplitude, _ = slowest.transform(lam, np.zeros(slowest.weights.size))
    with np.errstate(divide="ignore"):
        size = np.log(np.abs(amplitude)) + scipy.special.loggamma(2 - lam).real
    last = int(np.flatnonzero((size > size[:, :1] - drop).any(axis=0))[-1])
    return float(y[min(last + 1, y.size - 1)])


def _smeared(points: LevelPoints, tilts: Tilts, contour: Contour) -> tuple[FloatArray, FloatArray, FloatArray]:
    """P, C and P' on (X, V); where the contour is right of the pole at 1, P and -C' (twice)."""
    tilt, right = contour.tilt, contour.tilt > 1
    lam = (tilt + 1j * contour.y)[None]
    amplitude, size = points.transform(lam, contour.centre)
    weights = np.full(contour.y.size, (contour.y[1] - contour.y[0]) / math.pi)
    weights[0] /= 2
    amplitude *= np.exp(scipy.special.loggamma(1 - lam)) * weights
    phase = np.outer(contour.y, contour.u)
    waves = np.concatenate([np.cos(phase), np.sin(phase)])
    rows = _real_part(amplitude * (1 - lam) if right else amplitude, waves)
    c = rows * np.exp(size - (contour.centre + tilts.log_m1)[:, None] + (tilt - 1) * contour.u)
    amplitude /= lam  # Gamma(1-lam) = -lam Gamma(-lam)
    p = _real_part(amplitude, waves)
    growth = np.exp(size + tilt * contour.u)
    p *= growth
    if right:
        p += np.exp((contour.centre + tilts.log_m1)[:, None] + contour.u)
        return p, c, c
    rows *= growth
    return p, c, rows


def _real_part(amplitude: ComplexArray, waves: FloatArray) -> FloatArray:
    return np.concatenate([amplitude.real, -amplitude.imag], axis=1) @ waves


def _integrals(points: LevelPoints, tilts: Tilts, contour: Contour, n: float, form: Form) -> FloatArray:
    """The integral over v of one form at every point, (X,)."""
    p, c, slope = _smeared(points, tilts, contour)
    # Once P is certain to e^{-40} its digits no longer matter; what rounding does to them must not matter either.
    settled = np.logical_or.accumulate((n - 1) * p > 40, axis=1)
    log_empty = (n - 1) * np.log1p(-np.clip(p, 0.0, 1 - 1e-16))
    if form == "excess":
        integrand = c * np.where(settled, 1.0, -np.expm1(log_empty))
    elif form == "agreement":
        integrand = c * np.where(settled, 0.0, np.exp(log_empty))
    else:
        integrand = c * slope * np.where(settled, 0.0, (n - 1) * np.exp(log_empty * ((n - 2) / (n - 1))))
    return np.asarray((contour.u[1] - contour.u[0]) * integrand.sum(axis=1))


def inner_integrals(points: LevelPoints, tilts: Tilts, n: float, form: Form, grid: Grid) -> FloatArray:
    """The integral over v of one form at every point, (X,): points of nearly the same tilt share a contour."""
    log_others, values = math.log(n - 1), np.empty(tilts.saddle.size)
    if not values.size:
        return values
    gap = min(0.4, 1 / max(float(tilts.spread.max()), 1e-300)) * (1 - grid.shift)  # distance to the poles at 0, 1, 2
    low, high = (1 + gap, 2 - gap) if form == "agreement" else (0.5 + 0.3 * grid.shift, 1 - gap)
    spacing = grid.spacing * gap
    rounded = np.minimum(low + np.round((np.clip(tilts.saddle, low, high) - low) / spacing) * spacing, high)
    order = np.argsort(tilts.saddle, kind="stable")
    for tilt in np.unique(rounded):
        index = order[rounded[order] == tilt]
        for start in range(0, index.size, grid.block):
            block = index[start : start + grid.block]
            here, part = points.select(block), tilts.select(block)
            contour = _contour(here, part, float(tilt), gap, log_others, form, grid)
            values[block] = _integrals(here, part, contour, n, form)
    return values
