"""Two centred Gaussian classes of different variance: nothing but the length of x tells them apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regimes.theory.laws import ZeroMeanMixture
from regimes.theory.model import DataModel
from regimes.theory.params import Param


def _width(letter: str, default: float) -> Param:
    doc = f"standard deviation of the data in class {letter}"
    return Param(f"sigma_{letter}", rf"\sigma_{letter}", doc, 0, typical=(0.5, 2.0), default=default)


class ZeroMeanMixtureModel(DataModel):
    """Classes that differ in covariance only; `weight` is the probability of class a."""

    name = "zero-mean-mixture"
    doc = "two classes N(0, sigma_a^2 I) and N(0, sigma_b^2 I), weight of the first"
    source = "definition of the mixture"
    family = ZeroMeanMixture.family
    params = (
        _width("a", 2**0.5),
        _width("b", 0.5**0.5),
        Param("weight", "w", "probability of class a", 0, 1, typical=(0.1, 0.9), default=0.5),
    )

    def law(self, values: Mapping[str, Any]) -> ZeroMeanMixture:
        return ZeroMeanMixture(values["weight"], (values["sigma_a"], values["sigma_b"]))


MODEL = ZeroMeanMixtureModel()
