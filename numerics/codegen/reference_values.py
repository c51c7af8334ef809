"""A slow, dumb evaluator of expressions in arbitrary precision, which shares nothing with the generated code.

Averages by mpmath's adaptive `quad` on the definition, roots by bisection, stable functions by their elementary definitions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import sympy as sp
from mpmath import mp

from regimes.theory.symbolic.averages import LargestRoot, LineIntegral, NormalAverage
from regimes.theory.symbolic.functions import elementary

__all__ = ["oracle", "value_text"]

BOUND = (NormalAverage, LineIntegral, LargestRoot)


def oracle(expr: Any, values: Mapping[Any, Any], definitions: Mapping[Any, Any] | None = None) -> Any:
    """Number of `expr` with `values` (symbol -> number, or string for a decimal) at the ambient mpmath precision."""
    with mp.workprec(3 * mp.prec + 60):
        known = {s: mp.mpmathify(v) for s, v in values.items()}
        for s, e in (definitions or {}).items():
            known[s] = number(elementary(e), known)
        return number(elementary(expr), known)


def number(expr: Any, known: Mapping[Any, Any]) -> Any:
    function, symbols, inner = compiled(expr)
    values = {**known, **{symbol: evaluate_bound(e, known) for symbol, e in inner}}
    return mp.mpmathify(function(*(values[s] for s in symbols)))


@lru_cache(maxsize=4096)
def compiled(expr: Any) -> tuple[Callable[..., Any], tuple[Any, ...], tuple[tuple[Any, Any], ...]]:
    """A function of the free symbols, in which symbols stand for the outermost averages and roots."""
    inner = {e: sp.Symbol(f"bound_{k}", real=True) for k, e in enumerate(dict.fromkeys(outermost(expr)))}
    plain = expr.xreplace(inner)
    symbols = tuple(sorted(plain.free_symbols, key=str))
    shared = not plain.has(sp.Piecewise)  # the branches that do not hold must not be evaluated
    return sp.lambdify(symbols, plain, "mpmath", dummify=True, cse=shared), symbols, tuple((symbol, e) for e, symbol in inner.items())


def outermost(expr: Any) -> list[Any]:
    if isinstance(expr, BOUND):
        return [expr]
    return [e for a in expr.args for e in outermost(a)]


def evaluate_bound(node: Any, known: Mapping[Any, Any]) -> Any:
    def f(x: Any) -> Any:
        return number(node.integrand, {**known, node.variable: x})

    if isinstance(node, LargestRoot):
        return bisection(f, number(node.args[2], known), number(node.args[3], known))
    marks = sorted({sign * mp.mpf(s) for s in ("0", "0.001", "0.01", "0.1", "0.5", "1", "2", "4", "8", "16") for sign in (1, -1)})
    with mp.workprec(mp.prec // 3):
        if isinstance(node, LineIntegral):
            return mp.quad(f, [-mp.inf, *marks, mp.inf])
        return mp.quad(lambda z: f(z) * mp.npdf(z), [-40, *marks, 40])


def bisection(f: Any, low: Any, high: Any) -> Any:
    """Largest root by plain bisection, from 1e-256 within the ends (or 1e+256 beyond 0)."""

    def search(end: Any, sign: int, wanted: Any) -> Any:
        for k in range(9):
            step = mp.mpf(10) ** (2**k if mp.isinf(end) else -(2**k))
            x = (0 if mp.isinf(end) else end) + sign * step * (1 if mp.isinf(end) or end == 0 else abs(end))
            with mp.extraprec(8 * 2**k):
                if wanted(f(x)):
                    return x
        return None

    with mp.extraprec(900):
        a = search(low, -1 if mp.isinf(low) else 1, lambda y: y >= 0)
        b = search(high, 1 if mp.isinf(high) else -1, lambda y: y < 0)
    if a is None:
        return mp.nan
    if b is None:
        return high
    while b - a > 4 * mp.eps * max(abs(a), abs(b)):
        middle = mp.sqrt(a * b) if a > 0 and b > 4 * a else (a + b) / 2
        a, b = (middle, b) if f(middle) >= 0 else (a, middle)
    return a


def value_text(expr: Any, definitions: Mapping[Any, Any], values: Mapping[Any, Any], digits: int = 25) -> str:
    """Decimal string of the value, by the trapezoid rule that checks derivations where integrals occur.

    Thirteen digits where an integral or a root holds another one, which costs too much here.
    """
    parts = [expr, *definitions.values()]
    if not any(e.has(*BOUND) for e in parts):
        with mp.workdps(digits + 5):
            return str(mp.nstr(oracle(expr, values, definitions), digits))
    from regimes.theory.symbolic.evaluate import value

    digits = 13 if any(map(nested, parts)) else digits
    with mp.workdps(digits + 11):  # ten digits fewer than the precision are delivered
        known = {s: mp.mpmathify(v) for s, v in values.items()}
        for s, e in definitions.items():
            known[s] = value(e, known)
        return str(mp.nstr(value(expr, known), digits))


def nested(expr: Any) -> bool:
    """Whether an average or a root stands inside another."""
    return any(e.integrand.has(*BOUND) for e in expr.atoms(*BOUND))
