"""Numbers for expressions, in arbitrary precision and without symbolic shortcuts.

This is the witness of every check: integrals are summed from their integrands, derivatives are
differences, roots are bisected. Nothing here shares algebra with `rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import mpmath as mp
import sympy as sp

from regimes.theory.errors import DerivationError
from regimes.theory.symbolic.averages import Defined, LargestRoot, LineIntegral, NormalAverage, Unevaluated
from regimes.theory.symbolic.functions import elementary

_SPECIAL = (Defined, LargestRoot, LineIntegral, NormalAverage, sp.Derivative, sp.Subs)
_MAX_NODES = 1 << 15
_ROUGH = 24  # digits that narrow a bracket
_MAX_SCAN = 100  # points at which a window is looked for
_WIDE = 80  # length of a window from which the line is mapped


def value(expr: Any, point: Mapping[Any, Any]) -> Any:
    """The value of `expr` (an mpf) at `point` (symbol -> mpf), at the ambient precision `mp.dps`.

    Raises
    ------
    DerivationError
        An integral did not settle or a root is not bracketed.
    """
    function, symbols, holes = _compiled(sp.sympify(expr, strict=True))
    inner = {hole: _special(node, point) for hole, node in holes}
    missing = [s for s in symbols if s not in point and s not in inner]
    if missing:
        raise DerivationError(f"no value given for {', '.join(map(str, missing))}")
    return mp.mpmathify(function(*(inner.get(s, point.get(s)) for s in symbols)))


@lru_cache(maxsize=4096)
def _compiled(expr: Any) -> tuple[Callable[..., Any], tuple[Any, ...], tuple[tuple[Any, Any], ...]]:
    """A plain mpmath function of the free symbols, with outermost special nodes cut out as extra arguments."""
    holes: dict[Any, Any] = {}

    def cut(node: Any) -> Any:
        if isinstance(node, Unevaluated):
            raise DerivationError(f"{type(node).__name__} has no definition that a check could evaluate")
        if isinstance(node, _SPECIAL):
            return holes.setdefault(node, sp.Dummy("hole"))
        return node.func(*map(cut, node.args)) if node.args else node

    plain = elementary(cut(expr))
    symbols = tuple(sorted(plain.free_symbols, key=lambda s: (s.name, s.sort_key())))
    return sp.lambdify(symbols, plain, modules="mpmath", cse=True), symbols, tuple((hole, node) for node, hole in holes.items())


@lru_cache(maxsize=4096)
def _split(expr: Any, variable: Any) -> tuple[Any, tuple[tuple[Any, Any], ...]]:
    """`expr` with everything that does not hold `variable` cut out: a sum or an integral computes those parts once."""
    constants: dict[Any, Any] = {}

    def constant(node: Any) -> Any:
        return node if node.is_Atom else constants.setdefault(node, sp.Dummy("constant"))

    def cut(node: Any) -> Any:
        if isinstance(node, sp.Piecewise):
            return node.func(*((cut(branch), condition) for branch, condition in node.args))
        if not node.has(variable):
            return constant(node)
        if node.is_Add or node.is_Mul:
            rest, moving = node.as_independent(variable, as_Add=node.is_Add)
            return node.func(constant(rest), *map(cut, node.func.make_args(moving)))
        return node.func(*map(cut, node.args)) if node.args else node

    return cut(elementary(expr)), tuple((name, node) for node, name in constants.items())


def along(expr: Any, variable: Any, point: Mapping[Any, Any]) -> Callable[[Any], Any]:
    """`expr` as a function of one variable, everything else fixed at `point`."""
    if expr.has(*_SPECIAL):
        return _along_special(expr, variable, point)
    moving, constants = _split(expr, variable)
    function, symbols, _ = _compiled(moving)
    fixed = {**point, **{name: value(node, point) for name, node in constants}}
    if variable not in symbols:
        constant = value(expr, point)
        return lambda u: constant
    args = [fixed.get(s) for s in symbols]
    place = symbols.index(variable)

    def at(u: Any) -> Any:
        args[place] = u
        return function(*args)

    return at


def _along_special(expr: Any, variable: Any, point: Mapping[Any, Any]) -> Callable[[Any], Any]:
    """The same where integrals or roots occur in `expr`: those that do not hold the variable are computed once."""
    function, symbols, holes = _compiled(expr)
    fixed = {hole: _special(node, point) for hole, node in holes if variable not in node.free_symbols}
    moving = [(hole, node) for hole, node in holes if hole not in fixed]

    def at(u: Any) -> Any:
        here = {**point, **fixed, variable: u}
        here |= {hole: _special(node, here) for hole, node in moving}
        return function(*(here[s] for s in symbols))

    missing = [s for s in symbols if s not in point and s not in fixed and s != variable and s not in dict(moving)]
    if missing:
        raise DerivationError(f"no value given for {', '.join(map(str, missing))}")
    return at


def _special(node: Any, point: Mapping[Any, Any]) -> Any:
    if isinstance(node, Defined):
        expr, args = _template(node)
        return value(expr, {**point, **{s: value(arg, point) for s, arg in args}})
    if isinstance(node, NormalAverage):
        node = node.as_integral()
    if isinstance(node, LineIntegral):
        return line_integral(along(node.args[0], node.args[1], point))
    if isinstance(node, LargestRoot):
        f, x = node.args[:2]
        lower, upper = (value(end, point) for end in node.args[2:])
        return largest_root(along(f, x, point), lower, upper)
    if isinstance(node, sp.Subs):
        new = {s: value(e, point) for s, e in zip(node.variables, node.point, strict=True)}
        return value(node.expr, {**point, **new})
    (x, order), *rest = node.variable_count
    if rest:
        raise DerivationError(f"only derivatives with respect to one variable are evaluated, not {node}")
    return mp.diff(along(node.expr, x, point), point[x], int(order))


@lru_cache(maxsize=4096)
def _template(node: Any) -> tuple[Any, tuple[tuple[Any, Any], ...]]:
    expr, args = node.template()
    return expr, tuple(args.items())


def line_integral(f: Callable[[Any], Any]) -> Any:
    """Integral over the line of a smooth f that decays at least exponentially, by the doubled trapezoid rule.

    The window is where |f| exceeds 10^-dps of its largest value; where it is wide (slow tails) the line is mapped by u = sinh(s).
    Doubling squares the relative error of the rule, so it stops when two rules agree to half the digits wanted; ten digits fewer
    than the working precision are delivered.
    """
    digits = mp.mp.dps
    steps = [mp.mpf(k) / 4 for k in range(-28, 29)]
    values = [f(mp.sinh(s)) for s in steps]
    while True:
        size = [abs(y) for y in values]
        if not all(map(mp.isfinite, size)):
            raise DerivationError("an integrand is not finite on the line")
        tiny = max(size) * mp.mpf(10) ** -digits
        inside = [k for k, s in enumerate(size) if s > tiny]
        if not inside:
            return mp.mpf(0)
        first, last = inside[0] - 1, inside[-1] + 1
        if first >= 0 and last < len(steps):
            break
        if len(steps) > _MAX_SCAN:
            raise DerivationError(f"an integrand has not decayed at {mp.nstr(mp.sinh(steps[-1]), 4)}: its integral did not settle")
        beyond = [(steps[0] if first < 0 else steps[-1]) + (-1 if first < 0 else 1) * mp.mpf(k) / 4 for k in range(1, 13)]
        more = [f(mp.sinh(s)) for s in beyond]
        steps, values = (beyond[::-1] + steps, more[::-1] + values) if first < 0 else (steps + beyond, values + more)
    scan = [mp.sinh(s) for s in steps]
    if scan[last] - scan[first] > _WIDE:
        weighted = [values[k] * mp.cosh(steps[k]) for k in range(first, last + 1)]
        return _trapezoid(lambda s: f(mp.sinh(s)) * mp.cosh(s), steps[first], steps[last], weighted)
    low = _edge(f, scan[first], scan[first + 1], tiny)
    high = _edge(f, scan[last], scan[last - 1], tiny)
    count = 27  # so that Gaussians settle at the second doubling
    return _trapezoid(f, low, high, [f(low + k * (high - low) / count) for k in range(count + 1)])


def _trapezoid(f: Callable[[Any], Any], low: Any, high: Any, values: list[Any]) -> Any:
    """The rule on equally spaced values between low and high, doubled until it settles."""
    n, digits = len(values) - 1, mp.mp.dps
    h = (high - low) / n
    total, scale = sum(values) - (values[0] + values[-1]) / 2, sum(map(abs, values))
    while n < _MAX_NODES:
        middle = [f(low + (2 * k + 1) * h / 2) for k in range(n)]
        refined = total + sum(middle)
        scale += sum(map(abs, middle))
        settled = abs(refined / 2 - total) <= scale * mp.mpf(10) ** (-(digits - 10) / 2 - 2)
        total, n, h = refined, 2 * n, h / 2
        if settled and n > 48:
            return total * h
    raise DerivationError("an integral did not settle: its integrand is too narrow or decays too slowly")


def _edge(f: Callable[[Any], Any], outside: Any, inside: Any, tiny: Any) -> Any:
    """A point where |f| < tiny, close to where it rises above: four halvings."""
    for _ in range(4):
        middle = (outside + inside) / 2
        outside, inside = (outside, middle) if abs(f(middle)) > tiny else (middle, inside)
    return outside


def largest_root(f: Callable[[Any], Any], lower: Any, upper: Any) -> Any:
    """sup {x in (lower, upper): f(x) >= 0} for a decreasing f: a bracket, narrowed, then the secant method at full precision."""

    def place(u: Any) -> Any:  # (-inf, inf) -> (lower, upper)
        share = mp.exp(u)
        return lower + share if mp.isinf(upper) else lower + (upper - lower) * share / (1 + share)

    def at(u: Any) -> Any:
        return f(place(u))

    # From the middle outwards: integrals in f may not settle near the ends
    low = high = step = mp.mpf(0)
    value_low = value_high = at(low)
    if value_low < 0:
        while value_low < 0:
            high, value_high, step = low, value_low, 2 * step + 2
            low = low - step
            if low < -690:
                raise DerivationError("a root is not bracketed: the equation is negative on all of its interval")
            value_low = at(low)
    else:
        if not mp.isinf(upper) and f(upper) >= 0:
            return upper
        while value_high >= 0:
            low, value_low, step = high, value_high, 2 * step + 2
            high = high + step
            if high > 2.3 * (mp.mp.dps - 5):
                return upper
            value_high = at(high)
    with mp.workdps(min(mp.mp.dps, _ROUGH)):
        ends = _narrowed(at, (low, value_low), (high, value_high))
    return place(mp.findroot(at, ends, solver="secant", maxsteps=60, verify=False))


def _narrowed(f: Callable[[Any], Any], low: tuple[Any, Any], high: tuple[Any, Any]) -> tuple[Any, Any]:
    """Two places close to the root in a bracket of (place, value), value >= 0 at `low` and < 0 at `high`: Anderson and Bjoerck 1973."""
    (a, f_a), (b, f_b) = low, high
    for turn in range(60):
        middle = b - f_b * (b - a) / (f_b - f_a) if turn and f_a != f_b else (a + b) / 2
        f_middle = f(middle)
        if (f_middle < 0) == (f_b < 0):
            share = 1 - f_middle / f_b if f_b else mp.mpf(0)
            f_a *= share if share > 0 else mp.mpf(1) / 2
        else:
            a, f_a = b, f_b
        moved, b, f_b = abs(middle - b), middle, f_middle
        if moved < mp.mpf(10) ** -5 or f_b == 0:
            break
    return b, b + moved / 64 + mp.mpf(10) ** -9
