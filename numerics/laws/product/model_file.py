"""A product of a prior in a model file: the table [prior], the law of one coordinate a.

    [prior]
    density = "exp(-sqrt(2)*Abs(a))/sqrt(2)"  # integrates to one on its support
    support = [-inf, inf]
    breaks = []                               # where it bends or jumps; found where Abs, Max, Min, Heaviside bend at a multiple of a
    atoms = [["1 - rho", 0]]                  # [weight, place]; the density has the weight they leave

The law is taken as it is written. Unless the file has a parameter sigma of its own, sigma (1 by default) stretches the coordinate: it is a
factor, not the standard deviation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from regimes.numerics.model_files.checks import (
    Density,
    FloatArray,
    Point,
    check_weights,
    compiled,
    integrals,
    number,
    sample_points,
    weights_of,
)
from regimes.numerics.model_files.forms import FileForm, Written, expression, pairs, with_values
from regimes.numerics.model_files.tables import Infinite, Table, formula
from regimes.theory.errors import InputError
from regimes.theory.laws import Atom, Piece, Product
from regimes.theory.models.product import SIGMA, ProductModel
from regimes.theory.params import Param
from regimes.theory.symbolic.formula_text import Tree

MASS = 1e-8
"""Largest error of a density's integral."""


def _read(top: Table, own: tuple[Param, ...], folder: Path) -> Written:
    del folder
    maker = with_values(_prior(top, own), own)
    if any(p.name == SIGMA.name for p in own):
        return Written(own, maker)
    scale = replace(SIGMA, doc="factor on a coordinate: 1 leaves the prior as the file has it")
    return Written((*own, scale), ProductModel("file", "", maker).law)


def _prior(top: Table, own: tuple[Param, ...]) -> Product:
    table = top.table("prior", "density", "support", "breaks", "atoms")
    names = [p.name for p in own]
    masses = pairs(table, "atoms", "[weight, place]", names)
    trees: list[Tree | Infinite] = []
    if "density" in table:
        ends = table.entries("support", 2, "[low, high], for instance [-inf, inf]")
        trees = [formula(table.get("density"), [*names, "a"], "prior.density")]
        trees += [formula(end, names, "prior.support", infinite=True) for end in ends]
        trees += [formula(place, names, "prior.breaks") for place in (table.entries("breaks") if "breaks" in table else ())]
    elif not masses or "support" in table or "breaks" in table:
        table.get("density")

    from regimes.theory.conventions import a

    symbols = {p.name: p.symbol for p in own}
    atoms = tuple(Atom(expression(w, symbols, "prior.atoms"), expression(place, symbols, "prior.atoms")) for w, place in masses)
    pieces: tuple[Piece, ...] = ()
    if trees:
        density = expression(trees[0], {**symbols, "a": a}, "prior.density")
        low, high = (expression(end, symbols, "prior.support") for end in trees[1:3])
        given = [expression(place, symbols, "prior.breaks") for place in trees[3:]]
        weight = 1 - sum(atom.weight for atom in atoms)
        pieces = (Piece(weight, density, low, high, _kinks(density, low, high, given, own)),)
    law = Product(atoms, pieces)
    _check(law, own)
    return law


def _check(law: Product, own: Sequence[Param]) -> None:
    """Refuse what is not the law of one coordinate, or has no variance.

    Raises
    ------
    InputError
        Weights that are no probabilities, a density that is negative, infinite or does not integrate to one, a variance that
        is infinite or zero; with the value and the parameters.
    """
    densities = [compiled(piece.density, own) for piece in law.pieces]
    for point, shown in sample_points(own):
        weights = [number(w, point) for w in weights_of(law.atoms, law.pieces)]
        check_weights(weights, "prior.atoms", shown)
        moments = np.zeros(3)
        for atom, weight in zip(law.atoms, weights, strict=False):
            moments += weight * number(atom.place, point) ** np.arange(3)
        for piece, weight, density in zip(law.pieces, weights[len(law.atoms) :], densities, strict=True):
            moments += weight * _moments(piece, density, point, shown)
        if moments[2] - moments[1] ** 2 <= 1e-12 * moments[2]:
            raise InputError(f"the prior is one value{shown}: a law without spread carries no information")


def _kinks(density: Any, low: Any, high: Any, given: Sequence[Any], own: Sequence[Param]) -> tuple[Any, ...]:
    """Places inside (low, high), in order, where the density bends or jumps: those given, and where Abs, Max, Min, Heaviside do.

    Raises
    ------
    InputError
        A place outside the support, or in an order that changes with the parameters; a bend that has to be given.
    """
    found = list(given)
    for bend in _bends(density):
        place = _root(bend)
        if place is None and not given:
            raise InputError(f"where {str(bend)[:80]} = 0 the density bends or jumps: give these places as prior.breaks = [...]")
        if place is not None:
            found.append(place)
    found = list(dict.fromkeys(found))
    places = [(point, shown, number(low, point), number(high, point)) for point, shown in sample_points(own)]
    for _, shown, start, end in places:
        if not start < end:
            raise InputError(f"prior.support is empty: {start:.9g} is not below {end:.9g}{shown}")
    kept = []
    for place in found:
        inside = [start < number(place, point) < end for point, _, start, end in places]
        if not all(inside) and (any(inside) or place in given):
            raise InputError(f"the break {str(place)[:60]} is outside the support{places[inside.index(False)][1]}: it has to lie inside")
        kept += [place] * all(inside)
    kept.sort(key=lambda place: number(place, places[0][0]))
    for point, shown, _, _ in places:
        values = [number(place, point) for place in kept]
        if any(not left < right for left, right in pairwise(values)):
            raise InputError(f"the breaks {str(kept)[:80]} meet or change their order{shown}: restrict typical, or write another file")
    return tuple(kept)


def _bends(density: Any) -> Iterator[Any]:
    """Expressions at whose zeros a function of the density is not smooth."""
    import sympy as sp

    from regimes.theory.conventions import a

    for node in sp.preorder_traversal(density):
        if isinstance(node, sp.Abs):
            bends = [node.args[0]]
        elif isinstance(node, (sp.Max, sp.Min)):
            bends = [left - right for k, left in enumerate(node.args) for right in node.args[:k]]
        elif isinstance(node, sp.Piecewise):
            relations = [r for _, condition in node.args for r in condition.atoms(sp.core.relational.Relational)]
            bends = [relation.lhs - relation.rhs for relation in relations]
        else:
            continue
        yield from (bend for bend in bends if bend.has(a))


def _root(bend: Any) -> Any:
    """Where an expression linear in the coordinate vanishes; None if it is not linear."""
    import sympy as sp

    from regimes.theory.conventions import a

    slope = sp.diff(bend, a)
    return None if slope.has(a) or slope.is_zero else sp.cancel(-bend.subs(a, 0) / slope)


def _moments(piece: Piece, density: Density, point: Point, shown: str) -> FloatArray:
    """Integrals of the density times 1, a, a^2 over its support."""
    ends = [number(place, point) for place in (piece.low, *piece.breaks, piece.high)]
    total = np.zeros(3)
    for start, end in pairwise(ends):
        total += integrals(density, point, start, end, 3, f"the density{shown}", "a", "the variance")
    if not abs(total[0] - 1) < MASS:
        raise InputError(f"the density integrates to {total[0]:.12g}{shown}, not to 1: divide it by that")
    return total


FILE = FileForm(
    table="prior",
    doc="i.i.d. coordinates, prior of a model file, times sigma",
    read=_read,
    hint="""\
A law of your own is a file ./mine.toml, given as the model:

    [model]
    name = "spike"
    kind = "product"
    [prior]
    density = "exp(-sqrt(2*rho)*Abs(a))*sqrt(rho/2)"
    support = [-inf, inf]
    atoms = [["1 - rho", 0]]
    [parameters.rho]
    low = 0.0
    high = 1.0
""",
)
