"""A step of a derivation, what the check of each kind needs, and what it found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Kind = Literal["definition", "identity", "limit", "stationarity", "conjecture"]
Domains = Mapping[Any, tuple[float, float]]
POINTS = 20
DIGITS = 30


@dataclass(frozen=True)
class Outcome:
    """What a check found: `error` is the largest relative deviation seen, `message` is empty when all is well."""

    ok: bool
    witness: str
    error: float = 0.0
    message: str = ""


@dataclass(frozen=True)
class Definition:
    """A name for an expression: there is nothing to check."""


@dataclass(frozen=True)
class Identity:
    """Checked at so many points to so many digits; `variable` is what an equation was solved for."""

    points: int = POINTS
    digits: int = DIGITS
    variable: Any = None


@dataclass(frozen=True)
class Stationarity:
    """The step's value makes `objective` stationary in `variable`; `count` stationary points lie in `interval`."""

    objective: Any
    variable: Any
    curvature: int
    interval: tuple[Any, Any]
    count: int
    points: int
    digits: int


@dataclass(frozen=True)
class Limit:
    """The error falls with `exponent` as `variable` goes there; measured from 2^first (where None: as high as digits allow)."""

    variable: Any
    towards: Literal["infinity", "zero"]
    exponent: float
    first: int | None
    points: int


@dataclass(frozen=True)
class Conjecture:
    """`covered_by` names the quantity that is simulated."""

    covered_by: str


Details = Definition | Identity | Stationarity | Limit | Conjecture
_KINDS: dict[type[Details], Kind] = {
    Definition: "definition",
    Identity: "identity",
    Stationarity: "stationarity",
    Limit: "limit",
    Conjecture: "conjecture",
}


@dataclass(frozen=True)
class Step:
    """One statement: `left` = `right`; `value` is what later steps use.

    Attributes
    ----------
    name, title : str
        Identifier and sentence.
    rule : str
        What computed the statement.
    left, right : Expr
        The two sides (for a definition `left` is the symbol).
    value : Expr
        The expression the step provides.
    reference : str
        Source of a definition or a conjecture.
    details : Definition, Identity, Stationarity, Limit or Conjecture
        How the statement is checked, its kind, and what that check needs.
    domains : mapping of Symbol to pair of float
        Intervals other than the derivation's own for some symbols.
    where : callable or None
        Condition on a point.
    outcome : Outcome or None
        What the check found, if it was run.
    """

    name: str
    title: str
    rule: str
    left: Any
    right: Any
    value: Any
    reference: str = ""
    details: Details = Identity()
    domains: Domains = field(default_factory=dict)
    where: Callable[[Mapping[Any, Any]], bool] | None = None
    outcome: Outcome | None = None

    @property
    def kind(self) -> Kind:
        """How the statement is checked, in one word."""
        return _KINDS[type(self.details)]


class Sampler(Protocol):
    """Where a check gets its points from."""

    def point(self, rng: Any, step: Step) -> dict[Any, Any]:
        """Random values of every symbol, and of the definitions the step needs."""

    def insert(self, values: Mapping[Any, Any], step: Step) -> dict[Any, Any]:
        """`values` with the defined symbols that the step needs."""
