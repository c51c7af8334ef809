"""What a data distribution is asked. A new one is a small file in `regimes/theory/models`."""

from __future__ import annotations

import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cache, cached_property
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from regimes.theory.errors import MissingParameterError, UnknownNameError
from regimes.theory.law import Law, place_of
from regimes.theory.params import Param

_SHIPPED = "regimes.theory.models"


class DataModel(ABC):
    """A data distribution: its name, its parameters, its law.

    Attributes
    ----------
    name : str
        As typed on the command line.
    doc : str
        One line.
    params : tuple of Param
        The model's own parameters.
    source : str
        Where the law was published or defined.
    stretch : Param or None
        The parameter that only stretches every coordinate, where there is one.
    """

    name: str
    doc: str
    params: tuple[Param, ...]
    source: str
    stretch: Param | None = None

    @abstractmethod
    def law(self, values: Mapping[str, Any]) -> Law:
        """The law of the data for parameter values that are numbers or SymPy symbols."""

    @cached_property
    def _typical_law(self) -> Law:
        return self.law({p.name: sum(p.typical) / 2 for p in self.params})

    @cached_property
    def family(self) -> str:
        """Family of its law, which decides what can be asked; a model whose law takes long to state names it itself."""
        return self._typical_law.family

    @cached_property
    def class_count(self) -> int:
        """Number of classes: it does not depend on the parameters."""
        place = place_of("theory", self.family)
        if place is not None and place.ANSWERS.law.class_count is Law.class_count:
            return 1  # whatever the law, which may take SymPy to state
        return self._typical_law.class_count

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, as many as `class_count`."""
        return tuple(str(k) for k in range(self.class_count))

    @property
    def shipped(self) -> bool:
        """Whether it is a model of this package, whose sources the cache of generated code knows; others may change unseen."""
        return type(self).__module__.startswith(f"{_SHIPPED}.")

    def symbolic_law(self) -> Any:
        """The law with SymPy expressions in it."""
        from sympy import sympify

        return self.law({p.name: p.symbol for p in self.params}).map(lambda entry: sympify(entry, strict=True))

    def complete(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The model's own parameters out of `values`, defaults filled in and domains checked."""
        own = {}
        for p in self.params:
            value = values.get(p.name, p.default)
            if value is None:
                raise MissingParameterError(f"{self.name} needs {p.name} ({p.doc}): give {p.name}=VALUE with {p.domain}")
            p.check(value)
            own[p.name] = value
        return own

    def choose(self, words: Mapping[str, str]) -> tuple[DataModel, dict[str, str]]:
        """The model itself, and the words that are left: there is nothing to choose."""
        return self, dict(words)


class FixedLaw(DataModel):
    """A law with numbers in it, as a model without parameters.

    Parameters
    ----------
    law : Law
        The law.
    """

    params = ()
    source = "given"

    def __init__(self, law: Law) -> None:
        self._law = law
        self.name = self.doc = f"given {law.family}"

    def law(self, values: Mapping[str, Any]) -> Law:
        """The law itself."""
        del values
        return self._law

    def symbolic_law(self) -> Any:
        """The law with every double as the fraction that it is: the generator takes no floating-point numbers."""
        import sympy as sp

        return super().symbolic_law().map(lambda entry: entry.xreplace({x: sp.Rational(x) for x in entry.atoms(sp.Float)}))


class Group:
    """Models that share a name and differ in one choice, as ``product`` in its prior: ``product prior=laplace``.

    Parameters
    ----------
    name, doc : str
        As for a model.
    choice : str
        The word that chooses.
    variants : mapping of str to DataModel
        By the value of that word; each is a model of its own, named ``GROUP-VALUE``.
    """

    def __init__(self, name: str, choice: str, doc: str, variants: Mapping[str, DataModel]) -> None:
        self.name, self.choice, self.doc, self.variants = name, choice, doc, dict(variants)

    def choose(self, words: Mapping[str, str]) -> tuple[DataModel, dict[str, str]]:
        """The variant that `words` names, and the other words."""
        left = dict(words)
        if self.choice not in left:
            raise MissingParameterError(f"{self.name} needs {self.choice}: give {self.choice}=NAME, one of {', '.join(self.variants)}")
        name = left.pop(self.choice)
        if name not in self.variants:
            raise UnknownNameError(f"{self.choice} of {self.name}", name, self.variants)
        return self.variants[name].choose(left)


@cache
def _found() -> tuple[dict[str, DataModel], dict[str, Group]]:
    models: list[DataModel] = []
    groups: dict[str, Group] = {}
    for info in pkgutil.iter_modules(import_module(_SHIPPED).__path__):  # found, not listed: a new model edits no file
        found = import_module(f"{_SHIPPED}.{info.name}").MODEL
        models += [found] if isinstance(found, DataModel) else found.variants.values()
        groups |= {} if isinstance(found, DataModel) else {found.name: found}
    for entry in entry_points(group="regimes.models"):
        models.append(entry.load())
    return dict(sorted((m.name, m) for m in models)), groups


def all_models() -> dict[str, DataModel]:
    """Every shipped model and every one registered under the entry-point group ``regimes.models``, by name."""
    return dict(_found()[0])


def all_groups() -> dict[str, Group]:
    """The names that need a choice to become a model."""
    return dict(_found()[1])


def get_model(name: str, **words: str) -> DataModel:
    """The model of that name (``product-laplace``, or ``product`` and ``prior="laplace"``).

    Parameters
    ----------
    name : str
        Of a model or of a group.
    **words : str
        What chooses from a group.

    Raises
    ------
    UnknownNameError
        No such model, with the nearest names; or words that the model does not take.
    MissingParameterError
        The name is that of a group and the choice is missing.
    """
    chosen, left = find_model(name).choose(words)
    if left:
        raise UnknownNameError(f"choice of {name}", next(iter(left)), [])
    return chosen


def find_model(name: str) -> DataModel | Group:
    """The model or the group of that name; `UnknownNameError` with the nearest names otherwise."""
    models, groups = _found()
    if name not in models and name not in groups:
        raise UnknownNameError("model", name, sorted({*models, *groups}))
    return models.get(name) or groups[name]
