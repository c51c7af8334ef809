"""Curie-Weiss spins, whose classes are the signs of the magnetisation.

The centre of the score is the posterior mean of the spins (reference variance 0). Notation: u = e^{-t} x/Delta_t the field of x on the
spins, P(a|x) proportional to P_0(a) e^{u.a}; M the sum of all spins.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from regimes.numerics.arrays import IntArray, RealArray
from regimes.theory.laws import CurieWeiss
from regimes.validate.laws import Answers, Invariants
from regimes.validate.simulation.channel import Real, noise_var
from regimes.validate.simulation.scores import log_sum_exp, softmax
from regimes.validate.simulation.spins import log_cosh_sums, spin_factor

if TYPE_CHECKING:
    from regimes.theory.model import DataModel
    from regimes.validate.plans.study import Budget, Setting, Study

PANEL = 2**14  # entries of the largest block of fields: it stays in the cache


@cache
def magnetisation(law: CurieWeiss, d: int) -> tuple[RealArray, RealArray]:
    """Values of the sum of all spins, -d, -d + 2 ... d, and their logarithmic weights; both (d + 1,), unnormalised."""
    from scipy.special import gammaln

    up = np.arange(d + 1)
    total = 2.0 * up - d
    log_weight = gammaln(d + 1) - gammaln(up + 1) - gammaln(d - up + 1) + law.beta * total**2 / (2 * d) + law.h * total
    return total, np.asarray(log_weight)


def _draw(rng: np.random.Generator, law: CurieWeiss, n: int, d: int, dtype: Real) -> tuple[RealArray, IntArray]:
    """Exact at every d, by the Hubbard-Stratonovich field.

    Given the spins the field y is N(beta M/d, beta/d), M their sum; given y the spins are independent in the field y + h. So M from
    its exact law, y given M and new spins given y are data of the law.
    """
    total, log_weight = magnetisation(law, d)
    weight = np.exp(log_weight - log_weight.max())
    field = law.beta / d * rng.choice(total, size=n, p=weight / weight.sum()) + math.sqrt(law.beta / d) * rng.standard_normal(n)
    up = 1.0 / (1.0 + np.exp(-2.0 * (field + law.h)))
    spins: RealArray = np.where(rng.random((n, d)) < up[:, None], 1.0, -1.0)
    return spins.astype(dtype, copy=False), np.zeros(n, dtype=np.intp)


def sign_probabilities(law: CurieWeiss, d: int) -> RealArray:
    """(2,) probabilities of a positive and a negative magnetisation; a tie counts by half."""
    total, log_weight = magnetisation(law, d)
    return np.asarray(softmax(log_weight) @ sign_shares(total))


def sign_shares(total: RealArray) -> RealArray:
    """To which of the signs + and - each value of the magnetisation belongs, a tie by half to both: (N, 2)."""
    return np.stack([(total > 0) + 0.5 * (total == 0), (total < 0) + 0.5 * (total == 0)], axis=1)


class MeanFieldCentre:
    """Curie-Weiss spins. Given one Gaussian field y ~ N(0, beta/d) the spins are independent: the mean is an average of tanh(y + h + u_i).

    What is averaged over y is a mixture of Gaussians of variance beta/d; the trapezoidal rule with a spacing of 0.8 standard deviations
    is right to 2 exp(-2 pi^2/0.64) = 8e-14 of it.
    """

    variance = 0.0
    SPACING = 0.8

    def __init__(self, law: CurieWeiss, d: int) -> None:
        self._law, self.d = law, d
        spread = math.sqrt(law.beta / d)
        steps = math.ceil((law.beta / spread + 9.0) / self.SPACING) if spread else 0
        place = self.SPACING * np.arange(-steps, steps + 1)
        self._y = spread * place
        self._log_weight = -0.5 * place**2 + (math.log(self.SPACING) - 0.5 * math.log(2.0 * math.pi) if steps else 0.0)
        self._log_sum = float(log_sum_exp(magnetisation(law, d)[1]))
        total = 2.0 * np.arange(d + 1) - d
        self._log_pull = law.beta * total**2 / (2 * d)
        self._signs = sign_shares(total)

    def _fields(self, x: RealArray, t: float) -> tuple[RealArray, RealArray]:
        """Fields h + u (B, d), and logarithms of the weights of y given x, unnormalised (B, nodes)."""
        field = math.exp(-t) / noise_var(t) * x.astype(np.float64, copy=False) + self._law.h
        return field, self._log_weight + log_cosh_sums(field, self._y)

    def log_density(self, x: RealArray, t: float) -> RealArray:
        """log P_t(x) in nats, (B,)."""
        return np.asarray(spin_factor(x, t) + log_sum_exp(self._fields(x, t)[1]) - self._log_sum)

    def terms(self, x: RealArray, t: float) -> RealArray:
        """The same as one term, (B, 1)."""
        return self.log_density(x, t)[:, None]

    def __call__(self, x: RealArray, t: float) -> RealArray:
        """Posterior mean of the spins, same shape and type as `x` (B, d)."""
        field, exponent = self._fields(x, t)
        share = softmax(exponent)
        mean = np.empty_like(field)
        rows = max(1, PANEL // self.d)
        for first in range(0, len(x), rows):
            part = slice(first, first + rows)
            mean[part] = self._averaged(np.exp(-2.0 * np.clip(field[part], -300.0, 300.0)), share[part])
        return np.asarray(mean, dtype=x.dtype)

    def _averaged(self, tilt: RealArray, share: RealArray) -> RealArray:
        """sum_y share(y) tanh(y + f), tilt = e^{-2 f}, as 2 sum_y share(y)/(1 + e^{-2y} tilt) - 1: a division for each node."""
        up, one = np.zeros_like(tilt), np.empty_like(tilt)
        for node in np.flatnonzero(share.max(axis=0) > 1e-17):
            np.multiply(tilt, math.exp(-2.0 * self._y[node]), out=one)
            one += 1.0
            np.divide(share[:, node, None], one, out=one)
            up += one
        return np.asarray(2.0 * up - 1.0)

    def posterior(self, x: RealArray, t: float) -> RealArray:
        """Probabilities of M > 0 and M < 0 given x_t = x, a tie by half, (B, 2); at t = 0 of the signs of x.

        The law of M is that of independent spins in the fields h + u times e^{beta M^2/(2d)}: a sum of positive terms.
        """
        if t == 0:
            return np.asarray(self._signs[np.count_nonzero(x > 0, axis=1)])
        chance = 1.0 / (1.0 + np.exp(-2.0 * np.clip(math.exp(-t) / noise_var(t) * x.T.astype(np.float64) + self._law.h, -300.0, 300.0)))
        law = np.zeros((self.d + 1, len(x)))
        law[0] = 1.0
        for i, p in enumerate(chance):
            moved = law[: i + 1] * p
            law[: i + 1] *= 1.0 - p
            law[1 : i + 2] += moved
        with np.errstate(divide="ignore"):
            joint = softmax(np.log(law.T) + self._log_pull)
        return np.asarray(joint @ self._signs)


class MagnetisationCentre:
    """Curie-Weiss spins: q = sum_i x_i/sqrt(d), regime I.

    q is e^{-t} M/sqrt(d) + sqrt(Delta_t) z with the exact law of the magnetisation M, and its score is that of this law. What x tells
    of M beyond its sum is left out: a share of order e^{-2t}, and e^{-2t} is of order 1/d when the classes part.
    The centre is tabulated on a grid in q for every time.
    """

    variance = 0.0
    complete = False
    NODES = 2**10

    def __init__(self, law: CurieWeiss, d: int) -> None:
        total, log_weight = magnetisation(law, d)
        self._places, self._log_weights, self._shares = total / math.sqrt(d), log_weight, sign_shares(total)
        self._step = 2.0 / math.sqrt(d)

    def read(self, x: RealArray) -> RealArray:
        return np.asarray(x.sum(axis=1)[:, None] / math.sqrt(x.shape[1]))

    def _law(self, q: RealArray, t: float) -> RealArray:
        """Probabilities of the values of M given q (B,), (B, d + 1)."""
        gap = q[:, None] - math.exp(-t) * self._places
        return softmax(self._log_weights - np.square(gap) / (2.0 * noise_var(t)))

    def posterior(self, x: RealArray, t: float) -> RealArray:
        """Probability of either sign of M given q, a tie by half, (B, 2); at t = 0 that of the nearest value of M."""
        if t == 0:
            nearest = np.rint((x[:, 0] - self._places[0]) / self._step).astype(np.intp)
            return np.asarray(self._shares[np.clip(nearest, 0, len(self._places) - 1)])
        return self._tabulated(x, t, self._shares)

    def __call__(self, x: RealArray, t: float) -> RealArray:
        """Posterior mean of M/sqrt(d), (B, 1)."""
        return np.asarray(self._tabulated(x, t, self._places[:, None]), dtype=x.dtype)

    def _tabulated(self, x: RealArray, t: float, values: RealArray) -> RealArray:
        """Posterior means of `values` (d + 1, k) at q = x[:, 0], (B, k), by linear interpolation."""
        q = x[:, 0]
        grid = np.linspace(q.min(), q.max(), self.NODES)
        table = self._law(grid, t) @ values
        return np.stack([np.interp(q, grid, column) for column in table.T], axis=1)


def _parting(s: Setting, d: int) -> float:
    """Where the classes part, to three digits: <M^2>/d e^{-2t} = 1."""
    law = s.law
    assert isinstance(law, CurieWeiss)
    total, log_weight = magnetisation(law, d)
    return float(f"{0.5 * math.log(float(softmax(log_weight) @ total**2) / d):.3g}")


def _plan(model: DataModel, budget: Budget, seed: int) -> list[Study]:
    """Levels as of every law, and the signs; what is predicted of these takes a while, so few times are looked at."""
    from regimes.validate.plans import classes
    from regimes.validate.plans.levels import of_levels
    from regimes.validate.plans.study import Setting

    studies = of_levels(model, budget, seed, finite_size=True, method="window")
    if {p.name for p in model.params} != {"beta", "h"}:
        return studies
    s = Setting(model, model.complete({"beta": 1.5}))
    tilted = Setting(model, model.complete({"beta": 1.5, "h": 0.02}))
    small, large = classes.times_about(_parting(s, 24), classes.FEWEST), classes.times_about(_parting(s, 256), classes.FEW)
    return [
        *studies,
        classes.forward_classes(s, budget, seed, 24, small, groups=128),
        classes.full_clones(s, budget, seed, 24, small, "exponential", 4, 384),
        classes.overlap_clones(s, budget, seed, 24, small, 4),
        classes.forward_classes(s, budget, seed, 256, large, groups=128),
        classes.overlap_clones(s, budget, seed, 256, large, 4),
        classes.shares(tilted, budget, seed, 24, _parting(tilted, 24), "shares-sde", "exponential", batches=2, samples=1024),
    ]


ANSWERS = Answers(
    draw=_draw,
    density=MeanFieldCentre,
    score=MeanFieldCentre,
    plan=_plan,
    invariants=Invariants(
        weights="given by its energy",
        finite_size=lambda law, d: (math.log(2) + math.log(d)) / d,  # one global variable of at most d + 1 values
        free=lambda law: False,
        independent=False,
    ),
    class_weights=sign_probabilities,
    order_parameter=MagnetisationCentre,
    slow=lambda model: ("cloning-probability", "derivation"),
)
