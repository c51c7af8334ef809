"""Reading what `predict` is given: the method, the parameters, their domains - or a message that says what would be right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.quantities.table import Formula, Quantity
from regimes.theory.errors import DomainError, MissingParameterError, UnknownNameError
from regimes.theory.model import DataModel
from regimes.theory.params import ALPHA, DIMENSION, POINTS, Param


def choose_method(what: Quantity, method: str | None, words: Mapping[str, str], *, exact: bool = False) -> str:
    """The method by name; the default is the first, or with `exact` the first formula. For the speciation time it is the definition."""
    unknown = sorted(set(words) - {"definition"})
    if unknown or ("definition" in words and what.name != "speciation-time"):
        name = (unknown or ["definition"])[0]
        known = [p.name for p in (*what.needs, *what.optional)]
        if name in known:
            raise DomainError(f"{name}={words[name]} is not a number")
        raise UnknownNameError(f"parameter of {what.name}", name, known)
    if what.name == "speciation-time":
        method = method or words.get("definition")
        if method is None:
            raise MissingParameterError(f"speciation-time needs a definition: give definition=NAME, one of {', '.join(what.methods)}")
    if method is None:
        formulas = [name for name, recipe in what.recipes.items() if isinstance(recipe, Formula)]
        return formulas[0] if exact and formulas else what.methods[0]
    if method not in what.methods:
        raise UnknownNameError("definition" if what.name == "speciation-time" else f"method of {what.name}", method, what.methods)
    return method


def read_parameters(model: DataModel, what: Quantity, method: str, values: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    """Every parameter that enters, checked against its domain; alpha may be given as n and d."""
    needs = what.needed(method)
    accepted = {p.name: p for p in (*model.params, *needs, *what.optional)}
    if ALPHA in needs:
        accepted |= {p.name: p for p in (POINTS, DIMENSION)}
    for name in values:
        if name not in accepted and any(name in {p.name for p in what.needed(other)} for other in what.methods):
            raise UnknownNameError(f"parameter of {what.name} by method {method}", name, accepted)
        if name not in accepted:
            raise UnknownNameError("parameter", name, [*accepted, *(["definition"] if "definition" not in words and what.classes else [])])
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
