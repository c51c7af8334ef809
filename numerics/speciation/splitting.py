"""Splitting and cloning probabilities of laws with a scalar order parameter, from the drift and noise of its reverse process.

A family with an order parameter says where it is measured, when there is none, and its process at given parameters; the posterior that the
drift was made from enters nowhere. Notation: u the probability that the reverse process ends in class A; xi the log-odds of A.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.arrays import EPS, FAILED, Answer, FloatArray, Pair, TextArray, Values
from regimes.numerics.speciation.kolmogorov import REACH, Process, Splitting, blur, splitting
from regimes.numerics.speciation.odds import OddsFunction
from regimes.theory.model import DataModel
from regimes.theory.params import Param

Average = Callable[[float, OddsFunction], Pair]
"""Mean of f(log-odds of the densities, weights, own class) over x ~ P_t: value and error, (1,) each."""


class Setting(NamedTuple):
    """One model at one set of parameters.

    Attributes
    ----------
    process : callable
        The reverse process, by the last time that is asked for.
    mean : callable
        Averages over P_t.
    swapped : bool
        Whether the process has the second class as its A.
    bias : float
        Log-odds of the weights of A.
    """

    process: Callable[[float], Process]
    mean: Average
    swapped: bool
    bias: float


@dataclass(frozen=True)
class OrderParameter:
    """The scalar order parameter of a family.

    Attributes
    ----------
    place : Param
        Param
        The order parameter.
    setting : callable
        The process of a model at one set of parameters.
    absent : callable
        Why there are not two classes, (P,); empty where there are.
    """

    place: Param
    setting: Callable[[DataModel, Mapping[str, float]], Setting]
    absent: Callable[[DataModel, Values], TextArray]


def logistic(xi: FloatArray) -> FloatArray:
    """Probability of A from its log-odds."""
    return np.asarray(1 / (1 + np.exp(-xi)))


Group = Callable[[Setting, Any, FloatArray], Pair]
"""From a setting, the rows that have it and their times to values and errors."""


def _by_group(order: OrderParameter, model: DataModel, values: Values, compute: Group) -> Answer:
    """`compute` for all rows that differ in the time and the place alone: one equation is solved for them."""
    absent = order.absent(model, values)
    answer, rows = Answer.of(Pair(np.full(absent.size, np.nan), np.full(absent.size, np.nan)), absent), np.flatnonzero(absent == "")
    names = [name for name in values if name not in ("t", order.place.name)]
    keys = np.stack([values[name] for name in names], axis=1)
    for key in np.unique(keys[rows], axis=0):
        group = rows[(keys[rows] == key).all(1)]
        setting = order.setting(model, dict(zip(names, map(float, key), strict=True)))
        try:
            answer.put(group, Answer.of(compute(setting, group, values["t"][group])))
        except ArithmeticError as trouble:
            answer.set(group, FAILED, str(trouble))
    return answer


def _solved(setting: Setting, t: FloatArray) -> tuple[FloatArray, NDArray[np.signedinteger[Any]], Splitting, Splitting]:
    """The times, the number of its time for every row, and u at these times on both grids."""
    times, which = np.unique(t, return_inverse=True)
    return times, which, *splitting(setting.process(float(times[-1])), times)


def cloning_probability(order: OrderParameter, model: DataModel, values: Values) -> Answer:
    """phi = E [u^2 + (1-u)^2] over x ~ P_t: two clones split at t end in the same class."""

    def compute(setting: Setting, rows: Any, t: FloatArray) -> Pair:
        del rows
        times, which, fine, rough = _solved(setting, t)
        value, error = np.empty(times.size), np.empty(times.size)
        for k, time in enumerate(times):
            mean, off = (float(part[0]) for part in setting.mean(float(time), _agreement(setting, fine, k)))
            value[k], error[k] = mean, 2 * blur(fine, rough, k) + off  # |d[u^2 + (1-u)^2]| <= 2 |du|
        return Pair(value[which], error[which])

    return _by_group(order, model, values, compute)


def _agreement(setting: Setting, u: Splitting, k: int) -> OddsFunction:
    def f(log_odds: FloatArray, weights: FloatArray, own: int) -> FloatArray:
        del weights, own
        xi = setting.bias + (log_odds[..., 0] - log_odds[..., 1]) * (-1 if setting.swapped else 1)
        there = u.at(k, xi)
        return np.asarray(there**2 + (1 - there) ** 2)[..., None]

    return f


def splitting_probability(order: OrderParameter, model: DataModel, values: Values) -> Answer:
    """u(q, t) from the backward Kolmogorov equation."""

    def compute(setting: Setting, rows: Any, t: FloatArray) -> Pair:
        times, which, fine, rough = _solved(setting, t)
        xi, _ = _xi(setting, t, values[order.place.name][rows])
        value = np.array([fine.at(k, np.array([x]))[0] for k, x in zip(which, xi, strict=True)])
        error = np.array([blur(fine, rough, k) for k in range(times.size)])[which]
        return Pair(1 - value if setting.swapped else value, np.where(np.abs(xi) >= REACH, np.exp(-REACH), error))

    return _by_group(order, model, values, compute)


def posterior(order: OrderParameter, model: DataModel, values: Values) -> Answer:
    """p(A|x_t): what u is, if drift and noise are those of the exact reverse process."""

    def compute(setting: Setting, rows: Any, t: FloatArray) -> Pair:
        xi, size = _xi(setting, t, values[order.place.name][rows])
        value = np.exp(-np.logaddexp(0, xi if setting.swapped else -xi))
        return Pair(value, 8 * EPS * (1 + size) * value)

    return _by_group(order, model, values, compute)


def _xi(setting: Setting, t: FloatArray, place: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Log-odds of A with the weights, at places of the order parameter, and the size of the terms that they are made of."""
    frames = [setting.process(float(time)).frame(float(time)) for time in t]
    shift, scale = (np.array([getattr(at, name) for at in frames]) for name in ("shift", "scale"))
    return (place - shift) / scale, (np.abs(place) + np.abs(shift)) / scale
