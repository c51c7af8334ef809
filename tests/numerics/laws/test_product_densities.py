"""Exact finite sizes of products with densities: transforms by mpmath, normal priors as Gaussian data, pairs by quadrature, samples."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

from regimes.numerics.collapse.window import logistic_average, softplus_average
from regimes.numerics.laws.product.count_points import product_alphabet
from regimes.numerics.laws.product.density_points import DensityAlphabet
from regimes.theory.conventions import a, normal_density
from regimes.theory.errors import DomainError
from regimes.theory.laws import Atom, GaussianClusters, Piece, Product
from regimes.theory.model import get_model
from regimes.validate.simulation.forward_estimators import planted
from tests.numerics import exact

NORMAL = Product((), (Piece(1, normal_density(a, 1), -sp.oo, sp.oo),))
UNIFORM = Product((), (Piece(1, sp.Rational(1, 2), -1, 1),))
STEPS = Product((), (Piece(sp.Rational(1, 4), sp.Rational(1, 2), -3, -1), Piece(sp.Rational(3, 4), sp.Rational(1, 1), 0, 1)))
MIXED = Product((Atom(0.4, 0.0),), (Piece(0.6, sp.Rational(1, 2), -2, 0),))
ROOTED = Product((), (Piece(1, sp.Rational(3, 2) * sp.sqrt(a), 0, 1),))


def shipped(prior: str, **values: Any) -> Any:
    return get_model("product", prior=prior).law({"sigma": 1.0, **values})


def transform(law: Product, alphabet: DensityAlphabet, x: float, lam: Any, gamma: float) -> Any:
    """chi by mpmath.quad, panel by panel, in the convention of the alphabet; nothing shared."""
    root = mp.sqrt(gamma)

    def energy(s: Any) -> Any:
        return (x - s) ** 2 / 2 if alphabet.origin else s * (s / 2 - x)

    total = mp.fsum(mp.mpf(atom.weight) * mp.exp(-lam * energy(root * mp.mpf(atom.place))) for atom in law.atoms)
    for piece in law.pieces:
        density = sp.lambdify(a, piece.density, "mpmath")
        reach = 40 / root + 45
        ends = max(float(piece.low), float(x / root) - reach), min(float(piece.high), float(x / root) + reach)
        cuts = sorted({*np.linspace(ends[0], ends[1], 80), *(float(b) for b in piece.breaks if ends[0] < b < ends[1])})
        total += mp.mpf(piece.weight) * mp.quad(lambda u, f=density: f(u) * mp.exp(-lam * energy(root * u)), cuts)
    return complex(total)


@pytest.mark.parametrize(
    ("law", "t"),
    [*(pytest.param(law, t, marks=pytest.mark.slow) for law, t in (
        (shipped("laplace"), 0.1), (shipped("logistic"), 2.5), (shipped("gauss-bernoulli", rho=0.3), 0.4), (STEPS, 0.2), (ROOTED, 0.3))),
     (MIXED, 1.0)],
    ids=["laplace", "logistic", "gauss-bernoulli", "steps", "root", "mixed"],
)  # fmt: skip
def test_transforms_equal_quadrature(law: Product, t: float) -> None:
    alphabet, gamma = product_alphabet(law, t, 16), 1 / math.expm1(2 * t)
    assert isinstance(alphabet, DensityAlphabet)
    assert sum(alphabet.weights) == pytest.approx(1, abs=1e-12)
    lam = np.array([0.5, 1.0, 1.9, 0.6 + 4j, 1.2 + 12j, 0.8 + 26j], dtype=complex)
    (found,) = alphabet.log_chi(lam, [0])
    mean = float(sum(at.weight * at.place for at in law.atoms)) if law.atoms else 0.0
    for piece in law.pieces:
        mean += float(piece.weight * sp.integrate(a * piece.density, (a, piece.low, piece.high)))
    for j in (-1, -4, alphabet.weights.size // 2):
        x = alphabet.step * alphabet.number[j] + math.sqrt(gamma) * mean  # nodes are those of the centred prior
        with mp.workdps(20):
            for k, tilt in enumerate(lam):
                direct = transform(law, alphabet, x, mp.mpc(tilt), gamma)
                size = transform(law, alphabet, x, mp.mpf(tilt.real), gamma).real
                assert abs(np.exp(found[j, k]) - direct) < 1e-11 * size


@pytest.mark.slow
@pytest.mark.parametrize(("d", "n", "t"), [(8, 50, 0.5), (8, 1e9, 0.1), (64, 2e4, 1.3), (512, 1e6, 1.5), (4096, 1e9, 2.0), (16, 2, 0.3)])
def test_normal_coordinates_are_gaussian_data(d: int, n: float, t: float) -> None:
    """12 sampled values within their errors, five standard errors: false failure below 1e-4; errors of 1e-6 to 4 %."""
    for f in (exact.excess_entropy, exact.collapse_probability):
        (value, error), (wanted, slack) = f(NORMAL, t, n, d, tol=1e-3), f(GaussianClusters((1.0,), ((),), 1.0), t, n, d)
        assert abs(value - wanted) < error + slack
        assert error < 0.04 * wanted


@pytest.mark.parametrize(("width", "t"), [(2.0, 0.3), (2.0, 1.5)])
def test_two_uniform_data_in_two_dimensions_give_the_average_over_their_distance(width: float, t: float) -> None:
    """Differences of two coordinates have a triangular law; E_1 - E_2 = -S^2/2 + S z, S^2 = gamma |a_1 - a_2|^2."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    u, w = width * (1 + nodes) / 2, weights * width / 2
    w = w * 2 * (width - u) / width**2
    pair = np.zeros(2)
    for (x, p), (y, q) in itertools.product(zip(u, w, strict=True), repeat=2):
        square = (x * x + y * y) / math.expm1(2 * t)
        pair += p * q * np.array([f(np.array([-square / 2]), math.sqrt(square))[0] for f in (softplus_average, logistic_average)])
    f, f_error = exact.excess_entropy(UNIFORM, t, 2, 2, tol=1e-6)
    phi, phi_error = exact.collapse_probability(UNIFORM, t, 2, 2, tol=1e-6)
    assert abs(2 * f - pair[0]) < 2 * f_error + 1e-9
    assert abs(1 - phi - pair[1]) < phi_error + 1e-9
    assert max(f_error, phi_error) < 1e-5


@pytest.mark.parametrize("law", [UNIFORM, MIXED], ids=["uniform", "mixed"])
def test_exact_values_are_the_means_of_the_planted_estimator(law: Product) -> None:
    """4 comparisons at 4.5 standard errors of independent data sets: false failure 3e-5; detects 6 % of f^e and of phi_C."""
    rng, n, d, t, sets = np.random.default_rng(5), 40, 16, 0.3, 1500
    samples = np.empty((sets, 2))
    for k in range(sets):
        data = rng.uniform(-1, 1, (n, d))
        if law is MIXED:
            data = np.where(rng.random((n, d)) < 0.4, 0.0, data - 1)
        one = planted(data, np.arange(0, n, 4), rng.standard_normal((10, d)), [t])
        samples[k] = one.excess.mean() / d, one.weight.mean()
    spread = samples.std(axis=0) / math.sqrt(sets)
    found = exact.excess_entropy(law, t, n, d, tol=0.01), exact.collapse_probability(law, t, n, d, tol=0.01)
    for (value, error), mean, sigma in zip(found, samples.mean(axis=0), spread, strict=True):
        assert abs(value - mean) < 4.5 * sigma + error
        assert sigma < 0.012 * value


@pytest.mark.slow
def test_late_times_have_the_limits_of_no_information() -> None:
    law, d, n = shipped("laplace"), 64, 1e6
    f, _ = exact.excess_entropy(law, 40.0, n, d)
    phi, _ = exact.collapse_probability(law, 40.0, n, d)
    assert f == pytest.approx(math.log(n) / d, rel=2e-5)
    assert phi == pytest.approx(1 / n, rel=2e-5)


def test_times_that_take_too_many_nodes_are_refused() -> None:
    with pytest.raises(DomainError, match="window"):
        exact.excess_entropy(shipped("laplace"), 1e-6, 10, 8)


def test_a_density_that_is_text_is_refused_and_not_run(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    law = Product((), (Piece(1, f"open({str(trace)!r}, 'w').write('x')", 0, 1),))
    with pytest.raises(sp.SympifyError):
        exact.excess_entropy(law, 0.5, 10, 8)
    assert not trace.exists()
