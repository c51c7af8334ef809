"""Centred Gaussian data whose covariance has a given spectrum, in the frame of its eigenvectors."""

from __future__ import annotations

import math
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from regimes.numerics.arrays import IntArray, RealArray
from regimes.theory.laws import Atom, Curve, GaussianSpectrum
from regimes.validate.laws import NO_CLASSES, Answers, Invariants, Renew
from regimes.validate.laws.panels import as_function, atoms_in_numbers, require_one, tabulated
from regimes.validate.simulation.channel import Real, noise_var

if TYPE_CHECKING:
    from regimes.theory.model import DataModel
    from regimes.validate.plans.study import Budget, Study


def _in_numbers(law: GaussianSpectrum) -> GaussianSpectrum:
    return GaussianSpectrum(atoms_in_numbers(law.atoms), tuple(_curve(c) for c in law.curves if float(c.weight) > 0))


@cache
def _curve(curve: Curve) -> Curve:
    u = Curve.variable()
    density, eigenvalue = (tabulated(as_function(expr, u), (0.0, 0.5, 1.0), 1e-10) for expr in (curve.density, curve.eigenvalue))
    require_one(density.integral, curve.density)
    return Curve(float(curve.weight), eigenvalue, density)


@lru_cache(maxsize=64)
def eigenvalues(law: GaussianSpectrum, d: int, offset: float = 0.5) -> RealArray:
    """(d,) eigenvalues of the covariance: of quantile (i + offset)/d for coordinate i, atoms and curves laid end to end."""
    share = (np.arange(d) + offset) / d
    total = sum(part.weight for part in law.atoms) + sum(part.weight for part in law.curves)
    share *= total  # one, but for rounding
    found, start = np.empty(d), 0.0
    for atom in law.atoms:
        stop = start + atom.weight
        found[(share >= start) & (share < stop)] = atom.place
        start = stop
    for curve in law.curves:
        stop = start + curve.weight
        inside = (share >= start) & (share < stop)
        found[inside] = curve.eigenvalue.at(curve.density.quantile((share[inside] - start) / curve.weight))
        start = stop
    return np.maximum(found, 0.0)


def stratified(rng: np.random.Generator, law: GaussianSpectrum, d: int) -> GaussianSpectrum:
    """The law with d eigenvalues, one at random in each of d equal shares: their sums of functions have the averages of the law."""
    return GaussianSpectrum(tuple(Atom(1.0 / d, place) for place in eigenvalues(law, d, float(rng.random())).tolist()))


def _renewal(law: GaussianSpectrum) -> Renew | None:
    """New eigenvalues where the spectrum is spread out: none then is off the averages of the limit."""
    if not law.curves:
        return None
    return lambda rng, d: stratified(rng, law, d)


def _draw(rng: np.random.Generator, law: GaussianSpectrum, n: int, d: int, dtype: Real) -> tuple[RealArray, IntArray]:
    data = rng.standard_normal((n, d), dtype=dtype)
    data *= np.sqrt(eigenvalues(law, d)).astype(dtype)
    return data, np.zeros(n, dtype=np.intp)


class Eigenvectors:
    """A centred Gaussian in the frame of its eigenvectors."""

    def __init__(self, law: GaussianSpectrum, d: int) -> None:
        self._eigenvalues = eigenvalues(law, d)

    def terms(self, x: RealArray, t: float) -> RealArray:
        width = noise_var(t) + math.exp(-2.0 * t) * self._eigenvalues
        return np.asarray(-0.5 * (np.square(x) / width + np.log(2.0 * math.pi * width)))


def _plan(model: DataModel, budget: Budget, seed: int) -> list[Study]:
    from regimes.validate.plans import data_sets
    from regimes.validate.plans.levels import of_levels
    from regimes.validate.plans.study import settings

    usual = settings(model)[0]
    law = usual.law
    assert isinstance(law, GaussianSpectrum)
    studies = of_levels(model, budget, seed, method="window" if law.curves else "exact")
    if not law.curves and any(atom.place == 0 for atom in law.atoms):  # data on a linear manifold: the collapse by the reverse process too
        studies.append(data_sets.data_clones(usual, budget, seed, n=300, d=24, batches=16))
    return studies


ANSWERS = Answers(
    in_numbers=_in_numbers,
    draw=_draw,
    density=Eigenvectors,
    score=NO_CLASSES,
    plan=_plan,
    invariants=Invariants(weights=lambda law: [part.weight for part in (*law.atoms, *law.curves)]),
    renewal=_renewal,
)
