"""The law of one open Ising chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from regimes.theory.law import Law


@dataclass(frozen=True)
class IsingChain(Law):
    """Spins a_i = +-1 on an open chain with P(a) proportional to exp(beta sum a_i a_{i+1})."""

    beta: Any

    family: ClassVar[str] = "ising-chain"
