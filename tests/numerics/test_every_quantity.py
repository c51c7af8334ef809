"""Every quantity of every model, predicted once at a cheap point: read from the program, so that a new one is taken up by itself."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from regimes.numerics.predict import predict, quantities
from regimes.numerics.quantity import Quantity
from regimes.theory.channel.schedules import SCHEDULES
from regimes.theory.errors import DomainError
from regimes.theory.model import DataModel, all_groups, all_models, get_model
from regimes.theory.params import ALPHA, DIMENSION, POINTS, TIME, Param

pytestmark = pytest.mark.quick

CHEAP = {TIME.name: 2.0, DIMENSION.name: 4.0, POINTS.name: 16.0}
PAIRS = [(model, name) for model in all_models().values() for name in quantities(model)]


def cheap(param: Param) -> float:
    """The default, or a point of the typical range that costs little."""
    if param.default is not None:
        return param.default
    low, high = param.typical
    value = CHEAP.get(param.name, math.sqrt(low * high) if low > 0 else (low + high) / 2)
    return float(math.floor(value)) if param.integer else value


def quickest(what: Quantity) -> str:
    """The first method but for sums over finite data, which take a hundred times longer where there is another one."""
    return min(what.methods, key=lambda method: method == "exact")


@pytest.mark.parametrize(("model", "name"), PAIRS, ids=lambda part: part if isinstance(part, str) else part.name)
def test_a_quantity_is_a_number_with_an_error_or_says_why_not(model: DataModel, name: str) -> None:
    what = quantities(model)[name]
    method = quickest(what)
    given: dict[str, Any] = {p.name: cheap(p) for p in (*model.params, *what.needed(method))}
    try:
        answer = predict(model, name, method=method, **given)
    except DomainError as refused:
        assert str(refused)
        return
    assert answer.value.shape == ()
    if answer.status == "ok":
        assert np.isfinite(answer.value)
        assert 0 <= answer.error < np.inf
    else:
        assert answer.status in ("none", "failed")
        assert answer.reason


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_is_a_clock(name: str) -> None:
    (first, *_) = all_models()
    given: dict[str, Any] = {p.name: cheap(p) for p in (*get_model(first).params, ALPHA)}
    answer = predict(first, "collapse-time", schedule=name, **given)
    assert answer.status == "ok" and answer.error > 0


@pytest.mark.parametrize("group", all_groups().values(), ids=lambda group: group.name)
def test_every_variant_of_a_group_is_a_model(group: Any) -> None:
    assert group.variants
    for choice, model in group.variants.items():
        assert get_model(group.name, **{group.choice: choice}) is model
