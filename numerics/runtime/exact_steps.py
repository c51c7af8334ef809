"""Steps in doubles whose rounding error is known as a second double: sums, products, and the reduction of exp.

Generated modules hold these functions as the same source text, so each uses NumPy, the standard library and its siblings only.

Source: T. J. Dekker, Numerische Mathematik 18, 224 (1971).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

__all__ = ["less_powers_of_two", "table", "two_product", "two_sum"]


def two_sum(a: Any, b: Any) -> tuple[Any, Any]:
    """Sum of two doubles and its rounding error."""
    total = a + b
    back = total - a
    return total, (a - (total - back)) + (b - back)


def halves(a: Any) -> tuple[Any, Any]:
    """The leading 26 bits of a double and the rest."""
    head = (a.view(np.int64) & -134217728).view(np.float64)
    return head, a - head


def two_product(a: Any, b: Any) -> tuple[Any, Any]:
    """Product of two doubles and its rounding error."""
    a, b = np.asarray(a), np.asarray(b)
    product = a * b
    a_head, a_tail = halves(a)
    b_head, b_tail = (a_head, a_tail) if a is b else halves(b)
    return product, ((a_head * b_head - product) + a_head * b_tail + a_tail * b_head) + a_tail * b_tail


@cache
def table() -> Any:
    """Rows: heads and tails of 2^(j/64), j = 0 ... 63; three parts of log(2)/64 of which the first two have 32 bits each."""
    from decimal import Decimal, localcontext

    with localcontext() as context:
        context.prec = 50
        steps = [Decimal(2) ** (Decimal(j) / 64) for j in range(64)]
        unit_step = Decimal(2).ln() / 64
        first = Decimal(int(unit_step * 2**38)) / 2**38
        second = Decimal(int((unit_step - first) * 2**70)) / 2**70
        heads = np.array([float(s) for s in steps])
        tails = np.array([float(s - Decimal(float(s))) for s in steps])
        return heads, tails, float(first), float(second), float(unit_step - first - second)


def less_powers_of_two(hi: Any, lo: Any) -> tuple[Any, Any, Any]:
    """Whole numbers k, and exp(r) - 1 as two doubles, where hi + lo = k log(2)/64 + r with abs(r) < 0.0055."""
    _, _, first, second, third = table()
    k = np.rint(np.fmax(np.fmin(hi, 800), -800) * 92.33248261893604)
    near, rest = two_sum(hi - k * first, -k * second)
    rest = rest + (lo - k * third)
    r = near + rest
    low = rest - (r - near)
    square, square_low = two_product(r, r)
    tail = 1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720 + r * (1 / 5040 + r / 40320))))
    head = r + square / 2
    return k, head, ((r - head) + square / 2) + (low + (square_low / 2 + r * low) + r * square * tail)
