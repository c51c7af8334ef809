"""Expressions of a law or a derivation as compiled functions of arrays; from the user's cache for shipped models, so without SymPy."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from regimes.numerics.codegen.generate import Kernel
from regimes.theory.model import DataModel

_OWN = "_compiled"

Build = Callable[[], Mapping[str, tuple[list[Any], Any]]]
"""Makes, for every name, the symbols that are arguments and the expression."""


@dataclass(frozen=True)
class Compiled:
    """A function of arrays that broadcast, and the names of its arguments."""

    run: Callable[..., Any]
    args: tuple[str, ...]

    def __call__(self, *values: Any) -> Any:
        return self.run(*values)


def compiled(model: DataModel, label: str, build: Build) -> dict[str, Compiled]:
    """The functions that `build` describes, in its order; `label` tells bundles of one model apart."""
    from regimes.numerics.codegen.cache import cached_kernel

    if model.shipped:
        return _loaded(cached_kernel((model.name, label, "functions"), lambda: _bundle(label, build)))
    return _fresh(model, label, build)


_MADE: dict[tuple[int, str], tuple[DataModel, dict[str, Compiled]]] = {}


def _fresh(model: DataModel, label: str, build: Build) -> dict[str, Compiled]:
    """Made once per process for a model from elsewhere (which is kept, so that its identity stays its own)."""
    key = (id(model), label)
    if key not in _MADE:
        _MADE[key] = model, _loaded(_bundle(label, build))
    return _MADE[key][1]


def _bundle(label: str, build: Build) -> Kernel:
    from regimes.numerics.codegen import generate as codegen

    # A name of their own: one that a function of the generator's bears would be changed.
    kernels = [codegen.generate(f"{name}{_OWN}", args, expr, target="numpy") for name, (args, expr) in build().items()]
    return Kernel(label, tuple(k.name for k in kernels), "numpy", codegen.module(kernels), "")


@cache
def _loaded(bundle: Kernel) -> dict[str, Compiled]:
    space = bundle.namespace()
    functions = {name: getattr(space, name) for name in bundle.args}
    return {name.removesuffix(_OWN): Compiled(f, tuple(inspect.signature(f).parameters)) for name, f in functions.items()}
