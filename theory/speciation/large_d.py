"""Roots at large dimension: the unknown of a condition as a series in a falling power of d, solved order by order."""

from __future__ import annotations

from typing import Any

import sympy as sp

from regimes.theory.errors import DerivationError
from regimes.theory.symbolic.averages import LargestRoot

Series = tuple[int, list[Any]]

_POLES = 3
"""Orders that cancelling poles may use up."""


def root_in_powers(exact: Any, large: Any, start: Any, power: Any, corrections: int = 1) -> Any:
    """An expression of the root u of a condition that holds `large`, for u = start + h (c + c' h + ...), h = large^-power, c > 0.

    The condition is expanded in h; its lowest coefficient gives c, every further one a correction, linearly. What the root stands in
    is a sum of multiples of logarithms, expanded to the same order.
    """
    roots = exact.atoms(LargestRoot)
    if len(roots) != 1:
        raise DerivationError(f"one root is expanded, {exact} holds {len(roots)}")
    (root,) = roots
    h = sp.Dummy("h", positive=True)
    names = [sp.Dummy("c", positive=True), *(sp.Dummy(f"c{k}", real=True) for k in range(1, corrections + 1))]
    place = start + h * sum(name * h**k for k, name in enumerate(names))
    inserted = root.integrand.subs(large, h ** (-1 / sp.sympify(power, strict=True))).subs(root.variable, place)
    orders = _orders(sp.powsimp(inserted), h, corrections)
    leading = sp.solve(orders[0], names[0])
    if len(leading) != 1:
        raise DerivationError(f"{len(leading)} leading orders solve {orders[0]} = 0, one is needed")
    known = {names[0]: leading[0]}
    for name, order in zip(names[1:], orders[1:], strict=True):
        slope = sp.factor(sp.diff(order, name).subs(known))
        if slope.has(name) or slope == 0:
            raise DerivationError(f"not linear in a correction: {order}")
        known[name] = sp.factor(sp.simplify(-order.subs(name, 0).subs(known) / slope))
    total = sp.S.Zero
    for term in sp.Add.make_args(sp.expand(exact.xreplace({root: place.subs(known)}))):
        if not term.has(h):
            total += term
            continue
        factor, rest = term.as_independent(h)
        if not isinstance(rest, sp.log):
            raise DerivationError(f"not a multiple of a logarithm: {term}")
        inside = sp.factor(rest.args[0])
        coefficient, exponent = inside.as_leading_term(h).as_coeff_exponent(h)
        total += factor * (sp.log(sp.factor(coefficient)) - exponent * sp.sympify(power, strict=True) * sp.log(large))
        share = sp.cancel(inside / (coefficient * h**exponent))
        total += factor * sum(c * h**k for k, c in enumerate(_orders(sp.log(share), h, corrections)) if k)
    return total.subs(h, large ** -sp.sympify(power, strict=True))


def _orders(expr: Any, h: Any, highest: int) -> list[Any]:
    """Taylor coefficients in h about 0, up to and including `highest`, of logarithms and rational functions whose poles at h = 0 cancel."""
    start, found = _laurent(expr, h, highest + 1 + _POLES)
    if start < 0:
        raise DerivationError(f"a pole at large dimension: {expr}")
    orders = [sp.S.Zero] * start + found
    if len(orders) <= highest:
        raise DerivationError(f"its poles use up the orders kept: {expr}")
    return [sp.factor(k) for k in orders[: highest + 1]]


def _laurent(expr: Any, h: Any, length: int) -> Series:
    """Lowest power of h, and the coefficients from there on that are known."""
    if not expr.has(h):
        return 0, [expr] + [sp.S.Zero] * (length - 1)
    if expr == h:
        return 1, [sp.S.One] + [sp.S.Zero] * (length - 1)
    if expr.is_Add or expr.is_Mul:
        total, *others = (_laurent(part, h, length) for part in expr.args)
        for other in others:
            total = _sum(total, other) if expr.is_Add else _product(total, other)
        return total
    if expr.is_Pow and expr.exp.is_Integer:
        base = _laurent(expr.base, h, length)
        if expr.exp < 0:
            base = -base[0], _quotient([sp.S.One] + [sp.S.Zero] * (len(base[1]) - 1), base[1])
        total = base
        for _ in range(abs(int(expr.exp)) - 1):
            total = _product(total, base)
        return total
    if isinstance(expr, sp.log):
        start, f = _laurent(expr.args[0], h, length)
        if start == 0:
            slope = _quotient([(n + 1) * k for n, k in enumerate(f[1:])], f[:-1])  # f (log f)' = f'
            return _stripped(0, [sp.log(f[0]), *(k / (n + 1) for n, k in enumerate(slope))])
    raise DerivationError(f"no power series in {h}: {expr}")


def _stripped(start: int, coefficients: list[Any]) -> Series:
    """Without the leading coefficients that vanish."""
    reduced = [sp.factor(k) for k in coefficients]
    zeros = next((n for n, k in enumerate(reduced) if k != 0), len(reduced) - 1)
    return start + zeros, reduced[zeros:]


def _sum(one: Series, other: Series) -> Series:
    start, stop = min(one[0], other[0]), min(one[0] + len(one[1]), other[0] + len(other[1]))
    parts = [[sp.S.Zero] * (v - start) + k for v, k in (one, other)]
    return _stripped(start, [parts[0][n] + parts[1][n] for n in range(stop - start)])


def _product(one: Series, other: Series) -> Series:
    length = min(len(one[1]), len(other[1]))
    return one[0] + other[0], [sp.factor(sum(one[1][j] * other[1][n - j] for j in range(n + 1))) for n in range(length)]


def _quotient(above: list[Any], below: list[Any]) -> list[Any]:
    """Coefficients of a quotient of power series."""
    found: list[Any] = []
    for n, k in enumerate(above):
        found.append(sp.factor((k - sum(f * below[n - j] for j, f in enumerate(found))) / below[0]))
    return found
