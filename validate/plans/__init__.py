"""What `check` simulates and compares, read off a model's law: its family, how many classes it has, whether a weight can be varied.

Predicted transitions only say where to look (rounded to three digits); what is measured there owes nothing to them, and a theory
that is put in place of the program's own meets the same simulations.
"""

from __future__ import annotations

from regimes.numerics.quantities.table import get_quantity
from regimes.theory.laws import GaussianClusters, Mixture, RandomEnergies, ZeroMeanMixture
from regimes.theory.model import DataModel
from regimes.validate.plans import classes as plan_classes
from regimes.validate.plans import data_sets as plan_data
from regimes.validate.plans import population as plan_population
from regimes.validate.plans.study import Budget, Setting, Study, settings

REVERSED = ("product-rademacher", "spectrum-linear-manifold")
"""One model of a family, whose collapse is also simulated by the reverse process."""

PARTED = {"mixture-unlike": {"sigma_b": 0.6}}
"""Parameters for the classes of a model whose defaults are another model."""


def plan(model: DataModel, budget: Budget, seed: int) -> list[Study]:
    """Every study of one model; none of a model whose collapse is not predicted."""
    match model.family:
        case GaussianClusters.family:
            return _clusters(model, budget, seed)
        case RandomEnergies.family:
            (usual,) = settings(model)
            return [plan_population.random_energies(usual, budget, seed, d=d, batches=48) for d in (8, 12, 16)]
        case _:
            chosen = settings(model) if get_quantity("collapse-time", model).recipes else []
            studies = []
            for s in chosen:
                alpha = s.reached([{"alpha": alpha} for alpha in (0.25, 0.1, 0.04)])["alpha"]
                studies.append(plan_population.information(s, budget, seed, alpha=alpha, d=1024, batches=16))
                if "window" in get_quantity("excess-entropy", model).methods:
                    size = s.reached([{"n": 1000, "d": d} for d in (32, 64, 128)])
                    studies.append(plan_data.forward_data(s, budget, seed, n=1000, d=int(size["d"]), batches=32, groups=8, bundle=128))
            if model.name in REVERSED:
                studies.append(plan_data.data_clones(chosen[0], budget, seed, n=300, d=24, batches=16))
            return studies + _classes(model, budget, seed)


def _classes(model: DataModel, budget: Budget, seed: int) -> list[Study]:
    """Studies of the classes of laws other than clusters of one width."""
    if model.family not in (Mixture.family, ZeroMeanMixture.family):
        return plan_classes.spins(model, budget, seed)
    usual = Setting(model, {**settings(model)[0].values, **PARTED.get(model.name, {})})
    return plan_classes.unequal_clusters(usual, _uneven(usual), budget, seed)


def _uneven(s: Setting) -> Setting:
    """The same with unequal weights, where the model has a parameter for that."""
    return Setting(s.model, {**s.values, "weight": 0.3}) if "weight" in s.values else s


def _clusters(model: DataModel, budget: Budget, seed: int) -> list[Study]:
    (usual,) = settings(model)
    studies = [
        plan_data.forward_data(usual, budget, seed, n=2000, d=64, batches=64, groups=64, bundle=32),
        plan_population.collapse_time(usual, budget, seed, alpha=0.25, d=1024),
    ]
    if model.class_count == 1:
        return [*studies, plan_data.data_clones(usual, budget, seed, n=300, d=24, batches=48)]
    return studies + plan_classes.clusters(usual, _uneven(usual), budget, seed)
