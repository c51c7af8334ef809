"""Information and mmse of one prior as piecewise Chebyshev polynomials in log gamma, built where they are asked for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.arrays import FloatArray

__all__ = ["InformationTable"]

IndexArray = NDArray[np.intp]

DEGREE = 24
CELL = 2.0
DEEPEST = 3
"""A segment of length CELL in log gamma is halved this often before it is given up."""
FLOOR = 1e-290
"""A function below this on a whole segment is given as this number, with an error of the same size."""
DECAYED = 8e-15
"""Last Chebyshev coefficients of a logarithm that is resolved, unless its values are less certain than that."""


class InformationTable:
    """log I and log mmse as functions of log gamma, each with its power law at small or large gamma divided out.

    Parameters
    ----------
    direct : callable
        From gamma (G,) to values and errors of both functions, each (2, G).
    """

    def __init__(self, direct: Callable[[FloatArray], tuple[FloatArray, FloatArray]]) -> None:
        self._direct = direct
        angles = np.pi * (np.arange(DEGREE + 1) + 0.5) / (DEGREE + 1)
        self._nodes = np.cos(angles)
        self._transform = np.cos(angles[:, None] * np.arange(DEGREE + 1)) * (2 / (DEGREE + 1))
        self._transform[:, 0] /= 2
        self._starts = np.zeros(0)
        self._lengths = np.zeros(0)
        self._coefficients = np.zeros((2, 0, DEGREE + 1))
        self._errors = np.zeros((2, 0))
        self._known: set[int] = set()

    def missing(self, gamma: FloatArray) -> int:
        """Number of direct evaluations that these gammas ask for, at least."""
        return (DEGREE + 1) * len(self._cells(gamma) - self._known)

    def __call__(self, gamma: FloatArray, function: int) -> tuple[FloatArray, FloatArray]:
        """Values of I (0) or mmse (1), and their errors; nan where the table does not reach its digits."""
        self._build(sorted(self._cells(gamma) - self._known))
        place = np.log(gamma)
        segment = np.searchsorted(self._starts, place, side="right") - 1
        y = 2 * (place - self._starts[segment]) / self._lengths[segment] - 1
        terms = np.ascontiguousarray(self._coefficients[function].T)
        later = last = np.zeros_like(y)
        for k in range(DEGREE, 0, -1):
            last, later = terms[k][segment] + 2 * y * last - later, last
        value: FloatArray = np.exp(terms[0][segment] + y * last - later) / _slope(gamma)[function]
        return value, value * self._errors[function, segment]

    @staticmethod
    def _cells(gamma: FloatArray) -> set[int]:
        return set(np.unique(np.floor(np.log(gamma) / CELL)).astype(int).tolist())

    def _build(self, cells: list[int]) -> None:
        """Add segments that cover the cells CELL [k, k + 1] of log gamma."""
        self._known |= set(cells)
        starts, length = CELL * np.array(cells, float), CELL
        for level in range(DEEPEST + 1):
            if not starts.size:
                break
            places = starts[:, None] + length * (self._nodes + 1) / 2
            gamma = np.exp(places).ravel()
            values, errors = (part.reshape(2, starts.size, DEGREE + 1) for part in self._direct(gamma))
            gone = np.max(values, -1, keepdims=True) < FLOOR
            values, errors = np.where(gone, FLOOR, values), np.where(gone, FLOOR, errors)
            with np.errstate(divide="ignore", invalid="ignore"):
                logs, relative = np.log(values * _slope(gamma).reshape(values.shape)), (errors / values).max(-1)
                coefficients = logs @ self._transform
                top = np.maximum(np.abs(logs).max(-1), 1)
            tail = np.abs(coefficients[..., -3:]).max(-1)
            good = (tail <= np.maximum(DECAYED, relative) + 4 * np.finfo(np.float64).eps * top).all(0)
            if level == DEEPEST:
                coefficients[:, ~good] = np.nan  # as where a function starts to underflow
                good[:] = True
            rounding = 4 * np.finfo(np.float64).eps * top
            self._add(starts[good], length, coefficients[:, good], (tail + relative + rounding)[:, good])
            length /= 2
            starts = np.concatenate([starts[~good], starts[~good] + length])

    def _add(self, starts: FloatArray, length: float, coefficients: FloatArray, errors: FloatArray) -> None:
        order = np.argsort(np.concatenate([self._starts, starts]))
        self._starts = np.concatenate([self._starts, starts])[order]
        self._lengths = np.concatenate([self._lengths, np.full(starts.size, length)])[order]
        self._coefficients = np.concatenate([self._coefficients, coefficients], 1)[:, order]
        self._errors = np.concatenate([self._errors, errors], 1)[:, order]


def _slope(gamma: FloatArray) -> FloatArray:
    """Factors (2, G) that make both functions vary slowly: 1/gamma for I below gamma = 1, gamma for mmse above."""
    return np.stack([1 / np.minimum(gamma, 1), np.maximum(gamma, 1)])
