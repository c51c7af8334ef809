"""What checks of a derivation of collapse may cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from regimes.theory.derivations import Derivation
from regimes.theory.derivations.step import DIGITS, POINTS, Domains
from regimes.theory.symbolic import rules


@dataclass(frozen=True)
class Effort:
    """What checks that evaluate g may cost.

    Attributes
    ----------
    points, digits : int
        Of an identity.
    extrema : int
        Points of a stationarity; with none the gradient alone is checked.
    evaluated : bool
        Whether g has numbers here; if not, what holds for every g is stated as a definition.
    """

    points: int = POINTS
    digits: int = DIGITS
    extrema: int = 10
    evaluated: bool = True

    @property
    def identity(self) -> dict[str, Any]:
        """For `Derivation.then`."""
        return {"points": self.points, "digits": self.digits}

    def claim(self, proof: Derivation, claim: Any, target: Any, name: str, title: str, domains: Domains | None = None) -> Derivation:
        """The identity claim = target, or the definition by its right side."""
        if not self.evaluated:
            return proof.define(name, sp.Symbol(name), target, title, "holds for every g; checked where g has numbers")
        return proof.then(rules.rewrite, claim, target=target, name=name, title=title, domains=domains, **self.identity)
