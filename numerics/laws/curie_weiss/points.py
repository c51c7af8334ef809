"""The average over x for Curie-Weiss spins: a mixture of products over a field, whose points are counts of coordinates."""

from __future__ import annotations

import math

import numpy as np
import scipy

from regimes.numerics.collapse.finite_size import Estimator
from regimes.numerics.laws.product.count_points import REACH, Alphabet, energies, node_spacing
from regimes.numerics.laws.product.sampled_average import estimator
from regimes.theory.laws import CurieWeiss


def alphabet(law: CurieWeiss, t: float, d: int, *, spacing: float = 1.0) -> Alphabet:
    """Curie-Weiss spins with numbers in the law; at h = 0 the points of positive magnetisation stand for all; `spacing` as above."""
    gamma, beta, h = 1 / math.expm1(2 * t), float(law.beta), abs(float(law.h))  # flipping all spins flips the field
    root = math.sqrt(gamma)
    step = spacing * node_spacing(np.array([root, -root]))
    z = step * np.arange(-math.ceil(REACH / step), math.ceil(REACH / step) + 1)
    gauss = np.exp(-0.5 * z * z) / np.exp(-0.5 * z * z).sum()
    x = np.concatenate([root + z, z - root])
    up = np.arange(d + 1)
    total = 2 * up - d
    log_law = (
        scipy.special.gammaln(d + 1)
        - scipy.special.gammaln(up + 1)
        - scipy.special.gammaln(d - up + 1)
        + beta * total**2.0 / (2 * d)
        + h * total
    )
    size_law = np.exp(log_law - scipy.special.logsumexp(log_law))
    if h == 0:
        size_law = np.where(total > 0, 2 * size_law, np.where(total == 0, size_law, 0.0))
    present = size_law > 1e-26
    width = math.sqrt(beta / d)
    # The integrand is a mixture of normal laws around y = beta S/d: the trapezoidal rule is exact to 2 exp(-2 (pi/0.85)^2) = 3e-12.
    half = math.ceil((beta + 8 * width) / (0.85 * width)) if beta > 0 else 0
    y = 0.85 * width * np.arange(-half, half + 1)
    log_mass = (y + h)[:, None] * np.array([1.0, -1.0])
    log_norm = d * scipy.special.logsumexp(log_mass, axis=1)
    log_share = -0.5 * (y / max(width, 1e-300)) ** 2
    log_share = log_share - scipy.special.logsumexp(log_share + log_norm)
    typical = int(np.argmax(np.where(y >= 0, log_share + log_norm, -np.inf)))
    return Alphabet(
        (slice(0, z.size), slice(z.size, 2 * z.size)),
        np.concatenate([gauss, gauss]),
        energies(x, root * np.array([1.0, -1.0]), gamma),
        log_mass[:, None],
        log_share,
        np.stack([up, d - up], axis=1)[present],
        size_law[present] / size_law[present].sum(),
        typical,
    )


def points(law: CurieWeiss, t: float, d: int) -> Estimator:
    """How the average over x is taken."""
    return estimator(lambda d, spacing: alphabet(law, t, d, spacing=spacing), t, d)
