"""Two centred Gaussian classes, in numbers."""

from regimes.numerics.laws import NO_HIERARCHY, Answers
from regimes.numerics.laws.zero_mean_mixture import odds, quantities, splitting

_NO_LEVELS = "has classes at one place: its collapse, class by class, is that of the model mixture with the same widths"

ANSWERS = Answers(
    quantities=quantities.quantities,
    levels=_NO_LEVELS,
    odds=odds.odds,
    points=_NO_LEVELS,
    densities=_NO_LEVELS,
    order_parameter=splitting.ORDER_PARAMETER,
    hierarchy=NO_HIERARCHY,
)
