"""Gaussian spectra, in numbers."""

from regimes.numerics.laws import NO_HIERARCHY, ONE_CLASS, Answers
from regimes.numerics.laws.spectrum.density import density
from regimes.numerics.laws.spectrum.levels import levels
from regimes.numerics.laws.spectrum.model_file import FILE
from regimes.numerics.laws.spectrum.points import points
from regimes.numerics.laws.spectrum.quantities import quantities

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
