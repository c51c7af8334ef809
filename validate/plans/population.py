"""Studies of the population law: information, dispersion and the volume argument for the collapse time; Derrida's levels themselves."""

from __future__ import annotations

import math

from regimes.numerics.quantities.table import get_quantity
from regimes.validate.evidence.compare import Measurement
from regimes.validate.evidence.intervals import Averages, Bounded, Crossing, chebyshev, interpolated
from regimes.validate.laws import class_weights
from regimes.validate.plans.study import DISPERSION, ENTROPY, FREE, INFORMATION, PARTICIPATION, TIMES, Budget, Setting, Study, pairs
from regimes.validate.runs.experiment import Arrays, Experiment, seed_for


def collapse_time(s: Setting, budget: Budget, seed: int, *, alpha: float, d: int) -> Study:
    """The volume argument for clusters: where the mean information density per dimension of the population law crosses alpha."""
    middle, law = s.locate("collapse-time", alpha=alpha), s.law
    weights = class_weights(law, d)
    nodes = chebyshev(0.8 * middle, 1.25 * middle, 12)
    e = Experiment("information", law, seed_for(seed, f"{s.model.name} information"), budget.of(32), 16, 32, d, times=tuple(nodes.tolist()))

    def read(arrays: Arrays) -> list[Measurement]:
        crossing = Crossing(nodes, arrays["total"], alpha)
        return [
            Measurement(
                s.model.name,
                TIMES,
                f"volume argument, d = {d}",
                "collapse-time",
                {"alpha": alpha, **s.values},
                alpha,
                pairs(e),
                crossing,
                size=(shift(arrays, crossing),) if len(weights) > 1 else (),
            )
        ]

    def shift(arrays: Arrays, crossing: Crossing) -> Bounded:
        """What x says about the class is no part of the extensive information: at finite d it moves the crossing by so much."""
        values = interpolated(nodes, arrays["classes"], crossing.mean) / abs(crossing.slope)
        return Bounded(values, 0.0, -math.log(min(weights)) / d / abs(crossing.slope))

    return Study(e, read)


def information(s: Setting, budget: Budget, seed: int, *, alpha: float, d: int, batches: int, finite_size: bool) -> Study:
    """Mean and variance of the information density of the population law around the collapse time, and where the mean crosses alpha.

    Where the dimension matters (`finite_size`: spins that interact, classes) the same is measured in a quarter of the dimension: what
    falls with 1/sqrt(d) or faster differs by at least as much between d/4 and d as between d and the limit.
    """
    nodes = chebyshev(0.75 * (middle := s.locate("collapse-time", alpha=alpha)), 1.4 * middle, 7)
    known = [q for q in ((INFORMATION, "information"), (DISPERSION, "dispersion")) if _of_whole_law(s, q[1])]
    e = Experiment(
        "information-moments",
        s.law,
        seed_for(seed, f"{s.model.name} information {s.label()}"),
        budget.of(batches),
        8,
        32,
        d,
        times=tuple(nodes.tolist()),
        scheme="quarter" if finite_size else "",
    )
    label = s.label(d=d)

    def read(arrays: Arrays) -> list[Measurement]:
        found = []
        for k, t in sorted(enumerate(e.times), key=lambda pair: pair[1]):
            for chart, quantity in known:
                size = (Averages(arrays[f"{quantity}_shift"][:, k]),) if finite_size else ()
                found.append(
                    Measurement(
                        s.model.name,
                        chart,
                        f"population law, {label}",
                        quantity,
                        {"t": t, **s.values},
                        t,
                        pairs(e),
                        Averages(arrays[quantity][:, k]),
                        size=size,
                    )
                )
        crossing = Crossing(nodes, arrays["information"], alpha)
        moved = (Averages(interpolated(nodes, arrays["information_shift"], crossing.mean) / abs(crossing.slope)),) if finite_size else ()
        found.append(
            Measurement(
                s.model.name,
                TIMES,
                f"volume argument, {label}",
                "collapse-time",
                {"alpha": alpha, **s.values},
                alpha,
                pairs(e),
                crossing,
                size=moved,
            )
        )
        return found

    return Study(e, read)


def _of_whole_law(s: Setting, quantity: str) -> bool:
    """Whether a time is all that the prediction needs; what is known of every cluster of a mixture for itself is not that of the whole."""
    found = get_quantity(quantity, s.model)
    first = next(iter(found.methods), None)
    return first is not None and {p.name for p in found.needed(first)} == {"t"}


def random_energies(s: Setting, budget: Budget, seed: int, *, transition: float, d: int, batches: int) -> Study:
    """Free energy, entropy and participation ratio of drawn levels across their transition in the inverse temperature, at finite d."""
    betas = tuple(float(f"{transition * f:.3g}") for f in (0.4, 0.6, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0))
    own = seed_for(seed, f"{s.model.name} {d}")
    e = Experiment("random-energies", s.law, own, budget.of(batches), 16, 2 ** max(0, 14 - d), d, times=betas)

    def read(arrays: Arrays) -> list[Measurement]:
        found = []
        for k, beta in enumerate(betas):
            given = {**s.values, "beta": beta, "d": d, "method": "exact"}
            charts = (
                (FREE, "free-energy", Averages(arrays["free"][:, k])),
                (ENTROPY, "entropy", Averages(arrays["entropy"][:, k])),
                (PARTICIPATION, "participation-ratio", Bounded(arrays["participation"][:, k])),
            )
            found += [
                Measurement(s.model.name, chart, f"drawn levels, d = {d}", quantity, given, beta, pairs(e), evidence, along="beta")
                for chart, quantity, evidence in charts
            ]
        return found

    return Study(e, read)
