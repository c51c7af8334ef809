"""Independent coordinates: draws and densities against integrals by another program."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy
import sympy as sp
from numpy.typing import NDArray
from scipy.special import ndtr

from regimes.numerics.arrays import RealArray
from regimes.theory.conventions import a
from regimes.theory.errors import DomainError
from regimes.theory.laws import (
    Piece,
    Product,
)
from regimes.theory.model import all_models, get_model
from regimes.validate.laws import density, draw, in_numbers
from regimes.validate.laws import product as sampling
from regimes.validate.simulation.channel import noise_var

SIGMAS = 5.5
TIMES = [1e-3, 0.05, 0.4, 3.0]
NORMAL = sp.exp(-(a**2) / 2) / sp.sqrt(2 * sp.pi)
SHAPES = {
    "narrow": (NORMAL.subs(a, 10**6 * a) * 10**6, ()),
    "wide": (NORMAL.subs(a, a / 10**6) / 10**6, ()),
    "heavy tail": (2 / (sp.pi * sp.sqrt(3) * (1 + a**2 / 3) ** 2), ()),
    "zero inside": (a**2 * NORMAL, (sp.S.Zero,)),
    "two humps": ((NORMAL.subs(a, 8 * a - 8) + NORMAL.subs(a, 8 * a + 8)) * 4, ()),
    "jump": (sp.Piecewise((sp.exp(-a) / 4, a > 0), (3 * sp.exp(a) / 4, True)), (sp.S.Zero,)),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", [name for name in all_models() if name.startswith("product-")])
def test_coordinates_have_the_probabilities_of_the_prior(name: str, dtype: type[np.float32] | type[np.float64], seed: int) -> None:
    """320 000 numbers, shares below seven points against mpmath's integral of the expression: detects 0.5 % of a share near one half."""
    model = get_model(name)
    exact: Any = model.law(model.complete({}))
    data, labels = draw(np.random.default_rng(seed), in_numbers(exact), 5000, 64, dtype)
    assert data.shape == (5000, 64) and data.dtype == dtype and (labels == 0).all()
    for point in (-2.2, -0.9, -0.31, 0.001, 0.4, 1.05, 3.0):
        share = math.fsum(float(w.weight) for w in exact.atoms if float(w.place) <= point)
        for part in exact.pieces:
            f, low, high = sympy.lambdify(a, part.density, "mpmath"), float(part.low), float(part.high)
            if point > low:
                share += float(part.weight * mpmath.quad(f, [low, *(m for m in (-1, 0) if low < m < min(point, high)), min(point, high)]))
        assert abs(float((data <= point).mean()) - share) < SIGMAS * math.sqrt(share * (1 - share) / data.size) + 1e-12, point


@pytest.mark.parametrize(("name", "quantile"), [
    ("product-laplace", lambda p: -np.log1p(-p) / math.sqrt(2)),
    ("product-uniform", lambda p: math.sqrt(3) * (2 * p - 1)),
    ("product-logistic", lambda p: math.sqrt(3) / math.pi * np.log(p / (1 - p))),
])  # fmt: skip
def test_the_table_of_a_smooth_piece_is_its_quantile_function(name: str, quantile: Callable[[RealArray], RealArray]) -> None:
    """Between its points too, where it is linear: within 1e-6, a hundredth of what 1e9 numbers could tell."""
    law = law_of(name)
    assert isinstance(law, Product)
    table = sampling._warp(law.pieces[-1].density)
    for shift in (0.0, 0.5):
        z = np.linspace(-5, 5, 2001) + shift / sampling.CELLS
        found = np.interp(z, np.arange(len(table)) / sampling.CELLS - sampling.REACH, table)
        np.testing.assert_allclose(found, quantile(ndtr(z)), rtol=1e-6, atol=1e-6)


def test_a_sum_of_coordinates_has_the_variance_of_the_prior(seed: int) -> None:
    """Neighbouring draws are independent: the sum over 64 coordinates has 64 times the variance; detects 6 % with 20 000 sums."""
    data, _ = draw(np.random.default_rng(seed), law_of("product-gauss-bernoulli"), 20_000, 64)
    square = np.square(data.sum(axis=1)) / 64
    assert abs(square.mean() - 1) < SIGMAS * square.std() / math.sqrt(20_000)


def law_of(name: str, **values: Any) -> Any:
    model = get_model(name)
    return in_numbers(model.law(model.complete(values)))


def by_summation(log_weight: NDArray[np.float64], spins: NDArray[np.float64], x: NDArray[np.float64], t: float) -> NDArray[np.float64]:
    """log sum_a P(a) N(x; e^{-t} a, Delta) from all states."""
    gap = x[:, None, :] - math.exp(-t) * spins
    exponent = log_weight - np.logaddexp.reduce(log_weight) - np.square(gap).sum(axis=2) / (2 * noise_var(t))
    return np.logaddexp.reduce(exponent, axis=1) - 0.5 * x.shape[1] * math.log(2 * math.pi * noise_var(t))


@pytest.mark.parametrize("t", TIMES)
@pytest.mark.parametrize("name", ["product-ternary", "product-bernoulli", "product-laplace", "product-gauss-bernoulli", "product-uniform"])
def test_coordinates(name: str, t: float) -> None:
    """Against the sum over atoms and mpmath's integral of the expression, within four widths of the noise of places that data have."""
    model = get_model(name)
    exact: Any = model.law(model.complete({}))
    inside = [0.3, -1.7 if name == "product-uniform" else -4.0] if exact.pieces else []
    data = [float(w.place) for w in exact.atoms[:2]] + inside
    x = np.array([[math.exp(-t) * place + math.sqrt(noise_var(t)) * z for place in data for z in (-4.0, 0.0, 2.0)]])
    found = density(in_numbers(exact), x.size).terms(x, t)[0]
    for value, place in zip(found, x[0], strict=True):
        total: Any = sum(float(w.weight) * channel(place, float(w.place), t) for w in exact.atoms)
        for part in exact.pieces:
            f, width = sp.lambdify(a, part.density, "mpmath"), math.sqrt(noise_var(t)) * math.exp(t)
            ends = [float(e) for e in (part.low, part.high)]
            middle = min(max(place * math.exp(t), ends[0]), ends[1])
            around = (0.0, *ends, *(middle + k * width for k in (-40, -12, -4, 0, 4, 12, 40)))
            marks = sorted({min(max(m, ends[0]), ends[1]) for m in around})
            total += float(part.weight) * mpmath.quad(lambda u, f=f, place=place: f(u) * channel(place, u, t), marks)
        assert value == pytest.approx(float(mpmath.log(total)), abs=1e-8 + 8e-8 / noise_var(t))  # linear between points 4e-4 apart


def channel(x: float, place: Any, t: float) -> Any:
    return mpmath.npdf(x, math.exp(-t) * place, math.sqrt(noise_var(t)))


def test_terms_of_independent_coordinates_add_up_to_the_joint_density() -> None:
    """Two coordinates of a ternary prior: nine states."""
    law = law_of("product-ternary")
    spins = np.array([(p.place, q.place) for p in law.atoms for q in law.atoms])
    log_weight = np.log([p.weight * q.weight for p in law.atoms for q in law.atoms])
    x = np.random.default_rng(3).standard_normal((20, 2))
    np.testing.assert_allclose(density(law, 2).terms(x, 0.4).sum(axis=1), by_summation(log_weight, spins, x, 0.4), atol=1e-6)


def piece(density: Any, low: float = -sp.oo, high: float = sp.oo, breaks: Any = ()) -> Any:
    return in_numbers(Product((), (Piece(sp.S.One, density, low, high, breaks),)))


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
