"""Log-odds of two Ising chains of different couplings, exact at every dimension.

The law of the log-odds comes from `chain_pair`, at a resolution of its own for each parameter point; a coarser one measures its error.
Where the couplings are too strong for that, chains are sampled.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.arrays import EPS, FloatArray, Pair, Values, count_of
from regimes.numerics.laws.ising_chains.cavity_pair import CavityPair, largest_exponent
from regimes.numerics.laws.ising_chains.characteristic_function import Law, log_odds_rules
from regimes.numerics.laws.ising_chains.covariance import largest_eigenvalue
from regimes.numerics.laws.ising_chains.sampled_odds import sampled_log_odds
from regimes.numerics.speciation.odds import ClassOdds, Curvatures, OddsFunction
from regimes.theory.errors import DomainError
from regimes.theory.laws import IsingChains
from regimes.theory.model import DataModel

__all__ = ["ChainOdds", "odds"]

_FINE, _FINEST, _COARSER = 19.0, 34.0, 4.0  # errors of order exp(-these)
_FEW_NODES, _MOST_NODES = 160, 450
_SAFETY = 2.0  # of the difference between two resolutions
_LEAST = 13.0  # exponent below which grids are too coarse
_UNRESOLVED = 0.3  # relative error of a moment that is refused
_FEWEST_WALLS = 300.0  # in all samples: rarer ones would go unseen
_LATEST = 150.0  # squares of log-odds stay far from underflow
_LONGEST, _SAMPLES, _SEED = 4096, 2**13, 20250614
STANDARD_ERRORS = 3.0
"""In the error of what is sampled: the normal law exceeds it with probability 0.3 %."""


class ChainOdds(ClassOdds):
    """`ClassOdds` of two chains at P parameter points; see there.

    Parameters
    ----------
    beta_a, beta_b, weight : (P,) array
        Couplings, and weight of the first class.
    """

    count = 2
    no_symmetric_point = "there is no symmetric point: the classes have the same mean, no direction tells them apart"

    def __init__(self, beta_a: FloatArray, beta_b: FloatArray, weight: FloatArray) -> None:
        self._beta, self._weight = np.stack([beta_a, beta_b], axis=1), weight

    def select(self, index: NDArray[Any]) -> ChainOdds:
        return ChainOdds(self._beta[index, 0], self._beta[index, 1], self._weight[index])

    def weights(self, d: FloatArray) -> FloatArray:
        _check(d)
        return np.stack([self._weight, 1 - self._weight], axis=1)

    def moments(self, t: FloatArray, d: FloatArray) -> Pair:
        value, error = np.zeros((2, t.size, 2, 2, 2))
        for row, own, view in self._views(t, d):
            value[row, own, 1 - own], error[row, own, 1 - own] = view.moments()
        return Pair(value, error)

    def averages(self, t: FloatArray, d: FloatArray, f: OddsFunction) -> Pair:
        weights = self.weights(d)
        both = np.array([view.average(f, weights[row], own) for row, own, view in self._views(t, d)])
        value, error = both.transpose(1, 0, 2).reshape(2, t.size, 2, -1)
        return Pair(value, error)

    def _views(self, t: FloatArray, d: FloatArray) -> Iterator[tuple[int, int, _View]]:
        """Every parameter point seen from either class."""
        _check(d)
        if np.any(t > _LATEST):
            raise DomainError(f"the log-odds of two chains are below the smallest double at t={t.max():g}: t <= {_LATEST:g}")
        for row, pair in enumerate(self._beta.tolist()):
            for own in (0, 1):
                yield row, own, _view(pair[own], pair[1 - own], float(1 / np.expm1(2 * t[row])), float(d[row]))

    def largest_eigenvalue(self, d: FloatArray) -> FloatArray:
        _check(d)
        first, second = np.tanh(self._beta).T
        return largest_eigenvalue(first, second, self._weight, d)

    def curvatures(self, t: FloatArray, d: FloatArray) -> Curvatures | None:
        del t, d
        return None


class _View(Protocol):
    """One parameter point, seen from one class."""

    def moments(self) -> tuple[FloatArray, FloatArray]:
        """Mean and variance of the log-odds, and their errors; (2,) both."""

    def average(self, f: OddsFunction, weights: FloatArray, own: int) -> tuple[FloatArray, FloatArray]:
        """Mean of f and its error, (M,) both."""


def _view(own: float, other: float, gamma: float, d: float) -> _View:
    """The log-odds of a chain of coupling `own` against `other`."""
    if own == other or d == 1:
        return _Same()
    # Errors of a site add up. Small grids are taken finer than need be, and those of couplings whose log-odds nearly cancel.
    alike = abs(own - other) < 0.15 * max(own, other)
    finest = largest_exponent(own, other, gamma, _FINEST, _MOST_NODES if alike else _FEW_NODES)
    exponent = max(finest, largest_exponent(own, other, gamma, _FINE + np.log(d) / 2, _MOST_NODES))
    if exponent >= _LEAST:
        return _Solved(own, other, gamma, d, exponent)
    walls = _SAMPLES * (d - 1) / (1 + np.exp(2 * own))
    if d > _LONGEST or walls < _FEWEST_WALLS:
        raise DomainError(
            f"couplings {own:g} and {other:g} at d={d:g} are not computed: log-odds of couplings up to about 3 are solved at every d, "
            f"those of stronger ones sampled for d <= {_LONGEST} if chains of the class have domain walls"
        )
    return _Sampled(own, other, gamma, d)


class _Same:
    """Nothing tells the classes apart."""

    def moments(self) -> tuple[FloatArray, FloatArray]:
        return np.zeros(2), np.zeros(2)

    def average(self, f: OddsFunction, weights: FloatArray, own: int) -> tuple[FloatArray, FloatArray]:
        value = _values(f, np.zeros(1), weights, own)[0]
        return value, 4 * EPS * np.abs(value)


class _Solved:
    """By the law of the log-odds."""

    def __init__(self, own: float, other: float, gamma: float, d: float, exponent: float) -> None:
        pairs = [CavityPair(own, other, gamma, sharpness) for sharpness in (exponent, exponent - _COARSER)]
        moments = [np.array(pair.moments(d)[:4]) for pair in pairs]
        self._d, self._moments = d, moments[0][:2]
        self._error = _SAFETY * np.abs(moments[0] - moments[1])[:2] + moments[0][2:] + 64 * EPS * self._moments
        if not np.all(self._error < _UNRESOLVED * self._moments):
            raise DomainError(
                f"couplings {own:g} and {other:g} are too close: their log-odds are lost in rounding at d={d:g}, gamma={gamma:g}"
            )
        self._laws = [
            Law(cache(partial(pair.transform, d=d)), float(part[0]), float(part[1]), pair.largest)
            for pair, part in zip(pairs, moments, strict=True)
        ]

    def moments(self) -> tuple[FloatArray, FloatArray]:
        return self._moments, self._error

    def average(self, f: OddsFunction, weights: FloatArray, own: int) -> tuple[FloatArray, FloatArray]:
        values, sizes = [], []
        for nodes, rule in log_odds_rules(*self._laws):
            terms = _values(f, nodes, weights, own)
            values.append(rule @ terms)
            sizes.append(np.abs(rule) @ np.abs(terms))
        return values[0], _SAFETY * np.abs(values[0] - values[1]) + 64 * EPS * (1 + self._d) * sizes[0]  # roundings of every site


class _Sampled:
    """By sampled chains: the same ones for every function and every time."""

    def __init__(self, own: float, other: float, gamma: float, d: float) -> None:
        self._odds = sampled_log_odds(own, other, gamma, int(d), _SAMPLES, np.random.default_rng(_SEED))

    def moments(self) -> tuple[FloatArray, FloatArray]:
        odds, share = self._odds, STANDARD_ERRORS / np.sqrt(_SAMPLES)
        mean, variance = odds.mean(), odds.var(ddof=1)
        return np.array([mean, variance]), share * np.array([np.sqrt(variance), ((odds - mean) ** 2).std()])

    def average(self, f: OddsFunction, weights: FloatArray, own: int) -> tuple[FloatArray, FloatArray]:
        values = _values(f, self._odds, weights, own)
        return values.mean(0), STANDARD_ERRORS / np.sqrt(_SAMPLES) * values.std(0, ddof=1)


def _values(f: OddsFunction, odds: FloatArray, weights: FloatArray, own: int) -> FloatArray:
    """f where the log-odds of the own class are `odds`, (N, M)."""
    log_odds = np.zeros((1, odds.size, 2))
    log_odds[0, :, 1 - own] = -odds
    return np.asarray(f(log_odds, weights[None, None], own)[0])


def _check(d: FloatArray) -> None:
    if np.any((d < 1) | (d != np.floor(d))):
        raise DomainError("d is a number of spins here: a whole number, 1 at least")


def odds(model: DataModel, values: Values) -> ChainOdds:
    """The classes of two chains at P parameter points."""
    law, count = model.law({p.name: values[p.name] for p in model.params}), count_of(values)
    assert isinstance(law, IsingChains)
    a, b, weight = (np.array(np.broadcast_to(np.asarray(part, dtype=float), (count,))) for part in (law.beta_a, law.beta_b, law.weight))
    return ChainOdds(a, b, weight)
