"""Stable functions, in units of the last place, against their definitions in thousands of bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from mpmath import mp

from regimes.numerics.runtime import functions as stable
from regimes.numerics.runtime import multiprecision
from regimes.numerics.runtime.double_double import DoubleDouble, double, unit

pytestmark = pytest.mark.quick

TINY = 10.0 ** np.linspace(-300, -1, 60)
ORDINARY = np.linspace(0.05, 30, 240)
HUGE = 10.0 ** np.linspace(2, 300, 40)
SMALL_NEGATIVE = -np.concatenate([TINY, np.linspace(0.1, 0.99, 60), 1 - 10.0 ** np.linspace(-15, -3, 20)])

# definition, points, bound in ulps: three correctly rounded operations and a cancellation of at most 4 in the worst place
CASES: dict[str, tuple[Callable[[Any], Any], np.ndarray, float]] = {
    "log_cosh": (lambda x: mp.log(mp.cosh(x)), np.concatenate([TINY, ORDINARY, -ORDINARY, HUGE[:4]]), 4),
    "softplus": (lambda x: mp.log1p(mp.exp(x)), np.concatenate([TINY, -TINY, ORDINARY, -ORDINARY, HUGE[:3]]), 2),
    "relative_entropy_term": (lambda x: (1 + x) * mp.log(1 + x) - x, np.concatenate([TINY, ORDINARY, HUGE, SMALL_NEGATIVE]), 4),
    "log_ratio_gap": (lambda x: mp.log(1 + x) - x / (1 + x), np.concatenate([TINY, ORDINARY, HUGE, SMALL_NEGATIVE]), 4),
    "erf": (mp.erf, np.concatenate([TINY, -TINY, np.linspace(-7, 7, 300)]), 4),
    "erfc": (mp.erfc, np.concatenate([TINY, -TINY, np.linspace(-7, 26, 300)]), 8),
}


def exactly(x: Any) -> Any:
    """The mpmath number that a double is, or a sum of two."""
    return mp.mpf(float(double(x))) + (mp.mpf(float(x.lo)) if isinstance(x, DoubleDouble) else 0)


@pytest.mark.parametrize("kind", [np.float64, DoubleDouble])
@pytest.mark.parametrize("name", CASES)
def test_stable_functions_keep_all_digits_from_1e_minus_300_to_1e300(name: str, kind: Any) -> None:
    definition, points, bound = CASES[name]
    x = kind(points)
    with np.errstate(all="ignore"):
        values = getattr(stable, name)(x)
    assert isinstance(values, np.ndarray if kind is np.float64 else DoubleDouble)
    for k in range(points.size):
        argument, value = x[k], values[k]
        with mp.workprec(3300 if abs(points[k]) < 0.1 else 500):
            true = definition(exactly(argument))
            if abs(true) < (1e-300 if kind is np.float64 else 1e-270):  # subnormal parts have fewer digits
                continue
            ulps = abs(exactly(value) / true - 1) / unit(value)
            assert ulps < bound, (argument, value)


@pytest.mark.parametrize("name", ["log_cosh", "softplus", "relative_entropy_term", "log_ratio_gap"])
def test_multiprecision_forms_have_all_digits_at_the_ambient_precision(name: str) -> None:
    definition = CASES[name][0]
    for dps in (15, 50):
        with mp.workdps(dps):
            for x in map(mp.mpf, ("1e-300", "-1e-30", "1e-7", "0.3", "-0.99", "7", "400")):
                with mp.workprec(4000):
                    true = definition(x)
                assert abs(getattr(multiprecision, name)(x) / true - 1) < 8 * mp.eps


def test_values_at_the_ends_of_the_domain() -> None:
    with np.errstate(all="ignore"):
        assert stable.relative_entropy_term(np.float64(-1)) == 1
        assert stable.log_ratio_gap(np.float64(-1)) == np.inf
        assert stable.softplus(np.array([-np.inf, 0, 1e300])).tolist() == [0, np.log(2), 1e300]
        assert stable.log_cosh(np.array([-1e300, 0, 800])).tolist() == [1e300, 0, 800 - np.log(2)]


def test_error_is_infinite_where_nothing_is_known_and_zero_at_exact_infinities() -> None:
    value, error = stable.evaluate_with_error(lambda one, x: (x, np.full_like(x, np.inf)), [1.0, 2.0])
    assert value.tolist() == [1, 2] and np.isinf(error).all()
    assert stable.evaluate_with_error(lambda one, x: (np.inf * x, 0 * one), 1.0) == (np.inf, 0)


def test_what_no_double_can_hold_is_not_taken_for_a_missing_root() -> None:
    _, error = stable.evaluate_with_error(lambda one, x: (np.log(np.expm1(x) / (np.expm1(x) + one)), 0 * one), [800.0, 1.0])
    assert np.isinf(error[0]) and error[1] < 1e-15
    value, error = stable.evaluate_with_error(lambda one, x: (np.log(x - one), 0 * one), 0.5)
    assert np.isnan(value) and np.isnan(error)
