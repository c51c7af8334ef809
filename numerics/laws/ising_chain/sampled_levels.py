"""Energy levels of the Ising chain from sampled chains: products of random transfer matrices, with error bars of the sample.

Beside `levels`, which takes no samples: log M_x(lam) of a chain of spins is the sum of the growth of a vector of two
weights under the matrices e^{beta s s'} e^{-lam (x_i - sqrt(gamma) s')^2/2}; a first stretch is left out, until the ends are forgotten.
The same random numbers serve every gamma and lam, so that differences and roots are smooth. Errors are five standard errors over chains.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from regimes.numerics.arrays import FAILED, Answer, FloatArray, Pair, Values
from regimes.numerics.collapse.levels import EnergyLevels
from regimes.numerics.collapse.quantities import FromLevels
from regimes.numerics.laws.ising_chain.levels import couplings
from regimes.theory.model import DataModel

_CHAINS, _LENGTH, _SHORT = 8192, 320, 64
_FORGOTTEN = 12.0  # correlation lengths that are left out
_LONGEST = 30.0  # correlation length of the longest-correlated chains that are sampled
_STANDARD_ERRORS = 5.0
_ROUNDING = 1e-14
_SEED = 20240607
_REACH = 0.02  # of differences in log lam
_NO_TILT = 1e-4  # stands for lam = 0: what is left of higher orders is far below the errors
TOO_STIFF = "the chain is correlated over more than 30 spins: too few independent stretches to sample; use another method"


@dataclass(frozen=True)
class SampledChainLevels:
    """`EnergyLevels` at couplings `beta` (P,); nan where chains are too stiff."""

    beta: FloatArray

    def select(self, index: Any) -> SampledChainLevels:
        return SampledChainLevels(self.beta[index])

    def _averages(self, gamma: FloatArray, lam: FloatArray, f: Callable[[FloatArray, float], FloatArray], noise: float = 1.0) -> Pair:
        """Mean over chains of f(growth rates (K, chains), lam), where K tilts are lam and its neighbours."""
        value, error = np.full(np.shape(gamma), np.nan), np.full(np.shape(gamma), np.nan)
        for k, (beta, g, tilt) in enumerate(zip(self.beta, gamma, np.maximum(lam, _NO_TILT), strict=True)):
            if correlation_length(beta) <= _LONGEST:
                rows = np.array([1.0, np.exp(-_REACH), np.exp(_REACH)]) * tilt
                sample = f(sampled_growth(beta, g, rows, noise).mean(axis=0), tilt)
                value[k] = sample.mean()
                error[k] = _STANDARD_ERRORS * sample.std(ddof=1) / np.sqrt(sample.size) + _ROUNDING * np.abs(sample).max()
        return Pair(value, error)

    def cumulant(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        return self._averages(gamma, lam, lambda g, tilt: g[0] - tilt / 2)

    def reduced(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        return self._averages(gamma, lam, lambda g, tilt: g[0])

    def energy(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        return self._averages(gamma, lam, lambda g, tilt: 0.5 - _slope(g) / tilt)

    def fluctuation(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        return self._averages(gamma, lam, lambda g, tilt: ((g[1] + g[2] - 2 * g[0]) / _REACH**2 - _slope(g)) / tilt**2)

    def rate(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        return self._averages(gamma, lam, lambda g, tilt: _slope(g) - g[0])

    def information(self, gamma: FloatArray) -> Pair:
        return self._averages(gamma, np.ones_like(gamma), lambda g, tilt: -g[0])

    def mmse(self, gamma: FloatArray) -> Pair:
        ahead, behind = (self.information(gamma * np.exp(sign * _REACH)) for sign in (1, -1))
        return Pair((ahead.value - behind.value) / (_REACH * gamma), (ahead.error + behind.error) / (_REACH * gamma))

    def dispersion(self, gamma: FloatArray) -> Pair:
        value, error = np.full(np.shape(gamma), np.nan), np.full(np.shape(gamma), np.nan)
        for k, (beta, g) in enumerate(zip(self.beta, gamma, strict=True)):
            if correlation_length(beta) <= _LONGEST:
                density = -sampled_growth(beta, g, np.ones(1), 1.0)[:, 0]
                # Var of the sum over n spins is n V + const: the constant drops out of the difference of two lengths
                long, short = density.sum(axis=0), density[:_SHORT].sum(axis=0)
                squares = ((long - long.mean()) ** 2 - (short - short.mean()) ** 2) / (_LENGTH - _SHORT)
                value[k], error[k] = squares.mean(), _STANDARD_ERRORS * squares.std(ddof=1) / np.sqrt(squares.size)
        return Pair(value, error)

    def onset(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        return self._averages(gamma, lam, lambda g, tilt: g[0], noise=0.0)

    def largest_information(self) -> FloatArray:
        """Entropy per spin; closed, as the chain of data is one of flips."""
        return np.asarray(np.log1p(np.exp(-2 * self.beta)) + 2 * self.beta / (np.exp(2 * self.beta) + 1))


def _slope(g: FloatArray) -> FloatArray:
    return np.asarray((g[2] - g[1]) / (2 * _REACH))


def correlation_length(beta: float) -> float:
    """Spins over which the chain of data is correlated."""
    return 0.0 if beta == 0 else float(-1 / np.log(np.tanh(beta)))


def sampled_growth(beta: float, gamma: float, lam: FloatArray, noise: float) -> FloatArray:
    """Growth of log E exp(-lam sum_i [(x_i - sqrt(gamma) a_i)^2 - z_i^2]/2) per spin and chain, (spins, K, chains), at tilts (K,).

    The noise z is left out of the energies, as the mean of its square is known; at tilt 1 minus the growth is the information density.
    """
    rng, root = np.random.default_rng(_SEED), np.sqrt(gamma)
    keep = np.exp(beta) / (2 * np.cosh(beta))
    first = int(np.ceil(_FORGOTTEN * correlation_length(beta)))
    hidden = np.where(rng.random(_CHAINS) < 0.5, 1.0, -1.0)
    up = np.full((lam.size, _CHAINS), 0.5)
    growth = np.empty((_LENGTH, lam.size, _CHAINS))
    tilt = lam[:, None]
    for i in range(first + _LENGTH):
        hidden = np.where(rng.random(_CHAINS) < keep, hidden, -hidden)
        z = noise * rng.standard_normal(_CHAINS)
        up = keep * up + (1 - keep) * (1 - up)
        # (x - root s)^2 - z^2 for s = +1, -1, at x = root a + z
        same, other = (-tilt * (shift * (shift + 2 * z)) / 2 for shift in (root * (hidden - 1), root * (hidden + 1)))
        size = np.maximum(same, other)
        up, down = up * np.exp(same - size), (1 - up) * np.exp(other - size)
        total = up + down
        up = up / total
        if i >= first:
            growth[i - first] = np.log(total) + size
    return growth


def levels(model: DataModel, values: Values) -> SampledChainLevels:
    """The same levels from samples, at P parameter points."""
    return SampledChainLevels(couplings(model, values))


def where_loose(function: FromLevels) -> FromLevels:
    """The function of sampled levels, failed where the chain is too stiff to be sampled."""

    def sampled(levels: EnergyLevels, values: Values) -> Answer:
        assert isinstance(levels, SampledChainLevels)
        stiff = np.array([correlation_length(beta) > _LONGEST for beta in levels.beta])
        return function(levels, values).set(stiff, FAILED, TOO_STIFF)

    return sampled
