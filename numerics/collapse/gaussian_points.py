"""Levels of Gaussian clusters on a line, seen from a point x, and rules for the average over x."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import scipy
from numpy.typing import NDArray

from regimes.numerics.arrays import ComplexArray, FloatArray
from regimes.numerics.collapse.finite_size import Estimator, refined
from regimes.theory.errors import DomainError

NEGLIGIBLE = 1e-26  # weight of a point; the integrals are bounded by log n, and below by 1/n


@dataclass(frozen=True)
class Channel:
    """The law at one time in units of the cluster's width: all that the integrals need.

    Attributes
    ----------
    q : float
        sd^2 e^{-2t}/Delta_t, signal-to-noise ratio of one coordinate inside a cluster.
    positions : (K,) array
        Centres along their common line, in units of sqrt(Gamma_t).
    weights : (K,) array
        Probabilities of the clusters.
    d : int
        Dimension.
    """

    q: float
    positions: FloatArray
    weights: FloatArray
    d: int


def check_time_and_dimension(t: float, d: int) -> None:
    """`DomainError` unless t is positive and finite and d at least 1."""
    if d < 1:
        raise DomainError(f"d={d} is outside its domain: 1 <= d < inf (dimension)")
    if not (math.isfinite(t) and t > 0):
        raise DomainError(f"t={t} is outside its domain: 0 < t < inf (forward time)")


@dataclass(frozen=True)
class Points:
    """Points x of a channel with the weights of the average over x: see `LevelPoints`.

    Attributes
    ----------
    squares : (K, X) array
        Squared distances to the cluster centres, in units of Gamma_t.
    weights : (X,) array
        Weights of the average over x; they sum to one.
    """

    channel: Channel
    squares: FloatArray
    weights: FloatArray

    def log_terms(self, lam: ComplexArray, origin: FloatArray | float = 0.0) -> list[ComplexArray]:
        """Per cluster, log of its share in E exp(-lam (E - origin)): lam (1, Y) or (X, Y), Re lam > -1/q, origins (X,)."""
        q, d = self.channel.q, self.channel.d
        origins = np.broadcast_to(origin, self.weights.shape)[:, None]
        scaled = lam * q
        factor = lam / (1 + scaled)
        common = origins * (factor * scaled) - 0.5 * d * complex_log1p(scaled)
        return [
            common + (factor * (origins - e[:, None]) + math.log(w))
            for w, e in zip(self.channel.weights, self.squares * ((1 + q) / 2), strict=True)
        ]

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

    def transform(self, lam: ComplexArray, origin: FloatArray) -> tuple[ComplexArray, FloatArray]:
        """As in `LevelPoints`."""
        terms = self.log_terms(lam, origin)
        size = np.max([term.real[:, :1] for term in terms], axis=0)
        amplitude = np.zeros_like(terms[0])
        for term in terms:
            term -= size
            amplitude += np.exp(term, out=term)
        return amplitude, np.asarray(size)

    @property
    def abscissa(self) -> float:
        """As in `LevelPoints`."""
        return -1 / self.channel.q

    def slowest(self) -> Points:
        """One cluster at the nearest point: |M| falls faster the farther the point."""
        one_cluster = replace(self.channel, positions=np.zeros(1), weights=np.ones(1))
        return Points(one_cluster, self.squares.min()[None, None], np.ones(1))

    def log_mean(self, tilt: FloatArray) -> tuple[FloatArray, FloatArray]:
        """As in `LevelPoints`; tilts that broadcast to (X, Y)."""
        return step_derivative(self.log_transform(tilt + 1e-100j))

    def select(self, index: NDArray[np.int_]) -> Points:
        """The subset of points."""
        return replace(self, squares=self.squares[:, index], weights=self.weights[index])


def complex_log1p(z: ComplexArray) -> ComplexArray:
    """log(1 + z)."""
    # numpy's complex log1p rounds log(1 + tiny) to 0.
    return np.asarray(0.5 * np.log1p(z.real * (2 + z.real) + z.imag**2) + 1j * np.arctan2(z.imag, 1 + z.real))


def step_derivative(log_transform: ComplexArray) -> tuple[FloatArray, FloatArray]:
    """Value and minus the derivative from a complex step of 1e-100j: no cancellation."""
    return np.asarray(log_transform.real, np.float64), np.asarray(-log_transform.imag / 1e-100, np.float64)


def chi_square_rule(degrees: int, nodes: int) -> tuple[FloatArray, FloatArray]:
    """Gauss rule of the chi-square law with that many degrees of freedom (Golub and Welsch): nodes and weights."""
    if degrees == 0:
        return np.zeros(1), np.ones(1)
    k, a = np.arange(nodes, dtype=float), degrees / 2 - 1
    # The mean is taken off the diagonal: at large d it is far larger than the width that matters.
    deviation, vectors = scipy.linalg.eigh_tridiagonal(2 * k, np.sqrt(k[1:] * (k[1:] + a)))
    return np.maximum(2 * (deviation + a + 1), 0.0), vectors[0] ** 2


def outer_points(ch: Channel, radial: int, axial: int) -> Points:
    """Nodes of the average over x: a Gauss rule off the line of centres, the trapezoidal rule along it."""
    if ch.positions.size == 1:
        radii, weights = chi_square_rule(ch.d, radial)
        keep = weights > NEGLIGIBLE
        return Points(ch, radii[None, keep], weights[keep])
    radii, radial_weights = chi_square_rule(ch.d - 1, radial)
    g = np.linspace(-8.9, 8.9, axial)
    gauss = np.exp(-0.5 * g * g)
    gauss /= gauss.sum()
    along = ch.positions[:, None] + g
    squares = (along - ch.positions[:, None, None])[..., None] ** 2 + radii
    weights = ch.weights[:, None, None] * gauss[:, None] * radial_weights
    if np.array_equal(ch.weights, ch.weights[::-1]) and np.array_equal(ch.positions, -ch.positions[::-1]):
        half = (ch.weights.size + 1) // 2  # mirror images count twice
        squares, weights = squares[:, :half], 2 * weights[:half]
        weights[half - 1] /= 1 + ch.weights.size % 2
    keep = weights.ravel() > NEGLIGIBLE
    return Points(ch, squares.reshape(ch.positions.size, -1)[:, keep], weights.ravel()[keep])


_LINE_NODES = ((12, 56), (20, 84), (36, 160), (72, 360), (128, 800))  # radial, axial


def on_line(ch: Channel) -> Estimator:
    """The average over x for clusters on a line."""
    return refined([partial(outer_points, ch, *nodes) for nodes in _LINE_NODES])
