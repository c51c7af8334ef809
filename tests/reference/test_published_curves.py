"""The published Monte Carlo curves, against the exact finite-size theory (see README.md beside this file for the source)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import binom

from regimes.theory.laws import GaussianClusters
from tests.numerics import exact

HERE = Path(__file__).parent
TWO_CLUSTERS = GaussianClusters((0.5, 0.5), ((1.0,), (-1.0,)), 1.0)
ONE_CLUSTER = GaussianClusters((1.0,), ((),), 1.0)
PAIRS = 10_000


def read(name: str) -> Any:
    return np.genfromtxt(HERE / name, delimiter=",", names=True)


@pytest.fixture(scope="module")
def entropy() -> Any:
    return read("excess_entropy_gaussian_mixture.csv")


@pytest.fixture(scope="module")
def cloning() -> Any:
    return read("cloning_gaussian_mixture.csv")


def mean_squared_z(entropy: Any, law: Any) -> Any:
    n, d = 20_000, 256
    # tol is loose: the first two resolutions agree to 1e-6, the published errors are 1e-3.
    value, error = exact.excess_entropy(law, entropy["t"], n, d, tol=1e-3)
    assert (error < 1e-3 * entropy["standard_error"]).all()
    z = (entropy["fe_over_alpha"] - value * d / math.log(n)) / entropy["standard_error"]
    return float(np.mean(z**2))


def test_published_excess_entropy_is_the_exact_one_within_its_errors(entropy: Any) -> None:
    """20 nearly independent z-scores: a mean square above 1.5 has probability 0.07 under a correct theory; measured 0.99."""
    assert mean_squared_z(entropy, TWO_CLUSTERS) < 1.5


def test_without_the_class_entropy_the_published_excess_entropy_is_missed(entropy: Any) -> None:
    """The comparison has teeth: dropping log 2 out of log n is 7 % of alpha, 30 standard errors."""
    assert mean_squared_z(entropy, ONE_CLUSTER) > 100


def test_the_asymptotic_formula_misses_by_tens_of_standard_errors(entropy: Any) -> None:
    t, alpha = entropy["t"], math.log(20_000) / 256
    information = 0.5 * np.log1p(np.exp(-2 * t) / -np.expm1(-2 * t))
    z = (entropy["fe_over_alpha"] - np.maximum(alpha - information, 0) / alpha) / entropy["standard_error"]
    assert np.max(np.abs(z)) > 20
    assert np.mean(z**2) > 100


def cloning_probability(t: float, d: float, scale: float = 1.0) -> Any:
    """1 - exp(-kappa/2)/2 E sech(sqrt(kappa) z), kappa = d exp(-2t) as Gamma_t = 1, by adaptive quadrature."""
    kappa = scale * d * math.exp(-2 * t)
    u = math.sqrt(kappa)

    def sech(z: float) -> Any:
        return math.exp(-0.5 * z * z - kappa / 2) * 2 / (math.exp(u * z) + math.exp(-u * z))

    return 1 - quad(sech, 0, 12, points=[min(1 / u, 11)], limit=400, epsabs=1e-13)[0] / math.sqrt(2 * math.pi)


def smallest_p_value(cloning: Any, scale: float = 1.0) -> Any:
    phi = np.array([cloning_probability(t, d, scale) for t, d in zip(cloning["t"], cloning["d"], strict=True)])
    counts = np.round(cloning["phi"] * PAIRS)
    below, above = binom.cdf(counts, PAIRS, phi), binom.sf(counts - 1, PAIRS, phi)
    return float(np.minimum(1, 2 * np.minimum(below, above)).min())


def test_published_cloning_curve_is_the_universal_one_within_its_binomial_errors(cloning: Any) -> None:
    """Exact binomial tests at one family error rate of 1 % (Bonferroni over 38 points).

    The published runs have time step 0.01, whose bias is far below the binomial error 0.005 of a point: no allowance is made for it.
    """
    assert smallest_p_value(cloning) > 0.01 / cloning.size


@pytest.mark.parametrize("scale", [0.8, 1.25])
def test_a_wrong_signal_to_noise_ratio_fails_the_cloning_comparison(cloning: Any, scale: float) -> None:
    assert smallest_p_value(cloning, scale) < 0.01 / cloning.size
