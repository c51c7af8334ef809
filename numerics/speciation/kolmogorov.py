"""Splitting probability of a scalar reverse process: the backward Kolmogorov equation, in space by Chebyshev collocation.

The reverse process of a scalar order parameter is -dq = b(q, t) dt + s(q, t) dW, run from t down to 0. The probability u(q, t) that it ends
in class A obeys

    du/dt = b du/dq + (s^2/2) d^2u/dq^2,    u(q, 0) = probability of A at the end of the process,

and nothing but b, s and that end enters. The nodes move with q = shift(t) + scale(t) xi, xi of order one where the class is open; that
choice decides how many nodes are needed and not what u is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from regimes.numerics.arrays import FloatArray

__all__ = ["REACH", "Frame", "Process", "Splitting", "blur", "splitting"]

Field = Callable[[FloatArray, float], FloatArray]

REACH = 32.0
"""|xi| at which the class counts as decided: xi is a log-odd, and e^-32 = 1e-14."""
_BEND = 2.0  # |xi| within which the nodes are nearly even
_ROUGH, _FINE = (56, 1e-6), (80, 1e-9)
"""Intervals of the grid and tolerance of the solver."""
LEAST_ERROR = 1e-11
"""Of u between the ends: what both grids share, rounding of the equation's stiff terms and the ends of the nodes, is seen to stay below."""


class Frame(NamedTuple):
    """Where the nodes are at one time: q = shift + scale xi for xi from `low` to `REACH`, and the rates of change with t."""

    shift: float
    scale: float
    low: float
    shift_rate: float
    scale_rate: float
    low_rate: float


@dataclass(frozen=True)
class Process:
    """A scalar reverse process.

    Attributes
    ----------
    drift, noise : Field
        B and s, functions of q (N,) and t.
    frame : callable
        Where the nodes are at time t.
    start : float
        Time at which the reverse process ends.
    end : callable
        u(., start) as a function of xi.
    free : float
        Time from which on the low end of the nodes is the end of the space, where the noise vanishes, rather than a decided class.
    """

    drift: Field
    noise: Field
    frame: Callable[[float], Frame]
    start: float
    end: Callable[[FloatArray], FloatArray]
    free: float = np.inf


class Splitting(NamedTuple):
    """u at some times on the nodes of one grid: a function of xi."""

    x: FloatArray
    values: FloatArray
    lows: FloatArray

    def at(self, k: int, xi: FloatArray) -> FloatArray:
        """u at the time number k, by barycentric interpolation; 0 or 1 beyond nodes that end in a decided class."""
        left, right = -np.arcsinh(self.lows[k] / _BEND), np.arcsinh(REACH / _BEND)
        x = np.clip((2 * np.arcsinh(xi / _BEND) + left - right) / (left + right), -1, 1).ravel()
        weights = (-1.0) ** np.arange(self.x.size)
        weights[[0, -1]] /= 2
        gap = x[:, None] - self.x
        hit = gap == 0
        share = weights / np.where(hit, 1, gap)
        share[hit.any(1)] = hit[hit.any(1)]
        u = (share @ self.values[k]) / share.sum(1)
        u = np.where(x >= 1, 1.0, np.where((x <= -1) & (self.lows[k] <= -REACH), 0.0, u))
        return np.asarray(np.clip(u, 0, 1).reshape(np.shape(xi)))


def splitting(process: Process, times: FloatArray) -> tuple[Splitting, Splitting]:
    """u at increasing `times`, not before the start: from a fine grid at a tight tolerance, and from a coarse one at a loose one.

    The largest difference of the two over all xi, `blur`, is the measured error. `ArithmeticError` where the solver does not get there.
    """
    fine, rough = (_solve(process, times, *setting) for setting in (_FINE, _ROUGH))
    return fine, rough


def blur(fine: Splitting, rough: Splitting, k: int) -> float:
    """Measured error of u at the time number k."""
    xi = np.linspace(max(float(fine.lows[k]), -REACH), REACH, 641)
    return float(np.abs(fine.at(k, xi) - rough.at(k, xi)).max()) + LEAST_ERROR


def _chebyshev(count: int) -> tuple[FloatArray, FloatArray]:
    """Nodes from -1 to 1 and the matrix of the derivative."""
    angle = np.pi * np.arange(count + 1) / count
    x = -np.cos(angle)
    # x_i - x_j without cancellation near the ends
    gap = 2 * np.sin((angle[:, None] + angle) / 2) * np.sin((angle[:, None] - angle) / 2)
    weight = (-1.0) ** np.arange(count + 1)
    weight[[0, -1]] *= 2
    matrix = np.outer(weight, 1 / weight) / (gap + np.eye(count + 1))
    matrix -= np.diag(matrix.sum(1))  # a constant has no slope, exactly
    return x, matrix


def _place(x: FloatArray, low: float) -> tuple[FloatArray, float]:
    """arcsinh(xi/_BEND) at nodes x from -1 to 1, for xi from `low` to `REACH`, and its slope."""
    left, right = -np.arcsinh(low / _BEND), np.arcsinh(REACH / _BEND)
    return np.asarray((right * (1 + x) - left * (1 - x)) / 2), float(left + right) / 2


Operator = Callable[[float, bool], FloatArray]


def _rate(operator: Operator, free: bool, t: float, u: FloatArray) -> FloatArray:
    return np.asarray(operator(t, free) @ u)


def _jacobian(operator: Operator, free: bool, t: float, u: FloatArray) -> FloatArray:
    del u
    return operator(t, free)


def _solve(process: Process, times: FloatArray, count: int, tolerance: float) -> Splitting:
    from scipy.integrate import solve_ivp

    x, first = _chebyshev(count)
    second = first @ first

    def operator(t: float, free: bool) -> FloatArray:
        """The matrix of u -> du/dt at the nodes."""
        at = process.frame(t)
        place, half = _place(x, at.low)
        xi, slope = _BEND * np.sinh(place), _BEND * np.cosh(place)
        moved = slope * (1 - x) / 2 * at.low_rate / np.hypot(at.low, _BEND)  # of xi at a node: the low end moves, the other does not
        q = at.shift + at.scale * xi
        speed = at.shift_rate + at.scale_rate * xi + at.scale * moved
        stretch, bend = at.scale * slope * half, at.scale * xi * half**2
        spread = process.noise(q, t) ** 2 / 2 / stretch**2
        matrix = ((process.drift(q, t) + speed) / stretch - spread * bend / stretch)[:, None] * first + spread[:, None] * second
        matrix[-1] = 0.0  # a decided class stays
        if not free:
            matrix[0] = 0.0
        return np.asarray(matrix)

    u = process.end(_BEND * np.sinh(_place(x, process.frame(process.start).low)[0]))
    u[-1] = 1.0
    if process.free > process.start:
        u[0] = 0.0
    values = np.empty((times.size, x.size))
    values[times <= process.start] = u
    for low, high, free in ((process.start, process.free, False), (max(process.start, process.free), np.inf, True)):
        rows = np.flatnonzero((times > low) & (times <= high))
        if high <= low or not (times > low).any():
            continue
        end = min(float(times[-1]), high)
        stops = np.unique([*times[rows], end])
        found = solve_ivp(
            partial(_rate, operator, free),
            (low, end),
            u,
            method="Radau",
            t_eval=stops,
            jac=partial(_jacobian, operator, free),
            rtol=tolerance,
            atol=tolerance / 10,
        )
        if not found.success:
            raise ArithmeticError(f"backward Kolmogorov equation: {found.message}")
        values[rows] = found.y.T[np.searchsorted(stops, times[rows])]
        u = found.y[:, -1]
    return Splitting(x, values, np.array([process.frame(float(t)).low for t in times]))
