"""The law of two centred Gaussian classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from regimes.theory.law import Law


@dataclass(frozen=True)
class ZeroMeanMixture(Law):
    """With probability `weight`, N(0, sds[0]^2 I), else N(0, sds[1]^2 I): two classes that differ in their spread only."""

    weight: Any
    sds: tuple[Any, Any]

    family: ClassVar[str] = "zero-mean-mixture"

    @property
    def class_count(self) -> int:
        """Two widths."""
        return 2
