"""The outcome of a prediction: values with errors, and a status that says why where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.arrays import FAILED, OK, Answer, BoolArray, FloatArray, Rows, TextArray, texts


@dataclass(frozen=True)
class Estimate:
    """Predicted values; every array has the broadcast shape of the parameters.

    Attributes
    ----------
    value : ndarray of float
        The numbers (nan where the status is not ok).
    error : ndarray of float
        Bound or measurement of the absolute error (nan where the status is not ok).
    status : ndarray of str
        "ok", "none" (what was asked for does not exist) or "failed" (it could not be computed to the digits promised).
    reason : ndarray of str
        Why the status is not ok; empty otherwise.
    method : str
        How the values were computed.
    parameters : mapping of str to ndarray
        Every parameter that entered, by name.
    text : ndarray of str
        The values as decimal strings, with as many digits as were asked for; empty where the status is not ok.
    """

    value: FloatArray
    error: FloatArray
    status: NDArray[np.str_]
    reason: NDArray[np.str_]
    method: str
    parameters: Mapping[str, NDArray[Any]]
    text: NDArray[np.str_]

    @property
    def ok(self) -> BoolArray:
        """Where there is a value."""
        return np.asarray(self.status == OK)

    def __str__(self) -> str:
        lines = []
        for index in np.ndindex(self.value.shape):
            at = ", ".join(f"{name}={column[index]}" for name, column in self.parameters.items())
            what = (
                f"{self.text[index]} +- {self.error[index]:.1g}"
                if self.status[index] == OK
                else f"{self.status[index]}: {self.reason[index]}"
            )
            lines.append(f"{at}: {what}" if at else what)
        return "\n".join(lines)


class Digits(Answer):
    """An answer with its values as decimal strings, while it is being filled."""

    def __init__(self, count: int) -> None:
        super().__init__(np.full(count, np.nan), np.full(count, np.nan), texts(count, FAILED), texts(count))
        self.text = texts(count)

    @classmethod
    def of_answer(cls, answer: Answer) -> Digits:
        """The same answer, its values still without strings."""
        found = cls(answer.value.size)
        found.value, found.error, found.status, found.reason = answer.value, answer.error, answer.status, answer.reason
        return found

    def fill(self, row: Any, value: float, error: float, text: str, *, asked: bool = False) -> None:
        """Store a value; unless a decimal string was asked for, one that underflows is refused rather than rounded to zero."""
        if not asked and abs(value) < np.finfo(np.float64).tiny and text.split("e")[0].strip("-0."):
            self.set(row, FAILED, f"the value, {text}, is below the smallest double; ask for digits")
            return
        self.value[row], self.error[row], self.text[row] = value, error, text
        self.status[row], self.reason[row] = OK, ""

    def take(self, rows: Rows, part: Digits) -> None:
        """Take over the answer for some of the points."""
        self.put(rows, part)
        self.text[rows] = part.text

    def estimate(self, shape: tuple[int, ...], method: str, parameters: Mapping[str, NDArray[Any]]) -> Estimate:
        """The outcome, in the shape of the parameters."""
        status, reason, text = (_strings(column, shape) for column in (self.status, self.reason, self.text))
        return Estimate(self.value.reshape(shape), self.error.reshape(shape), status, reason, method, parameters, text)


def _strings(column: TextArray, shape: tuple[int, ...]) -> NDArray[np.str_]:
    return np.array(column.tolist(), dtype=np.str_).reshape(shape)


def decimal(value: float, error: float) -> str:
    """The number to one digit beyond that of its error, as the error is printed; with sixteen digits at most."""
    if value == 0 or not error > 0:
        return f"{value:#.16g}"
    last = int(f"{error:.0e}".partition("e")[2]) - 1
    digits = int(f"{value:.15e}".partition("e")[2]) - last + 1
    text = f"{value:#.{min(16, max(1, digits))}g}"
    return text.removesuffix(".").replace(".e", "e")
