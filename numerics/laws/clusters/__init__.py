"""Gaussian clusters of one width, in numbers."""

from regimes.numerics.laws import NO_HIERARCHY, Answers
from regimes.numerics.laws.clusters.density import density
from regimes.numerics.laws.clusters.levels import levels
from regimes.numerics.laws.clusters.odds import odds
from regimes.numerics.laws.clusters.points import points
from regimes.numerics.laws.clusters.quantities import quantities
from regimes.numerics.laws.clusters.splitting import ORDER_PARAMETER

ANSWERS = Answers(
    quantities=quantities,
    levels=levels,
    odds=odds,
    points=points,
    densities=density,
    order_parameter=ORDER_PARAMETER,
    hierarchy=NO_HIERARCHY,
)
