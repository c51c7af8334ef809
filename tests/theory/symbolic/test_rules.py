"""Each rule against numbers that do not share its algebra, and its refusals."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from regimes.theory.errors import DerivationError
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LineIntegral
from regimes.theory.symbolic.evaluate import value

x, y = sp.symbols("x y", real=True)
s = sp.Symbol("s", positive=True)
small = st.integers(-8, 8).map(lambda k: sp.Rational(k, 4))
positive = st.integers(1, 16).map(lambda k: sp.Rational(k, 4))


@settings(max_examples=30, deadline=None)
@given(a=positive, b=small, c=small, p=small, r=small, u=positive)
def test_completing_the_square_equals_the_summed_integrand(a: Any, b: Any, c: Any, p: Any, r: Any, u: Any) -> None:
    integral = LineIntegral((p + r * x + x**2) * sp.exp(-a * s * x**2 + b * x * y + c), x)
    closed = rules.complete_the_square(integral)
    with mp.workdps(30):
        point = {s: mp.mpf(u.p) / u.q, y: mp.mpf(1) / 3}
        numbers = value(integral, point), value(closed, point)
        assert abs(numbers[0] - numbers[1]) < mp.mpf(10) ** -25 * max(1, abs(numbers[0]))


@pytest.mark.parametrize("integrand", [sp.exp(-(x**4)), sp.cosh(x) * sp.exp(-(x**2)), sp.exp(-x), sp.exp(s * x**2), sp.exp(y * x**2)])
def test_completing_the_square_refuses_what_is_no_convergent_gaussian_integral(integrand: Any) -> None:
    with pytest.raises(DerivationError):
        rules.complete_the_square(LineIntegral(integrand, x))


def test_average_of_polynomial_gives_normal_moments() -> None:
    assert rules.average_polynomial(x**4 + 2 * x**2 * y**2 + x, {x: s, y: sp.Integer(2)}) == sp.factor(3 * s**2 + 4 * s)


def test_solve_returns_the_one_branch_that_meets_the_condition() -> None:
    root = rules.solve(x**2 - s, x, {s: mp.mpf(2)}, lambda u: u > 0)
    assert root == sp.sqrt(s)


def test_solve_refuses_an_ambiguous_branch() -> None:
    with pytest.raises(DerivationError, match="2 branches"):
        rules.solve(x**2 - s, x, {s: mp.mpf(2)}, lambda u: True)


def test_expansion_is_the_taylor_polynomial() -> None:
    assert sp.expand(rules.expand_in(sp.exp(x * y), x, 3) - sum((x * y) ** k / sp.factorial(k) for k in range(4))) == 0


def test_leading_order_keeps_logarithms_and_constants() -> None:
    assert sp.simplify(rules.leading_order(sp.log(4 * s**2 + sp.sqrt(9 * s**4 + 1)) / 2, s) - (sp.log(7) / 2 + sp.log(s))) == 0


def test_leading_order_refuses_what_is_no_sum_of_logarithms() -> None:
    with pytest.raises(DerivationError):
        rules.leading_order(s + sp.log(s), s)
