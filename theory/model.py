"""What a data distribution is asked. A new one is a small file in `regimes/theory/models`."""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from regimes.theory.errors import UnknownNameError
from regimes.theory.params import Param


@dataclass(frozen=True)
class GaussianClusters:
    """Law of the data: with probability `weights[k]`, `a = sqrt(d) * centres[k] + sd * N(0, I)`.

    The entries are numbers or SymPy expressions, whatever the parameters were: derivations,
    samplers and finite-size integrals read the same statement of the law.

    Attributes
    ----------
    weights : (K,) probabilities, summing to one.
    centres : (K, r) coordinates of the means in an orthonormal frame of r <= d directions, in units of sqrt(d).
    sd : standard deviation of every coordinate inside a cluster.
    """

    weights: tuple[Any, ...]
    centres: tuple[tuple[Any, ...], ...]
    sd: Any

    @property
    def rank(self) -> int:
        """Dimension r of the span of the means."""
        return len(self.centres[0])


class DataModel(ABC):
    """A data distribution: its name, its parameters, its law.

    Attributes
    ----------
    name : as typed on the command line.
    doc : one line.
    params : the model's own parameters.
    source : where the law was published or defined.
    """

    name: str
    doc: str
    params: tuple[Param, ...]
    source: str

    @abstractmethod
    def law(self, values: Mapping[str, Any]) -> GaussianClusters:
        """The law of the data for parameter values that are numbers or SymPy symbols."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, one per cluster."""
        return tuple(str(k) for k in range(self.class_count))

    @property
    def class_count(self) -> int:
        """Number of classes: it does not depend on the parameters."""
        middle = {p.name: sum(p.typical) / 2 for p in self.params}
        return len(self.law(middle).weights)

    def symbolic_law(self) -> GaussianClusters:
        """The law with SymPy expressions in it."""
        from sympy import sympify

        law = self.law({p.name: p.symbol for p in self.params})
        centres = tuple(tuple(sympify(x, strict=True) for x in centre) for centre in law.centres)
        return GaussianClusters(tuple(sympify(w, strict=True) for w in law.weights), centres, sympify(law.sd, strict=True))

    def complete(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The model's own parameters out of `values`, defaults filled in and domains checked."""
        own = {}
        for p in self.params:
            value = values.get(p.name, p.default)
            if value is None:
                from regimes.theory.errors import MissingParameterError

                raise MissingParameterError(f"{self.name} needs {p.name} ({p.doc}): give {p.name}=VALUE with {p.domain}")
            p.check(value)
            own[p.name] = value
        return own


@cache
def all_models() -> dict[str, DataModel]:
    """Every shipped model and every one registered under the entry-point group ``regimes.models``, by name."""
    from regimes.theory import models as folder

    found: dict[str, DataModel] = {}
    for info in pkgutil.iter_modules(folder.__path__):
        model = importlib.import_module(f"{folder.__name__}.{info.name}").MODEL
        found[model.name] = model
    return dict(sorted(found.items()))


def get_model(name: str) -> DataModel:
    """The model of that name; `UnknownNameError` with the nearest names otherwise."""
    models = all_models()
    if name not in models:
        raise UnknownNameError("model", name, models)
    return models[name]
