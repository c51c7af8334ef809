"""Probability that the datum nearest to x_t is the one x_t came from, at finite n and d.

Notation: as in `finite_size`, with levels that are not smeared. Seen from x at distance r sqrt(Gamma_t) from the centre of cluster c,
a datum of c lies at a distance s sqrt(q Delta_t), s^2 noncentral chi-square with mean root r sqrt((1+q)/q); the datum behind x, if it
belongs to c, lies at s_1 sqrt(q Delta_t/(1+q)), s_1^2 noncentral chi-square with mean root r/sqrt(q) (Bayes). With
F_x(s_1) the probability that a fresh datum is nearer than that,

    P(E_1 < min_mu E_mu) = E_x sum_c p(c|x) E_{s_1|x,c} (1 - F_x(s_1))^{n-1}.

Differences of roots are carried instead of the roots: at large times both are huge.
"""

from __future__ import annotations

import math

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from regimes.numerics.arrays import FloatArray
from regimes.numerics.collapse.finite_size import over_times
from regimes.numerics.collapse.gaussian_points import Channel, chi_square_rule, outer_points
from regimes.numerics.laws.clusters.points import channel
from regimes.theory.laws import GaussianClusters

_NODES = ((10, 40, 44), (16, 64, 56), (24, 96, 72), (48, 240, 120))  # radial, axial, of the distance


def _transverse(root: FloatArray, gap: FloatArray, d: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """sqrt(s^2 - chi2_{d-1}) - root and its ratio to s, at the nodes of the chi-square rule; weights of the rule."""
    chi, weights = chi_square_rule(d - 1, 14)
    s = np.maximum(root + gap, 0.0)[..., None]
    inner = np.sqrt(np.maximum(s * s - chi, 0.0))
    ratio = np.divide(s, inner, out=np.zeros_like(inner), where=inner > 0)
    along = np.where(inner > 0, gap[..., None] - np.divide(chi, s + inner, out=np.zeros_like(inner), where=inner > 0), -np.inf)
    return along, ratio, weights


def _far(root: FloatArray, d: int) -> NDArray[np.bool_]:
    """Where s > 0 by more than 8 deviations whatever the transverse part: a Gauss rule is as exact as the series, and shorter."""
    return np.asarray(root * root > 300 + 3 * d)


def _cdf(root: FloatArray, gap: FloatArray, d: int) -> FloatArray:
    """P(s < root + gap) for s^2 noncentral chi-square with d degrees of freedom and noncentrality root^2; arrays (X, S)."""
    result = np.empty_like(gap)
    far = np.broadcast_to(_far(root, d), gap.shape)
    roots = np.broadcast_to(root, gap.shape)
    result[~far] = scipy.special.chndtr(np.maximum(roots[~far] + gap[~far], 0.0) ** 2, d, roots[~far] ** 2)
    along, _, weights = _transverse(roots[far], gap[far], d)
    result[far] = scipy.special.ndtr(along) @ weights
    return result


def _pdf(root: FloatArray, gap: FloatArray, d: int) -> FloatArray:
    """Density of s at root + gap, as `_cdf`."""
    result = np.empty_like(gap)
    far = np.broadcast_to(_far(root, d), gap.shape)
    roots = np.broadcast_to(root, gap.shape)
    s = roots[~far] + gap[~far]
    result[~far] = 2 * s * scipy.stats.ncx2.pdf(s * s, d, roots[~far] ** 2)
    along, ratio, weights = _transverse(roots[far], gap[far], d)
    result[far] = (np.exp(-0.5 * along * along) * ratio / math.sqrt(2 * math.pi)) @ weights
    return result


def _average(ch: Channel, n: float, radial: int, axial: int, nodes: int) -> float:
    points = outer_points(ch, radial, axial)
    points = points.select(np.flatnonzero(points.weights > 1e-14))
    q, d = ch.q, ch.d
    r = np.sqrt(points.squares)
    log_shares = np.array([term.real[:, 0] for term in points.log_terms(np.ones((1, 1), dtype=complex))])
    shares = np.exp(log_shares - log_shares.max(axis=0))
    shares /= shares.sum(axis=0)
    x, w = np.polynomial.legendre.leggauss(nodes)
    total = 0.0
    for c, share in enumerate(shares):
        here = np.flatnonzero(share * points.weights > 1e-14)
        root = (r[c, here] / math.sqrt(q))[:, None]
        shift = (d - 1) / (np.sqrt(root * root + d - 1) + root + 1e-300)
        low, high = np.maximum(shift - 8, -root), shift + 8
        gap = low + (high - low) * (1 + x) / 2
        below = np.zeros_like(gap)
        for other, weight in enumerate(ch.weights):
            apart = (r[c, here] - r[other, here])[:, None] * math.sqrt((1 + q) / q) - r[c, here][:, None] * math.sqrt(q / (1 + q))
            below += weight * _cdf(r[other, here][:, None] * math.sqrt((1 + q) / q), gap / math.sqrt(1 + q) + apart, d)
        empty = np.exp((n - 1) * np.log1p(-np.minimum(below, 1 - 1e-16)))
        values = (_pdf(root, gap, d) * empty) @ w * (high - low)[:, 0] / 2
        total += float((points.weights * share)[here] @ values)
    return total


def _probability(ch: Channel, n: float, tol: float) -> tuple[float, float]:
    """The probability and its change from the previous resolution, refined until that is below tol or the list ends."""
    value, error = _average(ch, n, *_NODES[0]), math.inf
    for nodes in _NODES[1:]:
        value, previous = _average(ch, n, *nodes), value
        error = abs(value - previous) + 1e-11 * value
        if error <= tol * value:
            break
    return value, error


def decoding_probability(law: GaussianClusters, t: ArrayLike, n: float, d: int, *, tol: float = 1e-6) -> tuple[FloatArray, FloatArray]:
    """Probability that the datum nearest to x_t is the one it came from, at finite n and d; arguments as `finite_size.excess_entropy`."""
    return over_times(t, n, lambda time: _probability(channel(law, time, d), n, tol))
