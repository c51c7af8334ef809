"""Derrida's random energy model at a finite number of levels, by one-dimensional integrals.

Notation: N levels with Boltzmann exponents x_mu = -beta E_mu = S g_mu, g normal, S = beta sqrt(d v); Z = sum e^{x_mu}. Every exponent is
smeared by a Gumbel variable G = -log Exp(1), so that the largest of x_mu + G_mu has the law of log Z + G and belongs to level mu with
probability w_mu = e^{x_mu}/Z. With y = e^{x-u} and averages over one level,

    T(u) = P(x + G > u) = E[1 - e^{-y}],   H = 1 - T,   h = H' = E[y e^{-y}],   A_k = E[y^k e^{-y}],   B = E[K(y)],

    E log Z + gamma_E            = int du u N h H^{N-1}
    E sum w^2                    = int du N A_2 H^{N-1}           = 1 - int du N (N-1) h^2 H^{N-2}
    E (sum w^2)^2                = int du [N A_4 H^{N-1} + N (N-1) A_2^2 H^{N-2}]/6
    E[-sum w log w]              = int du N (N-1) B h H^{N-2},    K(y) = e^{-y} (log y + gamma_E) + E_1(y) >= 0
    E[-beta dlog Z/dbeta]        = -S^2 (1 - E sum w^2)           (Gaussian integration by parts)

Every integrand but the first is positive and analytic in a strip, so the trapezoidal rule loses no digits. N may be any real number >= 2.

Source: log Z = int ds/s (e^{-s} - e^{-sZ}) and 1/Z^k = int ds s^{k-1} e^{-sZ}/Gamma(k), with s = e^{-u}.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy

from regimes.numerics.arrays import EPS, FloatArray

_DROP = 48.0  # 48^4 e^{-48}/6: what is smaller than the peak by this factor is below rounding
_BLOCK = 2**18  # entries of the largest array
_TINY = 1e-300  # below it a product of exponentials may have underflowed


class Averages(NamedTuple):
    """Averages over the levels; every field has the shape of the arguments.

    Attributes
    ----------
    log_partition : ndarray
        E log Z.
    participation : ndarray
        E sum w^2.
    confusion : ndarray
        1 - E sum w^2, with its own digits.
    entropy : ndarray
        E[-sum w log w], nats.
    participation_square : ndarray
        E (sum w^2)^2.
    """

    log_partition: FloatArray
    participation: FloatArray
    confusion: FloatArray
    entropy: FloatArray
    participation_square: FloatArray


def averages(width: FloatArray, log_count: FloatArray) -> tuple[Averages, Averages]:
    """Averages over N independent normal exponents of standard deviation S, and their errors.

    Parameters
    ----------
    width : (P,) array
        S > 0.
    log_count : (P,) array
        log N, N >= 2.

    Returns
    -------
    values, errors
        The errors are what a coarser and shifted grid changes, plus a bound of the rounding of exponents of size log N.
    """
    fine, coarse = (
        np.array([_one(float(s), float(n), step, shift) for s, n in zip(width, log_count, strict=True)]).reshape(-1, 6).T
        for step, shift in ((0.22, 0.0), (0.25, 0.5))
    )
    rounding = 8 * EPS * (4 + log_count)
    lost = rounding + np.abs(fine[5] - 1)
    spread = np.maximum(1.0, width / np.sqrt(2 * log_count))
    values = fine[:5]
    errors = np.abs(fine - coarse)[:5] + lost * values + _TINY
    errors[0] += EPS * np.abs(values[0]) + lost * (spread - values[0])  # log Z is lost in units of its spread
    for small, large in ((1, 2), (2, 1)):  # what is close to one is one less what is small
        better = fine[small] < 0.5
        values[large, better], errors[large, better] = 1 - values[small, better], errors[small, better] + EPS
    return Averages(*values), Averages(*errors)


def _one(width: float, log_count: float, step: float, shift: float) -> tuple[float, ...]:
    """The five averages and the norm of the law of log Z + G, on one grid."""
    low, high = _window(width, log_count)
    spacing = step * max(1.0, width / math.sqrt(2 * log_count + 2))
    u = _lattice(low, high, spacing, shift)
    nt, nh, na, nc, nb = _level_averages(u, width, log_count, step, shift)
    share = math.exp(-log_count)  # 1/N
    t = np.minimum(nt * share, 1 - EPS / 2)
    log_none = -nt * np.where(t > 1e-9, -np.log1p(-t) / np.maximum(t, 1e-9), 1 + t / 2)  # N log H
    but_one, but_two = np.exp((1 - share) * log_none), np.exp((1 - 2 * share) * log_none)
    winner = nh * but_one
    norm, middle = winner.sum(), u[int(winner.argmax())]
    mean = middle + spacing * float(winner @ (u - middle)) - np.euler_gamma
    return (
        mean,
        spacing * float(na @ but_one),
        spacing * (1 - share) * float(nh**2 @ but_two),
        spacing * (1 - share) * float((nb * nh) @ but_two),
        spacing * float(nc @ but_one + (1 - share) * (na**2 @ but_two)) / 6,
        spacing * float(norm),
    )


def _level_averages(u: FloatArray, width: float, log_count: float, step: float, shift: float) -> tuple[FloatArray, ...]:
    """N T, N h, N A_2, N A_4 and N B at every u (U,)."""
    nodes = _nodes_of_the_level(width, step, shift) if width < 1 else _nodes_of_the_smearing(u, width, step, shift)
    rows = max(1, _BLOCK // nodes.size)
    parts = []
    for start in range(0, u.size, rows):
        here = u[start : start + rows, None]
        if width < 1:
            log_y = nodes - here
            y = np.exp(log_y)
            base = log_count + math.log(nodes[1] - nodes[0]) + _log_normal(nodes / width) - math.log(width)
            small = y < 1e-9
            log_hit = np.where(small, log_y - y / 2, np.log(-np.expm1(-np.where(small, 1.0, y))))
            hits, slope = np.exp(base + log_hit), np.exp(base + log_y - y)
            parts.append((hits.sum(1), slope.sum(1), (slope * y).sum(1), (slope * y**3).sum(1), (slope * _entropy_ratio(log_y)).sum(1)))
        else:
            z, y = (here + nodes) / width, np.exp(nodes)
            base = log_count + math.log(nodes[1] - nodes[0]) + nodes - y
            hits, slope = np.exp(base + scipy.special.log_ndtr(-z)), np.exp(base + _log_normal(z) - math.log(width))
            parts.append((hits.sum(1), slope.sum(1), slope @ y, slope @ y**3, slope @ _entropy_ratio(nodes)))
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def _lattice(low: float, high: float, spacing: float, shift: float) -> FloatArray:
    return np.asarray(low + spacing * (shift + np.arange(math.ceil((high - low) / spacing) + 1)), dtype=np.float64)


def _log_normal(z: FloatArray) -> FloatArray:
    return np.asarray(-0.5 * z * z - 0.5 * math.log(2 * math.pi))


def _entropy_ratio(log_y: FloatArray) -> FloatArray:
    """K(y)/(y e^{-y}) = (log y + gamma_E + e^y E_1(y))/y, positive; y < 700."""
    y = np.exp(log_y)
    small = y < 1
    x = np.where(small, y, 0.0)
    entire = np.zeros_like(x)  # int_0^y (1 - e^{-s})/s ds, divided by y
    for k in range(20, 0, -1):
        entire = 1 / (k * math.factorial(k)) - x * entire
    mean = np.where(x > 1e-9, np.expm1(x) / np.maximum(x, 1e-9), 1 + x / 2)
    below = np.exp(x) * entire - mean * (np.euler_gamma + np.minimum(log_y, 0.0))
    large = np.where(small, 1.0, y)
    above = (np.where(small, 0.0, log_y) + np.euler_gamma + np.exp(np.minimum(large, 700)) * scipy.special.exp1(large)) / large
    return np.where(small, below, above)


def _nodes_of_the_level(width: float, step: float, shift: float) -> FloatArray:
    """Nodes of the average over the exponent x, where its own width sets the step; tilts by e^{4x} are covered."""
    return _lattice(-9.4 * width, 4 * width * width + 9.4 * width, min(step, 0.55 * width), shift)


def _nodes_of_the_smearing(u: FloatArray, width: float, step: float, shift: float) -> FloatArray:
    """Nodes w = x - u = -G of the average over the smearing, of density e^{w - e^w}, under any normal law of x = u + w."""
    square, lows = width * width, []
    for v in (float(u[0]), float(u[-1])):
        peak = square - v  # of w - x^2/(2 S^2) in w
        if peak >= 0:
            top = -0.5 * max(v, 0.0) ** 2 / square
            low = -2 * _DROP * square / (peak + math.hypot(peak, width * math.sqrt(2 * _DROP)))
        else:
            top, low = 0.5 * square - v, peak - width * math.sqrt(2 * _DROP)
        lows.append(low if v + low >= 0 else min(low, top - _DROP))  # x < 0: only e^w decays
    high = min(4.5, 4 * square - float(u[0]) + width * math.sqrt(2 * _DROP))
    return _lattice(min(lows), high, step, shift)


@dataclass(frozen=True)
class _Tilts:
    """Tilts of Chernoff's bounds."""

    inside: FloatArray
    """In (0, 1): of the upper tail of x + G, whose moments end at 1."""
    left: FloatArray
    """Of the lower tail."""


def _tilts(width: float, log_count: float) -> _Tilts:
    powers = 0.5 ** np.arange(2, 25)
    best = math.sqrt(2 * (log_count + _DROP)) / width  # without the smearing
    grid = np.concatenate([np.linspace(0.02, 0.98, 97), 1 - powers, min(best, 0.98) * np.geomspace(0.03, 1, 60)])
    return _Tilts(grid, np.geomspace(0.1 / (1 + width), 100.0, 80))


def _window(width: float, log_count: float) -> tuple[float, float]:
    """Interval of u that holds the law of log Z + G but for e^{-48} at each end."""
    tilts = _tilts(width, log_count)
    c = tilts.inside
    log_moment = scipy.special.gammaln(1 - c) + 0.5 * (c * width) ** 2  # log E e^{c (x + G)}
    high = float(((log_count + log_moment + _DROP) / c).min())
    # The bound exceeds the tail by the width of its saddle; N T = 48 leaves nothing below.
    excess = 1.5 + np.log1p(math.sqrt(2 * math.pi) * c * np.sqrt(width**2 + scipy.special.polygamma(1, 1 - c)))
    crowded = float(((log_count + log_moment - math.log(_DROP) - excess) / c).min())
    c = tilts.left
    empty = float((-(_DROP * math.exp(-log_count) + 0.5 * (c * width) ** 2 + scipy.special.gammaln(1 + c)) / c).max())
    return max(crowded, empty), high


def largest_normal(log_count: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Expected largest of N independent standard normal variables, and its error; log N of shape (P,), N >= 2."""
    pairs = np.array([(_largest(float(n), 0.22, 0.0), _largest(float(n), 0.25, 0.5)) for n in log_count]).reshape(-1, 2)
    return pairs[:, 0], np.abs(pairs[:, 0] - pairs[:, 1]) + 4 * EPS * (2 + np.abs(pairs[:, 0]))


def _largest(log_count: float, step: float, shift: float) -> float:
    spacing = step / math.sqrt(2 * log_count + 2)
    low = max(-9.3, math.sqrt(max(2 * log_count - math.log(2 * log_count + 2) - 12, 0.0)) - 64 * spacing)
    high = math.sqrt(2 * (log_count + _DROP))
    z = _lattice(low, high, spacing, shift)
    share, log_tail = math.exp(-log_count), scipy.special.log_ndtr(-z)
    t = np.exp(log_tail)
    log_none = -np.exp(log_count + log_tail) * np.where(t > 1e-9, -scipy.special.log_ndtr(z) / np.maximum(t, 1e-9), 1 + t / 2)
    density = np.exp(log_count + _log_normal(z) + (1 - share) * log_none)
    middle = z[int(density.argmax())]
    return float(middle + spacing * (density @ (z - middle)))
