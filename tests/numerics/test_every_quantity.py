"""Every quantity of every model, predicted once at a cheap point: read from the program, so that a new one is taken up by itself."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from regimes.numerics.predict import predict, quantities
from regimes.theory.model import DataModel, all_models
from regimes.theory.params import DIMENSION, POINTS, Param

pytestmark = pytest.mark.quick

CHEAP = {DIMENSION.name: 8.0, POINTS.name: 16.0}
PAIRS = [(model, name) for model in all_models().values() for name in quantities(model)]


def cheap(param: Param) -> float:
    """The default, or a point of the typical range that costs little."""
    if param.default is not None:
        return param.default
    low, high = param.typical
    value = CHEAP.get(param.name, math.sqrt(low * high) if low > 0 else (low + high) / 2)
    return float(math.floor(value)) if param.integer else value


@pytest.mark.parametrize(("model", "name"), PAIRS, ids=lambda part: part if isinstance(part, str) else part.name)
def test_a_quantity_is_a_number_with_an_error_or_says_why_not(model: DataModel, name: str) -> None:
    what = quantities(model)[name]
    method = next(iter(what.methods))
    given: dict[str, Any] = {p.name: cheap(p) for p in (*model.params, *what.needed(method))}
    answer = predict(model, name, method=method, **given)
    assert answer.value.shape == ()
    if answer.status == "ok":
        assert np.isfinite(answer.value)
        assert 0 <= answer.error < np.inf
    else:
        assert answer.status in ("none", "failed")
        assert answer.reason
