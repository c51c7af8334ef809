"""What `check` simulates and compares, read off a model's law: how many classes it has, whether a weight can be varied.

Predicted transitions only say where to look (rounded to three digits); what is measured there owes nothing to them, and a theory
that is put in place of the program's own meets the same simulations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from regimes.numerics.predict import predict
from regimes.theory.errors import RegimesError
from regimes.theory.laws import GaussianClusters
from regimes.theory.model import DataModel
from regimes.validate.compare import Measurement
from regimes.validate.experiment import Arrays, Experiment, seed_for
from regimes.validate.statistics import Averages, Bounded, Counts, Crossing, PairedCounts, chebyshev, interpolated

EXCESS = "Excess entropy"
COLLAPSE = "Collapse probability"
DECODING = "Nearest datum"
FREEZING = "Freeze time"
CLONING = "Clone agreement"
SHARES = "Class frequencies"
TIMES = "Collapse time"


@dataclass(frozen=True)
class Budget:
    """How much is simulated.

    Attributes
    ----------
    batches : factor on the number of samples; on the number of batches of nearly every experiment.
    samples : part of it that goes into larger groups instead, where groups are bundles of independent samples and fill the disk.
    steps : factor on the number of time steps, so that the time step's error falls with the statistical one.
    """

    batches: float
    samples: int = 1
    steps: float = 1.0

    def of(self, batches: float) -> int:
        return max(2, round(batches * self.batches))


BUDGETS = {
    "smoke": Budget(1 / 64, steps=0.5),  # for tests of the machinery: everything once, in seconds
    "quick": Budget(1),
    "standard": Budget(10, 10, 2),
    "thorough": Budget(100, 10, 3),
}


@dataclass(frozen=True)
class Setting:
    """A model with numbers for its parameters."""

    model: DataModel
    values: Mapping[str, float]

    @property
    def law(self) -> GaussianClusters:
        """The law in plain floats, so that equal laws have equal keys."""
        law = self.model.law(self.values)
        centres = tuple(tuple(float(x) for x in centre) for centre in law.centres)
        return GaussianClusters(tuple(float(w) for w in law.weights), centres, float(law.sd))

    def locate(self, quantity: str, **given: Any) -> float:
        """A predicted time, to three digits: where to measure."""
        arguments: dict[str, Any] = {**self.values, **given}
        found = predict(self.model, quantity, **arguments)
        if found.status.ravel()[0] != "ok":
            raise RegimesError(f"{self.model.name} has no {quantity} for {given}: {found.reason.ravel()[0]}; there is nothing to check")
        return float(f"{found.value.ravel()[0]:.3g}")

    def label(self, **more: Any) -> str:
        """Parameters that differ from the defaults, for the name of a curve."""
        own = {p.name: self.values[p.name] for p in self.model.params if self.values[p.name] != p.default}
        return ", ".join(f"{name} = {value:g}" for name, value in {**more, **own}.items())


@dataclass(frozen=True)
class Study:
    """An experiment, and how its arrays become measurements."""

    experiment: Experiment
    read: Callable[[Arrays], list[Measurement]]


def plan(model: DataModel, budget: Budget, seed: int) -> list[Study]:
    """Every study of one model."""
    usual = Setting(model, model.complete({}))
    studies = [_forward_data(usual, budget, seed, n=2000, d=64), _collapse_time(usual, budget, seed, alpha=0.25, d=1024)]
    if len(usual.law.weights) == 1:
        return [*studies, _data_clones(usual, budget, seed, n=300, d=24)]
    names = {p.name for p in model.params}
    uneven = Setting(model, model.complete({"weight": 0.3})) if "weight" in names else usual
    for setting, d in dict.fromkeys([(0, 256), (0, 4096), (1, 256)]):
        where = (usual, uneven)[setting]
        studies += [_forward_classes(where, budget, seed, d), _projected_clones(where, budget, seed, d)]
    studies += [_full_clones(usual, budget, seed, 32, scheme) for scheme in ("euler", "exponential")]
    studies += [_shares(uneven, budget, seed, 64, *way) for way in (("shares-sde", "exponential"), ("shares-flow", "heun"))]
    return studies


def _times(middle: float, factors: Sequence[float] = (), offsets: Sequence[float] = ()) -> tuple[float, ...]:
    """Times around a transition, to three digits."""
    return tuple(float(f"{t:.3g}") for t in [*(middle * f for f in factors), *(middle + o for o in offsets)])


def _forward_data(s: Setting, budget: Budget, seed: int, n: int, d: int) -> Study:
    """Excess entropy and collapse probability from the forward channel, every data set a fresh one."""
    times = _times(s.locate("collapse-time", n=n, d=d), factors=(0.6, 0.75, 0.9, 1.0, 1.15, 1.4, 2.0, 3.0))
    e = Experiment("forward-data", s.law, seed_for(seed, f"{s.model.name} forward-data"), budget.of(64), 64, 32, d, n, times)

    def read(arrays: Arrays) -> list[Measurement]:
        found = []
        for k, t in enumerate(times):
            given = {"t": t, "n": n, "d": d, **s.values, "method": "exact"}
            size = arrays["same"].shape[0] * e.samples
            series = f"forward samples, n = {n}, d = {d}"
            found += [
                Measurement(s.model.name, EXCESS, series, "excess-entropy", given, t, size, Averages(arrays["excess"][:, k] / d)),
                Measurement(s.model.name, COLLAPSE, series, "collapse-probability", given, t, size, Bounded(arrays["same"][:, k])),
            ]
        return found

    return Study(e, read)


def _collapse_time(s: Setting, budget: Budget, seed: int, alpha: float, d: int) -> Study:
    """The volume argument: where the mean information density per dimension of the population law crosses alpha."""
    middle = s.locate("collapse-time", alpha=alpha)
    nodes = chebyshev(0.8 * middle, 1.25 * middle, 12)
    e = Experiment("information", s.law, seed_for(seed, f"{s.model.name} information"), budget.of(32), 16, 32, d,
                   times=tuple(nodes.tolist()))

    def read(arrays: Arrays) -> list[Measurement]:
        crossing = Crossing(nodes, arrays["total"], alpha)
        return [Measurement(s.model.name, TIMES, f"volume argument, d = {d}", "collapse-time", {"alpha": alpha, **s.values}, alpha,
                            _pairs(e), crossing, size=shift(arrays, crossing) if len(s.law.weights) > 1 else None)]

    def shift(arrays: Arrays, crossing: Crossing) -> Bounded:
        """What x says about the class is no part of the extensive information: at finite d it moves the crossing by so much."""
        values = interpolated(nodes, arrays["classes"], crossing.mean) / abs(crossing.slope)
        return Bounded(values, 0.0, -math.log(min(s.law.weights)) / d / abs(crossing.slope))

    return Study(e, read)


def _data_clones(s: Setting, budget: Budget, seed: int, n: int, d: int) -> Study:
    """Clones, final datum and freezing by the reverse SDE with the exact empirical score, in full dimension."""
    middle = s.locate("collapse-time", n=n, d=d)
    times = _times(middle, factors=(0.8, 1.2, 1.7, 2.4))
    e = Experiment("clones-data", s.law, seed_for(seed, f"{s.model.name} clones-data"), budget.of(48), 16, 8, d, n, times,
                   _times(middle, factors=(4.0,))[0], round(60 * budget.steps), "exponential")

    def read(arrays: Arrays) -> list[Measurement]:
        found = []
        for k, t in enumerate(times):
            given, size = {"t": t, "n": n, "d": d, **s.values}, arrays["same"].shape[0] * e.samples

            def step(name: str, k: int = k) -> Averages | Bounded:
                gains = arrays[f"{name}_gain"][:, k]
                return Averages(gains) if np.ptp(gains) > 0 else Bounded(gains, -1.0, 1.0)

            series = f"reverse SDE, empirical score, n = {n}, d = {d}"
            found += [
                Measurement(s.model.name, COLLAPSE, series, "collapse-probability", {**given, "method": "exact"}, t, size,
                            Bounded(arrays["same"][:, k]), step("same")),
                Measurement(s.model.name, DECODING, series, "decoding-probability", given, t, size,
                            Bounded(arrays["decided"][:, k]), step("decided")),
                Measurement(s.model.name, FREEZING, f"frozen before t, less forward paths, n = {n}, d = {d}", "freeze-time", given, t, size,
                            Bounded(arrays["held"][:, k] - arrays["held_forward"][:, k], -1.0, 1.0), step("held"), expected=0.0),
            ]
        return found

    return Study(e, read)


def _forward_classes(s: Setting, budget: Budget, seed: int, d: int) -> Study:
    """Clone agreement from forward samples: both roads must agree."""
    times = _clone_times(s, d)
    label = s.label(d=d)
    e = Experiment("forward-classes", s.law, seed_for(seed, f"{s.model.name} forward-classes {label}"),
                   budget.of(32 / budget.samples), 4096, 16 * budget.samples, d, times=times)

    def read(arrays: Arrays) -> list[Measurement]:
        lowest = 1 / len(s.law.weights)  # of a sum of squares of probabilities
        return [Measurement(s.model.name, CLONING, f"forward samples, {label}", "cloning-probability", {"t": t, "d": d, **s.values}, t,
                            _pairs(e), Bounded(arrays["same"][:, k], lowest)) for k, t in enumerate(times)]

    return Study(e, read)


def _clone_times(s: Setting, d: int) -> tuple[float, ...]:
    return _times(s.locate("speciation-time", d=d, definition="snr"), offsets=(-1.0, -0.7, -0.4, -0.15, 0.1, 0.4, 0.7, 1.1))


def _projected_clones(s: Setting, budget: Budget, seed: int, d: int) -> Study:
    """Clones by the reverse SDE in the directions in which the score moves x."""
    times = _clone_times(s, d)
    label = s.label(d=d)
    e = Experiment("clones-projected", s.law, seed_for(seed, f"{s.model.name} clones-projected {label}"), budget.of(16), 1, 16384, d,
                   times=times, horizon=_times(times[0], offsets=(3.5,))[0], steps=round(100 * budget.steps), scheme="exponential")
    return Study(e, _count_reader(s, CLONING, f"reverse SDE, {label}", "cloning-probability", e))


def _full_clones(s: Setting, budget: Budget, seed: int, d: int, scheme: str) -> Study:
    """Clones by the reverse SDE in all d dimensions."""
    times = _times(s.locate("speciation-time", d=d, definition="snr"), offsets=(-0.7, -0.2, 0.2, 0.7))
    e = Experiment("clones-full", s.law, seed_for(seed, f"{s.model.name} clones-full {scheme}"), budget.of(16), 1, 1024, d, times=times,
                   horizon=_times(times[0], offsets=(3.0,))[0], steps=round(100 * budget.steps), scheme=scheme)
    return Study(e, _count_reader(s, CLONING, f"reverse SDE in full, {scheme}, {s.label(d=d)}", "cloning-probability", e))


def _shares(s: Setting, budget: Budget, seed: int, d: int, kind: str, scheme: str) -> Study:
    """How often the reverse process ends in a class: as often as the data do, whatever the way."""
    e = Experiment(kind, s.law, seed_for(seed, f"{s.model.name} {kind}"), budget.of(4), 1, 16384, d,
                   horizon=_times(s.locate("speciation-time", d=d, definition="snr"), offsets=(2.5,))[0],
                   steps=round(100 * budget.steps), scheme=scheme)
    way = "reverse SDE" if kind == "shares-sde" else "probability flow"

    def read(arrays: Arrays) -> list[Measurement]:
        return [Measurement(s.model.name, SHARES, f"{way}, {s.label(d=d)}", "class-frequency", {"class": k, "d": d, **s.values}, float(k),
                            _pairs(e), *_counted(arrays, k, e), expected=weight) for k, weight in enumerate(s.law.weights[:-1])]

    return Study(e, read)


def _count_reader(s: Setting, chart: str, series: str, quantity: str, e: Experiment) -> Callable[[Arrays], list[Measurement]]:
    """Measurements of an experiment that counts pairs at every time."""

    def read(arrays: Arrays) -> list[Measurement]:
        return [Measurement(s.model.name, chart, series, quantity, {"t": t, "d": e.d, **s.values}, t, _pairs(e), *_counted(arrays, k, e))
                for k, t in enumerate(e.times)]

    return read


def _pairs(e: Experiment) -> int:
    return e.batches * e.groups * e.samples


def _counted(arrays: Arrays, k: int, e: Experiment) -> tuple[Counts, PairedCounts]:
    """The k-th share and what halving the steps changed in it."""
    same, gained, lost = (int(arrays[name][:, k].sum()) for name in ("same", "gained", "lost"))
    return Counts(same, _pairs(e)), PairedCounts(gained, lost, _pairs(e))
