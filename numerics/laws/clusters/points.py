"""Levels of Gaussian data seen from a point x, and rules for the average over x: clusters on a line, few distinct eigenvalues."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh_tridiagonal

from regimes.numerics.collapse.contour import ComplexArray, FloatArray
from regimes.theory.errors import DomainError
from regimes.theory.laws import GaussianClusters, GaussianSpectrum

MOST_EIGENVALUES = 3

_NEGLIGIBLE = 1e-26  # weight of a point; the integrals are bounded by log n, and below by 1/n


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
    check_time_and_dimension(t, d)
    noise_var, cluster_var = -math.expm1(-2 * t), float(law.sd) ** 2 * math.exp(-2 * t)
    line = np.array([float(centre[0]) if law.rank else 0.0 for centre in law.centres])
    scale = math.sqrt(d) * math.exp(-t) / math.sqrt(noise_var + cluster_var)
    return Channel(cluster_var / noise_var, line * scale, np.array([float(w) for w in law.weights]), d)


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
        factor = lam / (1 + scaled)
        common = origins * (factor * scaled) - 0.5 * d * _log1p(scaled)
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
        return _step_derivative(self.log_transform(tilt + 1e-100j))

    def select(self, index: NDArray[np.int_]) -> Points:
        """The subset of points."""
        return replace(self, squares=self.squares[:, index], weights=self.weights[index])


def _log1p(z: ComplexArray) -> ComplexArray:
    # numpy's complex log1p rounds log(1 + tiny) to 0.
    return np.asarray(0.5 * np.log1p(z.real * (2 + z.real) + z.imag**2) + 1j * np.arctan2(z.imag, 1 + z.real))


def _step_derivative(log_transform: ComplexArray) -> tuple[FloatArray, FloatArray]:
    """Value and minus the derivative from a complex step of 1e-100j: no cancellation."""
    return log_transform.real, -log_transform.imag / 1e-100


def chi_square_rule(degrees: int, nodes: int) -> tuple[FloatArray, FloatArray]:
    """Gauss rule of the chi-square law with that many degrees of freedom (Golub and Welsch): nodes and weights."""
    if degrees == 0:
        return np.zeros(1), np.ones(1)
    k, a = np.arange(nodes, dtype=float), degrees / 2 - 1
    # The mean is taken off the diagonal: at large d it is far larger than the width that matters.
    deviation, vectors = eigh_tridiagonal(2 * k, np.sqrt(k[1:] * (k[1:] + a)))
    return np.maximum(2 * (deviation + a + 1), 0.0), vectors[0] ** 2


def outer_points(ch: Channel, radial: int, axial: int) -> Points:
    """Nodes of the average over x: a Gauss rule off the line of centres, the trapezoidal rule along it."""
    if ch.positions.size == 1:
        radii, weights = chi_square_rule(ch.d, radial)
        keep = weights > _NEGLIGIBLE
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
    keep = weights.ravel() > _NEGLIGIBLE
    return Points(ch, squares.reshape(ch.positions.size, -1)[:, keep], weights.ravel()[keep])


@dataclass(frozen=True)
class Blocks:
    """Data whose covariance has few distinct positive eigenvalues, at one time.

    Attributes
    ----------
    q : (B,) signal-to-noise ratio of a coordinate in each eigenspace.
    dimensions : (B,) of the eigenspaces.
    """

    q: FloatArray
    dimensions: tuple[int, ...]


def blocks(law: GaussianSpectrum, t: float, d: int) -> Blocks:
    """The eigenspaces of a spectrum with numbers in it, at time t; directions of eigenvalue 0 shift all levels alike and are left out.

    Raises
    ------
    DomainError : a part of the spectrum is spread out; more than `MOST_EIGENVALUES` distinct positive eigenvalues, or none; a weight of
        which d makes no whole number; t or d outside their domains.
    """
    check_time_and_dimension(t, d)
    if law.curves:
        raise DomainError("exact finite-size integrals take spectra of few distinct eigenvalues, not one that is spread out")
    shares: dict[float, float] = {}
    for atom in law.atoms:
        value = float(atom.place)
        same = next((v for v in shares if abs(v - value) <= 1e-13 * v), value)
        shares[same] = shares.get(same, 0.0) + float(atom.weight)
    dimensions = {value: _whole(share, value, shares, d) for value, share in shares.items()}
    positive = {value: k for value, k in dimensions.items() if value > 0 and k > 0}
    if not 1 <= len(positive) <= MOST_EIGENVALUES:
        raise DomainError(
            f"exact finite-size integrals take spectra of 1 to {MOST_EIGENVALUES} distinct positive eigenvalues, not {len(positive)}"
        )
    return Blocks(np.array(list(positive)) / math.expm1(2 * t), tuple(positive.values()))


def _whole(share: float, value: float, shares: dict[float, float], d: int) -> int:
    count = round(share * d)
    if abs(share * d - count) <= 1e-9 * d:
        return count
    parts = [Fraction(w).limit_denominator(100_000) for w in shares.values()]
    if all(abs(float(part) - w) < 1e-12 for part, w in zip(parts, shares.values(), strict=True)):
        unit = reduce(math.lcm, (part.denominator for part in parts))
        remedy = f"d must be a multiple of {unit}"
    else:
        remedy = f"weights near multiples of 1/{d} would do"
    raise DomainError(f"d={d} and weight {share:.6g} give eigenvalue {value:.6g} {share * d:.6g} dimensions, not a whole number: {remedy}")


@dataclass(frozen=True)
class BlockPoints:
    """Points x with the weights of the average over x: see `LevelPoints`.

    Attributes
    ----------
    blocks : the eigenspaces.
    squares : (B, X) squared lengths of x in each eigenspace, in units of its variance.
    weights : (X,) weights of the average over x; they sum to one.
    """

    blocks: Blocks
    squares: FloatArray
    weights: FloatArray

    def _log_transform(self, lam: ComplexArray, origin: FloatArray | float = 0.0) -> ComplexArray:
        total: ComplexArray = lam * np.broadcast_to(origin, self.weights.shape)[:, None]
        for q, k, squares in zip(self.blocks.q, self.blocks.dimensions, self.squares, strict=True):
            total = total - 0.5 * k * _log1p(lam * q) - lam / (1 + lam * q) * (squares * ((1 + q) / 2))[:, None]
        return total

    def transform(self, lam: ComplexArray, origin: FloatArray) -> tuple[ComplexArray, FloatArray]:
        """As in `LevelPoints`."""
        term = self._log_transform(lam, origin)
        size = term.real[:, :1].copy()
        term -= size
        return np.exp(term, out=term), size

    @property
    def abscissa(self) -> float:
        """As in `LevelPoints`."""
        return -1 / float(self.blocks.q.max())

    def slowest(self) -> BlockPoints:
        """The point that is nearest in every eigenspace: |M| falls faster the farther the point."""
        return BlockPoints(self.blocks, self.squares.min(axis=1, keepdims=True), np.ones(1))

    def log_mean(self, tilt: FloatArray) -> tuple[FloatArray, FloatArray]:
        """As in `LevelPoints`; tilts that broadcast to (X, Y)."""
        return _step_derivative(self._log_transform(tilt + 1e-100j))

    def select(self, index: NDArray[np.int_]) -> BlockPoints:
        """The subset of points."""
        return replace(self, squares=self.squares[:, index], weights=self.weights[index])


def block_points(parts: Blocks, radial: int) -> BlockPoints:
    """Nodes of the average over x: a product of Gauss rules, one per eigenspace."""
    rules = [chi_square_rule(k, radial) for k in parts.dimensions]
    squares = np.stack([a.ravel() for a in np.meshgrid(*(nodes for nodes, _ in rules), indexing="ij")])
    weights = reduce(np.multiply.outer, (w for _, w in rules)).ravel()
    keep = weights > _NEGLIGIBLE
    return BlockPoints(parts, squares[:, keep], weights[keep])
