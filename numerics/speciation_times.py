"""Definitions of the speciation time from a law's class log-odds, batched over parameters: theory.md, written once for all laws.

Each public function takes a model and its parameter values, arrays of one length P, and returns an `Answer`: the largest time at which
the definition's condition holds, sought between `EARLIEST` and `LATEST`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.energy import FloatArray, Pair
from regimes.numerics.estimate import Answer, TextArray
from regimes.numerics.levels import default_level
from regimes.numerics.roots import bisect
from regimes.numerics.speciation import Values, average, classes, gain, two_classes, where_present
from regimes.theory.model import DataModel
from regimes.theory.params import LEVEL

EARLIEST, LATEST = 1e-6, 30.0
"""Times between which roots are sought; a condition that is met beyond the latest one is not computed."""
SCAN = 81
"""Times at which a condition that need not be monotone is looked at, evenly in log t: two crossings between neighbours go unseen."""
_EPS = float(np.finfo(np.float64).eps)

Excess = Callable[[FloatArray, NDArray[np.intp]], Pair]
"""f(t, rows): positive where the classes are apart, (R,), with its error; nan counts as negative."""


def critical_time(excess: Excess, present: TextArray, reason: str, *, monotone: bool) -> Answer:
    """The largest time at which `excess` falls through zero.

    Parameters
    ----------
    excess : the condition.
    present : (P,) why there are no classes; empty where there are.
    reason : what holds at every time where there is no root.
    monotone : whether `excess` falls with t: then only the ends are looked at for a bracket.
    """
    rows = np.flatnonzero(present == "")
    value, error, why = np.full(present.size, np.nan), np.full(present.size, np.nan), present.copy()
    grid = np.linspace(np.log(EARLIEST), np.log(LATEST), 2 if monotone else SCAN)

    def at(y: FloatArray, where: NDArray[np.intp]) -> FloatArray:
        with np.errstate(all="ignore"):
            return np.nan_to_num(excess(np.exp(y), where).value, nan=-1e300, posinf=1e300, neginf=-1e300)

    above = np.stack([at(np.full(rows.size, y), rows) >= 0 for y in grid], axis=1) if rows.size else np.zeros((0, grid.size), bool)
    late, none = above[:, -1], ~above.any(axis=1)
    why[rows[none]] = f"{reason} at every t > {EARLIEST:g}"
    found = rows[~late & ~none]
    if found.size:
        last = grid.size - 1 - np.argmax(above[~late & ~none][:, ::-1], axis=1)
        left, right = np.zeros(present.size), np.zeros(present.size)
        left[found], right[found] = grid[last], grid[last + 1]
        reach = 1e-4
        with np.errstate(all="ignore"):
            y = bisect(at, left, right, found, np.full(present.size, 0.25))
            here = excess(np.exp(y), found)
            slope = (excess(np.exp(y + reach), found).value - excess(np.exp(y - reach), found).value) / (2 * reach)
            spread = (np.abs(here.value) + here.error + 4 * _EPS) / np.abs(slope)
        value[found], error[found] = np.exp(y), np.exp(y) * (spread + 4 * _EPS * np.maximum(1, np.abs(y)))
    return Answer(value, error, why)


# -- by the covariance ----------------------------------------------------------------------------------------------------------


def _by_eigenvalue(model: DataModel, values: Values, log: Callable[[FloatArray], FloatArray], reason: str) -> Answer:
    law, present = classes(model, values)
    top = law.largest_eigenvalue(values["d"])
    with np.errstate(invalid="ignore", divide="ignore"):
        time = log(top) / 2
    present = np.where((present == "") & ~(time > 0), reason, present).astype("<U160")
    return where_present(present, Pair(time, 4 * _EPS * (1 + np.abs(time))))  # a rounding of the eigenvalue moves the time by as much


def spectral(model: DataModel, values: Values) -> Answer:
    """Largest eigenvalue times e^{-2t} equals one."""
    return _by_eigenvalue(model, values, np.log, "the largest eigenvalue of the data covariance is at most 1")


def noise_balance(model: DataModel, values: Values) -> Answer:
    """Largest eigenvalue times e^{-2t} equals the noise variance."""
    return _by_eigenvalue(model, values, np.log1p, "the largest eigenvalue of the data covariance is not positive")


# -- by the log-odds of two classes ----------------------------------------------------------------------------------------------


def snr(model: DataModel, values: Values) -> Answer:
    """kappa = 1; the divergence of the classes falls with t."""
    law, present = classes(model, values)

    def excess(t: FloatArray, rows: NDArray[np.intp]) -> Pair:
        value, error = law.select(rows).moments(t, values["d"][rows])
        mean = value[:, 0, 1, 0]
        return Pair(np.log(mean / 2), error[:, 0, 1, 0] / mean)

    return critical_time(excess, two_classes(law, present), "kappa stays below 1", monotone=True)


def balance(model: DataModel, values: Values) -> Answer:
    """The mean of the log-odds equals their standard deviation, x from the first class."""
    law, present = classes(model, values)

    def excess(t: FloatArray, rows: NDArray[np.intp]) -> Pair:
        value, error = law.select(rows).moments(t, values["d"][rows])
        (mean, var), (off, blur) = value[:, 0, 1].T, error[:, 0, 1].T
        return Pair(2 * np.log(mean) - np.log(var), 2 * off / mean + blur / var)

    reason = "the mean of the log-odds stays below their standard deviation"
    return critical_time(excess, two_classes(law, present), reason, monotone=False)


# -- at the symmetric point --------------------------------------------------------------------------------------------------------


def _symmetric(model: DataModel, values: Values, entry: int, sign: int, reason: str) -> Answer:
    law, present = classes(model, values)
    found = law.curvatures(np.ones_like(values["d"]), values["d"])
    missing = np.ones(present.shape, bool) if found is None else np.isnan(found[entry])
    present = np.where((present == "") & missing, law.no_symmetric_point, present).astype("<U160")

    def excess(t: FloatArray, rows: NDArray[np.intp]) -> Pair:
        both = law.select(rows).curvatures(t, values["d"][rows])
        assert both is not None
        return Pair(sign * both[entry], 8 * _EPS * (1 + np.abs(both.curvature)))

    return critical_time(excess, present, reason, monotone=False)


def bimodal(model: DataModel, values: Values) -> Answer:
    """-log P_t has zero curvature at the symmetric point."""
    return _symmetric(model, values, 0, -1, "-log P_t is curved upwards at the symmetric point")


def curvature(model: DataModel, values: Values) -> Answer:
    """The slope of the reverse drift vanishes at the symmetric point."""
    return _symmetric(model, values, 1, 1, "the reverse drift stays stable at the symmetric point")


# -- by the cloning probability ------------------------------------------------------------------------------------------------------


def cloning(model: DataModel, values: Values) -> Answer:
    """phi = level, by default that of two balanced classes at kappa = 1; phi falls with t to the chance of agreement."""
    law, present = classes(model, values)
    d = values["d"]
    level = values[LEVEL.name] if LEVEL.name in values else np.full(d.size, default_level())
    wanted = level - (law.weights(d) ** 2).sum(-1)
    chance = "the level is not above the chance of agreement, sum_c w_c^2"
    present = np.where((present == "") & ~(wanted > 0), chance, present).astype("<U160")

    def excess(t: FloatArray, rows: NDArray[np.intp]) -> Pair:
        above_chance = average(law.select(rows), t, d[rows], gain)
        return Pair(np.log(above_chance.value / wanted[rows]), above_chance.error / above_chance.value)

    return critical_time(excess, present, "the cloning probability stays below the level", monotone=True)
