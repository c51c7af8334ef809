"""One Gaussian cluster: N(0, sigma^2 I)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regimes.theory.laws import GaussianClusters
from regimes.theory.model import DataModel
from regimes.theory.params import Param


class Gaussian(DataModel):
    """Isotropic Gaussian data."""

    name = "gaussian"
    doc = "N(0, sigma^2 I)"
    source = "Biroli, Bonnaire, de Bortoli, Mezard, arXiv:2402.18491, one cluster"
    params = (Param("sigma", r"\sigma", "standard deviation of the data", 0, typical=(0.5, 2.0), default=1.0),)

    def law(self, values: Mapping[str, Any]) -> GaussianClusters:
        return GaussianClusters(weights=(1,), centres=((),), sd=values["sigma"])


MODEL = Gaussian()
