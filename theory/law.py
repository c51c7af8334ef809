"""What every law of the data is, and where each layer finds what a family of laws answers.

A family of laws is one place per layer, under one name: ``regimes.theory.laws.my_family``, ``regimes.numerics.laws.my_family`` and
``regimes.validate.laws.my_family`` for the family ``my-family``. Another package brings a family through the entry-point group
``regimes.laws``: ``my-family = "my_package.my_family"`` names a package whose modules ``theory``, ``numerics`` and ``validate`` are
those places.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from types import ModuleType
from typing import Any, ClassVar, Self

LAYERS = ("theory", "numerics", "validate")


@dataclass(frozen=True)
class Law:
    """Base class of the statements of a law, each a frozen dataclass of numbers or SymPy expressions.

    Attributes
    ----------
    family : str
        Name of the family: the same in every layer.
    """

    family: ClassVar[str]

    @property
    def class_count(self) -> int:
        """Number of classes."""
        return 1

    def map(self, function: Callable[[Any], Any]) -> Self:
        """The same statement with `function` applied to every entry."""
        found: Self = _mapped(self, function)
        return found


def _mapped(part: Any, function: Callable[[Any], Any]) -> Any:
    if isinstance(part, tuple):
        return tuple(_mapped(entry, function) for entry in part)
    if is_dataclass(part) and not isinstance(part, type):
        return replace(part, **{f.name: _mapped(getattr(part, f.name), function) for f in fields(part)})
    return function(part)


@dataclass(frozen=True)
class Atom:
    """A share `weight` of the mass at one place: a value of a coordinate, or an eigenvalue of a covariance."""

    weight: Any
    place: Any


@cache
def place_of(layer: str, family: str) -> ModuleType | None:
    """The module in which `layer` keeps what `family` answers; None where it has none."""
    name = f"regimes.{layer}.laws.{family.replace('-', '_')}"
    if find_spec(name) is not None:
        return import_module(name)
    for entry in entry_points(group="regimes.laws", name=family):
        name = f"{entry.value}.{layer}"
        if find_spec(name) is not None:
            return import_module(name)
    return None
