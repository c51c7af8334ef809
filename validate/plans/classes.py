"""Studies of classes: clone agreement by three roads, and how often the reverse process ends in each class."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from regimes.numerics.collapse.levels import FloatArray
from regimes.numerics.predict import predict
from regimes.numerics.speciation.from_odds import average
from regimes.numerics.speciation.odds import odds
from regimes.theory.laws import CurieWeiss, GaussianClusters, IsingChains, Mixture
from regimes.theory.model import DataModel
from regimes.validate.evidence.compare import Measurement
from regimes.validate.evidence.intervals import Averages, Bounded, Counts, PairedCounts
from regimes.validate.laws.class_scores import class_probabilities
from regimes.validate.plans.study import CLONING, SHARES, WRONG_SHARES, Budget, Setting, Study, pairs, times_around
from regimes.validate.runs.experiment import Arrays, Experiment, seed_for
from regimes.validate.simulation.channel import magnetisation
from regimes.validate.simulation.scores import softmax

MANY, FEW, FEWEST = (-1.0, -0.7, -0.4, -0.15, 0.1, 0.4, 0.7, 1.1), (-0.7, -0.2, 0.2, 0.7), (-0.3, 0.3)
"""Times at which clones are split, from the speciation time."""


def clusters(s: Setting, uneven: Setting, budget: Budget, seed: int) -> list[Study]:
    """Clusters of one width, everything in the directions of the means but for one study in full dimension."""
    studies = []
    for where, d in ((s, 32), (s, 256), (s, 4096), *(((uneven, 256),) if uneven != s else ())):
        studies += [forward_classes(where, budget, seed, d), projected_clones(where, budget, seed, d)]
    studies += [full_clones(s, budget, seed, 32, FEW, scheme) for scheme in ("euler", "exponential")]
    return studies + _shares(uneven, budget, seed, 64)


def unequal_clusters(s: Setting, uneven: Setting, budget: Budget, seed: int) -> list[Study]:
    """Clusters of different widths, or more than two: in full dimension; classes that differ in the width only also by the length of x."""
    law = s.law
    assert isinstance(law, Mixture)
    if law.class_count == 1 or any(c.sd == 0 for c in law.clusters) or _middle(s, 32) is None:
        return []
    d = max(32, law.rank)
    studies = [forward_classes(s, budget, seed, d), full_clones(s, budget, seed, d, FEW, "exponential", batches=8, samples=512)]
    if law.rank == 0:
        studies.append(overlap_clones(s, budget, seed, d, FEW))
    return studies + (_shares(uneven, budget, seed, d) if uneven != s else [])


def spins(model: DataModel, budget: Budget, seed: int) -> list[Study]:
    """Spins with classes; what is predicted of them takes a while, so few times are looked at."""
    names = {p.name for p in model.params}
    match model.family:
        case CurieWeiss.family if names == {"beta", "h"}:
            s = Setting(model, model.complete({"beta": 1.5}))
            tilted = Setting(model, model.complete({"beta": 1.5, "h": 0.02}))
            return [
                forward_classes(s, budget, seed, 24, FEWEST),
                full_clones(s, budget, seed, 24, FEWEST, "exponential", 4, 384),
                overlap_clones(s, budget, seed, 24, FEWEST, 4),
                forward_classes(s, budget, seed, 256, FEW),
                overlap_clones(s, budget, seed, 256, FEW, 4),
                shares(tilted, budget, seed, 24, "shares-sde", "exponential", batches=2, samples=1024),
            ]
        case IsingChains.family if names == {"beta_a", "beta_b"}:
            s = Setting(model, model.complete({"beta_a": 1.0, "beta_b": 0.35}))
            return [forward_classes(s, budget, seed, 32, FEWEST), full_clones(s, budget, seed, 32, FEWEST, "exponential", 8, 512)]
        case _:
            return []


def _middle(s: Setting, d: int) -> float | None:
    """Where the classes part, to three digits; None where they never do."""
    law = s.law
    match law:
        case CurieWeiss():  # <M^2>/d e^{-2t} = 1
            total, log_weight = magnetisation(law, d)
            found: float | None = 0.5 * math.log(float(softmax(log_weight) @ total**2) / d)
        case IsingChains():
            # KL = 2 to leading order in gamma: gamma^2 |C_a - C_b|^2/4, C the correlations of the spins; a little late at small d
            distance = np.abs(np.subtract.outer(np.arange(d), np.arange(d)))
            difference = math.tanh(law.beta_a) ** distance - math.tanh(law.beta_b) ** distance
            found = 0.5 * math.log1p(float(np.linalg.norm(difference)) / math.sqrt(8))
        case _:
            found = _predicted(s.model, tuple(s.values.items()), d)
    return None if found is None else float(f"{found:.3g}")


@cache
def _predicted(model: DataModel, values: tuple[tuple[str, float], ...], d: int) -> float | None:
    for definition in ("snr", "cloning", "noise-balance"):  # the first is for two classes only
        arguments: dict[str, Any] = {**dict(values), "d": d, "definition": definition}
        found = predict(model, "speciation-time", **arguments)
        if found.ok.all():
            return float(found.value.ravel()[0])
    return None


def _times(s: Setting, d: int, offsets: Sequence[float]) -> tuple[float, ...]:
    """Times about the parting of the classes: at these distances, or by their exponentials as factors where it is early."""
    middle = _middle(s, d)
    assert middle is not None
    if middle > 1.1:
        return times_around(middle, offsets=offsets)
    return times_around(middle, factors=[math.exp(offset) for offset in offsets])


def forward_classes(s: Setting, budget: Budget, seed: int, d: int, offsets: Sequence[float] = MANY) -> Study:
    """Clone agreement from forward samples: all roads must agree."""
    times, law = _times(s, d, offsets), s.law
    label = s.label(d=d)
    flat = isinstance(law, GaussianClusters)  # a few directions are enough: samples cost next to nothing
    batches, groups, samples = (32, 4096, 16) if flat else (8, 128 if isinstance(law, CurieWeiss) else 512, 8)
    e = Experiment(
        "forward-classes",
        law,
        seed_for(seed, f"{s.model.name} forward-classes {label}"),
        budget.of(batches / budget.samples),
        groups,
        samples * budget.samples,
        d,
        times=times,
    )
    lowest = 1 / len(class_probabilities(law, d))  # of a sum of squares of probabilities

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


def projected_clones(s: Setting, budget: Budget, seed: int, d: int) -> Study:
    """Clones of clusters by the reverse SDE of the overlaps with the means, the only directions in which the score moves x."""
    times = _times(s, d, MANY)
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
    s: Setting, budget: Budget, seed: int, d: int, offsets: Sequence[float], scheme: str, batches: int = 16, samples: int = 1024
) -> Study:
    """Clones by the reverse SDE in all d dimensions, with the exact score."""
    times = _times(s, d, offsets)
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


def overlap_clones(s: Setting, budget: Budget, seed: int, d: int, offsets: Sequence[float], batches: int = 8) -> Study:
    """Clones by the one-dimensional reverse SDE of the order parameter; what this leaves out is measured, and granted."""
    times = _times(s, d, offsets)
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


def _shares(s: Setting, budget: Budget, seed: int, d: int) -> list[Study]:
    """Unequal weights: the right score ends in the classes as often as the data do, a wrong one as often as is predicted of it."""
    ways = [shares(s, budget, seed, d, *way) for way in (("shares-sde", "exponential"), ("shares-flow", "heun"))]
    return [*ways, reversed_shares(s, budget, seed, d)]


def shares(s: Setting, budget: Budget, seed: int, d: int, kind: str, scheme: str, batches: int = 4, samples: int = 16384) -> Study:
    """How often the reverse process ends in a class: as often as the data do, whatever the way."""
    law = s.law
    middle = _middle(s, d)
    assert middle is not None
    size = samples if isinstance(law, GaussianClusters) else min(samples, 4096)
    e = Experiment(
        kind,
        law,
        seed_for(seed, f"{s.model.name} {kind}"),
        budget.of(batches),
        1,
        size,
        d,
        horizon=times_around(middle, offsets=(2.5,))[0],
        steps=round(100 * budget.steps),
        scheme=scheme,
    )
    way = "reverse SDE" if kind == "shares-sde" else "probability flow"

    def read(arrays: Arrays) -> list[Measurement]:
        return [
            Measurement(
                s.model.name,
                SHARES,
                f"{way}, {s.label(d=d)}",
                "class-frequency",
                {"class": k, "d": d, **s.values},
                float(k),
                pairs(e),
                *_counted(arrays, k, e),
                expected=float(weight),
            )
            for k, weight in enumerate(class_probabilities(law, d)[:-1])
        ]

    return Study(e, read)


def reversed_shares(s: Setting, budget: Budget, seed: int, d: int) -> Study:
    """A score whose weights stand in reverse order below a time t: how often it ends in the first class."""
    times = _times(s, d, (-0.7, -0.3, 0.0, 0.4, 1.2))
    size = 16384 if isinstance(s.law, GaussianClusters) else 4096
    e = Experiment(
        "shares-reversed",
        s.law,
        seed_for(seed, f"{s.model.name} shares-reversed"),
        budget.of(3),
        1,
        size,
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

    law = odds(s.model, {name: np.full(len(t), value) for name, value in s.values.items()})
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
