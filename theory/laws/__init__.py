"""Laws of the data, each a plain statement that derivations, samplers and finite-size integrals read alike.

The entries are numbers or SymPy expressions, whatever the parameters of the model were. Densities and eigenvalues that are
functions are SymPy expressions in one symbol: `a` of `regimes.theory.conventions` for a coordinate, `u` below for a spectrum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

__all__ = [
    "Atom",
    "Cluster",
    "CurieWeiss",
    "Curve",
    "GaussianClusters",
    "GaussianSpectrum",
    "IsingChain",
    "IsingChains",
    "Law",
    "Mixture",
    "Piece",
    "Product",
    "RandomEnergies",
    "ZeroMeanMixture",
]


@dataclass(frozen=True)
class GaussianClusters:
    """With probability `weights[k]`, `a = sqrt(d) * centres[k] + sd * N(0, I)`.

    Attributes
    ----------
    weights : (K,) probabilities, summing to one.
    centres : (K, r) coordinates of the means in an orthonormal frame of r <= d directions, in units of sqrt(d).
    sd : standard deviation of every coordinate inside a cluster.
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


@dataclass(frozen=True)
class Cluster:
    """One Gaussian cluster of a mixture.

    Attributes
    ----------
    weight : factor of the probability that does not grow with d.
    cost : rate c at which the probability falls with d, like e^{-d c}; 0 for the clusters that make up the data.
    centre : (r,) coordinates of the mean in an orthonormal frame of r <= d directions, in units of sqrt(d).
    sd : standard deviation of every coordinate inside the cluster.
    """

    weight: Any
    centre: tuple[Any, ...]
    sd: Any
    cost: Any = 0


@dataclass(frozen=True)
class Mixture:
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


@dataclass(frozen=True)
class Atom:
    """A share `weight` of the mass at one place: a value of a coordinate, or an eigenvalue of a covariance."""

    weight: Any
    place: Any


@dataclass(frozen=True)
class Curve:
    """A share `weight` of the spectrum that is spread out: eigenvalue(u) for u in (0, 1) with density(u), which integrates to one.

    Both are SymPy expressions in the symbol `Curve.variable()`.
    """

    weight: Any
    eigenvalue: Any
    density: Any

    @staticmethod
    def variable() -> Any:
        """The symbol u."""
        import sympy as sp

        return sp.Symbol("u", positive=True)


@dataclass(frozen=True)
class GaussianSpectrum:
    """Centred Gaussian data whose covariance has this spectrum; the weights of atoms and curves sum to one."""

    atoms: tuple[Atom, ...] = ()
    curves: tuple[Curve, ...] = ()

    family: ClassVar[str] = "spectrum"


@dataclass(frozen=True)
class Piece:
    """A share `weight` of a coordinate's law with a density on (low, high): a SymPy expression in `conventions.a`, integrating to one."""

    weight: Any
    density: Any
    low: Any
    high: Any
    breaks: tuple[Any, ...] = ()
    """Places inside (low, high) where the density or a derivative jumps."""


@dataclass(frozen=True)
class Product:
    """Independent coordinates of one law (the prior); the weights of atoms and pieces sum to one."""

    atoms: tuple[Atom, ...] = ()
    pieces: tuple[Piece, ...] = ()

    family: ClassVar[str] = "product"


@dataclass(frozen=True)
class CurieWeiss:
    """Spins a_i = +-1 with P(a) proportional to exp(beta (sum a)^2/(2d) + h sum a)."""

    beta: Any
    h: Any

    family: ClassVar[str] = "curie-weiss"


@dataclass(frozen=True)
class IsingChain:
    """Spins a_i = +-1 on an open chain with P(a) proportional to exp(beta sum a_i a_{i+1})."""

    beta: Any

    family: ClassVar[str] = "ising-chain"


@dataclass(frozen=True)
class IsingChains:
    """With probability `weight` an open Ising chain at coupling `beta_a`, else one at `beta_b`."""

    beta_a: Any
    beta_b: Any
    weight: Any

    family: ClassVar[str] = "ising-chains"


@dataclass(frozen=True)
class RandomEnergies:
    """Derrida's model: 2^d independent levels N(0, d variance) at inverse temperature beta. There is no channel and no time."""

    variance: Any
    beta: Any

    family: ClassVar[str] = "random-energy"


@dataclass(frozen=True)
class ZeroMeanMixture:
    """With probability `weight`, N(0, sds[0]^2 I), else N(0, sds[1]^2 I): two classes that differ in their spread only."""

    weight: Any
    sds: tuple[Any, Any]

    family: ClassVar[str] = "zero-mean-mixture"

    @property
    def class_count(self) -> int:
        """Number of classes."""
        return 2


Law = GaussianClusters | Mixture | GaussianSpectrum | Product | CurieWeiss | IsingChain | IsingChains | RandomEnergies | ZeroMeanMixture
