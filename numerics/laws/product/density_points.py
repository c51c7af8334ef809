"""Levels of a product whose prior has a density, seen from a point x: the averages over the prior by Gauss-Legendre nodes.

Notation of `counted_levels`. In units of the noise a datum is s = sqrt(gamma) a, and

    chi_j(lam) = int p(s) exp(-lam (x_j - s)^2/2) ds,    lam complex,

oscillates: up to Im lam |x_j - s| radians per unit of s. Away from marks of the density (ends, breaks, narrow panels) s is cut into cells
as wide as the nodes x_j are apart; the kernel then depends on j less the number of the cell, and the sum over cells is a product of
matrices. What is left over is summed as it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.arrays import ComplexArray, FloatArray
from regimes.numerics.laws.product.count_points import REACH, Alphabet
from regimes.numerics.laws.product.prior import Densities, Prior, RawPiece
from regimes.theory.errors import NotCoveredError
from regimes.theory.laws import Piece, Product

_STEP = 0.42  # between nodes of x: P(x) is as smooth as a normal density of variance one
_WEAK = 0.03  # gamma below which x^2/2 would drown a level
_LOW_TILT = 0.1  # windows for smaller ones would be wider
_MOST_NODES = 4000
_NODES = 16  # that resolve a panel of a density
_CHUNK = 1 << 22  # entries of a temporary array


@dataclass(frozen=True)
class DensityAlphabet(Alphabet):
    """A product with a density, as an `Alphabet` whose `energies` are those of the atoms of the prior.

    Attributes
    ----------
    step : float
        Spacing of the nodes.
    number : (J,) array
        Nodes in units of the spacing.
    density : Any
        Of s in units of the noise.
    cells : (C, 2) tuple
        Runs of cells, first and last + 1, in units of the spacing.
    panels : (S, 2) array
        Ends of what lies between them.
    origin : int
        x^2/2 is left out of the energies where the signal is weak (0), else kept (1).
    """

    step: float = _STEP
    number: NDArray[np.int_] = field(default_factory=lambda: np.zeros(0, dtype=int))
    density: Any = None
    cells: tuple[tuple[int, int], ...] = ()
    panels: FloatArray = field(default_factory=lambda: np.zeros((0, 2)))
    origin: int = 1

    abscissa: ClassVar[float] = 2 * _LOW_TILT
    """Tails of a density may not have a transform at Re lam < 0."""

    def log_chi(self, lam: ComplexArray, parts: Iterable[int]) -> Iterator[ComplexArray]:
        """As in `Alphabet`, for Re lam >= 0.1."""
        reach = math.sqrt(2 * 40 / max(float(lam.real.min()), _LOW_TILT))
        height = float(np.abs(lam.imag).max())
        total = self._left_over(lam, reach, height)
        for first, last in self.cells:
            total += self._in_cells(lam, first, last, reach, height)
        total[total == 0] = 1e-300
        for _ in parts:
            yield np.log(total)

    def _left_over(self, lam: ComplexArray, reach: float, height: float) -> ComplexArray:
        """Atoms and panels summed node by node, (J, Y)."""
        x = self.step * self.number
        spread = reach if self.origin else float(np.abs(x).max()) + float(np.abs(self.panels).max(initial=0.0))
        nodes, masses = [], []
        for low, high in self.panels:
            s, w = _legendre(_order(height * spread * (high - low) / 2))
            s = (low + high) / 2 + (high - low) / 2 * s
            nodes.append(s)
            masses.append((high - low) / 2 * w * self.density(s))
        s, mass = (np.concatenate(a) if a else np.zeros(0) for a in (nodes, masses))
        energies = np.concatenate([self.energies, (x[:, None] - s) ** 2 / 2 if self.origin else s * (s / 2 - x[:, None])], axis=1)
        mass = np.concatenate([np.exp(self.log_mass[0, 0]), mass])
        energies, mass = energies[:, mass > 0], mass[mass > 0]
        total = np.zeros((x.size, lam.size), dtype=complex)
        rows = max(1, _CHUNK // max(1, mass.size * lam.size))
        for start in range(0, x.size, rows):
            here = slice(start, start + rows)
            total[here] = (mass[:, None] * np.exp(-lam * energies[here][:, :, None])).sum(axis=1)
        return total

    def _in_cells(self, lam: ComplexArray, first: int, last: int, reach: float, height: float) -> ComplexArray:
        """Cells first..last-1, (J, Y)."""
        far, order = math.ceil(reach / self.step) + 1, _order(height * reach * self.step / 2)
        places, w = _legendre(order)
        local = (places + 1) / 2 * self.step
        mass = np.zeros((last - first + 4 * far, order))
        s = self.step * np.arange(first, last)[:, None] + local
        mass[2 * far : 2 * far + last - first] = self.density(s) * w * self.step / 2
        # row r of `windows` holds cells r .. r + 2 far - 1 of the padded masses
        windows = np.lib.stride_tricks.sliding_window_view(mass, 2 * far, axis=0).transpose(0, 2, 1)
        row = self.number - first + far
        seen = np.flatnonzero((row >= 0) & (row < windows.shape[0]))
        offsets = self.step * (far - np.arange(2 * far))[:, None] - local  # x less the places in the window
        kernel = np.exp(-lam[:, None, None] * (offsets**2 / 2)).reshape(lam.size, -1).T
        total = np.zeros((self.number.size, lam.size), dtype=complex)
        rows = max(1, _CHUNK // (2 * far * order))
        for start in range(0, seen.size, rows):
            some = seen[start : start + rows]
            block = windows[row[some]].reshape(some.size, -1)
            total[some] = block @ kernel.real + 1j * (block @ kernel.imag)
        return total


def density_alphabet(law: Product, t: float, d: int, *, spacing: float = 1.0) -> DensityAlphabet:
    """A product of a prior with numbers in it that has a density, on nodes `spacing` times as far apart as they may be."""
    prior = _prior(law)
    gamma = 1 / math.expm1(2 * t)
    assert prior.densities is not None
    root = math.sqrt(gamma * prior.var)  # one standard deviation of the data, in units of the noise
    step, origin, densities = spacing * _STEP, int(gamma * prior.var >= _WEAK), prior.densities
    places, mass = root * prior.places[prior.weights > 0], prior.weights[prior.weights > 0]
    low, high = (float(f([*(root * a), *places])) for f, a in ((min, densities.left), (max, densities.right)))
    number = np.arange(math.floor((low - REACH) / step), math.ceil((high + REACH) / step) + 1)
    if number.size > _MOST_NODES:
        raise NotCoveredError(
            f"t={t:g} is too early for exact finite-size integrals of this density: a coordinate of x takes "
            f"{number.size} nodes, more than {_MOST_NODES}; use the method window"
        )
    cells, panels = _cut(densities, root, step, origin)

    def density(s: FloatArray) -> FloatArray:
        return np.asarray(densities.total(np.asarray(s / root, dtype=np.float64)) / root)

    x = step * number
    energies = (x[:, None] - places) ** 2 / 2 if origin else places * (places / 2 - x[:, None])
    with np.errstate(divide="ignore"):
        draft = DensityAlphabet(
            (slice(0, x.size),),
            np.ones(x.size),
            energies,
            np.log(mass)[None, None],
            np.zeros(1),
            np.array([[d]]),
            np.ones(1),
            0,
            step,
            number,
            density,
            cells,
            panels,
            origin,
        )
    (log_chi,) = (a[:, 0] for a in draft.slopes(np.ones(1))[:1])
    log_density = log_chi if origin else log_chi - x**2 / 2
    keep = log_density > log_density.max() - 39
    order = np.flatnonzero(keep)[np.argsort(log_density[keep], kind="stable")]  # neighbours count alike
    weights = np.exp(log_density[order] - log_density.max())
    return DensityAlphabet(
        (slice(0, order.size),),
        weights / weights.sum(),
        energies[order],
        draft.log_mass,
        draft.log_share,
        draft.sizes,
        draft.size_law,
        0,
        step,
        number[order],
        density,
        cells,
        panels,
        origin,
    )


def _cut(densities: Densities, root: float, step: float, origin: int) -> tuple[tuple[tuple[int, int], ...], FloatArray]:
    """Runs of cells where panels are wide, and the panels and parts of them that are left over."""
    left, right = root * densities.left, root * densities.right
    order = np.argsort(left)
    left, right, piece = left[order], right[order], densities.piece[order]
    marks = root * densities.marks
    wide = (right - left >= 2 * step) & bool(origin)
    if np.unique(piece).size > 1 and np.any(left[1:] < right[:-1] - 1e-12 * step):  # pieces that overlap are summed as they are
        edges = np.unique(np.concatenate([left, right]))
        middle = (edges[1:] + edges[:-1]) / 2
        inside = ((left <= middle[:, None]) & (middle[:, None] <= right)).any(axis=1)
        return (), np.stack([edges[:-1], edges[1:]], axis=1)[inside]
    runs: list[list[float]] = []
    rest: list[tuple[float, float]] = []
    for low, high, good in zip(left.tolist(), right.tolist(), wide.tolist(), strict=True):
        joined = good and runs and abs(runs[-1][1] - low) < 1e-9 * step and not np.any(np.abs(marks - low) < 1e-9 * step)
        if joined:
            runs[-1][1] = high
        elif good:
            runs.append([low, high])
        else:
            rest.append((low, high))
    cells = []
    for low, high in runs:
        first, last = math.ceil(low / step), math.floor(high / step)
        cells.append((first, last))
        rest += [(a, b) for a, b in ((low, step * first), (step * last, high)) if b > a]
    return tuple(cells), np.array(rest).reshape(-1, 2)


@lru_cache(maxsize=64)
def _legendre(order: int) -> tuple[FloatArray, FloatArray]:
    return np.polynomial.legendre.leggauss(order)


def _order(radians: float) -> int:
    """Nodes that integrate e^{i k u}, |k| <= radians, over -1 < u < 1 to rounding beside a smooth density."""
    return 8 * math.ceil((_NODES + 0.5 * radians + 4 * math.cbrt(radians)) / 8)


@lru_cache(maxsize=16)
def _prior(law: Product) -> Prior:
    """The prior with compiled densities."""
    return Prior.of([float(a.weight) for a in law.atoms], [float(a.place) for a in law.atoms], [_raw(p) for p in law.pieces])


def _raw(piece: Piece) -> RawPiece:
    import sympy as sp

    from regimes.numerics.codegen import generate as codegen
    from regimes.theory.conventions import a

    density = sp.sympify(piece.density, strict=True)  # never read from text
    exact = density.xreplace({x: sp.Rational(x) for x in density.atoms(sp.Float)})  # the fraction that a double is
    run = codegen.generate("density", [a], exact, target="numpy").load()
    return RawPiece(
        float(piece.weight),
        lambda u: np.broadcast_to(run(u), np.shape(u)),
        float(piece.low),
        float(piece.high),
        tuple(sorted(float(b) for b in piece.breaks)),
    )
