"""What a file can describe: the families of laws that have a form in which they are written."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from regimes.numerics.model_files.tables import Infinite, Table, formula
from regimes.theory import laws
from regimes.theory.errors import InputError
from regimes.theory.law import Law, place_of
from regimes.theory.model import DataModel
from regimes.theory.params import Param
from regimes.theory.symbolic.formula_text import Tree

__all__ = ["FileForm", "FileModel", "Written", "expression", "file_forms", "pairs", "with_values"]

L = TypeVar("L", bound=Law)
Maker = Callable[[Mapping[str, Any]], Law]
"""The law from values of the parameters: numbers, arrays of one length, or SymPy symbols."""


class Written(NamedTuple):
    """What a file says of a law.

    Attributes
    ----------
    params : tuple of Param
        The parameters of the model: those of the file, and what the family adds to them.
    law : callable
        The law from their values.
    """

    params: tuple[Param, ...]
    law: Maker


@dataclass(frozen=True)
class FileForm:
    """How a law of one family is written in a file.

    Attributes
    ----------
    table : str
        Name of the table that describes the law.
    doc : str
        One line about a model whose file has none.
    read : callable
        What the file says, from all of it, the parameters it has and the folder it is in; `InputError` where that is no law.
    hint : str
        A file to start from, with a sentence above it.
    suffixes : tuple of str
        Of files of plain numbers that stand for a law of the family by themselves.
    read_numbers : callable, optional
        What such a file says.
    """

    table: str
    doc: str
    read: Callable[[Table, tuple[Param, ...], Path], Written]
    hint: str
    suffixes: tuple[str, ...] = ()
    read_numbers: Callable[[Path], Written] | None = None


class FileModel(DataModel):
    """A model that was read from a file.

    Parameters
    ----------
    name, doc, family : str
        As for any model.
    written : Written
        Its parameters and its law.
    """

    def __init__(self, name: str, doc: str, family: str, written: Written) -> None:
        self.name, self.doc, self.family = name, doc, family
        self.params, self._law = written
        self.source = f"model file '{name}'"

    def law(self, values: Mapping[str, Any]) -> Law:
        return self._law(values)


@cache
def file_forms() -> dict[str, FileForm]:
    """The families of laws that a file can describe, with their forms."""
    shipped = [info.name.replace("_", "-") for info in pkgutil.iter_modules(laws.__path__) if info.ispkg]
    found = {}
    for family in sorted({*shipped, *(entry.name for entry in entry_points(group="regimes.laws"))}):
        place = place_of("numerics", family)
        if place is not None and not isinstance(place.ANSWERS.file, str):
            found[family] = place.ANSWERS.file()
    return found


# -- building ------------------------------------------------------------------------------------------------------------


def pairs(table: Table, key: str, hint: str, names: list[str]) -> list[tuple[Tree | Infinite, Tree | Infinite]]:
    """A list of pairs of formulas in the parameters `names`; empty if it is not there."""
    what = f"{table.name}.{key}"
    return [(formula(w, names, what), formula(place, names, what)) for w, place in table.pairs(key, hint)]


def expression(tree: Tree | Infinite, symbols: Mapping[str, Any], what: str) -> Any:
    """The SymPy expression of a formula, or an infinity."""
    if isinstance(tree, Tree):
        try:
            return tree.build(symbols)
        except InputError as error:
            raise InputError(f"{what}: {error}") from None
    import sympy as sp

    return sp.oo if tree > 0 else -sp.oo


def with_values(law: L, own: tuple[Param, ...]) -> Callable[[Mapping[str, Any]], L]:
    """The law from values of the parameters, where it is written in their symbols."""

    def made(values: Mapping[str, Any]) -> L:
        import sympy as sp

        numbers = {p.symbol: sp.sympify(values[p.name], strict=True) for p in own}
        return law.map(lambda part: sp.sympify(part, strict=True).xreplace(numbers))

    return made
