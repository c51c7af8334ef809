"""Derivations: steps with a kind, the checks of each kind, and how they are shown."""

from regimes.theory.derivations.derivation import Derivation
from regimes.theory.derivations.step import Outcome, Step

__all__ = ["Derivation", "Outcome", "Step"]
