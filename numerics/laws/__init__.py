"""What the families of laws answer in numbers: each in a folder of its own, found by the family's name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

from regimes.numerics.arrays import Values
from regimes.numerics.collapse.finite_size import At, Points
from regimes.numerics.collapse.levels import EnergyLevels
from regimes.numerics.collapse.window import Densities, Density
from regimes.numerics.quantity import Quantity
from regimes.numerics.speciation.hierarchy import PartedOdds
from regimes.numerics.speciation.odds import ClassOdds
from regimes.numerics.speciation.splitting import OrderParameter
from regimes.theory.errors import DomainError
from regimes.theory.law import Law, place_of
from regimes.theory.model import DataModel, FixedLaw

if TYPE_CHECKING:
    from regimes.numerics.model_files.forms import FileForm

__all__ = ["Answers", "answers", "density_of", "levels_at", "levels_of", "odds_at", "points_of"]


@dataclass(frozen=True)
class Answers:
    """What one family of laws answers in this layer; a text says why there is no answer, after the name of a model.

    Attributes
    ----------
    levels : callable or str
        The energy levels of a model at P parameter points.
    odds : callable or str
        Its classes at P parameter points.
    points : callable or str
        How the average over x is taken at finite n and d, for a law with numbers in it.
    densities : callable or str
        Mean, variance and class part of the information density, for a law with numbers in it.
    order_parameter : OrderParameter or str
        The scalar order parameter of the reverse process.
    hierarchy : callable or str
        Its classes, some of which can be looked at alone, for nested groups of them.
    quantities : callable
        Everything that can be asked of a model, by name.
    file : callable or str
        How a file describes a law of the family, imported when a file is read.
    """

    quantities: Callable[[], dict[str, Quantity]]
    levels: Callable[[DataModel, Values], EnergyLevels] | str
    odds: Callable[[DataModel, Values], ClassOdds] | str
    points: Points | str
    densities: Densities | str
    order_parameter: OrderParameter | str
    hierarchy: Callable[[DataModel, Values], PartedOdds] | str
    file: Callable[[], FileForm] | str = "is of a family that no file describes"


ONE_CLASS = "has one class: there is nothing to tell apart"
NO_HIERARCHY = "is no mixture of clusters: a hierarchy of classes is that of a mixture, as in mixture kind=nested"


@cache
def answers(family: str) -> Answers:
    """What a family answers: found by its name, imported when first asked."""
    place = place_of("numerics", family)
    if place is not None:
        found: Answers = place.ANSWERS
        return found
    nothing = f"is of a family, {family}, that answers nothing in numbers"
    return Answers(dict, nothing, nothing, nothing, nothing, nothing, nothing)


def levels_at(model: DataModel, values: Values) -> EnergyLevels:
    """The energy levels of a model at P parameter points; `DomainError` for one that has none."""
    levels = answers(model.family).levels
    if isinstance(levels, str):
        raise DomainError(f"{model.name} {levels}")
    return levels(model, values)


def odds_at(model: DataModel, values: Values) -> ClassOdds:
    """The classes of a model at P parameter points; `DomainError` for one that has none."""
    odds = answers(model.family).odds
    if isinstance(odds, str):
        raise DomainError(f"{model.name} {odds}")
    return odds(model, values)


def levels_of(law: Law) -> EnergyLevels:
    """The levels of one law with numbers in it; answers have length 1."""
    return levels_at(FixedLaw(law), {})


def points_of(law: Law) -> At:
    """How the average over x is taken for one law with numbers in it."""
    points = answers(law.family).points
    if isinstance(points, str):
        raise DomainError(f"{law.family} {points}")
    return partial(points, law)


def density_of(law: Law) -> Callable[[float], Density]:
    """The information density of one law with numbers in it, at a time."""
    densities = answers(law.family).densities
    if isinstance(densities, str):
        raise DomainError(f"{law.family} {densities}")
    return partial(densities, law)
