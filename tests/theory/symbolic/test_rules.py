"""Each rule against numbers that do not share its algebra, and its refusals."""

from __future__ import annotations

from itertools import product
from typing import Any

import mpmath as mp
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from regimes.theory.derivations import Derivation
from regimes.theory.errors import DerivationError
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LargestRoot, LineIntegral
from regimes.theory.symbolic.evaluate import value

pytestmark = pytest.mark.quick

x, y, u = sp.symbols("x y u", real=True)
s, d = sp.symbols("s d", positive=True)
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


def message(proof: Any) -> Any:
    failures = proof.verify().failures
    assert len(failures) == 1
    return failures[0].outcome.message


def empty(**domains: Any) -> Any:
    return Derivation("none", "test", "planted mistakes", {s: (0.5, 2.0)} | {sp.Symbol(n, real=True): r for n, r in domains.items()})


@pytest.mark.parametrize(("low", "high"), [(0, sp.oo), (-sp.oo, sp.Rational(-1, 3)), (-1, 2), (sp.Rational(7, 2), 4)])
@pytest.mark.parametrize("where", [-40, -3, 0, 2, 60])
def test_an_interval_of_a_bell_equals_quadrature(low: Any, high: Any, where: float) -> None:
    closed = rules.log_gaussian_between(sp.exp(-s * (u - y) ** 2 + u), u, sp.sympify(low), sp.sympify(high))
    with mp.workdps(40):
        point = {s: mp.mpf(7) / 5, y: mp.mpf(where)}
        ends = [mp.mpf(e.p) / e.q if e.is_finite else (mp.inf if e > 0 else -mp.inf) for e in map(sp.sympify, (low, high))]
        nearest = min(max(mp.mpf(where), ends[0]), ends[1])
        cuts = sorted({*ends, *(c for c in (nearest + k for k in (-2, -0.5, -0.05, 0, 0.05, 0.5, 2)) if ends[0] < c < ends[1])})

        def exponent(w: float) -> Any:
            return -point[s] * (w - where) ** 2 + w

        # quad stops at an absolute error: the integrand is scaled to one
        direct = exponent(nearest) + mp.log(mp.quad(lambda w: mp.exp(exponent(w) - exponent(nearest)), cuts))
        assert abs(value(closed, point) - direct) < mp.mpf(10) ** -25 * max(1, abs(direct))


def test_an_interval_of_what_is_no_bell_is_refused() -> None:
    for f in (sp.exp(u**2), sp.exp(u), u * sp.exp(-(u**2)), sp.exp(-(u**4))):
        with pytest.raises(DerivationError):
            rules.log_gaussian_between(f, u, sp.S.Zero, sp.oo)


def test_hubbard_stratonovich_makes_a_square_linear_and_refuses_one_that_is_negative() -> None:
    field = rules.hubbard_stratonovich(sp.exp(s * y**2 / 2 + y), y)
    with mp.workdps(35):
        assert abs(value(field, {s: mp.mpf(2), y: mp.mpf("0.7")}) / mp.exp(mp.mpf("0.49") + mp.mpf("0.7")) - 1) < mp.mpf(10) ** -24
    with pytest.raises(DerivationError, match="positive"):
        rules.hubbard_stratonovich(sp.exp(-s * y**2), y)


def test_a_wrong_field_is_found() -> None:
    def wrong(f: Any, total: Any) -> Any:
        return rules.hubbard_stratonovich(f.subs(s, 2 * s), total)

    assert "left" in message(empty(y=(-1.0, 1.0)).then(wrong, sp.exp(s * y**2), total=y, name="bad", title=""))


def test_laplace_refuses_a_peak_of_something_else() -> None:
    exact = sp.log(LineIntegral(sp.exp(d * (-s * (u - 1) ** 2)), u)) / d
    with pytest.raises(DerivationError, match="vanishes"):
        rules.laplace(exact, d, LargestRoot(2 - u, u, 0, 5))


def test_laplace_at_a_point_that_is_no_peak_is_found() -> None:
    bell = sp.sqrt(d) * LineIntegral(sp.exp(-d * (s * u**2 + u**4)), u)

    def wrong(exact: Any, large: Any, **_: Any) -> Any:
        return sp.Rational(1, 50)

    proof = empty().limit(wrong, sp.log(bell) / d, name="bad", title="", variable=d, towards="infinity", exponent=1, first=6, points=1)
    assert "exponent" in message(proof)
    right = empty().limit(
        rules.laplace,
        sp.log(bell) / d,
        name="good",
        title="",
        variable=d,
        towards="infinity",
        exponent=1,
        first=6,
        points=1,
        peak=LargestRoot(-2 * s * u - 4 * u**3, u, -1, 1),
    )
    assert right.verify().verified


def test_transfer_matrices_sum_over_all_states() -> None:
    fields = [sp.Rational(k, 3) for k in (1, -2, 4, 0, 1)]
    with mp.workdps(25):
        b, h = mp.mpf("0.6"), [mp.mpf(f.p) / f.q for f in fields]
        states = list(product((1, -1), repeat=5))
        direct = sum(mp.exp(b * sum(a[i] * a[i + 1] for i in range(4)) + mp.fdot(h, a)) for a in states)
        assert abs(value(rules.transfer_matrices(s, fields), {s: b}) / direct - 1) < mp.mpf(10) ** -22
