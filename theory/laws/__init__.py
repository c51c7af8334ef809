"""Laws of the data, each a plain statement that derivations, samplers and finite-size integrals read alike.

The entries are numbers or SymPy expressions, whatever the parameters of the model were. Densities and eigenvalues that are
functions are SymPy expressions in one symbol: `a` of `regimes.theory.conventions` for a coordinate, `Curve.variable()` for a spectrum.
"""

from regimes.theory.law import Atom, Law
from regimes.theory.laws.clusters.law import GaussianClusters
from regimes.theory.laws.curie_weiss.law import CurieWeiss
from regimes.theory.laws.family import Answers, answers
from regimes.theory.laws.ising_chain.law import IsingChain
from regimes.theory.laws.ising_chains.law import IsingChains
from regimes.theory.laws.mixture.law import Cluster, Mixture
from regimes.theory.laws.product.law import Piece, Product
from regimes.theory.laws.random_energy.law import RandomEnergies
from regimes.theory.laws.spectrum.law import Curve, GaussianSpectrum, MarchenkoPastur
from regimes.theory.laws.zero_mean_mixture.law import ZeroMeanMixture

__all__ = [
    "Answers",
    "Atom",
    "Cluster",
    "CurieWeiss",
    "Curve",
    "GaussianClusters",
    "GaussianSpectrum",
    "IsingChain",
    "IsingChains",
    "Law",
    "MarchenkoPastur",
    "Mixture",
    "Piece",
    "Product",
    "RandomEnergies",
    "ZeroMeanMixture",
    "answers",
]
