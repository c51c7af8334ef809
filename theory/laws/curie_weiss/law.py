"""The law of Curie-Weiss spins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from regimes.theory.law import Law


@dataclass(frozen=True)
class CurieWeiss(Law):
    """Spins a_i = +-1 with P(a) proportional to exp(beta (sum a)^2/(2d) + h sum a)."""

    beta: Any
    h: Any

    family: ClassVar[str] = "curie-weiss"
