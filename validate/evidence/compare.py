"""Prediction against measurement: one error budget per comparison, one error rate for the whole run.

A prediction agrees with a measurement if, moved by no more than the errors granted to it (its own, that of the time step and that of the
finite size, the last two measured), it lies in the interval of the measurement.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from regimes.validate.evidence.intervals import POWER, Evidence, PairedCounts, detectable, largest, per_comparison

NAMED = {"measured_by": "series", "significance": "level"}
"""Names in comparisons.json, where they are not those of the fields."""


@dataclass(frozen=True)
class Chart:
    """A figure of a report: its name, and what stands at its axis of values."""

    name: str
    label: str


@dataclass(frozen=True)
class Curve:
    """A predicted curve: values at `positions` for every measurement with these parameters."""

    model: str
    quantity: str
    parameters: dict[str, Any]
    positions: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Measurement:
    """What was measured, and what it will be compared with.

    Attributes
    ----------
    model : str
        Name of the data model.
    chart : Chart
        Figure it belongs to.
    measured_by : str
        How it was measured, in words.
    quantity : str
        Name of the predicted quantity.
    parameters : mapping
        Everything the prediction depends on.
    position : float
        Abscissa in the figure (a time, unless the chart says otherwise).
    samples : int
        Number of simulated samples behind it.
    evidence : Evidence
        Measured mean and its errors.
    step : Evidence or PairedCounts, optional
        What halving every time step changed, or None if nothing was integrated in time.
    size : tuple
        Finite-size differences between what is predicted and what is measured, each from its own measurement.
    expected : float, optional
        The prediction, where it is an identity that holds whatever the theory.
    along : str
        The parameter that changes along the curve.
    """

    model: str
    chart: Chart
    measured_by: str
    quantity: str
    parameters: dict[str, Any]
    position: float
    samples: int
    evidence: Evidence
    step: Evidence | PairedCounts | None = None
    size: tuple[Evidence, ...] = ()
    expected: float | None = None
    along: str = "t"


@dataclass(frozen=True)
class Comparison:
    """One line of the verdict table.

    Attributes
    ----------
    prediction, prediction_error : float
        Of the theory.
    measured, low, high : float
        Of the simulation; the interval holds with probability 1 - `significance`.
    time_step, finite_size : float
        Errors granted to the prediction, each a bound on a measured effect; 0 where there is none.
    p_value : float
        Of the prediction, moved towards the measurement as far as it is granted.
    significance : float
        p-value below which prediction and measurement disagree.
    detectable : float
        Smallest deviation that this comparison finds with probability `POWER`.
    assumption : str
        On what the interval rests.
    along : str
        The parameter that changes along the curve.
    """

    model: str
    chart: Chart
    measured_by: str
    quantity: str
    parameters: dict[str, Any]
    position: float
    samples: int
    prediction: float
    prediction_error: float
    measured: float
    low: float
    high: float
    time_step: float
    finite_size: float
    p_value: float
    significance: float
    detectable: float
    assumption: str
    power: float = field(default=POWER)
    along: str = "t"

    @property
    def statistical(self) -> float:
        """Longer arm of the interval."""
        return max(self.high - self.measured, self.measured - self.low)

    @property
    def granted(self) -> float:
        """Errors granted to the prediction, together."""
        return self.prediction_error + self.time_step + self.finite_size

    @property
    def agrees(self) -> bool:
        return self.p_value >= self.significance

    def as_json(self) -> dict[str, Any]:
        """Fields and verdict, for comparisons.json."""
        entries = {NAMED.get(name, name): value for name, value in asdict(self).items()} | {"chart": self.chart.name}
        return {**entries, "statistical": self.statistical, "agrees": self.agrees}


def judge(measurements: Sequence[Measurement], predictions: Sequence[tuple[float, float]], false_alarm: float) -> tuple[Comparison, ...]:
    """Compare every measurement with its (prediction, error); any false alarm among them has probability <= `false_alarm`.

    Every comparison gets an equal part of the error rate, and gives an equal part of that to each of its intervals: the
    measured mean, the time step, the finite size.
    """
    part = per_comparison(false_alarm, len(measurements))
    return tuple(_compare(m, *p, part) for m, p in zip(measurements, predictions, strict=True))


def _compare(m: Measurement, prediction: float, prediction_error: float, part: float) -> Comparison:
    significance = part / (1 + (m.step is not None) + len(m.size))
    time_step = 0.0 if m.step is None else largest(m.step, significance)
    finite_size = sum(largest(difference, significance) for difference in m.size)
    granted = prediction_error + time_step + finite_size
    gap = m.evidence.mean - prediction
    moved = prediction + math.copysign(min(abs(gap), granted), gap)
    low, high = m.evidence.interval(significance)
    return Comparison(
        m.model,
        m.chart,
        m.measured_by,
        m.quantity,
        m.parameters,
        m.position,
        m.samples,
        prediction,
        prediction_error,
        m.evidence.mean,
        low,
        high,
        time_step,
        finite_size,
        m.evidence.p_value(moved, significance),
        significance,
        detectable(m.evidence, significance, granted),
        m.evidence.assumption,
        along=m.along,
    )
