"""Derrida's random energies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regimes.theory.laws.family import Answers
from regimes.theory.laws.random_energy.law import RandomEnergies

if TYPE_CHECKING:
    from regimes.theory.derivations import Derivation
    from regimes.theory.model import DataModel


def _collapse(model: DataModel, law: RandomEnergies) -> Derivation:
    """Of the levels by themselves."""
    from regimes.theory.laws.random_energy.levels import derive_random_energy

    return derive_random_energy(model, law)


ANSWERS = Answers(RandomEnergies, collapse=_collapse, speciation="{model} has neither channel nor classes: there is nothing to tell apart")
