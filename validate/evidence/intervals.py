"""Measured means with intervals that hold at a stated error, p-values, and what deviation a run can find.

Three kinds of evidence about a mean, and one about a root, answer the same questions
(`mean`, `standard_error`, `interval(error)`, `p_value(value, error)`, `assumption`):

* `Counts`: independent yes/no outcomes; Clopper-Pearson, exact at every size.
* `Bounded`: independent values in a known interval; a betting interval, valid at every size and for every law.
* `Averages`: independent averages, each over many samples; Student's t, which takes them to be normal.
* `Crossing`: the point where a mean curve crosses a threshold, by inverting Student's test at every point.

`interval(error)` is the set of values whose p-value is at least `error`. All are tests of one
value; `per_comparison` turns the error rate of a whole run into that of one comparison.

Sources: Clopper and Pearson, Biometrika 26 (1934) 404; Waudby-Smith and Ramdas, JRSS B 86 (2024) 1 (hedged capital).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from regimes.numerics.arrays import RealArray

POWER = 0.95
"""Probability with which a deviation called detectable is found."""

_LARGEST_BET = 0.75  # share of the capital risked at most in one round; any value below 1 is valid


class Evidence(Protocol):
    """A measured number and how far it can be trusted."""

    @property
    def mean(self) -> float: ...

    @property
    def standard_error(self) -> float: ...

    @property
    def assumption(self) -> str: ...

    def interval(self, error: float) -> tuple[float, float]: ...

    def p_value(self, value: float, error: float) -> float: ...


def per_comparison(false_alarm: float, comparisons: int) -> float:
    """Error rate of each of `comparisons` tests so that any false alarm among them has probability <= `false_alarm`.

    Bonferroni: holds whatever the dependence between the tests, which share samples.
    """
    if not 0 < false_alarm < 1 or comparisons < 1:
        raise ValueError(f"need 0 < false_alarm < 1 and comparisons >= 1, got {false_alarm} and {comparisons}")
    return false_alarm / comparisons


def detectable(evidence: Evidence, error: float, slack: float = 0.0, power: float = POWER) -> float:
    """Smallest |deviation| of a prediction that a test of significance `error` finds with probability `power`.

    The longer arm of the interval, plus `slack` (errors granted to the prediction in full), plus the normal
    quantile of `power` times the standard error.
    """
    from scipy.special import ndtri

    low, high = evidence.interval(error)
    return max(evidence.mean - low, high - evidence.mean) + slack + float(ndtri(power)) * evidence.standard_error


def largest(evidence: Evidence | PairedCounts, error: float) -> float:
    """Bound on |mean| that holds except with probability `error`."""
    return max(abs(end) for end in evidence.interval(error))


@dataclass(frozen=True)
class Counts:
    """`successes` out of `trials` independent yes/no outcomes."""

    successes: int
    trials: int
    assumption = "independent outcomes; Clopper-Pearson"

    def __post_init__(self) -> None:
        if not 0 <= self.successes <= self.trials or self.trials < 1:
            raise ValueError(f"{self.successes} successes out of {self.trials} trials")

    @property
    def mean(self) -> float:
        return self.successes / self.trials

    @property
    def standard_error(self) -> float:
        """Of the share; one success and one failure are added, so that it is never zero."""
        p = (self.successes + 1) / (self.trials + 2)
        return math.sqrt(p * (1 - p) / self.trials)

    def interval(self, error: float) -> tuple[float, float]:
        """Clopper-Pearson interval of coverage >= 1 - `error`."""
        from scipy.special import betaincinv

        k, n = self.successes, self.trials
        low = float(betaincinv(k, n - k + 1, error / 2)) if k else 0.0
        high = float(betaincinv(k + 1, n - k, 1 - error / 2)) if k < n else 1.0
        return low, high

    def p_value(self, value: float, error: float = 0.0) -> float:
        """Twice the smaller tail of the binomial law with success probability `value`, at most 1."""
        from scipy.special import bdtr, bdtrc

        if not 0 <= value <= 1:
            return 0.0
        below, above = bdtr(self.successes, self.trials, value), bdtrc(self.successes - 1, self.trials, value)
        return min(1.0, 2 * float(min(below, above if self.successes else 1.0)))


@dataclass(frozen=True)
class PairedCounts:
    """Difference of two shares of the same `trials`: `gained` outcomes only in the second, `lost` only in the first."""

    gained: int
    lost: int
    trials: int
    assumption = "independent pairs of outcomes; Clopper-Pearson on how many differ and which way"

    @property
    def mean(self) -> float:
        return (self.gained - self.lost) / self.trials

    @property
    def standard_error(self) -> float:
        """One pair that differs is added, so that it is never zero."""
        return math.sqrt(self.gained + self.lost + 1) / self.trials

    def interval(self, error: float) -> tuple[float, float]:
        """Interval of coverage >= 1 - `error`: half of it for the number of pairs that differ, half for the direction."""
        differ = self.gained + self.lost
        share = Counts(differ, self.trials).interval(error / 2)[1]
        low, high = Counts(self.gained, differ).interval(error / 2) if differ else (0.0, 1.0)
        return share * min(0.0, 2 * low - 1), share * max(0.0, 2 * high - 1)


@dataclass(frozen=True)
class Bounded:
    """Independent values of one mean in [low, high]; they need not have the same law.

    The interval holds the means against which nobody could have multiplied a capital of 1 to 2/error by betting on
    the values in their order; its length approaches sqrt(2 log(2/error)) standard errors to either side.
    """

    values: RealArray
    low: float = 0.0
    high: float = 1.0
    assumption = "independent bounded values; betting interval, distribution-free"

    def __post_init__(self) -> None:
        rounding = 1e-9 * (self.high - self.low)
        if (
            self.values.ndim != 1
            or self.values.size < 2
            or not np.all((self.values >= self.low - rounding) & (self.values <= self.high + rounding))
        ):
            raise ValueError(f"need at least two values in [{self.low}, {self.high}] in one array")

    @property
    def mean(self) -> float:
        return float(self.values.mean())

    @property
    def standard_error(self) -> float:
        """Of the mean; one value at either end is added to the spread, so that it is never zero."""
        n = self.values.size
        spread = float(((self.values - self.mean) ** 2).sum()) + (self.high - self.low) ** 2 / 4
        return math.sqrt(spread / (n - 1) / n)

    @cached_property
    def _unit(self) -> RealArray:
        scaled = (self.values - self.low) / (self.high - self.low)
        return np.asarray(np.clip(scaled, 0.0, 1.0))  # within rounding of the ends already: see __post_init__

    def _bets(self, error: float) -> RealArray:
        """Share of the capital per unit of gain, fixed before each value is seen."""
        x, n = self._unit, self.values.size
        rounds = np.arange(2, n + 2)
        means = (0.5 + np.cumsum(x)) / rounds
        spreads = (0.25 + np.cumsum((x - means) ** 2)) / rounds
        return np.sqrt(2 * math.log(2 / error) / n / np.concatenate([[0.25], spreads[:-1]]))

    def _log_capital(self, mean: float, bets: RealArray, up: bool) -> float:
        """Logarithm of the capital won by betting that the mean lies above (`up`) or below `mean` (both in [0, 1])."""
        room = mean if up else 1 - mean
        if room <= 0:
            return math.inf if bool(np.any(self._unit != mean)) else 0.0
        gains = (self._unit - mean) if up else (mean - self._unit)
        return float(np.log1p(np.minimum(bets, _LARGEST_BET / room) * gains).sum())

    def interval(self, error: float) -> tuple[float, float]:
        """Interval of coverage >= 1 - `error`, for any law of the values."""
        from scipy.optimize import brentq

        bets, goal, width = self._bets(error), math.log(2 / error), self.high - self.low
        centre, ends = float(self._unit.mean()), []
        for end, up in ((0.0, True), (1.0, False)):
            if self._log_capital(end + (1e-12 if up else -1e-12), bets, up) <= goal:
                ends.append(end)
            else:
                ends.append(
                    float(
                        brentq(lambda m, up=up: self._log_capital(m, bets, up) - goal, end + (1e-12 if up else -1e-12), centre, xtol=1e-14)
                    )
                )
        return self.low + width * ends[0], self.low + width * ends[1]

    def p_value(self, value: float, error: float) -> float:
        """Valid p-value of the mean `value`; the bets are those that are best at significance `error`."""
        mean = (value - self.low) / (self.high - self.low)
        if not 0 <= mean <= 1:
            return 0.0
        bets = self._bets(error)
        most = max(self._log_capital(mean, bets, up) for up in (True, False))
        return min(1.0, 2 * math.exp(-most))


def _student_quantile(error: float, degrees: int) -> float:
    from scipy.special import stdtrit

    return -float(stdtrit(degrees, error / 2))


def _student_p(t: float, degrees: int) -> float:
    from scipy.special import stdtr

    return min(1.0, 2 * float(stdtr(degrees, -abs(t))))


@dataclass(frozen=True)
class Averages:
    """Independent averages of one mean, each over so many samples that it is nearly normal."""

    values: RealArray
    assumption = "independent averages taken to be normal; Student's t"

    def __post_init__(self) -> None:
        if self.values.ndim != 1 or self.values.size < 2 or not 0 < float(np.ptp(self.values)) < math.inf:
            raise ValueError("need at least two different finite averages in one array")

    @property
    def mean(self) -> float:
        return float(self.values.mean())

    @property
    def standard_error(self) -> float:
        return float(self.values.std(ddof=1)) / math.sqrt(self.values.size)

    def interval(self, error: float) -> tuple[float, float]:
        """Student interval of coverage 1 - `error` for normal averages."""
        arm = _student_quantile(error, self.values.size - 1) * self.standard_error
        return self.mean - arm, self.mean + arm

    def p_value(self, value: float, error: float = 0.0) -> float:
        """Two-sided p-value of Student's test."""
        return _student_p((self.mean - value) / self.standard_error, self.values.size - 1)


@dataclass(frozen=True)
class Crossing:
    """Where the mean of `values` (groups, nodes), a falling curve known at Chebyshev `nodes` of (a, b), crosses `threshold`.

    Groups are independent and nearly normal at every node; within a group the curve is smooth, so that the interpolating
    polynomial carries it to any point. The interval inverts Student's test: it holds the points whose mean may be `threshold`.
    """

    nodes: RealArray
    values: RealArray
    threshold: float
    assumption = "independent averages taken to be normal; Student's t inverted"

    def __post_init__(self) -> None:
        mean = self.values.mean(axis=0)
        if self.values.ndim != 2 or self.values.shape[1] != self.nodes.size or not mean.min() < self.threshold < mean.max():
            raise ValueError(
                f"the measured curve does not cross {self.threshold} between its nodes {self.nodes.min()} .. {self.nodes.max()}"
            )

    def at(self, point: float) -> RealArray:
        """(groups,) values of every group's curve at one point."""
        return interpolated(self.nodes, self.values, point)

    def _root(self, offset: float) -> float:
        """Point where mean + offset * standard error equals the threshold."""
        from scipy.optimize import brentq

        def gap(point: float) -> float:
            column = self.at(point)
            return float(column.mean() + offset * column.std(ddof=1) / math.sqrt(column.size)) - self.threshold

        a, b = float(self.nodes.min()), float(self.nodes.max())
        if gap(a) <= 0:
            return a
        return float(brentq(gap, a, b, xtol=1e-13)) if gap(b) < 0 else b

    @cached_property
    def mean(self) -> float:
        return self._root(0.0)

    @property
    def slope(self) -> float:
        """Derivative of the mean curve at the crossing."""
        step = 1e-4 * float(np.ptp(self.nodes))
        return float((self.at(self.mean + step) - self.at(self.mean - step)).mean()) / (2 * step)

    @property
    def standard_error(self) -> float:
        column = self.at(self.mean)
        return float(column.std(ddof=1)) / math.sqrt(column.size) / abs(self.slope)

    def interval(self, error: float) -> tuple[float, float]:
        """Points at which Student's test does not reject `threshold`."""
        arm = _student_quantile(error, self.values.shape[0] - 1)
        return self._root(-arm), self._root(arm)

    def p_value(self, value: float, error: float = 0.0) -> float:
        """Two-sided p-value of Student's test of "the curve crosses at `value`"."""
        if not self.nodes.min() <= value <= self.nodes.max():
            return 0.0
        return Averages(self.at(value) - self.threshold).p_value(0.0)


def chebyshev(low: float, high: float, nodes: int) -> RealArray:
    """(nodes,) Chebyshev points of the first kind in (low, high), for `Crossing`."""
    angles = (2 * np.arange(nodes) + 1) * math.pi / (2 * nodes)
    return np.asarray((low + high) / 2 + (high - low) / 2 * np.cos(angles))


def interpolated(nodes: RealArray, values: RealArray, point: float) -> RealArray:
    """(groups,) polynomials through `values` (groups, nodes) at Chebyshev `nodes`, at one point (barycentric formula)."""
    gaps = point - nodes
    if np.any(gaps == 0):
        return values[:, int(np.argmin(np.abs(gaps)))]
    k = nodes.size
    weights = (-1.0) ** np.arange(k) * np.sin((2 * np.arange(k) + 1) * math.pi / (2 * k)) / gaps
    return np.asarray(values @ (weights / weights.sum()))
