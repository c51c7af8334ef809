"""Gaussian clusters with their own means, widths and weights."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from regimes.numerics.arrays import IntArray, RealArray
from regimes.theory.errors import DomainError
from regimes.theory.laws import Mixture
from regimes.validate.laws import NO_ORDER_PARAMETER, Answers, Invariants
from regimes.validate.simulation.channel import Real, cluster_var, frame
from regimes.validate.simulation.scores import OrderParameter, log_sum_exp, softmax

if TYPE_CHECKING:
    from regimes.theory.model import DataModel
    from regimes.validate.plans.study import Budget, Setting, Study


def cluster_log_weights(law: Mixture, d: int) -> RealArray:
    """(K,) logarithms of the probabilities of the clusters in `d` dimensions, where those with a cost are rare."""
    exponent = np.array([math.log(c.weight) - d * c.cost for c in law.clusters])
    return np.asarray(exponent - np.logaddexp.reduce(exponent))


def _draw(rng: np.random.Generator, law: Mixture, n: int, d: int, dtype: Real) -> tuple[RealArray, IntArray]:
    labels = rng.choice(len(law.clusters), size=n, p=np.exp(cluster_log_weights(law, d)))
    spreads = np.array([c.sd for c in law.clusters])[labels, None]
    places = math.sqrt(d) * np.array([c.centre for c in law.clusters]).reshape(len(law.clusters), law.rank)
    data = spreads * rng.standard_normal((n, d)) + (places @ frame(law.rank, d))[labels]
    return data.astype(dtype, copy=False), labels


class MixtureCentre:
    """Gaussian clusters with their own means, widths and weights, vectorised over samples: two products with the r directions of the means.

    Parameters
    ----------
    law : Mixture
        The law, in numbers.
    d : int
        Dimension.
    variance : float, optional
        The reference variance; by default the mean of the clusters' variances.
    """

    def __init__(self, law: Mixture, d: int, variance: float | None = None) -> None:
        self._log_weights = cluster_log_weights(law, d)
        self._variances = np.array([c.sd for c in law.clusters]) ** 2
        self.variance = float(np.exp(self._log_weights) @ self._variances) if variance is None else variance
        self.d = d
        self._axes = frame(law.rank, d)
        self._means = math.sqrt(d) * np.array([c.centre for c in law.clusters]).reshape(len(law.clusters), law.rank)

    def _widths(self, t: float) -> RealArray:
        """(K,) variances of a coordinate in the noised clusters."""
        width = np.array([cluster_var(t, v) for v in self._variances])
        if not (t >= 0 and (width > 0).all()):
            raise DomainError(f"t={t}: the score needs t > 0, or t = 0 and clusters of positive width")
        return width

    def _log_joint(self, x: RealArray, t: float) -> RealArray:
        """log[w_c N(x; e^{-t} m_c, Gamma_c)] without (d/2) log 2 pi, (B, K)."""
        width, y = self._widths(t), x @ self._axes.T
        outside = x - y @ self._axes
        gap = y[:, None, :] - math.exp(-t) * self._means  # differences first: nothing cancels
        square = np.einsum("bkr,bkr->bk", gap, gap) + np.einsum("bi,bi->b", outside, outside)[:, None]
        return np.asarray(self._log_weights - square / (2.0 * width) - 0.5 * self.d * np.log(width))

    def posterior(self, x: RealArray, t: float) -> RealArray:
        """Probability of each cluster given x_t = x, (B, K)."""
        return softmax(self._log_joint(x, t))

    def log_density(self, x: RealArray, t: float) -> RealArray:
        """log P_t(x) in nats, (B,)."""
        return log_sum_exp(self._log_joint(x, t)) - 0.5 * self.d * math.log(2.0 * math.pi)

    def terms(self, x: RealArray, t: float) -> RealArray:
        """The same as one term, (B, 1)."""
        return self.log_density(x, t)[:, None]

    def __call__(self, x: RealArray, t: float) -> RealArray:
        """The centre, same shape and type as `x` (B, d)."""
        width, reference, decay = self._widths(t), cluster_var(t, self.variance), math.exp(-t)
        share = self.posterior(x, t)
        own = share @ (decay * (self._variances - self.variance) / width)  # e^t (1 - Gamma_t sum_c p_c/Gamma_c), without cancellation
        centre = own[:, None] * x + (share * (reference / width)) @ self._means @ self._axes
        return np.asarray(centre, dtype=x.dtype)


class RadialCentre:
    """Centred Gaussian classes: the length R = |x|.

    The score is S = -k x, k(R) = sum_c p(c|R)/Gamma_c. Ito's formula for R^2 under -dx = (1 - 2k) x dt + sqrt(2) dW gives
    -d(R^2) = [2 (1 - 2k) R^2 + 2d] dt + 2 sqrt(2) R dW, and for its root -dR = [(1 - 2k) R + (d - 1)/R] dt + sqrt(2) dW: a Bessel
    process with a drift, whose noise is constant. So 2 S(R) = -2k R + (d - 1)/R.
    """

    complete = True

    def __init__(self, law: Mixture, d: int) -> None:
        self._log_weights = cluster_log_weights(law, d)
        self._variances = np.array([c.sd for c in law.clusters]) ** 2
        self.variance = float(np.exp(self._log_weights) @ self._variances)
        self._d = d

    def read(self, x: RealArray) -> RealArray:
        return np.asarray(np.linalg.norm(x, axis=1)[:, None])

    def _widths(self, t: float) -> RealArray:
        return np.array([cluster_var(t, v) for v in self._variances])

    def posterior(self, x: RealArray, t: float) -> RealArray:
        """Probability of each class given |x_t|, (B, K): as much as x_t tells."""
        width = self._widths(t)
        return softmax(self._log_weights - np.square(x) / (2.0 * width) - 0.5 * self._d * np.log(width))

    def __call__(self, x: RealArray, t: float) -> RealArray:
        """The centre, (B, 1)."""
        pull = (self.posterior(x, t) @ (1.0 / self._widths(t)))[:, None]
        score = (self._d - 1) / (2.0 * x) - pull * x
        return np.asarray(math.exp(t) * (x + cluster_var(t, self.variance) * score), dtype=x.dtype)


def _order_parameter(law: Mixture, d: int) -> OrderParameter:
    if law.rank:
        raise DomainError(f"{law.family} {NO_ORDER_PARAMETER}")
    return RadialCentre(law, d)


def _reversed_weights(law: Mixture) -> Mixture:
    turned = zip(law.clusters, law.clusters[::-1], strict=True)
    return Mixture(tuple(replace(own, weight=other.weight, cost=other.cost) for own, other in turned))


def plan(model: DataModel, budget: Budget, seed: int) -> list[Study]:
    """Levels as of every law; classes in full dimension, those that differ in the width only also by the length of x."""
    from regimes.validate.plans.levels import of_levels
    from regimes.validate.plans.study import Setting, settings

    usual = settings(model)[0]
    parted = Setting(model, {**usual.values, "sigma_b": 0.6}) if _alike(usual) else usual
    return of_levels(model, budget, seed, finite_size=True) + _classes(parted, budget, seed)


def _alike(s: Setting) -> bool:
    """Whether the widths are equal, though the model has a parameter for either: that is another model."""
    law = s.law
    assert isinstance(law, Mixture)
    return "sigma_b" in s.values and len({c.sd for c in law.clusters}) == 1 and not any(c.cost for c in law.clusters)


def _classes(s: Setting, budget: Budget, seed: int) -> list[Study]:
    from regimes.validate.plans import classes

    law = s.law
    assert isinstance(law, Mixture)
    if law.class_count == 1 or any(c.sd == 0 for c in law.clusters) or classes.parting(s, 32) is None:
        return []
    d = max(32, law.rank)
    many, few = (classes.predicted_times(s, d, offsets) for offsets in (classes.MANY, classes.FEW))
    studies = [
        classes.forward_classes(s, budget, seed, d, many),
        classes.full_clones(s, budget, seed, d, few, "exponential", batches=8, samples=512),
    ]
    if law.rank == 0:
        studies.append(classes.overlap_clones(s, budget, seed, d, few))
    uneven = classes.uneven(s)
    return studies + (classes.all_shares(uneven, budget, seed, d, samples=4096) if uneven != s else [])


ANSWERS = Answers(
    draw=_draw,
    density=MixtureCentre,
    score=MixtureCentre,
    plan=plan,
    invariants=Invariants(
        weights=lambda law: [c.weight for c in law.clusters if float(c.cost) == 0],
        one_law_of_levels=False,
    ),
    class_weights=lambda law, d: np.asarray(np.exp(cluster_log_weights(law, d))),
    order_parameter=_order_parameter,
    reversed_weights=_reversed_weights,
)
