"""Averages of functions of the log-odds where they depend on one number whose law is known: trapezoidal rules, halved until they settle."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from regimes.numerics.arrays import EPS, FloatArray, Pair, Rows
from regimes.numerics.speciation.odds import OddsFunction

_NODES = (96, 192, 384, 768, 1536, 3072)
_TOLERANCE = 4 * EPS
_ROUNDING = 128 * EPS
"""Of an average, relative to that of the modulus: rounding of log-odds that are differences of larger numbers shows as up to this much."""
_BLOCK = 2**19  # numbers in one array of log-odds

_REACH = 9.5  # of a normal variable: 1e-21 of the mass lies beyond

Line = Callable[[FloatArray, Rows], tuple[FloatArray, FloatArray]]
"""From the variable (R, N) and rows (R,) to the log of its density, up to a constant per row, (R, N), and the log-odds (R, N, K)."""


def line_averages(line: Line, low: FloatArray, high: FloatArray, weights: FloatArray, own: int, f: OddsFunction) -> Pair:
    """Mean of f(log_odds) under one class, (P, M), with the last observed change and rounding as error.

    Parameters
    ----------
    line : Line
        The law of the variable, analytic, and the log-odds as a function of it.
    low, high : (P,) array
        Ends beyond which the law has no mass in float64.
    weights : (P, K) array
        Of the classes.
    own : int
        Number of the class.

    The rule is normalised by itself, so a constant error of the density drops out.
    """
    rows = np.arange(low.size)
    value, _ = _trapezoid(line, low, high, weights, own, f, rows, _NODES[0])
    error = np.full_like(value, np.inf)
    for count in _NODES[1:]:
        now, modulus = _trapezoid(line, low, high, weights, own, f, rows, count)
        gap = np.abs(now - value[rows])
        value[rows], error[rows] = now, gap + _ROUNDING * modulus
        rows = rows[~(gap <= _TOLERANCE * modulus).all(axis=1)]
        if not rows.size:
            break
    return Pair(value, error)


def _trapezoid(
    line: Line, low: FloatArray, high: FloatArray, weights: FloatArray, own: int, f: OddsFunction, rows: Rows, count: int
) -> tuple[FloatArray, FloatArray]:
    parts = []
    share = np.arange(count + 1) / count
    block = max(1, _BLOCK // ((count + 1) * weights.shape[1]))
    for start in range(0, rows.size, block):
        some = rows[start : start + block]
        s = low[some, None] + (high - low)[some, None] * share
        log_density, log_odds = line(s, some)
        mass = np.exp(log_density - log_density.max(axis=1, keepdims=True))
        mass /= mass.sum(axis=1, keepdims=True)
        values = f(log_odds, weights[some, None, :], own)
        parts.append(np.stack([np.einsum("rn,rnm->rm", mass, values), np.einsum("rn,rnm->rm", mass, np.abs(values))]))
    now, modulus = np.concatenate(parts, axis=1)
    return now, modulus


# -- normal log-odds ---------------------------------------------------------------------------------------------------------------


def normal_log_odds(kappa: FloatArray, z: FloatArray, own: int) -> FloatArray:
    """Log-odds of both classes at z (R, N), the noise along the line in units of its spread, towards the own centre: (R, N, 2)."""
    other = -2 * np.sqrt(kappa)[:, None] * (np.sqrt(kappa)[:, None] + z)
    return np.stack([other, np.zeros_like(other)] if own else [np.zeros_like(other), other], axis=-1)


def normal_averages(kappa: FloatArray, weights: FloatArray, f: OddsFunction) -> Pair:
    """Averages over both classes, (P, 2, M), for L ~ N(2 kappa, 4 kappa)."""
    end = np.full_like(kappa, _REACH)

    def of_class(own: int) -> Pair:
        return line_averages(lambda z, rows: (-(z**2) / 2, normal_log_odds(kappa[rows], z, own)), -end, end, weights, own, f)

    return Pair(*(np.stack(part, axis=1) for part in zip(of_class(0), of_class(1), strict=True)))


def normal_moments(kappa: FloatArray, error: FloatArray) -> Pair:
    """Mean and variance of L, (P, 2, 2, 2), from kappa and its absolute error."""
    value, off = np.zeros((kappa.size, 2, 2, 2)), np.zeros((kappa.size, 2, 2, 2))
    for c in (0, 1):
        value[:, c, 1 - c] = np.stack([2 * kappa, 4 * kappa], axis=1)
        off[:, c, 1 - c] = np.stack([2 * error, 4 * error], axis=1)
    return Pair(value, off)
