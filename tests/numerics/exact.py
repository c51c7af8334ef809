"""Exact finite sizes of one law with numbers in it, as `collapse.finite_size` computes them from the family's points."""

from __future__ import annotations

from numpy.typing import ArrayLike

from regimes.numerics.arrays import FloatArray
from regimes.numerics.collapse import finite_size
from regimes.numerics.laws import points_of
from regimes.theory.law import Law


def excess_entropy(law: Law, t: ArrayLike, n: float, d: int, *, tol: float = 1e-9) -> tuple[FloatArray, FloatArray]:
    return finite_size.excess_entropy(points_of(law), t, n, d, tol=tol)


def collapse_probability(law: Law, t: ArrayLike, n: float, d: int, *, tol: float = 1e-9) -> tuple[FloatArray, FloatArray]:
    return finite_size.collapse_probability(points_of(law), t, n, d, tol=tol)
