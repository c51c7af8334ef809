"""The law of Derrida's random energies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from regimes.theory.law import Law


@dataclass(frozen=True)
class RandomEnergies(Law):
    """Derrida's model: 2^d independent levels N(0, d variance) at inverse temperature beta. There is no channel and no time."""

    variance: Any
    beta: Any

    family: ClassVar[str] = "random-energy"
