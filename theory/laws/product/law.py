"""The law of independent coordinates of one prior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from regimes.theory.law import Atom, Law


@dataclass(frozen=True)
class Piece:
    """A share `weight` of a coordinate's law with a density on (low, high): a SymPy expression in `conventions.a`, integrating to one."""

    weight: Any
    density: Any
    low: Any
    high: Any
    breaks: tuple[Any, ...] = ()
    """Places inside (low, high) where the density or a derivative jumps."""


@dataclass(frozen=True)
class Product(Law):
    """Independent coordinates of one law (the prior); the weights of atoms and pieces sum to one."""

    atoms: tuple[Atom, ...] = ()
    pieces: tuple[Piece, ...] = ()

    family: ClassVar[str] = "product"
