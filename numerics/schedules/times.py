"""Times under other schedules: the same signal-to-noise ratio, named by another clock's variable.

Schedules and their clocks stand in `regimes.theory.channel.schedules`.

Every clock runs one way, so that an interval of times t becomes an interval of its own times: errors are the larger half of it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from regimes.numerics.arrays import EPS, NONE, OK, Answer, FloatArray, texts
from regimes.theory.channel.schedules import get_schedule
from regimes.theory.errors import DomainError
from regimes.theory.params import TIME

__all__ = ["ou_time", "time_in"]

_EARLIEST = 1e-300  # stands for the beginning of the process


def time_in(schedule: str, t: ArrayLike, error: ArrayLike = 0.0, **options: float) -> Answer:
    """The schedule's own time at Ornstein-Uhlenbeck times t.

    Parameters
    ----------
    schedule : str
        One of `regimes.theory.channel.schedules.SCHEDULES`.
    t : array_like
        Times > 0 of any shape; nan passes through.
    error : array_like
        Absolute errors of them, of a shape that broadcasts to that of t.
    **options : float
        Of the schedule, as ``steps=1000``.

    Returns
    -------
    Answer
        Of arrays of the shape of t; none where the schedule ends before time t.

    Raises
    ------
    UnknownNameError
        No such schedule or option.
    DomainError
        A time or an option outside its domain.
    """
    kind = get_schedule(schedule)
    given = kind.complete(options)
    t = np.asarray(t, dtype=float)
    TIME.check(t[~np.isnan(t)])
    spread = np.broadcast_to(np.asarray(error, dtype=float), t.shape)
    end = np.inf if kind.end is None else kind.end(given)
    value, blur = _mapped(lambda at: kind.own(np.clip(at, _EARLIEST, end), given), t, spread)
    late = t > end
    answer = Answer(np.array(value), np.array(blur), texts(t.shape, OK), texts(t.shape))  # one number of NumPy is no array
    return answer.set(late, NONE, f"schedule {schedule} ends at t = {end:.6g}")


def ou_time(schedule: str, time: ArrayLike, error: ArrayLike = 0.0, **options: float) -> Answer:
    """The Ornstein-Uhlenbeck time t at a schedule's own times; the reverse of `time_in`.

    Parameters
    ----------
    schedule, **options
        As in `time_in`.
    time : array_like
        Own times of any shape, inside the domain of the schedule's time.
    error : array_like
        Absolute errors of them.

    Raises
    ------
    DomainError
        A time outside the schedule, or an option outside its domain.
    """
    kind = get_schedule(schedule)
    given = kind.complete(options)
    own = np.asarray(time, dtype=float)
    kind.time.check(own)
    high = min(kind.time.high, given.get("steps", np.inf))
    if np.any(own > high):
        raise DomainError(f"{kind.time.name}={own.max():g} is beyond the end of schedule {schedule}: {kind.time.name} <= {high:g}")
    spread = np.broadcast_to(np.asarray(error, dtype=float), own.shape)
    value, blur = _mapped(lambda at: kind.ou(np.clip(at, _EARLIEST, high), given), own, spread)
    return Answer(value, blur, texts(own.shape, OK), texts(own.shape))


def _mapped(clock: Callable[[FloatArray], FloatArray], at: FloatArray, error: FloatArray) -> tuple[FloatArray, FloatArray]:
    with np.errstate(divide="ignore", invalid="ignore"):
        value = clock(at)
        # A rounding of the argument counts as an error of it.
        reach = error + EPS * at
        ends = np.maximum(clock(at + reach) - value, value - clock(at - reach))
    return value, ends + 4 * EPS * np.abs(value)
