"""Printed expressions compute what SymPy means, keep their digits, and nothing is guessed."""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mpmath import mp

from regimes.numerics.codegen.accurate_forms import stabilise
from regimes.numerics.codegen.generate import generate
from regimes.numerics.codegen.reference_values import oracle
from regimes.theory.errors import RegimesError, UnknownNameError, UnsupportedExpressionError
from regimes.theory.symbolic.functions import LogCosh, LogRatioGap, RelativeEntropyTerm, Softplus, expm1, log1p

pytestmark = pytest.mark.quick

x, y = sp.symbols("x y", positive=True)
t, sigma = sp.symbols("t sigma", positive=True)

leaves = st.one_of(
    st.sampled_from([x, y, sp.pi, sp.E, sp.sqrt(2)]),
    st.fractions(-3, 3, max_denominator=7).map(lambda f: sp.Rational(f.numerator, f.denominator)),
)
bounded = st.sampled_from(
    [
        sp.tanh,
        sp.sech,
        sp.erf,
        sp.erfc,
        LogCosh,
        Softplus,
        sp.atan,
        sp.sin,
        sp.cos,
        sp.Abs,
        sp.sign,
        lambda e: sp.exp(-(e**2)),
        lambda e: sp.log(1 + e**2),
        lambda e: sp.sqrt(1 + e**2),
        lambda e: log1p(e**2),
        lambda e: expm1(-(e**2)),
        lambda e: RelativeEntropyTerm(e**2),
        lambda e: LogRatioGap(e**2),
        lambda e: 1 / (2 + e**2),
        lambda e: e**3,
    ]
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda a, b: a + b, inner, inner),
        st.builds(lambda a, b: a * b, inner, inner),
        st.builds(lambda a, b: a - b, inner, inner),
        st.builds(lambda f, a: f(a), bounded, inner),
        st.builds(sp.Max, inner, inner),
        st.builds(sp.Min, inner, inner),
        st.builds(lambda a, b, c: sp.Piecewise((a, x < b), (c, True)), inner, leaves, inner),
    ),
    max_leaves=8,
)


@settings(max_examples=20, deadline=None, derandomize=True, database=None)
@given(trees, st.floats(0.1, 3), st.floats(0.1, 3))
def test_random_trees_agree_with_a_thirty_digit_evaluation(tree: Any, a: float, b: float) -> None:
    expr = sp.sympify(tree)
    assume(not expr.has(sp.nan, sp.zoo, sp.oo, sp.I, sp.DiracDelta))
    with mp.workdps(30):
        true = oracle(expr, {x: a, y: b})
    assume(abs(true) < 1e8)
    value = generate("f", [x, y], expr, target="numpy").load()(a, b)
    # 30 operations of relative error eps on intermediate values that are at most ~1e6 for these trees
    assert abs(value - true) <= 1e-10 + 1e-14 * abs(true)
    with mp.workdps(25):
        assert abs(generate("f", [x, y], expr, target="mpmath").load()(a, b) - true) <= mp.mpf(10) ** -22 * (1 + abs(true))


@pytest.mark.parametrize("target", ["numpy", "mpmath"])
@pytest.mark.parametrize(
    "expr",
    [sp.gamma(x), sp.besselj(0, x), sp.Function("mystery")(x), sp.zeta(x), sp.Integral(sp.exp(-x * y), (y, 0, 1)), sp.I * x, sp.zoo * x],
)
def test_unknown_functions_are_refused_by_name(expr: Any, target: str) -> None:
    with pytest.raises(UnsupportedExpressionError) as caught:
        generate("f", [x], expr, target=target)
    assert "\n" not in str(caught.value)
    if isinstance(expr, sp.Function):
        assert type(expr).__name__ in str(caught.value)


@pytest.mark.parametrize("expr", [sp.Float("0.1") * x, x + sp.Float(0.5), x ** sp.Float(1.5), sp.sin(sp.Float("0.3") * x)])
def test_floats_are_refused(expr: Any) -> None:
    with pytest.raises(UnsupportedExpressionError, match="53 bits"):
        generate("f", [x], expr, target="mpmath")


def test_unknown_target_and_free_symbols_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="numpy"):
        generate("f", [x], x, target="nmupy")
    with pytest.raises(RegimesError, match="neither an argument nor defined"):
        generate("f", [x], x + y, target="numpy")


@pytest.mark.parametrize(
    "expr",
    [
        x / 3,
        sp.Rational(1, 3) + x,
        sp.sqrt(2) * x,
        sp.pi * x,
        sp.log(2) + x,
        x ** sp.Rational(1, 3),
        2**x,
        sp.exp(1) * x,
        sp.Rational(2, 7),
        sp.sqrt(3) / 7,
        10**30 * x,
        x / sp.sqrt(2 * sp.pi),
        sp.exp(-x / 3),
        sp.Max(x, sp.Rational(1, 3)),
        sp.Piecewise((sp.Rational(1, 3), x < 5), (1, True)),
        -x - 1 / y,
        (x - y) ** 2,
        -(x**2),
        (-x) ** 2 / y,
        1 / (x * y),
        x / (y / 3),
        sp.sech(x) / y,
        x / sp.sech(y) ** 2,
        sp.coth(x) ** sp.Rational(3, 2),
        -sp.Rational(2, 3) * (x + y),
    ],
)
def test_constants_have_the_precision_of_the_arguments(expr: Any) -> None:
    kernel = generate("f", [x, y], expr, target="numpy")
    pair = kernel.namespace().DoubleDouble
    a, b = pair(7.0) / 10, pair(13.0) / 10
    value = kernel.load()(a, b)
    assert isinstance(value, pair)
    with mp.workdps(30):
        exact, found = ([mp.mpf(float(v.hi)) + mp.mpf(float(v.lo)) for v in vs] for vs in ((a, b), (value,)))
        true = oracle(expr, dict(zip((x, y), exact, strict=True)))
        assert abs(found[0] / true - 1) < mp.mpf(2) ** -60


@pytest.mark.parametrize(
    ("expr", "inside"),
    [
        (1 - sp.exp(-2 * t), expm1),
        (sp.log(1 + sigma**2 * sp.exp(-2 * t)), log1p),
        (sp.log((x + y) / x), log1p),
        (sp.log(x + y) - sp.log(x), log1p),
        (sp.log(1 - sp.exp(-2 * t) + sigma**2 * sp.exp(-2 * t)) / 2 - sp.log(1 - sp.exp(-2 * t)) / 2, log1p),
        (2 * sp.exp(x) - 2, expm1),
    ],
)
def test_cancelling_spellings_are_rewritten_to_the_same_function(expr: Any, inside: Any) -> None:
    stable = stabilise(expr)
    assert stable.has(inside)
    values = {t: "0.37", sigma: "1.7", x: "0.9", y: "2.3"}
    with mp.workdps(30):
        assert abs(oracle(stable, values) - oracle(expr, values)) < mp.mpf(10) ** -28


def test_rewriting_keeps_digits_at_extreme_arguments() -> None:
    gain = sp.log((1 - sp.exp(-2 * t) + sigma**2 * sp.exp(-2 * t)) / (1 - sp.exp(-2 * t))) / 2
    f = generate("f", [t, sigma], gain, target="numpy").load()
    for a, b in ((1e-9, 1.0), (40.0, 1.0), (20.0, 1e-6), (1e-3, 1e-8)):
        with mp.workdps(30):
            true = oracle(gain, {t: a, sigma: b})
        assert abs(f(a, b) / true - 1) < 1e-14
    logistic = generate("g", [x], sp.exp(x) / (1 + sp.exp(x)), target="numpy").load()
    assert logistic(1000.0) == 1 and logistic(-1000.0) == 0
