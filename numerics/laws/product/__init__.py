"""Products of any prior, in numbers."""

from regimes.numerics.laws import NO_HIERARCHY, ONE_CLASS, Answers
from regimes.numerics.laws.product.levels import levels
from regimes.numerics.laws.product.model_file import FILE
from regimes.numerics.laws.product.points import points
from regimes.numerics.laws.product.quantities import density, quantities

ANSWERS = Answers(
    quantities=quantities,
    levels=levels,
    odds=ONE_CLASS,
    points=points,
    densities=density,
    order_parameter=ONE_CLASS,
    hierarchy=NO_HIERARCHY,
    file=FILE,
)
