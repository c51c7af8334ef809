"""Expressions of a law as compiled functions: by the names that were asked for, whatever the generator's own functions are called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy as sp

from regimes.numerics.codegen.compiled import compiled
from regimes.numerics.codegen.generate import numpy_runtime
from regimes.theory.laws import IsingChain
from regimes.theory.model import FixedLaw

pytestmark = pytest.mark.quick


def test_every_function_is_found_by_its_name() -> None:
    """Also where a function of the runtime that generated modules carry bears that name."""
    taken = sorted(name for name in numpy_runtime() if name.isidentifier() and name[0].islower())[:5]
    x = sp.Symbol("x", real=True)

    def build() -> dict[str, tuple[list[Any], Any]]:
        return {name: ([x], x + k) for k, name in enumerate(["own", *taken])}

    found = compiled(FixedLaw(IsingChain(0.5)), "test", build)
    assert list(found) == ["own", *taken] and len(taken) == 5
    for k, function in enumerate(found.values()):
        assert function(np.array([1.0, 2.0])).tolist() == [1.0 + k, 2.0 + k] and function.args == ("x",)
