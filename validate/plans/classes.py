"""Studies of classes: clone agreement by three methods, and how often the reverse process ends in each class."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from regimes.numerics.arrays import FloatArray
from regimes.numerics.laws import odds_at
from regimes.numerics.predict import predict
from regimes.numerics.speciation.from_odds import average
from regimes.theory.errors import RegimesError
from regimes.theory.model import DataModel
from regimes.validate.evidence.compare import Measurement
from regimes.validate.evidence.intervals import Averages, Bounded, Counts, PairedCounts
from regimes.validate.laws import class_weights
from regimes.validate.plans.study import CLONING, SHARES, WRONG_SHARES, Budget, Setting, Study, pairs, times_around
from regimes.validate.runs.experiment import Arrays, Experiment, seed_for

MANY, FEW, FEWEST = (-1.0, -0.7, -0.4, -0.15, 0.1, 0.4, 0.7, 1.1), (-0.7, -0.2, 0.2, 0.7), (-0.3, 0.3)
"""Times at which clones are split, from the speciation time."""


def uneven(s: Setting) -> Setting:
    """The same with unequal weights, where the model has a parameter for that."""
    return Setting(s.model, {**s.values, "weight": 0.3}) if "weight" in s.values else s


def parting(s: Setting, d: int) -> float | None:
    """Where the classes part as far as is predicted, to three digits; None where they never do."""
    found = _predicted(s.model, tuple(s.values.items()), d)
    return None if found is None else float(f"{found:.3g}")


def predicted_times(s: Setting, d: int, offsets: Sequence[float]) -> tuple[float, ...]:
    """Times about the predicted parting of the classes."""
    return times_about(_parting(s, d), offsets)


def _parting(s: Setting, d: int) -> float:
    middle = parting(s, d)
    if middle is None:
        raise RegimesError(f"{s.model.name} has no speciation-time for d={d}; there is nothing to check")
    return middle


def times_about(middle: float, offsets: Sequence[float]) -> tuple[float, ...]:
    """Times about the parting of the classes: at these distances, or by their exponentials as factors where it is early."""
    if middle > 1.1:
        return times_around(middle, offsets=offsets)
    return times_around(middle, factors=[math.exp(offset) for offset in offsets])


@cache
def _predicted(model: DataModel, values: tuple[tuple[str, float], ...], d: int) -> float | None:
    for definition in ("snr", "cloning", "noise-balance"):  # the first is for two classes only
        arguments: dict[str, Any] = {**dict(values), "d": d, "definition": definition}
        found = predict(model, "speciation-time", **arguments)
        if found.ok.all():
            return float(found.value.ravel()[0])
    return None


def forward_classes(
    s: Setting, budget: Budget, seed: int, d: int, times: tuple[float, ...], *, batches: int = 8, groups: int = 512, samples: int = 8
) -> Study:
    """Clone agreement from forward samples: all methods must agree."""
    label = s.label(d=d)
    e = Experiment(
        "forward-classes",
        s.law,
        seed_for(seed, f"{s.model.name} forward-classes {label}"),
        budget.of(batches / budget.samples),
        groups,
        samples * budget.samples,
        d,
        times=times,
    )
    lowest = 1 / len(class_weights(e.law, d))  # of a sum of squares of probabilities

    def read(arrays: Arrays) -> list[Measurement]:
        return [
            Measurement(
                s.model.name,
                CLONING,
                f"forward samples, {label}",
                "cloning-probability",
                {"t": t, "d": d, **s.values},
                t,
                pairs(e),
                Bounded(arrays["same"][:, k], lowest),
            )
            for k, t in enumerate(times)
        ]

    return Study(e, read)


def projected_clones(s: Setting, budget: Budget, seed: int, d: int, times: tuple[float, ...]) -> Study:
    """Clones of clusters by the reverse SDE of the overlaps with the means, the only directions in which the score moves x."""
    label = s.label(d=d)
    e = Experiment(
        "clones-projected",
        s.law,
        seed_for(seed, f"{s.model.name} clones-projected {label}"),
        budget.of(16),
        1,
        16384,
        d,
        times=times,
        horizon=times_around(times[0], offsets=(3.5,))[0],
        steps=round(100 * budget.steps),
        scheme="exponential",
    )
    return Study(e, _count_reader(s, f"overlap SDE, {label}", e))


def full_clones(
    s: Setting, budget: Budget, seed: int, d: int, times: tuple[float, ...], scheme: str, batches: int = 16, samples: int = 1024
) -> Study:
    """Clones by the reverse SDE in all d dimensions, with the exact score."""
    e = Experiment(
        "clones-full",
        s.law,
        seed_for(seed, f"{s.model.name} clones-full {scheme}"),
        budget.of(batches),
        1,
        samples,
        d,
        times=times,
        horizon=times_around(max(times), offsets=(1.0,))[0],
        steps=round(80 * budget.steps),
        scheme=scheme,
    )
    return Study(e, _count_reader(s, f"reverse SDE in full, {scheme}, {s.label(d=d)}", e))


def overlap_clones(s: Setting, budget: Budget, seed: int, d: int, times: tuple[float, ...], batches: int = 8) -> Study:
    """Clones by the one-dimensional reverse SDE of the order parameter; what this leaves out is measured, and granted."""
    e = Experiment(
        "clones-overlap",
        s.law,
        seed_for(seed, f"{s.model.name} clones-overlap {d}"),
        budget.of(batches),
        16,
        128,
        d,
        times=times,
        horizon=times_around(max(times), offsets=(1.0,))[0],
        steps=round(80 * budget.steps),
        scheme="exponential",
    )
    return Study(e, _count_reader(s, f"overlap SDE, {s.label(d=d)}", e))


def all_shares(s: Setting, budget: Budget, seed: int, d: int, *, samples: int) -> list[Study]:
    """Unequal weights: the right score ends in the classes as often as the data do, a wrong one as often as is predicted of it."""
    middle = _parting(s, d)
    return [
        shares(s, budget, seed, d, middle, "shares-sde", "exponential", samples=samples),
        shares(s, budget, seed, d, middle, "shares-flow", "heun", samples=samples),
        reversed_shares(s, budget, seed, d, predicted_times(s, d, (-0.7, -0.3, 0.0, 0.4, 1.2)), samples=samples),
    ]


def shares(
    s: Setting, budget: Budget, seed: int, d: int, middle: float, measurement: str, scheme: str, *, batches: int = 4, samples: int = 16384
) -> Study:
    """How often the reverse process ends in a class: as often as the data do, by whichever method; the classes part at `middle`."""
    e = Experiment(
        measurement,
        s.law,
        seed_for(seed, f"{s.model.name} {measurement}"),
        budget.of(batches),
        1,
        samples,
        d,
        horizon=times_around(middle, offsets=(2.5,))[0],
        steps=round(100 * budget.steps),
        scheme=scheme,
    )
    method = "reverse SDE" if measurement == "shares-sde" else "probability flow"

    def read(arrays: Arrays) -> list[Measurement]:
        return [
            Measurement(
                s.model.name,
                SHARES,
                f"{method}, {s.label(d=d)}",
                "class-frequency",
                {"class": k, "d": d, **s.values},
                float(k),
                pairs(e),
                *_counted(arrays, k, e),
                expected=float(weight),
            )
            for k, weight in enumerate(class_weights(e.law, d)[:-1])
        ]

    return Study(e, read)


def reversed_shares(s: Setting, budget: Budget, seed: int, d: int, times: tuple[float, ...], *, samples: int) -> Study:
    """A score whose weights stand in reverse order below a time t: how often it ends in the first class."""
    e = Experiment(
        "shares-reversed",
        s.law,
        seed_for(seed, f"{s.model.name} shares-reversed"),
        budget.of(3),
        1,
        samples,
        d,
        times=times,
        steps=round(60 * budget.steps),
        scheme="exponential",
    )

    def read(arrays: Arrays) -> list[Measurement]:
        expected = reversed_frequency(s, np.array(times), d)
        return [
            Measurement(
                s.model.name,
                WRONG_SHARES,
                f"reverse SDE, {s.label(d=d)}",
                "class-frequency",
                {"class": 0, "t": t, "d": d, **s.values},
                t,
                pairs(e),
                *_counted(arrays, k, e),
                expected=float(expected[k]),
            )
            for k, t in enumerate(times)
        ]

    return Study(e, read)


def reversed_frequency(s: Setting, t: FloatArray, d: int) -> FloatArray:
    """Frequency of the first class under a score whose weights stand in reverse order below t, (T,).

    Above t the score is right, so that x_t has the law P_t of the data. Below, the score is that of the law P' with the wrong weights,
    and its reverse process carries x_t to the class c with the posterior probability p'(c|x_t) of that law: this is
    E p'(first|x_t), x_t ~ P_t. It rises from the right weight at t = 0, where x_t tells the class, to the wrong one at large t, where it
    tells nothing.
    """

    def posterior(log_odds: FloatArray, weights: FloatArray, own: int) -> FloatArray:
        del own
        wrong = weights[..., ::-1] * np.exp(log_odds - log_odds.max(axis=-1, keepdims=True))
        return np.asarray(wrong[..., :1] / wrong.sum(axis=-1, keepdims=True))

    law = odds_at(s.model, {name: np.full(len(t), value) for name, value in s.values.items()})
    return average(law, t, np.full(len(t), float(d)), posterior).value


def _count_reader(s: Setting, series: str, e: Experiment) -> Callable[[Arrays], list[Measurement]]:
    """Clone agreement from an experiment that counts pairs at every time."""

    def read(arrays: Arrays) -> list[Measurement]:
        return [
            Measurement(
                s.model.name,
                CLONING,
                series,
                "cloning-probability",
                {"t": t, "d": e.d, **s.values},
                t,
                pairs(e),
                *_counted(arrays, k, e),
                size=(Averages(arrays["gap"][:, k]),) if "gap" in arrays else (),
            )
            for k, t in enumerate(e.times)
        ]

    return read


def _counted(arrays: Arrays, k: int, e: Experiment) -> tuple[Counts, PairedCounts]:
    """The k-th share and what halving the steps changed in it."""
    same, gained, lost = (int(arrays[name][:, k].sum()) for name in ("same", "gained", "lost"))
    return Counts(same, pairs(e)), PairedCounts(gained, lost, pairs(e))
