"""What `check` simulates and compares: every family of laws puts its plan together out of the studies in this folder.

Predicted transitions only say where to look (rounded to three digits); what is measured there owes nothing to them, and a theory
that is put in place of the program's own meets the same simulations.
"""

from __future__ import annotations

from regimes.theory.model import DataModel
from regimes.validate.laws import answers
from regimes.validate.plans.study import Budget, Study


def plan(model: DataModel, budget: Budget, seed: int) -> list[Study]:
    """Every study of one model, read off its law; none of a model whose collapse is not predicted."""
    return answers(model.family).plan(model, budget, seed)
