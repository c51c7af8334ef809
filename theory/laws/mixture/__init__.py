"""Gaussian clusters with their own means, variances and weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regimes.theory.laws.family import Answers
from regimes.theory.laws.mixture.law import Mixture

if TYPE_CHECKING:
    from regimes.theory.derivations import Derivation
    from regimes.theory.model import DataModel


def _collapse(model: DataModel, law: Mixture) -> Derivation:
    """Of every class by itself, and of their average."""
    from regimes.theory.laws.mixture.levels import derive_mixture

    return derive_mixture(model, law)


def _speciation(model: DataModel, law: Mixture) -> Derivation:
    """Of every pair of classes."""
    from regimes.theory.laws.mixture.classes import mixture_speciation

    return mixture_speciation(model, law)


ANSWERS = Answers(Mixture, collapse=_collapse, speciation=_speciation)
