"""The Curie-Weiss magnet, in numbers."""

from regimes.numerics.laws import NO_HIERARCHY, Answers
from regimes.numerics.laws.curie_weiss.density import density
from regimes.numerics.laws.curie_weiss.levels import levels
from regimes.numerics.laws.curie_weiss.odds import odds
from regimes.numerics.laws.curie_weiss.points import points
from regimes.numerics.laws.curie_weiss.quantities import quantities
from regimes.numerics.laws.curie_weiss.splitting import ORDER_PARAMETER

ANSWERS = Answers(
    quantities=quantities,
    levels=levels,
    odds=odds,
    points=points,
    densities=density,
    order_parameter=ORDER_PARAMETER,
    hierarchy=NO_HIERARCHY,
)
