"""Roots inside formulas: where they are sought, and when there is none."""

from __future__ import annotations

import numpy as np
import sympy as sp

from regimes.numerics.codegen.generate import generate
from regimes.theory.symbolic.averages import LargestRoot

u = sp.Symbol("u", real=True)


def test_a_root_that_fails_inside_a_formula_is_not_taken_for_one_that_does_not_exist() -> None:
    c = sp.Symbol("c", positive=True)
    blind = sp.Piecewise((sp.log(c - u), u < c / 2), (sp.log(-u), True))  # nan, not negative, beyond c/2
    run = generate("f", [c], sp.log(1 + 1 / LargestRoot(blind, u, 0, sp.oo)), target="numpy").load_with_error()
    found, error = run(5.0)
    assert np.isnan(found) and np.isinf(error)
    found, error = generate("f", [c], sp.log(1 + 1 / LargestRoot(-c - u, u, 0, sp.oo)), target="numpy").load_with_error()(5.0)
    assert np.isnan(found) and np.isnan(error)


def test_a_root_is_sought_outwards_from_the_middle() -> None:
    c = sp.Symbol("c", positive=True)
    f = sp.Piecewise((sp.log(-u), u < sp.Rational(1, 10**9)), (c - u, True))  # nan far below
    assert abs(generate("f", [c], LargestRoot(f, u, 0, sp.oo), target="numpy").load()(0.01) - 0.01) < 1e-16
