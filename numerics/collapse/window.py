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
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike

from regimes.numerics.arrays import FloatArray, Pair, Values
from regimes.numerics.collapse.finite_size import by_setting
from regimes.numerics.collapse.gaussian_points import check_time_and_dimension
from regimes.numerics.collapse.levels import EnergyLevels
from regimes.numerics.quantity import Numbers
from regimes.theory.errors import DomainError
from regimes.theory.law import Law
from regimes.theory.model import DataModel, FixedLaw

_LOG_ROOT_TAU = 0.5 * math.log(2 * math.pi)


def gaussian_information(q: float) -> tuple[float, float]:
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
    below = np.exp(-0.5 * s * s - _LOG_ROOT_TAU) * (1 - np.abs(s) * math.sqrt(math.pi / 2) * scipy.special.erfcx(np.abs(s) / math.sqrt(2)))
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
    result[tilted] = np.exp(a[tilted] + 0.5 * b * b) * (scipy.special.ndtr(-mean / b) + gap)
    return result


def logistic_average(a: ArrayLike, b: float, nodes: int = 32) -> FloatArray:
    """E 1/(1 + e^{-a - b z}), z normal, for a (X,) and any b >= 0, to relative accuracy."""
    a = np.asarray(a, dtype=float)
    if b < 1:
        return _direct(scipy.special.expit, a, b)
    # e^u/(1+e^u) under N(a, b^2) is e^{a+b^2/2} times 1/(1+e^u) under N(a+b^2, b^2).
    tilted = a + b * b < 0
    mean = np.where(tilted, -a - b * b, a)
    high = mean > 0
    low = np.where(high, -mean, mean)
    tail = scipy.special.ndtr(low / b) + _localised(lambda y: -scipy.special.expit(-y), lambda y: scipy.special.expit(-y), low, b, nodes)
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


class Density(NamedTuple):
    """The information density of one law at one time.

    Attributes
    ----------
    information, dispersion : Pair
        Pair
        Mean and variance per coordinate inside a cluster or state, with their errors, each (1,).
    class_part : callable
        log[p(c|x)/w_c] on the nodes of an average, and their weights, from d and a number of nodes.
    """

    information: Pair
    dispersion: Pair
    class_part: Callable[[int, int], tuple[FloatArray, FloatArray]]


Densities = Callable[[Any, float], Density]
"""The information density of a law with numbers in it at a time."""
Average = Callable[[ArrayLike, float, int], FloatArray]


def one_class(d: int, nodes: int) -> tuple[FloatArray, FloatArray]:
    """The class part of a law with one class."""
    del d, nodes
    return np.zeros(1), np.ones(1)


def from_levels(levels: Callable[[DataModel, Values], EnergyLevels]) -> Densities:
    """Mean and variance of the levels' own information density, without a class part."""

    def density(law: Law, t: float) -> Density:
        gamma = np.array([1 / math.expm1(2 * t)])
        found = levels(FixedLaw(law), {})
        return Density(found.information(gamma), found.dispersion(gamma), one_class)

    return density


def known(mean: float, variance: float, class_part: Callable[[int, int], tuple[FloatArray, FloatArray]] = one_class) -> Density:
    """Mean and variance in closed form."""
    return Density(Pair(np.array([mean]), np.zeros(1)), Pair(np.array([variance]), np.zeros(1)), class_part)


def _average(
    function: Average, sign: int, density: Callable[[float], Density], t: ArrayLike, n: float, d: int
) -> tuple[FloatArray, FloatArray]:
    if not n >= 2:
        raise DomainError(f"n={n} is outside its domain: 2 <= n < inf (number of data points)")
    times = np.asarray(t, dtype=float)
    values, errors = np.empty((2, times.size)), np.empty(times.size)
    for k, time in enumerate(times.ravel()):
        check_time_and_dimension(float(time), d)
        mean, variance, class_part = density(float(time))
        for row, (axial, nodes) in enumerate(((300, 32), (200, 24))):
            part, weights = class_part(d, axial)
            zeta = d * mean.value[0] + part - math.log(n - 1)
            values[row, k] = weights @ function(sign * zeta, math.sqrt(d * variance.value[0]), nodes)
        # Both functions bound their first two derivatives: E f changes by at most E f times the change of the mean, and half that of V.
        errors[k] = values[0, k] * (1e-14 + d * (mean.error[0] + variance.error[0] / 2))
    return values[0].reshape(times.shape), (np.abs(values[0] - values[1]) + errors).reshape(times.shape)


def excess_entropy(density: Callable[[float], Density], t: ArrayLike, n: float, d: int) -> tuple[FloatArray, FloatArray]:
    """Excess entropy per dimension in the window approximation.

    Parameters
    ----------
    density : callable
        The information density at a time.
    t : array_like
        Forward times, any shape.
    n : float
        Number of data points, n >= 2.
    d : int
        Dimension.

    Returns
    -------
    value, error : ndarray
        Of the shape of t, nats per dimension; the error is that of the numerical average.
    """
    value, error = _average(softplus_average, -1, density, t, n, d)
    return value / d, error / d


def collapse_probability(density: Callable[[float], Density], t: ArrayLike, n: float, d: int) -> tuple[FloatArray, FloatArray]:
    """Probability that two clones split at t end on the same datum, in the window approximation; arguments as `excess_entropy`."""
    return _average(logistic_average, 1, density, t, n, d)


def method(
    function: Callable[[Callable[[float], Density], FloatArray, float, int], tuple[FloatArray, FloatArray]], densities: Densities, doc: str
) -> Numbers:
    """The method that computes an average over the information density."""
    return Numbers(by_setting(lambda law, t, n, d: function(partial(densities, law), t, n, d)), doc, loosest=math.inf)
