"""What follows from a law's class log-odds along t, batched over parameters: written once for all laws (times: `times`).

Each public function takes the classes of a law at P parameter points and the parameters, arrays (P,), and returns an `Answer`.
Notation: p(c|x) the posterior of class c, w_c its weight; L = log P_t^A - log P_t^B of the first two classes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.arrays import EPS, Answer, FloatArray, Pair, TextArray, Values
from regimes.numerics.runtime.functions import relative_entropy_term
from regimes.numerics.speciation.odds import ClassOdds, OddsFunction


def where_present(odds: ClassOdds, absent: TextArray, compute: Callable[[ClassOdds, NDArray[np.intp]], Pair]) -> Answer:
    """What `compute` makes of the classes at the rows (indices of parameter points) where there are any."""
    rows, value, error = np.flatnonzero(absent == ""), np.full(absent.size, np.nan), np.full(absent.size, np.nan)
    if rows.size:
        value[rows], error[rows] = compute(odds.select(rows), rows)
    return Answer.of(Pair(value, error), absent)


# -- averages over the classes ------------------------------------------------------------------------------------------------


def _tilt(log_odds: FloatArray, weights: FloatArray) -> FloatArray:
    """p(c|x)/w_c - 1 of every class, to relative accuracy: (R, N, K)."""
    below = log_odds - log_odds.max(-1, keepdims=True)
    excess, share = np.expm1(below), np.exp(below)
    norm = (weights * share).sum(-1, keepdims=True)
    near = (excess - (weights * excess).sum(-1, keepdims=True)) / norm
    return np.asarray(np.where(np.abs(near) < 0.5, near, share / norm - 1))


def agreement(log_odds: FloatArray, weights: FloatArray, own: int) -> FloatArray:
    del own
    return np.asarray(((weights * (1 + _tilt(log_odds, weights))) ** 2).sum(-1, keepdims=True))


def _own_posterior(log_odds: FloatArray, weights: FloatArray, own: int) -> FloatArray:
    return np.asarray((weights * (1 + _tilt(log_odds, weights)))[..., own, None])


def gain(log_odds: FloatArray, weights: FloatArray, own: int) -> FloatArray:
    """sum_c (p(c|x) - w_c)^2, whose mean is phi less the chance of agreement: nothing cancels where phi is near it."""
    del own
    return np.asarray(((weights * _tilt(log_odds, weights)) ** 2).sum(-1, keepdims=True))


def divergence(log_odds: FloatArray, weights: FloatArray, own: int) -> FloatArray:
    """KL(p(.|x) || w), term by term non-negative."""
    del own
    with np.errstate(divide="ignore", invalid="ignore"):  # a posterior of zero: the limit is taken
        return np.asarray((weights * relative_entropy_term(np.maximum(_tilt(log_odds, weights), -1))).sum(-1, keepdims=True))


def _density(log_odds: FloatArray, weights: FloatArray, own: int) -> FloatArray:
    """log[p(own|x)/w_own]."""
    del own  # its log-odds are zero
    top = log_odds.max(-1)
    far = top + np.log((weights * np.exp(log_odds - top[..., None])).sum(-1))
    near = np.clip((weights * np.expm1(np.minimum(log_odds, 600))).sum(-1), -0.5, 1)
    return np.asarray(-np.where((near > -0.5) & (near < 1), np.log1p(near), far)[..., None])


def _square(log_odds: FloatArray, weights: FloatArray, own: int) -> FloatArray:
    """L and its square, for every other class."""
    del weights, own
    return np.concatenate([-log_odds, log_odds**2], axis=-1)


def average(law: ClassOdds, t: FloatArray, d: FloatArray, f: OddsFunction) -> Pair:
    """sum_c w_c E_c f, (P,)."""
    weights, by_class = law.weights(d), law.averages(t, d, f)
    return Pair((weights * by_class.value[..., 0]).sum(-1), (weights * by_class.error[..., 0]).sum(-1))


def _mean(odds: ClassOdds, values: Values, f: OddsFunction) -> Answer:
    t, d = values["t"], values["d"]
    return where_present(odds, odds.absent(d), lambda law, rows: average(law, t[rows], d[rows], f))


def cloning_probability(odds: ClassOdds, values: Values) -> Answer:
    """phi = E sum_c p(c|x)^2: two clones end in the same class."""
    return _mean(odds, values, agreement)


def cloning_probability_from_classes(odds: ClassOdds, values: Values) -> Answer:
    """phi = sum_c w_c E_c p(c|x)."""
    return _mean(odds, values, _own_posterior)


def class_information(odds: ClassOdds, values: Values) -> Answer:
    """I(class; x_t) = E KL(p(.|x) || w), nats."""
    return _mean(odds, values, divergence)


def class_information_from_density(odds: ClassOdds, values: Values) -> Answer:
    """I(class; x_t) = sum_c w_c E_c log[p(c|x)/w_c]."""
    return _mean(odds, values, _density)


def class_information_rate(odds: ClassOdds, values: Values) -> Answer:
    """-dI(class; x_t)/dt, nats per unit of time: derivative of the interpolation in Chebyshev nodes about t."""

    def rate(law: ClassOdds, rows: NDArray[np.intp]) -> Pair:
        t, d, count, found = values["t"][rows], values["d"][rows], rows.size, []
        reach = 0.3 * np.minimum(t, 1)
        for order in (18, 26):
            angle = np.pi * (np.arange(order) + 0.5) / order
            # derivative at the centre of sum_k c_k T_k: T_k'(0) = k sin(k pi/2)
            k = np.arange(order)
            slope = (2 / order * np.cos(np.outer(angle, k)) * k * np.sin(k * np.pi / 2)).sum(1)
            every = np.repeat(np.arange(count), order)
            info = average(law.select(every), (t[:, None] + reach[:, None] * np.cos(angle)).ravel(), d[every], divergence)
            found.append([(part.reshape(count, order) @ line) / reach for part, line in zip(info, (-slope, np.abs(slope)), strict=True)])
        (coarse, _), (fine, noise) = found
        return Pair(fine, np.abs(fine - coarse) + noise)

    return where_present(odds, odds.absent(values["d"]), rate)


# -- two classes -----------------------------------------------------------------------------------------------------------------


def not_two(odds: ClassOdds, d: FloatArray) -> TextArray:
    """Why there are not two classes, (P,); empty where there are."""
    absent = odds.absent(d)
    if odds.count != 2:
        absent[absent == ""] = f"the log-odds are one number for two classes, there are {odds.count}"
    return absent


def _moment(odds: ClassOdds, values: Values, pick: Callable[[Pair], Pair]) -> Answer:
    t, d = values["t"], values["d"]
    return where_present(odds, not_two(odds, d), lambda law, rows: pick(law.moments(t[rows], d[rows])))


def log_odds_mean(odds: ClassOdds, values: Values) -> Answer:
    """KL(P_t^A || P_t^B) = E_A L, nats."""
    return _moment(odds, values, lambda pair: Pair(pair.value[:, 0, 1, 0], pair.error[:, 0, 1, 0]))


def log_odds_variance(odds: ClassOdds, values: Values) -> Answer:
    """Var_A L."""
    return _moment(odds, values, lambda pair: Pair(pair.value[:, 0, 1, 1], pair.error[:, 0, 1, 1]))


def kappa(odds: ClassOdds, values: Values) -> Answer:
    """Half the mean log-odds of the first class."""
    return _moment(odds, values, lambda pair: Pair(pair.value[:, 0, 1, 0] / 2, pair.error[:, 0, 1, 0] / 2))


def _averaged(odds: ClassOdds, values: Values, pick: Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]) -> Answer:
    def compute(law: ClassOdds, rows: NDArray[np.intp]) -> Pair:
        value, error = law.averages(values["t"][rows], values["d"][rows], _square)
        return Pair(*pick(value[:, 0, [1, law.count + 1]], error[:, 0, [1, law.count + 1]]))

    return where_present(odds, not_two(odds, values["d"]), compute)


def log_odds_mean_averaged(odds: ClassOdds, values: Values) -> Answer:
    """E_A L from the average of the log-odds themselves."""
    return _averaged(odds, values, lambda value, error: (value[:, 0], error[:, 0]))


def log_odds_variance_averaged(odds: ClassOdds, values: Values) -> Answer:
    """Var_A L from the averages of the log-odds and their squares."""

    def pick(value: FloatArray, error: FloatArray) -> tuple[FloatArray, FloatArray]:
        mean, square = value.T
        return square - mean**2, error[:, 1] + 2 * np.abs(mean) * error[:, 0] + 2 * EPS * mean**2

    return _averaged(odds, values, pick)


def kappa_averaged(odds: ClassOdds, values: Values) -> Answer:
    """Half the average of the log-odds themselves."""
    return _averaged(odds, values, lambda value, error: (value[:, 0] / 2, error[:, 0] / 2))
