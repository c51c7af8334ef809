"""The outcome of a prediction: values with errors, and a status that says why where there is none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
TextArray = NDArray[np.str_]


@dataclass(frozen=True)
class Estimate:
    """Predicted values; every array has the broadcast shape of the parameters.

    Attributes
    ----------
    value : the numbers (nan where the status is not ok).
    error : bound or measurement of the absolute error (nan where the status is not ok).
    status : "ok", "none" (what was asked for does not exist) or "failed" (it could not be computed to the digits promised).
    reason : why the status is not ok; empty otherwise.
    method : how the values were computed.
    parameters : every parameter that entered, by name.
    text : the values as decimal strings, with as many digits as were asked for; empty where the status is not ok.
    """

    value: FloatArray
    error: FloatArray
    status: TextArray
    reason: TextArray
    method: str
    parameters: Mapping[str, NDArray[Any]]
    text: TextArray

    @property
    def ok(self) -> NDArray[np.bool_]:
        """Where there is a value."""
        return np.asarray(self.status == "ok")

    def __str__(self) -> str:
        lines = []
        for index in np.ndindex(self.value.shape):
            at = ", ".join(f"{name}={column[index]}" for name, column in self.parameters.items())
            what = (
                f"{self.text[index]} +- {self.error[index]:.1g}"
                if self.status[index] == "ok"
                else f"{self.status[index]}: {self.reason[index]}"
            )
            lines.append(f"{at}: {what}" if at else what)
        return "\n".join(lines)


class Answer(NamedTuple):
    """What a batched method returns for P parameter points: values, bounds or measurements of their absolute errors, reasons (all (P,)).

    A value of nan with a reason means that what was asked for does not exist there ("none"). Not computed is nan without a reason, or
    inf with one.
    """

    value: FloatArray
    error: FloatArray
    reason: TextArray


class Filling:
    """The arrays of an `Estimate` while they are being filled."""

    def __init__(self, shape: tuple[int, ...], digits: int) -> None:
        self.value, self.error = np.full(shape, np.nan), np.full(shape, np.nan)
        self.status, self.reason = np.full(shape, "failed", dtype="<U6"), np.full(shape, "", dtype="<U160")
        self.text = np.full(shape, "", dtype=f"<U{digits + 24}")  # sign, point, leading zeros and exponent besides the digits

    def none(self, where: Any, reason: str) -> None:
        """What was asked for does not exist there."""
        self.status[where], self.reason[where] = "none", reason

    def failed(self, where: Any, reason: str) -> None:
        """It was not computed there."""
        self.status[where], self.reason[where] = "failed", reason

    def fill(self, index: Any, value: float, error: float, text: str, *, decimal: bool = False) -> None:
        """Store a value; unless a decimal string was asked for, one that underflows is refused rather than rounded to zero."""
        if not decimal and abs(value) < np.finfo(np.float64).tiny and text.split("e")[0].strip("-0."):
            self.failed(index, f"the value, {text}, is below the smallest double; ask for digits")
            return
        self.value[index], self.error[index], self.text[index] = value, error, text
        self.status[index], self.reason[index] = "ok", ""


def decimal(value: float, error: float) -> str:
    """The number with the digits that are worth printing: two more than the error leaves."""
    whole = value == 0 or error <= 1e-15 * abs(value)
    digits = 16 if whole else max(3, min(16, math.ceil(math.log10(abs(value) / error)) + 2))
    return f"{value:#.{digits}g}"
