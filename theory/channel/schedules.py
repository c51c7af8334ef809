"""Other clocks of the same process: x = alpha a + sigma z depends on its schedule through gamma = alpha^2/sigma^2 alone.

Every time of this project is a time t of the Ornstein-Uhlenbeck process, gamma = 1/(e^{2t} - 1); a schedule names the same gamma by a
variable of its own. A schedule is one entry of `SCHEDULES`: what it is, its clock in both directions, and its end. What the clocks rest on
is derived in `clocks`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from regimes.theory.errors import MissingParameterError, UnknownNameError
from regimes.theory.params import TIME, Param

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["SCHEDULES", "Schedule", "get_schedule"]

Options = Mapping[str, float]
Clock = Callable[["FloatArray", Options], "FloatArray"]


@dataclass(frozen=True)
class Schedule:
    """A clock.

    Attributes
    ----------
    name, doc : str
        As typed on the command line; one line.
    time : Param
        Its own time variable, which grows as the signal fades.
    options : tuple of Param
        What else decides it, all with defaults.
    source : str
        Where it was published.
    own : callable
        Its own times at times t of the Ornstein-Uhlenbeck process, given all options; both ways without cancellation.
    ou : callable
        The reverse: t at its own times.
    end : callable or None
        The time t at which it ends, given all options; None for one that goes on.
    """

    name: str
    doc: str
    time: Param
    options: tuple[Param, ...]
    source: str
    own: Clock
    ou: Clock
    end: Callable[[Options], float] | None = None

    def complete(self, given: Mapping[str, float]) -> dict[str, float]:
        """The options, defaults filled in and domains checked; `UnknownNameError` for one it does not have."""
        for name in given:
            if name not in {p.name for p in self.options}:
                raise UnknownNameError(f"option of schedule {self.name}", name, [p.name for p in self.options])
        values = {}
        for p in self.options:
            value = given.get(p.name, p.default)
            if value is None:
                raise MissingParameterError(f"schedule {self.name} needs {p.name} ({p.doc})")
            p.check(value)
            values[p.name] = float(value)
        return values


OU_SOURCE = "Ornstein-Uhlenbeck process dX = -X dt + sqrt(2) dW"
DDPM_SOURCE = "Ho, Jain, Abbeel, arXiv:2006.11239"
_SDE = "Song et al., arXiv:2011.13456"
_FLOW = "Lipman et al., arXiv:2210.02747"


def _exploding(t: FloatArray, options: Options) -> FloatArray:
    import numpy as np

    del options
    return np.asarray(np.exp(t) * np.sqrt(-np.expm1(-2 * t)))


def _from_exploding(noise: FloatArray, options: Options) -> FloatArray:
    import numpy as np

    del options
    return np.where(noise < 1, np.log1p(noise**2) / 2, np.log(noise) + np.log1p(np.minimum(1 / noise, 1) ** 2) / 2)


def _flow(t: FloatArray, options: Options) -> FloatArray:
    import numpy as np

    del options
    return np.asarray(1 / (1 + np.exp(-t) / np.sqrt(-np.expm1(-2 * t))))


def _from_flow(s: FloatArray, options: Options) -> FloatArray:
    return _from_exploding(s / (1 - s), options)


def _preserving(t: FloatArray, options: Options) -> FloatArray:
    import numpy as np

    low, slope = options["beta_min"], options["beta_max"] - options["beta_min"]
    return np.asarray(4 * t / (low + np.sqrt(low**2 + 4 * slope * t)))


def _from_preserving(u: FloatArray, options: Options) -> FloatArray:
    import numpy as np

    low, high = options["beta_min"], options["beta_max"]
    return np.asarray(u / 4 * (2 * low + (high - low) * u))


@lru_cache(maxsize=8)
def _step_times(beta_min: float, beta_max: float, steps: int) -> FloatArray:
    """t after 0, 1, ..., N steps."""
    import numpy as np

    betas = np.linspace(beta_min, beta_max, steps)
    return np.concatenate([[0.0], -np.cumsum(np.log1p(-betas)) / 2])


def _table(options: Options) -> FloatArray:
    return _step_times(options["beta_min"], options["beta_max"], int(options["steps"]))


def _steps(t: FloatArray, options: Options) -> FloatArray:
    import numpy as np

    table = _table(options)
    return np.asarray(np.interp(t, table, np.arange(table.size)))


def _from_steps(k: FloatArray, options: Options) -> FloatArray:
    import numpy as np

    table = _table(options)
    return np.asarray(np.interp(k, np.arange(table.size), table))


def _itself(t: FloatArray, options: Options) -> FloatArray:
    del options
    return t


SCHEDULES: dict[str, Schedule] = {
    s.name: s
    for s in (
        Schedule("ornstein-uhlenbeck", "alpha = e^{-t}, sigma^2 = 1 - e^{-2t}", TIME, (), OU_SOURCE, _itself, _itself),
        Schedule(
            "ddpm",
            "steps x' = sqrt(1 - beta_k) x + sqrt(beta_k) z with beta_k linear in k; log alpha linear between steps",
            Param("k", "k", "number of steps", 0, typical=(1.0, 1000.0)),
            (
                Param("beta_min", r"\beta_{\min}", "noise of the first step", 0, 1, typical=(1e-5, 1e-3), default=1e-4),
                Param("beta_max", r"\beta_{\max}", "noise of the last step", 0, 1, typical=(0.01, 0.05), default=0.02),
                Param("steps", "N", "number of steps", 1, 1e7, closed="both", typical=(100, 1000), default=1000.0, integer=True),
            ),
            DDPM_SOURCE,
            _steps,
            _from_steps,
            end=lambda options: float(_table(options)[-1]),
        ),
        Schedule(
            "variance-preserving",
            "dX = -beta(u) X/2 du + sqrt(beta(u)) dW with beta linear in u",
            Param("u", "u", "time, from 0 to 1", 0, 1, closed="high", typical=(0.1, 0.9)),
            (
                Param("beta_min", r"\beta_{\min}", "rate at u = 0", 0, closed="low", typical=(0.05, 1.0), default=0.1),
                Param("beta_max", r"\beta_{\max}", "rate at u = 1", 0, typical=(5.0, 25.0), default=20.0),
            ),
            _SDE,
            _preserving,
            _from_preserving,
            end=lambda options: (2 * options["beta_min"] + (options["beta_max"] - options["beta_min"])) / 4,
        ),
        Schedule(
            "variance-exploding",
            "alpha = 1; the time is sigma itself",
            Param("noise", r"\sigma_t", "standard deviation of the noise", 0, typical=(0.1, 10.0)),
            (),
            _SDE,
            _exploding,
            _from_exploding,
        ),
        Schedule(
            "flow-matching",
            "alpha = 1 - s, sigma = s",
            Param("s", "s", "time, from 0 to 1", 0, 1, typical=(0.1, 0.9)),
            (),
            _FLOW,
            _flow,
            _from_flow,
        ),
    )
}
"""Every clock, by name."""


def get_schedule(name: str) -> Schedule:
    """The schedule of that name; `UnknownNameError` with the nearest names otherwise."""
    if name not in SCHEDULES:
        raise UnknownNameError("schedule", name, SCHEDULES)
    return SCHEDULES[name]
