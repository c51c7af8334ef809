"""Averages over x in one Gaussian class of functions of the log-odds of all classes: product rules, or quasi-Monte-Carlo.

Seen from its class, x has the coordinates z (q independent standard normal ones that span the differences of the means) and the squared
length chi^2 of the rest in units of the class's variance, chi-square with nu = d - q degrees of freedom. The log-odds of class k are

    constant_k - linear_k . z - excess_k/2 (|z|^2 - q + chi^2 - nu),

exactly, at every d; without an excess chi^2 drops out. The rule is a product of Gauss rules along axes on which the log-odds vary little,
and of trapezoidal ones, which converge like exp(-const/step), on those on which they are steep; the numbers of nodes follow from the
distance of the integrand's poles to the real axis, and a second, finer rule measures the error. Where that takes too many nodes
scrambled Sobol points are taken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.arrays import EPS, FloatArray, Pair

__all__ = ["ClassView", "class_average"]

IndexArray = NDArray[np.intp]
Function = Callable[[FloatArray, FloatArray], FloatArray]
"""f(log_odds (R, N, K), weights (R, 1, K)) -> (R, N, M)."""

MOST_NODES, MOST_FOR_MANY = 2**24, 2**20
"""Nodes of a product rule for up to four classes, and for more."""
TOLERANCE = 1e-11
"""Change between two rules at which they are fine enough, relative to the average of |f|."""
REPLICATIONS, STANDARD_ERRORS = 16, 3.0
"""Of the quasi-Monte-Carlo average; the error is that many standard errors: Student's t exceeds it with probability 0.9 %."""
NARROWEST = 100.0
"""Ratio of variances up to which Sobol points are trusted to find the narrower class."""

_ROUNDING = 1e-13  # a function of log-odds that are small may keep no more digits
_RADIUS, _LOST = 8.5, 1e-15  # where the trapezoidal rule ends, and mass of the nodes that are left out
_FEWEST = 23.0  # nodes of a trapezoidal rule
_GOAL = 24.0  # -log of the error aimed at by the first rule
_MOST_ROUNDS = 10  # of rules, each with a quarter more nodes per axis: what has not converged then is not smooth
_BLOCK = 2**18  # numbers in one block of log-odds
_FEW = 4.0  # degrees of freedom below which the origin of chi^2 is felt
_LOG2_POINTS = 13  # of one replication
_SEED = 20250611


@dataclass(frozen=True)
class ClassView:
    """The log-odds as functions of z and chi^2, at P parameter points.

    Attributes
    ----------
    constant, excess : ndarray
        (P, K).
    linear : ndarray
        (P, K, q).
    degrees : (P,) array
        Nu >= 0.
    weights : (P, K) array
        Of the classes.
    depth : (P, K, K) array
        Entry [k, l]: -log of a bound on the mass of the region where k and l outweigh the class itself; 0 at least.
    """

    constant: FloatArray
    linear: FloatArray
    excess: FloatArray
    degrees: FloatArray
    weights: FloatArray
    depth: FloatArray

    def select(self, index: Any) -> ClassView:
        """The same at some of the parameter points."""
        return ClassView(*(getattr(self, field.name)[index] for field in fields(self)))

    def along(self, z: FloatArray) -> FloatArray:
        """The part of the log-odds that z decides, (P, N, K) at z (N, q)."""
        square = (z**2).sum(1) - z.shape[1]
        return np.asarray(self.constant[:, None] - z @ self.linear.swapaxes(1, 2) - self.excess[:, None] / 2 * square[:, None])

    def across(self, rest: FloatArray) -> FloatArray:
        """The part that chi^2 - nu (P, N) decides, (P, N, K)."""
        return np.asarray(-self.excess[:, None] / 2 * rest[..., None])

    @property
    def width_ratio(self) -> FloatArray:
        """(P,) largest ratio of the class's variance to that of a class that is felt."""
        felt = np.diagonal(self.depth, axis1=1, axis2=2) < _GOAL + 6
        return np.asarray(np.where(felt, 1 + self.excess, 1).max(1))


def class_average(view: ClassView, f: Function) -> Pair:
    """Mean of f over x in the class, and its measured error: (P, M); nan where neither rule is to be trusted."""
    value, error = _by_products(view, f)
    rest = np.flatnonzero(np.isnan(value[:, 0]))
    if rest.size:
        value[rest], error[rest] = _by_sobol(view.select(rest), f)
    return Pair(value, error)


# -- product rules -----------------------------------------------------------------------------------------------------------


def _by_products(view: ClassView, f: Function) -> tuple[FloatArray, FloatArray]:
    count, q = view.linear.shape[0], view.linear.shape[2]
    levels, kind = _first_levels(view), _kinds(view)
    columns = np.shape(f(np.zeros((1, 1, view.constant.shape[1])), view.weights[:1, None]))[-1]
    value, error, last = np.full((count, columns), np.nan), np.full((count, columns), np.inf), np.full((count, columns), np.inf)
    # A single rule tells nothing about its error: the second one, too, has to be small enough.
    most = MOST_NODES if view.constant.shape[1] <= 4 else MOST_FOR_MANY
    open_ = np.flatnonzero(_size(levels + 1, kind, q) <= most)
    rounds = 0
    while open_.size:
        keys, which = np.unique(np.column_stack([levels[open_], kind[open_]]), axis=0, return_inverse=True)
        now, size = np.empty((open_.size, columns)), np.empty((open_.size, columns))
        for j, key in enumerate(keys.tolist()):
            rows = np.flatnonzero(which.ravel() == j)
            now[rows], size[rows] = _product(view.select(open_[rows]), f, tuple(key[:q]), key[q], key[q + 1])
        change = np.abs(now - value[open_])
        value[open_], error[open_] = now, np.where(np.isnan(change), np.inf, 2 * change) + 16 * EPS * size
        stuck = (change < _ROUNDING) & (change > last[open_] / 2)  # more nodes do not mend the rounding of f
        done, last[open_] = ((change <= TOLERANCE * size) | stuck).all(1), change
        levels[open_] += 1
        rounds += 1
        done |= (_size(levels, kind, q)[open_] > most) & (rounds > 1)
        done |= np.isnan(now).any(1) | (rounds > _MOST_ROUNDS)
        open_ = open_[~done]
    # What rounding of the largest terms of the log-odds does where they cancel, for an f of slope one.
    cancelled = (np.abs(view.constant) * np.exp(-np.diagonal(view.depth, axis1=1, axis2=2))).sum(1)
    error[np.isnan(value)] = np.nan
    return value, error + 8 * EPS * cancelled[:, None]


def _kinds(view: ClassView) -> IndexArray:
    """(P,) 0: chi^2 does not enter, 1: it does, 2: it does, with few degrees of freedom."""
    enters = view.excess.any(1) & (view.degrees > 0)
    return np.where(enters, np.where(view.degrees < _FEW, 2, 1), 0)


def _nodes(level: Any) -> Any:
    """Nodes of a rule along one axis."""
    return 4 * 1.25**level


def _first_levels(view: ClassView) -> IndexArray:
    """(P, q + 1) levels of the first rule: the poles of the integrand between two classes are pi/slope away from the real axis."""
    # A narrower class is left at a distance of sqrt(log(ratio)/ratio): the log-odds are steepest there.
    q, ratio = view.linear.shape[2], 1 + view.excess
    log_ratio = np.log(ratio)
    bend = np.sqrt(np.maximum(ratio, 1) * np.abs(log_ratio) * q)
    there = view.linear / np.sqrt(np.maximum(ratio, 1))[..., None]
    slopes = np.abs(there[:, :, None] - there[:, None]) + np.abs(bend[:, :, None] - bend[:, None])[..., None]
    degrees = np.maximum(view.degrees, 0.1)[:, None]
    along = np.minimum(view.excess, log_ratio * (1 + q / degrees)) * (np.sqrt(degrees / 2) + np.sqrt(0.5))
    slope = np.concatenate([slopes, np.abs(along[:, :, None] - along[:, None])[..., None]], -1)
    gauss = 3 + 10 * slope + 12 * slope**2  # Gauss-Hermite: found by trying
    lattice = np.maximum(_FEWEST, _RADIUS / np.pi**2 * slope * np.maximum(_GOAL - view.depth, 2.0)[..., None])
    felt = (view.depth < _GOAL + 6)[..., None]
    wanted = np.where(felt, np.where(gauss < _FEWEST, gauss, lattice), 4).max((1, 2))
    return np.asarray(np.ceil(np.log(wanted / 4) / np.log(1.25)), dtype=np.intp)


def _size(levels: IndexArray, kind: IndexArray, q: int) -> FloatArray:
    """(P,) nodes of a product rule, roughly: those of a lattice are cut to a ball."""
    nodes = _nodes(levels.astype(float))
    nodes[:, q] = np.where(kind > 0, nodes[:, q] * np.where(nodes[:, q] >= _FEWEST, kind, 1), 1)
    lattices = (nodes >= _FEWEST).sum(1)
    return np.asarray(nodes.prod(1) * np.array([1, 1, np.pi / 4, np.pi / 6, np.pi**2 / 32, 0.16, 0.08])[np.minimum(lattices, 6)])


def _axis(level: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of a rule for a normal variable: Gauss-Hermite, from _FEWEST nodes on the trapezoidal rule."""
    count = float(_nodes(level))
    if count < _FEWEST:
        x, weights = np.polynomial.hermite_e.hermegauss(int(np.ceil(count)))
        return x, weights / weights.sum()
    step = 2 * _RADIUS / count
    x = step * (np.arange(-np.ceil(count / 2), np.ceil(count / 2) + 1) + level % 2 / 2)
    return x, step / np.sqrt(2 * np.pi) * np.exp(-(x**2) / 2)


@lru_cache(maxsize=8)
def _normal_nodes(levels: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    """Nodes (N, q) and weights (N,), those of the largest weights first; a mass of _LOST at most is left out."""
    nodes, weights = np.zeros((1, 0)), np.ones(1)
    least = _LOST / np.prod([_nodes(level) + 2 for level in levels])
    for level in levels:
        line, mass = _axis(level)
        product = weights[:, None] * mass
        row, column = np.nonzero(product >= least)
        nodes, weights = np.column_stack([nodes[row], line[column]]), product[row, column]
    order = np.argsort(-weights, kind="stable")
    return nodes[order], weights[order]


def _chi_square(degrees: FloatArray, level: int, few: bool) -> tuple[FloatArray, FloatArray]:
    """Nodes chi^2 - nu and weights of the chi-square law, (P, N) both.

    Gauss-Laguerre, from _FEWEST nodes on the trapezoidal rule in log chi^2; with few degrees of freedom in s, chi^2/2 = exp(s - e^{-s}),
    which runs to zero doubly exponentially.
    """
    count, half, drop = float(_nodes(level)), degrees[:, None] / 2, _RADIUS**2 / 2
    if count < _FEWEST:
        k = np.arange(int(np.ceil(count)))
        matrix = np.zeros((degrees.size, k.size, k.size))
        matrix[:, k, k] = 2 * k
        matrix[:, k[1:], k[:-1]] = np.sqrt(k[1:] * (k[1:] - 1 + half))  # eigh reads the lower triangle
        x, vectors = np.linalg.eigh(matrix)
        return 2 * x, vectors[:, 0] ** 2
    step = 2 * _RADIUS / count
    if few:
        step /= 3
        low, high = -np.log(1.2 * drop / half.min()), np.log(2 * drop)
        s = step * (np.arange(np.floor(low / step), np.ceil(high / step) + 1) + level % 2 / 2)
        place = np.exp(s - np.exp(-s))
        log_weights = half * (s - np.exp(-s)) - place + np.log1p(np.exp(-s))
        rest = 2 * place - degrees[:, None]
    else:
        reach = drop / half
        low = float((-np.minimum(reach + 1, np.sqrt(2 * reach) + reach) * np.sqrt(half)).min())
        high = float((np.minimum(np.sqrt(2 * reach), np.log1p(reach) + 1) * np.sqrt(half)).max())
        u = step * (np.arange(np.floor(low / step), np.ceil(high / step) + 1) + level % 2 / 2) / np.sqrt(half)
        small = u**2 / 2 * (1 + u / 3 * (1 + u / 4 * (1 + u / 5 * (1 + u / 6))))  # expm1(u) - u
        log_weights = -half * np.where(np.abs(u) < 1e-3, small, np.expm1(u) - u)
        rest = degrees[:, None] * np.expm1(u)
    weights = np.exp(log_weights - log_weights.max(1, keepdims=True))
    return rest, weights / weights.sum(1, keepdims=True)  # log Gamma(nu/2) would not keep its digits


def _product(view: ClassView, f: Function, levels: tuple[int, ...], last: int, kind: int) -> tuple[FloatArray, FloatArray]:
    """Sums of f and of |f| over one product rule, (P, M)."""
    z, mass = _normal_nodes(levels)
    count, classes = view.constant.shape
    rest, share = _chi_square(view.degrees, last, kind == 2) if kind else (np.zeros((count, 1)), np.ones((count, 1)))
    largest = share.max(0)
    least = _LOST / (mass.size * largest.size)
    rows = max(1, _BLOCK // (classes * mass.size * largest.size))
    parts = []
    for start in range(0, count, rows):
        cut = slice(start, start + rows)
        some, total = view.select(cut), np.zeros(())
        length = max(1, _BLOCK // (classes * largest.size * some.degrees.size))
        for begin in range(0, mass.size, length):
            block = slice(begin, begin + length)
            kept = largest * mass[begin] >= least
            odds = some.along(z[block])[:, :, None] + some.across(rest[cut, kept])[:, None]
            weights = mass[block, None] * share[cut, None, kept]
            odds, weights = (array.reshape(odds.shape[0], -1, width) for array, width in ((odds, classes), (weights, 1)))
            values = f(odds, some.weights[:, None])
            weights = weights.swapaxes(1, 2)
            total = total + np.stack([(weights @ values)[:, 0], (weights @ np.abs(values))[:, 0]])
        parts.append(total)
    value, size = np.concatenate(parts, axis=1)
    return value, size


# -- quasi-Monte-Carlo -------------------------------------------------------------------------------------------------------


def _by_sobol(view: ClassView, f: Function) -> tuple[FloatArray, FloatArray]:
    """Means over scrambled Sobol points, and standard errors of independent scramblings times STANDARD_ERRORS; (P, M)."""
    value, error = [], []
    for row in range(view.degrees.size):
        some = view.select(slice(row, row + 1))
        mean, spread = _one_by_sobol(some, f)
        trusted = some.width_ratio[0] <= NARROWEST
        value.append(mean if trusted else np.full_like(mean, np.nan))
        error.append(spread if trusted else np.full_like(mean, np.nan))
    return np.array(value), np.array(error)


def _one_by_sobol(view: ClassView, f: Function) -> tuple[FloatArray, FloatArray]:
    from scipy.special import gammaincinv, ndtri

    q, nu = view.linear.shape[2], float(view.degrees[0])
    thick = bool(_kinds(view)[0])
    means, size, length = [], np.zeros(()), max(1, _BLOCK // view.constant.shape[1])
    for replication in range(REPLICATIONS):
        u = _sobol(q + thick, replication)
        z = ndtri(u[:, :q])
        rest = np.asarray(2 * gammaincinv(nu / 2, u[:, q]) - nu) if thick else np.zeros(u.shape[0])
        total = np.zeros(())
        for start in range(0, u.shape[0], length):
            cut = slice(start, start + length)
            values = f(view.along(z[cut]) + view.across(rest[None, cut]), view.weights[:, None])[0]
            total = total + np.stack([values.sum(0), np.abs(values).sum(0)]) / u.shape[0]
        means.append(total[0])
        size = size + total[1] / REPLICATIONS
    spread = STANDARD_ERRORS * np.std(means, axis=0, ddof=1) / np.sqrt(REPLICATIONS)
    return np.mean(means, axis=0), spread + 16 * EPS * size


@lru_cache(maxsize=32)
def _sobol(dimension: int, replication: int) -> FloatArray:
    """Points in the open cube, one scrambling per replication."""
    from scipy.stats import qmc

    engine = qmc.Sobol(dimension, rng=np.random.default_rng(np.random.SeedSequence(_SEED, spawn_key=(replication,))))
    return np.clip(engine.random_base2(_LOG2_POINTS), 2.0**-54, 1 - 2.0**-53)
