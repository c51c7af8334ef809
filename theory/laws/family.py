"""What a family of laws answers in this layer, and where its answers are found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from regimes.theory.law import Law, place_of

if TYPE_CHECKING:
    from regimes.theory.derivations import Derivation
    from regimes.theory.model import DataModel

    Derive = Callable[[DataModel, Any], Derivation]


@dataclass(frozen=True)
class Answers:
    """The derivations of one family of laws; a text says why there is none, with ``{model}`` for the model's name.

    Attributes
    ----------
    law : type of Law
        What states a law of the family.
    collapse : callable or str
        From a model and its law with SymPy expressions in it to the derivation of collapse.
    speciation : callable or str
        The same for speciation.
    """

    law: type[Law]
    collapse: Derive | str
    speciation: Derive | str


@cache
def answers(family: str) -> Answers:
    """The answers of the family of that name, imported when first asked for.

    Parameters
    ----------
    family : str
        As `Law.family`, for instance ``curie-weiss``.

    Returns
    -------
    Answers
        Reasons only, for a family that has no place in this layer.
    """
    place = place_of("theory", family)
    if place is None:
        return Answers(Law, *(f"{{model}}: {kind} is not derived for laws of the family {family}" for kind in ("collapse", "speciation")))
    found: Answers = place.ANSWERS
    return found
