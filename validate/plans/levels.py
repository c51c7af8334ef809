"""Studies of laws with energy levels: the information, and the data sets."""

from __future__ import annotations

from regimes.numerics.quantities.table import get_quantity
from regimes.theory.model import DataModel
from regimes.validate.plans import data_sets, population
from regimes.validate.plans.study import Budget, Study, settings


def of_levels(model: DataModel, budget: Budget, seed: int, *, finite_size: bool = False, method: str = "exact") -> list[Study]:
    """What is measured of every law whose collapse is predicted; nothing of another.

    Parameters
    ----------
    model : DataModel
    budget : Budget
    seed : int
    finite_size : bool
        Whether the dimension matters: coordinates interact, or there are classes.
    method : str
        How finite n and d are predicted: "exact" where that is quick, else by the "window" of the collapse.
    """
    if not get_quantity("collapse-time", model).methods:
        return []
    studies = []
    for s in settings(model):
        alpha = s.reached([{"alpha": alpha} for alpha in (0.25, 0.1, 0.04)])["alpha"]
        studies.append(population.information(s, budget, seed, alpha=alpha, d=1024, batches=16, finite_size=finite_size))
        if "window" in get_quantity("excess-entropy", model).methods:
            d = int(s.reached([{"n": 1000, "d": d} for d in (32, 64, 128)])["d"])
            scheme = "" if method == "exact" else "window, quarter" if finite_size else "window"
            times = data_sets.FEW if method == "exact" else data_sets.MANY
            studies.append(
                data_sets.forward_data(
                    s, budget, seed, n=1000, d=d, batches=32, groups=8, bundle=128, method=method, scheme=scheme, factors=times
                )
            )
    return studies
