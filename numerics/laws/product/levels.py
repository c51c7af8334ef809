"""Information functions of the scalar Gaussian channel for any prior: energy levels of data with independent coordinates.

Notation: x = sqrt(gamma) a + z; E = (x - sqrt(gamma) a)^2/2; chi(x; lam) = E_a exp(-lam E); P(x) = chi(x; 1)/sqrt(2 pi);
g = E_x log chi(x; lam). Everything is an average over x of something that has one sign, so that small values keep their digits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.arrays import FloatArray, Pair
from regimes.numerics.collapse.levels import EnergyLevels
from regimes.numerics.laws.product.information_table import InformationTable
from regimes.numerics.laws.product.output_average import average, data_panels, output_panels
from regimes.numerics.laws.product.posterior import Laws, Outputs, Posterior
from regimes.numerics.laws.product.prior import ORDER, Densities, Prior, discrete_priors, unit_priors
from regimes.theory.model import DataModel

__all__ = ["ScalarLevels", "levels"]

IndexArray = NDArray[np.intp]

OWNERS = 256
"""Parameter points that are integrated together."""
FEWEST = 32
"""Points that share a prior before its table is thought of."""
TINY = 1e-290
"""Least signal-to-noise ratio: below it every answer is that at zero."""

Block = Callable[[Laws, FloatArray, FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
"""From priors, s, lam and a further number of the owners to values and errors, (C, N)."""
Function = Callable[[Posterior, FloatArray], FloatArray]
LawKey = tuple[Densities | None, tuple[float, ...], tuple[float, ...]]


def levels(model: DataModel, values: Mapping[str, FloatArray]) -> EnergyLevels:
    """Energy levels of a model with a product law, at P values of its own parameters (arrays (P,))."""
    which, var, weights, places, priors = unit_priors(model, values)
    return ScalarLevels(which, var, weights, places, priors)


class ScalarLevels:
    """Energy levels of data with independent coordinates; implements `EnergyLevels`.

    Parameters
    ----------
    which : (P,) array
        Index of the prior of each parameter point.
    var : (P,) array
        Variance of a coordinate.
    weights, places : (N, K) array
        Atoms of the unit priors.
    priors : sequence
        The N priors if they have densities; empty if all are discrete.
    """

    def __init__(self, which: IndexArray, var: FloatArray, weights: FloatArray, places: FloatArray, priors: list[Prior]) -> None:
        self._which, self._var, self._weights, self._places, self._priors = which, var, weights, places, priors

    @classmethod
    def discrete(cls, weights: FloatArray, places: FloatArray) -> ScalarLevels:
        """Levels of P discrete priors: atoms `places` with `weights`, both (P, K)."""
        var, unit = discrete_priors(np.asarray(weights, float), np.asarray(places, float))
        return cls(np.arange(len(var)), var, np.asarray(weights, float), unit, [])

    @classmethod
    def of(cls, prior: Prior, count: int) -> ScalarLevels:
        """Levels of one prior at `count` parameter points."""
        which = np.zeros(count, np.intp)
        densities = [] if prior.densities is None else [prior]
        return cls(which, np.full(count, prior.var), prior.weights[None], prior.places[None], densities)

    def select(self, index: NDArray[Any]) -> ScalarLevels:
        """The same at some of the parameter points."""
        return ScalarLevels(self._which[index], self._var[index], self._weights, self._places, self._priors)

    def cumulant(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        """g(gamma, lam)."""
        return self._average(gamma, lam, lambda p: p.log_transform)

    def reduced(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        """g(gamma, lam) + lam/2; for a weak signal from E x^2 = 1 + gamma var, which takes out what would cancel."""
        weak = np.sqrt(np.maximum(gamma * self._var, TINY)) < 1
        value, error = self._average(gamma, lam, lambda p: np.where(p.outputs.s < 1, p.log_centred, p.log_transform))
        rest = np.where(weak, -lam * gamma * self._var, lam) / 2
        return Pair(value + rest, error + np.finfo(np.float64).eps * np.abs(rest))

    def energy(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        """-dg/dlam."""
        return self._average(gamma, lam, Posterior.energy)

    def fluctuation(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        """d^2 g/dlam^2."""
        return self._average(gamma, lam, Posterior.energy_variance)

    def rate(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        """lam dg/dlam - g: relative entropy of the tilted law from the prior."""
        return self._average(gamma, lam, Posterior.relative_entropy)

    def information(self, gamma: FloatArray) -> Pair:
        """I(gamma): relative entropy of the posterior from the prior."""
        return self._tabulated(gamma, 0)

    def mmse(self, gamma: FloatArray) -> Pair:
        """Mean variance of the posterior."""
        value, error = self._tabulated(gamma, 1)
        return Pair(value * self._var, error * self._var)

    def dispersion(self, gamma: FloatArray) -> Pair:
        """V(gamma): variance of the information density, around the information computed first."""
        centre = self.information(gamma).value
        value, error = self._blocks(gamma, np.ones_like(gamma), centre, _output_average(lambda p, c: p.spread(c)))
        return Pair(value, error + (8 * np.finfo(np.float64).eps * np.maximum(centre, 1)) ** 2)

    def onset(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        """E_a' log chi(sqrt(gamma) a'; lam)."""
        return self._blocks(gamma, lam, lam, _onset)

    def largest_information(self) -> FloatArray:
        """Entropy of a discrete prior, inf for any other; (P,)."""
        if self._priors:
            return np.full(self._which.size, np.inf)
        logs = np.log(np.where(self._weights > 0, self._weights, 1))
        entropy: FloatArray = -(self._weights * logs).sum(1)[self._which]
        return np.where(self._var > 0, entropy, 0)

    def _average(self, gamma: FloatArray, lam: FloatArray, f: Callable[[Posterior], FloatArray]) -> Pair:
        """Average over x of a property of the tilted law."""
        return self._blocks(gamma, lam, lam, _output_average(lambda posterior, _: f(posterior)))

    def _tabulated(self, gamma: FloatArray, function: int) -> Pair:
        """Information (0) or mmse of the unit prior (1): from the table of a prior that many points share, else direct."""
        value, error = np.full(gamma.shape, np.nan), np.full(gamma.shape, np.nan)
        snr = np.maximum(gamma * self._var, TINY)
        for k, count in zip(*np.unique(self._which, return_counts=True), strict=True):
            if count < FEWEST:
                continue
            at = np.flatnonzero((self._which == k) & np.isfinite(snr))
            table = _table(self._law(k))
            if table.missing(snr[at]) <= at.size:
                value[at], error[at] = table(snr[at], function)
        rest = np.isnan(value)
        if rest.any():
            ones = np.ones(int(rest.sum()))
            value[rest], error[rest] = self.select(rest)._blocks(gamma[rest], ones, ones, _output_average(_FUNCTIONS[function]))
        return Pair(value, error)

    def _law(self, k: int) -> LawKey:
        """The k-th prior, as a key under which its table is kept."""
        return (self._priors[k].densities if self._priors else None), tuple(self._weights[k].tolist()), tuple(self._places[k].tolist())

    def _blocks(self, gamma: FloatArray, lam: FloatArray, extra: FloatArray, block: Block) -> Pair:
        """Values and errors of `block`, applied to points that share their densities, a limited number at a time."""
        value, error = np.empty(gamma.shape), np.empty(gamma.shape)
        s = np.sqrt(np.maximum(gamma * self._var, TINY))
        groups = [np.flatnonzero(self._which == k) for k in np.unique(self._which)] if self._priors else [np.arange(gamma.size)]
        for group in groups:
            for start in range(0, group.size, OWNERS):
                at = group[start : start + OWNERS]
                own = self._which[at]
                laws = Laws(self._weights[own], self._places[own], self._priors[own[0]].densities if self._priors else None)
                values, errors = block(laws, s[at], lam[at], extra[at])
                value[at], error[at] = values[0], errors[0]
        return Pair(value, error)


@lru_cache(maxsize=64)
def _table(law: LawKey) -> InformationTable:
    """Table of information and mmse of a unit prior."""
    densities, weights, places = law
    block = _output_average(*_FUNCTIONS)

    def direct(gamma: FloatArray) -> tuple[FloatArray, FloatArray]:
        parts = []
        for start in range(0, gamma.size, OWNERS):
            s = np.sqrt(gamma[start : start + OWNERS])
            laws = Laws(np.tile(weights, (s.size, 1)), np.tile(places, (s.size, 1)), densities)
            parts.append(block(laws, s, np.ones_like(s), s))
        values, errors = (np.concatenate(columns, 1) for columns in zip(*parts, strict=True))
        return values, errors

    return InformationTable(direct)


def _output_average(*functions: Function) -> Block:
    """Averages over the output x, with density P(x), of functions of the tilted law and the further number."""

    def block(laws: Laws, s: FloatArray, lam: FloatArray, extra: FloatArray) -> tuple[FloatArray, FloatArray]:
        same = bool(np.all(lam == 1))

        def integrand(outputs: Outputs, order: int) -> FloatArray:
            own = outputs.owner
            posterior = Posterior(laws, outputs, np.ones(own.size), order)
            tilted = posterior if same else Posterior(laws, outputs, lam[own], order)
            density = np.exp(posterior.log_transform) / np.sqrt(2 * np.pi)
            return np.asarray(density * np.stack([f(tilted, extra[own]) for f in functions]))

        return average(integrand, output_panels(laws, s), s, len(functions), _nodes(laws), inner=laws.densities is not None)

    return block


_FUNCTIONS: tuple[Function, ...] = (lambda posterior, _: posterior.relative_entropy(), lambda posterior, _: posterior.variance())
"""What tables hold: integrands of information and mmse."""


def _onset(laws: Laws, s: FloatArray, lam: FloatArray, _: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Average of log chi(s a; lam) over data a."""
    count, atoms = laws.places.shape
    owner = np.repeat(np.arange(count), atoms)
    outputs = Outputs(owner, s[owner], laws.places.ravel(), np.zeros(owner.size))
    terms = laws.weights * Posterior(laws, outputs, lam[owner], ORDER).log_transform.reshape(count, atoms)
    value, error = terms.sum(1), 8 * np.finfo(np.float64).eps * np.abs(terms).sum(1)
    densities = laws.densities
    if densities is None:
        return value[None], error[None]

    def integrand(outputs: Outputs, order: int) -> FloatArray:
        density = densities.total(outputs.anchor + outputs.xi / outputs.s) / outputs.s
        return (density * Posterior(laws, outputs, lam[outputs.owner], order).log_transform)[None]

    rest, gap = average(integrand, data_panels(laws, s), s, 1, _nodes(laws), inner=True)
    return value + rest, error + gap


def _nodes(laws: Laws) -> int:
    """Levels seen from one output, roughly."""
    inner = 0 if laws.densities is None else ORDER * (laws.densities.left.size + 8)
    return int(laws.places.shape[1]) + inner
