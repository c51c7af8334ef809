"""Times under other schedules: the same signal-to-noise ratio, named by another clock's variable.

Derived in `regimes.theory.channel.schedules`.

Every clock runs one way, so that an interval of times t becomes an interval of its own times: errors are the larger half of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from regimes.numerics.arrays import EPS, NONE, OK, Answer, FloatArray, texts
from regimes.theory.channel.schedules import get_schedule
from regimes.theory.errors import DomainError
from regimes.theory.params import TIME

__all__ = ["ou_time", "time_in"]

_EARLIEST = 1e-300  # stands for the beginning of the process

Options = Mapping[str, float]
Clock = Callable[[FloatArray, Options], FloatArray]


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
    given, own = kind.complete(options), _OWN[schedule]
    t = np.asarray(t, dtype=float)
    TIME.check(t[~np.isnan(t)])
    spread = np.broadcast_to(np.asarray(error, dtype=float), t.shape)
    end = float(_ENDS[schedule](given)) if schedule in _ENDS else np.inf
    value, blur = _mapped(lambda at: own(np.clip(at, _EARLIEST, end), given), t, spread)
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
    given, clock = kind.complete(options), _CLOCKS[schedule]
    own = np.asarray(time, dtype=float)
    kind.time.check(own)
    high = min(kind.time.high, given.get("steps", np.inf))
    if np.any(own > high):
        raise DomainError(f"{kind.time.name}={own.max():g} is beyond the end of schedule {schedule}: {kind.time.name} <= {high:g}")
    spread = np.broadcast_to(np.asarray(error, dtype=float), own.shape)
    value, blur = _mapped(lambda at: clock(np.clip(at, _EARLIEST, high), given), own, spread)
    return Answer(value, blur, texts(own.shape, OK), texts(own.shape))


def _mapped(clock: Callable[[FloatArray], FloatArray], at: FloatArray, error: FloatArray) -> tuple[FloatArray, FloatArray]:
    with np.errstate(divide="ignore", invalid="ignore"):
        value = clock(at)
        # A rounding of the argument counts as an error of it.
        reach = error + EPS * at
        ends = np.maximum(clock(at + reach) - value, value - clock(at - reach))
    return value, ends + 4 * EPS * np.abs(value)


# -- the clocks -------------------------------------------------------------------------------------------------------------------


def _exploding(t: FloatArray, options: Options) -> FloatArray:
    del options
    return np.asarray(np.exp(t) * np.sqrt(-np.expm1(-2 * t)))


def _from_exploding(noise: FloatArray, options: Options) -> FloatArray:
    del options
    return np.where(noise < 1, np.log1p(noise**2) / 2, np.log(noise) + np.log1p(np.minimum(1 / noise, 1) ** 2) / 2)


def _flow(t: FloatArray, options: Options) -> FloatArray:
    del options
    return np.asarray(1 / (1 + np.exp(-t) / np.sqrt(-np.expm1(-2 * t))))


def _from_flow(s: FloatArray, options: Options) -> FloatArray:
    return _from_exploding(s / (1 - s), options)


def _preserving(t: FloatArray, options: Options) -> FloatArray:
    low, slope = options["beta_min"], options["beta_max"] - options["beta_min"]
    return np.asarray(4 * t / (low + np.sqrt(low**2 + 4 * slope * t)))


def _from_preserving(u: FloatArray, options: Options) -> FloatArray:
    low, high = options["beta_min"], options["beta_max"]
    return np.asarray(u / 4 * (2 * low + (high - low) * u))


@lru_cache(maxsize=8)
def _step_times(beta_min: float, beta_max: float, steps: int) -> FloatArray:
    """t after 0, 1, ..., N steps."""
    betas = np.linspace(beta_min, beta_max, steps)
    return np.concatenate([[0.0], -np.cumsum(np.log1p(-betas)) / 2])


def _table(options: Options) -> FloatArray:
    return _step_times(options["beta_min"], options["beta_max"], int(options["steps"]))


def _steps(t: FloatArray, options: Options) -> FloatArray:
    table = _table(options)
    return np.asarray(np.interp(t, table, np.arange(table.size)))


def _from_steps(k: FloatArray, options: Options) -> FloatArray:
    table = _table(options)
    return np.asarray(np.interp(k, np.arange(table.size), table))


def _itself(t: FloatArray, options: Options) -> FloatArray:
    del options
    return t


_OWN: dict[str, Clock] = {
    "ornstein-uhlenbeck": _itself,
    "ddpm": _steps,
    "variance-preserving": _preserving,
    "variance-exploding": _exploding,
    "flow-matching": _flow,
}
_CLOCKS: dict[str, Clock] = {
    "ornstein-uhlenbeck": _itself,
    "ddpm": _from_steps,
    "variance-preserving": _from_preserving,
    "variance-exploding": _from_exploding,
    "flow-matching": _from_flow,
}
_ENDS: dict[str, Callable[[Options], Any]] = {
    "ddpm": lambda options: _table(options)[-1],
    "variance-preserving": lambda options: _from_preserving(np.ones(1), options)[0],
}
