"""Other clocks in numbers: signal-to-noise ratios from the definitions, mpmath, simulated steps, round trips, errors."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regimes.numerics.schedules.times import ou_time, time_in
from regimes.theory.channel.schedules import SCHEDULES
from regimes.theory.errors import DomainError, UnknownNameError

TIMES = np.geomspace(1e-6, 30, 25)
EPS = np.finfo(float).eps


def snr(schedule: str, own: Any, **options: Any) -> Any:
    """alpha^2/sigma^2 from the definition of each schedule, in mpmath."""
    u = mp.mpf(own)
    if schedule == "ornstein-uhlenbeck":
        return mp.e ** (-2 * u) / (1 - mp.e ** (-2 * u))
    if schedule == "variance-exploding":
        return 1 / u**2
    if schedule == "flow-matching":
        return (1 - u) ** 2 / u**2
    low, high = mp.mpf(options["beta_min"]), mp.mpf(options["beta_max"])
    if schedule == "variance-preserving":
        kept = mp.e ** (-mp.quad(lambda v: low + (high - low) * v, [0, u]))
        return kept / (1 - kept)
    count = options["steps"]
    logs = [mp.log(1 - low - (high - low) * mp.mpf(i) / (count - 1)) for i in range(count)]
    whole = int(own)
    kept = mp.e ** (mp.fsum(logs[:whole]) + (logs[whole] * (u - whole) if whole < count else 0))
    return kept / (1 - kept)


CASES = [
    ("ornstein-uhlenbeck", {}),
    ("variance-exploding", {}),
    ("flow-matching", {}),
    ("variance-preserving", {"beta_min": 0.1, "beta_max": 20.0}),
    ("variance-preserving", {"beta_min": 4.0, "beta_max": 0.5}),
    ("ddpm", {"beta_min": 1e-4, "beta_max": 0.02, "steps": 200}),
]


@pytest.mark.parametrize(("schedule", "options"), CASES)
def test_own_times_have_the_signal_to_noise_ratio_of_t(schedule: str, options: dict[str, Any]) -> None:
    answer = time_in(schedule, TIMES, **options)
    with mp.workdps(40):
        for t, own, error, reason in zip(TIMES, answer.value, answer.error, answer.reason, strict=True):
            if reason:
                assert np.isnan(own) and "ends at" in reason
                continue
            found = mp.log(1 + 1 / snr(schedule, float(own), **options)) / 2
            tiny = mp.mpf(float(own)) * mp.mpf(10) ** -20
            slope = (found - mp.log(1 + 1 / snr(schedule, float(own) - tiny, **options)) / 2) / tiny
            assert abs((found - mp.mpf(float(t))) / slope) <= error * 1.01
            assert error <= 60 * EPS * own + 4 * EPS * t / slope


def test_ddpm_is_the_product_of_its_steps() -> None:
    """Steps as they are taken: alpha and sigma multiplied up."""
    betas, alpha, var = np.linspace(1e-4, 0.02, 1000), 1.0, 0.0
    for k, beta in enumerate(betas, start=1):
        alpha, var = alpha * np.sqrt(1 - beta), (1 - beta) * var + beta
        if k in (1, 2, 500, 1000):
            t = np.log1p(var / alpha**2) / 2
            np.testing.assert_allclose(time_in("ddpm", t * (1 - 1e-14)).value, k, rtol=1e-11)
            np.testing.assert_allclose(ou_time("ddpm", float(k)).value, t, rtol=1e-12)


def test_many_ddpm_steps_are_the_continuous_schedule() -> None:
    """Rates beta N of N steps; the difference falls like 1/N."""
    gaps = []
    for steps in (1000, 4000):
        k = time_in("ddpm", 0.8, beta_min=0.1 / steps, beta_max=20 / steps, steps=steps).value
        gaps.append(k / steps - time_in("variance-preserving", 0.8).value)
    np.testing.assert_allclose(gaps[0] / gaps[1], 4, rtol=0.02)


def test_flow_matching_speciates_where_the_reference_says() -> None:
    """Two clusters, |m|^2 = d, variance sigma^2, snr definition: 1 - s = 1/(1 + sqrt(d - sigma^2))."""
    d, var = np.array([4.0, 256.0, 1e6]), np.array([0.25, 1.0, 2.0])
    answer = time_in("flow-matching", np.log(d + 1 - var) / 2)
    np.testing.assert_allclose(1 - answer.value, 1 / (1 + np.sqrt(d - var)), rtol=1e-12)


@given(st.sampled_from(CASES), st.floats(1e-5, 2.0), st.floats(0, 0.5))
def test_there_and_back(case: Any, t: float, spread: Any) -> None:
    schedule, options = case
    there = time_in(schedule, t, spread * t, **options)
    if there.reason != "":
        return
    back = ou_time(schedule, there.value, there.error, **options)
    assert abs(back.value - t) <= 64 * EPS * (t + 1e-5) + 1e-12 * t
    assert back.error >= spread * t * 0.99 or there.value + there.error > SCHEDULES[schedule].time.high  # the end cuts an interval off
    # The interval of t maps into the interval that is reported.
    for end in (t * (1 - spread), t * (1 + spread)):
        there_too = time_in(schedule, end, **options)
        assert there_too.reason != "" or abs(there_too.value - there.value) <= there.error + there_too.error


def test_what_does_not_exist_says_so() -> None:
    answer = time_in("ddpm", np.array([1.0, 40.0, np.nan]), np.array([1e-3, 1e-3, np.nan]))
    assert np.isfinite(answer.value[0]) and np.isnan(answer.value[1:]).all()
    assert answer.reason[0] == "" and "ends at t = 5." in answer.reason[1] and answer.reason[2] == ""
    with pytest.raises(DomainError, match="k <= 1000"):
        ou_time("ddpm", 1000.5)
    with pytest.raises(DomainError, match="s=1"):
        ou_time("flow-matching", 1.0)
    with pytest.raises(DomainError, match="t=-1"):
        time_in("flow-matching", -1.0)
    with pytest.raises(UnknownNameError, match="ddpm"):
        time_in("dpm", 1.0)
