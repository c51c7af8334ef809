"""`predict(model, quantity, ...)`: numbers with errors, from generated kernels or from arrays.

A method is a formula of the derivation, compiled and evaluated to the digits promised on the whole domain, or a function of arrays that
says itself how far it may be off.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from regimes.numerics.arguments import choose_methods, read_parameters
from regimes.numerics.arrays import FAILED, NONE, OK, Answer, FloatArray, Values, count_of
from regimes.numerics.codegen.generate import Kernel
from regimes.numerics.estimate import Digits, Estimate, decimal
from regimes.numerics.model_files.reader import get_model
from regimes.numerics.quantities.evaluate import evaluate, with_alpha
from regimes.numerics.quantities.kernels import build
from regimes.numerics.quantities.table import get_quantity, quantities
from regimes.numerics.quantity import Formula, Numbers, Quantity
from regimes.theory.errors import DomainError, RegimesError
from regimes.theory.model import DataModel

__all__ = ["Estimate", "Quantity", "generate", "predict", "quantities"]


def predict(
    model: DataModel | str,
    quantity: str,
    *,
    method: str | None = None,
    digits: int | None = None,
    schedule: str | None = None,
    **values: Any,
) -> Estimate:
    """Predict a quantity of a model.

    Parameters
    ----------
    model : DataModel or str
        A model or its name.
    quantity : str
        See `quantities()`.
    method : str, optional
        One of the quantity's methods; the default is the first.
    digits : int, optional
        Number of correct digits; values then come as decimal strings in `Estimate.text`, and decimal parameters such as 0.1 are read as
        that decimal.
    schedule : str, optional
        A name out of `regimes.theory.channel.schedules.SCHEDULES`, whose options may stand among `values`: the parameter t and every
        quantity that is a time are in its own clock. Everything else is that of the Ornstein-Uhlenbeck process at the same
        signal-to-noise ratio.
    **values
        The model's parameters (defaults apply) and the quantity's, numbers or arrays that broadcast; `definition=`, a name or an array of
        names, for a quantity that has definitions.

    Returns
    -------
    Estimate
        Arrays of the broadcast shape. Twelve correct digits, or more as asked for, or a status that says why not.

    Raises
    ------
    UnknownNameError, MissingParameterError, DomainError
        What is wrong and what would be right.
    """
    model = get_model(model) if isinstance(model, str) else model
    if schedule is not None:
        if digits is not None:
            raise DomainError("the clock of a schedule is computed in double precision: leave out --digits, the error is reported")
        from regimes.numerics.schedules.clock import Clock

        clock, values = Clock.read(schedule, model, values)
        return clock.outwards(predict(model, quantity, method=method, **clock.inwards(values)), quantity, values)
    what = get_quantity(quantity, model)
    if what.reason:
        return _undefined(what, values)
    chosen, numbers = choose_methods(what, method, values, exact=digits is not None)
    params = {name: read_parameters(model, what, name, numbers) for name in dict.fromkeys(chosen.ravel().tolist())}
    shape = np.broadcast_shapes(chosen.shape, *(np.shape(v) for given in params.values() for v in given.values()))
    methods, answer, shown = np.broadcast_to(chosen, shape).ravel(), Digits(int(np.prod(shape))), dict[str, Any]()
    for name, given in params.items():
        columns = {k: np.broadcast_to(np.asarray(v, dtype=np.float64), shape) for k, v in given.items()}
        shown |= columns
        rows = np.flatnonzero(methods == name)
        answer.take(rows, _by_method(model, what, name, {k: v.ravel()[rows] for k, v in columns.items()}, digits))
    if what.definitions:
        shown["definition"] = methods.reshape(shape)
    return answer.estimate(shape, ", ".join(params), shown)


def _undefined(what: Quantity, values: Mapping[str, Any]) -> Estimate:
    """What the model does not have: status "none" everywhere, with the reason."""
    given = {k: np.asarray(v, dtype=np.float64) for k, v in values.items() if not isinstance(v, str)}
    shape = np.broadcast_shapes(*(v.shape for v in given.values()))
    answer = Digits(int(np.prod(shape)))
    answer.set(np.ones(answer.value.size, dtype=bool), NONE, what.reason)
    return answer.estimate(shape, "none", {k: np.broadcast_to(v, shape) for k, v in given.items()})


def _by_method(model: DataModel, what: Quantity, name: str, columns: Values, digits: int | None) -> Digits:
    """The values of one method at P parameter points."""
    method, count = what.methods[name], count_of(columns)
    if what.classes and model.class_count < 2:
        answer = Digits(count)
        answer.set(np.ones(count, dtype=bool), NONE, f"{model.name} has one class: there is nothing to tell apart")
        return answer
    if isinstance(method, Numbers):
        return _numbers(model, what, method, columns, digits)
    return _formula(model, what, name, method, columns, digits)


def _numbers(model: DataModel, what: Quantity, method: Numbers, columns: Values, digits: int | None) -> Digits:
    """One call for all points; twelve digits where the error allows, else as many as there are."""
    if digits is not None:
        formulas = [name for name, other in what.methods.items() if isinstance(other, Formula)]
        also = f"; method {' or '.join(formulas)} gives any number of digits" if formulas else ""
        raise DomainError(f"this method computes in double precision: leave out --digits, its error is reported{also}")
    answer: Answer = method.function(model, with_alpha(columns))
    size = np.abs(answer.value)
    loose = (answer.status == OK) & ~((answer.error <= method.loosest * size) | ((size == 0) & (answer.error < 1e-13)))
    for row in np.flatnonzero(loose):
        value, error = answer.value[row], answer.error[row]
        answer.set(row, FAILED, f"the digits did not settle: {value:.6g} with an error of {error:.1g}")
    answer.reason[(answer.status == FAILED) & (answer.reason == "")] = "the digits did not settle"
    found = Digits.of_answer(answer)
    for row in np.flatnonzero(found.status == OK):
        found.fill(row, float(answer.value[row]), float(answer.error[row]), decimal(float(answer.value[row]), float(answer.error[row])))
    return found


def _formula(model: DataModel, what: Quantity, name: str, method: Formula, columns: Values, digits: int | None) -> Digits:
    """The formula of the derivation, at the points that are not cases of their own; these in turn."""
    answer, quantity, left = Digits(count_of(columns)), what.name, np.ones(count_of(columns), dtype=bool)
    if method.elsewhere is not None:
        there = method.elsewhere(model, columns)
        model, quantity, name, columns = there.model, there.quantity, there.method, there.values
        answer.set(there.absent != "", NONE, there.absent)
        left &= there.absent == ""
    for case in () if method.cases is None else method.cases(model, columns):
        at = case.where & left
        left &= ~case.where
        if case.reason:
            answer.set(at, NONE, case.reason)
            continue
        other = what.methods[case.method or name]
        assert isinstance(other, Formula)
        also: dict[str, FloatArray] = {k: np.full(left.size, v) for k, v in case.also.items()}
        evaluate(answer, model, quantity, case.method or name, other, {**columns, **also}, at, digits)
    evaluate(answer, model, quantity, name, method, columns, left, digits)
    return answer


def generate(model: DataModel | str, quantity: str, *, target: str = "numpy", method: str | None = None) -> Kernel:
    """Stand-alone source for a quantity: `.load()` for the function, `.write(path)` for a file.

    Parameters
    ----------
    model, quantity, method
        As in `predict`; for a quantity with definitions the method is the definition ("snr" if none is named).
    target : str
        "numpy" or "mpmath".

    Returns
    -------
    Kernel
        The source and what it needs.
    """
    model = get_model(model) if isinstance(model, str) else model
    what = get_quantity(quantity, model)
    if what.definitions and method is None:
        method = "snr"
    if what.classes and model.class_count < 2:
        raise RegimesError(f"{model.name} has one class: {what.name} does not exist for it")
    if what.reason:
        raise RegimesError(f"{model.name} has no {what.name}")
    chosen, _ = choose_methods(what, method, {}, exact=True)
    return build(model, what, str(chosen), target, selftest=True)
