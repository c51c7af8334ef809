"""The forward Ornstein-Uhlenbeck channel.

Notation: x_t = e^{-t} a + sqrt(Delta_t) z, Delta_t = 1 - e^{-2t}, z ~ N(0, I); Gamma_t = Delta_t + sd^2 e^{-2t}
is the variance of one noised cluster of standard deviation sd.
"""

from __future__ import annotations

import math

import numpy as np

from regimes.numerics.arrays import RealArray
from regimes.theory.errors import DomainError

Real = type[np.float32] | type[np.float64]


def noise_var(t: float) -> float:
    """Variance Delta_t = 1 - e^{-2t} of the noise at forward time `t`, without cancellation at small `t`."""
    return -math.expm1(-2.0 * t)


def cluster_var(t: float, variance: float) -> float:
    """Variance Gamma_t = Delta_t + variance e^{-2t} of one coordinate of a noised cluster."""
    return noise_var(t) + variance * math.exp(-2.0 * t)


def frame(rank: int, d: int) -> RealArray:
    """Orthonormal rows (rank, d): the first `rank` vectors of the discrete cosine basis.

    The first row is (1, ..., 1)/sqrt(d), so that a centre of coordinate mu is the vector m = mu (1, ..., 1).

    Raises
    ------
    DomainError
        If `rank` directions do not fit into `d` dimensions.
    """
    if d < 1 or rank > d:
        raise DomainError(f"the means span {rank} directions: the dimension must be at least {max(rank, 1)}, not {d}")
    k = np.arange(rank)[:, None]
    rows: RealArray = np.sqrt(2.0 / d) * np.cos(np.pi * k * (np.arange(d) + 0.5) / d)
    rows[:1] = 1.0 / math.sqrt(d)
    return rows


def normal(rng: np.random.Generator, like: RealArray) -> RealArray:
    """Standard normal numbers in the shape of `like`, float32 if it is float32, else float64."""
    real: Real = np.float32 if like.dtype == np.float32 else np.float64
    return rng.standard_normal(like.shape, dtype=real)


def noised(rng: np.random.Generator, data: RealArray, t: float) -> RealArray:
    """The forward channel: e^{-t} data + sqrt(Delta_t) z, same shape and type as `data`."""
    noise = normal(rng, data)
    noise *= noise.dtype.type(math.sqrt(noise_var(t)))
    noise += noise.dtype.type(math.exp(-t)) * data
    return noise
