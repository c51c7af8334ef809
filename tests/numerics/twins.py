"""Slow mpmath twins of the predictions: each written from the definition, with its own formula, at fifty digits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp

DPS = 50


def bisect(f: Callable[..., Any], low: Any, high: Any) -> Any:
    """Root of a function that is positive at `low` and negative at `high`, to fifty digits of the bracket."""
    for _ in range(180):
        middle = (low + high) / 2
        low, high = (middle, high) if f(middle) > 0 else (low, middle)
    return (low + high) / 2


def snr(t: Any) -> Any:
    return mp.exp(-2 * mp.mpf(t)) / (1 - mp.exp(-2 * mp.mpf(t)))


def information(t: Any, sigma: float) -> Any:
    """Half the logarithm of the ratio of output to noise variance of a Gaussian channel."""
    noise = 1 - mp.exp(-2 * mp.mpf(t))
    return mp.log((noise + mp.mpf(sigma) ** 2 * mp.exp(-2 * mp.mpf(t))) / noise) / 2


def cumulant(t: Any, sigma: float, lam: float) -> Any:
    """log E_a exp(-lam E) averaged over x, from the moments of a shifted Gaussian (no completion of squares in lam)."""
    noise = 1 - mp.exp(-2 * mp.mpf(t))
    signal = mp.mpf(sigma) ** 2 * mp.exp(-2 * mp.mpf(t))
    lam = mp.mpf(lam)
    if not lam:
        return mp.mpf(0)
    width = noise / lam  # exp(-lam (x - u)^2/(2 noise)) is a normal density of this variance, up to sqrt(2 pi width)
    return mp.log(mp.sqrt(2 * mp.pi * width)) - mp.log(mp.sqrt(2 * mp.pi * (width + signal))) - (noise + signal) / (2 * (width + signal))


def rate_function(t: float, sigma: float, energy: float) -> Any:
    """Numerical Legendre transform."""
    slope = lambda lam: mp.diff(lambda u: cumulant(t, sigma, u), lam) + energy  # noqa: E731
    high = mp.mpf(1)
    while slope(high) < 0:
        high *= 4
    lam = bisect(lambda u: -slope(u), mp.mpf(10) ** -30, high)
    return -cumulant(t, sigma, lam) - lam * energy


def rsb_parameter(t: float, sigma: float, alpha: float) -> Any:
    """argmin of (alpha + g(m))/m over (0, 1], from the sign of its derivative, taken as a difference."""

    def rise(m: float) -> Any:
        return mp.diff(lambda u: (alpha + cumulant(t, sigma, u)) / u, m)

    if rise(mp.mpf(1)) <= 0:
        return mp.mpf(1)
    low = mp.mpf(1) / 2
    while rise(low) > 0:
        low /= 2
    return bisect(lambda m: -rise(m), low, 2 * low)


def free_energy(t: float, sigma: float, alpha: float) -> Any:
    m = rsb_parameter(t, sigma, alpha)
    return (alpha + cumulant(t, sigma, m)) / m


def time_of(condition: Callable[..., Any]) -> Any:
    """Logarithm of the root in t of a function that decreases with t."""
    return bisect(lambda u: condition(mp.exp(u)), mp.mpf(-60), mp.mpf(6))


def collapse_time(sigma: float, alpha: Any) -> Any:
    return mp.exp(time_of(lambda t: information(t, sigma) - alpha))


def accuracy_time(sigma: float, alpha: Any) -> Any:
    return mp.exp(time_of(lambda t: cumulant(t, sigma, 2) - 2 * cumulant(t, sigma, 1) - alpha))


def onset_time(sigma: float, alpha: Any) -> Any:
    q = lambda t: mp.mpf(sigma) ** 2 * snr(t)  # noqa: E731
    return mp.exp(time_of(lambda t: (mp.log(1 + q(t)) + q(t) / (1 + q(t))) / 2 - alpha))


def class_snr(t: float, d: float, mu: float, sigma: float) -> Any:
    total = 1 - mp.exp(-2 * mp.mpf(t)) + mp.mpf(sigma) ** 2 * mp.exp(-2 * mp.mpf(t))
    return mp.mpf(d) * mp.mpf(mu) ** 2 * mp.exp(-2 * mp.mpf(t)) / total


def _over_the_mixture(kappa: Any, w: Any, f: Callable[..., Any]) -> Any:
    """Average of f(p) over y ~ w N(u, 1) + (1-w) N(-u, 1), u = sqrt(kappa), p the posterior of the first class."""
    u, w = mp.sqrt(kappa), mp.mpf(w)
    bias = mp.log((1 - w) / w)

    def integrand(y: Any) -> Any:
        density = (w * mp.exp(-((y - u) ** 2) / 2) + (1 - w) * mp.exp(-((y + u) ** 2) / 2)) / mp.sqrt(2 * mp.pi)
        odds = bias - 2 * u * y
        return density * f(1 / (1 + mp.exp(odds)), 1 / (1 + mp.exp(-odds)))

    middle = bias / (2 * u)
    marks = sorted({-u - 14, -u, u, u + 14, *(x for k in (-20, -3, 0, 3, 20) if -u - 14 < (x := middle + k / u) < u + 14)})
    return mp.quad(integrand, marks)


def cloning_probability(kappa: Any, w: float) -> Any:
    return _over_the_mixture(kappa, w, lambda p, r: p**2 + r**2)


def class_information(kappa: Any, w: float) -> Any:
    w = mp.mpf(w)
    return _over_the_mixture(kappa, w, lambda p, r: (p * mp.log(p / w) if p else 0) + (r * mp.log(r / (1 - w)) if r else 0))


def potential(t: float, d: float, q: float, mu: float, sigma: float, w: float) -> Any:
    """Minus the integral of the reverse drift of the overlap, from the score of the two-cluster density along m."""
    t, d, q, mu, sigma, w = map(mp.mpf, (t, d, q, mu, sigma, w))
    total = 1 - mp.exp(-2 * t) + sigma**2 * mp.exp(-2 * t)
    centre = mp.sqrt(d) * mu * mp.exp(-t)

    def drift(overlap: Any) -> Any:
        y = overlap / mu
        up, down = w * mp.exp(-((y - centre) ** 2) / (2 * total)), (1 - w) * mp.exp(-((y + centre) ** 2) / (2 * total))
        score = -(up * (y - centre) + down * (y + centre)) / (total * (up + down))
        return mu * (y + 2 * score)

    return -mp.quad(drift, mp.linspace(0, q, 5))
