"""Two centred Gaussian classes, in numbers."""

from regimes.numerics.laws import NO_HIERARCHY, Answers
from regimes.numerics.laws.zero_mean_mixture.odds import odds
from regimes.numerics.laws.zero_mean_mixture.quantities import quantities
from regimes.numerics.laws.zero_mean_mixture.splitting import ORDER_PARAMETER

_NO_LEVELS = "has classes at one place: its collapse, class by class, is that of the model mixture with the same widths"

ANSWERS = Answers(
    quantities=quantities,
    levels=_NO_LEVELS,
    odds=odds,
    points=_NO_LEVELS,
    densities=_NO_LEVELS,
    order_parameter=ORDER_PARAMETER,
    hierarchy=NO_HIERARCHY,
)
