"""Curie-Weiss: the noised law of each sign of the magnetisation at a point x, to relative accuracy at any dimension.

Notation: gamma = e^{-2t}/Delta_t, xi_i = e^{-t} x_i/Delta_t the field that coordinate i of x puts on its spin, M = sum_i a_i. Up to a
factor that the classes share,

    Z_c(x) = sum_{a in c} exp(beta M^2/(2d) + h M + sum_i a_i xi_i),

and e^{beta M^2/(2d)} is the average of e^{yM} over y ~ N(0, beta/d) (Hubbard and Stratonovich), given which the spins are independent:

    Z_c(x) = E_y prod_i 2cosh(xi_i + y + h) P(M in c | y, x).

The sign of a sum of independent spins follows from its characteristic function, taken where a common field eta makes both signs alike, so
that the rarer sign keeps its digits. A tie, M = 0, belongs to each class by half. x enters through the counts of its xi on nodes.
"""

from __future__ import annotations

import math

import numpy as np
import scipy
from numpy.typing import NDArray

from regimes.numerics.arrays import FloatArray

_STEP = 0.75  # of y in units of its spread: the trapezoidal rule is exact to 2 exp(-2 (pi/0.75)^2) = 1e-15
_REACH = 9.0  # in standard deviations, of y about beta M/d and of M in its tilted law
_SMALL = 256  # dimension up to which the characteristic function is summed over its whole period
_CENTRE = 5 * _REACH  # |y| in units of its spread where signs that go against the field are counted
_BLOCK = 2**20


def log_class_sums(counts: FloatArray, nodes: FloatArray, beta: float, h: float, d: int) -> FloatArray:
    """log Z_c(x) for M > 0 and M < 0, (N, 2), up to a constant that is the same for all x.

    Parameters
    ----------
    counts : (N, J) array
        Numbers of coordinates whose field is each of the nodes; rows sum to d.
    nodes : (J,) array
        Values of xi.
    """
    width = np.sqrt(beta / d)
    half = int(np.ceil((beta + _REACH * width) / (_STEP * width)))
    y = _STEP * width * np.arange(-half, half + 1)
    field = y + h
    prior = -((y / width) ** 2) / 2 + d * _log_cosh(field)
    prior -= prior.max()
    central = np.abs(y) < _CENTRE * width if y.size > _SMALL else np.full(y.size, True)
    table, tilt = _log_cosh_ratio(nodes[:, None], field), _balancing(counts, nodes)
    result = np.empty((counts.shape[0], 2))
    block = max(1, _BLOCK // y.size)
    for start in range(0, counts.shape[0], block):
        some = slice(start, start + block)
        gain = counts[some] @ table
        keep = central if central.all() else _present(prior + gain, tilt[some], field, central)
        gain = gain[:, keep]
        sides = _log_signs(counts[some], nodes, tilt[some], field[keep], gain, d, central[keep])
        for c, log_share in enumerate(sides):
            result[some, c] = scipy.special.logsumexp(prior[keep] + gain + log_share, axis=1)
    return result


def _present(logs: FloatArray, tilt: FloatArray, field: FloatArray, central: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Fields y + h that matter to the sum over one of the signs at some x: within e^{-50} of the largest on their side of the balance.

    Where the spins of a sign go against the field, M is near 0 and so is y.
    """
    keep = central.copy()
    for side in (field >= tilt.min(), field <= tilt.max()):
        if side.any():
            keep[side] |= (logs[:, side] > logs[:, side].max(axis=1, keepdims=True) - 50).any(axis=0)
    return keep


def _log_cosh(u: FloatArray) -> FloatArray:
    return np.asarray(np.abs(u) + np.log1p(np.exp(-2 * np.abs(u))) - np.log(2))


def _log_cosh_ratio(xi: FloatArray, u: FloatArray) -> FloatArray:
    """log[cosh(u + xi)/cosh u], of relative accuracy for small xi."""
    near = np.log1p(2 * np.sinh(np.clip(xi, -1, 1) / 2) ** 2 + np.sinh(np.clip(xi, -1, 1)) * np.tanh(u))
    return np.where(np.abs(xi) < 1, near, _log_cosh(u + xi) - _log_cosh(u))


def _balancing(counts: FloatArray, nodes: FloatArray) -> FloatArray:
    """eta with sum_i tanh(xi_i + eta) = 0 for each x, (N,)."""
    low, high = np.full(counts.shape[0], -nodes.max()), np.full(counts.shape[0], -nodes.min())
    steps = math.log2(max((nodes.max() - nodes.min()) * math.sqrt(counts[0].sum()), 1)) + 4  # to a fraction of what shifts M visibly
    for _ in range(math.ceil(steps)):
        middle = (low + high) / 2
        up = (counts * np.tanh(nodes + middle[:, None])).sum(1) > 0
        low, high = np.where(up, low, middle), np.where(up, middle, high)
    return np.asarray((low + high) / 2)


def _log_signs(
    counts: FloatArray, nodes: FloatArray, tilt: FloatArray, field: FloatArray, gain: FloatArray, d: int, central: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray]:
    """log P(M > 0 | y, x) and log P(M < 0 | y, x), (N, Y) each, ties by half."""
    spread = np.sqrt(np.maximum((counts / np.cosh(np.clip(nodes + tilt[:, None], -300, 300)) ** 2).sum(1), 1.0))
    step = 0.5 / np.median(spread)
    bins = np.round((tilt - tilt.min()) / step).astype(int)
    plus, minus = np.zeros_like(gain), np.zeros_like(gain)
    for one in np.unique(bins):
        rows = np.flatnonzero(bins == one)
        eta = float(tilt.min() + one * step)
        away = field - eta
        near = central | (np.abs(away) * spread[rows].max() < 4 * _REACH)
        rare = np.full((rows.size, field.size), -np.inf)  # log of the share of the sign against the field
        if near.any():
            rare[:, near] = _log_rare(counts[rows], nodes, eta, away[near], spread[rows], d)
            change = counts[rows] @ _log_cosh_ratio(nodes, np.full(1, eta))[:, None] - gain[rows][:, near]
            rare[:, near] += d * (_log_cosh(np.full(1, eta)) - _log_cosh(field[near])) + change
        with np.errstate(divide="ignore"):
            common = np.log1p(-np.exp(np.minimum(rare, 0)))
        plus[rows] = np.where(away > 0, common, rare)
        minus[rows] = np.where(away > 0, rare, common)
    return plus, minus


def _log_rare(counts: FloatArray, nodes: FloatArray, eta: float, away: FloatArray, spread: FloatArray, d: int) -> FloatArray:
    """log of sum over the M against the field of q(M) e^{-|away M|}, with q the law of M in the field xi + eta: (N, Y)."""
    if d <= _SMALL:
        period = d + 1
        k = np.pi * np.arange(period // 2 + 1) / period
    else:
        period = min(d + 1, int(1.5 * _REACH * spread.max()) + 8)
        k = np.pi * np.arange(period // 2 + 1) / period
        k = k[k <= _REACH / spread.min()]
    times = np.where((k == 0) | (2 * np.arange(k.size) == period), 1.0, 2.0)  # k and -k are conjugate
    factor = np.cos(k) + 1j * np.tanh(nodes + eta)[:, None] * np.sin(k)
    logs = np.log(np.where(np.abs(factor) < 1e-300, 1e-300, factor))
    law = np.exp(counts @ logs.real + 1j * (counts @ logs.imag)) * (times / period)
    first = 1 if d % 2 else 2
    number = (period - first) // 2 + 1  # M = first, first + 2, ... up to the period
    # relative to the first term, so that nothing underflows; an even number of spins may tie, with weight one half
    decay = np.abs(away) - 1j * np.where(away > 0, 1, -1) * k[:, None]
    ratio = np.exp(-2 * decay)
    with np.errstate(divide="ignore", invalid="ignore"):
        kernel = np.where(np.abs(ratio - 1) < 1e-14, number, (1 - ratio**number) / (1 - ratio))
    shift = np.exp(1j * np.where(away > 0, 1, -1) * k[:, None])
    total = (law @ (kernel * shift if first == 1 else 0.5 + ratio * kernel)).real
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.maximum(total, 0)) - (np.abs(away) if first == 1 else 0))
