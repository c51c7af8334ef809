"""Two Ising chains, one per class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regimes.theory.laws.family import Answers
from regimes.theory.laws.ising_chains.law import IsingChains

if TYPE_CHECKING:
    from regimes.theory.derivations import Derivation
    from regimes.theory.model import DataModel


def _speciation(model: DataModel, law: IsingChains) -> Derivation:
    """Of two couplings."""
    from regimes.theory.laws.ising_chains.classes import chain_speciation

    return chain_speciation(model, law)


ANSWERS = Answers(IsingChains, collapse="{model}: collapse is not derived for laws of the family ising-chains", speciation=_speciation)
