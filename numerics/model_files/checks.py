"""Whether what a model file says is a law: looked at in numbers, at the ends and the middle of every parameter's typical interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from regimes.numerics.arrays import FloatArray
from regimes.theory.errors import InputError
from regimes.theory.laws import Atom, Curve, GaussianSpectrum, Piece, Product
from regimes.theory.params import Param

__all__ = ["check_product", "check_spectrum", "kinks", "sample_points"]

Point = dict[Any, float]
"""Symbol -> value."""

Density = Callable[[FloatArray, Point], FloatArray]

MASS = 1e-8
"""Largest error of a density's integral."""

_WEIGHTS = 1e-12
_NEGLIGIBLE = 1e-9  # of an integral, near the ends of the line


def check_product(law: Product, own: Sequence[Param]) -> None:
    """Refuse what is not the law of one coordinate, or has no variance.

    Raises
    ------
    InputError : weights that are no probabilities, a density that is negative, infinite or does not integrate to one, a variance that
        is infinite or zero; with the value and the parameters.
    """
    densities = [_compiled(piece.density, own) for piece in law.pieces]
    for point, shown in sample_points(own):
        weights = [_number(w, point) for w in _weights(law.atoms, law.pieces)]
        _check_weights(weights, "prior.atoms", shown)
        moments = np.zeros(3)
        for atom, weight in zip(law.atoms, weights, strict=False):
            moments += weight * _number(atom.place, point) ** np.arange(3)
        for piece, weight, density in zip(law.pieces, weights[len(law.atoms) :], densities, strict=True):
            moments += weight * _moments(piece, density, point, shown)
        if moments[2] - moments[1] ** 2 <= 1e-12 * moments[2]:
            raise InputError(f"the prior is one value{shown}: a law without spread carries no information")


def check_spectrum(law: GaussianSpectrum, own: Sequence[Param]) -> None:
    """Refuse what is not the spectrum of a covariance with a finite, positive trace.

    Raises
    ------
    InputError : with the value and the parameters.
    """
    curves = [_compiled(curve.eigenvalue, own, Curve.variable()) for curve in law.curves]
    for point, shown in sample_points(own):
        weights = [_number(w, point) for w in _weights(law.atoms, law.curves)]
        _check_weights(weights, "spectrum.eigenvalues", shown)
        places = [_number(atom.place, point) for atom in law.atoms]
        if places and min(places) < 0:
            raise InputError(f"the eigenvalue {min(places):.9g} is negative{shown}: no covariance has it")
        trace = sum(w * place for w, place in zip(weights, places, strict=False))
        for weight, curve in zip(weights[len(places) :], curves, strict=True):
            trace += weight * float(_integrals(curve, point, 0.0, 1.0, 1, f"spectrum.eigenvalue{shown}", "u", "the mean eigenvalue")[0])
        if trace <= 0:
            raise InputError(f"all eigenvalues are zero{shown}: one has to be positive")


def kinks(density: Any, low: Any, high: Any, given: Sequence[Any], own: Sequence[Param]) -> tuple[Any, ...]:
    """Places inside (low, high), in order, where the density bends or jumps: those given, and where Abs, Max, Min, Heaviside do.

    Raises
    ------
    InputError : a place outside the support, or in an order that changes with the parameters; a bend that has to be given.
    """
    found = list(given)
    for bend in _bends(density):
        place = _root(bend)
        if place is None and not given:
            raise InputError(f"where {str(bend)[:80]} = 0 the density bends or jumps: give these places as prior.breaks = [...]")
        if place is not None:
            found.append(place)
    found = list(dict.fromkeys(found))
    places = [(point, shown, _number(low, point), _number(high, point)) for point, shown in sample_points(own)]
    for _, shown, start, end in places:
        if not start < end:
            raise InputError(f"prior.support is empty: {start:.9g} is not below {end:.9g}{shown}")
    kept = []
    for place in found:
        inside = [start < _number(place, point) < end for point, _, start, end in places]
        if not all(inside) and (any(inside) or place in given):
            raise InputError(f"the break {str(place)[:60]} is outside the support{places[inside.index(False)][1]}: it has to lie inside")
        kept += [place] * all(inside)
    kept.sort(key=lambda place: _number(place, places[0][0]))
    for point, shown, _, _ in places:
        values = [_number(place, point) for place in kept]
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


# -- numbers -------------------------------------------------------------------------------------------------------------


def sample_points(own: Sequence[Param]) -> list[tuple[Point, str]]:
    """Middle of all typical intervals, all lower and upper ends, and each end alone; with words for messages."""
    middle = [sum(p.typical) / 2 for p in own]
    rows = [middle, [p.typical[0] for p in own], [p.typical[1] for p in own]] if own else [[]]
    rows += [[*middle[:k], end, *middle[k + 1 :]] for k, p in enumerate(own) for end in p.typical] if len(own) > 1 else []
    shown = [", ".join(f"{p.name}={value:.9g}" for p, value in zip(own, row, strict=True)) for row in rows]
    return [({p.symbol: v for p, v in zip(own, row, strict=True)}, f" at {s}" if s else "") for row, s in zip(rows, shown, strict=True)]


def _number(expr: Any, point: Mapping[Any, float]) -> float:
    import sympy as sp

    value = sp.sympify(expr, strict=True).subs({symbol: sp.Rational(v) for symbol, v in point.items()}).evalf(20)
    if value.is_extended_real is not True:
        raise InputError(f"{str(expr)[:80]} is not a real number at " + ", ".join(f"{s}={v:.9g}" for s, v in point.items()))
    return float(value)


def _weights(*parts: Sequence[Atom | Piece | Curve]) -> list[Any]:
    return [entry.weight for part in parts for entry in part]


def _check_weights(weights: Sequence[float], what: str, shown: str) -> None:
    if min(weights) < -_WEIGHTS or abs(sum(weights) - 1) > _WEIGHTS:
        rest = f"they sum to {sum(weights):.12g}" if min(weights) >= -_WEIGHTS else f"one of them is {min(weights):.9g}"
        raise InputError(f"the weights of {what} and of what they leave are probabilities that sum to one; {rest}{shown}")


def _compiled(expr: Any, own: Sequence[Param], variable: Any = None) -> Density:
    """A function of places and a point; where double precision overflows on the way, mpmath does not."""
    from regimes.numerics.codegen.generate import generate
    from regimes.theory.conventions import a

    args = [a if variable is None else variable, *(p.symbol for p in own)]
    fast = generate("law", args, expr, target="numpy").load()
    slow = generate("law", args, expr, target="mpmath").namespace()._law

    def at(x: FloatArray, point: Point) -> FloatArray:
        import mpmath as mp

        given = [point[s] for s in args[1:]]
        with np.errstate(all="ignore"):
            values = np.broadcast_to(np.asarray(fast(x, *given), dtype=np.float64), x.shape).copy()
        for k in np.flatnonzero(~np.isfinite(values)):
            try:
                value = slow(mp.mpf(1), mp.mpf(float(x[k])), *map(mp.mpf, given))
                values[k] = float(value) if mp.im(value) == 0 else math.nan
            except (ArithmeticError, ValueError, TypeError):
                values[k] = math.nan
        return values

    return at


def _moments(piece: Piece, density: Density, point: Point, shown: str) -> FloatArray:
    """Integrals of the density times 1, a, a^2 over its support."""
    ends = [_number(place, point) for place in (piece.low, *piece.breaks, piece.high)]
    total = np.zeros(3)
    for start, end in pairwise(ends):
        total += _integrals(density, point, start, end, 3, f"the density{shown}", "a", "the variance")
    if not abs(total[0] - 1) < MASS:
        raise InputError(f"the density integrates to {total[0]:.12g}{shown}, not to 1: divide it by that")
    return total


def _integrals(f: Density, point: Point, low: float, high: float, count: int, what: str, variable: str, named: str) -> FloatArray:
    """Integrals of f(x) x^k for k < count over an interval, by the double-exponential rule with its step halved until they settle."""
    reach = 5.5  # places down to 1e-83 of the interval and up to 1e83
    before = np.full(count, np.nan)
    for level in range(8, 17):
        s = np.linspace(-reach, reach, 2**level + 1)
        x, slope = _places(s, low, high)
        values = f(x, point)
        if not np.isfinite(values).all():
            raise InputError(f"{what} is not a finite number at {variable}={x[np.argmin(np.isfinite(values))]:.9g}")
        if values.min() < -1e-12 * np.abs(values).max():
            raise InputError(f"{what} is negative, {values.min():.3g}, at {variable}={x[np.argmin(values)]:.9g}")
        with np.errstate(all="ignore"):
            terms = values * slope * np.where(values == 0, 0.0, x ** np.arange(count)[:, None]) * (s[1] - s[0])
        result: FloatArray = terms.sum(axis=1)
        size = np.abs(terms).sum(axis=1)
        rim = np.abs(terms[:, :8]).sum(axis=1) + np.abs(terms[:, -8:]).sum(axis=1)
        if not np.isfinite(result).all() or (rim > _NEGLIGIBLE * np.maximum(size, 1e-300)).any():
            raise InputError(f"{what} has a tail or an end too heavy for its integrals: {named} has to be finite")
        if (np.abs(result - before) <= 1e-10 * size + 1e-13).all():
            return result
        before = result
    raise InputError(f"{what} is too narrow or too rough for its integral to settle: give breaks, or another scale")


def _places(s: FloatArray, low: float, high: float) -> tuple[FloatArray, FloatArray]:
    """Places in (low, high) and their derivatives along s."""
    u, slope = np.pi / 2 * np.sinh(s), np.pi / 2 * np.cosh(s)
    if math.isinf(low) and math.isinf(high):
        return np.sinh(u), np.asarray(np.cosh(u) * slope)
    if math.isinf(high):
        return low + np.exp(u), np.asarray(np.exp(u) * slope)
    if math.isinf(low):
        return high - np.exp(-u), np.asarray(np.exp(-u) * slope)
    rest = np.exp(-2 * np.abs(u))  # (low, high) in the ratio 1 : rest, the shorter part next to the nearer end
    short = (high - low) * rest / (1 + rest)
    return np.where(u < 0, low + short, high - short), np.asarray(2 * short / (1 + rest) * slope)
