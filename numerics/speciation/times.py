"""Definitions of the speciation time from a law's class log-odds, batched over parameters: theory.md, written once for all laws.

Each definition takes the classes of a law at P parameter points and the parameters, arrays (P,), and returns an `Answer`: the largest
time at which its condition holds, sought between `EARLIEST` and `LATEST`. A new one is a function here; its decorator offers it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.arrays import EPS, FAILED, Answer, FloatArray, Pair, TextArray, Values
from regimes.numerics.runtime.roots import bisect
from regimes.numerics.speciation.from_odds import agreement, average, gain, not_two
from regimes.numerics.speciation.line_average import normal_averages
from regimes.numerics.speciation.odds import ClassOdds
from regimes.theory.params import LEVEL

EARLIEST, LATEST = 1e-6, 30.0
"""Times between which roots are sought; a condition that is met beyond the latest one is not computed."""
SCAN = 81
"""Times at which a condition that need not be monotone is looked at, evenly in log t: two crossings between neighbours go unseen."""

Excess = Callable[[FloatArray, NDArray[np.intp]], Pair]
"""f(t, rows): positive where the classes are apart, (R,), with its error; -inf where they are not apart at all, nan if not computed."""

Definition = Callable[[ClassOdds, Values], Answer]
DEFINITIONS: dict[str, tuple[Definition, str]] = {}
"""The published definitions by the names of the command line, each with what holds at the time that it means."""


def _definition(doc: str) -> Callable[[Definition], Definition]:
    """Offer a function under its own name."""

    def offer(function: Definition) -> Definition:
        DEFINITIONS[function.__name__.replace("_", "-")] = function, doc
        return function

    return offer


def critical_time(excess: Excess, absent: TextArray, reason: str, *, monotone: bool, rough: Excess | None = None) -> Answer:
    """The largest time at which `excess` falls through zero, as well as the errors of `excess` tell.

    Parameters
    ----------
    excess : callable
        The condition.
    absent : (P,) str
        Why there are no classes; empty where there are.
    reason : str
        What holds at every time where there is no root.
    monotone : bool
        Whether `excess` falls with t: then only the ends are looked at for a bracket.
    rough : callable, optional
        Near `excess` and cheaper: where it has a root, `excess` is looked at about that root only.

    A condition that was not computed where it is needed, or that does not fall at its root, makes the answer a failed one, with its reason.
    """
    value, error, why = np.full(absent.size, np.nan), np.full(absent.size, np.nan), absent.copy()
    rows = np.flatnonzero(absent == "")
    if rough is not None:
        guess = critical_time(rough, absent, reason, monotone=monotone).value
        _newton(excess, rough, rows[np.isfinite(guess[rows])], guess, value, error)
        rows = rows[np.isnan(value[rows])]
    left, right = np.full(absent.size, np.nan), np.full(absent.size, np.nan)
    none, lost = _scan(excess, rows, left, right, np.linspace(np.log(LATEST), np.log(EARLIEST), 2 if monotone else SCAN))
    why[none] = f"{reason} at every t > {EARLIEST:g}"
    found = rows[np.isfinite(left[rows])]
    if found.size:
        search = _Search(excess, left, right, lost)
        with np.errstate(all="ignore"):
            y = bisect(search, left, right, found, np.full(absent.size, 0.25))
        here, slope = search.at(y, found), search.slope(y, found)
        with np.errstate(all="ignore"):
            # What is left of the condition is within its error: a step by the slope takes it away.
            step = np.clip(-here.value / slope, -0.1, 0.1)
            spread = (here.error + 4 * EPS) / np.abs(slope)
        value[found] = np.exp(y + step)
        error[found] = value[found] * (spread + step**2 + 4 * EPS * np.maximum(1, np.abs(y)))
        lost[found[~(slope < 0)]] = np.exp(y)[~(slope < 0)]
    answer, missed = Answer.of(Pair(value, error), why), np.isfinite(lost)
    for row in np.flatnonzero(missed):
        answer.set(row, FAILED, f"the condition was not computed near t = {lost[row]:.4g}")
    return answer


def _evaluate(excess: Excess, y: FloatArray, rows: NDArray[np.intp]) -> Pair:
    """The condition at times exp(y), its infinities cut off."""
    with np.errstate(all="ignore"):
        here = excess(np.exp(y), rows)
        return Pair(np.clip(here.value, -1e300, 1e300), here.error)


class _Search:
    """The condition as the search for its sign sees it: zero where it is within its error, so that the search ends there.

    The ends keep their signs, and with them the bracket. The times where there is no value are noted in `lost`, in place.
    """

    def __init__(self, excess: Excess, left: FloatArray, right: FloatArray, lost: FloatArray) -> None:
        self._excess, self._ends, self._lost = excess, (left, right), lost
        # per row the last log t, value and error, and those before: a condition may be costly
        self._last, self._before = np.full((3, left.size), np.nan), np.full((3, left.size), np.nan)

    def __call__(self, y: FloatArray, rows: NDArray[np.intp]) -> FloatArray:
        here = _evaluate(self._excess, y, rows)
        self._before[:, rows] = self._last[:, rows]
        self._last[:, rows] = y, here.value, here.error
        missing = np.isnan(here.value)
        self._lost[rows[missing]] = np.exp(y[missing])
        inside = (y != self._ends[0][rows]) & (y != self._ends[1][rows])
        return np.where(missing | (inside & (np.abs(here.value) <= here.error)), 0.0, here.value)

    def at(self, y: FloatArray, rows: NDArray[np.intp]) -> Pair:
        """The condition where the search has ended."""
        again = self._last[0, rows] != y
        if again.any():
            self(y[again], rows[again])
        return Pair(self._last[1, rows], self._last[2, rows])

    def slope(self, y: FloatArray, rows: NDArray[np.intp]) -> FloatArray:
        """That of the last two points where they are near and clearly apart, otherwise that about y."""
        gap, change, _ = self._last[:, rows] - self._before[:, rows]
        near = (np.abs(gap) > 1e-8) & (np.abs(gap) < 1e-3) & (np.abs(change) > 10 * (self._last[2, rows] + self._before[2, rows]))
        slope = np.divide(change, gap, out=np.full(y.size, np.nan), where=near)
        if not near.all():
            slope[~near] = _slope(self._excess, y[~near], rows[~near])
        return np.asarray(slope)


def _slope(excess: Excess, y: FloatArray, rows: NDArray[np.intp]) -> FloatArray:
    """Change of the condition with log t, over a distance at which it is ten times its error, at most a tenth."""
    slope, open_, reach = np.full(y.size, np.nan), np.arange(y.size), 1e-4
    while open_.size and reach <= 0.1:
        ahead, behind = (_evaluate(excess, y[open_] + side * reach, rows[open_]) for side in (1, -1))
        change = ahead.value - behind.value
        slope[open_] = change / (2 * reach)
        open_ = open_[np.abs(change) < 10 * (ahead.error + behind.error)]
        reach *= 10
    return slope


def _scan(
    excess: Excess, rows: NDArray[np.intp], left: FloatArray, right: FloatArray, grid: FloatArray
) -> tuple[NDArray[np.intp], FloatArray]:
    """Bracket the last change of sign on a falling grid of log t, in place.

    Returns the rows that have none as the condition never holds, and per row the time at which there was no value before one was found.
    """
    lost = np.full(left.size, np.nan)
    for k, y in enumerate(grid):
        if not rows.size:
            break
        here = _evaluate(excess, np.full(rows.size, y), rows).value
        above, missing = here >= 0, np.isnan(here)
        if k:  # a condition that holds at the latest time has no bracket
            left[rows[above]], right[rows[above]] = y, grid[k - 1]
        lost[rows[missing]] = np.exp(y)
        rows = rows[~above & ~missing]
    return rows, lost


def _newton(excess: Excess, rough: Excess, rows: NDArray[np.intp], guess: FloatArray, value: FloatArray, error: FloatArray) -> None:
    """Roots of a costly condition near those of a cheaper one, in place, until what is left is below its error; others stay nan.

    The first slope is that of the cheaper condition, then that of the last two points where they differ by more than their errors.
    """
    if not rows.size:
        return
    y = np.log(guess[rows])
    slope = _slope(rough, y, rows)
    before: tuple[FloatArray, Pair] | None = None
    for _ in range(10):
        here = excess(np.exp(y), rows)
        if before is not None:
            change = here.value - before[1].value
            with np.errstate(all="ignore"):
                secant = change / (y - before[0])
            clear = (np.abs(change) > 10 * (here.error + before[1].error)) & (secant < 0)
            slope = np.where(clear, secant, slope)
        done = np.abs(here.value) <= 0.5 * here.error + 8 * EPS
        at = rows[done]
        value[at] = np.exp(y[done])
        error[at] = value[at] * ((np.abs(here.value) + here.error)[done] / np.abs(slope[done]) + 8 * EPS)
        going = ~done & np.isfinite(here.value)
        step = np.clip(-here.value / slope, -0.5, 0.5)
        rows, slope, before = rows[going], slope[going], (y[going], Pair(here.value[going], here.error[going]))
        y = (y + step)[going]
        if not rows.size:
            break


def _where_positive(size: FloatArray, value: FloatArray, error: FloatArray) -> Pair:
    """A condition on the logarithm of `size`: with a size of zero, or below it by rounding, the classes are not apart at all."""
    return Pair(np.where(size <= 0, -np.inf, value), error)


# -- by the covariance ----------------------------------------------------------------------------------------------------------


def _by_eigenvalue(odds: ClassOdds, values: Values, log: Callable[[FloatArray], FloatArray], reason: str) -> Answer:
    absent = odds.absent(values["d"])
    rows = np.flatnonzero(absent == "")
    time = np.full(absent.size, np.nan)
    if rows.size:
        with np.errstate(invalid="ignore", divide="ignore"):
            time[rows] = log(odds.select(rows).largest_eigenvalue(values["d"][rows])) / 2
    absent[(absent == "") & ~(time > 0)] = reason
    return Answer.of(Pair(time, 3 * EPS * (1 + np.abs(time))), absent)  # a rounding of the eigenvalue moves the time by as much


@_definition("largest eigenvalue of the data covariance times e^{-2t} is 1")
def spectral(odds: ClassOdds, values: Values) -> Answer:
    """Largest eigenvalue times e^{-2t} equals one."""
    return _by_eigenvalue(odds, values, np.log, "the largest eigenvalue of the data covariance is at most 1")


@_definition("largest eigenvalue of the data covariance times e^{-2t} is the noise variance")
def noise_balance(odds: ClassOdds, values: Values) -> Answer:
    """Largest eigenvalue times e^{-2t} equals the noise variance."""
    return _by_eigenvalue(odds, values, np.log1p, "the largest eigenvalue of the data covariance is not positive")


def _time(condition: Callable[[ClassOdds], Excess], odds: ClassOdds, absent: TextArray, reason: str, *, monotone: bool) -> Answer:
    """`critical_time` of a condition on the classes."""
    rough = odds.rough
    return critical_time(condition(odds), absent, reason, monotone=monotone, rough=None if rough is None else condition(rough))


# -- by the log-odds of two classes ----------------------------------------------------------------------------------------------


@_definition("kappa = 1")
def snr(odds: ClassOdds, values: Values) -> Answer:
    """kappa = 1; the divergence of the classes falls with t."""

    def condition(law: ClassOdds) -> Excess:
        def excess(t: FloatArray, rows: NDArray[np.intp]) -> Pair:
            value, error = law.select(rows).moments(t, values["d"][rows])
            mean = value[:, 0, 1, 0]
            return _where_positive(mean, np.log(mean / 2), error[:, 0, 1, 0] / mean)

        return excess

    return _time(condition, odds, not_two(odds, values["d"]), "kappa stays below 1", monotone=True)


@_definition("the mean of the log-odds equals their standard deviation")
def balance(odds: ClassOdds, values: Values) -> Answer:
    """The mean of the log-odds equals their standard deviation, x from the first class."""

    def condition(law: ClassOdds) -> Excess:
        def excess(t: FloatArray, rows: NDArray[np.intp]) -> Pair:
            value, error = law.select(rows).moments(t, values["d"][rows])
            (mean, var), (off, blur) = value[:, 0, 1].T, error[:, 0, 1].T
            return _where_positive(mean, 2 * np.log(mean) - np.log(var), 2 * off / mean + blur / var)

        return excess

    reason = "the mean of the log-odds stays below their standard deviation"
    return _time(condition, odds, not_two(odds, values["d"]), reason, monotone=False)


# -- at the symmetric point --------------------------------------------------------------------------------------------------------


def _symmetric(odds: ClassOdds, values: Values, entry: int, sign: int, reason: str) -> Answer:
    absent, found = odds.absent(values["d"]), odds.curvatures(np.ones_like(values["d"]), values["d"])
    missing = np.ones(absent.shape, bool) if found is None else np.isnan(found[entry])
    absent[(absent == "") & missing] = odds.no_symmetric_point

    def excess(t: FloatArray, rows: NDArray[np.intp]) -> Pair:
        both = odds.select(rows).curvatures(t, values["d"][rows])
        assert both is not None
        return Pair(sign * both[entry], 8 * EPS * (1 + np.abs(both.curvature)))

    return critical_time(excess, absent, reason, monotone=False)


@_definition("-log P_t has zero curvature at the symmetric point")
def bimodal(odds: ClassOdds, values: Values) -> Answer:
    """-log P_t has zero curvature at the symmetric point."""
    return _symmetric(odds, values, 0, -1, "-log P_t is curved upwards at the symmetric point")


@_definition("the slope of the reverse drift vanishes at the symmetric point")
def curvature(odds: ClassOdds, values: Values) -> Answer:
    """The slope of the reverse drift vanishes at the symmetric point."""
    return _symmetric(odds, values, 1, 1, "the reverse drift stays stable at the symmetric point")


# -- by the cloning probability ------------------------------------------------------------------------------------------------------


@cache
def default_level() -> float:
    """phi(kappa = 1) of two balanced classes of Gaussian log-odds, 0.7752...: the universal curve at the level that definitions share."""
    return float(normal_averages(np.ones(1), np.full((1, 2), 0.5), agreement).value[0].mean())


@_definition("the cloning probability is the level; by default that of balanced classes at kappa = 1")
def cloning(odds: ClassOdds, values: Values) -> Answer:
    """phi = level, by default that of two balanced classes at kappa = 1; phi falls with t to the chance of agreement."""
    d = values["d"]
    level = values[LEVEL.name] if LEVEL.name in values else np.full(d.size, default_level())
    wanted = level - (odds.weights(d) ** 2).sum(-1)
    absent = odds.absent(d)
    absent[(absent == "") & ~(wanted > 0)] = "the level is not above the chance of agreement, sum_c w_c^2"

    def condition(law: ClassOdds) -> Excess:
        def excess(t: FloatArray, rows: NDArray[np.intp]) -> Pair:
            above_chance = average(law.select(rows), t, d[rows], gain)
            above = above_chance.value
            return _where_positive(above, np.log(above / wanted[rows]), above_chance.error / above)

        return excess

    return _time(condition, odds, absent, "the cloning probability stays below the level", monotone=True)
