"""Symbols and rules that the derivations of speciation share.

Source of the argument: Biroli, Bonnaire, de Bortoli, Mezard, arXiv:2402.18491.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from regimes.theory.symbolic import rules

kappa = sp.Symbol("kappa", positive=True)
"""Class signal-to-noise ratio: half the mean of the log-odds."""
decay_sq = sp.Symbol("s", positive=True)
"""e^{-2t} as an unknown."""
PAPER = "arXiv:2402.18491"


def posterior(weight: Any, odds: Any) -> Any:
    """Posterior probability of the class of that weight, given its log-odds."""
    return weight / (weight + (1 - weight) * sp.exp(-odds))


def solve_squares(equation: Any, variable: Any, point: Any, where: Any) -> Any:
    """Roots of an algebraic equation, written without cancellation: 1/(B + sqrt(...)) rather than (-B + sqrt(...))/A."""
    return sp.factor(sp.radsimp(1 / rules.solve(equation, variable, point, where))) ** -1
