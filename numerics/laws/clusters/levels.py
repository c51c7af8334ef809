"""Energy levels of Gaussian clusters of one width: a point of the data sees those of its own cluster, Gaussian data of that width."""

from __future__ import annotations

import numpy as np

from regimes.numerics.arrays import Values, count_of
from regimes.numerics.collapse.levels import EnergyLevels
from regimes.numerics.laws.spectrum.levels import Part, SpectrumLevels
from regimes.theory.laws import GaussianClusters
from regimes.theory.model import DataModel


def levels(model: DataModel, values: Values) -> EnergyLevels:
    """The levels at P parameter points."""
    law, count = model.law({p.name: values[p.name] for p in model.params}), count_of(values)
    assert isinstance(law, GaussianClusters)
    var = np.broadcast_to(np.asarray(law.sd, dtype=float) ** 2, (count,))
    return SpectrumLevels((Part(np.ones(count), var),), count)
