"""Independent normal energy levels: all drawn, Gibbs averages taken from their definitions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from regimes.numerics.arrays import FloatArray
from regimes.theory.errors import DomainError

_BLOCK = 2**20  # levels held at once, or one sample's
_LARGEST = 22  # 2^22 levels: three arrays of 32 MB


class Sampled(NamedTuple):
    """What R independent samples of the levels show at B inverse temperatures; per d, entropies in nats.

    Attributes
    ----------
    log_partition : array
        (R, B) log Z/d.
    entropy : array
        (R, B) -sum w log w/d of the Gibbs weights w.
    energy : array
        (R, B) sum w E/d.
    participation : array
        (R, B) sum w^2.
    lowest : array
        (R,) lowest level, per d.
    """

    log_partition: FloatArray
    entropy: FloatArray
    energy: FloatArray
    participation: FloatArray
    lowest: FloatArray


def sample_levels(rng: np.random.Generator, d: int, samples: int, beta: npt.ArrayLike, variance: float = 1.0) -> Sampled:
    """Draw 2^d levels N(0, d variance), `samples` times; the temperatures share the levels.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of every random number; equal states give equal bits.
    d : int
        Binary logarithm of the number of levels, a whole number from 0 to 22.
    samples : int
        Number R of independent samples.
    beta : array_like
        (B,) inverse temperatures, positive.
    variance : float
        Variance of a level per d.

    Raises
    ------
    DomainError
        An argument outside its domain.
    """
    betas = np.asarray(beta, dtype=np.float64).reshape(-1)
    if not (0 <= d <= _LARGEST and d == int(d) and samples >= 1 and variance > 0 and (betas > 0).all() and np.isfinite(betas).all()):
        raise DomainError(
            f"need a whole number 0 <= d <= {_LARGEST}, samples >= 1, variance > 0 and beta > 0, not d={d}, "
            f"samples={samples}, variance={variance}, beta={betas.tolist()}"
        )
    count, per_d = 2 ** int(d), 1 / max(d, 1)
    rows = max(1, min(samples, _BLOCK // count))
    found = np.empty((4, samples, betas.size))
    lowest = np.empty(samples)
    levels, weights = np.empty((rows, count)), np.empty((rows, count))
    for start in range(0, samples, rows):
        stop = min(start + rows, samples)
        above, w = levels[: stop - start], weights[: stop - start]
        rng.standard_normal(out=above)
        above *= np.sqrt(d * variance)
        bottom = above.min(axis=1)
        above -= bottom[:, None]
        lowest[start:stop] = bottom * per_d
        for k, b in enumerate(betas):
            np.multiply(above, -b, out=w)
            np.exp(w, out=w)
            total = w.sum(axis=1)  # from 1 to 2^d
            mean = np.einsum("ij,ij->i", w, above) / total
            found[0, start:stop, k] = (np.log(total) - b * bottom) * per_d
            found[1, start:stop, k] = (np.log(total) + b * mean) * per_d
            found[2, start:stop, k] = (bottom + mean) * per_d
            found[3, start:stop, k] = np.einsum("ij,ij->i", w, w) / total**2
    return Sampled(found[0], found[1], found[2], found[3], lowest)
