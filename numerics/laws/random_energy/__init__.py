"""The random energy model, in numbers."""

from regimes.numerics.laws import NO_HIERARCHY, Answers
from regimes.numerics.laws.random_energy import quantities

_NO_DATA = "has neither channel nor classes: there are no data, only levels"

ANSWERS = Answers(
    quantities=quantities.quantities,
    levels=_NO_DATA,
    odds="has neither channel nor classes: there is nothing to tell apart",
    points=_NO_DATA,
    densities="has no channel, and no collapse window",
    order_parameter=_NO_DATA,
    hierarchy=NO_HIERARCHY,
)
