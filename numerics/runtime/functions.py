"""Functions of NumPy arrays that keep their digits, in doubles and in pairs of them alike.

Generated modules hold these functions as the same source text, so each uses NumPy and its siblings only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from regimes.numerics.runtime.double_double import DoubleDouble, broadcast_to, double, numbers, pi_of, typed, unit

__all__ = [
    "erf",
    "erfc",
    "evaluate",
    "evaluate_with_error",
    "inside",
    "log_cosh",
    "log_erfcx",
    "log_ratio_gap",
    "logistic",
    "relative_entropy_term",
    "softplus",
    "spread",
]


def softplus(x: Any) -> Any:
    """log(1 + exp x)."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def logistic(x: Any) -> Any:
    """1/(1 + exp(-x))."""
    small = np.exp(-np.abs(x))
    return np.where(x < 0, small, 1) / (1 + small)


def log_cosh(x: Any) -> Any:
    """log cosh x: log1p(sinh^2)/2 near 0, where |x| - log 2 + ... would cancel."""
    size = np.abs(x)
    near = np.minimum(size, 1)
    return np.where(
        size < 1,
        np.log1p(np.sinh(near) ** 2) / 2,
        size + np.log1p(np.exp(-2 * size)) - typed(0.6931471805599453, 2.3190468138462996e-17, size),
    )


def odd_tail(y: Any) -> Any:
    """atanh(y) - y = y^3/3 + y^5/5 + ... for |y| <= 1/3, to the precision of y; terms below 2^-19 of it need doubles only."""
    square = y**2
    rough, total = double(square), np.zeros_like(double(y))
    for k in range(43, 15 if isinstance(y, DoubleDouble) else 2, -2):
        total = total * rough + 1 / k
    if isinstance(y, DoubleDouble):
        for k in range(15, 2, -2):
            total = total * square + DoubleDouble(1.0) / k
    return total * square * y


def relative_entropy_term(x: Any) -> Any:
    """(1 + x) log(1 + x) - x for x >= -1.

    With y = x/(2 + x), log(1 + x) = 2 atanh y and the cancelling terms drop out: 2 (y^2 + (1 + y)(atanh y - y))/(1 - y).
    """
    x = numbers(x)
    y = np.clip(x / (2 + x), typed(-1 / 3, -1 / 3 * 2.0**-54, x), typed(1 / 3, 1 / 3 * 2.0**-54, x))
    near = 2 * (y**2 + (1 + y) * odd_tail(y)) / (1 - y)
    product = np.where(x <= -1, 0, (1 + x) * np.log1p(x))
    return np.where((x > -0.5) & (x < 1), near, product - x)


def log_ratio_gap(x: Any) -> Any:
    """log(1 + x) - x/(1 + x) for x > -1; with y = x/(2 + x) this is 2 (y^2/(1 + y) + atanh y - y)."""
    x = numbers(x)
    y = np.clip(x / (2 + x), typed(-1 / 3, -1 / 3 * 2.0**-54, x), typed(1 / 3, 1 / 3 * 2.0**-54, x))
    near = 2 * (y**2 / (1 + y) + odd_tail(y))
    far = np.where(x == -1, np.inf, np.log1p(x) - x / (1 + x))
    return np.where((x > -0.5) & (x < 1), near, far)


def mills(size: Any) -> Any:
    """exp(-x^2)/(sqrt(pi) erfc x) for x >= 1, by Laplace's continued fraction; what stands deep in it needs doubles only."""
    deep = double(size)
    fraction = np.zeros_like(deep)
    for k in range(260, 20, -1) if isinstance(size, DoubleDouble) else range(210, 20, -1):
        fraction = (k / 2) / (deep + fraction)
    for k in range(20, 0, -1):
        fraction = (k / 2) / (size + fraction)
    return size + fraction


def spread(slope: Any, error: Any) -> Any:
    """slope * error: zero where the slope is, whatever the error; inf where the error is and the slope is not known."""
    slope, error = double(slope), double(error)
    product = np.where(np.isnan(slope) & np.isinf(error), np.inf, slope * error)
    return np.where(slope == 0, 0, product)


def inside(p: Any, g: Any) -> Any:
    """g where the square of p >= 0 is a positive number, else 0, whatever g is there."""
    return np.where(p * p > 0, g, 0)


def erfc(x: Any) -> Any:
    """Complementary error function: 1 - erf for x < 1, Laplace's continued fraction beyond."""
    x = numbers(x)
    size = np.maximum(np.abs(x), 1)
    # exp(-x^2) = exp(-head^2) exp(-(x - head)(x + head)) with a head of 24 bits, whose square is exact
    head = double(size).astype(np.float32).astype(np.float64)
    gauss = np.exp(typed(1.0, 0.0, x) * (-head * head)) * np.exp(-(size - head) * (size + head))
    tail = gauss / (np.sqrt(pi_of(x)) * mills(size))
    return np.where(np.abs(x) < 1, 1 - erf_series(np.clip(x, -1, 1)), np.where(x > 0, tail, 2 - tail))


def log_erfcx(x: Any) -> Any:
    """x^2 + log erfc x."""
    x = numbers(x)
    scaled = np.sqrt(pi_of(x)) * mills(np.maximum(np.abs(x), 1))
    near = 1 - erf_series(np.clip(x, -1, 1))
    left = np.where(x < -1, 2 - np.exp(-x * x) / scaled, near)
    return np.where(x < 1, x * x + np.log(left), -np.log(scaled))


def erf_series(x: Any) -> Any:
    """2x/sqrt(pi) exp(-x^2) sum_k (2x^2)^k/(1*3*...*(2k+1)), all terms positive, for |x| <= 2; the last ones need doubles only."""
    square = 2 * x * x
    rough, total = double(square), np.ones_like(double(x))
    for k in range(60 if isinstance(x, DoubleDouble) else 45, 22 if isinstance(x, DoubleDouble) else 0, -1):
        total = 1 + total * rough / (2 * k + 1)
    if isinstance(x, DoubleDouble):
        for k in range(22, 0, -1):
            total = 1 + total * square / float(2 * k + 1)
    return 2 * x * np.exp(-x * x) * total / np.sqrt(pi_of(x))


def erf(x: Any) -> Any:
    """Error function."""
    x = numbers(x)
    return np.where(np.abs(x) <= 2, erf_series(np.clip(x, -2, 2)), np.sign(x) * (1 - erfc(np.maximum(np.abs(x), 2))))


def evaluate(body: Callable[..., Any], *values: Any) -> Any:
    """Value of a generated body `(one, *arrays) -> (value, error)` over broadcast arguments: doubles, or pairs if an argument is one."""
    wide = any(isinstance(v, DoubleDouble) for v in values)
    return in_shape(in_precision(body, wide, values)[0], wide, values)


def in_precision(body: Callable[..., Any], wide: bool, values: Any) -> Any:
    """What a generated body returns in doubles, or in pairs of them."""
    with np.errstate(all="ignore"):  # branches that are not taken may overflow; what is taken shows as inf or nan
        if wide:
            return body(DoubleDouble(1.0), *(v if isinstance(v, DoubleDouble) else DoubleDouble(v) for v in values))
        return body(np.float64(1), *(double(v) for v in values))


def in_shape(result: Any, wide: bool, values: Any) -> Any:
    """A result in the common shape of the arguments."""
    shape = np.broadcast_shapes(*(numbers(v).shape for v in values))
    if wide:
        return broadcast_to(result if isinstance(result, DoubleDouble) else DoubleDouble(result), shape)
    return np.array(np.broadcast_to(double(result), shape))[()]


def evaluate_with_error(body: Callable[..., Any], *values: Any) -> tuple[Any, Any]:
    """Value and its measured absolute error: that of averages and roots, propagated, plus the change of all digits on rounding.

    The body is evaluated in doubles and in pairs of them; the value is the second one: rounded to a double, or as it is, with an
    error to match, if an argument is a pair. nan: no root exists; error inf: not determined.
    Digits that cancel in both precisions alike leave zero; its error is one rounding of a number of order one.
    """
    wide = any(isinstance(v, DoubleDouble) for v in values)
    rough = double(in_precision(body, False, values)[0])
    fine, error = in_precision(body, True, values)
    eps = unit(fine if wide else 1.0)
    with np.errstate(all="ignore"):
        value, error = double(fine), double(error)
        # Where the rough value overflows and the fine one does not, the rounding is bounded by that of a double that had the range.
        gap = np.where(np.isfinite(rough), np.abs(double(fine - rough)), 2.0**-46 * np.abs(value))
        # Doubles that keep no digit say nothing of how many pairs of them keep.
        gap = np.where(gap <= 2.0**-20 * np.abs(value), gap * 2.0**-11, gap)
        # Products below 1e-290 leave no room for a second double: what is left of them has the digits of the first.
        rounding = gap + np.where(np.abs(value) < 1e-270, 2.0**-46, eps) * np.abs(value)
        total = np.where(
            np.isinf(value), 0, np.where(value == 0, np.maximum(error, eps), np.where(np.isinf(error), error, error + rounding))
        )
    total = np.array(in_shape(total, False, values))
    lost = np.isnan(total) & np.isnan(in_shape(value, False, values))
    if lost.any() and overflows(body, [np.broadcast_to(double(v), lost.shape)[lost] for v in values]):
        total[lost] = np.inf  # not a number because a double has no room for it: that says nothing of a root
    return in_shape(fine, wide, values), total[()]


def overflows(body: Callable[..., Any], values: Any) -> bool:
    """Whether a generated body leaves the range of doubles somewhere, other than in its averages and roots."""
    seen: list[str] = []
    with np.errstate(all="ignore"), np.errstate(over="call", divide="call", call=lambda what, _: seen.append(what)):
        body(np.float64(1), *values)
    return bool(seen)
