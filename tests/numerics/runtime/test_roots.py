"""Roots: found over 600 orders of magnitude, refused at poles, with an error that reflects the rounding of f."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp

from regimes.numerics.runtime import multiprecision
from regimes.numerics.runtime.double_double import DoubleDouble, double, unit
from regimes.numerics.runtime.roots import largest_root

pytestmark = pytest.mark.quick


@pytest.mark.parametrize("kind", [np.float64, DoubleDouble])
def test_positive_roots_have_full_relative_accuracy_from_1e_minus_300_to_1e300(kind: Any) -> None:
    target = 10.0 ** np.linspace(-300 if kind is np.float64 else -270, 300, 41)
    for f in (lambda x, a: np.log(a) - np.log(x), lambda x, a: a - x, lambda x, a: 1 / x**0.5 - 1 / a**0.5):
        root = largest_root(f, kind(target), lower=0, upper=np.inf)
        assert (root.status == "ok").all() and isinstance(root.value, np.ndarray if kind is np.float64 else DoubleDouble)
        off = np.abs(double(root.value - target))
        # noise of a deterministic function is sampled, not bounded: factor 2
        assert (off <= 2 * root.error).all() and (root.error <= 3000 * unit(root.value) * target).all()


@settings(max_examples=40, deadline=None, database=None, derandomize=True)
@given(st.floats(-5, 5).filter(lambda a: a == 0 or abs(a) > 1e-30), st.floats(0.01, 3), st.floats(0.1, 4))
def test_agrees_with_scipy_on_the_whole_line(shift: float, slope: float, power: float) -> None:
    from scipy.optimize import elementwise

    def f(x: np.ndarray) -> np.ndarray:
        return shift - slope * x - np.tanh(power * x)

    mine = largest_root(f, lower=-np.inf, upper=np.inf)
    theirs = elementwise.find_root(f, (-1e4, 1e4))
    # absolute floor: f is only known to its rounding, eps*max(1, |shift|), so near-zero roots are that uncertain
    assert mine.status == "ok" and theirs.success
    assert abs(mine.value - theirs.x) <= mine.error + 8e-16 * (1 + abs(theirs.x)) * (1 + 1 / slope)


def test_status_tells_no_root_from_upper_end_from_failure() -> None:
    def f(x: np.ndarray, a: np.ndarray) -> np.ndarray:
        return a - x

    root = largest_root(f, np.array([-1, 0.2, 0.99999, 3, np.nan]), lower=0, upper=1)
    assert root.status.tolist() == ["none", "ok", "ok", "ok", "failed"]
    np.testing.assert_allclose(root.value, [np.nan, 0.2, 0.99999, 1, np.nan], rtol=2e-16)
    assert np.isnan(root.error[0]) and np.isinf(root.error[4])
    assert largest_root(lambda x: 1 + 0 * x, lower=0, upper=np.inf).value == np.inf


@pytest.mark.parametrize("a", [0.2, 0.7])
def test_change_of_sign_at_a_pole_or_jump_is_no_root(a: float) -> None:
    for f in (lambda x: 1 / (a - x), lambda x: np.sign(a - x), lambda x: np.where(x < a, 3.0, -1.0)):
        root = largest_root(f, lower=0, upper=1)
        assert root.status == "failed" and np.isnan(root.value) and np.isinf(root.error)


def test_error_shows_cancellation_in_the_equation() -> None:
    big = 1e8
    root = largest_root(lambda x: (big + 1) - (big + x), lower=0, upper=np.inf)
    assert abs(root.value - 1) <= root.error
    # big + x and its root are known to 2^-104 * 1e8 at best; 1 itself is rounded to a double
    assert 1e-16 < root.error < 1e-9


def test_error_of_f_is_divided_by_the_slope() -> None:
    root = largest_root(lambda x: (2 * (1 - x), np.full_like(x, 1e-6)), lower=0, upper=np.inf)
    assert abs(root.error - 5e-7) < 1e-9


def test_limits_may_be_arrays() -> None:
    root = largest_root(lambda x, a: a - x, 2.0, lower=np.array([0.0, 3.0, 0.0]), upper=np.array([1.0, 5.0, 5.0]))
    assert root.status.tolist() == ["ok", "none", "ok"] and root.value[0] == 1 and root.value[2] == 2


def test_empty_batch() -> None:
    assert largest_root(lambda x, a: a - x, np.zeros((0, 3)), lower=0, upper=1).value.shape == (0, 3)


@pytest.mark.parametrize("digits", [15, 40])
def test_multiprecision_roots_have_all_digits(digits: int) -> None:
    with mp.workdps(digits):
        for a in map(mp.mpf, ("1e-200", "0.37", "5", "1e200")):

            def gap(x: Any, a: Any = a) -> Any:
                return mp.log(a / x)

            assert abs(multiprecision.largest_root(gap, 0, mp.inf) / a - 1) < 2000 * mp.eps
        assert mp.isnan(multiprecision.largest_root(lambda x: -1 - x, 0, 1))
        assert multiprecision.largest_root(lambda x: 2 - x, 0, 1) == 1
        assert multiprecision.largest_root(lambda x: mp.one, 0, mp.inf) == mp.inf
