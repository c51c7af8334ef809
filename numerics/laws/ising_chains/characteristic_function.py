"""The law of a number L from its characteristic function, as nodes and weights for the average of smooth functions.

Functions of log-odds vary on the scale one: f(L) is analytic for |Im L| < pi, so that its Fourier transform falls like exp(-pi |s|) and
E exp(i s L) is needed for |s| < 12 only, however rough the law is. Where L is much smaller than one its first moments are enough, where
the classes are far apart its mean and variance are.
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from typing import NamedTuple

import numpy as np
import scipy
from numpy.polynomial import chebyshev

from regimes.numerics.arrays import EPS, FloatArray

__all__ = ["Law", "Rule", "log_odds_rules"]

Rule = tuple[FloatArray, FloatArray]
"""Nodes (N,) and weights (N,), not all positive: E f(L) = sum of weights * f(nodes)."""

BAND = 12.0
"""Largest |s|: exp(-pi BAND) is rounding."""
SMALL = 0.15
"""Standard deviation below which moments are enough."""
_NEGLIGIBLE = 37.0  # -log of what does not count
_OUTSIDE = 36.0  # -log of the mass beyond the ends
_TAPER = 5.0  # half the length over which functions are led to zero outside the mass
_MOMENTS, _CIRCLE = 12, 24


class Law(NamedTuple):
    """One approximation of the law of L = log P^own/P^other, x from the own class.

    Attributes
    ----------
    transform : callable
        Z -> log E exp(z L), up to multiples of 2 pi i; it may be asked for one z more than once.
    mean, variance : float
        Of L.
    largest : float
        Largest contribution to L of one site that the approximation knows of.
    """

    transform: Callable[[complex], complex]
    mean: float
    variance: float
    largest: float


def log_odds_rules(fine: Law, coarse: Law) -> tuple[Rule, Rule]:
    """Rules for two approximations of one law, on nodes that suit the first."""
    sd = np.sqrt(fine.variance)
    if sd < SMALL:
        return _from_moments(fine), _from_moments(coarse)
    if fine.transform(-0.5).real < -_NEGLIGIBLE:  # of E min(1, e^{-L}): functions are linear where there is mass
        return _linear(fine), _linear(coarse)
    low, high = _support(fine)
    s = _frequencies(fine, low, high)
    return _from_transform(fine, s, low, high), _from_transform(coarse, s, low, high)


def _linear(law: Law) -> Rule:
    return law.mean + np.sqrt(law.variance) * np.array([-1.0, 1.0]), np.full(2, 0.5)


def _support(law: Law) -> tuple[float, float]:
    """Ends beyond which Chernoff's bound leaves exp(-_OUTSIDE); below, P(L < -y) < e^{-y}."""
    ends, sd = [], np.sqrt(law.variance)
    for sign in (-1, 1):
        tilts = sign * np.array([1.5, 4.0, 8.0]) / sd
        bounds = [(law.transform(tilt).real + _OUTSIDE) / abs(tilt) for tilt in tilts]
        ends.append(min([b for b in bounds if 0 < b < np.inf], default=40 * sd + law.mean))
    return -min(ends[0], _OUTSIDE), ends[1]


def _frequencies(law: Law, low: float, high: float) -> FloatArray:
    """Multiples of 2 pi/range up to `BAND` at which the transform counts; where it does is seen from a coarser grid."""
    step = 2 * np.pi / (high - low + 4 * _TAPER)
    count = int(np.ceil(BAND / step)) + 1
    stride = max(1, int(min(0.75, 2.5 / np.sqrt(law.variance)) / step))
    coarse = np.append(np.arange(0, count, stride), count)
    size = np.array([law.transform(1j * step * j).real for j in coarse])
    felt = np.maximum(size[:-1], size[1:]) > -_NEGLIGIBLE - 8
    chosen = [np.arange(a, b) for a, b, yes in zip(coarse[:-1], coarse[1:], felt, strict=True) if yes]
    return step * np.concatenate(chosen)


def _from_transform(law: Law, s: FloatArray, low: float, high: float) -> Rule:
    start, stop = low - 2 * _TAPER, high + 2 * _TAPER
    count = int(np.ceil((stop - start) * 2 * (BAND + 0.5) / (2 * np.pi)))
    nodes = start + (stop - start) * np.arange(count) / count
    logs = np.array([law.transform(1j * u) for u in s])
    values = np.exp(np.minimum(logs.real, 0) + 1j * logs.imag)  # an approximation may exceed one
    terms = np.where(s == 0, 1, 2) * values
    density = np.zeros(count)
    for block in range(0, count, 4096):
        angle = np.outer(nodes[block : block + 4096], s)
        density[block : block + 4096] = np.cos(angle) @ terms.real + np.sin(angle) @ terms.imag
    outside = np.maximum(low - nodes, nodes - high)
    return nodes, density / count * scipy.special.erfc(outside - _TAPER) / 2


def _from_moments(law: Law) -> Rule:
    """Chebyshev interpolation on a few standard deviations, averaged by moments: those of order 3 and more from a circle."""
    mean, variance, sd = law.mean, law.variance, np.sqrt(law.variance)
    # On a wider circle rare values of L would decide, on a narrower one the factorials of high moments would multiply roundings.
    radius = max(1.0, min(0.03 / sd, 2 / law.largest))
    half = np.array([law.transform(radius * np.exp(2j * np.pi * k / _CIRCLE)) for k in range(_CIRCLE // 2 + 1)])
    values = np.exp(np.concatenate([half, half[-2:0:-1].conj()]))
    coefficients = np.fft.fft(values / _CIRCLE).real
    reach = min(1.0, 30 * sd)
    # Functions have poles at +-i pi: the interpolation converges like (1/r + sqrt(1 + 1/r^2))^-degree, r = reach/pi.
    degree = 2 + int(np.ceil(_NEGLIGIBLE / np.arcsinh(np.pi / reach)))
    orders = np.arange(min(degree, _MOMENTS) + 1)
    scale = np.array([factorial(k) for k in orders]) / (radius * reach) ** orders
    moments = np.where(scale * EPS < 1, coefficients[orders] * scale, 0)  # else rounding; what is left out is far smaller
    moments[:3] = 1, mean / reach, (variance + mean**2) / reach**2
    theta = np.pi * (np.arange(degree + 1) + 0.5) / (degree + 1)
    interpolation = 2 / (degree + 1) * np.cos(np.arange(degree + 1)[:, None] * theta)
    interpolation[0] /= 2
    powers = np.stack([np.pad(chebyshev.cheb2poly(row), (0, degree))[: orders.size] for row in np.eye(degree + 1)])
    return reach * np.cos(theta), powers @ moments @ interpolation
