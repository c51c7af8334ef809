"""The quantities of a model, by name."""

from __future__ import annotations

from functools import cache

from regimes.numerics.laws import answers
from regimes.numerics.quantity import Quantity
from regimes.theory.errors import UnknownNameError
from regimes.theory.model import DataModel, all_models

__all__ = ["get_quantity", "quantities"]


@cache
def _of_family(family: str) -> dict[str, Quantity]:
    return answers(family).quantities()


@cache
def _of_all() -> dict[str, Quantity]:
    found: dict[str, Quantity] = {}
    for family in dict.fromkeys(model.family for model in all_models().values()):
        found = _of_family(family) | found
    return found


def quantities(model: DataModel | None = None) -> dict[str, Quantity]:
    """The quantities of a model by name; without a model, those of all models, each by the methods of one that has it."""
    return dict(_of_all() if model is None else _of_family(model.family))


def get_quantity(name: str, model: DataModel) -> Quantity:
    """The quantity of that name; `UnknownNameError` with the nearest names otherwise.

    One that the model does not have, but another has, comes without methods and with the reason.
    """
    own = _of_family(model.family)
    if name in own:
        return own[name]
    if name not in _of_all():
        raise UnknownNameError("quantity", name, list(_of_all()))
    shared = _of_all()[name]
    return shared.by({}, reason=_reason(shared, model))


def _reason(what: Quantity, model: DataModel) -> str:
    """Why the model does not have it: its family's own words, where it has no such answer at all."""
    own = answers(model.family)
    answer = {"levels": own.levels, "classes": own.odds, "points": own.points, "order parameter": own.order_parameter}.get(what.asks)
    if isinstance(answer, str):
        return f"{model.name} {answer}"
    return f"{model.name} ({model.doc}) has no {what.name}"
