"""Studies of data sets: excess entropy and collapse probability from the forward channel, clones by the reverse process."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from regimes.numerics.quantities.table import get_quantity
from regimes.validate.evidence.compare import Measurement
from regimes.validate.evidence.intervals import Averages, Bounded
from regimes.validate.plans.study import COLLAPSE, DECODING, EXCESS, FREEZING, Budget, Setting, Study, times_around
from regimes.validate.runs.experiment import Arrays, Experiment, seed_for

MANY, FEW = (0.6, 0.75, 0.9, 1.0, 1.15, 1.4, 2.0, 3.0), (0.7, 0.9, 1.1, 1.5, 2.5)
"""Times over that of the collapse; few where a prediction takes seconds."""


def forward_data(
    s: Setting, budget: Budget, seed: int, *, n: int, d: int, batches: int, groups: int, bundle: int, method: str, scheme: str = "",
    factors: Sequence[float] = MANY,
) -> Study:  # fmt: skip
    """Excess entropy and collapse probability from the forward channel, every data set a fresh one.

    Compared with the integrals for finite n and d (`method` "exact") where the law has them quickly; else with the collapse window, and
    what that misses is measured on the same samples, without the theory's information and dispersion, and granted (`scheme` "window").
    Where coordinates are not independent so is the difference that the dimension makes to them ("window, quarter").
    """
    times = times_around(s.locate("collapse-time", n=n, d=d), factors=factors)
    own = seed_for(seed, f"{s.model.name} forward-data {s.label()}".rstrip())
    e = Experiment("forward-data", s.law, own, budget.of(batches), groups, bundle, d, n, times, scheme=scheme)

    def read(arrays: Arrays) -> list[Measurement]:
        found = []
        for k, t in enumerate(times):
            given = {"t": t, "n": n, "d": d, **s.values, "method": method}
            samples = arrays["same"].shape[0] * e.samples
            series = f"forward samples, {s.label(n=n, d=d)}"
            excess, same = Averages(arrays["excess"][:, k] / d), Bounded(arrays["same"][:, k])
            missed = [name for name in ("gap", "shift") if f"excess_{name}" in arrays]
            sizes = [tuple(Averages(arrays[f"{of}_{name}"][:, k] / scale) for name in missed) for of, scale in (("excess", d), ("same", 1))]
            found += [
                Measurement(s.model.name, EXCESS, series, "excess-entropy", given, t, samples, excess, size=sizes[0]),
                Measurement(s.model.name, COLLAPSE, series, "collapse-probability", given, t, samples, same, size=sizes[1]),
            ]
        return found

    return Study(e, read)


def data_clones(s: Setting, budget: Budget, seed: int, *, n: int, d: int, batches: int) -> Study:
    """Clones, final datum and freezing by the reverse SDE with the exact empirical score, in full dimension."""
    middle = s.locate("collapse-time", n=n, d=d)
    times = times_around(middle, factors=(0.8, 1.2, 1.7, 2.4))
    e = Experiment(
        "clones-data",
        s.law,
        seed_for(seed, f"{s.model.name} clones-data"),
        budget.of(batches),
        16,
        8,
        d,
        n,
        times,
        times_around(middle, factors=(4.0,))[0],
        round(60 * budget.steps),
        "exponential",
    )
    decodes = "exact" in get_quantity("decoding-probability", s.model).methods

    def read(arrays: Arrays) -> list[Measurement]:
        found = []
        for k, t in enumerate(times):
            given, size = {"t": t, "n": n, "d": d, **s.values}, arrays["same"].shape[0] * e.samples

            def step(name: str, k: int = k) -> Averages | Bounded:
                gains = arrays[f"{name}_gain"][:, k]
                return Averages(gains) if np.ptp(gains) > 0 else Bounded(gains, -1.0, 1.0)

            series = f"reverse SDE, empirical score, n = {n}, d = {d}"
            found += [
                Measurement(
                    s.model.name,
                    COLLAPSE,
                    series,
                    "collapse-probability",
                    {**given, "method": "exact"},
                    t,
                    size,
                    Bounded(arrays["same"][:, k]),
                    step("same"),
                ),
                Measurement(
                    s.model.name,
                    FREEZING,
                    f"frozen before t, less forward paths, n = {n}, d = {d}",
                    "freeze-time",
                    given,
                    t,
                    size,
                    Bounded(arrays["held"][:, k] - arrays["held_forward"][:, k], -1.0, 1.0),
                    step("held"),
                    expected=0.0,
                ),
            ]
            if decodes:
                found.append(
                    Measurement(
                        s.model.name,
                        DECODING,
                        series,
                        "decoding-probability",
                        given,
                        t,
                        size,
                        Bounded(arrays["decided"][:, k]),
                        step("decided"),
                    )
                )
        return found

    return Study(e, read)
