"""The collapse window: excess entropy and collapse probability from the Gaussian law of the information density.

Notation: zeta = i(a_1; x) - log(n-1), with i the information density of the channel a -> x. Its cluster part is a sum over
coordinates, nearly Gaussian with mean d I and variance d V; its class part, log[p(c|x)/w_c], does not grow with d and keeps its
own law, averaged over the coordinate along the centres. Then

    d f^e = E log(1 + e^{-zeta}),   phi_C = E 1/(1 + e^{-zeta}).

The errors returned are those of the averages; the window itself is an approximation for large d.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import erfcx, expit, ndtr

from regimes.numerics.finite_size import Channel, FloatArray, channel
from regimes.theory.errors import DomainError
from regimes.theory.laws import GaussianClusters

_LOG_ROOT_TAU = 0.5 * math.log(2 * math.pi)


def information(q: float) -> tuple[float, float]:
    """Mean I and variance V of the information density of one coordinate of a Gaussian cluster, q its signal-to-noise ratio.

    With x = sqrt(q) xi + z the density is log(1+q)/2 + (x^2/(1+q) - z^2)/2, a quadratic form of two normal variables.
    """
    return 0.5 * math.log1p(q), q / (1 + q)


def softplus_average(a: ArrayLike, b: float, nodes: int = 32) -> FloatArray:
    """E log(1 + e^{a + b z}), z normal, for a (X,) and any b >= 0, to relative accuracy.

    The kink max(u, 0) is averaged in closed form; what is left lives near u = 0. Where e^u itself carries the average, its
    weight is taken into the Gaussian first.
    """
    a = np.asarray(a, dtype=float)
    if b < 1:
        return _direct(lambda u: np.maximum(u, 0) + np.log1p(np.exp(-np.abs(u))), a, b)
    result = np.empty_like(a)
    tilted = a + b * b < 0
    u, s = a[~tilted], a[~tilted] / b
    below = np.exp(-0.5 * s * s - _LOG_ROOT_TAU) * (1 - np.abs(s) * math.sqrt(math.pi / 2) * erfcx(np.abs(s) / math.sqrt(2)))
    kink = b * below + np.maximum(u, 0)
    result[~tilted] = kink + _localised(lambda y: np.log1p(np.exp(-y)), lambda y: np.log1p(np.exp(-y)), u, b, nodes)
    mean = a[tilted] + b * b
    gap = _localised(lambda y: (y + np.log1p(np.exp(-y))) * np.exp(-y),
                     lambda y: np.where(y < 36, np.log1p(np.exp(-y)) * np.exp(np.minimum(y, 36)) - 1, 0), mean, b, nodes)
    result[tilted] = np.exp(a[tilted] + 0.5 * b * b) * (ndtr(-mean / b) + gap)
    return result


def logistic_average(a: ArrayLike, b: float, nodes: int = 32) -> FloatArray:
    """E 1/(1 + e^{-a - b z}), z normal, for a (X,) and any b >= 0, to relative accuracy."""
    a = np.asarray(a, dtype=float)
    if b < 1:
        return _direct(expit, a, b)
    # e^u/(1+e^u) under N(a, b^2) is e^{a+b^2/2} times 1/(1+e^u) under N(a+b^2, b^2).
    tilted = a + b * b < 0
    mean = np.where(tilted, -a - b * b, a)
    high = mean > 0
    low = np.where(high, -mean, mean)
    tail = ndtr(low / b) + _localised(lambda y: -expit(-y), lambda y: expit(-y), low, b, nodes)
    average = np.where(high, 1 - tail, tail)
    return np.where(tilted, np.exp(np.where(tilted, a + 0.5 * b * b, 0.0)), 1.0) * average


def _direct(function: Callable[[FloatArray], FloatArray], a: FloatArray, b: float) -> FloatArray:
    """Trapezoidal rule over z: the poles are at least pi away."""
    z = np.arange(-40, 41) * 0.275
    return np.asarray(function(a[:, None] + b * z) @ np.exp(-0.5 * z * z - _LOG_ROOT_TAU) * 0.275)


def _localised(above: Callable[[FloatArray], FloatArray], below: Callable[[FloatArray], FloatArray],
               mean: FloatArray, b: float, nodes: int) -> FloatArray:
    """Integral of above(y) p(y) + below(y) p(-y) over y > 0, p the density of N(mean, b^2): panels that double in length."""
    x, w = np.polynomial.legendre.leggauss(nodes)
    ends = np.append(0.0, 2.0 ** np.arange(-1, math.ceil(math.log2(10 * b + 40)) + 1))
    half = np.diff(ends)[:, None] / 2
    y, weights = (ends[:-1, None] + half * (1 + x)).ravel(), (half * w).ravel()
    log_norm = math.log(b) + _LOG_ROOT_TAU
    up = np.exp(-0.5 * ((y - mean[:, None]) / b) ** 2 - log_norm)
    down = np.exp(-0.5 * ((y + mean[:, None]) / b) ** 2 - log_norm)
    return np.asarray(up @ (above(y) * weights) + down @ (below(y) * weights))


def _class_part(ch: Channel, nodes: int) -> tuple[FloatArray, FloatArray]:
    """log[p(c|x)/w_c] on the nodes of the average over the class c and the coordinate along the centres, and their weights."""
    if ch.positions.size == 1:
        return np.zeros(1), np.ones(1)
    g = np.linspace(-8.9, 8.9, nodes)
    gauss = np.exp(-0.5 * g * g)
    shift = ch.positions[:, None] - ch.positions  # own class, other class
    exponents = np.log(ch.weights)[None, :, None] - shift[..., None] * (g + 0.5 * shift[..., None])
    top = exponents.max(axis=1)
    value = -(top + np.log(np.exp(exponents - top[:, None]).sum(axis=1)))
    return value.ravel(), (ch.weights[:, None] * (gauss / gauss.sum())).ravel()


def _average(function: Callable[[ArrayLike, float, int], FloatArray], sign: int, law: GaussianClusters, t: ArrayLike, n: float,
             d: int) -> tuple[FloatArray, FloatArray]:
    if not n >= 2:
        raise DomainError(f"n={n} is outside its domain: 2 <= n < inf (number of data points)")
    times = np.asarray(t, dtype=float)
    values = np.empty((2, times.size))
    for k, time in enumerate(times.ravel()):
        ch = channel(law, float(time), d)
        mean, variance = information(ch.q)
        for row, (axial, nodes) in enumerate(((300, 32), (200, 24))):
            part, weights = _class_part(ch, axial)
            values[row, k] = weights @ function(sign * (d * mean + part - math.log(n - 1)), math.sqrt(d * variance), nodes)
    error = np.abs(values[0] - values[1]) + 1e-14 * np.abs(values[0])
    return values[0].reshape(times.shape), error.reshape(times.shape)


def excess_entropy(law: GaussianClusters, t: ArrayLike, n: float, d: int) -> tuple[FloatArray, FloatArray]:
    """Excess entropy per dimension in the window approximation.

    Parameters
    ----------
    law : clusters with numbers in it, centres on one line.
    t : forward times, any shape.
    n : number of data points, n >= 2.
    d : dimension.

    Returns
    -------
    value, error : arrays of the shape of t, nats per dimension; the error is that of the numerical average.
    """
    value, error = _average(softplus_average, -1, law, t, n, d)
    return value / d, error / d


def collapse_probability(law: GaussianClusters, t: ArrayLike, n: float, d: int) -> tuple[FloatArray, FloatArray]:
    """Probability that two clones split at t end on the same datum, in the window approximation; arguments as `excess_entropy`."""
    return _average(logistic_average, 1, law, t, n, d)
