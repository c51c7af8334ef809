"""What a data distribution is asked. A new one is a small file in `regimes/theory/models`."""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from regimes.theory.errors import MissingParameterError, UnknownNameError
from regimes.theory.laws import GaussianClusters, Law, Mixture
from regimes.theory.params import Param


class DataModel(ABC):
    """A data distribution: its name, its parameters, its law.

    Attributes
    ----------
    name : as typed on the command line.
    doc : one line.
    params : the model's own parameters.
    source : where the law was published or defined.
    family : kind of its law, `law(...).family`: it decides which methods a quantity has.
    """

    name: str
    doc: str
    params: tuple[Param, ...]
    source: str
    family: str = GaussianClusters.family

    @abstractmethod
    def law(self, values: Mapping[str, Any]) -> Law:
        """The law of the data for parameter values that are numbers or SymPy symbols."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, one per cluster."""
        return tuple(str(k) for k in range(self.class_count))

    @property
    def class_count(self) -> int:
        """Number of classes: it does not depend on the parameters."""
        if self.family not in (GaussianClusters.family, Mixture.family):
            return 1
        law = self.law({p.name: sum(p.typical) / 2 for p in self.params})
        return law.class_count if isinstance(law, (GaussianClusters, Mixture)) else 1

    def symbolic_law(self) -> Any:
        """The law with SymPy expressions in it."""
        return _symbolic(self.law({p.name: p.symbol for p in self.params}))

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


def _symbolic(part: Any) -> Any:
    """The same statement with every number a SymPy one."""
    from sympy import sympify

    if isinstance(part, tuple):
        return tuple(map(_symbolic, part))
    if is_dataclass(part) and not isinstance(part, type):
        return replace(part, **{f.name: _symbolic(getattr(part, f.name)) for f in fields(part)})
    return sympify(part, strict=True)


class Family:
    """Models that share a name and differ in one choice, as ``product`` in its prior: ``product prior=laplace``.

    Attributes
    ----------
    name, doc : as for a model.
    choice : the word that chooses.
    variants : by the value of that word; each is a model of its own, named ``FAMILY-VALUE``.
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
def _found() -> tuple[dict[str, DataModel], dict[str, Family]]:
    from regimes.theory import models as folder

    models: list[DataModel] = []
    families: dict[str, Family] = {}
    for info in pkgutil.iter_modules(folder.__path__):
        found = importlib.import_module(f"{folder.__name__}.{info.name}").MODEL
        models += [found] if isinstance(found, DataModel) else found.variants.values()
        families |= {} if isinstance(found, DataModel) else {found.name: found}
    for entry in entry_points(group="regimes.models"):
        models.append(entry.load())
    return dict(sorted((m.name, m) for m in models)), families


def all_models() -> dict[str, DataModel]:
    """Every shipped model and every one registered under the entry-point group ``regimes.models``, by name."""
    return dict(_found()[0])


def all_families() -> dict[str, Family]:
    """The names that need a choice to become a model."""
    return dict(_found()[1])


def get_model(name: str, **words: str) -> DataModel:
    """The model of that name (``product-laplace``, or ``product`` and ``prior="laplace"``).

    Raises
    ------
    UnknownNameError : no such model, with the nearest names; or words that the model does not take.
    MissingParameterError : the name is that of a family and the choice is missing.
    """
    chosen, left = find_model(name).choose(words)
    if left:
        raise UnknownNameError(f"choice of {name}", next(iter(left)), [])
    return chosen


def find_model(name: str) -> DataModel | Family:
    """The model or the family of that name; `UnknownNameError` with the nearest names otherwise."""
    models, families = _found()
    if name not in models and name not in families:
        raise UnknownNameError("model", name, sorted({*models, *families}))
    return models.get(name) or families[name]
