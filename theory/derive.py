"""From a model to its derivations."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from regimes.theory.errors import DerivationError, UnknownNameError
from regimes.theory.laws import answers
from regimes.theory.model import DataModel, get_model

if TYPE_CHECKING:
    from regimes.theory.derivations import Derivation

KINDS = ("collapse", "speciation")


@cache
def _derive(model: DataModel, kind: str) -> Derivation:
    found = answers(model.family)
    answer = found.collapse if kind == "collapse" else found.speciation
    if isinstance(answer, str):
        raise DerivationError(answer.format(model=model.name))
    return answer(model, model.symbolic_law())


def derive(model: DataModel | str, kind: str) -> Derivation:
    """The derivation of "collapse" or "speciation" for a model; call `.verify()` to check every step.

    Parameters
    ----------
    model : DataModel or str
        A model, or the name of one.
    kind : str
        One of `KINDS`.

    Returns
    -------
    Derivation
        Made once per model and kind; its steps are not checked yet.

    Raises
    ------
    UnknownNameError
        No such model or kind.
    DerivationError
        The model has no such derivation, and why.
    """
    if kind not in KINDS:
        raise UnknownNameError("derivation", kind, KINDS)
    return _derive(get_model(model) if isinstance(model, str) else model, kind)
