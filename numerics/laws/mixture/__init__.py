"""Mixtures of Gaussian clusters, in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regimes.numerics.laws import Answers
from regimes.numerics.laws.mixture import levels, odds, quantities

_BY_CLASS = "is a mixture, whose classes have their own levels: exact finite sizes are those of one cluster"

if TYPE_CHECKING:
    from regimes.numerics.model_files.forms import FileForm


def _file() -> FileForm:
    from regimes.numerics.laws.mixture.model_file import FILE

    return FILE


ANSWERS = Answers(
    quantities=quantities.quantities,
    levels=levels.levels,
    odds=odds.odds,
    points=_BY_CLASS,
    densities=_BY_CLASS,
    order_parameter="has no scalar order parameter whose reverse process is closed",
    hierarchy=odds.odds,
    file=_file,
)
