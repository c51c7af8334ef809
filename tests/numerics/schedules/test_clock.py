"""Predictions in the clocks of other schedules: one signal-to-noise ratio, alpha^2/sigma^2 of the schedule's own definition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regimes.numerics.predict import predict
from regimes.theory.channel.schedules import SCHEDULES
from regimes.theory.errors import DomainError, UnknownNameError


def signal_to_noise(schedule: str, time: float, options: dict[str, Any]) -> float:
    """From what the schedule does to a datum."""
    if schedule == "ornstein-uhlenbeck":
        alpha, var = np.exp(-time), -np.expm1(-2 * time)
    elif schedule == "flow-matching":
        alpha, var = 1 - time, time**2
    elif schedule == "variance-exploding":
        alpha, var = 1.0, time**2
    elif schedule == "variance-preserving":
        low, high = options.get("beta_min", 0.1), options.get("beta_max", 20.0)
        rate = time * low + time**2 / 2 * (high - low)  # of log alpha^2
        alpha, var = np.exp(-rate / 2), -np.expm1(-rate)
    else:
        betas = np.linspace(1e-4, 0.02, int(options.get("steps", 1000)))
        whole = int(np.floor(time))
        log_alpha = np.log1p(-betas[:whole]).sum() + (time - whole) * np.log1p(-betas[min(whole, betas.size - 1)])
        alpha, var = np.exp(log_alpha / 2), -np.expm1(log_alpha)
    return alpha**2 / var


@pytest.mark.parametrize("schedule", SCHEDULES)
@settings(deadline=None, max_examples=15)
@given(d=st.floats(8, 5000), mu=st.floats(0.5, 2), sigma=st.floats(0.2, 1.3))
def test_the_speciation_time_has_the_signal_to_noise_ratio_of_kappa_one(schedule: str, d: float, mu: float, sigma: float) -> None:
    """kappa = d mu^2 gamma/(1 + gamma sigma^2) = 1, that is 1/gamma = d mu^2 - sigma^2."""
    found = predict("gaussian-mixture", "speciation-time", definition="snr", d=d, mu=mu, sigma=sigma, schedule=schedule)
    if d * mu**2 <= sigma**2 * 1.01:
        return
    assert found.ok and str(found.parameters["schedule"]) == schedule

    def kappa(time: float) -> float:
        gamma = signal_to_noise(schedule, time, {})
        return d * mu**2 * gamma / (1 + gamma * sigma**2)

    value, reach = float(found.value), 4 * float(found.error)
    assert kappa(value) == pytest.approx(1, rel=1e-10)
    assert kappa(value - reach) > 1 - 1e-12 and kappa(value + reach) < 1 + 1e-12
    assert float(str(found.text)) == pytest.approx(value, rel=1e-15)


def test_flow_matching_has_its_closed_form() -> None:
    """1 - s = 1/(1 + sqrt(d mu^2 - sigma^2)): the reference of the speciation time."""
    d, sigma = np.array([4.0, 100.0, 1e6]), np.array([[0.5], [1.0], [1.5]])
    found = predict("gaussian-mixture", "speciation-time", definition="snr", d=d, sigma=sigma, schedule="flow-matching")
    assert np.abs(1 - found.value - 1 / (1 + np.sqrt(d - sigma**2))).max() < 1e-15 and (found.error < 1e-14).all()


@pytest.mark.parametrize(("schedule", "options"), [(name, {}) for name in SCHEDULES] + [("ddpm", {"steps": 300})])
def test_a_time_that_is_given_is_one_of_the_schedule(schedule: str, options: dict[str, Any]) -> None:
    """The information of a Gaussian is log(1 + gamma sigma^2)/2."""
    time = SCHEDULES[schedule].time
    given_ = np.linspace(*time.typical, 4) * (0.25 if options else 1)
    found = predict("gaussian", "information", t=given_, sigma=1.4, schedule=schedule, **options)
    exact = [np.log1p(signal_to_noise(schedule, t, options) * 1.4**2) / 2 for t in given_]
    np.testing.assert_allclose(found.value, exact, rtol=1e-12)
    np.testing.assert_array_equal(found.parameters["t"], given_)
    assert all(float(found.parameters[name][0]) == value for name, value in options.items())


def test_errors_of_times_go_through_the_clock() -> None:
    """A time by a search with an error of 1e-9 or so: its error in noise units is larger by d sigma/dt = e^{2t}/sigma."""
    at: dict[str, Any] = {"beta_a": 1.0, "beta_b": 0.5, "d": 40, "definition": "snr"}
    own, other = (predict("ising-chains", "speciation-time", schedule=s, **at) for s in (None, "variance-exploding"))
    growth = np.exp(2 * own.value) / np.sqrt(np.expm1(2 * own.value))
    assert other.value == pytest.approx(np.sqrt(np.expm1(2 * float(own.value))), rel=1e-14)
    assert float(other.error) == pytest.approx(float(own.error * growth), rel=1e-3, abs=1e-14)
    assert len(str(other.text)) < 17  # no digits that the error does not leave


def test_what_is_beyond_the_end_or_does_not_exist_says_why() -> None:
    found = predict("gaussian-mixture", "speciation-time", definition="snr", d=[4, 100, 1e12], mu=[0.4, 1, 1], schedule="ddpm", steps=500)
    assert list(found.status) == ["none", "ok", "none"]
    assert "at most sigma^2" in found.reason[0] and found.reason[2].startswith("schedule ddpm ends at t = 2.5")
    assert np.isnan(found.value[[0, 2]]).all() and np.isnan(found.error[[0, 2]]).all() and list(found.text[[0, 2]]) == ["", ""]


def test_what_a_schedule_does_not_take_is_said() -> None:
    with pytest.raises(UnknownNameError, match="flow-matching"):
        predict("gaussian", "collapse-time", alpha=1, schedule="flow")
    with pytest.raises(UnknownNameError, match="steps"):
        predict("gaussian", "collapse-time", alpha=1, steps=10, schedule="flow-matching")
    with pytest.raises(DomainError, match="one number"):
        predict("gaussian", "collapse-time", alpha=1, steps=[10, 20], schedule="ddpm")
    with pytest.raises(DomainError, match="not a number"):
        predict("gaussian", "information", t="now", schedule="ddpm")
    with pytest.raises(DomainError, match=r"s=1\.0 is outside"):
        predict("gaussian", "information", t=1, schedule="flow-matching")
