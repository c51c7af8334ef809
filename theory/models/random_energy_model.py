"""Derrida's random energy model: 2^d independent levels N(0, d v) at inverse temperature beta."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regimes.theory.laws import RandomEnergies
from regimes.theory.model import DataModel
from regimes.theory.params import Param


class RandomEnergyModel(DataModel):
    """The levels that collapse is about, by themselves: no channel, no time."""

    name = "random-energy-model"
    doc = "2^d independent levels N(0, d v) at inverse temperature beta"
    source = "Derrida, Phys. Rev. B 24, 2613 (1981)"
    family = RandomEnergies.family
    params = (
        Param("variance", "v", "variance of a level, per d", 0, typical=(0.3, 2.0), default=1.0),
        Param("beta", r"\beta", "inverse temperature", 0, typical=(0.3, 3.0), default=1.0),
    )

    def law(self, values: Mapping[str, Any]) -> RandomEnergies:
        return RandomEnergies(values["variance"], values["beta"])


MODEL = RandomEnergyModel()
