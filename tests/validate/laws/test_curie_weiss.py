"""Curie-Weiss spins against sums over all states, and the score of the magnetisation."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from regimes.theory.laws import (
    CurieWeiss,
)
from regimes.validate.laws import density
from regimes.validate.laws.curie_weiss import MagnetisationCentre
from regimes.validate.simulation.channel import noise_var

TIMES = [1e-3, 0.05, 0.4, 3.0]
FERRO, COLD, HOT = CurieWeiss(1.5, 0.1), CurieWeiss(3.0, 0.0), CurieWeiss(0.0, -0.3)


def states(d: int) -> NDArray[np.float64]:
    return np.array(list(itertools.product([-1.0, 1.0], repeat=d)))


def by_summation(log_weight: NDArray[np.float64], spins: NDArray[np.float64], x: NDArray[np.float64], t: float) -> NDArray[np.float64]:
    """log sum_a P(a) N(x; e^{-t} a, Delta) from all states."""
    gap = x[:, None, :] - math.exp(-t) * spins
    exponent = log_weight - np.logaddexp.reduce(log_weight) - np.square(gap).sum(axis=2) / (2 * noise_var(t))
    return np.logaddexp.reduce(exponent, axis=1) - 0.5 * x.shape[1] * math.log(2 * math.pi * noise_var(t))


@pytest.mark.parametrize("t", TIMES)
@pytest.mark.parametrize(("beta", "h"), [(0.0, 0.0), (0.5, 0.0), (1.0, 0.3), (1.8, 0.0), (0.3, -2.0)])
def test_curie_weiss(beta: float, h: float, t: float) -> None:
    spins = states(9)
    total = spins.sum(axis=1)
    x = 1.5 * np.random.default_rng(1).standard_normal((40, 9))
    found = density(CurieWeiss(beta, h), 9).terms(x, t)
    assert found.shape == (40, 1)
    np.testing.assert_allclose(found[:, 0], by_summation(beta * total**2 / 18 + h * total, spins, x, t), rtol=1e-12, atol=2e-8)


@pytest.mark.parametrize("t", [0.05, 0.6, 2.0])
def test_score_of_the_magnetisation_is_the_gradient_of_its_log_density(t: float) -> None:
    """Linear interpolation in a table of 2^10 nodes: off by less than 1e-3 of the step between the values."""
    d, h = 12, 1e-4
    q = np.linspace(-4, 4, 41)[:, None]
    centre = MagnetisationCentre(FERRO, d)

    def density(q: np.ndarray) -> np.ndarray:
        total = np.arange(-d, d + 1, 2)
        mass = np.array([math.comb(d, (d + m) // 2) for m in total]) * np.exp(FERRO.beta * total**2 / (2 * d) + FERRO.h * total)
        return np.asarray(np.log(np.exp(-((q - math.exp(-t) * total / math.sqrt(d)) ** 2) / (2 * noise_var(t))) @ (mass / mass.sum())))

    slope = (density(q + h) - density(q - h)) / (2 * h)
    np.testing.assert_allclose((math.exp(-t) * centre(q, t)[:, 0] - q[:, 0]) / noise_var(t), slope, atol=1e-3 / noise_var(t))


def test_magnetisation_of_a_final_state_is_the_nearest_value() -> None:
    centre = MagnetisationCentre(COLD, 4)
    np.testing.assert_array_equal(centre.posterior(np.array([[0.9], [0.1], [-1.1], [9.0]]), 0.0), [[1, 0], [0.5, 0.5], [0, 1], [1, 0]])
