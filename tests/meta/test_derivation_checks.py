"""The checks of derivations, seen to fail: a planted mistake of every kind is found."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
import sympy as sp

from regimes.theory.derivations import Derivation
from regimes.theory.derivations.step import Conjecture
from regimes.theory.errors import DerivationError
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LineIntegral

x, s = sp.Symbol("x", real=True), sp.Symbol("s", positive=True)


def empty() -> Derivation:
    return Derivation("none", "test", "planted mistakes", {s: (0.5, 2.0)})


def message(proof: Derivation) -> str:
    checked = proof.verify()
    assert len(checked.failures) == 1
    outcome = checked.failures[0].outcome
    assert outcome is not None
    return outcome.message


def wrong_square(integral: Any) -> Any:
    return rules.complete_the_square(integral) * (1 + sp.Rational(1, 10**28))


def test_an_integral_wrong_in_the_28th_digit_is_found() -> None:
    proof = empty().then(wrong_square, LineIntegral(sp.exp(-s * x**2), x), name="bad", title="")
    text = message(proof)
    assert "wrong square" in text and "s=" in text and "left" in text and "right" in text and "LineIntegral" in text


def test_the_right_integral_passes() -> None:
    assert empty().then(rules.complete_the_square, LineIntegral(sp.exp(-s * x**2), x), name="good", title="").verify().verified


def test_a_limit_with_the_wrong_constant_is_found() -> None:
    def wrong(expr: Any, variable: Any) -> Any:
        return rules.leading_order(expr, variable) + sp.Rational(1, 1000)

    d = sp.Symbol("d", positive=True)
    proof = empty().limit(wrong, sp.log(d + s), name="bad", title="", variable=d, towards="infinity", exponent=1)
    assert "exponent" in message(proof)


def test_a_limit_with_the_wrong_exponent_is_found() -> None:
    d = sp.Symbol("d", positive=True)
    proof = empty().limit(rules.leading_order, sp.log(d + s), name="bad", title="", variable=d, towards="infinity", exponent=2)
    assert "exponent" in message(proof)


@pytest.mark.parametrize(
    ("value", "curvature", "count", "word"),
    [(s + sp.Rational(1, 10**12), 1, 1, "fails"), (s, -1, 1, "curvature"), (s, 1, 2, "stationary points")],
)
def test_a_wrong_stationary_point_curvature_or_count_is_found(value: Any, curvature: int, count: int, word: str) -> None:
    proof = empty().extremum(
        value, (x - s) ** 2, x, name="bad", title="", curvature=curvature, count=count, interval=(x - 1, x + 1), rule=rules.reduce
    )
    assert word in message(proof)


def test_a_step_that_cannot_be_evaluated_has_failed() -> None:
    proof = empty().then(rules.reduce, sp.Symbol("unknown", positive=True), name="bad", title="")
    assert "no value given" in message(proof)


@pytest.mark.slow
def test_every_conjecture_names_a_quantity_that_check_simulates() -> None:
    import numpy as np

    from regimes.numerics.estimate import Estimate
    from regimes.theory.derive import KINDS, derive
    from regimes.theory.model import all_models
    from regimes.validate.check import check

    def any_theory(model: Any, quantity: str, **given: Any) -> Any:  # what is simulated does not depend on what is predicted
        shape = np.shape(given.get("t", 0.0))
        words = np.full(shape, "")
        return Estimate(np.full(shape, 0.4), np.zeros(shape), np.full(shape, "ok"), words, "none", {}, words)

    one_of_each = {(model.family, model.class_count): name for name, model in all_models().items()}
    claimed = set()
    for name in one_of_each.values():
        claims = []
        for kind in KINDS:
            with contextlib.suppress(DerivationError):  # what is not derived claims nothing
                claims += [step.details.covered_by for step in derive(name, kind) if isinstance(step.details, Conjecture)]
        simulated = {c.quantity for c in check(name, budget="smoke", predict=any_theory).comparisons} if claims else set()
        assert set(claims) <= simulated, name
        claimed |= set(claims)
    assert claimed
