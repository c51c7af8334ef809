"""Functions of NumPy arrays that keep their digits, in float64 and in longdouble alike.

Generated modules hold these functions as the same source text, so each uses NumPy and its siblings only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

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
    return np.where(size < 1, np.log1p(np.sinh(near) ** 2) / 2, size + np.log1p(np.exp(-2 * size)) - np.log(size.dtype.type(2)))


def odd_tail(y: Any) -> Any:
    """atanh(y) - y = y^3/3 + y^5/5 + ... for |y| <= 1/3, to the precision of y."""
    one = y.dtype.type(1)
    terms = int(np.ceil(np.log(np.finfo(y.dtype).eps) / np.log(one / 9))) + 1
    total = np.zeros_like(y)
    for k in range(2 * terms + 1, 2, -2):
        total = total * y**2 + one / k
    return total * y**3


def relative_entropy_term(x: Any) -> Any:
    """(1 + x) log(1 + x) - x for x >= -1.

    With y = x/(2 + x), log(1 + x) = 2 atanh y and the cancelling terms drop out: 2 (y^2 + (1 + y)(atanh y - y))/(1 - y).
    """
    x = np.asarray(x)
    y = np.clip(x / (2 + x), -x.dtype.type(1) / 3, x.dtype.type(1) / 3)
    near = 2 * (y**2 + (1 + y) * odd_tail(y)) / (1 - y)
    product = np.where(x == -1, 0, (1 + x) * np.log1p(x))
    return np.where((x > -0.5) & (x < 1), near, product - x)


def log_ratio_gap(x: Any) -> Any:
    """log(1 + x) - x/(1 + x) for x > -1; with y = x/(2 + x) this is 2 (y^2/(1 + y) + atanh y - y)."""
    x = np.asarray(x)
    y = np.clip(x / (2 + x), -x.dtype.type(1) / 3, x.dtype.type(1) / 3)
    near = 2 * (y**2 / (1 + y) + odd_tail(y))
    far = np.where(x == -1, np.inf, np.log1p(x) - x / (1 + x))
    return np.where((x > -0.5) & (x < 1), near, far)


def mills(size: Any) -> Any:
    """exp(-x^2)/(sqrt(pi) erfc x) for x >= 1, by Laplace's continued fraction."""
    fraction = np.zeros_like(size)
    for k in range(210 if np.finfo(size.dtype).eps > 1e-17 else 260, 0, -1):
        fraction = (k * size.dtype.type(1) / 2) / (size + fraction)
    return size + fraction


def spread(slope: Any, error: Any) -> Any:
    """slope * error: zero where the slope is, whatever the error; inf where the error is and the slope is not known."""
    product = np.where(np.isnan(slope) & np.isinf(error), np.inf, slope * error)
    return np.where(slope == 0, 0, product)


def inside(p: Any, g: Any) -> Any:
    """g where the square of p >= 0 is a positive number, else 0, whatever g is there."""
    return np.where(p * p > 0, g, 0)


def erfc(x: Any) -> Any:
    """Complementary error function: 1 - erf for x < 1, Laplace's continued fraction beyond."""
    x = np.asarray(x)
    size = np.maximum(np.abs(x), 1)
    # exp(-x^2) = exp(-head^2) exp(-(x - head)(x + head)) with a head of 24 bits, whose square is exact
    head = size.astype(np.float32).astype(x.dtype)
    gauss = np.exp(-head * head) * np.exp(-(size - head) * (size + head))
    tail = gauss / (np.sqrt(4 * np.arctan(x.dtype.type(1))) * mills(size))
    return np.where(np.abs(x) < 1, 1 - erf_series(np.clip(x, -1, 1)), np.where(x > 0, tail, 2 - tail))


def log_erfcx(x: Any) -> Any:
    """x^2 + log erfc x."""
    x = np.asarray(x)
    scaled = np.sqrt(4 * np.arctan(x.dtype.type(1))) * mills(np.maximum(np.abs(x), 1))
    near = 1 - erf_series(np.clip(x, -1, 1))
    left = np.where(x < -1, 2 - np.exp(-x * x) / scaled, near)
    return np.where(x < 1, x * x + np.log(left), -np.log(scaled))


def erf_series(x: Any) -> Any:
    """2x/sqrt(pi) exp(-x^2) sum_k (2x^2)^k/(1*3*...*(2k+1)), all terms positive, for |x| <= 2."""
    square = x * x
    total = np.ones_like(x)
    for k in range(45 if np.finfo(x.dtype).eps > 1e-17 else 60, 0, -1):
        total = 1 + total * 2 * square / (2 * k + 1)
    return 2 * x * np.exp(-square) * total / np.sqrt(4 * np.arctan(x.dtype.type(1)))


def erf(x: Any) -> Any:
    """Error function."""
    x = np.asarray(x)
    return np.where(np.abs(x) <= 2, erf_series(np.clip(x, -2, 2)), np.sign(x) * (1 - erfc(np.maximum(np.abs(x), 2))))


def evaluate(body: Callable[..., Any], *values: Any) -> Any:
    """Value of a generated body `(one, *arrays) -> (value, error)` over broadcast arguments, in their dtype (at least float64)."""
    arrays = [np.asarray(v) for v in values]
    dtype = np.result_type(np.float64, *arrays)
    shape = np.broadcast_shapes(*(a.shape for a in arrays))
    with np.errstate(all="ignore"):  # branches that are not taken may overflow; what is taken shows as inf or nan
        value, _ = body(dtype.type(1), *(a.astype(dtype) for a in arrays))
    return np.array(np.broadcast_to(value, shape), dtype)[()]


def evaluate_with_error(body: Callable[..., Any], *values: Any) -> tuple[Any, Any]:
    """Value and its measured absolute error: that of averages and roots, propagated, plus the change of all digits on rounding.

    The body is evaluated in float64 and in longdouble; the value is the second one. nan: no root exists; error inf: not determined.
    Digits that cancel in both precisions alike leave zero; its error is one rounding of a number of order one.
    """
    arrays = [np.asarray(v) for v in values]
    dtype = np.result_type(np.float64, *arrays)
    shape = np.broadcast_shapes(*(a.shape for a in arrays))
    with np.errstate(all="ignore"):
        rough, _ = body(np.float64(1), *(a.astype(np.float64) for a in arrays))
        fine, error = body(np.longdouble(1), *(a.astype(np.longdouble) for a in arrays))
        eps = np.finfo(dtype).eps
        # On platforms whose longdouble is float64 the difference vanishes; 8 eps is then all that is claimed.
        scale = np.finfo(np.longdouble).eps / np.finfo(np.float64).eps
        # Where float64 overflows and longdouble does not, the rounding is bounded by that of a float64 that had the range.
        gap = np.where(np.isfinite(rough), np.abs(rough - fine), 64 * np.finfo(np.float64).eps * np.abs(fine))
        rounding = gap * scale + (8 if scale == 1 else 1) * eps * np.abs(fine)
        total = np.where(np.isinf(fine), 0, np.where(fine == 0, np.maximum(error, eps), np.where(np.isinf(error), error, error + rounding)))
    value = np.array(np.broadcast_to(fine, shape), dtype)[()]
    return value, np.array(np.broadcast_to(total, shape), np.float64)[()]
