"""Stable functions, averages and roots for mpmath numbers, at any precision.

Generated modules hold these functions as the same source text, so each uses mpmath and its siblings only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mpmath import mp

__all__ = [
    "converge",
    "converge_with_error",
    "inside",
    "largest_root",
    "line_integral",
    "log_cosh",
    "log_erfcx",
    "log_ratio_gap",
    "logistic",
    "normal_average",
    "relative_entropy_term",
    "softplus",
]


def guarded(f: Callable[[Any], Any], x: Any) -> Any:
    """f(x) where f cancels like x^2/x^2 near 0, with as many extra bits as that takes."""
    with mp.extraprec(20 - 3 * min(0, int(mp.mag(x))) if x else 20):
        return f(x)


def log_cosh(x: Any) -> Any:
    """log cosh x."""
    x = abs(x)
    return guarded(lambda y: mp.log1p(mp.sinh(y) ** 2) / 2, x) if x < 1 else x + mp.log1p(mp.exp(-2 * x)) - mp.log(2)


def softplus(x: Any) -> Any:
    """log(1 + exp x)."""
    return max(x, 0) + mp.log1p(mp.exp(-abs(x)))


def relative_entropy_term(x: Any) -> Any:
    """(1 + x) log(1 + x) - x for x >= -1."""
    return mp.one if x == -1 else guarded(lambda y: (1 + y) * mp.log1p(y) - y, x)


def log_ratio_gap(x: Any) -> Any:
    """log(1 + x) - x/(1 + x) for x > -1."""
    return mp.inf if x == -1 else guarded(lambda y: mp.log1p(y) - y / (1 + y), x)


def logistic(x: Any) -> Any:
    """1/(1 + exp(-x))."""
    return 1 / (1 + mp.exp(-x)) if x > 0 else mp.exp(x) / (1 + mp.exp(x))


def inside(p: Any, g: Any) -> Any:
    """g where p > 0, else 0."""
    return g if p > 0 else mp.zero


def log_erfcx(x: Any) -> Any:
    """x^2 + log erfc x, with as many extra bits as the square takes."""
    with mp.extraprec(20 + 2 * max(0, int(mp.mag(x))) if x else 20):
        return x * x + mp.log(mp.erfc(x))


def normal_average(f: Callable[[Any], Any], features: Sequence[tuple[Any, Any]] = ()) -> Any:
    """`E f(z)` for z ~ N(0, 1) at the ambient precision; features: (slope, shift) where f varies for slope*z + shift of order one."""
    norm = 1 / mp.sqrt(2 * mp.pi)
    window = mp.sqrt(2 * mp.log(2) * (mp.prec + 20)) + 1
    if all(abs(a) < 10 or abs(b) > abs(a) * (window + 10) for a, b in features):
        value = doubled(lambda z: f(z) * norm * mp.exp(-z * z / 2), window)
        if value is not None:
            return value
    return line_integral(lambda z: f(z) * norm * mp.exp(-z * z / 2), [(mp.one, mp.zero), *features])


def doubled(g: Callable[[Any], Any], window: Any) -> Any:
    """Trapezoid rule on [-window, window], doubled until it stops changing; None if that takes more than 4096 nodes."""
    count = 64
    step = 2 * window / count
    total = mp.fsum(g(k * step - window) for k in range(count + 1))
    ends = abs(g(-window)) + abs(g(window))
    while count < 4096:
        more = mp.fsum(g((k + mp.mpf(0.5)) * step - window) for k in range(count))
        change, total = abs(total - more), total + more
        count, step = 2 * count, step / 2
        if change <= mp.ldexp(mp.eps, 8) * abs(total):
            return step * total if ends * window <= mp.ldexp(mp.eps, 8) * abs(step * total) else None
    return None


def line_integral(f: Callable[[Any], Any], features: Sequence[tuple[Any, Any]] = ()) -> Any:
    """Integral of f over the line: the trapezoid rule in asinh, or tanh-sinh on panels graded geometrically towards each feature."""
    window = mp.log(8 * mp.prec)
    if all(abs(a) < 10 or abs(b) > abs(a) * mp.exp(window) for a, b in features):
        value = doubled(lambda s: f(mp.sinh(s)) * mp.cosh(s), window)
        if value is not None:
            return value
    marks = set()
    for slope, shift in features or [(mp.one, mp.zero)]:
        if slope != 0:
            centre, reach = -shift / mp.mpf(slope), 2 / abs(mp.mpf(slope))
            marks.add(centre)
            while reach < 20:
                marks |= {centre - reach, centre + reach}
                reach *= 4
    return mp.quad(f, [-mp.inf, *sorted(marks), mp.inf])


def largest_root(f: Callable[[Any], Any], lower: Any, upper: Any) -> Any:
    """`sup {x in (lower, upper): f(x) >= 0}` for f decreasing: `upper` where f >= 0 throughout, nan where f < 0 throughout."""
    low, high = mp.mpf(lower), mp.mpf(upper)

    def value_at(x: Any) -> Any:
        try:
            value = f(x)
        except ZeroDivisionError:
            return mp.nan
        return mp.nan if isinstance(value, mp.mpc) else value  # outside the real domain of f

    def point(y: Any) -> Any:  # an increasing map of the line onto (low, high)
        if mp.isinf(low):
            return mp.sinh(y) if mp.isinf(high) else high - mp.exp(-y)
        return low + mp.exp(y) if mp.isinf(high) else low + (high - low) / (1 + mp.exp(-y))

    far = 16384
    stop = far if mp.isinf(high) or mp.isinf(low) else int(0.7 * mp.prec) + 2
    left = right = mp.zero
    f_left = f_right = value_at(point(mp.zero))
    if mp.isnan(f_left):
        return mp.nan
    sign, step = (1 if f_left >= 0 else -1), mp.mpf(0.5)
    while (f_right >= 0) if sign > 0 else (f_left < 0):
        if (right >= stop) if sign > 0 else (left <= -far):
            return high if sign > 0 else mp.nan
        if sign > 0:
            left, f_left, right = right, f_right, min(right + step, mp.mpf(stop))
            f_right = value_at(point(right))
        else:
            right, f_right, left = left, f_left, max(left - step, mp.mpf(-far))
            f_left = value_at(point(left))
        if mp.isnan(f_left) or mp.isnan(f_right):
            return mp.nan
        step *= 2
    side = 0
    for turn in range(20 * mp.prec):  # Illinois; every third step a bisection, so that it always ends
        if right - left <= 4 * mp.eps * max(abs(left), abs(right), 0.25) or f_left == 0:
            break
        middle = (left + right) / 2 if turn % 3 == 2 else left + (right - left) * f_left / (f_left - f_right)
        if not left < middle < right:
            middle = (left + right) / 2
        f_middle = value_at(point(middle))
        if mp.isnan(f_middle):
            return mp.nan
        if f_middle >= 0:
            f_right = f_right / 2 if side > 0 else f_right
            left, f_left, side = middle, f_middle, 1
        else:
            f_left = f_left / 2 if side < 0 else f_left
            right, f_right, side = middle, f_middle, -1
    return point(left)


def converge(body: Callable[..., Any], *values: Any) -> Any:
    """Value of a generated body to the ambient precision: working precision grows until all digits asked for stand still."""
    return converge_with_error(body, *values)[0]


def converge_with_error(body: Callable[..., Any], *values: Any) -> tuple[Any, Any]:
    """Value and error: the difference between the last two working precisions, plus rounding to the ambient one.

    A string argument is the decimal number it spells. Raises ArithmeticError if the digits do not settle.
    """
    wanted = mp.prec
    before, extra = None, 20
    for _ in range(8):
        with mp.workprec(wanted + extra):
            try:
                now = body(mp.one, *(mp.mpmathify(v) for v in values))
            except ZeroDivisionError:  # a difference that this precision does not see
                now = None
            if now is not None and (mp.isnan(now) or mp.isinf(now)):
                return now, mp.nan if mp.isnan(now) else mp.zero
            if now is not None and before is not None:
                change = abs(now - before)
                # zero may be a difference that is not seen yet: it is believed only after a wide search
                if change <= mp.ldexp(abs(now), -wanted - 2) and (now != 0 or extra > 4 * wanted + 200):
                    error = change + mp.ldexp(abs(now), -wanted)
                    break
        before, extra = now, 2 * extra + wanted // 2
    else:
        raise ArithmeticError(f"no {mp.dps} digits within {wanted + extra} bits: the formula cancels further")
    return +now, +error
