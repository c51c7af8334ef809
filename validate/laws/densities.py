"""Exact log-densities of the noised population law P_t at finite dimension, one class per family of laws.

Notation: x = e^{-t} a + sqrt(Delta_t) z, Delta_t = 1 - e^{-2t}.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Protocol

import numpy as np

from regimes.theory.errors import DomainError
from regimes.theory.laws import CurieWeiss, GaussianClusters, GaussianSpectrum, IsingChain, IsingChains, Law, Mixture, Product
from regimes.validate.laws.class_scores import MixtureCentre
from regimes.validate.laws.spin_scores import MeanFieldCentre, log_cosh, spin_factor
from regimes.validate.simulation.channel import FloatArray, delta, eigenvalues
from regimes.validate.simulation.scores import PopulationCentre, log_sum_exp


class Population(Protocol):
    """A noised law."""

    def terms(self, x: FloatArray, t: float) -> FloatArray:
        """log P_t(x) in nats as a sum of independent terms: (B, d) where coordinates are independent, else (B, 1); x is (B, d), t > 0."""


def population(law: Law, d: int) -> Population:
    """The noised law in `d` dimensions of a law in numbers.

    Raises
    ------
    DomainError : the law has no data.
    """
    match law:
        case GaussianClusters():
            return Clusters(law, d)
        case Mixture():
            return UnequalClusters(law, d)
        case GaussianSpectrum():
            return Spectrum(law, d)
        case Product():
            return Coordinates(law)
        case CurieWeiss():
            return MeanField(law, d)
        case IsingChain():
            return Chain(law)
        case IsingChains():
            return TwoChains(law)
        case _:
            raise DomainError(f"{law.family} is no law of data: it has no density")


class Clusters:
    """Gaussian clusters."""

    def __init__(self, law: GaussianClusters, d: int) -> None:
        self._centre = PopulationCentre(law, d)

    def terms(self, x: FloatArray, t: float) -> FloatArray:
        return self._centre.log_density(x, t)[:, None]


class UnequalClusters:
    """Gaussian clusters of different widths."""

    def __init__(self, law: Mixture, d: int) -> None:
        self._centre = MixtureCentre(law, d)

    def terms(self, x: FloatArray, t: float) -> FloatArray:
        return self._centre.log_density(x, t)[:, None]


class Spectrum:
    """A centred Gaussian in the frame of its eigenvectors."""

    def __init__(self, law: GaussianSpectrum, d: int) -> None:
        self._eigenvalues = eigenvalues(law, d)

    def terms(self, x: FloatArray, t: float) -> FloatArray:
        width = delta(t) + math.exp(-2.0 * t) * self._eigenvalues
        return np.asarray(-0.5 * (np.square(x) / width + np.log(2.0 * math.pi * width)))


class Coordinates:
    """Independent coordinates: the logarithm of the scalar density, from a table in x where x is near the bulk, else by its definition."""

    def __init__(self, law: Product) -> None:
        self._law = law

    def terms(self, x: FloatArray, t: float) -> FloatArray:
        origin, step, table = _scalar_table(self._law, t)
        place = (x - origin) / step
        cell = np.clip(place.astype(np.intp), 0, len(table) - 2)
        low, high = table.take(cell), table.take(cell + 1)
        value = low + (place - cell) * (high - low)
        outside = (place < 0) | (place > len(table) - 1)
        if outside.any():
            value[outside] = scalar_log_density(self._law, x[outside], t)
        return np.asarray(value)


_SPAN, _COARSE, _FINE = 12.0, 2**11, 2**5


@cache
def _scalar_table(law: Product, t: float) -> tuple[float, float, FloatArray]:
    """First point, step and values of log P_t on an even grid over twelve standard deviations to either side.

    A spline through 2^11 exact values, refined 32 times: linear interpolation is then right to 2^-26 of the second derivative.
    """
    from scipy.interpolate import CubicSpline

    mean, variance = _moments(law)
    spread = _SPAN * math.sqrt(delta(t) + math.exp(-2.0 * t) * variance)
    centre = math.exp(-t) * mean
    grid = np.linspace(centre - spread, centre + spread, _COARSE + 1)
    fine = np.linspace(centre - spread, centre + spread, _COARSE * _FINE + 1)
    return float(fine[0]), float(fine[1] - fine[0]), np.asarray(CubicSpline(grid, scalar_log_density(law, grid, t))(fine))


def _moments(law: Product) -> tuple[float, float]:
    """Mean and variance of the prior."""
    sums = np.zeros(2)
    for atom in law.atoms:
        sums += atom.weight * np.array([atom.place, atom.place**2])
    for piece in law.pieces:
        nodes, weights = piece.density.nodes()
        mass = weights * np.array(piece.density.values)
        sums += piece.weight / piece.density.integral * np.array([(mass * nodes).sum(), (mass * nodes**2).sum()])
    return float(sums[0]), float(sums[1] - sums[0] ** 2)


def scalar_log_density(law: Product, x: FloatArray, t: float) -> FloatArray:
    """log of the density of one noised coordinate at x (N,), nats: a sum over atoms and a quadrature over pieces, panel by panel.

    Panels wider than the noise are cut into parts no wider than it.
    """
    decay, noise = math.exp(-t), delta(t)
    places, log_weights = [np.array([atom.place for atom in law.atoms])], [np.log([atom.weight for atom in law.atoms])]
    for piece in law.pieces:
        nodes, mass = _rule(piece.density.ends, math.sqrt(noise) / decay)
        values = np.maximum(piece.density.at(nodes), 0.0)
        kept = values > 0
        places.append(nodes[kept])
        log_weights.append(np.log(piece.weight / piece.density.integral * mass[kept] * values[kept]))
    place, log_weight = decay * np.concatenate(places), np.concatenate(log_weights)
    rows = max(1, 2**20 // len(place))
    found = [log_sum_exp(log_weight - np.square(x[k : k + rows, None] - place) / (2.0 * noise)) for k in range(0, len(x), rows)]
    return np.concatenate(found) - 0.5 * math.log(2.0 * math.pi * noise)


def _rule(ends: tuple[float, ...], width: float) -> tuple[FloatArray, FloatArray]:
    """Gauss-Legendre nodes and weights on the intervals between `ends`, cut where they are longer than `width`."""
    x, w = np.polynomial.legendre.leggauss(12)
    edges = np.array(ends)
    parts = np.maximum(1, np.ceil(np.diff(edges) / width)).astype(np.intp)
    inner = [np.linspace(low, high, k, endpoint=False) for low, high, k in zip(edges[:-1], edges[1:], parts, strict=True)]
    cuts = np.append(np.concatenate(inner), edges[-1])
    half = np.diff(cuts)[:, None] / 2
    return (cuts[:-1, None] + half * (1 + x)).ravel(), (half * w).ravel()


class MeanField:
    """Curie-Weiss spins."""

    def __init__(self, law: CurieWeiss, d: int) -> None:
        self._centre = MeanFieldCentre(law, d)

    def terms(self, x: FloatArray, t: float) -> FloatArray:
        return self._centre.log_density(x, t)[:, None]


class Chain:
    """An open Ising chain: the sum over spins by the field that everything to the left exerts on the next spin."""

    def __init__(self, law: IsingChain) -> None:
        self._beta = law.beta

    def terms(self, x: FloatArray, t: float) -> FloatArray:
        beta, d = self._beta, x.shape[1]
        field = np.asarray(math.exp(-t) / delta(t) * x.T, order="C")  # row by row below
        cavity, log_sum = field[0], np.zeros(len(x))
        for i in range(1, d):
            plus, minus = log_cosh(cavity + beta), log_cosh(cavity - beta)
            log_sum += 0.5 * (plus + minus)
            cavity = field[i] + 0.5 * (plus - minus)
        log_sum += log_cosh(cavity) - (d - 1) * float(log_cosh(np.array(beta)))  # less the logarithm of the partition function
        return np.asarray(spin_factor(x, t) + log_sum)[:, None]


class TwoChains:
    """A chain at one of two couplings."""

    def __init__(self, law: IsingChains) -> None:
        self._parts = [(math.log(w), Chain(IsingChain(b))) for w, b in ((law.weight, law.beta_a), (1.0 - law.weight, law.beta_b))]

    def terms(self, x: FloatArray, t: float) -> FloatArray:
        (log_a, a), (log_b, b) = self._parts
        return np.asarray(np.logaddexp(log_a + a.terms(x, t), log_b + b.terms(x, t)))
