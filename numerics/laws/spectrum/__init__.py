"""Gaussian spectra, in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regimes.numerics.laws import NO_HIERARCHY, ONE_CLASS, Answers
from regimes.numerics.laws.spectrum import density, levels, points, quantities

if TYPE_CHECKING:
    from regimes.numerics.model_files.forms import FileForm


def _file() -> FileForm:
    from regimes.numerics.laws.spectrum.model_file import FILE

    return FILE


ANSWERS = Answers(
    quantities=quantities.quantities,
    levels=levels.levels,
    odds=ONE_CLASS,
    points=points.points,
    densities=density.density,
    order_parameter=ONE_CLASS,
    hierarchy=NO_HIERARCHY,
    file=_file,
)
