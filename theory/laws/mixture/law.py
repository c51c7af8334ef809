"""The law of Gaussian clusters with their own means, variances and weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from regimes.theory.law import Law


@dataclass(frozen=True)
class Cluster:
    """One Gaussian cluster of a mixture.

    Attributes
    ----------
    weight : number or Expr
        Factor of the probability that does not grow with d.
    centre : tuple
        (r,) coordinates of the mean in an orthonormal frame of r <= d directions, in units of sqrt(d).
    sd : number or Expr
        Standard deviation of every coordinate inside the cluster.
    cost : number or Expr
        Rate c at which the probability falls with d, like e^{-d c}; 0 for the clusters that make up the data.
    """

    weight: Any
    centre: tuple[Any, ...]
    sd: Any
    cost: Any = 0


@dataclass(frozen=True)
class Mixture(Law):
    """Gaussian clusters with their own means, variances and weights; the weights of those without a cost sum to one."""

    clusters: tuple[Cluster, ...]

    family: ClassVar[str] = "mixture"

    @property
    def rank(self) -> int:
        """Dimension r of the span of the means."""
        return len(self.clusters[0].centre)

    @property
    def class_count(self) -> int:
        """Number of classes."""
        return len(self.clusters)
