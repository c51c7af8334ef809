"""Formulas in numbers: a kernel in double precision with its rounding measured, and in arbitrary precision where that is not enough.

A kernel is evaluated in doubles and in pairs of doubles: the difference measures what rounding did to the value. Points that miss
twelve digits are computed again in arbitrary precision, so the digits promised hold on the whole domain.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from regimes.numerics.arrays import FAILED, NONE, BoolArray, Values
from regimes.numerics.codegen.generate import Kernel
from regimes.numerics.codegen.rounding import value_and_error
from regimes.numerics.estimate import Digits, decimal
from regimes.numerics.quantities.kernels import kernel
from regimes.numerics.quantity import Formula
from regimes.theory.model import DataModel
from regimes.theory.params import ALPHA, DIMENSION, POINTS

PROMISED = 1e-12  # relative error below which a value is given without arbitrary precision


def with_alpha(columns: Mapping[str, Any], log: Any = np.log) -> dict[str, Any]:
    """Parameters with alpha = log(n)/d where n and d were given."""
    if ALPHA.name in columns or POINTS.name not in columns or DIMENSION.name not in columns:
        return dict(columns)
    return {**columns, ALPHA.name: log(columns[POINTS.name]) / columns[DIMENSION.name]}


def evaluate(
    answer: Digits, model: DataModel, quantity: str, method: str, formula: Formula, columns: Values, todo: BoolArray, digits: int | None
) -> None:
    """Fill in the value of a formula at the points of a mask."""
    left = np.array(todo)
    if digits is None and todo.any():
        rows = np.flatnonzero(todo)
        value, error = value_and_error(kernel(model, quantity, method, "numpy"), {k: v[rows] for k, v in columns.items()}, rows.size)
        with np.errstate(all="ignore"):
            good = np.isfinite(value) & (error <= PROMISED * np.abs(value)) & (np.abs(value) > np.finfo(np.float64).tiny)
            # nan with a nan error is a kernel's word for "no root"; a time that is negative beyond its error does not exist either.
            absent = bool(formula.positive) & ((np.isnan(value) & np.isnan(error)) | (value + error < 0))
            good &= ~((value <= 0) & bool(formula.positive))
        answer.set(rows[absent], NONE, formula.positive)
        for k in np.flatnonzero(good):
            answer.fill(rows[k], float(value[k]), float(error[k]), decimal(float(value[k]), float(error[k])))
        left[rows[absent | good]] = False
    if left.any():
        _slowly(answer, kernel(model, quantity, method, "mpmath"), formula, columns, left, digits)


def _arguments(k: Kernel, values: Mapping[str, Any]) -> list[Any]:
    return [values[name.rstrip("_") if name not in values else name] for name in k.args]


def _slowly(answer: Digits, k: Kernel, formula: Formula, columns: Values, left: BoolArray, digits: int | None) -> None:
    """Arbitrary precision, point by point: more digits until two precisions agree on those that were asked for."""
    import mpmath as mp

    wanted = digits or 16
    target = mp.mpf(10) ** (-wanted if digits else -14)
    run = k.load_with_error()
    for row in np.flatnonzero(left):
        # With `digits` a decimal parameter means that decimal; without, the double it was rounded to.
        given = {name: repr(float(v[row])) if digits else float(v[row]) for name, v in columns.items()}
        before, work, reason = None, wanted + 12, "the digits did not settle"
        while work <= 4 * (wanted + 60):
            with mp.workdps(work):
                try:
                    value, spread = run(*_arguments(k, with_alpha({name: mp.mpf(u) for name, u in given.items()}, mp.log)))
                except (ValueError, ZeroDivisionError, ArithmeticError) as failure:
                    reason, value, spread = str(failure) or type(failure).__name__, mp.nan, mp.nan
                if formula.positive and (mp.im(value) != 0 or mp.isnan(value) or mp.re(value) <= 0) and before is not None:
                    answer.set(row, NONE, formula.positive)
                    break
                if before is not None and not mp.isnan(value) and mp.im(value) == 0:
                    error = abs(value - before) + abs(spread)
                    if error <= target * abs(value):
                        bound = float(error + abs(value) * mp.mpf(10) ** (-wanted))
                        exact = mp.nstr(value, wanted, strip_zeros=False, min_fixed=-5, max_fixed=max(wanted, 17))
                        text = exact if digits or float(value) == 0 else decimal(float(value), bound)  # one that underflows is shown, too
                        answer.fill(row, float(value), bound, text, asked=digits is not None)
                        break
                before = value
            work = work * 3 // 2 + 10
        else:
            answer.set(row, FAILED, f"not computed to {wanted} digits: {reason}")
