"""Roots at large dimension: the unknown of a condition as a series in a falling power of d, solved order by order."""

from __future__ import annotations

from typing import Any

import sympy as sp

from regimes.theory.averages import LargestRoot
from regimes.theory.errors import DerivationError


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
    inserted = root.integrand.subs(large, h ** (-1 / sp.sympify(power))).subs(root.variable, place)
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
        total += factor * (sp.log(sp.factor(coefficient)) - exponent * sp.sympify(power) * sp.log(large))
        share = sp.cancel(inside / (coefficient * h**exponent))
        total += factor * sum(c * h**k for k, c in enumerate(_orders(sp.log(share), h, corrections)) if k)
    return total.subs(h, large ** -sp.sympify(power))


def _orders(expr: Any, h: Any, highest: int) -> list[Any]:
    """Taylor coefficients in h about 0, up to and including `highest`, of an expression whose poles at h = 0 cancel."""
    series = sp.expand(sp.series(expr, h, 0, highest + 1).removeO())
    orders = [sp.factor(sp.simplify(series.coeff(h, k))) for k in range(highest + 1)]
    if sp.simplify(series - sum(c * h**k for k, c in enumerate(orders))) != 0:
        raise DerivationError(f"the condition has a pole at large dimension: {expr}")
    return orders
