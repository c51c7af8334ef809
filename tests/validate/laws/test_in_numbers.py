"""Laws in numbers: complete, read back as they were, and right however a density is shaped."""

from __future__ import annotations

import json
import math
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp

from regimes.theory.conventions import a
from regimes.theory.errors import DomainError
from regimes.theory.laws import Atom, Cluster, CurieWeiss, Curve, GaussianSpectrum, Mixture, Piece, Product
from regimes.theory.model import all_models
from regimes.validate.laws import as_json, from_json, in_numbers

LAWS = {
    name: in_numbers(m.law({p.name: p.default if p.default is not None else sum(p.typical) / 2 for p in m.params}))
    for name, m in all_models().items()
}
LAWS["unequal clusters"] = in_numbers(Mixture((Cluster(1, (sp.Rational(1, 2), 0), 1), Cluster(1, (0, 1), sp.sqrt(2), sp.Rational(1, 10)))))


def piece(density: Any, low: float = -sp.oo, high: float = sp.oo, breaks: Any = ()) -> Any:
    return in_numbers(Product((), (Piece(sp.S.One, density, low, high, breaks),)))


@pytest.mark.parametrize("name", LAWS)
def test_json_holds_the_whole_law(name: str) -> None:
    law = LAWS[name]
    text = json.dumps(as_json(law), allow_nan=False)
    assert from_json(json.loads(text)) == law
    assert hash(from_json(json.loads(text))) == hash(law)


@pytest.mark.parametrize("name", LAWS)
def test_numbers_are_a_fixed_point(name: str) -> None:
    """Weights add up to one; a table is no expression, so a law in numbers has nothing left to turn into numbers."""
    law = LAWS[name]
    weights = [part.weight for kind in ("atoms", "pieces", "curves") for part in getattr(law, kind, ())]
    if weights:
        assert sum(weights) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"family": "none"},
        {"family": "curie-weiss", "beta": 1.0},
        {"family": "product", "atoms": [{"weight": 1.0}], "pieces": []},
        {"family": "ising-chain", "beta": 1.0, "h": 0.0},
    ],
)
def test_a_record_of_no_law_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        from_json(record)


NORMAL = sp.exp(-(a**2) / 2) / sp.sqrt(2 * sp.pi)
SHAPES = {
    "narrow": (NORMAL.subs(a, 10**6 * a) * 10**6, ()),
    "wide": (NORMAL.subs(a, a / 10**6) / 10**6, ()),
    "heavy tail": (2 / (sp.pi * sp.sqrt(3) * (1 + a**2 / 3) ** 2), ()),
    "zero inside": (a**2 * NORMAL, (sp.S.Zero,)),
    "two humps": ((NORMAL.subs(a, 8 * a - 8) + NORMAL.subs(a, 8 * a + 8)) * 4, ()),
    "jump": (sp.Piecewise((sp.exp(-a) / 4, a > 0), (3 * sp.exp(a) / 4, True)), (sp.S.Zero,)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_table_has_the_probabilities_of_the_density(name: str) -> None:
    """Against mpmath's integral of the expression, at quantiles of the table from 1e-6 to 1 - 1e-6."""
    density, breaks = SHAPES[name]
    law = piece(density, breaks=breaks)
    f = sp.lambdify(a, density, "mpmath")
    below, shares = mpmath.mpf(0), np.array([1e-6, 0.1, 0.5, 0.9, 1 - 1e-6])
    for part in law.pieces:
        points = [part.low, *part.density.quantile(shares).tolist(), part.high]
        for share, left, right in zip(np.diff([0.0, *shares, 1.0]), points[:-1], points[1:], strict=True):
            outer = max(abs(left), abs(right))
            octaves: Any = np.geomspace(abs(right if left < 0 else left), outer, 24) if right - left > 100 * (points[4] - points[2]) else []
            marks = sorted({left, *(math.copysign(x, left + right) for x in octaves[1:-1]), *np.linspace(left, right, 5), right})
            mass = mpmath.quad(f, marks)
            assert abs(mass - part.weight * share) < 2e-10, (name, left, right)
            below += mass
    assert abs(below - 1) < 1e-9


def test_an_integrable_divergence_at_a_break_is_met() -> None:
    """Density 1/(4 sqrt|a|) on (-1, 1): the quantile of share s of the upper half is s^2."""
    law = piece(1 / (4 * sp.sqrt(sp.Abs(a))), -1, 1, (sp.S.Zero,))
    upper = law.pieces[1].density
    share = np.array([0.01, 0.3, 0.9])
    np.testing.assert_allclose(upper.quantile(share), share**2, rtol=1e-4)


@pytest.mark.parametrize(
    ("density", "low", "high"),
    [
        (2 * NORMAL, -sp.oo, sp.oo),
        (NORMAL, sp.S.Zero, sp.oo),
        (NORMAL.subs(a, 100 * a - 10**6) * 100, -sp.oo, sp.oo),
    ],
)
def test_a_density_that_does_not_integrate_to_one_is_refused(density: Any, low: Any, high: Any) -> None:
    with pytest.raises(DomainError, match="integrates to"):
        piece(density, low, high)


def test_parts_of_no_weight_are_left_out() -> None:
    law = in_numbers(Product((Atom(sp.S.Zero, 3), Atom(sp.S.One, 0)), (Piece(sp.S.Zero, NORMAL, -sp.oo, sp.oo),)))
    assert law == Product((Atom(1.0, 0.0),), ())
    u = Curve.variable()
    empty: Any = in_numbers(GaussianSpectrum((Atom(sp.S.One, 1),), (Curve(sp.S.Zero, u, sp.S.One),)))
    assert not empty.curves


def test_numbers_of_any_kind_become_floats() -> None:
    assert in_numbers(CurieWeiss(sp.Rational(1, 2), np.float64(0.25))) == CurieWeiss(0.5, 0.25)
