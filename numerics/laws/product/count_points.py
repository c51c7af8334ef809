"""Levels of laws with exchangeable coordinates, seen from a point x: products of discrete coordinates, and the Curie-Weiss model.

Notation: gamma = e^{-2t}/Delta_t; one coordinate of x, in units of sqrt(Delta_t), is sqrt(gamma) a + z. It is put on the nodes x_j of
a rule that is exact up to rounding, so that a point x is the counts N_j of its coordinates on each node, and a level has the transform

    log M_x(lam) = sum_j N_j log chi_j(lam),   chi_j(lam) = sum_a p(a) exp(-lam (x_j - sqrt(gamma) a)^2/2)

for a product. Curie-Weiss is a mixture of such products over a field y: e^{beta S^2/(2d)} is the average of e^{yS} over a normal variable
of variance beta/d (Hubbard and Stratonovich), and p(a) becomes e^{(y+h) a}.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import scipy
from numpy.typing import NDArray

from regimes.numerics.arrays import ComplexArray, FloatArray
from regimes.theory.errors import DomainError
from regimes.theory.laws import Product

REACH = 8.6  # of the normal noise: e^{-37} is left out


@dataclass(frozen=True)
class Alphabet:
    """One coordinate of x on its nodes, and the values of the data seen from there.

    Attributes
    ----------
    groups : tuple
        Per group of coordinates the slice of its nodes: one for a product; for spins those up and those down.
    weights : (J,) array
        Law of the node within its group.
    energies : (J, A) array
        Energy of each value of the datum, up to a constant per node.
    log_mass : (Q, 1, A) array
        log of the masses of the values in each product of the mixture.
    log_share : (Q,) array
        log of the weights of the mixture.
    sizes : (S, G) array
        Sizes of the groups; they sum to d.
    size_law : (S,) array
        Their probabilities.
    typical : int
        Which product of the mixture is the typical one.
    """

    groups: tuple[slice, ...]
    weights: FloatArray
    energies: FloatArray
    log_mass: FloatArray
    log_share: FloatArray
    sizes: NDArray[np.int_]
    size_law: FloatArray
    typical: int = 0

    abscissa: ClassVar[float] = -math.inf
    """As in `LevelPoints`."""

    def log_chi(self, lam: ComplexArray, parts: Iterable[int]) -> Iterator[ComplexArray]:
        """log chi_j(lam), (J, Y), in products of the mixture, for lam (Y,)."""
        exponents = -lam * self.energies[:, :, None]
        size = exponents.real.max(axis=1, keepdims=True)
        factors = np.exp(exponents - size)
        for part in parts:
            total = (np.exp(self.log_mass[part])[..., None] * factors).sum(axis=1)
            # The branch of the logarithm does not matter, as counts are whole; a zero must not meet a count of zero.
            total[total == 0] = 1e-300
            yield np.log(total) + size[:, 0]

    def slopes(self, tilt: FloatArray) -> tuple[FloatArray, FloatArray]:
        """log chi_j and the mean energy in the typical product, (J, Y)."""
        (values,) = self.log_chi(tilt + 1e-100j, [self.typical])
        return np.asarray(values.real, np.float64), np.asarray(-values.imag / 1e-100, np.float64)


def energies(x: FloatArray, s: FloatArray, gamma: float) -> FloatArray:
    """(x - s)^2/2, less x^2/2 where the signal is weak and that would drown it; (J, A)."""
    return (x[:, None] - s) ** 2 / 2 if gamma >= 1 else s * (s / 2 - x[:, None])


def node_spacing(s: FloatArray) -> float:
    """Of the trapezoidal rule over one coordinate of x, from the places s of the values of the datum.

    Two values at a distance G make poles at a height pi/G above the points halfway, whose weight is exp(-G^2/8): with exp(-25) for both.
    """
    gaps = np.abs(s[:, None] - s).ravel()
    gaps = gaps[gaps > 0]
    return min(0.42, float(np.min(2 * math.pi**2 / (gaps * np.maximum(25 - gaps**2 / 8, 1.0)), initial=1.0)))


def product_alphabet(law: Product, t: float, d: int, *, spacing: float = 1.0) -> Alphabet:
    """A product of a prior with numbers in it, on nodes `spacing` times as far apart as they may be."""
    if law.pieces:
        from regimes.numerics.laws.product.density_points import density_alphabet

        return density_alphabet(law, t, d, spacing=spacing)
    if not law.atoms:
        raise DomainError("a prior without atoms or pieces")
    gamma = 1 / math.expm1(2 * t)
    s = math.sqrt(gamma) * np.array([float(atom.place) for atom in law.atoms])
    mass = np.array([float(atom.weight) for atom in law.atoms])
    s, mass = s[mass > 0], mass[mass > 0]
    step = spacing * node_spacing(s)
    reach = np.arange(-math.ceil(REACH / step), math.ceil(REACH / step) + 1)
    x = step * np.unique((np.round(s / step)[:, None] + reach).ravel())
    density = (mass * np.exp(-0.5 * (x[:, None] - s) ** 2)).sum(axis=1)
    keep = density > 1e-17 * density.max()
    x, density = x[keep], density[keep]
    order = np.argsort(np.log(density) + 0.5 * x**2 if gamma < 1 else np.log(density), kind="stable")  # neighbours count alike
    x, density = x[order], density[order]
    log_mass = np.log(mass / mass.sum())[None, None]
    return Alphabet(
        (slice(0, x.size),),
        density / density.sum(),
        energies(x, s, gamma),
        log_mass,
        log_share=np.zeros(1),
        sizes=np.array([[d]]),
        size_law=np.ones(1),
    )


@dataclass(frozen=True)
class CountedPoints:
    """Points x as counts: see `LevelPoints`.

    Attributes
    ----------
    alphabet : Alphabet
        The coordinates.
    counts : (X, J) array
        Number of coordinates on each node.
    weights : (X,) array
        Weights of the average over x.
    """

    alphabet: Alphabet
    counts: FloatArray
    weights: FloatArray

    def _parts(self, lam: ComplexArray, index: NDArray[np.int_]) -> Iterator[ComplexArray]:
        """log of the share of each product of the mixture in M_x(lam), (X, Y), for lam (Y,)."""
        for share, values in zip(self.alphabet.log_share[index], self.alphabet.log_chi(lam, index), strict=True):
            yield self.counts @ values.real + 1j * (self.counts @ values.imag) + share

    def _present(self, tilt: FloatArray) -> NDArray[np.int_]:
        """The products of the mixture that show in M_x at one of the tilts (Y,), at any point."""
        everything = np.arange(self.alphabet.log_share.size)
        if everything.size == 1:
            return everything
        sizes = np.array([part.real for part in self._parts(tilt + 0j, everything)])
        return np.flatnonzero((sizes > sizes.max(axis=0) - 30.0).any(axis=(1, 2)))

    def transform(self, lam: ComplexArray, origin: FloatArray) -> tuple[ComplexArray, FloatArray]:
        """As in `LevelPoints`."""
        line = lam[0]
        index = self._present(line[:1].real)
        size = scipy.special.logsumexp([part.real for part in self._parts(line[:1], index)], axis=0) + line[0].real * origin[:, None]
        shift = lam * origin[:, None] - size
        amplitude = np.zeros((self.weights.size, line.size), dtype=complex)
        for part in self._parts(line, index):
            part += shift
            amplitude += np.exp(part, out=part)
        return amplitude, np.asarray(size)

    @property
    def abscissa(self) -> float:
        """As in `LevelPoints`."""
        return self.alphabet.abscissa

    def slowest(self) -> CountedPoints:
        """The points whose transform is largest at one of many heights."""
        lam = (0.8 + 1j * np.geomspace(0.003, 26.0, 16))[None]
        amplitude, _ = self.transform(np.insert(lam, 0, 0.8, axis=1), np.zeros(self.weights.size))
        return self.select(np.unique(np.abs(amplitude).argmax(axis=0)))

    def log_mean(self, tilt: FloatArray) -> tuple[FloatArray, FloatArray]:
        """As in `LevelPoints`, at tilts (1, Y)."""
        parts = list(self._parts(tilt[0] + 1e-100j, self._present(tilt[0])))
        top = np.max([part.real for part in parts], axis=0)
        # Sums of exponentials of steps of 1e-100j: the imaginary parts average with the weights of the parts.
        shares = [np.exp(part.real - top) for part in parts]
        total = np.sum(shares, axis=0)
        mean = sum(share * part.imag for share, part in zip(shares, parts, strict=True)) / total
        return np.asarray(top + np.log(total)), np.asarray(-mean / 1e-100)

    def select(self, index: NDArray[np.int_]) -> CountedPoints:
        """The subset of points."""
        return replace(self, counts=self.counts[index], weights=self.weights[index])
