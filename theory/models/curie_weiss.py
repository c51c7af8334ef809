"""Curie-Weiss ferromagnet: spins +-1 with P(a) ~ exp(beta (sum a)^2/(2d) + h sum a)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regimes.theory.laws import CurieWeiss
from regimes.theory.model import DataModel
from regimes.theory.params import Param


class CurieWeissModel(DataModel):
    """Mean-field spins; above beta = 1 and at h = 0 there are two states of opposite magnetisation."""

    name = "curie-weiss"
    doc = "spins +-1, P(a) ~ exp(beta (sum a)^2/(2d) + h sum a)"
    source = "Biroli, Bonnaire, de Bortoli, Mezard, arXiv:2402.18491; Biroli, Mezard, arXiv:2306.03518"
    family = CurieWeiss.family
    params = (
        Param("beta", r"\beta", "inverse temperature", 0, closed="low", typical=(0.2, 2.0)),
        Param("h", "h", "field", typical=(-0.5, 0.5), default=0.0),
    )

    def law(self, values: Mapping[str, Any]) -> CurieWeiss:
        return CurieWeiss(values["beta"], values["h"])


MODEL = CurieWeissModel()
