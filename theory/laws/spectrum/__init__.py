"""Centred Gaussian data of any covariance spectrum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regimes.theory.laws.family import Answers
from regimes.theory.laws.spectrum.law import GaussianSpectrum

if TYPE_CHECKING:
    from regimes.theory.derivations import Derivation
    from regimes.theory.model import DataModel


def _collapse(model: DataModel, law: GaussianSpectrum) -> Derivation:
    """Of its energy levels."""
    from regimes.theory.collapse.argument import collapse_argument
    from regimes.theory.laws.spectrum.levels import spectrum_levels

    return collapse_argument(*spectrum_levels(model, law))


def _speciation(model: DataModel, law: GaussianSpectrum) -> Derivation:
    """Of one coordinate: it never happens."""
    from regimes.theory.laws.spectrum.classes import spectrum_speciation

    del law
    return spectrum_speciation(model)


ANSWERS = Answers(GaussianSpectrum, collapse=_collapse, speciation=_speciation)
