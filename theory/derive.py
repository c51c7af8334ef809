"""From a model to its derivations."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from regimes.theory.errors import UnknownNameError
from regimes.theory.laws import RandomEnergies
from regimes.theory.model import DataModel, get_model

if TYPE_CHECKING:
    from regimes.theory.derivations.derivation import Derivation

KINDS = ("collapse", "speciation")


@cache
def _derive(model: DataModel, kind: str) -> Derivation:
    if kind == "collapse" and model.family == RandomEnergies.family:
        from regimes.theory.laws.random_energy.levels import derive_random_energy

        return derive_random_energy(model)
    if kind == "collapse":
        from regimes.theory.collapse.argument import derive_collapse

        return derive_collapse(model)
    from regimes.theory.speciation.argument import derive_speciation

    return derive_speciation(model)


def derive(model: DataModel | str, kind: str) -> Derivation:
    """The derivation of "collapse" or "speciation" for a model; call `.verify()` to check every step.

    Raises
    ------
    UnknownNameError : no such model or kind.
    DerivationError : the model has no such derivation, and why.
    """
    if kind not in KINDS:
        raise UnknownNameError("derivation", kind, KINDS)
    return _derive(get_model(model) if isinstance(model, str) else model, kind)
