"""Predictions in the clock of another schedule: times go in and come out in its own time, the rest depends on the signal alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from regimes.numerics.arrays import NONE
from regimes.numerics.estimate import Estimate, decimal
from regimes.numerics.schedules.times import ou_time, time_in
from regimes.theory.channel.schedules import get_schedule
from regimes.theory.errors import DomainError
from regimes.theory.model import DataModel
from regimes.theory.params import TIME

__all__ = ["Clock"]


@dataclass(frozen=True)
class Clock:
    """A schedule and all its options."""

    schedule: str
    options: Mapping[str, float]

    @staticmethod
    def read(schedule: str, model: DataModel, values: Mapping[str, Any]) -> tuple[Clock, dict[str, Any]]:
        """The clock that a name and the options among `values` make, and the other values.

        Raises
        ------
        UnknownNameError
            No such schedule.
        DomainError
            An option that is not one number of its domain.
        """
        kind, own = get_schedule(schedule), {p.name for p in model.params}
        given = {p.name: values[p.name] for p in kind.options if p.name in values and p.name not in own}
        for name, value in given.items():
            if isinstance(value, str) or np.ndim(value):
                raise DomainError(f"{name} of schedule {schedule} is one number, not {value}")
        return Clock(schedule, kind.complete(given)), {name: value for name, value in values.items() if name not in given}

    def inwards(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The same values with t, given in this clock, as the time of the Ornstein-Uhlenbeck process."""
        if TIME.name not in values or isinstance(values[TIME.name], str):
            return dict(values)
        return {**values, TIME.name: ou_time(self.schedule, values[TIME.name], **self.options).value}

    def outwards(self, estimate: Estimate, quantity: str, values: Mapping[str, Any]) -> Estimate:
        """The estimate with its times in this clock; `values` as they were given."""
        shape = estimate.value.shape
        shown = {**estimate.parameters, "schedule": np.full(shape, self.schedule)}
        shown |= {name: np.full(shape, value) for name, value in self.options.items()}
        if TIME.name in estimate.parameters:
            shown[TIME.name] = np.broadcast_to(np.asarray(values[TIME.name], dtype=np.float64), shape)
        if not quantity.endswith("-time"):
            return replace(estimate, parameters=shown)
        there = estimate.ok
        found = time_in(self.schedule, np.where(there, estimate.value, np.nan), estimate.error, **self.options)
        value, error, reason = found.value, found.error, found.reason.astype(np.str_)
        late = there & (found.status == NONE)
        text = estimate.text.copy()
        for index in map(tuple, np.argwhere(there)):
            text[index] = "" if late[index] else decimal(float(value[index]), float(error[index]))
        return replace(
            estimate,
            value=value,
            error=np.where(there & ~late, error, np.nan),
            status=np.where(late, "none", estimate.status),
            reason=np.where(late, reason, estimate.reason),
            parameters=shown,
            text=text,
        )
