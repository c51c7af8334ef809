"""The collapse window: excess entropy and collapse probability from the Gaussian law of the information density.

Notation: zeta = i(a_1; x) - log(n-1), with i the information density of the channel a -> x. It is nearly Gaussian with mean d I and
variance d V inside one cluster or state; its class part, log[p(c|x)/w_c], does not grow with d and keeps its own law, averaged over the
coordinate along the centres of clusters, or over the log-odds of the two states of Curie-Weiss spins, taken to be Gaussian. Then

    d f^e = E log(1 + e^{-zeta}),   phi_C = E 1/(1 + e^{-zeta}).

The errors returned are those of the averages, of I and of V; the window itself is an approximation for large d.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import erfcx, expit, ndtr

from regimes.numerics.collapse.contour import FloatArray
from regimes.numerics.collapse.levels import Pair
from regimes.numerics.laws.clusters.points import Channel, channel, check_time_and_dimension
from regimes.theory.errors import DomainError
from regimes.theory.laws import CurieWeiss, GaussianClusters, GaussianSpectrum, Law, RandomEnergies

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
    gap = _localised(
        lambda y: (y + np.log1p(np.exp(-y))) * np.exp(-y),
        lambda y: np.where(y < 36, np.log1p(np.exp(-y)) * np.exp(np.minimum(y, 36)) - 1, 0),
        mean,
        b,
        nodes,
    )
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


def _localised(
    above: Callable[[FloatArray], FloatArray], below: Callable[[FloatArray], FloatArray], mean: FloatArray, b: float, nodes: int
) -> FloatArray:
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


def information_and_dispersion(law: Law, t: float) -> tuple[Pair, Pair]:
    """I and V per coordinate, with their errors, each (1,): inside a cluster or a state."""
    gamma = np.array([1 / math.expm1(2 * t)])
    if isinstance(law, GaussianClusters):
        return _exact(*information(channel(law, t, 1).q))
    if isinstance(law, GaussianSpectrum) and not law.curves:
        parts = [(float(atom.weight), *information(float(atom.place) * gamma[0])) for atom in law.atoms]
        return _exact(sum(w * mean for w, mean, _ in parts), sum(w * var for w, _, var in parts))
    if isinstance(law, RandomEnergies):
        raise DomainError("the random energy model has no channel, and no collapse window")
    from regimes.numerics.laws import levels_of_law

    levels = levels_of_law(law)
    return levels.information(gamma), levels.dispersion(gamma)


def _exact(mean: float, variance: float) -> tuple[Pair, Pair]:
    return Pair(np.array([mean]), np.zeros(1)), Pair(np.array([variance]), np.zeros(1))


def _parts(law: Law, t: float, d: int, nodes: int) -> tuple[FloatArray, FloatArray]:
    """The class part on its nodes, and their weights."""
    if isinstance(law, GaussianClusters):
        return _class_part(channel(law, t, d), nodes)
    if isinstance(law, CurieWeiss) and float(law.h) == 0 and float(law.beta) > 1:
        return _state_part(float(law.beta), t, d, nodes)
    return np.zeros(1), np.ones(1)


def _state_part(beta: float, t: float, d: int, nodes: int) -> tuple[FloatArray, FloatArray]:
    """log[2 p(+|x)] for x from the state +, whose log-odds are a sum over coordinates."""
    from regimes.numerics.laws.curie_weiss.levels import solve_magnetisation

    m = float(solve_magnetisation(np.array([beta]), np.zeros(1))[0].value[0])
    root = math.sqrt(1 / math.expm1(2 * t))
    z = 0.05 * np.arange(-180, 181)
    noise = np.exp(-0.5 * z * z - _LOG_ROOT_TAU) * 0.05
    # Of one coordinate x = root a + z: log [(1+m) e^{root x} + (1-m) e^{-root x}]/[(1-m) e^{root x} + (1+m) e^{-root x}]
    up, down = (2 * np.arctanh(m * np.tanh(root * (a * root + z))) for a in (1, -1))
    mean = (1 + m) / 2 * (up @ noise) + (1 - m) / 2 * (down @ noise)
    square = (1 + m) / 2 * (up**2 @ noise) + (1 - m) / 2 * (down**2 @ noise)
    g = np.linspace(-8.9, 8.9, nodes)
    gauss = np.exp(-0.5 * g * g)
    odds = d * mean + math.sqrt(d * max(square - mean**2, 0.0)) * g
    return math.log(2) - np.logaddexp(0, -odds), gauss / gauss.sum()


def _average(
    function: Callable[[ArrayLike, float, int], FloatArray], sign: int, law: Law, t: ArrayLike, n: float, d: int
) -> tuple[FloatArray, FloatArray]:
    if not n >= 2:
        raise DomainError(f"n={n} is outside its domain: 2 <= n < inf (number of data points)")
    times = np.asarray(t, dtype=float)
    values, errors = np.empty((2, times.size)), np.empty(times.size)
    for k, time in enumerate(times.ravel()):
        check_time_and_dimension(float(time), d)
        mean, variance = information_and_dispersion(law, float(time))
        for row, (axial, nodes) in enumerate(((300, 32), (200, 24))):
            part, weights = _parts(law, float(time), d, axial)
            zeta = d * mean.value[0] + part - math.log(n - 1)
            values[row, k] = weights @ function(sign * zeta, math.sqrt(d * variance.value[0]), nodes)
        # Both functions bound their first two derivatives: E f changes by at most E f times the change of the mean, and half that of V.
        errors[k] = values[0, k] * (1e-14 + d * (mean.error[0] + variance.error[0] / 2))
    return values[0].reshape(times.shape), (np.abs(values[0] - values[1]) + errors).reshape(times.shape)


def excess_entropy(law: Law, t: ArrayLike, n: float, d: int) -> tuple[FloatArray, FloatArray]:
    """Excess entropy per dimension in the window approximation.

    Parameters
    ----------
    law : a law with numbers in it; clusters with centres on one line.
    t : forward times, any shape.
    n : number of data points, n >= 2.
    d : dimension.

    Returns
    -------
    value, error : arrays of the shape of t, nats per dimension; the error is that of the numerical average.
    """
    value, error = _average(softplus_average, -1, law, t, n, d)
    return value / d, error / d


def collapse_probability(law: Law, t: ArrayLike, n: float, d: int) -> tuple[FloatArray, FloatArray]:
    """Probability that two clones split at t end on the same datum, in the window approximation; arguments as `excess_entropy`."""
    return _average(logistic_average, 1, law, t, n, d)
