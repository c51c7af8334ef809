"""Curie-Weiss: the law of the magnetisation, sign by sign, and what the sum of the coordinates of x tells of the sign.

Notation: M = sum_i a_i; xi_i the field of x on spin i, gamma a_i + sqrt(gamma) z_i; s = sum_i xi_i/sqrt(gamma d), normal about
sqrt(gamma/d) M.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy

from regimes.numerics.arrays import FloatArray, Pair, Rows
from regimes.numerics.speciation.line_average import line_averages
from regimes.numerics.speciation.odds import OddsFunction

_GRAM = 14  # nodes that stand for a stretch of M


class Signs(NamedTuple):
    """The law of the magnetisation and its signs.

    Attributes
    ----------
    beta, h, d
        Parameters.
    totals, log_law : tuple
        Per class the values of M and the log of their probabilities in it.
    log_weights : ndarray
        (2,) of the classes.
    mean, square : float
        Of M per d, and of M^2 per d.
    """

    beta: float
    h: float
    d: int
    totals: tuple[FloatArray, FloatArray]
    log_law: tuple[FloatArray, FloatArray]
    log_weights: FloatArray
    mean: float
    square: float


@lru_cache(maxsize=32)
def signs(beta: float, h: float, d: int) -> Signs:
    """The law of M at finite d; values of less than e^{-50} of the most probable one of their class are left out."""
    total = np.arange(-d, d + 1, 2, dtype=float)
    log = _log_mass(total, beta, h, d)
    log -= scipy.special.logsumexp(log)
    law = np.exp(log)
    parts = []
    for sign in (1, -1):
        mine = np.flatnonzero(sign * total >= 0)
        own = log[mine] - np.log(2) * (total[mine] == 0)
        weight = scipy.special.logsumexp(own)
        keep = own > own.max() - 50
        parts.append((total[mine][keep], own[keep] - weight, weight))
    (first, first_log, one), (second, second_log, two) = parts
    weights = np.array([one, two]) if h else np.full(2, -math.log(2))  # the rounding of a long sum is not symmetric
    mean, square = float(law @ total / d) if h else 0.0, float(law @ total**2 / d)
    return Signs(beta, h, d, (first, second), (first_log, second_log), weights, mean, square)


def _log_mass(total: FloatArray, beta: float, h: float, d: int) -> FloatArray:
    """log of the probability of M up to a constant, also between its values."""
    up = (d + total) / 2
    return np.asarray(
        scipy.special.gammaln(d + 1)
        - scipy.special.gammaln(up + 1)
        - scipy.special.gammaln(d - up + 1)
        + beta * total**2 / (2 * d)
        + h * total
    )


def _gram_rule(size: int) -> tuple[FloatArray, FloatArray]:
    """Gauss rule for a sum over 0, 1, ..., size - 1 (discrete Chebyshev polynomials): nodes, and weights that sum to the size."""
    if size <= _GRAM:
        return np.arange(size, dtype=float), np.ones(size)
    n = np.arange(1.0, _GRAM)
    nodes, vectors = scipy.linalg.eigh_tridiagonal(np.zeros(_GRAM), n * np.sqrt((size**2 - n**2) / (4 * (4 * n**2 - 1))))
    return np.asarray(nodes + (size - 1) / 2), np.asarray(size * vectors[0] ** 2)


def _thinned(law: Signs, c: int, gamma: float) -> tuple[FloatArray, FloatArray]:
    """Fewer values of M that stand for its law in class c: Gauss rules for the sums over stretches in which law and signal are smooth."""
    total, log_law = law.totals[c], law.log_law[c]
    mass = np.exp(log_law)
    variance = float(mass @ total**2 - (mass @ total) ** 2)
    spread = math.sqrt(min(max(variance, 0.0), law.d / gamma)) / 4
    if spread < 3 * _GRAM:
        return total, log_law
    cuts = np.flatnonzero((np.diff(total) > 2) | (np.minimum(np.abs(total[1:]), np.abs(total[:-1])) == 0)) + 1
    places, weights = [], []
    for run in np.split(total, cuts):
        for part in np.array_split(run, math.ceil(run.size / spread)):
            nodes, weight = _gram_rule(part.size)
            places.append(part[0] + 2 * nodes)
            weights.append(weight)
    place = np.concatenate(places)
    log = _log_mass(place, law.beta, law.h, law.d) + np.log(np.concatenate(weights)) - np.log(2) * (place == 0)
    return place, log - scipy.special.logsumexp(log)


def sum_line(law: Signs, own: int, gamma: float) -> Callable[[FloatArray, Rows], tuple[FloatArray, FloatArray]]:
    """Log-density of s = sum_i xi_i/sqrt(gamma d) in a class, and the log-odds given s: as `odds_line` wants it."""
    thin = [_thinned(law, c, gamma) for c in (0, 1)]

    def log_density(s: FloatArray, c: int) -> FloatArray:
        place, log_law = math.sqrt(gamma / law.d) * thin[c][0], thin[c][1]
        share, result = np.exp(log_law), np.empty_like(s)
        block = max(1, 2**20 // place.size)
        for start in range(0, s.size, block):
            some = slice(start, start + block)
            tilt = s[some, None] * place - place**2 / 2
            if np.abs(tilt).max() < 1:
                result[some] = np.log1p(np.expm1(tilt) @ share)
            else:
                joint = tilt + log_law
                top = joint.max(axis=1)
                result[some] = top + np.log(np.exp(joint - top[:, None]).sum(axis=1))
        return result

    def line(s: FloatArray, rows: Rows) -> tuple[FloatArray, FloatArray]:
        del rows
        mine, other = log_density(s[0], own), log_density(s[0], 1 - own)
        odds = np.stack([other - mine, np.zeros_like(mine)] if own else [np.zeros_like(mine), other - mine], axis=-1)
        return (mine - s[0] ** 2 / 2)[None], odds[None]

    return line


def sum_averages(law: Signs, own: int, gamma: float, weights: FloatArray, f: OddsFunction) -> Pair:
    """Mean of f of the log-odds given the sum, under one class: (M,)."""
    place = math.sqrt(gamma / law.d) * law.totals[own]
    found = line_averages(sum_line(law, own, gamma), place.min()[None] - 9.5, place.max()[None] + 9.5, weights[None], own, f)
    return Pair(found.value[0], found.error[0])
