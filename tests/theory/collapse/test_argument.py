"""The argument for collapse: the same steps for every family of laws."""

from __future__ import annotations

import pytest

from regimes.theory.derive import derive

REQUIRED = [
    "energy_cumulant",
    "information",
    "entropy",
    "dispersion",
    "rate_function",
    "rsb_condition",
    "rsb_parameter",
    "m_star",
    "free_energy",
    "participation_ratio",
    "collapse_root",
    "clock",
    "condensation",
    "accuracy_time",
    "onset_cumulant",
    "onset_time",
    "excess_entropy",
    "energy",
    "selected_rate",
    "second_moment",
]
MODELS = ("gaussian-mixture", "spectrum-atoms", "spectrum-power-law", "product-ternary", "product-logistic", "curie-weiss", "ising-chain")


@pytest.mark.parametrize("name", MODELS)
def test_quantities_find_their_steps_in_every_family(name: str) -> None:
    proof = derive(name, "collapse")
    assert not [step for step in REQUIRED if step not in proof]
