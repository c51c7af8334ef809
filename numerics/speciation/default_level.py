"""The default level of the cloning definition: the universal curve of two balanced classes at kappa = 1."""

from __future__ import annotations

from functools import cache

import numpy as np


@cache
def default_level() -> float:
    """phi(kappa = 1) of balanced classes, 0.7752..."""
    from regimes.numerics.predict import predict

    # d mu^2 gamma/(1 + gamma sigma^2) = 1 at gamma = 1, mu = sqrt(2), sigma = 1, d = 1.
    at_one = predict("gaussian-mixture", "cloning-probability", t=float(np.log(2) / 2), d=1, mu=float(np.sqrt(2)), sigma=1.0, weight=0.5)
    return float(at_one.value)
