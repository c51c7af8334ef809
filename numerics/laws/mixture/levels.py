"""Collapse of a mixture of Gaussian clusters: each class at its own time, and on average.

After speciation a trajectory lives in one class, whose data number n w_c e^{-d cost}: a random energy model of its own, with
alpha_c = log(n w_c)/d - cost and the levels of one Gaussian cluster (levels of other clusters lie higher by the squared distance of the
centres). Averages over x are averages over the classes that make up the data (cost 0).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from regimes.numerics.arrays import EPS, Answer, FloatArray, Pair, TextArray, Values, count_of, texts
from regimes.numerics.collapse.from_levels import snr
from regimes.numerics.collapse.quantities import FromLevels
from regimes.numerics.laws.spectrum.levels import Part, SpectrumLevels
from regimes.theory.errors import DomainError
from regimes.theory.laws import Mixture
from regimes.theory.model import DataModel

EMPTY = "the class holds fewer than one datum: alpha_c = alpha + log(w_c)/d - cost is not positive"


class Columns(NamedTuple):
    """Weights, standard deviations and costs of the clusters, each (P, K)."""

    weights: FloatArray
    sds: FloatArray
    costs: FloatArray

    @property
    def shares(self) -> FloatArray:
        """Of the clusters that make up the data."""
        return np.where(self.costs > 0, 0.0, self.weights)


def columns(model: DataModel, values: Values) -> Columns:
    """The clusters at P parameter points."""
    law, count = model.law({p.name: values[p.name] for p in model.params}), count_of(values)
    assert isinstance(law, Mixture)

    def column(entries: list[object]) -> FloatArray:
        numbers = [np.broadcast_to(np.asarray(e if isinstance(e, np.ndarray) else float(e), dtype=float), (count,)) for e in entries]  # type: ignore[arg-type]
        return np.stack(numbers, axis=1)

    clusters = law.clusters
    return Columns(column([c.weight for c in clusters]), column([c.sd for c in clusters]), column([c.cost for c in clusters]))


def _one_cluster(sd: FloatArray) -> SpectrumLevels:
    return SpectrumLevels((Part(np.ones_like(sd), sd**2),), sd.size)


def levels(model: DataModel, values: Values) -> SpectrumLevels:
    """The levels as a point of the data sees those of its own class, averaged over the classes that make up the data."""
    found = columns(model, values)
    shares = found.shares
    return SpectrumLevels(tuple(Part(shares[:, k], found.sds[:, k] ** 2) for k in range(shares.shape[1])), shares.shape[0])


def excess_entropy(model: DataModel, values: Values) -> Answer:
    """sum_c w_c max(alpha_c - I_c, 0): every class by itself."""
    count, found = values["t"].size, columns(model, values)
    gamma, value, error = snr(values["t"]), np.zeros(count), np.zeros(count)
    for k, share in enumerate(found.shares.T):
        info = _one_cluster(found.sds[:, k]).information(gamma)
        gap = values["alpha"] + _log_share(found.weights[:, k], values) - info.value
        value += share * np.maximum(gap, 0)
        error += share * np.where(gap > 0, info.error + EPS * values["alpha"], 0)
    return Answer.of(Pair(value, error))


def _log_share(weight: FloatArray, values: Values) -> FloatArray:
    """log(w_c)/d where a dimension is given; zero at infinite d."""
    return np.log(weight) / values["d"] if "d" in values else np.zeros_like(weight)


def one_class(model: DataModel, values: Values) -> tuple[dict[str, FloatArray], TextArray]:
    """Parameters of the class that `cluster` names, its standard deviation `sigma` and own alpha among them; why it is empty."""
    count, found = values["cluster"].size, columns(model, values)
    chosen, row = values["cluster"].astype(int), np.arange(count)
    if np.any(chosen >= found.weights.shape[1]):
        raise DomainError(f"cluster={chosen.max()} does not exist: {model.name} has the clusters 0 to {found.weights.shape[1] - 1}")
    own = {key: values[key] for key in ("t", "lam", "energy") if key in values} | {"sigma": found.sds[row, chosen]}
    empty = texts(count)
    if "alpha" in values:
        own["alpha"] = values["alpha"] + _log_share(found.weights[row, chosen], values) - found.costs[row, chosen]
        empty[~(own["alpha"] > 0)] = EMPTY
    return own, empty


def of_class(function: FromLevels, model: DataModel, values: Values) -> Answer:
    """A quantity of the class that `cluster` names: that of Gaussian data of its width, at its own alpha."""
    own, empty = one_class(model, values)
    answer, here = Answer.of(Pair(np.full(empty.size, np.nan), np.full(empty.size, np.nan)), empty), np.flatnonzero(empty == "")
    if here.size:
        at = {key: entry[here] for key, entry in own.items()}
        answer.put(here, function(_one_cluster(at["sigma"]), at))
    return answer
