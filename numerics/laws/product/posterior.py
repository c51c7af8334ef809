"""What an output x of the scalar Gaussian channel x = s a + z says of the datum a: its prior tilted by exp(-lam E), E = (x - s a)^2/2.

Notation: s = sqrt(gamma) in units of the prior's standard deviation. An output is kept as x = s*anchor + xi with a mark of the prior
as anchor, so that distances to that mark keep their digits at any gamma. Energies are kept relative to that of a reference place c:
E(c) - E(a) = delta (y - delta/2) with delta = s (a - c) and y = x - s c.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.arrays import FloatArray
from regimes.numerics.laws.product.prior import Densities

__all__ = ["Laws", "Outputs", "Posterior"]

IndexArray = NDArray[np.intp]

DEPTH = 45.0
"""Levels whose lam E lies this far above the lowest one are left out of a density's part."""
CELL = 2.7
"""Widest panel of the inner integral, in standard deviations of the tilted noise."""


class Laws(NamedTuple):
    """Unit priors of N owners: atoms (N, K), and a density that all share (or none)."""

    weights: FloatArray
    places: FloatArray
    densities: Densities | None

    def select(self, index: IndexArray) -> Laws:
        """Those of some of the owners."""
        return Laws(self.weights[index], self.places[index], self.densities)


class Outputs(NamedTuple):
    """R outputs x = s*anchor + xi, and the owner of each (all (R,))."""

    owner: IndexArray
    s: FloatArray
    anchor: FloatArray
    xi: FloatArray

    def select(self, index: NDArray[np.bool_]) -> Outputs:
        """Some of them."""
        return Outputs(self.owner[index], self.s[index], self.anchor[index], self.xi[index])


class _Part(NamedTuple):
    """Levels of one kind: row (Q,) of each line of nodes; weights, delta, excess energy E(c) - E(a) (all (Q, n))."""

    row: IndexArray
    weight: FloatArray
    delta: FloatArray
    excess: FloatArray


class Posterior:
    """The prior tilted by exp(-lam E), seen from R outputs.

    Parameters
    ----------
    laws : Laws
        The priors.
    outputs : Outputs
        The R outputs.
    lam : (R,) array
        Tilts, >= 0; at lam = 1 this is the posterior.
    order : int
        Gauss-Legendre nodes per panel of the densities.
    """

    def __init__(self, laws: Laws, outputs: Outputs, lam: FloatArray, order: int) -> None:
        self.laws, self.outputs, self.lam = laws, outputs, lam
        owner, s, anchor, xi = outputs
        places, weights = laws.places[owner], laws.weights[owner]
        x = s * anchor + xi
        residual = s[:, None] * (places - anchor[:, None]) - xi[:, None]  # s a - x
        reach = np.abs(laws.places).max(1, initial=0)[owner]
        candidates, distances = [places], [residual]
        if laws.densities is not None:
            low, high = laws.densities.low, laws.densities.high
            ends = [s[:, None] * (end - anchor[:, None]) - xi[:, None] for end in (low, high)]
            inside = (ends[0] <= 0) & (ends[1] >= 0)
            candidates.append(np.where(inside, (anchor + xi / s)[:, None], np.where(ends[0] > 0, low, high)))
            distances.append(np.where(inside, 0, np.where(ends[0] > 0, *ends)))
            reach = np.maximum(reach, max(-low.min(), high.max()))
        distance = np.concatenate(distances, 1)
        nearest = np.abs(distance).argmin(1)[:, None]
        near, place = (np.take_along_axis(c, nearest, 1)[:, 0] for c in (distance, np.concatenate(candidates, 1)))
        # A weak signal hardly tells places apart: the prior's mean is then the reference that keeps small differences small.
        direct = s < 1
        central = direct & (lam * s * s < 100) & (lam * np.abs(x) * np.minimum(np.abs(x) / 2, s * reach) < 500)
        self.central = central
        self.reference = np.where(central, 0, place)
        self.residual = np.where(direct, s * self.reference - x, near)  # s c - x
        delta = self._delta(direct, s[:, None], places, residual)
        self.parts = [self._part(np.arange(owner.size), weights, delta)]
        self.outside = np.zeros(owner.size)
        if laws.densities is not None:
            self._add_densities(laws.densities, direct, near, order)

    def _delta(self, direct: NDArray[np.bool_], s: FloatArray, places: FloatArray, residual: FloatArray) -> FloatArray:
        """s (a - c) of places, without the cancellation of x where the signal is strong nor that of c where it is weak."""
        return np.where(direct[:, None], s * (places - self.reference[:, None]), residual - self.residual[:, None])

    def _part(self, row: IndexArray, weight: FloatArray, delta: FloatArray) -> _Part:
        excess = delta * (2 * self.residual[row][:, None] + delta)
        excess *= -0.5
        return _Part(row, weight, delta, excess)

    def _add_densities(self, densities: Densities, direct: NDArray[np.bool_], near: FloatArray, order: int) -> None:
        """Nodes in the panels of the prior, cut to the window in which a tilted level matters."""
        _, s, anchor, xi = self.outputs
        column = s[:, None]
        edges = [
            self._delta(direct, column, end, column * (end - anchor[:, None]) - xi[:, None]) for end in (densities.left, densities.right)
        ]
        with np.errstate(divide="ignore", over="ignore"):  # without a tilt everything matters
            half = np.sqrt(near**2 + 2 * DEPTH / self.lam)
            cell = np.minimum(CELL / np.sqrt(self.lam), DEPTH / 7 / (self.lam * np.maximum(np.abs(near), 1e-300)))
        low = np.maximum(edges[0], (-half - self.residual)[:, None])
        high = np.minimum(edges[1], (half - self.residual)[:, None])
        row, panel = np.nonzero(high > low)
        start, length = low[row, panel], (high - low)[row, panel]
        pieces = np.ceil(length / cell[row]).astype(np.intp)
        pieces = np.maximum(pieces, 1)
        first = np.repeat(np.cumsum(pieces) - pieces, pieces)
        width = np.repeat(length / pieces, pieces)[:, None]
        start = np.repeat(start, pieces)[:, None] + (np.arange(first.size) - first)[:, None] * width
        row, panel = np.repeat(row, pieces), np.repeat(panel, pieces)
        nodes, weights = np.polynomial.legendre.leggauss(order)
        delta = start + width * ((nodes + 1) / 2)
        base = np.where(direct, self.reference, anchor)[row][:, None]
        shift = np.where(direct, 0, xi + self.residual)[row][:, None]
        scale = s[row][:, None]
        weight = densities.at(base + (delta + shift) / scale, panel)
        weight *= width * (weights / 2)
        weight /= scale
        self.parts.append(self._part(row, weight, delta))
        clipped = ((low > edges[0]) | (high < edges[1])).any(1)
        mass = np.bincount(row, weight.sum(1), self.lam.size)
        self.outside = np.where(clipped, np.maximum(densities.mass - mass, 0), 0)

    def total(self, f: Callable[[int, _Part], FloatArray]) -> FloatArray:
        """Sum of f over the levels seen from every output, (R,)."""
        sums: FloatArray = f(0, self.parts[0]).sum(1)
        for k, part in enumerate(self.parts[1:], 1):
            sums += np.bincount(part.row, f(k, part).sum(1), self.lam.size)
        return sums

    @cached_property
    def _logits(self) -> list[FloatArray]:
        return [part.excess * self.lam[part.row][:, None] for part in self.parts]

    @cached_property
    def _powers(self) -> list[FloatArray]:
        return [np.exp(logit) * part.weight for logit, part in zip(self._logits, self.parts, strict=True)]

    @cached_property
    def log_sum(self) -> FloatArray:
        """log E_a exp(lam (E(c) - E(a))): near zero without the rounding of a sum near one."""
        total = self.total(lambda k, _: self._powers[k])
        with np.errstate(divide="ignore"):
            log_sum = np.log(total)
        near = np.abs(total - 1) < 0.05
        exact = near & self.central & (self.outside == 0)
        if np.any(near & ~exact):
            change = self.total(lambda k, part: np.expm1(np.minimum(self._logits[k], 700)) * part.weight) - self.outside
            log_sum = np.where(near, np.log1p(np.where(near, change, 0)), log_sum)
        if exact.any():
            # the linear term averages to -lam s^2/2 for a unit prior: its rounding would outweigh the rest
            change = self.total(lambda k, part: _beyond_linear(self._logits[k]) * part.weight) - self.lam * self.outputs.s**2 / 2
            log_sum = np.where(exact, np.log1p(np.where(exact, change, 0)), log_sum)
        # Outputs that no datum explains, beyond where a density underflows, have no weight in any average: any finite value will do.
        return np.asarray(np.maximum(log_sum, -700))

    @property
    def log_transform(self) -> FloatArray:
        """log E_a exp(-lam E)."""
        return np.asarray(self.log_sum - self.lam * self.residual**2 / 2)

    @property
    def log_centred(self) -> FloatArray:
        """log E_a exp(lam (x^2/2 - E)); small with s."""
        x = self.outputs.s * self.outputs.anchor + self.outputs.xi
        return np.asarray(self.log_sum + np.where(self.central, 0, self.lam * (x - self.residual) * (x + self.residual) / 2))

    @cached_property
    def _shares(self) -> list[FloatArray]:
        inverse = np.exp(-self.log_sum)
        return [power * inverse[part.row][:, None] for power, part in zip(self._powers, self.parts, strict=True)]

    def mean(self, f: Callable[[int, _Part], FloatArray]) -> FloatArray:
        """Mean of f over the tilted law, (R,)."""
        return self.total(lambda k, part: self._shares[k] * f(k, part))

    def _variance(self, f: Callable[[int, _Part], FloatArray]) -> FloatArray:
        centre = self.mean(f)
        return self.mean(lambda k, part: (f(k, part) - centre[part.row][:, None]) ** 2)

    def relative_entropy(self) -> FloatArray:
        """KL of the tilted law from the prior."""
        entropy = self.mean(self._log_ratio)
        small = entropy < 0.01
        if small.any():
            # all terms positive: r log r - r + 1 with the ratio r of the two laws
            near = Posterior.__new__(Posterior)
            near.__dict__ = self._some(small)
            entropy[small] = near.total(lambda k, part: part.weight * _entropy_term(near._log_ratio(k, part))) + near.outside
        return entropy

    def _some(self, rows: NDArray[np.bool_]) -> dict[str, object]:
        """The attributes of the same for some of the outputs."""
        rank = np.cumsum(rows) - 1
        keep = [rows[part.row] for part in self.parts]
        parts = [_Part(rank[p.row[k]], p.weight[k], p.delta[k], p.excess[k]) for p, k in zip(self.parts, keep, strict=True)]
        return {"parts": parts, "lam": self.lam[rows], "log_sum": self.log_sum[rows], "outside": self.outside[rows]}

    def _log_ratio(self, k: int, part: _Part) -> FloatArray:
        return self._logits[k] - self.log_sum[part.row][:, None]

    def energy(self) -> FloatArray:
        """Mean of E."""
        return self.mean(lambda k, part: (self.residual[part.row][:, None] + part.delta) ** 2) / 2

    def energy_variance(self) -> FloatArray:
        """Variance of E."""
        return self._variance(lambda k, part: part.excess)

    def variance(self) -> FloatArray:
        """Variance of a."""
        return self._variance(lambda k, part: part.delta) / self.outputs.s**2

    def spread(self, centre: FloatArray) -> FloatArray:
        """Mean of (log ratio of the tilted law to the prior - centre)^2."""
        return self.mean(lambda k, part: (self._log_ratio(k, part) - centre[part.row][:, None]) ** 2)


def _beyond_linear(u: FloatArray) -> FloatArray:
    """exp(u) - 1 - u, to full relative precision; u <= 700."""
    near = np.clip(u, -0.5, 0.5)
    series = np.full_like(u, 1 / 15)
    for k in range(14, 2, -1):
        series *= near
        series += 1
        series /= k
    series *= near
    series += 1
    series *= near * near / 2
    return np.where(np.abs(u) < 0.5, series, np.expm1(np.minimum(u, 700)) - u)


def _entropy_term(log_ratio: FloatArray) -> FloatArray:
    """r log r - r + 1 of r = exp(log_ratio); one where the ratio is zero."""
    finite = np.maximum(log_ratio, -745)
    return np.asarray(finite * np.expm1(np.minimum(finite, 700)) - _beyond_linear(finite))
