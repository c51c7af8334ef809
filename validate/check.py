"""`check`: every prediction of a model against simulations of the reverse diffusion, with one false-alarm rate for the whole run."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from regimes._version import __version__
from regimes.numerics.estimate import Estimate
from regimes.numerics.files import write_whole
from regimes.numerics.model_files.reader import get_model
from regimes.numerics.predict import predict as theory
from regimes.theory.errors import InputError, RegimesError, UnknownNameError
from regimes.theory.model import DataModel, all_models
from regimes.validate.evidence.compare import Comparison, Measurement, judge
from regimes.validate.evidence.intervals import POWER
from regimes.validate.laws import answers
from regimes.validate.plans import plan
from regimes.validate.plans.study import BUDGETS
from regimes.validate.runs.experiment import program
from regimes.validate.runs.store import Progress, run

__all__ = ["Curve", "Report", "check"]

FAMILY_ERROR = 1e-3
"""Probability of any false alarm in one run."""

CURVE_POINTS = 61

SLOW = ("exact", "window")
"""Methods of which no curve is drawn between the compared points: every point is an integral."""

Predict = Callable[..., Estimate]
"""A theory: called as `regimes.numerics.predict.predict`."""


@dataclass(frozen=True)
class Curve:
    """A predicted curve: values at `positions` for every measurement with these parameters."""

    model: str
    quantity: str
    parameters: dict[str, Any]
    positions: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Report:
    """Outcome of `check`; `write` leaves it as a page and as JSON."""

    models: tuple[DataModel, ...]
    budget: str
    seed: int
    family_error: float
    comparisons: tuple[Comparison, ...]
    curves: tuple[Curve, ...] = ()
    derived: bool = True
    """Whether the theory that was checked is the one that this program derives (the page then shows the derivations)."""

    @property
    def agrees(self) -> bool:
        """Whether every prediction agrees with its measurement."""
        return all(c.agrees for c in self.comparisons)

    @property
    def command(self) -> str:
        """The command that makes these numbers, in any folder and with any number of workers."""
        return f"regimes check {' '.join(m.name for m in self.models)} --budget {self.budget} --seed {self.seed}"

    @property
    def program(self) -> str:
        """Versions of what made the numbers."""
        return f"regimes {__version__}, {program()}"

    def to_json(self) -> str:
        """Everything as JSON; the same run gives the same bytes."""
        head = {"command": self.command, "program": self.program, "family_error": self.family_error, "power": POWER, "agrees": self.agrees}
        return json.dumps({**head, "comparisons": [c.as_json() for c in self.comparisons]}, indent=1, allow_nan=False) + "\n"

    def table(self) -> str:
        """One line per comparison, aligned."""
        head = ("model", "quantity", "at", "measured by", "prediction", "measured", "+-", "granted", "detects", "verdict")
        rows: list[tuple[str, ...]] = [head]
        for c in self.comparisons:
            numbers = (f"{x:.5f}" for x in (c.prediction, c.measured, c.statistical, c.granted, c.detectable))
            rows.append((c.model, c.quantity, f"{c.position:g}", c.series, *numbers, "agrees" if c.agrees else "DISAGREES"))
        widths = [max(len(row[k]) for row in rows) for k in range(len(head))]
        return "".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n" for row in rows)

    def write(self, out: str | Path) -> None:
        """Write report.html and comparisons.json into the folder `out`, each whole or not at all."""
        from regimes.validate.pages.check_page import page

        folder, text = Path(out), page(self)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / "report.html", text)
            write_whole(folder / "comparisons.json", self.to_json())
        except OSError as problem:
            raise InputError(f"cannot write into {folder} ({problem.strerror}); name a folder that can be written") from None


def check(
    models: DataModel | str | Iterable[DataModel | str] | None = None,
    *,
    budget: str = "quick",
    seed: int = 0,
    workers: int | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
    predict: Predict | None = None,
    family_error: float = FAMILY_ERROR,
) -> Report:
    """Simulate, predict, compare.

    Parameters
    ----------
    models : models or their names; all models if None.
    budget : "quick" (minutes), "standard" (ten times the samples) or "thorough" (a hundred times).
    seed : whole number >= 0 that decides every random number.
    workers : number of processes; does not change the result.
    out : folder for report.html, comparisons.json and the raw batches; what is there already is not simulated again.
    progress : called as ``progress(what, done, total)`` after every batch.
    predict : theory to be checked; by default `regimes.numerics.predict.predict`.
    family_error : probability that any comparison of the run disagrees although theory and simulation are right.

    Returns
    -------
    Report : comparisons; `.agrees` is the verdict.

    Raises
    ------
    UnknownNameError, InputError, MissingExtraError : before anything is simulated.
    SimulationError : workers died repeatedly; what is finished is kept.
    """
    chosen = _models(models)
    if budget not in BUDGETS:
        raise UnknownNameError("budget", budget, [name for name in BUDGETS if name != "smoke"])
    if seed < 0 or not 0 < family_error < 1:
        raise InputError(f"seed={seed}, family_error={family_error}: need a whole number seed >= 0 and 0 < family_error < 1")
    if out is not None:
        from regimes.validate.pages.check_page import require_extras

        require_extras()
    claim = predict or theory
    studies = [study for model in chosen for study in plan(model, BUDGETS[budget], seed)]
    with tempfile.TemporaryDirectory() as temporary:
        batches = Path(temporary if out is None else out) / "batches"
        results = run([s.experiment for s in studies], batches, workers=workers, progress=progress)
    measurements = [m for study, arrays in zip(studies, results, strict=True) for m in study.read(arrays)]
    named = {model.name: model for model in chosen}
    comparisons = judge(measurements, _predictions(named, measurements, claim), family_error)
    curves = () if out is None else _curves(named, measurements, claim)
    report = Report(tuple(chosen), budget, seed, family_error, comparisons, curves, derived=predict is None)
    if out is not None:
        report.write(out)
    return report


def _models(models: DataModel | str | Iterable[DataModel | str] | None) -> list[DataModel]:
    if models is None:
        return list(all_models().values())
    given = [models] if isinstance(models, (str, DataModel)) else list(models)
    return [get_model(m) if isinstance(m, str) else m for m in given]


@dataclass
class _Family:
    """Measurements whose predictions differ in one parameter only, nearly always the time."""

    model: str
    quantity: str
    given: dict[str, Any]
    along: str
    members: list[int]
    positions: list[float]

    def estimate(self, models: Mapping[str, DataModel], predict: Predict, positions: Sequence[float]) -> Estimate:
        where = {self.along: np.asarray(positions)} if self.positions else {}
        return predict(models[self.model], self.quantity, **self.given, **where)


def _families(measurements: Sequence[Measurement]) -> list[_Family]:
    families: dict[str, _Family] = {}
    for k, m in enumerate(measurements):
        if m.expected is None:
            given = {name: value for name, value in m.parameters.items() if name != m.along}
            family = families.setdefault(repr((m.model, m.quantity, given)), _Family(m.model, m.quantity, given, m.along, [], []))
            family.members.append(k)
            family.positions += [m.parameters[m.along]] if m.along in m.parameters else []
    return list(families.values())


def _predictions(models: Mapping[str, DataModel], measurements: Sequence[Measurement], predict: Predict) -> list[tuple[float, float]]:
    """(value, error) for every measurement; one call of `predict` for all points of a curve."""
    found = [(m.expected if m.expected is not None else np.nan, 0.0) for m in measurements]
    for family in _families(measurements):
        places, which = np.unique(family.positions, return_inverse=True)  # several roads measure at the same times
        estimate = family.estimate(models, predict, places.tolist())
        shape = len(places) or 1
        every = which if len(places) else np.zeros(len(family.members), dtype=np.intp)
        columns = (np.broadcast_to(a, shape)[every] for a in (estimate.value, estimate.error, estimate.status, estimate.reason))
        for k, value, error, status, reason in zip(family.members, *columns, strict=True):
            if status != "ok":
                raise RegimesError(f"{family.model} gives no {family.quantity} for {measurements[k].parameters}: {reason}")
            found[k] = float(value), float(error)
    return found


def _curves(models: Mapping[str, DataModel], measurements: Sequence[Measurement], predict: Predict) -> tuple[Curve, ...]:
    """Predictions between the measured points, for the figures; not where each takes long."""
    curves = []
    for family in _families(measurements):
        model = models[family.model]
        slow = family.given.get("method") in SLOW or family.quantity in answers(model.family).slow(model)
        if len(set(family.positions)) > 1 and not slow:
            grid = np.linspace(min(family.positions), max(family.positions), CURVE_POINTS)
            values = family.estimate(models, predict, grid.tolist()).value
            curves.append(Curve(family.model, family.quantity, family.given, tuple(grid.tolist()), tuple(values.tolist())))
    return tuple(curves)
