"""Log-densities of noised laws against their definition: a sum over all spins, or an integral by another program."""

from __future__ import annotations

import itertools
import math
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
from numpy.typing import NDArray

from regimes.theory.conventions import a
from regimes.theory.errors import DomainError
from regimes.theory.laws import Cluster, CurieWeiss, GaussianSpectrum, IsingChain, IsingChains, Mixture, RandomEnergies
from regimes.theory.model import get_model
from regimes.validate.laws import in_numbers
from regimes.validate.laws.densities import population
from regimes.validate.simulation.channel import delta, eigenvalues, frame
from regimes.validate.simulation.forward_estimators import information_moments

TIMES = [1e-3, 0.05, 0.4, 3.0]
SIGMAS = 5.5


def law_of(name: str, **values: Any) -> Any:
    model = get_model(name)
    return in_numbers(model.law(model.complete(values)))


def states(d: int) -> NDArray[np.float64]:
    return np.array(list(itertools.product([-1.0, 1.0], repeat=d)))


def by_summation(log_weight: NDArray[np.float64], spins: NDArray[np.float64], x: NDArray[np.float64], t: float) -> NDArray[np.float64]:
    """log sum_a P(a) N(x; e^{-t} a, Delta) from all states."""
    gap = x[:, None, :] - math.exp(-t) * spins
    exponent = log_weight - np.logaddexp.reduce(log_weight) - np.square(gap).sum(axis=2) / (2 * delta(t))
    return np.logaddexp.reduce(exponent, axis=1) - 0.5 * x.shape[1] * math.log(2 * math.pi * delta(t))


@pytest.mark.parametrize("t", TIMES)
@pytest.mark.parametrize(("beta", "h"), [(0.0, 0.0), (0.5, 0.0), (1.0, 0.3), (1.8, 0.0), (0.3, -2.0)])
def test_curie_weiss(beta: float, h: float, t: float) -> None:
    spins = states(9)
    total = spins.sum(axis=1)
    x = 1.5 * np.random.default_rng(1).standard_normal((40, 9))
    found = population(CurieWeiss(beta, h), 9).terms(x, t)
    assert found.shape == (40, 1)
    np.testing.assert_allclose(found[:, 0], by_summation(beta * total**2 / 18 + h * total, spins, x, t), rtol=1e-12, atol=2e-8)


@pytest.mark.parametrize("t", TIMES)
@pytest.mark.parametrize("beta", [0.0, 0.4, 1.7, 30.0])
def test_ising_chain(beta: float, t: float) -> None:
    spins = states(9)
    x = 1.5 * np.random.default_rng(2).standard_normal((40, 9))
    found = population(IsingChain(beta), 9).terms(x, t)[:, 0]
    np.testing.assert_allclose(found, by_summation(beta * (spins[:, 1:] * spins[:, :-1]).sum(axis=1), spins, x, t), rtol=1e-12, atol=1e-9)


def test_chains_at_two_couplings() -> None:
    spins = states(7)
    bonds = (spins[:, 1:] * spins[:, :-1]).sum(axis=1)
    x = 1.5 * np.random.default_rng(8).standard_normal((20, 7))
    one, other = (by_summation(beta * bonds, spins, x, 0.4) for beta in (0.2, 1.3))
    found = population(IsingChains(0.2, 1.3, 0.25), 7).terms(x, 0.4)[:, 0]
    np.testing.assert_allclose(np.exp(found), 0.25 * np.exp(one) + 0.75 * np.exp(other), rtol=1e-9)


@pytest.mark.parametrize("t", TIMES)
@pytest.mark.parametrize("name", ["product-ternary", "product-bernoulli", "product-laplace", "product-gauss-bernoulli", "product-uniform"])
def test_coordinates(name: str, t: float) -> None:
    """Against the sum over atoms and mpmath's integral of the expression, within four widths of the noise of places that data have."""
    model = get_model(name)
    exact: Any = model.law(model.complete({}))
    inside = [0.3, -1.7 if name == "product-uniform" else -4.0] if exact.pieces else []
    data = [float(w.place) for w in exact.atoms[:2]] + inside
    x = np.array([[math.exp(-t) * place + math.sqrt(delta(t)) * z for place in data for z in (-4.0, 0.0, 2.0)]])
    found = population(in_numbers(exact), x.size).terms(x, t)[0]
    for value, place in zip(found, x[0], strict=True):
        total = sum(float(w.weight) * channel(place, float(w.place), t) for w in exact.atoms)
        for part in exact.pieces:
            f, width = sp.lambdify(a, part.density, "mpmath"), math.sqrt(delta(t)) * math.exp(t)
            ends = [float(e) for e in (part.low, part.high)]
            middle = min(max(place * math.exp(t), ends[0]), ends[1])
            around = (0.0, *ends, *(middle + k * width for k in (-40, -12, -4, 0, 4, 12, 40)))
            marks = sorted({min(max(m, ends[0]), ends[1]) for m in around})
            total += float(part.weight) * mpmath.quad(lambda u, f=f, place=place: f(u) * channel(place, u, t), marks)
        assert value == pytest.approx(float(mpmath.log(total)), abs=1e-8 + 8e-8 / delta(t))  # linear between points 4e-4 apart


def channel(x: float, place: Any, t: float) -> Any:
    return mpmath.npdf(x, math.exp(-t) * place, math.sqrt(delta(t)))


def test_terms_of_independent_coordinates_add_up_to_the_joint_density() -> None:
    """Two coordinates of a ternary prior: nine states."""
    law = law_of("product-ternary")
    spins = np.array([(p.place, q.place) for p in law.atoms for q in law.atoms])
    log_weight = np.log([p.weight * q.weight for p in law.atoms for q in law.atoms])
    x = np.random.default_rng(3).standard_normal((20, 2))
    np.testing.assert_allclose(population(law, 2).terms(x, 0.4).sum(axis=1), by_summation(log_weight, spins, x, 0.4), atol=1e-6)


@pytest.mark.parametrize("t", TIMES)
def test_a_spectrum_is_a_gaussian_with_its_eigenvalues(t: float) -> None:
    law = law_of("spectrum-power-law")
    x = np.random.default_rng(4).standard_normal((5, 6))
    variances = [delta(t) + math.exp(-2 * t) * 0.5 * math.sqrt(6 / (i + 0.5)) for i in range(6)]
    expected = [sum(float(mpmath.log(mpmath.npdf(value, 0, math.sqrt(v)))) for value, v in zip(row, variances, strict=True)) for row in x]
    np.testing.assert_allclose(population(law, 6).terms(x, t).sum(axis=1), expected, rtol=1e-7)


def test_clusters_of_different_widths_and_rare_ones() -> None:
    law = Mixture((Cluster(0.4, (0.5, 0.0), 1.0), Cluster(0.6, (0.0, -1.0), 0.3), Cluster(2.0, (1.0, 1.0), 2.0, 0.7)))
    d, t = 5, 0.3
    x = np.random.default_rng(5).standard_normal((6, d))
    weights = np.array([0.4, 0.6, 2.0 * math.exp(-0.7 * d)])
    total = 0.0
    for c, weight in zip(law.clusters, weights / weights.sum(), strict=True):
        width = delta(t) + c.sd**2 * math.exp(-2 * t)
        centre = math.exp(-t) * math.sqrt(d) * np.array(c.centre) @ frame(2, d)
        total = total + weight * np.exp(-np.square(x - centre).sum(axis=1) / (2 * width)) / (2 * math.pi * width) ** (d / 2)
    np.testing.assert_allclose(population(law, d).terms(x, t)[:, 0], np.log(total), rtol=1e-12)


def test_random_energies_have_no_density() -> None:
    with pytest.raises(DomainError, match="no law of data"):
        population(RandomEnergies(1.0, 1.0), 3)


def test_moments_of_a_spectrum_are_sums_over_its_eigenvalues() -> None:
    """I = mean of log(1 + gamma w)/2 and V = mean of gamma w/(1 + gamma w). 200 groups of 16: 5.5 standard errors, detects 1 % of both."""
    law: GaussianSpectrum = law_of("spectrum-marchenko-pastur")
    mean, variance = information_moments(np.random.default_rng(6), law, 32, [0.3, 1.0], 200, 16)
    for k, t in enumerate((0.3, 1.0)):
        signal = eigenvalues(law, 32) / math.expm1(2 * t)
        for found, exact in ((mean[:, k], 0.5 * np.log1p(signal).mean()), (variance[:, k], (signal / (1 + signal)).mean())):
            assert abs(found.mean() - exact) < SIGMAS * found.std(ddof=1) / math.sqrt(200)


def test_variance_term_by_term_is_that_of_the_sum_where_coordinates_are_independent() -> None:
    """Rademacher spins as a product, measured by coordinates, and as a chain without coupling, measured by the sum: within 5.5 errors."""
    found = [
        information_moments(np.random.default_rng(7 + k), law, 24, [0.4], 400, 16)
        for k, law in enumerate((law_of("product-rademacher"), IsingChain(0.0)))
    ]
    for one, other in zip(*found, strict=True):
        error = math.hypot(one.std(ddof=1), other.std(ddof=1)) / 20
        assert abs(one.mean() - other.mean()) < SIGMAS * error
