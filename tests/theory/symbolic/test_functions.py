"""Named functions and bound averages behave as the mathematics they stand for."""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from regimes.theory.symbolic.averages import LargestRoot, LineIntegral, NormalAverage
from regimes.theory.symbolic.functions import LogCosh, LogRatioGap, RelativeEntropyTerm, Softplus, elementary

pytestmark = pytest.mark.quick

x = sp.Symbol("x", real=True)
s, z = sp.Symbol("s", positive=True), sp.Symbol("z", real=True)


@pytest.mark.parametrize("f", [LogCosh, LogRatioGap, RelativeEntropyTerm, Softplus])
@given(k=st.integers(-15, 60))
def test_derivatives_are_those_of_the_elementary_definition(f: Any, k: int) -> None:
    at = sp.Rational(k, 16)
    ours, spelt = f(x).diff(x), sp.diff(elementary(f(x)), x)
    assert abs((ours - spelt).subs(x, at).evalf(40)) < sp.Float(10) ** -35


@pytest.mark.parametrize(("f", "leading"), [(LogCosh, 2), (LogRatioGap, 2), (RelativeEntropyTerm, 2)])
def test_evaluation_keeps_its_digits_at_tiny_arguments(f: Any, leading: float) -> None:
    tiny = sp.Rational(1, 10**25)
    assert abs(f(tiny).evalf(15) * leading / tiny**2 - 1) < 1e-14


def test_relative_entropy_term_is_one_where_the_probability_vanishes() -> None:
    assert elementary(RelativeEntropyTerm(sp.Integer(-1))) == 1


@pytest.mark.parametrize("binder", [NormalAverage, LineIntegral])
def test_the_bound_variable_is_not_free_and_not_replaced(binder: Any) -> None:
    average = binder(sp.exp(-s * z**2), z)
    assert average.free_symbols == {s}
    assert average.subs(z, 1) == average
    assert average.subs(s, 2) == binder(sp.exp(-2 * z**2), z)


def test_a_root_follows_the_implicit_function_theorem() -> None:
    root = LargestRoot(s - x**2, x, 0, sp.oo)  # sqrt(s)
    slope = root.diff(s)
    assert slope == 1 / (2 * root)
