"""Laws in numbers: what an experiment holds and a worker process rebuilds from JSON.

The classes are those of `regimes.theory.laws` with plain floats for their entries, and tables (`Panels`) for the functions in them: the
density of a piece between its breaks, density and eigenvalue of a curve. So the numbers of a simulation depend on its record alone,
whoever wrote the law: a model of this package, one registered by another, or a file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from itertools import pairwise
from typing import Any

from regimes.theory.errors import DomainError
from regimes.theory.laws import (
    Atom,
    Cluster,
    CurieWeiss,
    Curve,
    GaussianClusters,
    GaussianSpectrum,
    IsingChain,
    IsingChains,
    Law,
    Mixture,
    Piece,
    Product,
    RandomEnergies,
    ZeroMeanMixture,
)
from regimes.validate.laws.panels import Function, Panels, tabulated

MASS = 1e-8
"""Largest error of a density's integral: a density that misses one by more is refused."""

_PANEL, _TAIL = 1e-12, 1e-11  # error of a panel, and mass left beyond the table


def in_numbers(law: Law) -> Law:
    """The law with floats for its entries and tables for its functions; atoms and pieces of no weight are left out.

    Raises
    ------
    DomainError : a density does not integrate to one, as far as a table of it can tell.
    """
    match law:
        case GaussianClusters():
            centres = tuple(tuple(map(float, centre)) for centre in law.centres)
            return GaussianClusters(tuple(map(float, law.weights)), centres, float(law.sd))
        case Mixture():
            return Mixture(tuple(Cluster(float(c.weight), tuple(map(float, c.centre)), float(c.sd), float(c.cost)) for c in law.clusters))
        case ZeroMeanMixture():
            share, (first, second) = float(law.weight), law.sds
            return Mixture((Cluster(share, (), float(first), 0.0), Cluster(1 - share, (), float(second), 0.0)))
        case GaussianSpectrum():
            return GaussianSpectrum(_atoms(law.atoms), tuple(_curve(c) for c in law.curves if float(c.weight) > 0))
        case Product():
            return Product(_atoms(law.atoms), tuple(part for p in law.pieces if float(p.weight) > 0 for part in _pieces(p)))
        case CurieWeiss():
            return CurieWeiss(float(law.beta), float(law.h))
        case IsingChain():
            return IsingChain(float(law.beta))
        case IsingChains():
            return IsingChains(float(law.beta_a), float(law.beta_b), float(law.weight))
        case RandomEnergies():
            return RandomEnergies(float(law.variance), float(law.beta))
    raise TypeError(f"a law of the family {law.family} has no numbers here")


def as_json(law: Law) -> dict[str, Any]:
    """A law in numbers as a JSON object."""
    return {"family": law.family, **asdict(law)}


def from_json(record: Mapping[str, Any]) -> Law:
    """The law that `as_json` describes.

    Raises
    ------
    KeyError, TypeError, ValueError : the record describes no law.
    """
    entries = dict(record)
    family = entries.pop("family")
    match family:
        case GaussianClusters.family:
            return GaussianClusters(tuple(entries.pop("weights")), tuple(map(tuple, entries.pop("centres"))), **entries)
        case Mixture.family:
            clusters = tuple(Cluster(c["weight"], tuple(c["centre"]), c["sd"], c["cost"]) for c in entries.pop("clusters"))
            return Mixture(clusters, **entries)
        case GaussianSpectrum.family:
            curves = tuple(Curve(c["weight"], _panels(c["eigenvalue"]), _panels(c["density"])) for c in entries.pop("curves"))
            return GaussianSpectrum(tuple(Atom(**atom) for atom in entries.pop("atoms")), curves, **entries)
        case Product.family:
            pieces = tuple(Piece(p["weight"], _panels(p["density"]), p["low"], p["high"]) for p in entries.pop("pieces"))
            return Product(tuple(Atom(**atom) for atom in entries.pop("atoms")), pieces, **entries)
        case CurieWeiss.family | IsingChain.family | IsingChains.family | RandomEnergies.family:
            return {c.family: c for c in (CurieWeiss, IsingChain, IsingChains, RandomEnergies)}[family](**entries)
        case _:
            raise ValueError(f"unknown family {family!r}")


def _panels(record: Mapping[str, Any]) -> Panels:
    return Panels(tuple(record["ends"]), tuple(map(tuple, record["values"])))


def _atoms(atoms: Sequence[Atom]) -> tuple[Atom, ...]:
    return tuple(Atom(float(atom.weight), float(atom.place)) for atom in atoms if float(atom.weight) > 0)


def _function(expr: Any, variable: Any) -> Function:
    """A SymPy expression as a function of floats; mpmath neither overflows nor underflows on the way."""
    import mpmath as mp
    import sympy as sp

    compiled = sp.lambdify([variable], expr, "mpmath")
    return lambda x: float(compiled(mp.mpf(x)))


@cache
def _curve(curve: Curve) -> Curve:
    u = Curve.variable()
    density, eigenvalue = (tabulated(_function(expr, u), (0.0, 0.5, 1.0), 1e-10) for expr in (curve.density, curve.eigenvalue))
    _require_one(density.integral, curve.density)
    return Curve(float(curve.weight), eigenvalue, density)


@cache
def _pieces(piece: Piece) -> tuple[Piece, ...]:
    """One piece for every stretch between breaks: smooth inside, and of finite length."""
    from regimes.theory.conventions import a

    f = _function(piece.density, a)
    stretches = list(pairwise([float(end) for end in (piece.low, *piece.breaks, piece.high)]))
    tables = [_table(f, low, high) for low, high in stretches]
    total = sum(table.integral for table in tables)
    _require_one(total, piece.density)
    found = [(float(piece.weight) * table.integral / total, table) for table in tables]
    return tuple(Piece(weight, table, table.ends[0], table.ends[-1]) for weight, table in found if weight > 0)


def _require_one(integral: float, density: Any) -> None:
    if not abs(integral - 1.0) < MASS:
        raise DomainError(f"the density {density} integrates to {integral:.9g} by a table of it: it should be 1, and most of it near 0")


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
