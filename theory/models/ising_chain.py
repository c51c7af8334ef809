"""One open Ising chain: spins +-1 with P(a) ~ exp(beta sum a_i a_{i+1})."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regimes.theory.laws import IsingChain
from regimes.theory.model import DataModel
from regimes.theory.params import Param


class IsingChainModel(DataModel):
    """Neighbouring spins of one chain are coupled; its noised law is a random-field chain."""

    name = "ising-chain"
    doc = "one open chain of spins +-1, P(a) ~ exp(beta sum a_i a_{i+1})"
    source = "definition of the chain"
    family = IsingChain.family
    params = (Param("beta", r"\beta", "coupling over temperature", 0, closed="low", typical=(0.1, 1.5)),)

    def law(self, values: Mapping[str, Any]) -> IsingChain:
        return IsingChain(values["beta"])


MODEL = IsingChainModel()
