"""Mixtures of Gaussian clusters, in numbers."""

from regimes.numerics.laws import Answers
from regimes.numerics.laws.mixture.levels import levels
from regimes.numerics.laws.mixture.model_file import FILE
from regimes.numerics.laws.mixture.odds import odds
from regimes.numerics.laws.mixture.quantities import quantities

_BY_CLASS = "is a mixture, whose classes have their own levels: exact finite sizes are those of one cluster"

ANSWERS = Answers(
    quantities=quantities,
    levels=levels,
    odds=odds,
    points=_BY_CLASS,
    densities=_BY_CLASS,
    order_parameter="has no scalar order parameter whose reverse process is closed",
    hierarchy=odds,
    file=FILE,
)
