"""The law of two Ising chains, one per class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from regimes.theory.law import Law


@dataclass(frozen=True)
class IsingChains(Law):
    """With probability `weight` an open Ising chain at coupling `beta_a`, else one at `beta_b`."""

    beta_a: Any
    beta_b: Any
    weight: Any

    family: ClassVar[str] = "ising-chains"

    @property
    def class_count(self) -> int:
        """Two chains."""
        return 2
