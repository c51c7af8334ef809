"""The information density of Gaussian data: closed for a spectrum of atoms, from the levels where a part of it is spread out."""

from __future__ import annotations

import math

from regimes.numerics.collapse.window import Density, from_levels, gaussian_information, known
from regimes.numerics.laws.spectrum.levels import levels
from regimes.theory.laws import GaussianSpectrum


def density(law: GaussianSpectrum, t: float) -> Density:
    """Mean and variance at a time."""
    if law.curves:
        return from_levels(levels)(law, t)
    gamma = 1 / math.expm1(2 * t)
    parts = [(float(atom.weight), *gaussian_information(float(atom.place) * gamma)) for atom in law.atoms]
    return known(sum(w * mean for w, mean, _ in parts), sum(w * var for w, _, var in parts))
