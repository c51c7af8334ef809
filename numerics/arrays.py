"""Arrays that every part of the numerics passes on: values with errors, and answers with a status."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
RealArray = NDArray[np.floating[Any]]
"""Floats of any precision."""
ComplexArray = NDArray[np.complexfloating[Any, Any]]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.integer[Any]]
Rows = NDArray[np.signedinteger[Any]]
"""Indices of parameter points."""
TextArray = NDArray[np.object_]
"""Texts of any length; empty where there is nothing to say."""
Values = Mapping[str, FloatArray]
"""Parameters by name, each (P,)."""

EPS = float(np.finfo(np.float64).eps)

OK, NONE, FAILED = "ok", "none", "failed"
"""Statuses: there is a value; what was asked for does not exist; it could not be computed."""


def count_of(values: Values) -> int:
    """Number P of parameter points; one where there are no parameters at all."""
    return next((column.size for column in values.values()), 1)


def texts(shape: int | tuple[int, ...], text: str = "") -> TextArray:
    """An array of one text."""
    found: TextArray = np.full(shape, text, dtype=object)
    return found


class Pair(NamedTuple):
    """Values (P,) and bounds or measurements of their absolute errors (P,); a value that could not be computed is nan."""

    value: FloatArray
    error: FloatArray


@dataclass
class Answer:
    """What a method returns for P parameter points.

    Attributes
    ----------
    value, error : (P,) float
        Values, and bounds or measurements of their absolute errors; nan where the status is not ok.
    status : (P,) str
        ``ok``, ``none`` (what was asked for does not exist there) or ``failed`` (it was not computed).
    reason : (P,) str
        Why the status is not ok; empty where it is, or where no more is known than that the digits did not settle.
    """

    value: FloatArray
    error: FloatArray
    status: TextArray
    reason: TextArray

    @classmethod
    def of(cls, pair: Pair, absent: TextArray | None = None) -> Answer:
        """Values with their errors and rounding; `absent` says where there are none, and why. A nan besides is one not computed."""
        value, error = np.array(pair.value, dtype=float), np.array(pair.error, dtype=float)
        found = cls(value, error + EPS * np.abs(value), texts(value.size, OK), texts(value.size))
        found.set(~np.isfinite(value), FAILED)
        if absent is not None:
            found.set(absent != "", NONE, absent)
        return found

    @classmethod
    def empty(cls, count: int) -> Answer:
        """Not computed anywhere yet."""
        return cls(np.full(count, np.nan), np.full(count, np.nan), texts(count, FAILED), texts(count))

    def set(self, where: Any, status: str, reason: str | TextArray = "") -> Answer:
        """Another status at some of the points (an index or a mask), in place; values there are dropped unless the status is ok."""
        self.status[where] = status
        self.reason[where] = reason if isinstance(reason, str) else reason[where]
        if status != OK:
            self.value[where] = self.error[where] = np.nan
        return self

    def put(self, rows: Rows, part: Answer) -> Answer:
        """Take over the answer for some of the points, in place."""
        self.value[rows], self.error[rows] = part.value, part.error
        self.status[rows], self.reason[rows] = part.status, part.reason
        return self

    def where(self, index: Any) -> Answer:
        """The answer for some of the points."""
        return Answer(self.value[index], self.error[index], self.status[index], self.reason[index])


Compute = Callable[[Values], Answer]
