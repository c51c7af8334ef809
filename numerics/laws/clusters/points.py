"""The average over x for Gaussian clusters whose centres lie on a line."""

from __future__ import annotations

import math

import numpy as np

from regimes.numerics.collapse.finite_size import Estimator
from regimes.numerics.collapse.gaussian_points import Channel, check_time_and_dimension, on_line
from regimes.theory.errors import NotCoveredError
from regimes.theory.laws import GaussianClusters


def channel(law: GaussianClusters, t: float, d: int) -> Channel:
    """The channel of a law with numbers in it at time t; `DomainError` for centres that span more than a line."""
    if law.rank > 1:
        raise NotCoveredError(f"finite-size integrals take clusters whose centres lie on one line (rank 0 or 1), not rank {law.rank}")
    check_time_and_dimension(t, d)
    noise_var, cluster_var = -math.expm1(-2 * t), float(law.sd) ** 2 * math.exp(-2 * t)
    line = np.array([float(centre[0]) if law.rank else 0.0 for centre in law.centres])
    scale = math.sqrt(d) * math.exp(-t) / math.sqrt(noise_var + cluster_var)
    return Channel(cluster_var / noise_var, line * scale, np.array([float(w) for w in law.weights]), d)


def points(law: GaussianClusters, t: float, d: int) -> Estimator:
    """How the average over x is taken."""
    return on_line(channel(law, t, d))
