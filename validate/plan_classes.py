"""Studies of classes: clone agreement from forward samples and by the reverse process, and how often it ends in each class."""

from __future__ import annotations

from collections.abc import Callable

from regimes.theory.laws import GaussianClusters
from regimes.validate.compare import Measurement
from regimes.validate.experiment import Arrays, Experiment, seed_for
from regimes.validate.statistics import Bounded, Counts, PairedCounts
from regimes.validate.study import CLONING, SHARES, Budget, Setting, Study, pairs, times_around


def class_weights(s: Setting) -> tuple[float, ...]:
    """Probabilities of the classes: of the clusters, else one class."""
    law = s.law
    return law.weights if isinstance(law, GaussianClusters) else (1.0,)


def forward_classes(s: Setting, budget: Budget, seed: int, d: int) -> Study:
    """Clone agreement from forward samples: both roads must agree."""
    times = _clone_times(s, d)
    label = s.label(d=d)
    e = Experiment("forward-classes", s.law, seed_for(seed, f"{s.model.name} forward-classes {label}"),
                   budget.of(32 / budget.samples), 4096, 16 * budget.samples, d, times=times)

    def read(arrays: Arrays) -> list[Measurement]:
        lowest = 1 / len(class_weights(s))  # of a sum of squares of probabilities
        return [Measurement(s.model.name, CLONING, f"forward samples, {label}", "cloning-probability", {"t": t, "d": d, **s.values}, t,
                            pairs(e), Bounded(arrays["same"][:, k], lowest)) for k, t in enumerate(times)]

    return Study(e, read)


def _clone_times(s: Setting, d: int) -> tuple[float, ...]:
    return times_around(s.locate("speciation-time", d=d, definition="snr"), offsets=(-1.0, -0.7, -0.4, -0.15, 0.1, 0.4, 0.7, 1.1))


def projected_clones(s: Setting, budget: Budget, seed: int, d: int) -> Study:
    """Clones by the reverse SDE in the directions in which the score moves x."""
    times = _clone_times(s, d)
    label = s.label(d=d)
    e = Experiment("clones-projected", s.law, seed_for(seed, f"{s.model.name} clones-projected {label}"), budget.of(16), 1, 16384, d,
                   times=times, horizon=times_around(times[0], offsets=(3.5,))[0], steps=round(100 * budget.steps), scheme="exponential")
    return Study(e, _count_reader(s, CLONING, f"reverse SDE, {label}", "cloning-probability", e))


def full_clones(s: Setting, budget: Budget, seed: int, d: int, scheme: str) -> Study:
    """Clones by the reverse SDE in all d dimensions."""
    times = times_around(s.locate("speciation-time", d=d, definition="snr"), offsets=(-0.7, -0.2, 0.2, 0.7))
    e = Experiment("clones-full", s.law, seed_for(seed, f"{s.model.name} clones-full {scheme}"), budget.of(16), 1, 1024, d, times=times,
                   horizon=times_around(times[0], offsets=(3.0,))[0], steps=round(100 * budget.steps), scheme=scheme)
    return Study(e, _count_reader(s, CLONING, f"reverse SDE in full, {scheme}, {s.label(d=d)}", "cloning-probability", e))


def shares(s: Setting, budget: Budget, seed: int, d: int, kind: str, scheme: str) -> Study:
    """How often the reverse process ends in a class: as often as the data do, whatever the way."""
    e = Experiment(kind, s.law, seed_for(seed, f"{s.model.name} {kind}"), budget.of(4), 1, 16384, d,
                   horizon=times_around(s.locate("speciation-time", d=d, definition="snr"), offsets=(2.5,))[0],
                   steps=round(100 * budget.steps), scheme=scheme)
    way = "reverse SDE" if kind == "shares-sde" else "probability flow"

    def read(arrays: Arrays) -> list[Measurement]:
        return [Measurement(s.model.name, SHARES, f"{way}, {s.label(d=d)}", "class-frequency", {"class": k, "d": d, **s.values}, float(k),
                            pairs(e), *_counted(arrays, k, e), expected=weight) for k, weight in enumerate(class_weights(s)[:-1])]

    return Study(e, read)


def _count_reader(s: Setting, chart: str, series: str, quantity: str, e: Experiment) -> Callable[[Arrays], list[Measurement]]:
    """Measurements of an experiment that counts pairs at every time."""

    def read(arrays: Arrays) -> list[Measurement]:
        return [Measurement(s.model.name, chart, series, quantity, {"t": t, "d": e.d, **s.values}, t, pairs(e), *_counted(arrays, k, e))
                for k, t in enumerate(e.times)]

    return read


def _counted(arrays: Arrays, k: int, e: Experiment) -> tuple[Counts, PairedCounts]:
    """The k-th share and what halving the steps changed in it."""
    same, gained, lost = (int(arrays[name][:, k].sum()) for name in ("same", "gained", "lost"))
    return Counts(same, pairs(e)), PairedCounts(gained, lost, pairs(e))
