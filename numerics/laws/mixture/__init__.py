"""Mixtures of Gaussian clusters, in numbers."""

from regimes.numerics.laws import Answers
from regimes.numerics.laws.mixture import levels, model_file, odds, quantities

_BY_CLASS = "is a mixture, whose classes have their own levels: exact finite sizes are those of one cluster"

ANSWERS = Answers(
    quantities=quantities.quantities,
    levels=levels.levels,
    odds=odds.odds,
    points=_BY_CLASS,
    densities=_BY_CLASS,
    order_parameter="has no scalar order parameter whose reverse process is closed",
    hierarchy=odds.odds,
    file=model_file.FILE,
)
