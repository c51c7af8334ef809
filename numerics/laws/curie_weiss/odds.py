"""Curie-Weiss above beta = 1: the classes are the signs of the magnetisation M = sum_i a_i, at any dimension and field; ties by half.

The posterior of a point x is exact (`curie_weiss_sums`); the average over x in R^d is a sum over all counts of its coordinates on the
nodes of a rule where d is small, else a Monte Carlo average. What the sum of the coordinates alone tells of the class is averaged exactly,
by quadrature (`odds_line`), and serves as control variate: at the times of speciation little else is left.

Notation: gamma = e^{-2t}/Delta_t; the field on spin i is xi_i = gamma a_i + sqrt(gamma) z_i, their sum gamma M + sqrt(gamma d) s.
"""

from __future__ import annotations

import itertools
import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

from regimes.numerics.arrays import EPS, FloatArray, Pair, TextArray, Values
from regimes.numerics.laws.curie_weiss.levels import coupling_and_field
from regimes.numerics.laws.curie_weiss.signs import Signs, signs, sum_averages, sum_line
from regimes.numerics.laws.curie_weiss.sums import log_class_sums
from regimes.numerics.runtime.functions import log_ratio_gap
from regimes.numerics.speciation.odds import ClassOdds, Curvatures, OddsFunction
from regimes.theory.errors import DomainError
from regimes.theory.model import DataModel

ONE_STATE = "beta is at most 1: there is one state, and the sign of the magnetisation is no class"
FIELD = "the field tells the states apart: there is no symmetric point"
EMPTY = "the field leaves the other state a weight below 1e-280"
LARGEST = 4_000_000
"""Dimension up to which the law of the magnetisation is tabulated."""

REPLICATIONS = 16
STANDARD_ERRORS = 3.0  # in the error that is returned: Student's t with 15 degrees of freedom exceeds it with probability 0.9 %
_SEED = 20241105
_MOST_COUNTS = 60_000
_WEAK = 1e-11
"""Signal-to-noise ratio below which the sum of the coordinates is all there is to see: the rest adds a share of order gamma."""
_STRONG = 100.0
"""Signal-to-noise ratio above which x tells every spin: one is misread with probability 1e-23."""
_CERTAIN = 1e5  # log-odds of what is certain


# -- points x as counts --------------------------------------------------------------------------------------------------------


class Points(NamedTuple):
    """Points x of one class: log-odds of the other class from all of x and from the sum of its coordinates, weights, (N,) each."""

    log_odds: FloatArray
    from_sum: FloatArray
    weights: FloatArray


def _rule(gamma: float, size: int | None, step: float | None) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights for one normal variable: Gauss-Hermite of that size, or trapezoidal of that step."""
    if size is not None:
        z, w = np.polynomial.hermite_e.hermegauss(size)
        return np.asarray(z, dtype=float), np.asarray(w / w.sum(), dtype=float)
    assert step is not None
    place = step * np.arange(-math.ceil(8.6 / step), math.ceil(8.6 / step) + 1, dtype=float)
    mass = np.exp(-(place**2) / 2)
    return np.asarray(place), np.asarray(mass / mass.sum())


def _points(law: Signs, own: int, gamma: float, counts: FloatArray, nodes: FloatArray, weights: FloatArray) -> Points:
    origin = log_class_sums(np.full((1, 1), float(law.d)), np.zeros(1), law.beta, law.h, law.d)[0]
    sums = log_class_sums(counts, nodes, law.beta, law.h, law.d) - origin
    s = counts @ nodes / math.sqrt(gamma * law.d)
    _, from_sum = sum_line(law, own, gamma)(s[None], np.zeros(1, int))
    return Points(sums[:, 1 - own] - sums[:, own], from_sum[0, :, 1 - own], weights)


@lru_cache(maxsize=128)
def _sample(beta: float, h: float, d: int, gamma: float, own: int) -> Points:
    """Independent points of a class, one half drawn near the balance of both classes; the same random numbers at all parameters."""
    law = signs(beta, h, d)
    z, w = _rule(gamma, 12, None) if gamma < 0.05 else _rule(gamma, None, max(0.075, min(0.4, 0.7 / math.sqrt(gamma))))
    rng = np.random.default_rng((_SEED, own))
    # at large d the sum of the coordinates leaves less to be averaged
    half = REPLICATIONS * max(16, min(256, int(256 * math.sqrt(1000 / d))))
    place = math.sqrt(gamma / d) * law.totals[own]
    bend = _to_balance(law, own, gamma)
    parts = []
    for mu in (0.0, bend):
        tilted, node = np.exp(law.log_law[own] - mu * place - (law.log_law[own] - mu * place).max()), w * np.exp(-mu * z / math.sqrt(d))
        total = rng.choice(law.totals[own], half, p=tilted / tilted.sum())
        up = ((d + total) / 2).astype(np.int64)
        parts.append(np.concatenate([rng.multinomial(up, node / node.sum()), rng.multinomial(d - up, node / node.sum())], axis=1))
    counts = np.stack(parts, axis=1).reshape(2 * half, -1).astype(float)  # alternating, so that every replication has both
    nodes = np.concatenate([gamma + math.sqrt(gamma) * z, math.sqrt(gamma) * z - gamma])
    log_norm = scipy.special.logsumexp(law.log_law[own] - bend * place) + d * math.log(w @ np.exp(-bend * z / math.sqrt(d)))
    ratio = np.exp(np.minimum(-bend * (counts @ nodes) / math.sqrt(gamma * d) - log_norm, 700))  # of the second law to the first
    return _points(law, own, gamma, counts, nodes, 2 / (1 + ratio) / counts.shape[0])


def _to_balance(law: Signs, own: int, gamma: float) -> float:
    """mu such that the class changed by e^{-mu s} has its mean where the sum of the coordinates s speaks for either class alike."""
    place = math.sqrt(gamma / law.d) * law.totals[own]
    s = np.linspace(place.min() - 9, place.max() + 9, 400)
    speaks = sum_line(law, own, gamma)(s[None], np.zeros(1, int))[1][0, :, 1 - own] + law.log_weights[1 - own] - law.log_weights[own]
    change = np.flatnonzero(np.diff(np.sign(speaks)))
    if not change.size:
        return 0.0
    balance, low, high = s[change[0]], -1e3, 1e3
    for _ in range(40):
        mu = (low + high) / 2
        tilted = np.exp(law.log_law[own] - mu * place - (law.log_law[own] - mu * place).max())
        low, high = (mu, high) if tilted @ place / tilted.sum() - mu > balance else (low, mu)
    return mu


@lru_cache(maxsize=32)
def _enumerated(beta: float, h: float, d: int, gamma: float, own: int, coarse: bool) -> Points | None:
    """All counts of the coordinates on the nodes of a rule, or of a coarser one; None where they are too many."""
    step = max(0.075, min(0.4, 0.45 / math.sqrt(gamma)))
    size = next((k for k in (64, 48, 32, 24, 16) if math.comb(2 * k + d - 1, d) <= _MOST_COUNTS), None)
    if math.comb(4 * math.ceil(8.6 / step) + d + 1, d) <= _MOST_COUNTS:
        z, w = _rule(gamma, None, step * (1.25 if coarse else 1))
    elif size is not None:
        z, w = _rule(gamma, size - 4 * coarse, None)
    else:
        return None
    law, logs = signs(beta, h, d), np.log(w)
    rows, weights = [], []
    for total, log_share in zip(law.totals[own], law.log_law[own], strict=True):
        up = int(d + total) // 2
        first, first_log = _multisets(z.size, up, logs)
        second, second_log = _multisets(z.size, d - up, logs)
        rows.append(np.concatenate([np.repeat(first, len(second), 0), np.tile(second, (len(first), 1))], axis=1))
        weights.append(np.exp(log_share + np.add.outer(first_log, second_log).ravel()))
    nodes = np.concatenate([gamma + math.sqrt(gamma) * z, math.sqrt(gamma) * z - gamma])
    weight = np.concatenate(weights)
    keep = weight > 1e-22
    return _points(law, own, gamma, np.concatenate(rows)[keep], nodes, weight[keep] / weight[keep].sum())


def _multisets(size: int, chosen: int, logs: FloatArray) -> tuple[FloatArray, FloatArray]:
    """All counts of that many coordinates on nodes of those log-weights, and the logs of their multinomial probabilities."""
    listed = list(itertools.combinations_with_replacement(range(size), chosen))
    picks = np.array(listed, dtype=int).reshape(len(listed), chosen)
    counts = np.zeros((len(picks), size))
    np.add.at(counts, (np.repeat(np.arange(len(picks)), chosen), picks.ravel()), 1.0)
    return counts, scipy.special.gammaln(chosen + 1) - scipy.special.gammaln(counts + 1).sum(1) + counts @ logs


def _values(log_odds: FloatArray, own: int, weights: FloatArray, f: OddsFunction) -> FloatArray:
    """f at log-odds of the other class (N,): (N, M)."""
    zero = np.zeros_like(log_odds)
    return np.asarray(f(np.stack([log_odds, zero] if own else [zero, log_odds], axis=-1)[None], weights[None, None], own)[0])


def _average(law: Signs, t: float, own: int, weights: FloatArray, f: OddsFunction, sum_only: bool) -> Pair:
    """Mean of f under one class, (M,), with the measured error."""
    gamma, drawn = 1 / math.expm1(2 * t), 0 if law.h == 0 else own  # without a field each class mirrors the other
    table = 8 * EPS * float(scipy.special.gammaln(law.d + 1) + 4)  # rounding of the law of M
    point = (law.beta, law.h, law.d, gamma, drawn)
    if gamma > _STRONG:
        tie = np.exp(law.log_law[own]) @ (law.totals[own] == 0)
        value = _values(np.array([-_CERTAIN, law.log_weights[own] - law.log_weights[1 - own]]), own, weights, f)
        mean = np.array([1 - tie, tie]) @ value
        return Pair(mean, (table + 64 * EPS) * np.abs(value).max(0))
    if gamma >= _WEAK and not sum_only and (fine := _enumerated(*point, coarse=False)) is not None:
        coarse = _enumerated(*point, coarse=True)
        assert coarse is not None
        value, rough = (_values(points.log_odds, own, weights, f) for points in (fine, coarse))
        mean, size = fine.weights @ value, fine.weights @ np.abs(value)
        return Pair(mean, np.abs(mean - coarse.weights @ rough) + (table + 64 * EPS) * size)
    exact = sum_averages(law, own, gamma, weights, f)
    rounding = exact.error + table * np.abs(exact.value)
    if gamma < _WEAK or sum_only:
        return Pair(exact.value, rounding + 100 * gamma * np.abs(exact.value))
    points = _sample(*point)
    scale = (points.weights * points.weights.size)[:, None]
    value, control = (scale * _values(part, own, weights, f) for part in (points.log_odds, points.from_sum))
    means = _controlled(value, control, exact.value)
    return Pair(means.mean(0), rounding + STANDARD_ERRORS * means.std(0, ddof=1) / math.sqrt(REPLICATIONS))


def _controlled(value: FloatArray, control: FloatArray, known: FloatArray) -> FloatArray:
    """Means over the replications (R, M), less what the control explains by the coefficient from the other half of them."""
    half, means = len(value) // 2, []
    for own, other in ((slice(0, half), slice(half, None)), (slice(half, None), slice(0, half))):
        centred = control[other] - control[other].mean(0)
        with np.errstate(invalid="ignore", divide="ignore"):
            slope = np.nan_to_num((centred * value[other]).sum(0) / (centred**2).sum(0), nan=1.0)
        left = value[own] - np.clip(slope, 0, 2) * (control[own] - known)  # a sample without the rare points knows no slope
        means.append(left.reshape(REPLICATIONS // 2, -1, value.shape[1]).mean(1))
    return np.concatenate(means)


# -- the protocol --------------------------------------------------------------------------------------------------------------------


class CurieWeissOdds(ClassOdds):
    """The two signs of the magnetisation; beta and h, (P,) each; with `sum_only`, as the sum of the coordinates of x alone tells them."""

    count = 2
    no_symmetric_point = FIELD

    def __init__(self, beta: FloatArray, h: FloatArray, sum_only: bool = False) -> None:
        self.beta, self.h, self.sum_only = beta, h, sum_only

    def select(self, index: NDArray[Any]) -> CurieWeissOdds:
        return CurieWeissOdds(self.beta[index], self.h[index], self.sum_only)

    @property
    def rough(self) -> CurieWeissOdds:
        """The same without the Monte Carlo average: near enough to bracket a root."""
        return CurieWeissOdds(self.beta, self.h, True)

    def absent(self, d: FloatArray) -> TextArray:
        """Why there are no classes, (P,); empty where there are."""
        reason: TextArray = np.where(self.beta > 1, "", ONE_STATE).astype(object)
        here = reason == ""
        reason[here] = np.where(self.select(here).weights(d[here]).min(-1) > 1e-280, "", EMPTY)
        return reason

    def _signs(self, d: FloatArray) -> list[Signs]:
        wrong = d[(d != np.floor(d)) | (d > LARGEST)]
        if wrong.size:
            raise DomainError(f"d={wrong[0]:g} is not a number of spins: the sum over states takes a whole number up to {LARGEST}")
        return [signs(float(b), float(h), int(n)) for b, h, n in zip(self.beta, self.h, d, strict=True)]

    def weights(self, d: FloatArray) -> FloatArray:
        return np.exp([law.log_weights for law in self._signs(d)]).reshape(d.size, 2)

    def averages(self, t: FloatArray, d: FloatArray, f: OddsFunction) -> Pair:
        found = [
            [_average(law, float(time), own, w, f, self.sum_only) for own in (0, 1)]
            for law, time, w in zip(self._signs(d), t, self.weights(d), strict=True)
        ]
        return Pair(np.array([[part.value for part in row] for row in found]), np.array([[part.error for part in row] for row in found]))

    def moments(self, t: FloatArray, d: FloatArray) -> Pair:
        """By averages over x; inf, with an infinite error, where x tells every spin."""
        value, error = np.zeros((d.size, 2, 2, 2)), np.zeros((d.size, 2, 2, 2))
        for p, (law, time, w) in enumerate(zip(self._signs(d), t, self.weights(d), strict=True)):
            for c in (0, 1):
                if np.expm1(2 * time) * _STRONG < 1:
                    value[p, c, 1 - c] = error[p, c, 1 - c] = np.inf
                else:
                    value[p, c, 1 - c], error[p, c, 1 - c] = self._moments(law, float(time), c, w)
        return Pair(value, error)

    def _moments(self, law: Signs, t: float, own: int, weights: FloatArray) -> Pair:
        def first(log_odds: FloatArray, weights: FloatArray, own: int) -> FloatArray:
            # E_A e^{-L} = 1, so e^{-L} - 1 + L has the mean of L as well: better where L is small
            del weights
            other = -log_odds[..., 1 - own]
            near = log_ratio_gap(np.expm1(np.clip(other, -1, 600)))
            return np.stack([other, np.where(other > -1, near, np.expm1(np.minimum(-other, 600)) + other)], axis=-1)

        found = _average(law, t, own, weights, first, self.sum_only)
        pick = int(found.value[0] < 0.5 and found.error[1] < found.error[0])
        mean, off = found.value[pick], found.error[pick]

        def second(log_odds: FloatArray, weights: FloatArray, own: int) -> FloatArray:
            del weights
            return np.asarray((log_odds[..., 1 - own, None] + mean) ** 2)

        square = _average(law, t, own, weights, second, self.sum_only)
        return Pair(np.array([mean, square.value[0]]), np.array([off, square.error[0] + off**2]))

    def largest_eigenvalue(self, d: FloatArray) -> FloatArray:
        laws = self._signs(d)
        along = np.array([law.square - n * law.mean**2 for law, n in zip(laws, d, strict=True)])
        pair = np.array([(law.square - 1) / max(n - 1, 1) for law, n in zip(laws, d, strict=True)])  # E a_1 a_2
        return np.asarray(np.where(d > 1, np.maximum(along, 1 - pair), along))

    def curvatures(self, t: FloatArray, d: FloatArray) -> Curvatures:
        # at x = 0 the posterior is the law of the data, as |a|^2 = d for all of them: -log P_t bends by (1 - gamma E M^2/d)/Delta
        square = np.array([law.square for law in self._signs(d)])
        bend = np.where(self.h == 0, (1 - square / np.expm1(2 * t)) / -np.expm1(-2 * t), np.nan)
        return Curvatures(bend, 1 - 2 * bend)


def odds(model: DataModel, values: Values) -> ClassOdds:
    """The two signs at P parameter points."""
    return CurieWeissOdds(*coupling_and_field(model, values))
