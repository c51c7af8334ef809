"""The information density of Gaussian clusters on a line: nearly Gaussian inside a cluster, its class part kept exactly."""

from __future__ import annotations

import numpy as np

from regimes.numerics.arrays import FloatArray
from regimes.numerics.collapse.gaussian_points import Channel
from regimes.numerics.collapse.window import Density, gaussian_information, known
from regimes.numerics.laws.clusters.points import channel
from regimes.theory.laws import GaussianClusters


def density(law: GaussianClusters, t: float) -> Density:
    """Mean, variance and class part at a time."""
    return known(*gaussian_information(channel(law, t, 1).q), lambda d, nodes: _class_part(channel(law, t, d), nodes))


def _class_part(ch: Channel, nodes: int) -> tuple[FloatArray, FloatArray]:
    """log[p(c|x)/w_c] on the nodes of the average over the class c and the coordinate along the centres, and their weights."""
    if ch.positions.size == 1:
        return np.zeros(1), np.ones(1)
    g = np.linspace(-8.9, 8.9, nodes)
    gauss = np.exp(-0.5 * g * g)
    shift = ch.positions[:, None] - ch.positions  # own class, other class
    exponents = np.log(ch.weights)[None, :, None] - shift[..., None] * (g + 0.5 * shift[..., None])
    top = exponents.max(axis=1)
    value = -(top + np.log(np.exp(exponents - top[:, None]).sum(axis=1)))
    return value.ravel(), (ch.weights[:, None] * (gauss / gauss.sum())).ravel()
