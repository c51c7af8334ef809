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
    model : name of the data model.
    chart : figure it belongs to.
    measured_by : how it was measured, in words.
    quantity : name of the predicted quantity.
    parameters : everything the prediction depends on.
    position : abscissa in the figure (a time, unless the chart says otherwise).
    samples : number of simulated samples behind it.
    evidence : measured mean and its errors.
    step : what halving every time step changed, or None if nothing was integrated in time.
    size : finite-size differences between what is predicted and what is measured, each from its own measurement.
    expected : the prediction, where it is an identity that holds whatever the theory.
    along : the parameter that changes along the curve.
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
    prediction, prediction_error : of the theory.
    measured, low, high : of the simulation; the interval holds with probability 1 - `level`.
    time_step, finite_size : errors granted to the prediction, each a bound on a measured effect; 0 where there is none.
    p_value : of the prediction, moved towards the measurement as far as it is granted.
    level : p-value below which prediction and measurement disagree.
    detectable : smallest deviation that this comparison finds with probability `POWER`.
    assumption : on what the interval rests.
    along : the parameter that changes along the curve.
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
    level: float
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
        return self.p_value >= self.level

    def as_json(self) -> dict[str, Any]:
        """Fields and verdict, for comparisons.json."""
        entries = asdict(self)
        named = {"model": entries.pop("model"), "chart": self.chart.name, "series": entries.pop("measured_by")}
        return {**named, **entries, **named, "statistical": self.statistical, "agrees": self.agrees}


def judge(measurements: Sequence[Measurement], predictions: Sequence[tuple[float, float]], family_error: float) -> tuple[Comparison, ...]:
    """Compare every measurement with its (prediction, error); any false alarm among them has probability <= `family_error`.

    Every comparison gets an equal part of the error rate, and gives an equal part of that to each of its intervals: the
    measured mean, the time step, the finite size.
    """
    part = per_comparison(family_error, len(measurements))
    return tuple(_compare(m, *p, part) for m, p in zip(measurements, predictions, strict=True))


def _compare(m: Measurement, prediction: float, prediction_error: float, part: float) -> Comparison:
    level = part / (1 + (m.step is not None) + len(m.size))
    time_step = 0.0 if m.step is None else largest(m.step, level)
    finite_size = sum(largest(difference, level) for difference in m.size)
    granted = prediction_error + time_step + finite_size
    gap = m.evidence.mean - prediction
    moved = prediction + math.copysign(min(abs(gap), granted), gap)
    low, high = m.evidence.interval(level)
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
        m.evidence.p_value(moved, level),
        level,
        detectable(m.evidence, level, granted),
        m.evidence.assumption,
        along=m.along,
    )
