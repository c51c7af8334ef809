"""Gaussian clusters of one width."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regimes.theory.laws.clusters.law import GaussianClusters
from regimes.theory.laws.family import Answers

if TYPE_CHECKING:
    from regimes.theory.derivations import Derivation
    from regimes.theory.model import DataModel


def _collapse(model: DataModel, law: GaussianClusters) -> Derivation:
    """Of the levels of one cluster."""
    from regimes.theory.laws.clusters.levels import cluster_collapse

    return cluster_collapse(model, law)


def _speciation(model: DataModel, law: GaussianClusters) -> Derivation:
    """Of two classes."""
    from regimes.theory.laws.clusters.classes import cluster_speciation

    return cluster_speciation(model, law)


ANSWERS = Answers(GaussianClusters, collapse=_collapse, speciation=_speciation)
