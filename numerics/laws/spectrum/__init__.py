"""Gaussian spectra, in numbers."""

from regimes.numerics.laws import NO_HIERARCHY, ONE_CLASS, Answers
from regimes.numerics.laws.spectrum import density, levels, model_file, points, quantities

ANSWERS = Answers(
    quantities=quantities.quantities,
    levels=levels.levels,
    odds=ONE_CLASS,
    points=points.points,
    densities=density.density,
    order_parameter=ONE_CLASS,
    hierarchy=NO_HIERARCHY,
    file=model_file.FILE,
)
