"""Numbers with twice the digits of a double: sums of two doubles, in arrays that NumPy's own functions take.

The same generated source thus runs in double and, on any platform, in some hundred bits: the difference shows what rounding does.
Generated modules hold these functions as the same source text, so each uses NumPy, the standard library and its siblings only.

Source: T. J. Dekker, Numerische Mathematik 18, 224 (1971), for sums, products and quotients; the elementary functions are NumPy's,
with one Newton step, or series after a reduction. Relative errors stay below 2^-65; `unit` claims 2^-63.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np

from regimes.numerics.runtime.exact_steps import less_powers_of_two, table, two_product, two_sum

__all__ = ["DoubleDouble", "double", "numbers", "typed", "unit"]


class DoubleDouble(np.lib.mixins.NDArrayOperatorsMixin):
    """An array of unevaluated sums hi + lo with abs(lo) at most half a unit in the last place of hi; lo is 0 where hi is not finite."""

    def __init__(self, hi: Any, lo: Any = None) -> None:
        if isinstance(hi, str):  # a whole number of any length
            whole = int(hi)
            hi = float(whole)
            lo = float(whole - int(hi))
        self.hi = np.asarray(hi, np.float64)
        self.lo = np.zeros_like(self.hi) if lo is None else np.asarray(lo, np.float64)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        function = operations().get(ufunc)
        if function is None or method != "__call__" or options:
            return NotImplemented
        with np.errstate(invalid="ignore", under="ignore"):  # the rest of an infinite number is inf - inf
            return function(*inputs)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        known: dict[Any, Callable[..., Any]] = {np.where: where, np.broadcast_to: broadcast_to, np.clip: clip, np.full_like: full_like}
        known |= {np.zeros_like: lambda x: full_like(x, 0), np.ones_like: lambda x: full_like(x, 1)}
        return known[function](*args, **options) if function in known else NotImplemented

    def __getitem__(self, index: Any) -> DoubleDouble:
        return DoubleDouble(self.hi[index], self.lo[index])

    def __setitem__(self, index: Any, value: Any) -> None:
        self.hi[index], self.lo[index] = parts(value)

    def __iter__(self) -> Iterator[DoubleDouble]:
        return (self[k] for k in range(self.shape[0]))

    def __repr__(self) -> str:
        return f"DoubleDouble({self.hi!r}, {self.lo!r})"

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return np.broadcast_shapes(self.hi.shape, self.lo.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape))

    def reshape(self, *shape: Any) -> DoubleDouble:
        """The same numbers in another shape."""
        return DoubleDouble(self.hi.reshape(*shape), self.lo.reshape(*shape))

    def sum(self, axis: int = -1) -> DoubleDouble:
        """Sum over an axis. The leading bits of all terms, cut at one place, add up exactly; what is cut off has its sum apart."""
        with np.errstate(invalid="ignore"):
            largest = np.max(np.abs(self.hi), axis=axis, keepdims=True, initial=0)
            place = np.ldexp(1.0, np.frexp(largest * 2 * self.hi.shape[axis])[1])
            heads = (place + self.hi) - place
            rest = ((self.hi - heads) + self.lo).sum(axis)
            known = np.isfinite(rest)
            return normalised(np.where(known, heads.sum(axis), self.hi.sum(axis)), np.where(known, rest, 0))


def unit(x: Any) -> float:
    """Relative rounding of a number: 2^-52 of a double; 2^-63 is what is claimed of two."""
    return 2.0**-63 if isinstance(x, DoubleDouble) else 2.0**-52


def double(x: Any) -> Any:
    """The double next to each number."""
    return x.hi if isinstance(x, DoubleDouble) else np.asarray(x, np.float64)


def numbers(x: Any) -> Any:
    """An array of doubles, or of sums of two as it is."""
    return x if isinstance(x, DoubleDouble) else np.asarray(x)


def typed(hi: float, lo: float, x: Any) -> Any:
    """The constant hi + lo to the precision of x."""
    return DoubleDouble(hi, lo) if isinstance(x, DoubleDouble) else hi


def pi_of(x: Any) -> Any:
    """The circle's number to the precision of x."""
    return typed(3.141592653589793, 1.2246467991473532e-16, x)


def parts(x: Any) -> tuple[Any, Any]:
    """Head and tail; the tail of a double is 0."""
    return (x.hi, x.lo) if isinstance(x, DoubleDouble) else (np.asarray(x, np.float64), 0.0)


def normalised(hi: Any, lo: Any) -> DoubleDouble:
    """hi + lo for an lo that is smaller than hi; lo counts for nothing where it is not finite."""
    head = hi + lo
    tail = lo - (head - hi)
    known = np.isfinite(tail)
    if not known.all():
        head, tail = np.where(known, head, hi), np.where(known, tail, 0)
    return DoubleDouble(head, tail)


def add(x: Any, y: Any) -> DoubleDouble:
    """x + y."""
    (a, a_low), (b, b_low) = parts(x), parts(y)
    total, rest = two_sum(a, b)
    return normalised(total, rest + (a_low + b_low))


def subtract(x: Any, y: Any) -> DoubleDouble:
    """x - y."""
    return add(x, negative(y))


def multiply(x: Any, y: Any) -> DoubleDouble:
    """x y."""
    (a, a_low), (b, b_low) = parts(x), parts(y)
    product, rest = two_product(a, b)
    if isinstance(y, DoubleDouble):
        rest = rest + a * b_low
    return normalised(product, rest + a_low * b if isinstance(x, DoubleDouble) else rest)


def divide(x: Any, y: Any) -> DoubleDouble:
    """x/y."""
    (a, a_low), (b, b_low) = parts(x), parts(y)
    quotient = a / b
    product, rest = two_product(quotient, b)
    return normalised(quotient, (((a - product) - rest) + a_low - quotient * b_low) / b)


def negative(x: Any) -> Any:
    """-x."""
    return DoubleDouble(-x.hi, -x.lo) if isinstance(x, DoubleDouble) else -np.asarray(x)


def absolute(x: Any) -> DoubleDouble:
    """Modulus."""
    sign = np.where(x.hi < 0, -1.0, 1.0)
    return DoubleDouble(sign * x.hi, sign * x.lo)


def scaled(x: Any, power: Any) -> DoubleDouble:
    """x times a power of two."""
    return DoubleDouble(np.ldexp(x.hi, power), np.ldexp(x.lo, power))


def square_root(x: Any) -> DoubleDouble:
    """Square root."""
    root = np.sqrt(x.hi)
    product, rest = two_product(root, root)
    return normalised(root, (((x.hi - product) - rest) + x.lo) / (2 * root))


def power(x: Any, y: Any) -> DoubleDouble:
    """x to the power y; a whole y up to 64 by repeated multiplication."""
    if not isinstance(y, DoubleDouble) and np.ndim(y) == 0 and float(y).is_integer() and abs(y) <= 64:
        result, square, left = full_like(x, 1), x, abs(int(y))
        while left:
            result = multiply(result, square) if left & 1 else result
            left //= 2
            square = multiply(square, square) if left else square
        return divide(1.0, result) if y < 0 else result
    return exponential(multiply(y, logarithm(x if isinstance(x, DoubleDouble) else DoubleDouble(x))))


def exponential(x: Any) -> DoubleDouble:
    """exp x."""
    return raised(x, *less_powers_of_two(*parts(x)))


def raised(x: Any, k: Any, p: Any, p_low: Any) -> DoubleDouble:
    """exp x from its reduction."""
    heads, tails, *_ = table()
    whole = k.astype(np.int32)
    step, step_low = heads[whole & 63], tails[whole & 63]
    product, rest = two_product(step, p)
    head = step + product
    result = normalised(head, ((step - head) + product) + (rest + step * p_low + step_low * p + step_low))
    hi, result = parts(x)[0], scaled(result, whole >> 6)
    inside = (np.abs(hi) < 746) & np.isfinite(result.hi)
    return result if inside.all() else DoubleDouble(np.where(inside, result.hi, np.exp(hi)), np.where(inside, result.lo, 0))


def exponential_minus_one(x: Any) -> DoubleDouble:
    """exp(x) - 1."""
    k, p, p_low = less_powers_of_two(*parts(x))
    return where(k == 0, normalised(p, p_low), add(raised(x, k, p, p_low), -1.0))


def logarithm_of_one_plus(x: Any) -> DoubleDouble:
    """log(1 + x)."""
    whole = add(x, 1.0)
    near, twos = between_roots_of_two(whole)
    return series_of_logarithm(where(twos == 0, x, add(near, -1.0)), twos, whole.hi)


def logarithm(x: Any) -> DoubleDouble:
    """log x."""
    near, twos = between_roots_of_two(x)
    return series_of_logarithm(add(near, -1.0), twos, x.hi)


def between_roots_of_two(x: DoubleDouble) -> tuple[DoubleDouble, Any]:
    """f between sqrt(1/2) and sqrt(2), and k, where x = f 2^k."""
    near, twos = np.frexp(x.hi)
    low = near < 0.7071067811865476
    twos = twos - low
    tail = np.ldexp(np.ldexp(x.lo, -(twos // 2)), twos // 2 - twos)  # in two steps: one would leave the range of subnormals
    return DoubleDouble(near * (1 + low), tail), twos


def series_of_logarithm(u: DoubleDouble, twos: Any, whole: Any) -> DoubleDouble:
    """The logarithm of `whole`, log(1 + u) + twos log 2, for abs(u) < 0.42.

    log(1 + u) = 2 atanh y = 2 y + 2 y^3/3 + 2 y^5/5 + ... of y = u/(2 + u); doubles suffice from the third term on.
    """
    y = divide(u, add(u, 2.0))
    square = multiply(y, y)
    s, tail = square.hi, np.zeros_like(square.hi)
    for k in range(27, 4, -2):
        tail = tail * s + 1 / k
    cube = multiply(square, y)
    third = divide(cube, 3.0)
    near = 2 * add(y, DoubleDouble(third.hi, third.lo + cube.hi * s * tail))
    result = add(near, multiply(DoubleDouble(0.6931471805599453, 2.3190468138462996e-17), np.asarray(twos, np.float64)))
    inside = (whole > 0) & np.isfinite(whole)
    return result if inside.all() else where(inside, result, np.log(whole))


def hyperbolic_sine(x: Any) -> DoubleDouble:
    """sinh x."""
    sign, grown = np.where(x.hi < 0, -1.0, 1.0), exponential_minus_one(absolute(x))
    return multiply((grown + where(np.isinf(grown.hi), 0, grown / (grown + 1))) / 2, sign)


def hyperbolic_cosine(x: Any) -> DoubleDouble:
    """cosh x."""
    grown = exponential(absolute(x))
    return scaled(grown + divide(1.0, grown), -1)


def hyperbolic_tangent(x: Any) -> DoubleDouble:
    """tanh x."""
    sign, decay = np.where(x.hi < 0, -1.0, 1.0), exponential_minus_one(-2 * absolute(x))
    return multiply(decay / (decay + 2), -sign)


def inverse_hyperbolic_sine(x: Any) -> DoubleDouble:
    """asinh x."""
    sign, size = np.where(x.hi < 0, -1.0, 1.0), absolute(x)
    return multiply(logarithm_of_one_plus(size + size * size / (1 + square_root(size * size + 1))), sign)


def inverse_hyperbolic_cosine(x: Any) -> DoubleDouble:
    """acosh x."""
    return logarithm_of_one_plus((x - 1) + square_root((x - 1) * (x + 1)))


def inverse_hyperbolic_tangent(x: Any) -> DoubleDouble:
    """atanh x."""
    sign, size = np.where(x.hi < 0, -1.0, 1.0), absolute(x)
    return multiply(logarithm_of_one_plus(2 * size / (1 - size)) / 2, sign)


def sine_and_cosine(x: Any) -> tuple[DoubleDouble, DoubleDouble]:
    """sin x and cos x by their series, from the remainder after quarter turns."""
    x = x if isinstance(x, DoubleDouble) else DoubleDouble(x)
    turns = np.rint(np.where(np.abs(x.hi) < 2.0**30, x.hi, np.nan) * 0.6366197723675814)  # beyond, no digit would be left
    r = x - multiply(DoubleDouble(1.5707963267948966, 6.123233995736766e-17), turns) - turns * -1.4973849048591833e-33
    square = r * r
    sine, cosine = full_like(x, 1), full_like(x, 1)
    for k in range(28, 0, -2):
        cosine = 1 - cosine * square / float(k * (k - 1))
        sine = 1 - sine * square / float(k * (k + 1))
    sine, quarter = sine * r, np.where(np.isfinite(turns), turns, 0) % 4
    swapped = quarter % 2 == 1
    return (
        multiply(where(swapped, cosine, sine), np.where(quarter >= 2, -1.0, 1.0)),
        multiply(where(swapped, sine, cosine), np.where((quarter == 1) | (quarter == 2), -1.0, 1.0)),
    )


def arc_tangent(x: Any) -> DoubleDouble:
    """atan x."""
    far = np.abs(x.hi) > 1
    y = where(far, divide(1.0, x), x)
    guess = np.arctan(y.hi)
    sine, cosine = sine_and_cosine(guess)
    near = normalised(guess, ((y * cosine - sine) / (y * sine + cosine)).hi)
    quarter = DoubleDouble(1.5707963267948966, 6.123233995736766e-17)
    return where(far, multiply(quarter, np.sign(x.hi)) - near, near)


def where(condition: Any, x: Any, y: Any) -> DoubleDouble:
    """x where the condition holds, else y."""
    (a, a_low), (b, b_low) = parts(x), parts(y)
    return DoubleDouble(np.where(condition, a, b), np.where(condition, a_low, b_low))


def broadcast_to(x: Any, shape: Any) -> Any:
    """x in a wider shape."""
    if not isinstance(x, DoubleDouble):
        return np.broadcast_to(x, shape)
    return DoubleDouble(np.broadcast_to(x.hi, shape), np.broadcast_to(x.lo, shape))


def clip(x: DoubleDouble, low: Any, high: Any) -> DoubleDouble:
    """x, or the nearer end where it is outside."""
    return larger(low, -larger(negative(high), -x))


def joined(pieces: list[Any]) -> DoubleDouble:
    """Arrays one after the other."""
    pairs = [piece if isinstance(piece, DoubleDouble) else DoubleDouble(piece) for piece in pieces]
    return DoubleDouble(np.concatenate([p.hi for p in pairs]), np.concatenate([p.lo for p in pairs]))


def full_like(x: DoubleDouble, value: Any) -> DoubleDouble:
    """The same number everywhere."""
    return broadcast_to(value, x.shape) if isinstance(value, DoubleDouble) else DoubleDouble(np.full(x.shape, value, np.float64))


def larger(x: Any, y: Any) -> DoubleDouble:
    """The larger of both; nan where one is."""
    return where(compare(np.greater)(x, y) | np.isnan(parts(x)[0]), x, y)


def compare(relation: Any) -> Callable[[Any, Any], Any]:
    """A relation between heads, or where they are equal between tails."""

    def compared(x: Any, y: Any) -> Any:
        (a, a_low), (b, b_low) = parts(x), parts(y)
        same = a == b
        return np.where(same, relation(np.where(same, a_low, 0), np.where(same, b_low, 0)), relation(a, b))

    return compared


def of_head(function: Any) -> Callable[[Any], Any]:
    """A function that the nearest double decides."""
    return lambda x: function(x.hi)


@cache
def operations() -> dict[Any, Callable[..., Any]]:
    """What NumPy's functions do with these numbers."""
    return {
        np.add: add,
        np.subtract: subtract,
        np.multiply: multiply,
        np.divide: divide,
        np.negative: negative,
        np.positive: lambda x: x,
        np.absolute: absolute,
        np.power: power,
        np.sqrt: square_root,
        np.exp: exponential,
        np.expm1: exponential_minus_one,
        np.log: logarithm,
        np.log1p: logarithm_of_one_plus,
        np.sinh: hyperbolic_sine,
        np.cosh: hyperbolic_cosine,
        np.tanh: hyperbolic_tangent,
        np.arcsinh: inverse_hyperbolic_sine,
        np.arccosh: inverse_hyperbolic_cosine,
        np.arctanh: inverse_hyperbolic_tangent,
        np.sin: lambda x: sine_and_cosine(x)[0],
        np.cos: lambda x: sine_and_cosine(x)[1],
        np.tan: lambda x: divide(*sine_and_cosine(x)),
        np.arctan: arc_tangent,
        np.arcsin: lambda x: arc_tangent(x / square_root((1 - x) * (x + 1))),
        np.arccos: lambda x: 2 * arc_tangent(square_root((1 - x) / (x + 1))),
        np.maximum: larger,
        np.minimum: lambda x, y: -larger(negative(x), negative(y)),
        **{r: compare(r) for r in (np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal)},
        **{f: of_head(f) for f in (np.isnan, np.isinf, np.isfinite, np.sign)},
        np.floor: lambda x: add(np.floor(x.hi), np.where(np.floor(x.hi) == x.hi, np.floor(x.lo), 0)),
        np.ceil: lambda x: add(np.ceil(x.hi), np.where(np.ceil(x.hi) == x.hi, np.ceil(x.lo), 0)),
    }
