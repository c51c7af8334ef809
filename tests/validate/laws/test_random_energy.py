"""Levels without data are refused where data are needed."""

from __future__ import annotations

import numpy as np
import pytest

from regimes.theory.errors import DomainError
from regimes.theory.laws import (
    RandomEnergies,
)
from regimes.validate.laws import density, draw


def test_random_energies_are_no_data() -> None:
    with pytest.raises(DomainError, match="no law of data"):
        draw(np.random.default_rng(0), RandomEnergies(1.0, 1.0), 3, 2)


def test_random_energies_have_no_density() -> None:
    with pytest.raises(DomainError, match="no law of data"):
        density(RandomEnergies(1.0, 1.0), 3)
