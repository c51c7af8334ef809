"""Two open Ising chains of different couplings, weight 1/2 each: classes that differ in their correlations only."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from regimes.theory.laws import IsingChains
from regimes.theory.model import DataModel
from regimes.theory.params import Param


class IsingChainsModel(DataModel):
    """The log-odds of a datum come from two random-field transfer matrices."""

    name = "ising-chains"
    doc = "two open chains of spins +-1 at couplings beta_a and beta_b, weight 1/2 each"
    source = "definition of the chains"
    family = IsingChains.family
    params = (
        Param("beta_a", r"\beta_a", "coupling over temperature of the first chain", 0, closed="low", typical=(0.8, 1.3)),
        Param("beta_b", r"\beta_b", "coupling over temperature of the second chain", 0, closed="low", typical=(0.1, 0.6)),
    )

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the couplings."""
        return "a", "b"

    def law(self, values: Mapping[str, Any]) -> IsingChains:
        return IsingChains(values["beta_a"], values["beta_b"], Fraction(1, 2))


MODEL = IsingChainsModel()
