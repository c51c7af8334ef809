"""Splitting and cloning probabilities of the models with a scalar order parameter, from the drift and noise of its reverse process.

* two Gaussian clusters: q = m.x/sqrt(d), exact at every d; drift and noise amplitude are the derived formulas
* Curie-Weiss, beta > 1: q = m.x/sqrt(d), m_i = (m_+ - m_-)/2 of the two states, in regime I, e^{-t} of order d^{-1/2}, where sum_i x_i
  over sqrt(d) has as its law a mixture of two normal ones of unit variance
* two centred Gaussians: r = |x|^2, exact at every d: x has drift x (1 + 2 S), S the score over x, so r has drift 2r + 4 r S + 2 d and
  noise amplitude sqrt(8 r)

For the first and the last a datum at t = 0 belongs to a class with the probability that the law of the data gives it; in regime I the
magnetisations separate as t falls, and the class is the side of their middle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.collapse.levels import FloatArray, Pair
from regimes.numerics.estimate import Answer, TextArray
from regimes.numerics.laws.clusters.odds import normal_averages
from regimes.numerics.laws.curie_weiss.limit import weighted_states
from regimes.numerics.quantities.kernels import kernel
from regimes.numerics.speciation.from_odds import average
from regimes.numerics.speciation.kolmogorov import REACH, Frame, Process, Splitting, blur, splitting
from regimes.numerics.speciation.odds import OddsFunction, odds
from regimes.theory.laws import GaussianClusters, ZeroMeanMixture
from regimes.theory.model import DataModel

Values = Mapping[str, FloatArray]
Average = Callable[[float, OddsFunction], Pair]
"""Mean of f(log-odds of the densities, weights, own class) over x ~ P_t: value and error, (1,) each."""
_EPS = float(np.finfo(np.float64).eps)
_FORGOTTEN = 80.0
"""kappa to spare at the end of regime I: what the sharp end does to u falls as e^{-kappa/2}."""


class Setting(NamedTuple):
    """One model at one set of parameters.

    Attributes
    ----------
    process : by the last time that is asked for.
    mean : over P_t.
    swapped : whether the process has the second class as its A.
    bias : log-odds of the weights of A.
    """

    process: Callable[[float], Process]
    mean: Average
    swapped: bool
    bias: float


def _logistic(xi: FloatArray) -> FloatArray:
    return np.asarray(1 / (1 + np.exp(-xi)))


# -- two clusters ------------------------------------------------------------------------------------------------------------------


def _clusters(model: DataModel, at: Mapping[str, float]) -> Setting:
    law = model.law({p.name: at[p.name] for p in model.params})
    assert isinstance(law, GaussianClusters)
    own = {name: np.array([value]) for name, value in at.items()}
    classes, d = odds(model, own), own["d"]
    weight, excess = float(law.weights[0]), float(law.sd) ** 2 - 1
    bias = float(np.log(weight / (1 - weight)))
    fields = {name: kernel(model, name, "closed-form", "numpy") for name in ("overlap-drift", "overlap-noise")}

    def field(name: str) -> Callable[[FloatArray, float], FloatArray]:
        run, args = fields[name].load(), fields[name].args
        return lambda q, t: np.broadcast_to(run(*({**at, "q": q, "t": t}[a] for a in args)), q.shape)

    def frame(t: float) -> Frame:
        # xi = bias + 2 sqrt(d) e^{-t} q/Gamma
        grown, fallen, unit = np.exp(t), excess * np.exp(-t), 2 * np.sqrt(at["d"])
        scale, rate = (grown + fallen) / unit, (grown - fallen) / unit
        return Frame(-bias * scale, scale, -REACH, -bias * rate, rate, 0.0)

    process = Process(field("overlap-drift"), field("overlap-noise"), frame, 0.0, _logistic)
    return Setting(lambda last: process, lambda t, f: average(classes, np.array([t]), d, f), False, bias)


# -- Curie-Weiss ---------------------------------------------------------------------------------------------------------------------


def _curie_weiss(model: DataModel, at: Mapping[str, float]) -> Setting:
    del model
    plus, minus, bias = (float(part[0]) for part in weighted_states({name: np.array([value]) for name, value in at.items()})[:3])
    root, half, middle = np.sqrt(at["d"]), (plus - minus) / 2, (plus + minus) / 2
    weights = np.exp(-np.logaddexp(0, [[-bias, bias]]))

    def drift(q: FloatArray, t: float) -> FloatArray:
        # x + 2 S with the score e^{-t} E[a|x] - x: unit normals at root e^{-t} (middle +- half)
        shrink = root * np.exp(-t)
        mean = middle + half * np.tanh(shrink * (q - shrink * middle * half) + bias / 2)
        return np.asarray(2 * shrink * half * mean - q)

    def frame(t: float) -> Frame:
        # xi = bias + 2 shrink (q - shrink middle half)
        shrink = root * np.exp(-t)
        centre, scale = shrink * middle * half, 1 / (2 * shrink)
        return Frame(centre - bias * scale, scale, -REACH, -centre - bias * scale, scale, 0.0)

    def process(last: float) -> Process:
        strength = at["d"] * half**2
        start = -np.log((strength * np.exp(-2 * last) + _FORGOTTEN) / strength) / 2
        return Process(drift, lambda q, t: np.full_like(q, np.sqrt(2) * half), frame, start, lambda xi: (np.sign(xi - bias) + 1) / 2)

    def mean(t: float, f: OddsFunction) -> Pair:
        found = normal_averages(np.array([at["d"] * half**2 * np.exp(-2 * t)]), weights, f)
        return Pair(*((weights * part[..., 0]).sum(1) for part in found))

    return Setting(process, mean, False, bias)


# -- two centred Gaussians -------------------------------------------------------------------------------------------------------------


def _zero_mean(model: DataModel, at: Mapping[str, float]) -> Setting:
    law = model.law({p.name: at[p.name] for p in model.params})
    assert isinstance(law, ZeroMeanMixture)
    own = {name: np.array([value]) for name, value in at.items()}
    classes, d = odds(model, own), at["d"]
    swapped = law.sds[0] < law.sds[1]
    wide, narrow = (s**2 for s in sorted(law.sds, reverse=True))
    bias = float(np.log(law.weight / (1 - law.weight))) * (-1 if swapped else 1)

    def widths(t: float) -> tuple[float, float, float]:
        """Variances of the wide and the narrow class now, and the difference of their inverses."""
        fall = np.exp(-2 * t)
        now = [1 + (var - 1) * fall for var in (wide, narrow)]
        return now[0], now[1], (wide - narrow) * fall / (now[0] * now[1])

    def at_origin(t: float) -> float:
        """Log-odds of the wide class at r = 0."""
        above, _, gap = widths(t)
        return bias - d / 2 * float(np.log1p(gap * above))

    def drift(r: FloatArray, t: float) -> FloatArray:
        above, below, gap = widths(t)
        share = _logistic(at_origin(t) + r * gap / 2)
        score = -(share / above + (1 - share) / below)
        return np.asarray(2 * r + 4 * r * score + 2 * d)

    def frame(t: float) -> Frame:
        above, below, gap = widths(t)
        origin, scale = at_origin(t), 2 / gap
        # Gamma' = 2 (1 - Gamma): the origin moves by d gap, the gap by -2 gap (1/above + 1/below - 1)
        rate = 2 * scale * (1 / above + 1 / below - 1)
        free = origin > -REACH
        return Frame(-origin * scale, scale, max(origin, -REACH), -origin * rate - d * gap * scale, rate, d * gap if free else 0.0)

    # the origin comes into the range of open log-odds as the classes become alike: log(above/below) = (bias + REACH) 2/d
    ratio = np.exp(2 * (bias + REACH) / d)
    over = (wide - narrow) / (ratio - 1) - narrow + 1 if ratio > 1 else np.inf  # e^{2t} at that time
    free = float(np.log(over) / 2) if over > 1 else 0.0
    process = Process(drift, lambda r, t: np.sqrt(8 * np.maximum(r, 0)), frame, 0.0, _logistic, free)
    return Setting(lambda last: process, lambda t, f: average(classes, np.array([t]), own["d"], f), swapped, bias)


FAMILIES: dict[str, Callable[[DataModel, Mapping[str, float]], Setting]] = {
    "clusters": _clusters,
    "curie-weiss": _curie_weiss,
    "zero-mean-mixture": _zero_mean,
}


# -- what is asked -----------------------------------------------------------------------------------------------------------------------

ALIKE = "the classes are one and the same law: nothing is chosen"
Group = Callable[[Setting, Any, FloatArray], Pair]
"""From a setting, the rows that have it and their times to values and errors."""


def _place(model: DataModel) -> str:
    return "r" if model.family == "zero-mean-mixture" else "q"


def _reasons(model: DataModel, values: Values) -> TextArray:
    if model.family == "curie-weiss":
        return weighted_states(values)[3]
    law = model.law({p.name: values[p.name] for p in model.params})
    alike = law.sds[0] == law.sds[1] if isinstance(law, ZeroMeanMixture) else np.zeros(values["t"].size, bool)
    return np.where(alike, ALIKE, "").astype("<U160")


def _by_group(model: DataModel, values: Values, compute: Group) -> Answer:
    """`compute` for all rows that differ in the time and the place alone: one equation is solved for them."""
    value, error, reason = np.full(values["t"].size, np.nan), np.full(values["t"].size, np.nan), _reasons(model, values)
    names = [name for name in values if name not in ("t", _place(model))]
    keys, rows = np.stack([values[name] for name in names], axis=1), np.flatnonzero(reason == "")
    for key in np.unique(keys[rows], axis=0):
        group = rows[(keys[rows] == key).all(1)]
        setting = FAMILIES[model.family](model, dict(zip(names, map(float, key), strict=True)))
        try:
            value[group], error[group] = compute(setting, group, values["t"][group])
        except ArithmeticError as trouble:
            value[group], reason[group] = np.inf, str(trouble)[:160]
    return Answer(value, error, reason)


def _solved(setting: Setting, t: FloatArray) -> tuple[FloatArray, NDArray[np.signedinteger[Any]], Splitting, Splitting]:
    """The times, the number of its time for every row, and u at these times on both grids."""
    times, which = np.unique(t, return_inverse=True)
    return times, which, *splitting(setting.process(float(times[-1])), times)


def cloning_probability(model: DataModel, values: Values) -> Answer:
    """phi = E [u^2 + (1-u)^2] over x ~ P_t: two clones split at t end in the same class."""

    def compute(setting: Setting, rows: Any, t: FloatArray) -> Pair:
        del rows
        times, which, fine, rough = _solved(setting, t)
        value, error = np.empty(times.size), np.empty(times.size)
        for k, time in enumerate(times):
            mean, off = (float(part[0]) for part in setting.mean(float(time), _agreement(setting, fine, k)))
            value[k], error[k] = mean, 2 * blur(fine, rough, k) + off  # |d[u^2 + (1-u)^2]| <= 2 |du|
        return Pair(value[which], error[which])

    return _by_group(model, values, compute)


def _agreement(setting: Setting, u: Splitting, k: int) -> OddsFunction:
    def f(log_odds: FloatArray, weights: FloatArray, own: int) -> FloatArray:
        del weights, own
        xi = setting.bias + (log_odds[..., 0] - log_odds[..., 1]) * (-1 if setting.swapped else 1)
        there = u.at(k, xi)
        return np.asarray(there**2 + (1 - there) ** 2)[..., None]

    return f


def splitting_probability(model: DataModel, values: Values) -> Answer:
    """u(q, t) from the backward Kolmogorov equation."""

    def compute(setting: Setting, rows: Any, t: FloatArray) -> Pair:
        times, which, fine, rough = _solved(setting, t)
        xi, _ = _xi(setting, t, values[_place(model)][rows])
        value = np.array([fine.at(k, np.array([x]))[0] for k, x in zip(which, xi, strict=True)])
        error = np.array([blur(fine, rough, k) for k in range(times.size)])[which]
        return Pair(1 - value if setting.swapped else value, np.where(np.abs(xi) >= REACH, np.exp(-REACH), error))

    return _by_group(model, values, compute)


def posterior(model: DataModel, values: Values) -> Answer:
    """p(A|x_t): what u is, if drift and noise are those of the exact reverse process."""

    def compute(setting: Setting, rows: Any, t: FloatArray) -> Pair:
        xi, size = _xi(setting, t, values[_place(model)][rows])
        value = np.exp(-np.logaddexp(0, xi if setting.swapped else -xi))
        return Pair(value, 8 * _EPS * (1 + size) * value)

    return _by_group(model, values, compute)


def _xi(setting: Setting, t: FloatArray, place: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Log-odds of A with the weights, at places of the order parameter, and the size of the terms that they are made of."""
    frames = [setting.process(float(time)).frame(float(time)) for time in t]
    shift, scale = (np.array([getattr(at, name) for at in frames]) for name in ("shift", "scale"))
    return (place - shift) / scale, (np.abs(place) + np.abs(shift)) / scale
