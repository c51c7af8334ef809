"""What follows from a law's class log-odds along t, batched over parameters: written once for all laws (times: `speciation_times`).

Each public function takes a model and its parameter values, arrays of one length P, and returns an `Answer`. The classes of the law come
from `odds.odds`. Notation: p(c|x) the posterior of class c, w_c its weight; L = log P_t^A - log P_t^B of the first two classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.collapse.levels import FloatArray, Pair
from regimes.numerics.estimate import Answer, TextArray
from regimes.numerics.runtime.functions import relative_entropy_term
from regimes.numerics.speciation.odds import ClassOdds, OddsFunction, odds
from regimes.theory.model import DataModel

Values = Mapping[str, FloatArray]
_EPS = float(np.finfo(np.float64).eps)


def classes(model: DataModel, values: Values) -> tuple[ClassOdds, TextArray]:
    """The classes, and why there are none where there are none."""
    law, count = odds(model, values), values["d"].size
    absent = getattr(law, "absent", None)  # only laws whose classes exist at some of their parameters have it
    return law, np.full(count, "", "<U160") if absent is None else np.asarray(absent(values["d"]), dtype="<U160")


def where_present(law: ClassOdds, present: TextArray, compute: Callable[[ClassOdds, NDArray[np.intp]], Pair]) -> Answer:
    """What `compute` makes of the classes at the rows (indices of parameter points) where there are any."""
    rows, value, error = np.flatnonzero(present == ""), np.full(present.size, np.nan), np.full(present.size, np.nan)
    if rows.size:
        found = compute(law.select(rows), rows)
        value[rows], error[rows] = found.value, found.error + _EPS * np.abs(found.value)
    return Answer(value, error, present)


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


def _mean(model: DataModel, values: Values, f: OddsFunction) -> Answer:
    t, d = values["t"], values["d"]
    return where_present(*classes(model, values), lambda law, rows: average(law, t[rows], d[rows], f))


def cloning_probability(model: DataModel, values: Values) -> Answer:
    """phi = E sum_c p(c|x)^2: two clones end in the same class."""
    return _mean(model, values, agreement)


def cloning_probability_from_classes(model: DataModel, values: Values) -> Answer:
    """phi = sum_c w_c E_c p(c|x)."""
    return _mean(model, values, _own_posterior)


def class_information(model: DataModel, values: Values) -> Answer:
    """I(class; x_t) = E KL(p(.|x) || w), nats."""
    return _mean(model, values, divergence)


def class_information_from_density(model: DataModel, values: Values) -> Answer:
    """I(class; x_t) = sum_c w_c E_c log[p(c|x)/w_c]."""
    return _mean(model, values, _density)


def class_information_rate(model: DataModel, values: Values) -> Answer:
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

    return where_present(*classes(model, values), rate)


# -- two classes -----------------------------------------------------------------------------------------------------------------


def two_classes(law: ClassOdds, present: TextArray) -> TextArray:
    if law.count == 2:
        return present
    return np.where(present == "", f"the log-odds are one number for two classes, there are {law.count}", present).astype("<U160")


def _moment(model: DataModel, values: Values, pick: Callable[[Pair], Pair]) -> Answer:
    law, present = classes(model, values)
    t, d = values["t"], values["d"]
    return where_present(law, two_classes(law, present), lambda law, rows: pick(law.moments(t[rows], d[rows])))


def log_odds_mean(model: DataModel, values: Values) -> Answer:
    """KL(P_t^A || P_t^B) = E_A L, nats."""
    return _moment(model, values, lambda pair: Pair(pair.value[:, 0, 1, 0], pair.error[:, 0, 1, 0]))


def log_odds_variance(model: DataModel, values: Values) -> Answer:
    """Var_A L."""
    return _moment(model, values, lambda pair: Pair(pair.value[:, 0, 1, 1], pair.error[:, 0, 1, 1]))


def kappa(model: DataModel, values: Values) -> Answer:
    """Half the mean log-odds of the first class."""
    return _moment(model, values, lambda pair: Pair(pair.value[:, 0, 1, 0] / 2, pair.error[:, 0, 1, 0] / 2))


def _averaged(model: DataModel, values: Values, pick: Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]) -> Answer:
    law, present = classes(model, values)

    def compute(law: ClassOdds, rows: NDArray[np.intp]) -> Pair:
        value, error = law.averages(values["t"][rows], values["d"][rows], _square)
        return Pair(*pick(value[:, 0, [1, law.count + 1]], error[:, 0, [1, law.count + 1]]))

    return where_present(law, two_classes(law, present), compute)


def log_odds_mean_averaged(model: DataModel, values: Values) -> Answer:
    """E_A L from the average of the log-odds themselves."""
    return _averaged(model, values, lambda value, error: (value[:, 0], error[:, 0]))


def log_odds_variance_averaged(model: DataModel, values: Values) -> Answer:
    """Var_A L from the averages of the log-odds and their squares."""

    def pick(value: FloatArray, error: FloatArray) -> tuple[FloatArray, FloatArray]:
        mean, square = value.T
        return square - mean**2, error[:, 1] + 2 * np.abs(mean) * error[:, 0] + 2 * _EPS * mean**2

    return _averaged(model, values, pick)


def kappa_averaged(model: DataModel, values: Values) -> Answer:
    """Half the average of the log-odds themselves."""
    return _averaged(model, values, lambda value, error: (value[:, 0] / 2, error[:, 0] / 2))
