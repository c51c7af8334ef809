"""Whether what a model file says is a law: looked at in numbers, at the ends and the middle of every parameter's typical interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from regimes.numerics.arrays import FloatArray
from regimes.theory.errors import InputError
from regimes.theory.params import Param

__all__ = ["Density", "FloatArray", "Point", "check_weights", "compiled", "integrals", "number", "sample_points", "weights_of"]

Point = dict[Any, float]
"""Symbol -> value."""

Density = Callable[[FloatArray, Point], FloatArray]

_WEIGHTS = 1e-12
_NEGLIGIBLE = 1e-9  # of an integral, near the ends of the line


def sample_points(own: Sequence[Param]) -> list[tuple[Point, str]]:
    """Middle of all typical intervals, all lower and upper ends, and each end alone; with words for messages."""
    middle = [sum(p.typical) / 2 for p in own]
    rows = [middle, [p.typical[0] for p in own], [p.typical[1] for p in own]] if own else [[]]
    rows += [[*middle[:k], end, *middle[k + 1 :]] for k, p in enumerate(own) for end in p.typical] if len(own) > 1 else []
    shown = [", ".join(f"{p.name}={value:.9g}" for p, value in zip(own, row, strict=True)) for row in rows]
    return [({p.symbol: v for p, v in zip(own, row, strict=True)}, f" at {s}" if s else "") for row, s in zip(rows, shown, strict=True)]


def number(expr: Any, point: Mapping[Any, float]) -> float:
    """A SymPy expression at a point; refused where it is not real."""
    import sympy as sp

    value = sp.sympify(expr, strict=True).subs({symbol: sp.Rational(v) for symbol, v in point.items()}).evalf(20)
    if value.is_extended_real is not True:
        raise InputError(f"{str(expr)[:80]} is not a real number at " + ", ".join(f"{s}={v:.9g}" for s, v in point.items()))
    return float(value)


def weights_of(*parts: Sequence[Any]) -> list[Any]:
    """The weights of atoms, pieces and curves, in this order."""
    return [entry.weight for part in parts for entry in part]


def check_weights(weights: Sequence[float], what: str, shown: str) -> None:
    """Refuse weights that are no probabilities."""
    if min(weights) < -_WEIGHTS or abs(sum(weights) - 1) > _WEIGHTS:
        rest = f"they sum to {sum(weights):.12g}" if min(weights) >= -_WEIGHTS else f"one of them is {min(weights):.9g}"
        raise InputError(f"the weights of {what} and of what they leave are probabilities that sum to one; {rest}{shown}")


def compiled(expr: Any, own: Sequence[Param], variable: Any = None) -> Density:
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


def integrals(f: Density, point: Point, low: float, high: float, count: int, what: str, variable: str, named: str) -> FloatArray:
    """Integrals of f(x) x^k for k < count over an interval, by the double-exponential rule with its step halved until they settle."""
    reach = 5.5  # places down to 1e-83 of the interval and up to 1e83
    before = np.full(count, np.nan)
    for halvings in range(8, 17):
        s = np.linspace(-reach, reach, 2**halvings + 1)
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
