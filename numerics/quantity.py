"""What a quantity is: its name, what it needs, and the methods that compute it. Nothing is computed here and SymPy is not imported.

A quantity is stated once, beside the functions that answer it: those of all levels in `collapse.quantities`, those of all classes in
`speciation.quantities`, the others in the folder of the family that has them. A family offers a quantity by methods of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from regimes.numerics.arrays import Answer, BoolArray, TextArray, Values
from regimes.theory.model import DataModel
from regimes.theory.params import Param


@dataclass(frozen=True)
class Case:
    """Parameter points at which a formula is not simply evaluated.

    Attributes
    ----------
    where : (P,) bool
        The points.
    reason : str
        Why the quantity does not exist there; empty if it does.
    method : str
        The method whose formula is evaluated there instead; empty for the same one.
    also : mapping of str to float
        Parameters that enter besides those given.
    """

    where: BoolArray
    reason: str = ""
    method: str = ""
    also: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Elsewhere:
    """The formula of another model that is meant, and at what.

    Attributes
    ----------
    model : DataModel
        The other model.
    quantity, method : str
        Its quantity and method.
    values : mapping
        All its parameters, (P,) each.
    absent : (P,) str
        Why the quantity does not exist there; empty where it does.
    """

    model: DataModel
    quantity: str
    method: str
    values: Values
    absent: TextArray


@dataclass(frozen=True)
class Formula:
    """A method given by an expression of a derivation.

    Attributes
    ----------
    kind : str
        Kind of the derivation.
    build : callable
        From the derivation to the expression.
    doc : str
        What the method is.
    positive : str
        If not empty: only a positive value is meant, and this says why there may be none.
    cases : callable, optional
        From the model and its parameters, (P,) each, to the points that are cases of their own.
    elsewhere : callable, optional
        From the model and all parameters, (P,) each, to the formula that is evaluated instead.
    """

    kind: str
    build: Callable[[Any], Any]
    doc: str = "formula of the derivation, compiled; any number of digits"
    positive: str = ""
    cases: Callable[[DataModel, Values], Sequence[Case]] | None = None
    elsewhere: Callable[[DataModel, Values], Elsewhere] | None = None


@dataclass(frozen=True)
class Numbers:
    """A method given by a function of arrays, in double precision.

    Attributes
    ----------
    function : callable
        From the model and all parameters, (P,) each, to an `Answer` for the P points.
    doc : str
        What the method is.
    loosest : float
        Relative error up to which an answer is one.
    """

    function: Callable[[DataModel, Values], Answer]
    doc: str
    loosest: float = 1e-3


Method = Formula | Numbers


@dataclass(frozen=True)
class Quantity:
    """One name of the command line.

    Attributes
    ----------
    name : str
        As typed.
    doc : str
        What it is, one sentence.
    unit : str
        Of its values; empty for pure numbers.
    latex : str
        Its symbol in formulas.
    needs : tuple of Param
        Parameters besides the model's own. `alpha` may be given as n and d.
    methods : mapping of str to Method
        How it is computed, by name; the first is the default.
    optional : tuple of Param
        Parameters that may be left out.
    classes : bool
        Whether it asks about classes, of which there must be two.
    definitions : bool
        Whether the methods are definitions of different things under one name, one of which must be named.
    needs_by_method : mapping
        Parameters of methods that need others.
    asks : str
        Which answer of a family it takes, "levels", "classes", "points" or "order parameter"; empty for what one family has.
    reason : str
        Why a model has none of it; empty where there are methods.
    """

    name: str
    doc: str
    unit: str
    latex: str
    needs: tuple[Param, ...] = ()
    methods: Mapping[str, Method] = field(default_factory=dict)
    optional: tuple[Param, ...] = ()
    classes: bool = False
    definitions: bool = False
    needs_by_method: Mapping[str, tuple[Param, ...]] = field(default_factory=dict)
    asks: Literal["levels", "classes", "points", "order parameter", ""] = ""
    reason: str = ""

    def needed(self, method: str) -> tuple[Param, ...]:
        """Parameters that this method needs."""
        return self.needs_by_method.get(method, self.needs)

    def by(self, methods: Mapping[str, Method], **changes: Any) -> Quantity:
        """The same quantity by these methods."""
        needs = {name: needed for name, needed in self.needs_by_method.items() if name in methods}
        return replace(self, methods=dict(methods), needs_by_method=needs, **changes)

    def also_by(self, methods: Mapping[str, Method]) -> Quantity:
        """The same quantity by further methods."""
        return self.by({**self.methods, **methods})

    @property
    def word(self) -> str:
        """What a method of it is called."""
        return "definition" if self.definitions else "method"


def table(*rows: Quantity) -> dict[str, Quantity]:
    """Quantities by name."""
    return {row.name: row for row in rows}


def step(kind: str, name: str, **options: Any) -> Formula:
    """The method whose formula is that step of the derivation."""
    return Formula(kind, lambda proof: proof[name], **options)
