"""Two Gaussian clusters of the same variance at +m and -m, with |m|^2 = d mu^2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regimes.theory.laws import GaussianClusters
from regimes.theory.model import DataModel
from regimes.theory.params import Param


class GaussianMixture(DataModel):
    """Two classes; `weight` is the probability of the class at +m."""

    name = "gaussian-mixture"
    doc = "two clusters +-m, |m|^2 = d mu^2, variance sigma^2, weight of +m"
    source = "Biroli, Bonnaire, de Bortoli, Mezard, arXiv:2402.18491"
    params = (
        Param("mu", r"\tilde\mu", "length of m per sqrt(d)", 0, typical=(0.5, 2.0), default=1.0),
        Param("sigma", r"\sigma", "standard deviation inside a cluster", 0, typical=(0.5, 2.0), default=1.0),
        Param("weight", "w", "probability of the class at +m", 0, 1, typical=(0.1, 0.9), default=0.5),
    )

    def law(self, values: Mapping[str, Any]) -> GaussianClusters:
        mu, weight = values["mu"], values["weight"]
        return GaussianClusters(weights=(weight, 1 - weight), centres=((mu,), (-mu,)), sd=values["sigma"])


MODEL = GaussianMixture()
