"""Derrida's random energy model: levels and no data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from regimes.theory.laws import RandomEnergies
from regimes.validate.laws import NO_CLASSES, Answers
from regimes.validate.simulation.energy_levels import sample_levels

if TYPE_CHECKING:
    from regimes.theory.model import DataModel
    from regimes.validate.plans.study import Budget, Study


def _plan(model: DataModel, budget: Budget, seed: int) -> list[Study]:
    from regimes.validate.plans import population
    from regimes.validate.plans.study import settings

    (usual,) = settings(model)
    law = usual.law
    assert isinstance(law, RandomEnergies)
    transition = math.sqrt(2 * math.log(2) / law.variance)
    return [population.random_energies(usual, budget, seed, transition=transition, d=d, batches=48) for d in (8, 12, 16)]


ANSWERS = Answers(
    draw="is no law of data: nothing can be drawn from it",
    density="is no law of data: it has no density",
    score=NO_CLASSES,
    levels=lambda rng, law, d, samples, betas: sample_levels(rng, d, samples, betas, law.variance),
    plan=_plan,
    invariants="has levels but no data: the invariants of data models do not apply",
)
