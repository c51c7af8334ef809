"""Predictions for Derrida's random energy model: 2^d levels N(0, d v) at inverse temperature beta, in the limit of large d and at any d.

Functions whose name ends in ``_exact`` are averages at finite d, the others limits d -> inf. Every one takes
parameters as arrays (P,) by name - `variance` and `beta`, where noted `d` or `order` - and returns an `Answer`. Energies, free energies
and entropies are per d, entropies in nats. The number of levels is 2^d; `d` may be any real number (log2 3 for three levels).

Notation: beta_c = sqrt(2 log 2/v); m* = min(1, beta_c/beta) is the parameter of the Poisson-Dirichlet law of the weights w.
Source: Derrida, Phys. Rev. B 24, 2613 (1981); Derrida and Flyvbjerg, J. Phys. A 20, 5273 (1987); derived in
`regimes.theory.laws.random_energy.levels`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from regimes.numerics.arrays import EPS, Answer, FloatArray, Pair, Values
from regimes.numerics.laws.random_energy.exact import Averages, averages, largest_normal
from regimes.theory.params import Param

LEVELS = Param("d", "d", "binary logarithm of the number of levels", 1, 65536, closed="both", typical=(8, 64))
ORDER = Param("order", "r", "order of the moment of the participation ratio", 1, 32, closed="both", typical=(1, 4), integer=True)

_LOG_2 = math.log(2)
_WIDTHS = (1e-100, 1e100)  # standard deviations of beta E whose squares neither overflow nor vanish


def condensation_beta(values: Values) -> Answer:
    """Inverse temperature beta_c at which the levels condense; it does not depend on `beta`."""
    return _rounded(_beta_c(values["variance"]))


def free_energy(values: Values) -> Answer:
    """Free energy psi = lim E log Z/d."""
    v, beta = values["variance"], values["beta"]
    beta_c = _beta_c(v)
    return _rounded(np.where(beta <= beta_c, _LOG_2 + 0.5 * (beta * np.sqrt(v)) ** 2, beta * np.sqrt(2 * _LOG_2 * v)))


def entropy(values: Values) -> Answer:
    """Entropy per d of the Gibbs weights: zero in the glass."""
    v, beta = values["variance"], values["beta"]
    beta_c = _beta_c(v)
    value = np.where(beta < beta_c, 0.5 * v * (beta_c - beta) * (beta_c + beta), 0.0)
    return Answer.of(Pair(value, np.full_like(value, 8 * EPS)))


def energy(values: Values) -> Answer:
    """Mean energy per d under the Gibbs weights."""
    v, beta = values["variance"], values["beta"]
    return _rounded(-v * np.minimum(beta, _beta_c(v)))


def rsb_parameter(values: Values) -> Answer:
    """Replica-symmetry-breaking parameter m*: one in the liquid, beta_c/beta in the glass."""
    return _rounded(np.minimum(1.0, _beta_c(values["variance"]) / values["beta"]))


def participation_ratio(values: Values) -> Answer:
    """Participation ratio E sum w^2 = 1 - m*."""
    value = _complement(values)
    return Answer.of(Pair(value, np.full_like(value, 4 * EPS)))


def participation_moment(values: Values) -> Answer:
    """Moment E Y^r of the participation ratio Y = sum w^2, which keeps fluctuating in the glass; values hold `order` r.

    Of the 2r draws that make Y^r, two of a pair meet: a sum over the partitions of the pairs into levels, each with the probability
    m^{p-1} (p-1)!/(2r-1)! prod (1-m)(2-m)...(2b-1-m) that the Poisson-Dirichlet law gives p levels that hold b pairs each.
    """
    ORDER.check(values["order"])
    rest = _complement(values)
    value = np.zeros_like(rest)
    for order in np.unique(values["order"]):
        here = values["order"] == order
        value[here] = _moment(rest[here], int(order))
    return Answer.of(Pair(value, 8 * EPS * values["order"] * (1 + value)))


def _moment(rest: FloatArray, order: int) -> FloatArray:
    """E Y^order for 1 - m = rest, by the recursion of partial Bell polynomials."""
    m = 1 - rest
    rising = [np.ones_like(rest)]  # (1-m)(2-m)...(2b-1-m)/(2b-1)! for b pairs in one level
    for b in range(1, order + 1):
        rising.append(rising[-1] * ((rest + 2 * b - 2) / (2 * b - 1) * ((rest + 2 * b - 3) / (2 * b - 2) if b > 1 else 1.0)))
    bell = {(0, 0): np.ones_like(rest)}  # over partitions of r pairs into p levels
    for r in range(1, order + 1):
        for p in range(1, r + 1):
            bell[r, p] = sum(
                (
                    math.comb(r - 1, b - 1) * math.factorial(2 * b - 1) * rising[b] * bell[r - b, p - 1]
                    for b in range(1, r - p + 2)
                    if (r - b, p - 1) in bell
                ),
                np.zeros_like(rest),
            )
    total = sum((m ** (p - 1) * math.factorial(p - 1) * bell[order, p] for p in range(1, order + 1)), np.zeros_like(rest))
    return np.asarray(total / math.factorial(2 * order - 1))


def lowest_level(values: Values) -> Answer:
    """Lowest level per d in the limit, -sqrt(2 v log 2)."""
    return _rounded(-np.sqrt(2 * _LOG_2 * values["variance"]))


def lowest_level_corrected(values: Values) -> Answer:
    """Expected lowest level per d with its first correction, of relative size log(d)/d; values hold `d`. The error is that of rounding."""
    v, d = values["variance"], values["d"]
    LEVELS.check(d)
    b = np.sqrt(2 * _LOG_2 * d)
    return _rounded(-np.sqrt(v / d) * (b - (0.5 * np.log(2 * math.pi * b * b) - np.euler_gamma) / b), scale=np.sqrt(v))


def lowest_level_exact(values: Values) -> Answer:
    """Expected lowest level per d among 2^d; values hold `d`."""
    v, d = values["variance"], values["d"]
    LEVELS.check(d)
    largest, error = largest_normal(d * _LOG_2)
    value = -np.sqrt(v / d) * largest
    return Answer.of(Pair(value, np.sqrt(v / d) * error + 4 * EPS * np.abs(value)))


def free_energy_exact(values: Values) -> Answer:
    """E log Z/d at finite d; values hold `d`."""
    return _exact(lambda found: found.log_partition, 1 / values["d"], values)


def entropy_exact(values: Values) -> Answer:
    """Mean entropy per d of the Gibbs weights at finite d, E[-sum w log w]/d; values hold `d`."""
    return _exact(lambda found: found.entropy, 1 / values["d"], values)


def energy_exact(values: Values) -> Answer:
    """Mean energy per d at finite d, which is -beta v (1 - E sum w^2) at every d; values hold `d`."""
    return _exact(lambda found: found.confusion, -values["beta"] * values["variance"], values)


def participation_ratio_exact(values: Values) -> Answer:
    """E sum w^2 at finite d; values hold `d`."""
    return _exact(lambda found: found.participation, np.ones_like(values["beta"]), values)


def participation_square_exact(values: Values) -> Answer:
    """E (sum w^2)^2 at finite d; its limit is `participation_moment` of order 2; values hold `d`."""
    return _exact(lambda found: found.participation_square, np.ones_like(values["beta"]), values)


def _exact(pick: Callable[[Averages], FloatArray], factor: FloatArray, values: Values) -> Answer:
    """A field of `Averages` times a factor; nan where beta E is too narrow or too wide to be computed with."""
    LEVELS.check(values["d"])
    width = values["beta"] * np.sqrt(values["d"] * values["variance"])
    possible = (width > _WIDTHS[0]) & (width < _WIDTHS[1])
    value, error = np.full_like(width, np.nan), np.full_like(width, np.nan)
    found, errors = averages(width[possible], values["d"][possible] * _LOG_2)
    value[possible] = factor[possible] * pick(found)
    error[possible] = np.abs(factor[possible]) * pick(errors) + 2 * EPS * np.abs(value[possible])
    return Answer.of(Pair(value, error))


def _beta_c(variance: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt(2 * _LOG_2 / variance))


def _complement(values: Values) -> FloatArray:
    """1 - m*."""
    beta = values["beta"]
    return np.asarray(np.maximum(beta - _beta_c(values["variance"]), 0.0) / beta)


def _rounded(value: FloatArray, scale: FloatArray | float = 0.0) -> Answer:
    return Answer.of(Pair(value, 4 * EPS * (np.abs(value) + scale)))
