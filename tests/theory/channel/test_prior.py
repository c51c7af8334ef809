"""A scalar prior: its mass, and logarithms of transforms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import pytest
import sympy as sp

from regimes.numerics.codegen.generate import generate
from regimes.theory.channel.prior import PriorAverage, ScalarPrior, components, log_transform
from regimes.theory.conventions import gamma, lam, x
from regimes.theory.derivations import Derivation
from regimes.theory.laws import Atom, Piece
from regimes.theory.model import get_model
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.evaluate import value

s = sp.Symbol("s", positive=True)


def empty(**domains: Any) -> Any:
    return Derivation("none", "test", "planted mistakes", {s: (0.5, 2.0)} | {sp.Symbol(n, real=True): r for n, r in domains.items()})


@pytest.mark.parametrize("change", [lambda w: w, lambda w: w * (1 + sp.Rational(1, 10**7))])
def test_a_density_that_is_no_probability_is_found(change: Callable[..., Any]) -> None:
    half = sp.Rational(1, 2)
    density = sp.exp(-sp.Abs(sp.Symbol("a", real=True))) / 2
    prior = ScalarPrior.of((Atom(half, sp.S.One),), (Piece(change(half), density, -sp.oo, sp.oo, (sp.S.Zero,)),))
    proof = empty().then(rules.rewrite, PriorAverage(prior, sp.S.One), target=sp.S.One, name="mass", title="").verify()
    assert proof.verified == (change(half) == half)


@pytest.mark.parametrize("at", [-1e4, -30.0, 0.0, 0.4, 1e4])
def test_logarithms_of_transforms_neither_overflow_nor_cancel(at: float) -> None:
    law: Any = get_model("product-laplace").law({"sigma": sp.S.One})
    prior = ScalarPrior.of(law.atoms, law.pieces)
    form = log_transform(components(prior), gamma, lam, x, reference=int(at > 0))
    run = generate("f", [x, gamma, lam], form, target="numpy").load()
    with mp.workdps(40):
        exact = value(form, {x: mp.mpf(at), gamma: mp.mpf("0.3"), lam: mp.mpf(2)})
    assert abs(run(at, 0.3, 2.0) / float(exact) - 1) < 1e-14
