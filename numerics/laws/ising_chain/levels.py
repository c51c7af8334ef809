"""Energy levels of the Ising chain: Lyapunov exponents of random-field transfer matrices, evaluated deterministically.

With the fields h_i = lam sqrt(gamma) a_i x_i of `chain_cavity`, (x_i - sqrt(gamma) a'_i)^2 = x_i^2 + gamma - 2 h_i s_i/lam and

    g(gamma, lam) = -lam (1 + 2 gamma)/2 + L = -lam/2 + R,   L = E phi(v),   R = E [phi(v) - h].

Limits, with h_0 = log(2 cosh beta) - beta tanh beta the entropy per spin and e = erf(sqrt(gamma/2)): beta = 0: independent spins, U = 0;
gamma -> 0: I = gamma/2 - gamma^2 cosh(2 beta)/4, mmse = 1 - gamma cosh(2 beta), V = gamma;
gamma -> inf: I = h_0, V = beta^2/cosh(beta)^2, onset = -h_0;
lam -> 0: g = -lam (1/2 + gamma) + lam^2 gamma (1 + gamma cosh 2 beta)/2;
lam -> inf: spins follow the signs of x, energy 1/2 + gamma (1 - e) - sqrt(2 gamma/pi) exp(-gamma/2),
rate log(2 cosh beta) - beta tanh(beta) e^2.

Errors are measured: the change of the result when all nodes are thinned so that the expected error grows e^8-fold, and rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from regimes.numerics.arrays import EPS, FloatArray, Pair, Values, count_of
from regimes.numerics.laws.ising_chain.cavity import CavityField, Sum
from regimes.numerics.laws.ising_chain.field_quadrature import resolution
from regimes.theory.laws import IsingChain
from regimes.theory.model import DataModel

_FINE, _COARSE = 40.0, 32.0  # errors of order exp(-these)
_LARGEST_COST = 2.0**25  # nodes^2 * noise: a third of a second
_LARGEST_COUPLING = 15.0  # 1 - tanh(beta) is lost in rounding soon after, and the entropy per spin, e^-27, among errors
_LARGEST_FIELD = 1e40  # squares of fields stay far from overflow
_NO_TILT = 1e-40  # stands for lam = 0: nothing is left of higher orders
_BLOCK = 2.0**14  # numbers in one array of (points, nodes, noise): it stays in the cache
_ROUNDINGS = 16.0  # errors found against other nodes stay below this many units in the last place of the terms

Quantity = Callable[[CavityField, FloatArray, FloatArray], Sum]


@dataclass(frozen=True)
class ChainLevels:
    """`EnergyLevels` of the Ising chain at couplings `beta` (P,); see there.

    Values are nan, not computed, for beta > 15, for fields beyond 1e40, and where more nodes were needed than `_LARGEST_COST` allows
    (beta > 10 with lam far above one).
    """

    beta: FloatArray

    def select(self, index: Any) -> ChainLevels:
        return ChainLevels(self.beta[index])

    def cumulant(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        reduced = self.reduced(gamma, lam)
        return Pair(reduced.value - np.asarray(lam) / 2, reduced.error + EPS * np.asarray(lam))

    def reduced(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        return self._averages(_reduced, gamma, lam)

    def energy(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        return self._averages(_energy, gamma, lam)

    def fluctuation(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        return self._averages(_fluctuation, gamma, lam)

    def rate(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        return self._averages(_rate, gamma, lam)

    def information(self, gamma: FloatArray) -> Pair:
        reduced = self._averages(_reduced, gamma)
        return Pair(-reduced.value, reduced.error)

    def mmse(self, gamma: FloatArray) -> Pair:
        return self._averages(lambda field, *_: field.posterior_variance(), gamma)

    def dispersion(self, gamma: FloatArray) -> Pair:
        return self._averages(lambda field, *_: field.variance(), gamma)

    def onset(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        return self._averages(_reduced, gamma, lam, noise=0.0)

    def largest_information(self) -> FloatArray:
        return np.asarray(np.log1p(np.exp(-2 * self.beta)) + 2 * self.beta / (np.exp(2 * self.beta) + 1))

    def _averages(self, quantity: Quantity, gamma: FloatArray, lam: FloatArray | None = None, noise: float = 1.0) -> Pair:
        gamma = np.asarray(gamma, dtype=float)
        lam = np.ones_like(gamma) if lam is None else np.maximum(lam, _NO_TILT)
        fine, size = _by_blocks(quantity, self.beta, gamma, lam, noise, _FINE)
        coarse, _ = _by_blocks(quantity, self.beta, gamma, lam, noise, _COARSE)
        return Pair(fine, np.abs(fine - coarse) + _ROUNDINGS * EPS * size)


def _reduced(field: CavityField, gamma: FloatArray, lam: FloatArray) -> Sum:
    """R = g + lam/2."""
    exponent, left_out = field.exponent, np.where(field.strong[:, 0, 0], 0, lam * gamma)
    return Sum(exponent.value - left_out, exponent.size + left_out)


def _energy(field: CavityField, gamma: FloatArray, lam: FloatArray) -> Sum:
    slope, rest = field.slope, 0.5 + np.where(field.strong[:, 0, 0], 0, gamma)
    return Sum(rest - slope.value / lam, rest + slope.size / lam)


def _fluctuation(field: CavityField, gamma: FloatArray, lam: FloatArray) -> Sum:
    del gamma
    curvature = field.curvature()
    return Sum(curvature.value / lam**2, curvature.size / lam**2)


def _rate(field: CavityField, gamma: FloatArray, lam: FloatArray) -> Sum:
    del gamma, lam
    slope, exponent = field.slope, field.exponent
    return Sum(slope.value - exponent.value, slope.size + exponent.size)


def _by_blocks(quantity: Quantity, beta: FloatArray, gamma: FloatArray, lam: FloatArray, noise: float, exponent: float) -> Sum:
    """The quantity, and the size of the terms it adds up; points that need like numbers of nodes are taken together."""
    value, size = np.full(gamma.size, np.nan), np.full(gamma.size, np.nan)
    with np.errstate(over="ignore", invalid="ignore"):
        mean, sd = lam * gamma, noise * lam * np.sqrt(gamma)
    inside = (beta <= _LARGEST_COUPLING) & (gamma >= 1 / _LARGEST_FIELD) & (mean + sd + gamma <= _LARGEST_FIELD)
    need = resolution(np.where(inside, beta, 1), np.where(inside, mean, 1), np.where(inside, sd, 1), exponent)
    order = np.lexsort((need.noise, need.nodes, need.window))
    order = order[(inside & (need.nodes**2 * need.noise < _LARGEST_COST))[order]]
    while order.size:
        nodes, window, last = need.nodes[order[0]], need.window[order[0]], 1
        alike = (need.nodes[order] == nodes) & (need.window[order] == window)
        while last < order.size and alike[last] and need.noise[order[last]] * nodes * (last + 1) < _BLOCK:
            last += 1
        rows, order = order[:last], order[last:]
        field = CavityField(beta[rows], mean[rows], sd[rows], int(nodes), int(need.noise[rows[-1]]), bool(window), exponent)
        value[rows], size[rows] = quantity(field, gamma[rows], lam[rows])
    return Sum(value, size)


def couplings(model: DataModel, values: Values) -> FloatArray:
    """The coupling at P parameter points."""
    law = model.law({p.name: values[p.name] for p in model.params})
    assert isinstance(law, IsingChain)
    return np.array(np.broadcast_to(np.asarray(law.beta, dtype=np.float64), (count_of(values),)))


def levels(model: DataModel, values: Values) -> ChainLevels:
    """The levels of a chain model; every entry of `values` has length P."""
    return ChainLevels(couplings(model, values))
