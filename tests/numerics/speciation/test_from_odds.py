"""What follows from class log-odds in general, on two equal Gaussian clusters: against the derivation's own formulas for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from regimes.numerics.arrays import Answer, Pair, texts
from regimes.numerics.estimate import Estimate
from regimes.numerics.laws import odds_at
from regimes.numerics.predict import predict
from regimes.numerics.speciation import from_odds as speciation
from regimes.numerics.speciation import times as speciation_times
from regimes.numerics.speciation.quantities import FUNCTIONS, SPECIATION_TIME
from regimes.numerics.speciation.times import critical_time
from regimes.theory.errors import DomainError
from regimes.theory.model import get_model

MODEL = get_model("gaussian-mixture")
COUNT = 12


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    rng = np.random.default_rng(20)
    drawn = {
        "mu": rng.uniform(0.3, 2, COUNT),
        "sigma": rng.uniform(0.3, 2, COUNT),
        "weight": rng.uniform(0.05, 0.95, COUNT),
        "d": np.floor(10 ** rng.uniform(0, 6, COUNT)),
        "t": 10 ** rng.uniform(-2, 1, COUNT),
    }
    drawn["weight"][::3] = 0.5
    return drawn


def agree(answer: Answer, estimate: Estimate, digits: float = 1e-12) -> None:
    """Equal within the digits and within the errors of both, and absent together."""
    there = estimate.status == "ok"
    assert np.array_equal(np.isfinite(answer.value), there) and np.array_equal(answer.reason == "", there)
    gap = np.abs(answer.value - estimate.value)[there]
    assert np.all(gap <= digits * np.abs(estimate.value[there])), gap
    assert np.all(gap <= (answer.error + estimate.error)[there]), "the reported errors are no bounds"


@pytest.mark.parametrize(
    ("quantity", "functions"),
    [
        ("cloning-probability", (speciation.cloning_probability, speciation.cloning_probability_from_classes)),
        ("class-information", (speciation.class_information,)),
        ("kappa", (speciation.kappa,)),
    ],
)
def test_averages_are_those_of_the_derivation(values: dict[str, Any], quantity: str, functions: tuple[Callable[..., Any], ...]) -> None:
    expected = predict(MODEL, quantity, **values)
    for function in functions:
        agree(function(odds_at(MODEL, values), values), expected)


(DEFINITIONS,) = (functions for quantity, functions in FUNCTIONS if quantity is SPECIATION_TIME)


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_times_are_those_of_the_derivation(values: dict[str, Any], definition: str) -> None:
    given = {k: v for k, v in values.items() if k != "t"} | ({"level": np.linspace(0.55, 0.99, COUNT)} if definition == "cloning" else {})
    found = DEFINITIONS[definition][0](odds_at(MODEL, given), given)
    agree(found, predict(MODEL, "speciation-time", method=definition, **given))


def test_default_level_is_kappa_one_for_balanced_classes() -> None:
    given = {"mu": np.array([1.2]), "sigma": np.array([0.8]), "weight": np.array([0.5]), "d": np.array([64.0])}
    assert speciation_times.cloning(odds_at(MODEL, given), given).value == pytest.approx(
        speciation_times.snr(odds_at(MODEL, given), given).value, rel=1e-12
    )


def test_roads_by_averages_agree_with_the_moments(values: Any) -> None:
    for one, two in (
        (speciation.kappa, speciation.kappa_averaged),
        (speciation.log_odds_variance, speciation.log_odds_variance_averaged),
        (speciation.class_information, speciation.class_information_from_density),
    ):
        a, b = one(odds_at(MODEL, values), values), two(odds_at(MODEL, values), values)
        assert np.all(np.abs(a.value - b.value) <= a.error + b.error), one.__name__


def test_information_rate_is_that_of_the_signal(values: Any) -> None:
    """dI/dt through d kappa/dt and the mean square error of guessing the class at signal-to-noise ratio kappa (I-MMSE)."""
    rate = speciation.class_information_rate(odds_at(MODEL, values), values)
    z, w = np.linspace(-9.5, 9.5, 20001), values["weight"][:, None]
    kappa = speciation.kappa(odds_at(MODEL, values), values).value[:, None]
    square = np.zeros((COUNT, z.size))
    for sign, share in ((1, w), (-1, 1 - w)):
        y = sign * np.sqrt(kappa) + z
        guess = np.tanh(np.sqrt(kappa) * y + np.log(w / (1 - w)) / 2)
        square += share * (sign - guess) ** 2
    mass = np.exp(-z * z / 2)
    mmse = square @ mass / mass.sum()
    t, sd = values["t"], values["sigma"]
    growth = kappa[:, 0] * 2 * np.exp(2 * t) / (np.expm1(2 * t) + sd**2)  # -d kappa/dt
    expected = mmse / 2 * growth
    assert np.all(np.abs(rate.value - expected) <= rate.error + 1e-12 * expected + 1e-16)


def test_the_largest_of_several_roots_is_found() -> None:
    """cos falls through zero at pi/2 and 5 pi/2; beyond 9 it is held negative."""
    found = critical_time(lambda t, rows: Pair(np.where(t < 9, np.cos(t), -1.0), 0 * t), texts(1), "never", monotone=False)
    assert found.value[0] == pytest.approx(5 * np.pi / 2, rel=1e-14)


def test_where_there_is_no_root_the_reason_is_told_and_other_rows_stay() -> None:
    present = np.array(["", "no classes", ""], dtype=object)

    def excess(t: Any, rows: Any) -> Any:
        return Pair(np.where(rows == 0, 1.5 - t, -1.0), np.full(rows.size, 1e-9))

    for monotone in (True, False):
        found = critical_time(excess, present, "never", monotone=monotone)
        assert found.value[0] == pytest.approx(1.5, rel=1e-14) and 0.9e-9 < found.error[0] < 1.2e-9
        assert np.isnan(found.value[1:]).all() and found.reason[1] == "no classes" and found.reason[2].startswith("never at every t")


def test_a_condition_that_holds_at_the_latest_time_is_not_computed() -> None:
    found = critical_time(lambda t, rows: Pair(1 + 0 * t, 0 * t), texts(1), "never", monotone=True)
    assert np.isnan(found.value[0]) and found.reason[0] == ""


def test_one_cluster_has_no_log_odds() -> None:
    with pytest.raises(DomainError, match="two clusters"):
        odds_at(get_model("gaussian"), {"sigma": np.ones(1)})


@pytest.mark.parametrize("monotone", [True, False])
def test_a_search_ends_where_the_condition_is_within_its_error(monotone: bool) -> None:
    """log(2/t) with a ripple below its error: the root is as far off as the error says, and is not refined into the ripple."""
    calls = []

    def excess(t: Any, rows: Any) -> Any:
        calls.append(t.size)
        return Pair(np.log(2 / t) + 1e-7 * np.sin(1e9 * t), np.full(rows.size, 1e-7))

    found = critical_time(excess, texts(1), "never", monotone=monotone)
    assert abs(found.value[0] - 2) <= found.error[0] < 5e-7
    assert len(calls) < (20 if monotone else 110)


def test_the_slope_of_a_noisy_condition_is_taken_over_its_noise() -> None:
    """The noise, 1e-3, is five times what log t changes by between the nearest points."""
    rng = np.random.default_rng(8)

    def excess(t: Any, rows: Any) -> Any:
        return Pair(np.log(2 / t) + 1e-3 * rng.uniform(-1, 1, t.size), np.full(rows.size, 1e-3))

    found = critical_time(excess, texts(20), "never", monotone=True)
    assert np.all(np.abs(found.value - 2) <= 2.5 * found.error) and np.all(found.error < 4e-3)


@pytest.mark.parametrize("monotone", [True, False])
def test_a_condition_without_a_value_is_a_failure_with_its_place(monotone: bool) -> None:
    """Row 0 has no value below t = 1, before its root is reached; row 1 has none below 1, beyond its root; row 2 is never met."""

    def excess(t: Any, rows: Any) -> Any:
        root = np.array([0.5, 2.0, 0.0])[rows]
        gone = (t < 1) & (rows < 2) & ((rows == 0) | (not monotone))
        return Pair(np.where(gone, np.nan, np.where(root > 0, root - t, -np.inf)), np.full(rows.size, 1e-12))

    found = critical_time(excess, texts(3), "never", monotone=monotone)
    assert found.status.tolist() == ["failed", "ok", "none"]
    assert np.isnan(found.value[0]) and "not computed near t =" in found.reason[0]
    assert found.value[1] == pytest.approx(2, rel=1e-12) and found.reason[1] == ""
    assert np.isnan(found.value[2]) and found.reason[2].startswith("never")


def test_a_failed_condition_is_a_failed_prediction(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(law: Any, t: Any, d: Any, f: Callable[..., Any]) -> Any:
        return Pair(np.full(t.size, np.nan), np.full(t.size, np.nan))

    monkeypatch.setattr(speciation_times, "average", lost)
    estimate = predict("zero-mean-mixture", "speciation-time", definition="cloning", d=100)
    assert estimate.status == "failed" and "not computed near" in str(estimate.reason)
