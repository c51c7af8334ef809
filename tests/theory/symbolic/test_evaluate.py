"""The witness of every check: known integrals, derivatives and roots, to thirty digits."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import pytest
import sympy as sp

from regimes.theory.errors import DerivationError
from regimes.theory.symbolic.averages import LargestRoot, LineIntegral, NormalAverage
from regimes.theory.symbolic.evaluate import value

x, z = sp.symbols("x z", real=True)
s = sp.Symbol("s", positive=True)


@pytest.mark.parametrize(
    ("integrand", "exact"),
    [
        (sp.exp(-(x**2)), sp.sqrt(sp.pi)),
        (sp.exp(-((x - 5) ** 2) / 2) / sp.sqrt(2 * sp.pi), sp.Integer(1)),
        (1 / sp.cosh(x), sp.pi),
        (sp.exp(-((x - 20) ** 2) * 50), sp.sqrt(sp.pi / 50)),
        (sp.exp(x - sp.exp(x)), sp.Integer(1)),
    ],
)
def test_line_integrals_have_thirty_digits(integrand: Any, exact: Any) -> None:
    with mp.workdps(40):
        assert abs(value(LineIntegral(integrand, x), {}) / value(exact, {}) - 1) < mp.mpf(10) ** -30


def test_an_integrand_that_does_not_decay_is_refused() -> None:
    with mp.workdps(20), pytest.raises(DerivationError, match="did not settle"):
        value(LineIntegral(sp.exp(-sp.Abs(x) / 10**9) * sp.Abs(sp.sin(x)), x), {})


def test_nested_averages_bind_their_own_variable() -> None:
    with mp.workdps(30):
        inner = NormalAverage(sp.exp(s * z), z)  # exp(s^2/2)
        outer = NormalAverage(inner.subs(s, s * x), x)  # E exp(s^2 x^2/2) = 1/sqrt(1 - s^2)
        assert abs(value(outer, {s: mp.mpf("0.5")}) - 1 / mp.sqrt(mp.mpf("0.75"))) < mp.mpf(10) ** -25


def test_derivatives_are_differences() -> None:
    with mp.workdps(30):
        assert abs(value(sp.Derivative(NormalAverage(sp.cos(s * z), z), s), {s: mp.mpf(1)}) + mp.exp(mp.mpf(-1) / 2)) < mp.mpf(10) ** -20


@pytest.mark.parametrize(
    ("f", "low", "high", "root"),
    [
        (2 - x, 0, sp.oo, 2),
        (sp.exp(-x) - sp.Rational(1, 2), 0, 1, "ln2"),
        (5 - x, 0, 1, 1),
        (sp.Rational(1, 10**12) - x, 0, sp.oo, "1e-12"),
    ],
)
def test_largest_root_is_the_last_nonnegative_point(f: Any, low: float, high: Any, root: Any) -> None:
    expected = mp.log(2) if root == "ln2" else mp.mpf(root)
    with mp.workdps(30):
        expected = mp.log(2) if root == "ln2" else mp.mpf(root)
        assert abs(value(LargestRoot(f, x, low, high), {}) / expected - 1) < mp.mpf(10) ** -25


def test_a_missing_value_is_named() -> None:
    with pytest.raises(DerivationError, match="no value given for s"):
        value(s + 1, {})
