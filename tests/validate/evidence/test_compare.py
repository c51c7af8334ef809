"""The verdict: what is granted to a prediction, at what level it is judged, and what a comparison finds."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from regimes.validate.evidence.compare import Chart, Comparison, Measurement, judge
from regimes.validate.evidence.intervals import POWER, Averages, Counts, PairedCounts, largest

pytestmark = pytest.mark.quick

HALF = Measurement("model", Chart("chart", ""), "series", "quantity", {"t": 1.0}, 1.0, 10_000, Counts(5000, 10_000))


def one(measurement: Measurement, prediction: float, error: float = 0.0, family: float = 1e-3) -> Comparison:
    return judge([measurement], [(prediction, error)], family)[0]


def test_a_prediction_agrees_exactly_on_the_interval() -> None:
    low, high = HALF.evidence.interval(1e-3)
    for inside, outside in ((low + 1e-9, low - 1e-9), (high - 1e-9, high + 1e-9)):
        assert one(HALF, inside).agrees
        assert not one(HALF, outside).agrees


def test_granted_errors_widen_the_interval_by_their_sum_and_no_more() -> None:
    stepped = replace(HALF, step=PairedCounts(30, 20, 10_000))
    sized = replace(stepped, size=(Averages(np.array([0.001, 0.0011, 0.0009])), Averages(np.array([0.003, 0.002, 0.0025]))))
    for m, parts in ((HALF, 1), (stepped, 2), (sized, 4)):
        level = 1e-3 / parts
        granted = 0.002 + sum(largest(e, level) for e in (m.step, *m.size) if e is not None)
        edge = m.evidence.interval(level)[1] + granted
        assert one(m, edge - 1e-9, error=0.002).agrees
        assert not one(m, edge + 1e-9, error=0.002).agrees
        assert one(m, 0.5, error=0.002).granted == pytest.approx(granted, rel=1e-12)


def test_a_prediction_that_may_reach_the_measurement_has_p_value_one() -> None:
    assert one(HALF, 0.52, error=0.03).p_value == pytest.approx(1.0, abs=0.05)


def test_the_family_shares_its_error_rate() -> None:
    family = judge([HALF] * 8, [(0.5, 0.0)] * 8, 1e-3)
    assert {c.significance for c in family} == {1e-3 / 8}


def test_more_comparisons_make_each_more_lenient() -> None:
    edge = HALF.evidence.interval(1e-3)[1] + 1e-6
    assert not one(HALF, edge).agrees
    assert judge([HALF] * 50, [(edge, 0.0)] * 50, 1e-3)[0].agrees


def test_what_is_called_detectable_is_found_with_the_stated_power_even_if_the_granted_errors_hide_it() -> None:
    """2000 repetitions of 10 000 trials, truth off by the detectable amount: POWER 0.95 +- 0.02 is four standard errors."""
    rng = np.random.default_rng(4)
    found = one(HALF, 0.5, error=0.003)
    truth = 0.5 + found.detectable
    outcomes = [one(replace(HALF, evidence=Counts(int(k), 10_000)), 0.5, error=0.003).agrees for k in rng.binomial(10_000, truth, 2000)]
    assert 1 - np.mean(outcomes) == pytest.approx(POWER, abs=0.02)


def test_a_comparison_is_json() -> None:
    record = one(HALF, 0.5).as_json()
    assert json.loads(json.dumps(record, allow_nan=False))["agrees"] is True
    assert record["statistical"] == pytest.approx(0.0165, abs=1e-3)


def test_halving_that_changes_nothing_is_still_granted_something() -> None:
    """No change among 10 000 pairs bounds the change by about log(4/error)/10 000, not by zero."""
    assert 5e-4 < largest(PairedCounts(0, 0, 10_000), 1e-3) < 1.2e-3
