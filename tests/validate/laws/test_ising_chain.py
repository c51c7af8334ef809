"""Open Ising chains against sums over all states."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from regimes.theory.laws import IsingChain
from regimes.validate.laws import density
from regimes.validate.simulation.channel import noise_var

TIMES = [1e-3, 0.05, 0.4, 3.0]


def states(d: int) -> NDArray[np.float64]:
    return np.array(list(itertools.product([-1.0, 1.0], repeat=d)))


def by_summation(log_weight: NDArray[np.float64], spins: NDArray[np.float64], x: NDArray[np.float64], t: float) -> NDArray[np.float64]:
    """log sum_a P(a) N(x; e^{-t} a, Delta) from all states."""
    gap = x[:, None, :] - math.exp(-t) * spins
    exponent = log_weight - np.logaddexp.reduce(log_weight) - np.square(gap).sum(axis=2) / (2 * noise_var(t))
    return np.logaddexp.reduce(exponent, axis=1) - 0.5 * x.shape[1] * math.log(2 * math.pi * noise_var(t))


@pytest.mark.parametrize("t", TIMES)
@pytest.mark.parametrize("beta", [0.0, 0.4, 1.7, 30.0])
def test_ising_chain(beta: float, t: float) -> None:
    spins = states(9)
    x = 1.5 * np.random.default_rng(2).standard_normal((40, 9))
    found = density(IsingChain(beta), 9).terms(x, t)[:, 0]
    np.testing.assert_allclose(found, by_summation(beta * (spins[:, 1:] * spins[:, :-1]).sum(axis=1), spins, x, t), rtol=1e-12, atol=1e-9)
