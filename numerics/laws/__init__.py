"""Energy levels by family of laws: the one place that knows which file computes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from importlib import import_module

import numpy as np

from regimes.numerics.collapse.levels import EnergyLevels, FloatArray
from regimes.theory.laws import Law
from regimes.theory.model import DataModel, FixedLaw

MODULES = {
    "product": "regimes.numerics.laws.product.levels",
    "spectrum": "regimes.numerics.laws.spectrum.levels",
    "clusters": "regimes.numerics.laws.mixture.levels",
    "mixture": "regimes.numerics.laws.mixture.levels",
    "curie-weiss": "regimes.numerics.laws.curie_weiss.levels",
    "ising-chain": "regimes.numerics.laws.ising_chain.levels",
    "sampled-ising-chain": "regimes.numerics.laws.ising_chain.sampled_levels",
}
"""Family -> module with a function ``levels(model, values)``."""


def levels(model: DataModel, values: Mapping[str, FloatArray]) -> EnergyLevels:
    """The levels of a model at P parameter points; every entry of `values` has length P."""
    count = {name: np.asarray(v, dtype=float) for name, v in values.items() if name in {p.name for p in model.params}}
    if not count:  # a law without parameters: any column tells how many points there are
        count = {"": np.zeros(len(next(iter(values.values()))))}
    found: EnergyLevels = import_module(MODULES[model.family]).levels(model, count)
    return found


def levels_of_law(law: Law) -> EnergyLevels:
    """The levels of one law with numbers in it; answers have length 1."""
    numbers = {f.name: np.array([float(value)]) for f in fields(law) if not isinstance(value := getattr(law, f.name), tuple)}
    found: EnergyLevels = import_module(MODULES[law.family]).levels(FixedLaw(law), numbers or {"": np.zeros(1)})
    return found
