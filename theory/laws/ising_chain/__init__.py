"""One open Ising chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regimes.theory.laws.family import Answers
from regimes.theory.laws.ising_chain.law import IsingChain

if TYPE_CHECKING:
    from regimes.theory.derivations import Derivation
    from regimes.theory.model import DataModel


def _collapse(model: DataModel, law: IsingChain) -> Derivation:
    """Of its energy levels."""
    from regimes.theory.collapse.argument import collapse_argument
    from regimes.theory.laws.ising_chain.levels import ising_chain_levels

    return collapse_argument(*ising_chain_levels(model, law))


ANSWERS = Answers(IsingChain, collapse=_collapse, speciation="{model} has one class: there is nothing to tell apart")
