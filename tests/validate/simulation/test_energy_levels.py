"""Simulated levels: what is read off them is what the definitions say, and the exact averages at finite d meet them."""

from __future__ import annotations

import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from scipy.special import logsumexp

from regimes.numerics.laws.random_energy import limit as rem
from regimes.theory.errors import DomainError
from regimes.theory.model import get_model
from regimes.validate.simulation import energy_levels
from regimes.validate.simulation.energy_levels import sample_levels

MODEL = get_model("random-energy-model")
BETA_C = math.sqrt(2 * math.log(2))
EXACT = {
    "log_partition": rem.free_energy_exact,
    "entropy": rem.entropy_exact,
    "energy": rem.energy_exact,
    "participation": rem.participation_ratio_exact,
    "square": rem.participation_square_exact,
}

DETECTED = {
    "log_partition": np.array([0.001, 0.004, 0.007, 0.01, 0.02, 0.04]),
    "entropy": 0.008,
    "energy": 0.012,
    "participation": 0.025,
    "square": 0.03,
}
"""Deviations that 4000 samples at d = 12 detect: 0.1 % to 0.8 % of the free energy, 1 % of the energy."""


def test_observables_are_those_of_the_definitions() -> None:
    d, variance, betas = 6, 0.7, np.array([0.2, 1.0, 30.0])
    seen = sample_levels(np.random.default_rng(5), d, 40, betas, variance)
    energies = math.sqrt(d * variance) * np.random.default_rng(5).standard_normal((40, 1, 2**d))
    exponents = -betas[:, None] * energies
    log_z = logsumexp(exponents, axis=-1)
    log_w = exponents - log_z[..., None]
    w = np.exp(log_w)
    assert seen.log_partition == pytest.approx(log_z / d, rel=1e-12)
    assert seen.entropy == pytest.approx(-(w * log_w).sum(axis=-1) / d, rel=1e-12, abs=1e-14)
    assert seen.energy == pytest.approx((w * energies).sum(axis=-1) / d, rel=1e-12)
    assert seen.participation == pytest.approx((w * w).sum(axis=-1), rel=1e-12)
    assert seen.lowest == pytest.approx(energies.min(axis=(1, 2)) / d, rel=1e-12)


def test_the_size_of_a_block_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sample_levels(np.random.default_rng(1), 5, 23, [0.5, 2.0])
    monkeypatch.setattr(energy_levels, "_BLOCK", 96)
    for a, b in zip(whole, sample_levels(np.random.default_rng(1), 5, 23, [0.5, 2.0]), strict=True):
        assert (a == b).all()


def test_memory_stays_bounded() -> None:
    """Many small samples, and few of a million levels."""
    for d, samples in ((8, 20_000), (20, 2)):
        tracemalloc.start()
        sample_levels(np.random.default_rng(0), d, samples, [1.0])
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 40e6


@pytest.mark.parametrize(("d", "samples"), [(8, 20_000), (12, 4000), (16, 150)])
def test_exact_averages_are_met_across_the_transition(seed: int, d: int, samples: int) -> None:
    """85 comparisons at 5 standard errors: false failure below 1e-4. In the liquid rare samples carry sum w^2: few do not do."""
    betas = BETA_C * np.array([0.5, 0.8, 1.0, 1.25, 2.0, 4.0])
    seen = sample_levels(np.random.default_rng([seed, d]), d, samples, betas)
    values = {"variance": np.ones(6), "beta": betas, "d": np.full(6, float(d))}
    for name, function in EXACT.items():
        sample = seen.participation**2 if name == "square" else getattr(seen, name)
        sigma = sample.std(axis=0) / math.sqrt(samples)
        first = 2 if d > 8 and name in ("participation", "square") else 0
        assert (np.abs(sample.mean(axis=0) - function(values).value) < 5 * sigma)[first:].all(), name
        if d == 12:
            assert (5 * sigma < DETECTED[name]).all(), name
    lowest = rem.lowest_level_exact(values).value[0]
    assert abs(seen.lowest.mean() - lowest) < 5 * seen.lowest.std() / math.sqrt(samples)


def test_another_variance_is_another_temperature() -> None:
    """Only beta sqrt(v) enters the weights."""
    first = sample_levels(np.random.default_rng(3), 7, 10, [1.5], 1.0)
    second = sample_levels(np.random.default_rng(3), 7, 10, [0.5], 9.0)
    for name in ("log_partition", "entropy", "participation"):
        assert getattr(second, name) == pytest.approx(getattr(first, name), rel=1e-12)
    assert second.lowest == pytest.approx(3 * first.lowest, rel=1e-12)


@pytest.mark.parametrize(
    "wrong", [{"d": 23}, {"d": -1}, {"d": 2.5}, {"samples": 0}, {"beta": [0.0]}, {"beta": [np.nan]}, {"variance": 0.0}]
)
def test_arguments_outside_their_domain_are_refused(wrong: dict[str, Any]) -> None:
    given: dict[str, Any] = {"d": 4, "samples": 2, "beta": [1.0], **wrong}
    with pytest.raises(DomainError):
        sample_levels(np.random.default_rng(0), **given)
