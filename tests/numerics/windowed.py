"""The window approximation of one law with numbers in it, as `collapse.window` computes it from the family's information density."""

from __future__ import annotations

from numpy.typing import ArrayLike

from regimes.numerics.arrays import FloatArray
from regimes.numerics.collapse import window
from regimes.numerics.laws import density_of
from regimes.theory.law import Law


def excess_entropy(law: Law, t: ArrayLike, n: float, d: int) -> tuple[FloatArray, FloatArray]:
    return window.excess_entropy(density_of(law), t, n, d)


def collapse_probability(law: Law, t: ArrayLike, n: float, d: int) -> tuple[FloatArray, FloatArray]:
    return window.collapse_probability(density_of(law), t, n, d)
