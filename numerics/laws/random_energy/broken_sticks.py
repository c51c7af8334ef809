"""Distribution of the participation ratio Y = sum w^2 in the glass, by samples of the Poisson-Dirichlet law of the weights.

Broken sticks: w_k = V_k prod_{j<k} (1 - V_j) with independent V_k ~ Beta(1 - m, k m) is a size-biased order of the weights (Pitman and
Yor, Ann. Probab. 25, 855 (1997)). What is left of the stick after `_STICKS` pieces is a Poisson-Dirichlet law of its own, of which only
the mean of its share of Y is kept.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from regimes.numerics.arrays import Answer, FloatArray, Pair, Values
from regimes.numerics.laws.random_energy.limit import rsb_parameter
from regimes.theory.params import Param

SHARE = Param("share", "y", "value of the participation ratio", 0, 1, closed="both", typical=(0.1, 0.9))

_SAMPLES, _STICKS, _BLOCK = 1 << 16, 160, 1 << 13
_SEED = 20240607
_STANDARD_ERRORS = 5.0
LIQUID = "in the liquid the participation ratio is zero: it has no distribution"


@lru_cache(maxsize=16)
def samples(m: float) -> FloatArray:
    """Sorted participation ratios at Poisson-Dirichlet parameter 0 < m < 1; the same for the same m."""
    rng, k = np.random.default_rng(_SEED), np.arange(1, _STICKS + 1)
    found = []
    for _ in range(_SAMPLES // _BLOCK):
        v = rng.beta(1 - m, k * m, size=(_BLOCK, _STICKS))
        left = np.cumprod(1 - v, axis=1)
        w = v * np.concatenate([np.ones((_BLOCK, 1)), left[:, :-1]], axis=1)
        found.append((w * w).sum(axis=1) + left[:, -1] ** 2 * (1 - m) / (1 + _STICKS * m))
    return np.sort(np.concatenate(found))


def participation_distribution(values: Values) -> Answer:
    """P(Y <= share) in the limit of many levels; five standard errors of the sample."""
    SHARE.check(values["share"])
    m = rsb_parameter(values).value
    value, error = np.full(m.shape, np.nan), np.full(m.shape, np.nan)
    for k in np.flatnonzero(m < 1):
        value[k] = np.searchsorted(samples(float(m[k])), values["share"][k], side="right") / _SAMPLES
        # one sample more or less keeps the error of a share of none or all above zero
        error[k] = _STANDARD_ERRORS * np.sqrt((value[k] * (1 - value[k]) + 1 / _SAMPLES) / _SAMPLES)
    return Answer.of(Pair(value, error), np.where(m < 1, "", LIQUID).astype(object))
