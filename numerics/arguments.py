"""Reading what `predict` is given: the method, the parameters, their domains - or a message that says what would be right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.quantity import Formula, Quantity
from regimes.theory.errors import DomainError, MissingParameterError, UnknownNameError
from regimes.theory.model import DataModel
from regimes.theory.params import ALPHA, DIMENSION, POINTS, Param


def choose_methods(
    what: Quantity, method: str | None, values: Mapping[str, Any], *, exact: bool = False
) -> tuple[NDArray[np.str_], dict[str, Any]]:
    """The methods by name, an array of any shape, and the values that are numbers.

    The default is the first method, or with `exact` the first formula. Of a quantity with definitions one is named, or an array of them.
    """
    numbers = {name: value for name, value in values.items() if not _is_text(value)}
    unknown = sorted(set(values) - set(numbers) - {"definition"})
    if unknown or ("definition" in values and not what.definitions):
        name = (unknown or ["definition"])[0]
        known = [p.name for p in (*what.needs, *what.optional)]
        if name in known:
            raise DomainError(f"{name}={values[name]} is not a number")
        raise UnknownNameError(f"parameter of {what.name}", name, known)
    asked = method if method is not None or not what.definitions else values.get("definition")
    numbers.pop("definition", None)
    if asked is None and what.definitions:
        raise MissingParameterError(f"{what.name} needs a definition: give definition=NAME, one of {', '.join(what.methods)}")
    if asked is None:
        formulas = [name for name, other in what.methods.items() if isinstance(other, Formula)]
        asked = formulas[0] if exact and formulas else next(iter(what.methods))
    chosen = np.asarray(asked, dtype=np.str_)
    for name in chosen.ravel().tolist():
        if name not in what.methods:
            raise UnknownNameError("definition" if what.definitions else f"method of {what.name}", name, list(what.methods))
    return chosen, numbers


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or np.asarray(value).dtype.kind in "US"


def read_parameters(model: DataModel, what: Quantity, method: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Every parameter that enters, checked against its domain; alpha may be given as n and d."""
    needs = what.needed(method)
    accepted = {p.name: p for p in (*model.params, *needs, *what.optional)}
    if ALPHA in needs:
        accepted |= {p.name: p for p in (POINTS, DIMENSION)}
    for name in values:
        if name not in accepted and any(name in {p.name for p in what.needed(other)} for other in what.methods):
            raise UnknownNameError(f"parameter of {what.name} by method {method}", name, accepted)
        if name not in accepted:
            raise UnknownNameError("parameter", name, [*accepted, *(["definition"] if what.definitions else [])])
    numbers = {name: _numbers(accepted[name], value) for name, value in values.items()}
    params = model.complete(numbers)
    for p in needs:
        if p.name in numbers:
            params[p.name] = numbers[p.name]
        elif p is ALPHA and POINTS.name in numbers and DIMENSION.name in numbers:
            params[POINTS.name], params[DIMENSION.name] = numbers[POINTS.name], numbers[DIMENSION.name]
        else:
            also = " or n=VALUE d=VALUE" if p is ALPHA else ""
            raise MissingParameterError(f"{what.name} needs {p.name} ({p.doc}): give {p.name}=VALUE with {p.domain}{also}")
    if ALPHA.name in params and (POINTS.name in numbers or DIMENSION.name in numbers):
        raise DomainError("alpha = log(n)/d is given twice: give alpha, or n and d, not both")
    params |= {p.name: numbers[p.name] for p in what.optional if p.name in numbers}
    return params


def _numbers(param: Param, value: Any) -> NDArray[np.float64]:
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DomainError(f"{param.name}={value} is not a number: {param.domain}") from error
    param.check(array)
    return array
