"""What a plan is made of: budgets, a model with numbers for its parameters, an experiment with how it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regimes.numerics.predict import predict
from regimes.theory.errors import RegimesError
from regimes.theory.laws import Law
from regimes.theory.model import DataModel
from regimes.validate.evidence.compare import Chart, Measurement
from regimes.validate.laws import in_numbers
from regimes.validate.runs.experiment import Arrays, Experiment

EXCESS = Chart("Excess entropy", r"excess entropy  $f^{\,e}(t)$  [nats per dimension]")
COLLAPSE = Chart("Collapse probability", r"collapse probability  $\varphi_C(t)$")
DECODING = Chart("Nearest datum", "nearest datum at $t$ is the final one")
FREEZING = Chart("Freeze time", "frozen before $t$: reverse less forward")
CLONING = Chart("Clone agreement", r"clone agreement  $\varphi(t)$")
SHARES = Chart("Class frequencies", "frequency of the class")
WRONG_SHARES = Chart("Frequency of the first class, weights of the score reversed below t", "frequency of the first class")
TIMES = Chart("Collapse time", r"collapse time  $t_C$")
INFORMATION = Chart("Information", r"information  $I(t)$  [nats per dimension]")
DISPERSION = Chart("Dispersion", r"dispersion  $V(t)$")
FREE = Chart("Free energy", r"free energy  $\psi$  per $d$")
ENTROPY = Chart("Entropy", "entropy  [nats per $d$]")
PARTICIPATION = Chart("Participation ratio", "participation ratio")


@dataclass(frozen=True)
class Budget:
    """How much is simulated.

    Attributes
    ----------
    batches : float
        Factor on the number of samples; on the number of batches of nearly every experiment.
    samples : int
        Part of it that goes into larger groups instead, where groups are bundles of independent samples and fill the disk.
    steps : float
        Factor on the number of time steps, so that the time step's error falls with the statistical one.
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
    def law(self) -> Law:
        """The law in plain numbers, so that equal laws have equal keys."""
        return in_numbers(self.model.law(self.values))

    def locate(self, quantity: str, **given: Any) -> float:
        """A predicted time, to three digits: where to measure."""
        arguments: dict[str, Any] = {**self.values, **given}
        found = predict(self.model, quantity, **arguments)
        if found.status.ravel()[0] != "ok":
            raise RegimesError(f"{self.model.name} has no {quantity} for {given}: {found.reason.ravel()[0]}; there is nothing to check")
        return float(f"{found.value.ravel()[0]:.3g}")

    def reached(self, candidates: Sequence[Mapping[str, float]]) -> dict[str, float]:
        """The first of the candidates (alpha, or n and d) for which there is a collapse: data of little entropy need a small alpha."""
        for given in candidates:
            arguments: dict[str, Any] = {**self.values, **given}
            if predict(self.model, "collapse-time", **arguments).ok.all():
                return dict(given)
        raise RegimesError(f"{self.model.name} has no collapse-time for any of {candidates}; there is nothing to check")

    def label(self, **more: Any) -> str:
        """Parameters that differ from the defaults, for the name of a curve."""
        own = {p.name: self.values[p.name] for p in self.model.params if self.values[p.name] != p.default}
        return ", ".join(f"{name} = {value:g}" for name, value in {**more, **own}.items())


def settings(model: DataModel) -> list[Setting]:
    """The model at its defaults; parameters that have none take a smaller and a larger one of their typical values."""
    required = [p for p in model.params if p.default is None]
    if not required:
        return [Setting(model, model.complete({}))]
    quarters = ({p.name: (1 - share) * p.typical[0] + share * p.typical[1] for p in required} for share in (0.25, 0.75))
    return [Setting(model, model.complete({name: float(f"{x:.2g}") for name, x in given.items()})) for given in quarters]


@dataclass(frozen=True)
class Study:
    """An experiment, and how its arrays become measurements."""

    experiment: Experiment
    read: Callable[[Arrays], list[Measurement]]


def times_around(middle: float, factors: Sequence[float] = (), offsets: Sequence[float] = ()) -> tuple[float, ...]:
    """Times around a transition, to three digits."""
    return tuple(float(f"{t:.3g}") for t in [*(middle * f for f in factors), *(middle + o for o in offsets)])


def pairs(e: Experiment) -> int:
    """Number of samples of the whole experiment."""
    return e.batches * e.groups * e.samples
