"""The Curie-Weiss magnet, in numbers."""

from regimes.numerics.laws import NO_HIERARCHY, Answers
from regimes.numerics.laws.curie_weiss import density, levels, odds, points, quantities, splitting

ANSWERS = Answers(
    quantities=quantities.quantities,
    levels=levels.levels,
    odds=odds.odds,
    points=points.points,
    densities=density.density,
    order_parameter=splitting.ORDER_PARAMETER,
    hierarchy=NO_HIERARCHY,
)
