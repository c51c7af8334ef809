"""Excess entropy, collapse and decoding probabilities at finite n and d, by one-dimensional integrals.

Notation: a point x = e^{-t} a_1 + sqrt(Delta_t) z sees the other data as levels E_mu = |x - e^{-t} a_mu|^2/(2 Delta_t),
independent given x, with transform M_x(lam) = E exp(-lam E). Smear every level by l = log Exp(1), a Gumbel variable:

    P_x(v) = P(E + l <= v) = 1 - E exp(-e^{v-E}) = -(1/2 pi i) int Gamma(-lam) e^{lam v} M_x(lam) dlam,  0 < Re lam < 1.

The level of the datum behind x has the law of E tilted by e^{-E} (Bayes), so the same transform gives its smeared law
C_x(v) = P(E_1 + l > v) = e^{-v} P_x'(v)/M_x(1). With P = P_x(v), C = C_x(v), every term positive:

    d f^e     = E log(1 + sum_mu e^{E_1-E_mu})     = E_x int dv C [1 - (1-P)^{n-1}]
    1 - phi_C = 1 - E 1/(1 + sum_mu e^{E_1-E_mu})  = E_x int dv C (n-1) (1-P)^{n-2} P'
    phi_C     =                                      E_x int dv (-C') (1-P)^{n-1}

Source: the Laplace-transform integral of a random energy model, int ds/s (e^{-s} - e^{-sZ}) = log Z, with s = e^v.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh_tridiagonal
from scipy.special import loggamma

from regimes.theory.errors import DomainError
from regimes.theory.laws import GaussianClusters

FloatArray = NDArray[np.floating[Any]]
ComplexArray = NDArray[np.complexfloating[Any, Any]]
Form = Literal["excess", "confusion", "agreement"]

_DROP = 38.0  # e^{-38} < 2^{-54}: what is smaller than the peak by this factor is below rounding.

_NEGLIGIBLE = 1e-26  # weight of a point; the integrals are bounded by log n, and below by 1/n


@dataclass(frozen=True)
class Resolution:
    """Nodes of the outer averages and of the contour; `shift` moves the contour by that part of its distance to a pole."""

    radial: int
    axial: int
    step: float
    shift: float


_RESOLUTIONS = (Resolution(12, 56, 0.31, 0.15), Resolution(20, 84, 0.28, 0.0), Resolution(36, 160, 0.27, 0.1),
                Resolution(72, 360, 0.26, 0.0), Resolution(128, 800, 0.25, 0.1))


@dataclass(frozen=True)
class Channel:
    """The law at one time in units of the cluster's width: all that the integrals need.

    Attributes
    ----------
    q : sd^2 e^{-2t}/Delta_t, signal-to-noise ratio of one coordinate inside a cluster.
    positions : (K,) centres along their common line, in units of sqrt(Gamma_t).
    weights : (K,) probabilities of the clusters.
    d : dimension.
    """

    q: float
    positions: FloatArray
    weights: FloatArray
    d: int


def channel(law: GaussianClusters, t: float, d: int) -> Channel:
    """The channel of a law with numbers in it at time t; `DomainError` for centres that span more than a line."""
    if law.rank > 1:
        raise DomainError(f"finite-size integrals take clusters whose centres lie on one line (rank 0 or 1), not rank {law.rank}")
    if d < 1:
        raise DomainError(f"d={d} is outside its domain: 1 <= d < inf (dimension)")
    if not (math.isfinite(t) and t > 0):
        raise DomainError(f"t={t} is outside its domain: 0 < t < inf (forward time)")
    noise_var, cluster_var = -math.expm1(-2 * t), float(law.sd) ** 2 * math.exp(-2 * t)
    line = np.array([float(centre[0]) if law.rank else 0.0 for centre in law.centres])
    scale = math.sqrt(d) * math.exp(-t) / math.sqrt(noise_var + cluster_var)
    return Channel(cluster_var / noise_var, line * scale, np.array([float(w) for w in law.weights]), d)


@dataclass(frozen=True)
class Points:
    """Points x with the weights of the average over x, and the transform of a level seen from each.

    Attributes
    ----------
    squares : (K, X) squared distances to the cluster centres, in units of Gamma_t.
    weights : (X,) weights of the average over x; they sum to one.
    """

    channel: Channel
    squares: FloatArray
    weights: FloatArray

    def log_terms(self, lam: ComplexArray, origin: FloatArray | float = 0.0) -> list[ComplexArray]:
        """Per cluster, log of its share in E exp(-lam (E - origin)): lam (1, Y) or (X, Y), Re lam > -1/q, origins (X,)."""
        q, d = self.channel.q, self.channel.d
        origins = np.broadcast_to(origin, self.weights.shape)[:, None]
        scaled = lam * q
        # numpy's complex log1p rounds log(1 + tiny) to 0.
        log_width = 0.5 * np.log1p(scaled.real * (2 + scaled.real) + scaled.imag**2) + 1j * np.arctan2(scaled.imag, 1 + scaled.real)
        factor = lam / (1 + scaled)
        common = origins * (factor * scaled) - 0.5 * d * log_width
        return [common + (factor * (origins - e[:, None]) + math.log(w))
                for w, e in zip(self.channel.weights, self.squares * ((1 + q) / 2), strict=True)]

    def log_transform(self, lam: ComplexArray, origin: FloatArray | float = 0.0) -> ComplexArray:
        """log E exp(-lam (E - origin)) at each point, as `log_terms`."""
        terms = self.log_terms(lam, origin)
        if len(terms) == 1:
            return terms[0]
        top = np.max([term.real for term in terms], axis=0)
        total = np.zeros_like(terms[0])
        for term in terms:
            total += np.exp(term - top)
        return np.asarray(top + np.log(total))

    def log_mean(self, tilt: FloatArray) -> tuple[FloatArray, FloatArray]:
        """log M_x and the mean energy under e^{-tilt E}, at real tilts that broadcast to (X, Y)."""
        lam = tilt + 1e-100j
        value = self.log_transform(lam)  # a complex step: the derivative without cancellation
        return value.real, -value.imag / 1e-100

    def select(self, index: NDArray[np.int_]) -> Points:
        """The subset of points."""
        return replace(self, squares=self.squares[:, index], weights=self.weights[index])


def chi_square_rule(degrees: int, nodes: int) -> tuple[FloatArray, FloatArray]:
    """Gauss rule of the chi-square law with that many degrees of freedom (Golub and Welsch): nodes and weights."""
    if degrees == 0:
        return np.zeros(1), np.ones(1)
    k, a = np.arange(nodes, dtype=float), degrees / 2 - 1
    # The mean is taken off the diagonal: at large d it is far larger than the width that matters.
    deviation, vectors = eigh_tridiagonal(2 * k, np.sqrt(k[1:] * (k[1:] + a)))
    return np.maximum(2 * (deviation + a + 1), 0.0), vectors[0] ** 2


def outer_points(ch: Channel, resolution: Resolution) -> Points:
    """Nodes of the average over x: a Gauss rule off the line of centres, the trapezoidal rule along it."""
    if ch.positions.size == 1:
        radii, weights = chi_square_rule(ch.d, resolution.radial)
        keep = weights > _NEGLIGIBLE
        return Points(ch, radii[None, keep], weights[keep])
    radii, radial_weights = chi_square_rule(ch.d - 1, resolution.radial)
    g = np.linspace(-8.9, 8.9, resolution.axial)
    gauss = np.exp(-0.5 * g * g)
    gauss /= gauss.sum()
    along = ch.positions[:, None] + g
    squares = (along - ch.positions[:, None, None])[..., None] ** 2 + radii
    weights = ch.weights[:, None, None] * gauss[:, None] * radial_weights
    if np.array_equal(ch.weights, ch.weights[::-1]) and np.array_equal(ch.positions, -ch.positions[::-1]):
        half = (ch.weights.size + 1) // 2  # mirror images count twice
        squares, weights = squares[:, :half], 2 * weights[:half]
        weights[half - 1] /= 1 + ch.weights.size % 2
    keep = weights.ravel() > _NEGLIGIBLE
    return Points(ch, squares.reshape(ch.positions.size, -1)[:, keep], weights.ravel()[keep])


@dataclass(frozen=True)
class Tilts:
    """Where the integrals over v live, per point: all of shape (X,).

    Attributes
    ----------
    log_m1 : log M_x(1).
    saddle : tilt at which (n-1) e^{lam v} M_x(lam), stationary in lam, is one; above 1 the levels do not condense.
    spread : standard deviation of the energies under e^{-E}.
    """

    log_m1: FloatArray
    saddle: FloatArray
    spread: FloatArray

    def select(self, index: NDArray[np.int_]) -> Tilts:
        """The subset of points."""
        return Tilts(self.log_m1[index], self.saddle[index], self.spread[index])


def _tilts(points: Points, log_others: float) -> Tilts:
    grid = np.linspace(0.5, 2.0, 25)[None]
    log_m, mean = points.log_mean(grid)
    balance = log_others + log_m + grid * mean  # decreases along the grid
    k = np.clip((balance > 0).sum(axis=1), 1, grid.size - 1)
    row = np.arange(k.size)
    left, right = balance[row, k - 1], balance[row, k]
    part = np.clip(left / np.maximum(left - right, 1e-300), 0.0, 1.0)
    near = points.log_mean(np.array([[0.99, 1.0, 1.01]]))
    spread = np.sqrt(np.maximum((near[1][:, 0] - near[1][:, 2]) / 0.02, 0.0))
    return Tilts(near[0][:, 1], grid[0, k - 1] + part * (grid[0, k] - grid[0, k - 1]), spread)


@dataclass(frozen=True)
class Contour:
    """A line Re lam = tilt shared by some points, lattices of Im lam and of v - centre, and the centres (X,)."""

    tilt: float
    centre: FloatArray
    y: FloatArray
    u: FloatArray


def _peak(points: Points, tilts: Tilts, tilt: FloatArray, log_others: float) -> tuple[FloatArray, FloatArray]:
    """Mean energy at the tilt, and Chernoff's logarithm of C min(1, (n-1) P) there, nearly the largest over v."""
    log_m, mean = (a[:, 0] for a in points.log_mean(tilt[:, None]))
    below = np.minimum(0.0, log_others + tilt * mean + log_m)
    return mean, np.minimum(0.0, (tilt - 1) * mean + log_m - tilts.log_m1) + below


def _contour(points: Points, tilts: Tilts, tilt: float, gap: float, log_others: float, form: Form, step: float) -> Contour:
    q = points.channel.q
    centre, peak = _peak(points, tilts, np.full(tilts.saddle.size, tilt), log_others)
    # Chernoff bounds on C (above) and on (n-1) P or -C' (below) leave out what is under e^{-38} of the peak.
    powers = 0.5 ** np.arange(1, 13)
    above = np.concatenate([1 - powers, [0.1, -min(1.0, 0.5 / q), -min(6.0, 0.8 / q)]])  # C: transforms exist down to 1 - 1/s
    log_above = points.log_mean(above[None])[0] - tilts.log_m1[:, None] + loggamma(1 - above)
    v_single = -log_others - tilts.log_m1  # (n-1) P < e^{v - v_single}
    if form == "agreement":
        below = 1 + powers
        log_below = points.log_mean(below[None])[0] - tilts.log_m1[:, None] + loggamma(2 - below)
        peak = np.maximum(-log_others, np.minimum(0.0, (tilt - 1) * centre + points.log_mean(np.array([[tilt]]))[0][:, 0] - tilts.log_m1))
        low = ((peak[:, None] - _DROP - log_below) / (below - 1)).max(axis=1)
        high = np.minimum(((_DROP - peak[:, None] + log_above) / (1 - above)).min(axis=1), v_single + _DROP + 4)
    else:
        below = np.append(powers, 1 - powers[1:])
        log_below = points.log_mean(below[None])[0] + log_others + loggamma(1 - below) - np.log(below)
        low = np.maximum(((peak[:, None] - _DROP - log_below) / below).max(axis=1), v_single + peak - _DROP)
        high = ((_DROP - peak[:, None] + log_above) / (1 - above)).min(axis=1)
    left, right = float((low - centre).min()), float((high - centre).max())
    u = left + step * np.arange(math.ceil((right - left) / step) + 1)
    y_step = 2 * math.pi / (right - left + _DROP / gap)
    return Contour(tilt, centre, y_step * np.arange(math.ceil(_height(points, tilt) / y_step) + 1), u)


def _height(points: Points, tilt: float) -> float:
    """Im lam beyond which the integrand is below rounding at every point: |M| falls faster the farther the point."""
    one_cluster = replace(points.channel, positions=np.zeros(1), weights=np.ones(1))
    nearest = Points(one_cluster, points.squares.min()[None, None], np.ones(1))
    y = np.append(0.0, np.geomspace(1e-9, 26.0, 400))
    lam = (tilt + 1j * y)[None]
    size = (nearest.log_transform(lam) + loggamma(2 - lam)).real[0]
    return float(y[min(int((size > size[0] - _DROP).sum()), y.size - 1)])


def _smeared(points: Points, tilts: Tilts, contour: Contour) -> tuple[FloatArray, FloatArray, FloatArray]:
    """P, C and P' on (X, V); where the contour is right of the pole at 1, P and -C' (twice)."""
    tilt, right = contour.tilt, contour.tilt > 1
    lam = (tilt + 1j * contour.y)[None]
    terms = points.log_terms(lam, contour.centre)
    size = np.max([term.real[:, :1] for term in terms], axis=0)
    amplitude = np.zeros_like(terms[0])
    for term in terms:
        term -= size
        amplitude += np.exp(term, out=term)
    weights = np.full(contour.y.size, (contour.y[1] - contour.y[0]) / math.pi)
    weights[0] /= 2
    amplitude *= np.exp(loggamma(1 - lam)) * weights
    phase = np.outer(contour.y, contour.u)
    waves = np.concatenate([np.cos(phase), np.sin(phase)])
    rows = _real_part(amplitude * (1 - lam) if right else amplitude, waves)
    c = rows * np.exp(size - (contour.centre + tilts.log_m1)[:, None] + (tilt - 1) * contour.u)
    amplitude /= lam  # Gamma(1-lam) = -lam Gamma(-lam)
    p = _real_part(amplitude, waves)
    growth = np.exp(size + tilt * contour.u)
    p *= growth
    if right:
        p += np.exp((contour.centre + tilts.log_m1)[:, None] + contour.u)
        return p, c, c
    rows *= growth
    return p, c, rows


def _real_part(amplitude: ComplexArray, waves: FloatArray) -> FloatArray:
    return np.concatenate([amplitude.real, -amplitude.imag], axis=1) @ waves


def _integrals(points: Points, tilts: Tilts, contour: Contour, n: float, form: Form) -> FloatArray:
    """The integral over v of one form at every point, (X,)."""
    p, c, slope = _smeared(points, tilts, contour)
    # Once P is certain to e^{-40} its digits no longer matter; what rounding does to them must not matter either.
    settled = np.logical_or.accumulate((n - 1) * p > 40, axis=1)
    log_empty = (n - 1) * np.log1p(-np.clip(p, 0.0, 1 - 1e-16))
    if form == "excess":
        integrand = c * np.where(settled, 1.0, -np.expm1(log_empty))
    elif form == "agreement":
        integrand = c * np.where(settled, 0.0, np.exp(log_empty))
    else:
        integrand = c * slope * np.where(settled, 0.0, (n - 1) * np.exp(log_empty * ((n - 2) / (n - 1))))
    return np.asarray((contour.u[1] - contour.u[0]) * integrand.sum(axis=1))


_BLOCK = 400


def _values(points: Points, tilts: Tilts, n: float, form: Form, resolution: Resolution) -> FloatArray:
    """The integral over v at every point: points of nearly the same tilt share a contour."""
    log_others, values = math.log(n - 1), np.empty(tilts.saddle.size)
    if not values.size:
        return values
    gap = min(0.4, 1 / max(float(tilts.spread.max()), 1e-300)) * (1 - resolution.shift)  # distance to the poles at 0, 1, 2
    low, high = (1 + gap, 2 - gap) if form == "agreement" else (0.5 + 0.3 * resolution.shift, 1 - gap)
    rounded = np.clip(np.round(np.clip(tilts.saddle, low, high) / (gap / 3)) * (gap / 3), low, high)
    order = np.argsort(tilts.saddle, kind="stable")
    for tilt in np.unique(rounded):
        index = order[rounded[order] == tilt]
        for start in range(0, index.size, _BLOCK):
            block = index[start:start + _BLOCK]
            here, part = points.select(block), tilts.select(block)
            contour = _contour(here, part, float(tilt), gap, log_others, form, resolution.step)
            values[block] = _integrals(here, part, contour, n, form)
    return values


def _average(ch: Channel, n: float, form: Form, resolution: Resolution) -> float:
    """Average of one form over x."""
    points, log_others = outer_points(ch, resolution), math.log(n - 1)
    tilts = _tilts(points, log_others)
    # Chernoff's size of the integral at a point (of 1 - phi_C, if phi_C is asked for): what cannot show is left at 0.
    size = np.log(points.weights) + _peak(points, tilts, np.clip(tilts.saddle, 0.5, 1.0), log_others)[1]
    if form != "agreement":
        index = np.flatnonzero(size > max(size.max() - _DROP, -750.0))
        return float(points.weights[index] @ _values(points.select(index), tilts.select(index), n, form, resolution))
    liquid = tilts.saddle > 1
    total = float(points.weights[~liquid].sum())
    parts: tuple[tuple[Form, int, NDArray[np.bool_]], ...] = (
        ("agreement", 1, liquid), ("confusion", -1, ~liquid & (size > -_DROP - log_others)))
    for kind, sign, chosen in parts:
        index = np.flatnonzero(chosen)
        total += sign * float(points.weights[index] @ _values(points.select(index), tilts.select(index), n, kind, resolution))
    return total


def _refined(ch: Channel, n: float, form: Form, tol: float) -> tuple[float, float]:
    """The average and its change from the previous resolution, refined until that is below tol or the list ends."""
    value, error = _average(ch, n, form, _RESOLUTIONS[0]), math.inf
    for resolution in _RESOLUTIONS[1:]:
        value, previous = _average(ch, n, form, resolution), value
        error = abs(value - previous) + 1e-14 * abs(value)
        if error <= max(tol * abs(value), 1e-30):
            break
    return value, error


def _over_times(law: GaussianClusters, t: ArrayLike, n: float, d: int,
                one: Callable[[Channel], tuple[float, float]]) -> tuple[FloatArray, FloatArray]:
    if not (math.isfinite(n) and n >= 2):
        raise DomainError(f"n={n} is outside its domain: 2 <= n < inf (number of data points)")
    times = np.asarray(t, dtype=float)
    pairs = np.array([one(channel(law, float(s), d)) for s in times.ravel()]).reshape(-1, 2)
    return pairs[:, 0].reshape(times.shape), pairs[:, 1].reshape(times.shape)


def excess_entropy(law: GaussianClusters, t: ArrayLike, n: float, d: int, *, tol: float = 1e-9) -> tuple[FloatArray, FloatArray]:
    """Empirical excess entropy per dimension, exact at finite n and d.

    Parameters
    ----------
    law : clusters with numbers in it, centres on one line.
    t : forward times, any shape.
    n : number of data points, n >= 2.
    d : dimension.
    tol : relative error at which refining stops (or 1e-30, absolute).

    Returns
    -------
    value, error : arrays of the shape of t, nats per dimension. The error is the change under refinement of every grid
        and a shift of the contour; it may exceed tol where the finest grid is not enough.

    Raises
    ------
    DomainError
        Centres that span more than a line; t, n or d outside their domains.
    """
    value, error = _over_times(law, t, n, d, lambda ch: _refined(ch, n, "excess", tol))
    return np.asarray(value / d), np.asarray(error / d)


def collapse_probability(law: GaussianClusters, t: ArrayLike, n: float, d: int, *, tol: float = 1e-9) -> tuple[FloatArray, FloatArray]:
    """Probability that two clones split at t end on the same datum, exact at finite n and d; arguments as `excess_entropy`."""
    if n > 1000:
        return _over_times(law, t, n, d, lambda ch: _refined(ch, n, "agreement", tol))
    # With few levels 1 - phi_C keeps all digits of phi_C >= 1/n.
    value, error = _over_times(law, t, n, d, lambda ch: _refined(ch, n, "confusion", tol))
    return np.asarray(1 - value), error


def decoding_probability(law: GaussianClusters, t: ArrayLike, n: float, d: int, *, tol: float = 1e-6) -> tuple[FloatArray, FloatArray]:
    """Probability that the datum nearest to x_t is the one it came from, at finite n and d; arguments as `excess_entropy`."""
    from regimes.numerics.decoding import probability  # which is built on this module

    return _over_times(law, t, n, d, lambda ch: probability(ch, n, tol))
