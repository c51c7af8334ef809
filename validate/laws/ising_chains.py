"""Open Ising chains at two couplings, the classes.

The centre of the score is the posterior mean of the spins (reference variance 0). Notation: u = e^{-t} x/Delta_t the field of x on the
spins, P(a|x) proportional to P_0(a) e^{u.a}.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from regimes.numerics.arrays import IntArray, RealArray
from regimes.theory.laws import IsingChain, IsingChains
from regimes.validate.laws import Answers
from regimes.validate.laws.ising_chain import Chain, chains
from regimes.validate.simulation.channel import Real, noise_var
from regimes.validate.simulation.scores import log_sum_exp, softmax
from regimes.validate.simulation.spins import log_cosh, spin_factor

if TYPE_CHECKING:
    from regimes.theory.model import DataModel
    from regimes.validate.plans.study import Budget, Setting, Study


def _draw(rng: np.random.Generator, law: IsingChains, n: int, d: int, dtype: Real) -> tuple[RealArray, IntArray]:
    labels = np.where(rng.random(n) < law.weight, 0, 1)
    return chains(rng, np.array([law.beta_a, law.beta_b])[labels], d).astype(dtype), labels


class TwoChains:
    """A chain at one of two couplings."""

    def __init__(self, law: IsingChains) -> None:
        self._parts = [(math.log(w), Chain(IsingChain(b))) for w, b in ((law.weight, law.beta_a), (1.0 - law.weight, law.beta_b))]

    def terms(self, x: RealArray, t: float) -> RealArray:
        (log_a, a), (log_b, b) = self._parts
        return np.asarray(np.logaddexp(log_a + a.terms(x, t), log_b + b.terms(x, t)))


class ChainsCentre:
    """Open Ising chains at two couplings, by forward and backward passes in the magnetisations that one side exerts on the next spin.

    With b = tanh(beta) and tau_i = tanh(u_i): m_{i+1} = b (m_i + tau_i)/(1 + m_i tau_i), m_1 = 0, and the average of e^{u.a} over a chain
    is the product of cosh(u_i) (1 + m_i tau_i).
    """

    variance = 0.0

    def __init__(self, law: IsingChains) -> None:
        self._turn = math.tanh(law.beta_a), math.tanh(law.beta_b)
        with np.errstate(divide="ignore"):
            self._log_weights = np.log([law.weight, 1.0 - law.weight])

    def _passes(self, tau: RealArray) -> tuple[list[RealArray], RealArray]:
        """For either coupling the magnetisations from the left (d, B); and log sums less those of cosh(u), with the weights (B, 2)."""
        found, logs = [], []
        for turn, log_weight in zip(self._turn, self._log_weights, strict=True):
            left, log = _from_left(tau, turn)
            found.append(left)
            logs.append(log_weight + log)
        return found, np.stack(logs, axis=1)

    def _fields(self, x: RealArray, t: float) -> RealArray:
        return np.asarray(math.exp(-t) / noise_var(t) * x.T.astype(np.float64), order="C")  # row by row below

    def posterior(self, x: RealArray, t: float) -> RealArray:
        """Probability of either chain given x_t = x, (B, 2); at t = 0 given the spins that are the signs of x."""
        if t == 0:
            bond = np.sign(x[:, 1:]) * np.sign(x[:, :-1])
            logs = [w + np.log1p(turn * bond).sum(axis=1) for w, turn in zip(self._log_weights, self._turn, strict=True)]
            return softmax(np.stack(logs, axis=1))
        return softmax(self._passes(np.tanh(self._fields(x, t)))[1])

    def log_density(self, x: RealArray, t: float) -> RealArray:
        """log P_t(x) in nats, (B,)."""
        field = self._fields(x, t)
        logs = self._passes(np.tanh(field))[1]
        return np.asarray(spin_factor(x, t) + log_cosh(field).sum(axis=0) + log_sum_exp(logs))

    def __call__(self, x: RealArray, t: float) -> RealArray:
        """Posterior mean of the spins, same shape and type as `x` (B, d)."""
        tau = np.tanh(self._fields(x, t))
        lefts, logs = self._passes(tau)
        share = softmax(logs)
        mean = np.zeros_like(tau)
        for k, (left, turn) in enumerate(zip(lefts, self._turn, strict=True)):
            right = _from_left(tau[::-1], turn)[0][::-1]
            both = left * right  # the three magnetisations on a spin add up like velocities
            mean += share[:, k] * ((left + right + tau * (1.0 + both)) / (1.0 + both + tau * (left + right)))
        return np.asarray(mean.T, dtype=x.dtype)


def _from_left(tau: RealArray, turn: float) -> tuple[RealArray, RealArray]:
    """Magnetisation on each spin by those before it (d, B), and sum_i log(1 + m_i tau_i), (B,)."""
    left = np.zeros_like(tau)
    norm = np.ones_like(tau)
    for i in range(len(tau) - 1):
        norm[i] += left[i] * tau[i]
        np.divide(left[i] + tau[i], norm[i], out=left[i + 1])
        left[i + 1] *= turn
    norm[-1] += left[-1] * tau[-1]
    return left, np.asarray(np.log(norm).sum(axis=0))


def _parting(s: Setting, d: int) -> float:
    """Where the classes part, to three digits, a little late at small d.

    KL = 2 to leading order in gamma: gamma^2 |C_a - C_b|^2/4, C the correlations of the spins.
    """
    law = s.law
    assert isinstance(law, IsingChains)
    distance = np.abs(np.subtract.outer(np.arange(d), np.arange(d)))
    difference = math.tanh(law.beta_a) ** distance - math.tanh(law.beta_b) ** distance
    return float(f"{0.5 * math.log1p(float(np.linalg.norm(difference)) / math.sqrt(8)):.3g}")


def _plan(model: DataModel, budget: Budget, seed: int) -> list[Study]:
    """Classes; what is predicted of them takes a while, so few times are looked at."""
    from regimes.validate.plans import classes
    from regimes.validate.plans.levels import of_levels
    from regimes.validate.plans.study import Setting

    studies = of_levels(model, budget, seed, finite_size=True, method="window")
    if {p.name for p in model.params} != {"beta_a", "beta_b"}:
        return studies
    s = Setting(model, model.complete({"beta_a": 1.0, "beta_b": 0.35}))
    times = classes.times_about(_parting(s, 32), classes.FEWEST)
    return [
        *studies,
        classes.forward_classes(s, budget, seed, 32, times),
        classes.full_clones(s, budget, seed, 32, times, "exponential", 8, 512),
    ]


ANSWERS = Answers(
    draw=_draw,
    density=lambda law, d: TwoChains(law),
    score=lambda law, d: ChainsCentre(law),
    plan=_plan,
    invariants="has classes but no energy levels of its own: the invariants of data models do not apply",
    class_weights=lambda law, d: np.array([law.weight, 1.0 - law.weight]),
    slow=lambda model: ("cloning-probability",),
)
