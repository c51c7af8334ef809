"""Parameters: one object that names, documents, validates and draws a quantity's argument."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from regimes.theory.errors import DomainError

if TYPE_CHECKING:
    import sympy as sp


@dataclass(frozen=True)
class Param:
    """A real parameter with its domain.

    Parameters
    ----------
    name : str
        The word used in signatures, on the command line and as the SymPy symbol's name.
    latex : str
        The symbol in formulas.
    doc : str
        Meaning and unit, one line.
    low, high : float
        Ends of the domain; an end is excluded unless `closed` names it.
    closed : str
        Which ends belong to the domain: "", "low", "high" or "both".
    typical : pair of float
        Finite interval from which checks draw, inside the domain.
    default : float or None
        Value when none is given; None means the parameter must be given.
    integer : bool
        Whether only whole numbers are meant.
    """

    name: str
    latex: str
    doc: str
    low: float = -math.inf
    high: float = math.inf
    closed: str = ""
    typical: tuple[float, float] = (0.5, 2.0)
    default: float | None = None
    integer: bool = False

    @cached_property
    def symbol(self) -> sp.Symbol:
        """The SymPy symbol, with the assumptions that follow from the domain."""
        import sympy as sp

        if self.low > 0 or (self.low == 0 and "low" not in self.closed and self.closed != "both"):
            return sp.Symbol(self.name, positive=True)
        if self.low == 0:
            return sp.Symbol(self.name, nonnegative=True)
        return sp.Symbol(self.name, real=True)

    @property
    def domain(self) -> str:
        """The domain in words, for messages: for instance ``0 < sigma < inf``."""
        left = "<=" if self.closed in ("low", "both") else "<"
        right = "<=" if self.closed in ("high", "both") else "<"
        whole = ", a whole number" if self.integer else ""
        return f"{self.low:g} {left} {self.name} {right} {self.high:g}{whole}"

    def contains(self, value: float) -> bool:
        """Whether one number lies in the domain (NaN and infinities do not)."""
        if not math.isfinite(value) or (self.integer and value != math.floor(value)):
            return False
        above = value >= self.low if self.closed in ("low", "both") else value > self.low
        below = value <= self.high if self.closed in ("high", "both") else value < self.high
        return above and below

    def check(self, values: Any) -> None:
        """Raise `DomainError` unless every number of `values` (scalar or nested) lies in the domain."""
        flat = values.ravel().tolist() if hasattr(values, "ravel") else values
        for value in flat if isinstance(flat, (list, tuple)) else (flat,):
            if isinstance(value, (list, tuple)):
                self.check(value)
            elif not self.contains(float(value)):
                raise DomainError(f"{self.name}={value} is outside its domain: {self.domain} ({self.doc})")


# Arguments that every model shares.
TIME = Param("t", "t", "forward time", 0, typical=(0.1, 2.0))
DIMENSION = Param("d", "d", "dimension", 1, closed="low", typical=(8, 512))
POINTS = Param("n", "n", "number of data points", 2, closed="low", typical=(10, 10_000))
ALPHA = Param("alpha", r"\alpha", "log(n)/d", 0, typical=(0.05, 1.5))
TILT = Param("lam", r"\lambda", "energy tilt (inverse temperature of the levels)", 0, closed="low", typical=(0.1, 3.0))
ENERGY = Param("energy", r"\varepsilon", "energy per dimension", 0, typical=(0.2, 2.0))
OVERLAP = Param("q", "q", "overlap m.x/sqrt(d)", typical=(-2.0, 2.0))
CLUSTER = Param("cluster", "c", "number of the cluster, from 0", 0, closed="low", typical=(0, 1), integer=True)
LEVEL = Param("level", r"\varphi_*", "cloning probability that defines speciation", 0, 1, typical=(0.6, 0.95))
