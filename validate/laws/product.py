"""Independent coordinates of one law, the prior: atoms, and pieces with a density."""

from __future__ import annotations

import math
from collections.abc import Collection
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from regimes.numerics.arrays import IntArray, RealArray
from regimes.theory.laws import Piece, Product
from regimes.validate.laws import NO_CLASSES, Answers, Invariants
from regimes.validate.laws.panels import Function, Panels, as_function, atoms_in_numbers, require_one, tabulated
from regimes.validate.simulation.channel import Real, noise_var
from regimes.validate.simulation.scores import log_sum_exp

if TYPE_CHECKING:
    from regimes.theory.model import DataModel
    from regimes.validate.plans.study import Budget, Study

_PANEL, _TAIL = 1e-12, 1e-11  # error of a panel, and mass left beyond the table


def _in_numbers(law: Product) -> Product:
    return Product(atoms_in_numbers(law.atoms), tuple(part for p in law.pieces if float(p.weight) > 0 for part in _pieces(p)))


@cache
def _pieces(piece: Piece) -> tuple[Piece, ...]:
    """One piece for every stretch between breaks: smooth inside, and of finite length."""
    from regimes.theory.conventions import a

    f = as_function(piece.density, a)
    stretches = list(pairwise([float(end) for end in (piece.low, *piece.breaks, piece.high)]))
    tables = [_table(f, low, high) for low, high in stretches]
    total = sum(table.integral for table in tables)
    require_one(total, piece.density)
    found = [(float(piece.weight) * table.integral / total, table) for table in tables]
    return tuple(Piece(weight, table, table.ends[0], table.ends[-1]) for weight, table in found if weight > 0)


def _table(f: Function, low: float, high: float) -> Panels:
    """Table on an interval that may be infinite: there the panels double from the origin, until they hold nothing."""
    if math.isfinite(low) and math.isfinite(high):
        return tabulated(f, (low, high), _PANEL)
    origin = low if math.isfinite(low) else high if math.isfinite(high) else 0.0
    sides = [sign for sign, end in ((-1.0, low), (1.0, high)) if math.isinf(end)]
    # The scale of the density: the distance around which an octave holds most of it.
    scale = max((2.0**k for k in range(-60, 61)), key=lambda x: x * sum(f(origin + sign * x) for sign in sides))
    ends = [origin]
    for sign in sides:
        last, length = origin, scale / 2
        while True:
            panel = tabulated(f, sorted((last, last + sign * length)), _PANEL)
            last = last + sign * length
            ends.append(last)
            if (abs(panel.integral) < _TAIL and length > 2 * scale) or length > 2.0**60 * scale:
                break
            length *= 2
    return tabulated(f, sorted(ends), _PANEL)


REACH, CELLS = 7.25, 2**10
"""A smooth piece of a prior is a function of a normal variable z, linear between 2^10 points per unit; |z| > 7.25 has probability 4e-13."""


@cache
def _warp(density: Panels) -> RealArray:
    """The coordinate of the law with this density as an increasing function of a normal variable, at the points of its grid.

    Linear interpolation misplaces a coordinate by less than 2^-23 times the function's second derivative.
    """
    from scipy.special import ndtr

    return density.quantile(ndtr(np.arange(-REACH * CELLS, REACH * CELLS + 1) / CELLS))


def coordinates(rng: np.random.Generator, law: Product, count: int) -> RealArray:
    """(count,) independent draws from the prior of a product law."""
    weights_of_parts = [*(atom.weight for atom in law.atoms), *(piece.weight for piece in law.pieces)]
    edges = np.cumsum(weights_of_parts)[:-1]
    chosen = np.searchsorted(edges, rng.random(count), side="right") if len(edges) else np.zeros(count, dtype=np.intp)
    if not law.pieces:
        return np.asarray(np.array([atom.place for atom in law.atoms])[chosen])
    table = np.stack([_warp(piece.density) for piece in law.pieces])
    if law.atoms:
        found = np.array([*(atom.place for atom in law.atoms), *np.zeros(len(law.pieces))])[chosen]
        smooth = np.flatnonzero(chosen >= len(law.atoms))
        found[smooth] = _warped(rng, table, chosen[smooth] - len(law.atoms))
        return np.asarray(found)
    return _warped(rng, table, chosen)


def _warped(rng: np.random.Generator, table: RealArray, piece: IntArray) -> RealArray:
    """One draw from each of the pieces whose rows in `table` are given."""
    place = rng.standard_normal(len(piece))
    place += REACH
    place *= CELLS
    np.clip(place, 0.0, table.shape[1] - 1.5, out=place)
    cell = place.astype(np.intp)
    place -= cell
    cell += piece * table.shape[1]
    low, high = table.ravel().take(cell), table.ravel().take(cell + 1)
    return np.asarray(low + place * (high - low))


def _draw(rng: np.random.Generator, law: Product, n: int, d: int, dtype: Real) -> tuple[RealArray, IntArray]:
    return coordinates(rng, law, n * d).reshape(n, d).astype(dtype, copy=False), np.zeros(n, dtype=np.intp)


class Coordinates:
    """Independent coordinates: the logarithm of the scalar density, from a table in x where x is near the bulk, else by its definition."""

    def __init__(self, law: Product) -> None:
        self._law = law

    def terms(self, x: RealArray, t: float) -> RealArray:
        origin, step, table = _scalar_table(self._law, t)
        place = (x - origin) / step
        cell = np.clip(place.astype(np.intp), 0, len(table) - 2)
        low, high = table.take(cell), table.take(cell + 1)
        value = low + (place - cell) * (high - low)
        outside = (place < 0) | (place > len(table) - 1)
        if outside.any():
            value[outside] = scalar_log_density(self._law, x[outside], t)
        return np.asarray(value)


_SPAN, _COARSE, _FINE = 12.0, 2**11, 2**5


@cache
def _scalar_table(law: Product, t: float) -> tuple[float, float, RealArray]:
    """First point, step and values of log P_t on an even grid over twelve standard deviations to either side.

    A spline through 2^11 exact values, refined 32 times: linear interpolation is then right to 2^-26 of the second derivative.
    """
    from scipy.interpolate import CubicSpline

    mean, variance = _moments(law)
    spread = _SPAN * math.sqrt(noise_var(t) + math.exp(-2.0 * t) * variance)
    centre = math.exp(-t) * mean
    grid = np.linspace(centre - spread, centre + spread, _COARSE + 1)
    fine = np.linspace(centre - spread, centre + spread, _COARSE * _FINE + 1)
    return float(fine[0]), float(fine[1] - fine[0]), np.asarray(CubicSpline(grid, scalar_log_density(law, grid, t))(fine))


def _moments(law: Product) -> tuple[float, float]:
    """Mean and variance of the prior."""
    sums = np.zeros(2)
    for atom in law.atoms:
        sums += atom.weight * np.array([atom.place, atom.place**2])
    for piece in law.pieces:
        nodes, weights = piece.density.nodes()
        mass = weights * np.array(piece.density.values)
        sums += piece.weight / piece.density.integral * np.array([(mass * nodes).sum(), (mass * nodes**2).sum()])
    return float(sums[0]), float(sums[1] - sums[0] ** 2)


def scalar_log_density(law: Product, x: RealArray, t: float) -> RealArray:
    """log of the density of one noised coordinate at x (N,), nats: a sum over atoms and a quadrature over pieces, panel by panel.

    Panels wider than the noise are cut into parts no wider than it.
    """
    decay, noise = math.exp(-t), noise_var(t)
    places, log_weights = [np.array([atom.place for atom in law.atoms])], [np.log([atom.weight for atom in law.atoms])]
    for piece in law.pieces:
        nodes, mass = _rule(piece.density.ends, math.sqrt(noise) / decay)
        values = np.maximum(piece.density.at(nodes), 0.0)
        kept = values > 0
        places.append(nodes[kept])
        log_weights.append(np.log(piece.weight / piece.density.integral * mass[kept] * values[kept]))
    place, log_weight = decay * np.concatenate(places), np.concatenate(log_weights)
    rows = max(1, 2**20 // len(place))
    found = [log_sum_exp(log_weight - np.square(x[k : k + rows, None] - place) / (2.0 * noise)) for k in range(0, len(x), rows)]
    return np.concatenate(found) - 0.5 * math.log(2.0 * math.pi * noise)


def _rule(ends: tuple[float, ...], width: float) -> tuple[RealArray, RealArray]:
    """Gauss-Legendre nodes and weights on the intervals between `ends`, cut where they are longer than `width`."""
    x, w = np.polynomial.legendre.leggauss(12)
    edges = np.array(ends)
    parts = np.maximum(1, np.ceil(np.diff(edges) / width)).astype(np.intp)
    inner = [np.linspace(low, high, k, endpoint=False) for low, high, k in zip(edges[:-1], edges[1:], parts, strict=True)]
    cuts = np.append(np.concatenate(inner), edges[-1])
    half = np.diff(cuts)[:, None] / 2
    return (cuts[:-1, None] + half * (1 + x)).ravel(), (half * w).ravel()


def _plan(model: DataModel, budget: Budget, seed: int) -> list[Study]:
    from regimes.validate.plans import data_sets
    from regimes.validate.plans.levels import of_levels
    from regimes.validate.plans.study import settings

    usual = settings(model)[0]
    law = usual.law
    assert isinstance(law, Product)
    studies = of_levels(model, budget, seed, method="window" if law.pieces else "exact")
    if not law.pieces and _is_a_sign(law):  # the collapse by the reverse process too
        studies.append(data_sets.data_clones(usual, budget, seed, n=300, d=24, batches=16))
    return studies


def _is_a_sign(law: Product) -> bool:
    """Whether a coordinate is one of two values that are each other's mirror image."""
    return len(law.atoms) == 2 and law.atoms[0].place == -law.atoms[1].place and law.atoms[0].weight == law.atoms[1].weight


def _slow(model: DataModel) -> Collection[str]:
    """A density makes integrals within integrals."""
    return ("derivation",) if model.symbolic_law().pieces else ()


ANSWERS = Answers(
    in_numbers=_in_numbers,
    draw=_draw,
    density=lambda law, d: Coordinates(law),
    score=NO_CLASSES,
    plan=_plan,
    invariants=Invariants(weights=lambda law: [part.weight for part in (*law.atoms, *law.pieces)]),
    slow=_slow,
)
