"""Collapse of a mixture of Gaussian clusters: each class at its own time, and on average.

After speciation a trajectory lives in one class, whose data number n w_c e^{-d cost}: a random energy model of its own, with
alpha_c = log(n w_c)/d - cost and the levels of one Gaussian cluster (levels of other clusters lie higher by the squared distance of the
centres). Averages over x are averages over the classes that make up the data (cost 0).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from regimes.numerics.collapse import from_levels as collapse
from regimes.numerics.collapse.levels import FloatArray, Pair
from regimes.numerics.estimate import Answer
from regimes.numerics.laws.spectrum.levels import Part, SpectrumLevels
from regimes.theory.errors import DomainError
from regimes.theory.laws import GaussianClusters, Mixture
from regimes.theory.model import DataModel, get_model

Values = Mapping[str, FloatArray]
_EPS = float(np.finfo(np.float64).eps)
EMPTY = "the class holds fewer than one datum: alpha_c = alpha + log(w_c)/d - cost is not positive"


def _clusters(model: DataModel, values: Values, count: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weights, standard deviations and costs, each (P, K)."""
    law = model.law({p.name: values[p.name] for p in model.params})
    if isinstance(law, GaussianClusters):
        columns = [list(law.weights), [law.sd] * law.class_count, [0.0] * law.class_count]
    else:
        assert isinstance(law, Mixture)
        columns = [[c.weight for c in law.clusters], [c.sd for c in law.clusters], [c.cost for c in law.clusters]]

    def array(entry: object) -> FloatArray:
        return np.broadcast_to(np.asarray(entry if isinstance(entry, np.ndarray) else float(entry), dtype=float), (count,))  # type: ignore[arg-type]

    weights, sds, costs = (np.stack([array(entry) for entry in column], axis=1) for column in columns)
    return weights, sds, costs


def _one_cluster(sd: FloatArray) -> SpectrumLevels:
    return SpectrumLevels((Part(np.ones_like(sd), sd**2),), sd.size)


class MixtureLevels(SpectrumLevels):
    """The levels as a point of the data sees those of its own class, averaged over the classes that make up the data."""

    def __init__(self, weights: FloatArray, sds: FloatArray, costs: FloatArray) -> None:
        shares = np.where(costs > 0, 0.0, weights)
        super().__init__(tuple(Part(shares[:, k], sds[:, k] ** 2) for k in range(shares.shape[1])), shares.shape[0])


def levels(model: DataModel, values: Values) -> MixtureLevels:
    """The levels of a mixture at P parameter points, averaged over its classes."""
    return MixtureLevels(*_clusters(model, values, len(next(iter(values.values())))))


def excess_entropy(model: DataModel, values: Values) -> Answer:
    """sum_c w_c max(alpha_c - I_c, 0): every class by itself."""
    count = values["t"].size
    weights, sds, costs = _clusters(model, values, count)
    gamma, value, error = collapse.snr(values["t"]), np.zeros(count), np.zeros(count)
    for k in range(weights.shape[1]):
        share = np.where(costs[:, k] > 0, 0.0, weights[:, k])
        info = _one_cluster(sds[:, k]).information(gamma)
        gap = values["alpha"] + _log_share(weights[:, k], values) - info.value
        value += share * np.maximum(gap, 0)
        error += share * np.where(gap > 0, info.error + _EPS * values["alpha"], 0)
    return Answer(value, error, np.full(count, "", "<U160"))


def _log_share(weight: FloatArray, values: Values) -> FloatArray:
    """log(w_c)/d where a dimension is given; zero at infinite d."""
    return np.log(weight) / values["d"] if "d" in values else np.zeros_like(weight)


def _of_class(name: str, road: Callable[[DataModel, Values], Answer]) -> Callable[[DataModel, Values], Answer]:
    """A quantity of the class that `cluster` names: that of Gaussian data of its width, at its own alpha."""

    def of_class(model: DataModel, values: Values) -> Answer:
        count = values["cluster"].size
        weights, sds, costs = _clusters(model, values, count)
        chosen, row = values["cluster"].astype(int), np.arange(count)
        if np.any(chosen >= weights.shape[1]):
            raise DomainError(f"cluster={chosen.max()} does not exist: {model.name} has the clusters 0 to {weights.shape[1] - 1}")
        own = {key: values[key] for key in ("t", "lam", "energy") if key in values} | {"sigma": sds[row, chosen]}
        inside = np.ones(count, dtype=bool)
        if "alpha" in values:
            own["alpha"] = values["alpha"] + _log_share(weights[row, chosen], values) - costs[row, chosen]
            inside = own["alpha"] > 0
        value, error = np.full(count, np.nan), np.full(count, np.nan)
        reason = np.where(inside, "", EMPTY).astype("<U160")
        here = np.flatnonzero(inside)
        if here.size:
            value[here], error[here], reason[here] = road(get_model("gaussian"), {key: entry[here] for key, entry in own.items()})
        return Answer(value, error, reason)

    of_class.__doc__ = f"{name} for one class."
    return of_class


def _closed(name: str) -> Callable[[DataModel, Values], Answer]:
    """By the formulas derived for Gaussian data."""

    def closed(model: DataModel, values: Values) -> Answer:
        from regimes.numerics.predict import predict

        found = predict(model, name, method=None, digits=None, schedule=None, **values)
        return Answer(found.value, found.error, found.reason.astype("<U160"))

    return closed


def __getattr__(name: str) -> Callable[[DataModel, Values], Answer]:
    """``class_NAME`` and ``class_NAME_closed`` for every function NAME of `collapse`."""
    quantity = name.removeprefix("class_").removesuffix("_closed")
    if quantity == name:
        raise AttributeError(name)
    label = quantity.replace("_", "-")
    return _of_class(label, _closed(label) if name.endswith("_closed") else getattr(collapse, quantity))


def average_information(model: DataModel, values: Values) -> Answer:
    """sum_c w_c I_c through -1/2 - g_c(1)."""
    g: Pair = levels(model, values).cumulant(collapse.snr(values["t"]), np.ones_like(values["t"]))
    return Answer(-0.5 - g.value, g.error + _EPS, np.full(g.value.shape, "", "<U160"))
