"""Two centred Gaussian classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regimes.theory.laws.family import Answers
from regimes.theory.laws.zero_mean_mixture.law import ZeroMeanMixture

if TYPE_CHECKING:
    from regimes.theory.derivations import Derivation
    from regimes.theory.model import DataModel


def _speciation(model: DataModel, law: ZeroMeanMixture) -> Derivation:
    """Of two widths."""
    from regimes.theory.laws.zero_mean_mixture.classes import zero_mean_speciation

    return zero_mean_speciation(model, law)


ANSWERS = Answers(
    ZeroMeanMixture, collapse="{model}: collapse is not derived for laws of the family zero-mean-mixture", speciation=_speciation
)
