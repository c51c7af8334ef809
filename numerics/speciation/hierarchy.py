"""Partitions of the classes into groups: cloning probability of a partition, and the times at which nested groups part.

Notation: p(g|x) = sum of p(c|x) over the classes c of group g. On the way back from the noise the groups of a hierarchy become distinct
one level after the other; a merge of two groups has its own speciation time, that of the two as the only classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.arrays import EPS, Answer, FloatArray, Pair, Values, texts
from regimes.numerics.speciation.from_odds import average, gain
from regimes.numerics.speciation.odds import ClassOdds, OddsFunction
from regimes.numerics.speciation.times import critical_time, default_level
from regimes.theory.errors import DomainError

__all__ = ["Group", "GroupedOdds", "Merge", "hierarchy", "partition_cloning", "partition_time"]

Group = tuple[int, ...]
_NEVER = "kappa stays below 1"


@dataclass(frozen=True)
class Merge:
    """Two groups of classes that are one from the time `time` on.

    Attributes
    ----------
    first, second : tuple of int
        Numbers of the clusters.
    linkage_time : float
        Time at which kappa = 1 at the distance by which the groups were chosen; nan where kappa < 1 at every time.
    time : float
        Speciation time of the two groups as the only classes, at which their cloning probability is the level; nan if it never is.
    error : float
        Of `time`.
    reason : str
        Why there is no `time`; empty where there is.
    """

    first: Group
    second: Group
    linkage_time: float
    time: float
    error: float
    reason: str

    @property
    def union(self) -> Group:
        """The clusters of both."""
        return tuple(sorted(self.first + self.second))


class PartedOdds(ClassOdds, Protocol):
    """Classes some of which can be looked at alone."""

    def select(self, index: NDArray[Any]) -> PartedOdds:
        """The same at some of the parameter points."""

    def restricted(self, clusters: Sequence[int]) -> ClassOdds:
        """These classes alone, with weights that sum to one."""


class GroupedOdds(ClassOdds):
    """`ClassOdds` of groups of the classes of a law; moments are averages of the log-odds of the groups.

    Parameters
    ----------
    law : ClassOdds
        ClassOdds
        The classes.
    groups : sequence of tuple of int
        Numbers of the classes in each group, every class in one of them.
    """

    no_symmetric_point = "a symmetric point is looked for between classes, not between groups of them"

    def __init__(self, law: ClassOdds, groups: Sequence[Group]) -> None:
        self._law, self._groups, self.count = law, [list(group) for group in groups], len(groups)

    def select(self, index: NDArray[Any]) -> GroupedOdds:
        return GroupedOdds(self._law.select(index), [tuple(group) for group in self._groups])

    def weights(self, d: FloatArray) -> FloatArray:
        return self._gathered(self._law.weights(d))

    def averages(self, t: FloatArray, d: FloatArray, f: OddsFunction) -> Pair:
        owner = {c: g for g, group in enumerate(self._groups) for c in group}

        def grouped(log_odds: FloatArray, weights: FloatArray, own: int) -> FloatArray:
            seen = np.stack([_log_mean(log_odds[..., group], weights[..., group]) for group in self._groups], axis=-1)
            return f(seen - seen[..., owner[own], None], self._gathered(weights), owner[own])

        found, weights = self._law.averages(t, d, grouped), self._law.weights(d)
        shares = weights / self._gathered(weights)[:, [owner[c] for c in range(weights.shape[1])]]
        value, error = (np.stack([(part[:, group] * shares[:, group, None]).sum(1) for group in self._groups], axis=1) for part in found)
        return Pair(value, error)

    def moments(self, t: FloatArray, d: FloatArray) -> Pair:
        count = self.count

        def square(log_odds: FloatArray, weights: FloatArray, own: int) -> FloatArray:
            del weights, own
            return np.concatenate([-log_odds, log_odds**2], axis=-1)

        value, error = self.averages(t, d, square)
        mean, blur = value[..., :count], error[..., :count]
        variance = value[..., count:] - mean**2
        return Pair(np.stack([mean, variance], -1), np.stack([blur, error[..., count:] + 2 * np.abs(mean) * blur], -1))

    def largest_eigenvalue(self, d: FloatArray) -> FloatArray:
        return self._law.largest_eigenvalue(d)

    def curvatures(self, t: FloatArray, d: FloatArray) -> None:
        return None

    def _gathered(self, weights: FloatArray) -> FloatArray:
        return np.stack([weights[..., group].sum(-1) for group in self._groups], axis=-1)


def _log_mean(log_odds: FloatArray, weights: FloatArray) -> FloatArray:
    """log of the mean of exp(log_odds) over the last axis, to relative accuracy where that is small."""
    shares = weights / weights.sum(-1, keepdims=True)
    top = log_odds.max(-1)
    far = top + np.log((shares * np.exp(log_odds - top[..., None])).sum(-1))
    near = (shares * np.expm1(np.minimum(log_odds, 600))).sum(-1)
    small = np.abs(near) < 0.5
    return np.asarray(np.where(small, np.log1p(np.where(small, near, 0)), far))


# -- partitions ------------------------------------------------------------------------------------------------------------------


def _grouped(law: ClassOdds, groups: Sequence[Group]) -> GroupedOdds:
    if sorted(c for group in groups for c in group) != list(range(law.count)) or not all(groups):
        raise DomainError(f"groups={tuple(groups)} is no partition of the clusters 0 to {law.count - 1}: name each once")
    return GroupedOdds(law, groups)


def partition_cloning(law: ClassOdds, values: Values, groups: Sequence[Group]) -> Answer:
    """Probability that two clones end in the same group: E sum_g p(g|x)^2.

    Parameters
    ----------
    law : ClassOdds
        ClassOdds
        The classes at P parameter points.
    values : Values
        Mapping
        t and d, (P,) each.
    groups : sequence of tuple of int
        Numbers of the clusters in each group, every cluster in one of them; ``((0,), (1,), ...)`` is the whole partition.

    Raises
    ------
    DomainError
        The groups are no partition, or d is less than the dimension of the span of the means.
    """
    grouped = _grouped(law, groups)
    above, chance = average(grouped, values["t"], values["d"], gain), (grouped.weights(values["d"]) ** 2).sum(-1)
    return Answer.of(Pair(chance + above.value, above.error + EPS))


def partition_time(law: ClassOdds, values: Values, groups: Sequence[Group], level: float | None = None) -> Answer:
    """Time at which the cloning probability of the groups falls to `level` (that of two balanced classes at kappa = 1 by default)."""
    return _time(_grouped(law, groups), values["d"], level)


def _time(law: GroupedOdds, d: FloatArray, level: float | None) -> Answer:
    wanted = (default_level() if level is None else level) - (law.weights(d) ** 2).sum(-1)
    absent = texts(d.size)
    absent[~(wanted > 0)] = "the level is not above the chance of agreement, sum_g w_g^2"

    def excess(t: FloatArray, rows: NDArray[np.intp]) -> Pair:
        above = average(law.select(rows), t, d[rows], gain)
        return Pair(np.log(above.value / wanted[rows]), above.error / above.value)

    return critical_time(excess, absent, "the cloning probability of the groups stays below the level", monotone=True)


# -- hierarchy -------------------------------------------------------------------------------------------------------------------


def hierarchy(
    law: PartedOdds, values: Values, *, level: float | None = None, linkage: Literal["single", "average", "complete"] = "average"
) -> list[Merge]:
    """Nested partitions of the clusters of a mixture, from single clusters to all in one, with the time of every merge.

    Pairs are as far apart as e^{2t} at the time at which their kappa (mean of both directions) is one - for equal widths that is their
    squared distance, shifted and scaled; at each step the two groups are merged that are nearest by `linkage`.

    Parameters
    ----------
    law : PartedOdds
        PartedOdds
        The classes at one parameter point.
    values : Values
        Mapping
        Parameters and d, (1,) each.
    level : float, optional
        Cloning probability that defines the speciation of two groups; that of two balanced classes at kappa = 1 by default.
    linkage : str
        Distance of two groups from those of their pairs: the smallest, the mean, the largest.

    Raises
    ------
    DomainError
        Values at more than one point; d less than the dimension of the span of the means.
    """
    if {column.size for column in values.values()} != {1}:
        raise DomainError("a hierarchy is that of one model: give every parameter once")
    d = values["d"]
    apart = _distances(law, d)
    joins: Mapping[str, Callable[[FloatArray], Any]] = {"single": np.min, "average": np.mean, "complete": np.max}
    join = joins[linkage]
    groups: list[Group] = [(c,) for c in range(law.count)]
    merges = []
    while len(groups) > 1:
        pairs = [(float(join(apart[np.ix_(a, b)])), i, j) for i, a in enumerate(groups) for j, b in enumerate(groups[:i])]
        distance, i, j = min(pairs)
        first, second = sorted((groups[i], groups[j]))
        both = tuple(sorted(first + second))
        place = {c: k for k, c in enumerate(both)}
        two = GroupedOdds(law.restricted(both), [tuple(place[c] for c in group) for group in (first, second)])
        time = _time(two, d, level)
        chosen = 0.5 * float(np.log(distance)) if distance > 1 else float("nan")
        merges.append(Merge(first, second, chosen, float(time.value[0]), float(time.error[0]), str(time.reason[0])))
        groups = [*(g for k, g in enumerate(groups) if k not in (i, j)), both]
        groups.sort()
    return merges


def _distances(law: ClassOdds, d: FloatArray) -> FloatArray:
    """(K, K) e^{2t} at which kappa = 1, at least 1; below, kappa at the earliest time, for pairs that are never so far apart."""

    def kappa(t: FloatArray) -> FloatArray:
        mean = law.select(np.zeros(t.size, int)).moments(t, np.full(t.size, d[0])).value[..., 0]
        return np.asarray((mean + mean.swapaxes(1, 2)) / 4)

    found = np.zeros((law.count, law.count))
    for a in range(law.count):
        for b in range(a):

            def excess(t: FloatArray, rows: NDArray[np.intp], a: int = a, b: int = b) -> Pair:
                del rows
                return Pair(np.log(kappa(t)[:, a, b]), np.zeros_like(t))

            time = critical_time(excess, texts(1), _NEVER, monotone=True).value[0]
            found[a, b] = found[b, a] = np.exp(2 * time) if np.isfinite(time) else min(kappa(np.full(1, 1e-6))[0, a, b], 1.0)
    return found
