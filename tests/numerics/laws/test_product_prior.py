"""Priors in numbers: panels that resolve a density, moments, what is refused, and where the functions come from."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp

from regimes.numerics.laws.product.levels import levels
from regimes.numerics.laws.product.prior import Densities, Prior, RawPiece, law_functions, unit_priors
from regimes.theory.conventions import a
from regimes.theory.errors import DomainError
from regimes.theory.laws import Atom, Piece, Product
from regimes.theory.model import DataModel, get_model
from regimes.theory.params import Param


def student(nu: float) -> RawPiece:
    from math import gamma

    scale = gamma((nu + 1) / 2) / (gamma(nu / 2) * np.sqrt(nu * np.pi))
    return RawPiece(1.0, lambda x: scale * (1 + x * x / nu) ** (-(nu + 1) / 2), -np.inf, np.inf)


def moments(prior: Prior) -> tuple[float, float, float]:
    """Mass, mean and variance of the unit prior's density part, by a rule of 40 nodes on every panel."""
    d: Any = prior.densities
    assert isinstance(d, Densities)
    y, w = np.polynomial.legendre.leggauss(40)
    u = (d.left + d.right)[:, None] / 2 + (d.right - d.left)[:, None] / 2 * y
    p = d.at(u.copy(), np.arange(d.left.size)) * (d.right - d.left)[:, None] / 2 * w
    return float(p.sum()), float((p * u).sum()), float((p * u * u).sum())


SHAPES: dict[str, tuple[RawPiece, float, float]] = {
    "exponential": (RawPiece(1.0, lambda x: np.exp(-x), 0.0, np.inf), 1.0, 1.0),
    "narrow and far from zero": (
        RawPiece(1.0, lambda x: np.exp(-(((x - 40) / 0.01) ** 2) / 2) / (0.01 * np.sqrt(2 * np.pi)), -np.inf, np.inf, (40.0,)),
        40.0,
        1e-4,
    ),
    "heavy tails": (student(6.0), 0.0, 1.5),
    "root at both ends": (RawPiece(1.0, lambda x: 2 / np.pi * np.sqrt(1 - x * x), -1.0, 1.0), 0.0, 0.25),
    "logarithm at one end": (RawPiece(1.0, lambda x: -np.log(x), 0.0, 1.0), 1 / 4, 7 / 144),
    "kink": (RawPiece(1.0, lambda x: 1 - np.abs(x), -1.0, 1.0, (0.0,)), 0.0, 1 / 6),
}


@pytest.mark.parametrize("shape", list(SHAPES))
def test_panels_resolve_mass_mean_and_variance(shape: str) -> None:
    piece, mean, var = SHAPES[shape]
    prior = Prior.of([], [], [piece])
    accuracy = 1e-12
    assert abs(prior.mean - mean) < accuracy * max(1, abs(mean)) and abs(prior.var / var - 1) < 10 * accuracy
    mass, first, second = moments(prior)
    assert abs(mass - 1) < accuracy and abs(first) < 10 * accuracy and abs(second - 1) < 10 * accuracy


def test_heavy_tails_are_cut_where_they_no_longer_matter() -> None:
    prior = Prior.of([], [], [student(3.0)])
    assert abs(prior.var / 3 - 1) < 1e-9  # the tail of the variance falls like 1/a


def test_a_law_that_is_no_law_is_refused() -> None:
    with pytest.raises(DomainError, match=r"add up to 0\.9"):
        Prior.of([0.9], [0.0])
    with pytest.raises(DomainError, match="add up to"):
        Prior.of([], [], [RawPiece(1.0, lambda x: np.exp(-x * x), -np.inf, np.inf)])
    with pytest.raises(DomainError, match="negative"):
        Prior.of([], [], [RawPiece(1.0, lambda x: 0.5 + x, -1.0, 1.0)])
    with pytest.raises(DomainError, match="pole near 0"):
        Prior.of([], [], [RawPiece(1.0, lambda x: 0.5 / np.sqrt(x), 0.0, 1.0)])
    with pytest.raises(DomainError, match="no finite variance"):
        Prior.of([], [], [RawPiece(1.0, lambda x: 1 / (np.pi * (1 + x * x)), -np.inf, np.inf)])


class Spike(DataModel):
    """A user's prior: an atom, a triangle and an exponential of its own rate, in floating-point numbers."""

    name = "spike"
    doc = "atom, triangle, exponential"
    family = "product"
    source = "test"
    params = (Param("rate", "r", "decay", 0, typical=(0.5, 2.0)),)

    def law(self, values: Mapping[str, Any]) -> Product:
        rate = sp.sympify(values["rate"])
        triangle = Piece(0.25, 1 - sp.Abs(a), -1, 1, (0,))
        return Product((Atom(0.5, 2.0),), (triangle, Piece(0.25, rate * sp.exp(-rate * (a - 1)), 1, sp.oo)))


def test_a_users_law_may_have_atoms_and_several_pieces() -> None:
    rate = np.array([0.5, 2.0, 0.5])
    which, var, weights, places, priors = unit_priors(Spike(), {"rate": rate})
    assert which.tolist() == [0, 1, 0] and len(priors) == 2 and weights.tolist() == [[0.5], [0.5]]
    for k, r in enumerate((0.5, 2.0)):
        mean = 0.5 * 2 + 0.25 * (1 + 1 / r)
        square = 0.5 * 4 + 0.25 / 6 + 0.25 * ((1 + 1 / r) ** 2 + 1 / r**2)
        assert np.isclose(priors[k].mean, mean, rtol=1e-14) and np.isclose(var[k], square - mean**2, rtol=1e-14)
        assert np.isclose(places[k, 0], (2 - mean) / np.sqrt(var[k]), rtol=1e-13)


def test_information_of_a_users_law_agrees_with_plain_quadrature() -> None:
    rate, gamma = 0.5, 1.7
    s, cells = np.sqrt(gamma), []
    y, w = np.polynomial.legendre.leggauss(30)
    for low, high, density in [(left, left + 1, lambda u: 0.25 * (1 - np.abs(u))) for left in (-1.0, 0.0)] + [
        (left, left + 2, lambda u: 0.25 * rate * np.exp(-rate * (u - 1))) for left in np.arange(1.0, 81.0, 2.0)
    ]:
        u = (low + high) / 2 + (high - low) / 2 * y
        cells.append((u, density(u) * w * (high - low) / 2))
    places, weights = np.concatenate([[2.0], *(u for u, _ in cells)]), np.concatenate([[0.5], *(p for _, p in cells)])
    x = np.arange(-12.0, 125.0, 0.1)  # the evidence is smooth on the scale of the noise: trapezoid rule
    evidence = np.exp(-((x[:, None] - s * places) ** 2) / 2) @ weights
    seen = evidence > 0
    wanted = -0.5 - 0.1 / np.sqrt(2 * np.pi) * np.sum(evidence[seen] * np.log(evidence[seen]))
    got = levels(Spike(), {"rate": np.array([rate])}).information(np.array([gamma]))
    assert abs(got.value[0] - wanted) < 1e-12 and got.error[0] < 1e-12


@pytest.mark.parametrize("shape", ["heavy tails", "root at both ends", "logarithm at one end", "exponential"])
def test_weak_signals_tell_the_variance_for_any_shape(shape: str) -> None:
    from regimes.numerics.laws.product.levels import ScalarLevels

    piece, _, var = SHAPES[shape]
    gamma = np.array([1e-7, 1.0, 1e5])
    got = ScalarLevels.of(Prior.of([], [], [piece]), 3).information(gamma)
    assert abs(got.value[0] / (0.5e-7 * var) - 1) < 1e-5 and np.all(got.error <= 1e-10 * got.value)


def test_scale_is_shared_and_parameters_are_not() -> None:
    model = get_model("product-gauss-bernoulli")
    which, var, *_ = unit_priors(model, {"rho": np.array([0.2, 0.4, 0.2]), "sigma": np.array([1.0, 1.0, 3.0])})
    assert which.tolist() == [0, 1, 0] and np.allclose(var, [1, 1, 9], rtol=1e-14)


def test_functions_of_a_shipped_law_come_from_the_cache_without_sympy(tmp_path: Path) -> None:
    program = (
        "import sys, numpy as np; from regimes.theory.models.product import MODEL; from regimes.numerics.laws.product.levels import levels;"
        "l = levels(MODEL.variants['laplace'], {'sigma': np.ones(1)}); print(l.information(np.ones(1)).value, 'sympy' in sys.modules)"
    )
    environment = os.environ | {"REGIMES_CACHE": str(tmp_path / "cache")}
    runs = [
        subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True).stdout.split()
        for _ in range(2)
    ]
    assert runs[0][0] == runs[1][0] and [run[1] for run in runs] == ["True", "False"]


def test_densities_of_shipped_laws_are_those_of_the_model() -> None:
    functions: dict[str, Callable[..., Any]] = law_functions(get_model("product-logistic"))
    width = np.sqrt(3) / np.pi
    x = np.array([-3.0, 0.0, 1e4])
    assert np.allclose(functions["density_0"](x), [1 / (4 * width * np.cosh(3 / (2 * width)) ** 2), 1 / (4 * width), 0], rtol=1e-14)
    assert functions["low_0"]() == -np.inf
