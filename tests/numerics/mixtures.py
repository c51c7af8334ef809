"""Mixtures in numbers, their densities written down again."""

from __future__ import annotations

from typing import Any

import numpy as np

from regimes.numerics.laws.mixture.odds import MixtureOdds

FloatArray = Any


def mixture(weights: Any, sds: Any, centres: Any, costs: Any = 0.0) -> MixtureOdds:
    """One mixture in numbers."""
    w, s, c = (np.asarray(x, dtype=float)[None] for x in (weights, sds, centres))
    return MixtureOdds(w, np.broadcast_to(np.asarray(costs, dtype=float), w.shape), s, c)


def at_time(law: MixtureOdds, t: float, d: float) -> tuple[list[float], FloatArray]:
    """Variances and means of x_t, written down again."""
    decay = np.exp(-t)
    return [1 - decay**2 + s**2 * decay**2 for s in law._sds[0]], law._centres[0] * np.sqrt(d) * decay


def weighted_densities(law: MixtureOdds, t: float, d: float, x: FloatArray) -> FloatArray:
    """w_c P_t^c(x) for x (d,)."""
    variances, means = at_time(law, t, d)
    full = np.zeros((law.count, int(d)))
    full[:, : means.shape[1]] = means
    w = law._weights[0]
    return np.array([w[c] * np.exp(-((x - full[c]) ** 2).sum() / (2 * v)) / (2 * np.pi * v) ** (d / 2) for c, v in enumerate(variances)])
