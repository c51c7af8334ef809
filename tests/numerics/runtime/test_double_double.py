"""Pairs of doubles: NumPy's functions of them to 63 bits, and the same special values as of doubles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from mpmath import mp

from regimes.numerics.runtime.double_double import DoubleDouble, operations, unit

RNG = np.random.default_rng(5)
SMALL = 10.0 ** RNG.uniform(-200, -1, 40)
MIDDLE = np.concatenate([RNG.uniform(0.01, 30, 60), 1 + RNG.uniform(-0.02, 0.02, 20), 2.0 ** RNG.uniform(-0.6, 0.6, 20)])
LARGE = 10.0 ** RNG.uniform(1, 2.8, 20)
POSITIVE = np.concatenate([SMALL, MIDDLE, LARGE])
REAL = np.concatenate([POSITIVE, -POSITIVE])
UNIT = np.concatenate([SMALL, RNG.uniform(0, 1, 60), -RNG.uniform(0, 1, 60)])

CASES: dict[str, tuple[Any, Callable[[Any], Any], np.ndarray]] = {
    "exp": (np.exp, mp.exp, REAL),
    "expm1": (np.expm1, mp.expm1, REAL),
    "log": (np.log, mp.log, np.concatenate([POSITIVE, 1 / POSITIVE, 1 + SMALL])),
    "log1p": (np.log1p, mp.log1p, np.concatenate([POSITIVE, -UNIT[UNIT > 0]])),
    "sqrt": (np.sqrt, mp.sqrt, POSITIVE),
    "sinh": (np.sinh, mp.sinh, REAL),
    "cosh": (np.cosh, mp.cosh, REAL),
    "tanh": (np.tanh, mp.tanh, REAL),
    "arcsinh": (np.arcsinh, mp.asinh, REAL),
    "arccosh": (np.arccosh, mp.acosh, 1 + MIDDLE),
    "arctanh": (np.arctanh, mp.atanh, UNIT),
    "sin": (np.sin, mp.sin, REAL),
    "cos": (np.cos, mp.cos, REAL),
    "tan": (np.tan, mp.tan, REAL),
    "arctan": (np.arctan, mp.atan, REAL),
    "arcsin": (np.arcsin, mp.asin, UNIT),
    "arccos": (np.arccos, mp.acos, UNIT),
    "square": (lambda x: x**2, lambda x: x**2, MIDDLE),
    "cube root": (lambda x: x ** (DoubleDouble(1.0) / 3), mp.cbrt, POSITIVE),
    "reciprocal": (lambda x: 1 / x, lambda x: 1 / x, REAL),
    "sum": (lambda x: (x + 1) - 3 * x, lambda x: 1 - 2 * x, REAL),
    "floor": (np.floor, mp.floor, REAL),
    "ceil": (np.ceil, mp.ceil, REAL),
}


@pytest.mark.parametrize("name", CASES)
def test_functions_of_pairs_keep_63_bits(name: str) -> None:
    function, definition, points = CASES[name]
    x = DoubleDouble(points, points * RNG.uniform(-1, 1, points.size) * 2.0**-54)
    with np.errstate(all="ignore"):
        values = function(x)
    for k in range(points.size):
        with mp.workprec(1500):
            exact = definition(mp.mpf(float(x.hi[k])) + mp.mpf(float(x.lo[k])))
            # what is left where 1 + x cancels 3 x counts in units of x
            scale = abs(exact) + (1 if name == "sum" else 0)
            assert abs(mp.mpf(float(values.hi[k])) + mp.mpf(float(values.lo[k])) - exact) <= unit(x) * scale, points[k]


@pytest.mark.parametrize("function", [f for f in operations() if f.nin == 1], ids=lambda f: f.__name__)
def test_special_values_are_those_of_doubles(function: Any) -> None:
    special = np.array([0, 1, -1, -2, -0.5, 3, 1e-320, 1e300, -1e300, 710, -750, np.inf, -np.inf, np.nan])
    if function in (np.sinh, np.cosh):
        special = special[special != 710]  # exp(710) is no double
    if function in (np.sin, np.cos, np.tan, np.arcsinh, np.arccosh):
        special = special[~(np.abs(special) > 1e200)]  # these know no digits there, and say nan
    with np.errstate(all="ignore"):
        found, wanted = function(DoubleDouble(special)), function(special)
    head = found.hi if isinstance(found, DoubleDouble) else found
    np.testing.assert_allclose(head, wanted, rtol=2e-15, atol=0)
    assert not isinstance(found, DoubleDouble) or (found.lo[~np.isfinite(head)] == 0).all()


def test_arithmetic_with_infinite_numbers_is_that_of_doubles() -> None:
    special = np.array([0, 1, -2, 1e308, np.inf, -np.inf, np.nan])
    a, b = np.broadcast_to(special[:, None], (7, 7)), special
    arithmetic: list[Any] = [np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum]
    relations: list[Any] = [np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal]
    with np.errstate(all="ignore"):
        for function in arithmetic:
            np.testing.assert_array_equal(function(DoubleDouble(a), DoubleDouble(b)).hi, function(a, b))
        for relation in relations:
            np.testing.assert_array_equal(relation(DoubleDouble(a), DoubleDouble(b)), relation(a, b))


def test_sums_keep_what_cancels() -> None:
    terms = DoubleDouble(np.array([[1e20, 1.0, -1e20, 1e-12], [np.inf, 1, 2, 3]]))
    assert (terms.sum(-1) - np.array([1.0, 0.0])).hi[0] == pytest.approx(1e-12, rel=1e-6) and terms.sum(-1).hi[1] == np.inf


def test_whole_numbers_of_any_length() -> None:
    long = DoubleDouble("123456789012345678901234567890")
    assert int(long.hi) + int(long.lo) == 123456789012345678901234567890
