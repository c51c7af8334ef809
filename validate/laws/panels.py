"""Functions of one variable as tables of numbers: on adjoining panels the polynomials through their values at Gauss-Legendre nodes.

An experiment holds a density in this form: complete, canonical, plain JSON, and nothing in it is ever read back as a program.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from regimes.numerics.arrays import RealArray
from regimes.theory.errors import DomainError
from regimes.theory.laws import Atom

Function = Callable[[float], float]

NODES = 12
_X, _W = np.polynomial.legendre.leggauss(NODES)
_PROJECT = (2 * np.arange(NODES)[:, None] + 1) / 2 * np.polynomial.legendre.legvander(_X, NODES - 1).T * _W
"""Values at the nodes -> coefficients of Legendre polynomials."""
_HALVES = np.polynomial.legendre.legvander(np.concatenate([_X - 1, _X + 1]) / 2, NODES - 1) @ _PROJECT
"""Values at the nodes -> values at the nodes of both halves of the panel."""

_SMALLEST = 2.0**-44  # panels are not halved below this fraction of the first: what is left there weighs nothing


@dataclass(frozen=True)
class Panels:
    """A function on (ends[0], ends[-1]).

    Attributes
    ----------
    ends : tuple
        (P + 1,) increasing.
    values : tuple
        (P, `NODES`) at the Gauss-Legendre nodes of every panel.
    """

    ends: tuple[float, ...]
    values: tuple[tuple[float, ...], ...]

    @property
    def integral(self) -> float:
        """Over the whole interval."""
        return float(_masses(self).sum())

    def nodes(self) -> tuple[RealArray, RealArray]:
        """Nodes (P, `NODES`) and weights of the quadrature rule that integrates polynomials on every panel."""
        middle, half = _frame(self)
        return middle[:, None] + half[:, None] * _X, half[:, None] * _W

    def at(self, x: RealArray) -> RealArray:
        """Values at x (N,), any points of the interval."""
        panel = np.searchsorted(np.array(self.ends[1:-1]), x, side="right")
        middle, half = _frame(self)
        return _polynomial(_coefficients(self), panel, (x - middle[panel]) / half[panel])

    def quantile(self, share: RealArray) -> RealArray:
        """Points (N,) below which the shares (N,) of the whole integral lie, for a function that is nowhere negative; by bisection."""
        middle, half = _frame(self)
        mass = np.maximum(_masses(self), 0.0)
        below = np.concatenate([[0.0], np.cumsum(mass)])
        wanted = np.asarray(share) * below[-1]
        panel = np.clip(np.searchsorted(below, wanted, side="right") - 1, 0, len(mass) - 1)
        left = (wanted - below[panel]) / half[panel]
        primitive = np.polynomial.legendre.legint(_coefficients(self), lbnd=-1, axis=1)
        low, high = np.full(wanted.shape, -1.0), np.ones(wanted.shape)
        for _ in range(54):
            centre = 0.5 * (low + high)
            short = _polynomial(primitive, panel, centre) < left
            low, high = np.where(short, centre, low), np.where(short, high, centre)
        return np.asarray(middle[panel] + half[panel] * 0.5 * (low + high))


def _frame(table: Panels) -> tuple[RealArray, RealArray]:
    ends = np.array(table.ends)
    return (ends[1:] + ends[:-1]) / 2, (ends[1:] - ends[:-1]) / 2


@cache
def _coefficients(table: Panels) -> RealArray:
    return np.asarray(np.array(table.values) @ _PROJECT.T)


def _masses(table: Panels) -> RealArray:
    return np.asarray(_frame(table)[1] * (np.array(table.values) @ _W))


def _polynomial(coefficients: RealArray, panel: npt.NDArray[np.intp], s: RealArray) -> RealArray:
    """Legendre series of each point's panel at local coordinates s in (-1, 1), by Clenshaw's recurrence."""
    one, two = np.zeros(s.shape), np.zeros(s.shape)
    for k in range(coefficients.shape[1] - 1, 0, -1):
        one, two = coefficients[panel, k] + (2 * k + 1) / (k + 1) * s * one - (k + 1) / (k + 2) * two, one
    return np.asarray(coefficients[panel, 0] + s * one - 0.5 * two)


def tabulated(f: Function, ends: Sequence[float], tolerance: float) -> Panels:
    """Table of f on (ends[0], ends[-1]), whose panels are halved until each contributes an error below `tolerance` to an integral.

    Parameters
    ----------
    f : Function
        Finite inside; it may jump or diverge at the ends, and where panels are halved towards it.
    ends : sequence
        Increasing; first panels.
    """
    done: list[tuple[float, float, RealArray]] = []
    for first, last in pairwise(ends):
        left = [(first, last, _values(f, first, last))]
        while left:
            low, high, values = left.pop()
            middle = 0.5 * (low + high)
            halves = np.concatenate([_values(f, low, middle), _values(f, middle, high)])
            error = float(np.abs(_HALVES @ values - halves).max()) * (high - low)
            if error <= tolerance or high - low <= _SMALLEST * (last - first) or not low < middle < high:
                done.append((low, high, values))
            else:
                left += [(middle, high, halves[NODES:]), (low, middle, halves[:NODES])]
    return Panels((*(low for low, _, _ in done), done[-1][1]), tuple(tuple(values.tolist()) for _, _, values in done))


def _values(f: Function, low: float, high: float) -> RealArray:
    return np.array([f(x) for x in (0.5 * (low + high) + 0.5 * (high - low) * _X).tolist()])


MASS = 1e-8
"""Largest error of a density's integral: a density that misses one by more is refused."""


def as_function(expr: Any, variable: Any) -> Function:
    """A SymPy expression as a function of floats; mpmath neither overflows nor underflows on the way."""
    import mpmath as mp
    import sympy as sp

    compiled = sp.lambdify([variable], expr, "mpmath")
    return lambda x: float(compiled(mp.mpf(x)))


def require_one(integral: float, density: Any) -> None:
    if not abs(integral - 1.0) < MASS:
        raise DomainError(f"the density {density} integrates to {integral:.9g} by a table of it: it should be 1, and most of it near 0")


def atoms_in_numbers(atoms: Sequence[Atom]) -> tuple[Atom, ...]:
    return tuple(Atom(float(atom.weight), float(atom.place)) for atom in atoms if float(atom.weight) > 0)
