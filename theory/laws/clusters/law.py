"""The law of Gaussian clusters of one width."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from regimes.theory.law import Law


@dataclass(frozen=True)
class GaussianClusters(Law):
    """With probability `weights[k]`, `a = sqrt(d) * centres[k] + sd * N(0, I)`.

    Attributes
    ----------
    weights : tuple
        (K,) probabilities, summing to one.
    centres : tuple of tuple
        (K, r) coordinates of the means in an orthonormal frame of r <= d directions, in units of sqrt(d).
    sd : number or Expr
        Standard deviation of every coordinate inside a cluster.
    """

    weights: tuple[Any, ...]
    centres: tuple[tuple[Any, ...], ...]
    sd: Any

    family: ClassVar[str] = "clusters"

    @property
    def rank(self) -> int:
        """Dimension r of the span of the means."""
        return len(self.centres[0])

    @property
    def class_count(self) -> int:
        """Number of classes."""
        return len(self.weights)
