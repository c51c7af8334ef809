"""Ising chains at two couplings: data, density and score."""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from regimes.theory.laws import (
    IsingChains,
)
from regimes.validate.laws import density, draw
from regimes.validate.simulation.channel import noise_var

SIGMAS = 5.5


def test_chains_at_two_couplings_have_their_weights_and_bonds(seed: int) -> None:
    """40 000 chains of six spins: detects 3 % of a weight, and 0.014 in a correlation of neighbours, tanh(beta)."""
    data, labels = draw(np.random.default_rng(seed), IsingChains(0.2, 1.1, 0.3), 40_000, 6)
    for k, (weight, beta) in enumerate(((0.3, 0.2), (0.7, 1.1))):
        own = data[labels == k]
        assert abs(len(own) - 40_000 * weight) < SIGMAS * math.sqrt(40_000 * weight * (1 - weight))
        bonds = own[:, 1:] * own[:, :-1]
        assert abs(bonds.mean() - math.tanh(beta)) < SIGMAS / math.cosh(beta) / math.sqrt(bonds.size)


def states(d: int) -> NDArray[np.float64]:
    return np.array(list(itertools.product([-1.0, 1.0], repeat=d)))


def by_summation(log_weight: NDArray[np.float64], spins: NDArray[np.float64], x: NDArray[np.float64], t: float) -> NDArray[np.float64]:
    """log sum_a P(a) N(x; e^{-t} a, Delta) from all states."""
    gap = x[:, None, :] - math.exp(-t) * spins
    exponent = log_weight - np.logaddexp.reduce(log_weight) - np.square(gap).sum(axis=2) / (2 * noise_var(t))
    return np.logaddexp.reduce(exponent, axis=1) - 0.5 * x.shape[1] * math.log(2 * math.pi * noise_var(t))


def test_chains_at_two_couplings() -> None:
    spins = states(7)
    bonds = (spins[:, 1:] * spins[:, :-1]).sum(axis=1)
    x = 1.5 * np.random.default_rng(8).standard_normal((20, 7))
    one, other = (by_summation(beta * bonds, spins, x, 0.4) for beta in (0.2, 1.3))
    found = density(IsingChains(0.2, 1.3, 0.25), 7).terms(x, 0.4)[:, 0]
    np.testing.assert_allclose(np.exp(found), 0.25 * np.exp(one) + 0.75 * np.exp(other), rtol=1e-9)
