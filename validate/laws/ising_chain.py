"""Open Ising chains."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from regimes.numerics.arrays import IntArray, RealArray
from regimes.theory.laws import IsingChain
from regimes.validate.laws import NO_CLASSES, Answers, Invariants
from regimes.validate.simulation.channel import Real, noise_var
from regimes.validate.simulation.spins import log_cosh, spin_factor

if TYPE_CHECKING:
    from regimes.theory.model import DataModel
    from regimes.validate.plans.study import Budget, Study


def chains(rng: np.random.Generator, beta: RealArray, d: int) -> IntArray:
    """(n, d) spins of open chains at couplings beta (n,): a spin is its neighbour's, turned or not."""
    spin = np.where(rng.random((len(beta), d)) < 1.0 / (1.0 + np.exp(-2.0 * beta[:, None])), 1, -1).astype(np.int8)
    spin[:, 0] = np.where(rng.random(len(beta)) < 0.5, 1, -1)
    return np.asarray(np.multiply.accumulate(spin, axis=1))


def _draw(rng: np.random.Generator, law: IsingChain, n: int, d: int, dtype: Real) -> tuple[RealArray, IntArray]:
    return chains(rng, np.full(n, law.beta), d).astype(dtype), np.zeros(n, dtype=np.intp)


class Chain:
    """An open Ising chain: the sum over spins by the field that everything to the left exerts on the next spin."""

    def __init__(self, law: IsingChain) -> None:
        self._beta = law.beta

    def terms(self, x: RealArray, t: float) -> RealArray:
        beta, d = self._beta, x.shape[1]
        field = np.asarray(math.exp(-t) / noise_var(t) * x.T, order="C")  # row by row below
        cavity, log_sum = field[0], np.zeros(len(x))
        for i in range(1, d):
            plus, minus = log_cosh(cavity + beta), log_cosh(cavity - beta)
            log_sum += 0.5 * (plus + minus)
            cavity = field[i] + 0.5 * (plus - minus)
        log_sum += log_cosh(cavity) - (d - 1) * float(log_cosh(np.array(beta)))  # less the logarithm of the partition function
        return np.asarray(spin_factor(x, t) + log_sum)[:, None]


def _plan(model: DataModel, budget: Budget, seed: int) -> list[Study]:
    from regimes.validate.plans.levels import of_levels

    return of_levels(model, budget, seed, finite_size=True, method="window")


ANSWERS = Answers(
    draw=_draw,
    density=lambda law, d: Chain(law),
    score=NO_CLASSES,
    plan=_plan,
    invariants=Invariants(
        weights="given by its energy",
        finite_size=lambda law, d: (math.log(2) + math.log(d)) / d,  # one bond
        free=lambda law: False,
        independent=False,
    ),
)
