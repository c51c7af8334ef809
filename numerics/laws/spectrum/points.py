"""The average over x for Gaussian data with few distinct eigenvalues."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial, reduce

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.arrays import ComplexArray, FloatArray
from regimes.numerics.collapse.finite_size import Estimator, refined
from regimes.numerics.collapse.gaussian_points import (
    NEGLIGIBLE,
    Channel,
    check_time_and_dimension,
    chi_square_rule,
    complex_log1p,
    on_line,
    step_derivative,
)
from regimes.theory.errors import DomainError, NotCoveredError
from regimes.theory.laws import GaussianSpectrum

MOST_EIGENVALUES = 3
_BLOCK_NODES = ((10, 16, 24, 40, 72), (8, 12, 18, 26, 36))  # of each radius, for two and three of them


@dataclass(frozen=True)
class Blocks:
    """Data whose covariance has few distinct positive eigenvalues, at one time.

    Attributes
    ----------
    q : (B,) array
        Signal-to-noise ratio of a coordinate in each eigenspace.
    dimensions : (B,) tuple
        Of the eigenspaces.
    """

    q: FloatArray
    dimensions: tuple[int, ...]


def blocks(law: GaussianSpectrum, t: float, d: int) -> Blocks:
    """The eigenspaces of a spectrum with numbers in it, at time t; directions of eigenvalue 0 shift all levels alike and are left out.

    Raises
    ------
    DomainError
        A part of the spectrum is spread out; more than `MOST_EIGENVALUES` distinct positive eigenvalues, or none; a weight of
        which d makes no whole number; t or d outside their domains.
    """
    check_time_and_dimension(t, d)
    if law.curves:
        raise NotCoveredError("exact finite-size integrals take spectra of few distinct eigenvalues, not one that is spread out")
    shares: dict[float, float] = {}
    for atom in law.atoms:
        value = float(atom.place)
        same = next((v for v in shares if abs(v - value) <= 1e-13 * v), value)
        shares[same] = shares.get(same, 0.0) + float(atom.weight)
    dimensions = {value: _whole(share, value, shares, d) for value, share in shares.items()}
    positive = {value: k for value, k in dimensions.items() if value > 0 and k > 0}
    if not 1 <= len(positive) <= MOST_EIGENVALUES:
        raise NotCoveredError(
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
    blocks : Blocks
        The eigenspaces.
    squares : (B, X) array
        Squared lengths of x in each eigenspace, in units of its variance.
    weights : (X,) array
        Weights of the average over x; they sum to one.
    """

    blocks: Blocks
    squares: FloatArray
    weights: FloatArray

    def _log_transform(self, lam: ComplexArray, origin: FloatArray | float = 0.0) -> ComplexArray:
        total: ComplexArray = lam * np.broadcast_to(origin, self.weights.shape)[:, None]
        for q, k, squares in zip(self.blocks.q, self.blocks.dimensions, self.squares, strict=True):
            total = total - 0.5 * k * complex_log1p(lam * q) - lam / (1 + lam * q) * (squares * ((1 + q) / 2))[:, None]
        return total

    def transform(self, lam: ComplexArray, origin: FloatArray) -> tuple[ComplexArray, FloatArray]:
        """As in `LevelPoints`."""
        term = self._log_transform(lam, origin)
        size = term.real[:, :1].copy()
        term -= size
        return np.exp(term, out=term), np.asarray(size, np.float64)

    @property
    def abscissa(self) -> float:
        """As in `LevelPoints`."""
        return -1 / float(self.blocks.q.max())

    def slowest(self) -> BlockPoints:
        """The point that is nearest in every eigenspace: |M| falls faster the farther the point."""
        return BlockPoints(self.blocks, self.squares.min(axis=1, keepdims=True), np.ones(1))

    def log_mean(self, tilt: FloatArray) -> tuple[FloatArray, FloatArray]:
        """As in `LevelPoints`; tilts that broadcast to (X, Y)."""
        return step_derivative(self._log_transform(tilt + 1e-100j))

    def select(self, index: NDArray[np.int_]) -> BlockPoints:
        """The subset of points."""
        return replace(self, squares=self.squares[:, index], weights=self.weights[index])


def block_points(parts: Blocks, radial: int) -> BlockPoints:
    """Nodes of the average over x: a product of Gauss rules, one per eigenspace."""
    rules = [chi_square_rule(k, radial) for k in parts.dimensions]
    squares = np.stack([a.ravel() for a in np.meshgrid(*(nodes for nodes, _ in rules), indexing="ij")])
    weights = reduce(np.multiply.outer, (w for _, w in rules)).ravel()
    keep = weights > NEGLIGIBLE
    return BlockPoints(parts, squares[:, keep], weights[keep])


def points(law: GaussianSpectrum, t: float, d: int) -> Estimator:
    """How the average over x is taken: that of a single cluster for one positive eigenvalue."""
    parts = blocks(law, t, d)
    if len(parts.dimensions) == 1:
        return on_line(Channel(float(parts.q[0]), np.zeros(1), np.ones(1), parts.dimensions[0]))
    return refined([partial(block_points, parts, nodes) for nodes in _BLOCK_NODES[len(parts.dimensions) - 2]])
