"""The Curie-Weiss magnet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regimes.theory.laws.curie_weiss.law import CurieWeiss
from regimes.theory.laws.family import Answers

if TYPE_CHECKING:
    from regimes.theory.derivations import Derivation
    from regimes.theory.model import DataModel


def _collapse(model: DataModel, law: CurieWeiss) -> Derivation:
    """Of its energy levels."""
    from regimes.theory.collapse.argument import collapse_argument
    from regimes.theory.laws.curie_weiss.levels import curie_weiss_levels

    return collapse_argument(*curie_weiss_levels(model, law))


def _speciation(model: DataModel, law: CurieWeiss) -> Derivation:
    """Of the sign of the mean field."""
    from regimes.theory.laws.curie_weiss.classes import curie_weiss_speciation

    return curie_weiss_speciation(model, law)


ANSWERS = Answers(CurieWeiss, collapse=_collapse, speciation=_speciation)
