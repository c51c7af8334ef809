"""Gaussian clusters with any means, variances and weights, also weights that fall exponentially with the dimension."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from regimes.theory.laws import Cluster, Mixture
from regimes.theory.model import DataModel, Group
from regimes.theory.params import Param

MU = Param("mu", r"\tilde\mu", "length of a mean per sqrt(d)", 0, typical=(0.5, 2.0), default=1.0)
SIGMA = Param("sigma", r"\sigma", "standard deviation inside a cluster", 0, typical=(0.5, 2.0), default=1.0)


class MixtureModel(DataModel):
    """A mixture of Gaussian clusters.

    Parameters
    ----------
    arrangement : str
        Its name; the model is called ``mixture-ARRANGEMENT``.
    doc : str
        One line.
    make : callable
        The clusters, from the values of the parameters.
    *params : Param
        The parameters.
    """

    family = Mixture.family
    source = "definition of the mixture"

    def __init__(self, arrangement: str, doc: str, make: Callable[[Mapping[str, Any]], tuple[Cluster, ...]], *params: Param) -> None:
        self.name, self.doc, self._make, self.params = f"mixture-{arrangement}", f"Gaussian clusters, {doc}", make, params

    def law(self, values: Mapping[str, Any]) -> Mixture:
        return Mixture(self._make(values))


def _simplex(values: Mapping[str, Any]) -> tuple[Cluster, ...]:
    """Three means of length mu at angles of 120 degrees."""
    from fractions import Fraction

    mu, third = values["mu"], Fraction(1, 3)
    height = mu * _root(3, mu) / 2
    return tuple(Cluster(third, centre, values["sigma"]) for centre in ((mu, 0 * mu), (-mu / 2, height), (-mu / 2, -height)))


def _nested(values: Mapping[str, Any]) -> tuple[Cluster, ...]:
    """Two pairs: means +-far along one direction, +-near along another."""
    from fractions import Fraction

    far, near, quarter = values["far"], values["near"], Fraction(1, 4)
    return tuple(Cluster(quarter, (p * far, q * near), values["sigma"]) for p in (1, -1) for q in (1, -1))


def _unlike(values: Mapping[str, Any]) -> tuple[Cluster, ...]:
    """Two clusters at +m and -m, of their own widths and weights."""
    mu, weight = values["mu"], values["weight"]
    return Cluster(weight, (mu,), values["sigma_a"]), Cluster(1 - weight, (-mu,), values["sigma_b"])


def _rare(values: Mapping[str, Any]) -> tuple[Cluster, ...]:
    """A cluster that makes up the data and one of weight e^{-d cost}."""
    mu = values["mu"]
    return Cluster(1, (mu,), values["sigma_a"]), Cluster(1, (-mu,), values["sigma_b"], values["cost"])


def _root(number: int, beside: Any) -> Any:
    """The square root as a factor of `beside`: a float for floats and arrays of them, which an exact one would make slow objects of."""
    if isinstance(beside, (int, float)) or hasattr(beside, "dtype"):
        return math.sqrt(number)
    from sympy import sqrt

    return sqrt(number)


def _width(letter: str) -> Param:
    return Param(f"sigma_{letter}", rf"\sigma_{letter}", f"standard deviation inside cluster {letter}", 0, typical=(0.5, 2.0), default=1.0)


MODEL = Group(
    "mixture",
    "kind",
    "Gaussian clusters with their own means, variances and weights",
    {
        "simplex": MixtureModel("simplex", "three of equal weight at the corners of a triangle", _simplex, MU, SIGMA),
        "nested": MixtureModel(
            "nested",
            "two pairs: +-far along one direction, +-near along another",
            _nested,
            Param("far", "f", "half the distance of the pairs per sqrt(d)", 0, typical=(1.0, 2.0), default=2.0),
            Param("near", "n", "half the distance inside a pair per sqrt(d)", 0, typical=(0.2, 0.8), default=0.5),
            SIGMA,
        ),
        "unlike": MixtureModel(
            "unlike",
            "two at +m and -m with their own widths and weights",
            _unlike,
            MU,
            _width("a"),
            _width("b"),
            Param("weight", "w", "probability of the first", 0, 1, typical=(0.1, 0.9), default=0.5),
        ),
        "rare": MixtureModel(
            "rare",
            "one that makes up the data, and one of weight e^(-d cost)",
            _rare,
            MU,
            _width("a"),
            _width("b"),
            Param("cost", "c", "rate at which the weight of the second falls with d", 0, closed="low", typical=(0.01, 0.1), default=0.05),
        ),
    },
)
