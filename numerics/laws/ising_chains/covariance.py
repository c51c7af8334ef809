"""Largest eigenvalue of the covariance of two Ising chains, at any number of spins.

Notation: the covariance is w A + (1-w) B with A_ij = T_a^|i-j|, B_ij = T_b^|i-j|, T = tanh(beta). On an infinite chain a wave cos(k i)
has the eigenvalue

    Lambda(k) = sum_c w_c (1 - T_c^2)/P_c(cos k),   P_c(x) = 1 - 2 T_c x + T_c^2.

For each k another x = cosh(eta) > 1 has the same eigenvalue. On d sites, seen from their middle, an eigenvector is a sum of the two,
cos(k i) and cosh(eta i), of which neither matrix notices the ends:

    sum of amplitude * e_c = 0 for both c,   e_c(wave) = [wave(m) - T_c wave(m - 1)]/P_c,   m = (d + 1)/2:

a determinant that vanishes. The largest eigenvalue has the smallest k, between 0 and pi/(d + 1).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.arrays import FloatArray
from regimes.numerics.runtime.roots import bisect

__all__ = ["largest_eigenvalue"]

_ALIKE = 1e-7  # T closer than this are taken as one: an error of their difference's square
_ABSENT = 1e-13  # T below this are no correlation


def largest_eigenvalue(first: FloatArray, second: FloatArray, weight: FloatArray, d: FloatArray) -> FloatArray:
    """Largest eigenvalue for T_a = `first`, T_b = `second`, w = `weight` in d dimensions; all (P,)."""
    one = np.where(weight >= 1, first, np.where(weight <= 0, second, weight * first + (1 - weight) * second))
    alike = (np.abs(first - second) < _ALIKE) | (weight <= 0) | (weight >= 1)
    # One wave is enough for a single decaying correlation; then the other chain, if there is one, has uncorrelated spins.
    big, small = np.where(alike, one, np.maximum(first, second)), np.where(alike, 0, np.minimum(first, second))
    share = np.where(alike, 1, np.where(first > second, weight, 1 - weight))
    single, middle = small < _ABSENT, (d + 1) / 2

    def mismatch(y: FloatArray, rows: NDArray[np.intp]) -> FloatArray:
        m, t, u = middle[rows], big[rows], small[rows]
        angle = np.pi / 2 * y
        k = angle / m
        x, here = np.cos(k), np.cos(angle)
        before = here * x + np.sin(angle) * np.sin(k)  # cos(k (m - 1))
        other = np.maximum(_other_wave(x, t, u, share[rows]), 1)
        eta = np.arccosh(other)
        ratio = np.exp(-eta) * (1 + np.exp(-2 * eta * (m - 1))) / (1 + np.exp(-2 * eta * m))  # cosh(eta (m - 1))/cosh(eta m)
        first_end, second_end = ((here - c * before) / (1 - 2 * c * x + c**2) for c in (t, u))
        both = first_end - second_end * _end(other, ratio, t) / _end(other, ratio, u)
        return np.asarray(np.where(single[rows], here - t * before, both))

    with np.errstate(divide="ignore", invalid="ignore"):
        y = bisect(mismatch, np.zeros(d.size), np.ones(d.size), np.arange(d.size), np.full(d.size, 1e-300))
    k = np.pi / 2 * y / middle
    return np.asarray(share * _symbol(k, big) + (1 - share) * _symbol(k, small))


def _end(x: FloatArray, ratio: FloatArray, t: FloatArray) -> FloatArray:
    """e_c of a wave in units of wave(m), from ratio = wave(m - 1)/wave(m)."""
    return np.asarray((1 - t * ratio) / (1 - 2 * t * x + t**2))


def _symbol(k: FloatArray, t: FloatArray) -> FloatArray:
    """Eigenvalue of T^|i-j| on an infinite chain."""
    return np.asarray((1 - t) * (1 + t) / ((1 - t) ** 2 + 4 * t * np.sin(k / 2) ** 2))


def _other_wave(x: FloatArray, big: FloatArray, small: FloatArray, share: FloatArray) -> FloatArray:
    """The second x with the same eigenvalue: from the sum of the roots of a quadratic equation."""
    level = share * (1 - big**2) / (1 - 2 * big * x + big**2) + (1 - share) * (1 - small**2) / (1 - 2 * small * x + small**2)
    mean = (1 + big**2) / (2 * big) + (1 + small**2) / (2 * small)
    lower = (share * (1 - big**2) / big + (1 - share) * (1 - small**2) / small) / (2 * level)
    return np.asarray(mean - lower - x)
