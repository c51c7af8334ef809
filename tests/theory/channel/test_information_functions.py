"""Information functions of the scalar channel against double sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy as sp

from regimes.numerics.codegen.generate import generate
from regimes.theory.channel.information_functions import ScalarCumulant, ScalarDispersion, ScalarInformation, ScalarMmse, ScalarOnset
from regimes.theory.channel.prior import ScalarPrior, components
from regimes.theory.conventions import gamma, lam
from regimes.theory.derive import derive
from regimes.theory.laws import Atom, Piece
from regimes.theory.symbolic.averages import Defined, written_out


def spread(kind: str) -> Any:
    """A density, and nodes and weights of it: closed over an interval, or open."""
    if kind == "uniform":
        nodes, weights = np.polynomial.legendre.leggauss(200)
        return Piece(sp.Rational(2, 3), sp.Rational(1, 2), -sp.S.One, sp.S.One), nodes, weights / 2
    a, grid = sp.Symbol("a", real=True), np.linspace(-4.5, 4.5, 400)
    nodes = np.sinh(grid)
    weights = np.cosh(grid) * 9 / 399 / (4 * np.cosh(nodes / 2) ** 2)
    return Piece(sp.Rational(2, 3), 1 / (4 * sp.cosh(a / 2) ** 2), -sp.oo, sp.oo), nodes, weights


@pytest.mark.parametrize("kind", [pytest.param("uniform", marks=pytest.mark.slow), "logistic"])
def test_scalar_functions_of_a_mixed_prior_equal_double_sums(kind: str) -> None:
    piece, nodes, weights = spread(kind)
    prior = ScalarPrior.of((Atom(sp.Rational(1, 3), sp.Rational(3, 2)),), (piece,))
    assert prior.nested == (kind == "logistic") and len(components(prior)) == 2
    data, mass = np.append(nodes, 1.5), np.append(weights * 2, 1) / 3
    reach = 30 if kind == "uniform" else 40
    out, step = np.linspace(-reach, reach, 1601, retstep=True)
    g, tilt = 0.8, 1.3
    energy = (out[:, None] - np.sqrt(g) * data) ** 2 / 2
    chi = {k: np.exp(-k * energy) @ mass for k in (1.0, tilt)}
    p = chi[1.0] / np.sqrt(2 * np.pi) * step
    density = -energy - np.log(chi[1.0])[:, None]
    joint = p[:, None] * mass * np.exp(-energy) / chi[1.0][:, None]
    mean = [(np.exp(-energy) * data**k) @ mass / chi[1.0] for k in (1, 2)]
    info = (joint * density).sum()
    onset = np.log(np.exp(-tilt * (np.sqrt(g) * (data[:, None] - data)) ** 2 / 2) @ mass) @ mass
    expected = {
        ScalarCumulant(prior, gamma, lam): p @ np.log(chi[tilt]),
        ScalarInformation(prior, gamma): info,
        ScalarMmse(prior, gamma): p @ (mean[1] - mean[0] ** 2),
        ScalarDispersion(prior, gamma): (joint * density**2).sum() - info**2,
        ScalarOnset(prior, gamma, lam): onset,
    }
    for node, direct in list(expected.items())[: 1 if prior.nested else None]:  # integrals within integrals take seconds
        run = generate("f", [gamma, lam], written_out(node), target="numpy").load_with_error()
        found, error = run(g, tilt)
        assert abs(found - direct) < 1e-9 and error < 1e-12, type(node).__name__


def test_definitions_hold_no_named_object() -> None:
    for name in ("product-gauss-bernoulli", "curie-weiss"):
        assert not written_out(derive(name, "collapse")["information"]).has(Defined)
