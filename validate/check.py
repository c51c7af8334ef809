"""`check`: every prediction of a model against simulations of the reverse diffusion, with one false-alarm rate for the whole run."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from regimes.numerics.model_files.reader import get_model
from regimes.terminal import Callback, parts, shown
from regimes.theory.errors import InputError, RegimesError, UnknownNameError
from regimes.theory.model import DataModel, all_models
from regimes.validate.evidence.compare import Curve, Measurement, judge
from regimes.validate.laws import answers
from regimes.validate.pages.report import FALSE_ALARM, Report
from regimes.validate.plans import plan
from regimes.validate.plans.study import BUDGETS
from regimes.validate.runs.claims import Claim, Predict, Said, answered
from regimes.validate.runs.store import run

__all__ = ["Curve", "Report", "check"]

CURVE_POINTS = 61

SLOW = ("exact", "window")
"""Methods of which no curve is drawn between the compared points: every point is an integral."""


def check(
    models: DataModel | str | Iterable[DataModel | str] | None = None,
    *,
    budget: str = "quick",
    seed: int = 0,
    workers: int | None = None,
    out: str | Path | None = None,
    progress: Callback | bool | None = None,
    predict: Predict | None = None,
    family_error: float = FALSE_ALARM,
) -> Report:
    """Simulate, predict, compare.

    Parameters
    ----------
    models : DataModel, str or iterable of these
        Models or their names; all models if None.
    budget : str
        "quick" (minutes), "standard" (ten times the samples) or "thorough" (a hundred times).
    seed : int
        Whole number >= 0 that decides every random number.
    workers : int
        Number of processes; does not change the result.
    out : str or Path
        Folder for report.html, comparisons.json, the raw batches and what theory says; what is there already is not computed again.
    progress : callable or bool
        Called as ``progress(what, done, total)`` after every batch, prediction, derivation and section of the page; None shows a bar on
        standard error if that is a terminal, False nothing.
    predict : callable
        Theory to be checked; by default `regimes.numerics.predict.predict`.
    family_error : float
        Probability that any comparison of the run disagrees although theory and simulation are right.

    Returns
    -------
    Report
        Comparisons; `.agrees` is the verdict.

    Raises
    ------
    UnknownNameError, InputError, MissingExtraError
        Before anything is simulated.
    SimulationError
        Workers died repeatedly; what is finished is kept.
    """
    chosen = _models(models)
    if budget not in BUDGETS:
        raise UnknownNameError("budget", budget, [name for name in BUDGETS if name != "smoke"])
    if seed < 0 or not 0 < family_error < 1:
        raise InputError(f"seed={seed}, family_error={family_error}: need a whole number seed >= 0 and 0 < family_error < 1")
    if out is not None:
        from regimes.validate.pages.check_page import require_extras

        require_extras()
    studies = [study for model in chosen for study in plan(model, BUDGETS[budget], seed)]
    with tempfile.TemporaryDirectory() as temporary, shown(progress) as show:
        simulating, predicting, drawing = parts(show, 60, 30, 0 if out is None else 10)
        folder = Path(temporary if out is None else out)
        results = run([s.experiment for s in studies], folder / "batches", workers=workers, progress=simulating)
        measurements = [m for study, arrays in zip(studies, results, strict=True) for m in study.read(arrays)]
        named = {model.name: model for model in chosen}
        questions = _Questions.about(named, measurements, page=out is not None, derived=predict is None)
        said = answered(questions.claims, named, predict, folder / "theory", workers, predicting)
        comparisons = judge(measurements, questions.predictions(measurements, said), family_error)
        curves, derivations = questions.curves(said), questions.derivations(said)
        report = Report(tuple(chosen), budget, seed, family_error, comparisons, curves, predict is None, derivations)
        if out is not None:
            report.write(out, drawing)
    return report


def _models(models: DataModel | str | Iterable[DataModel | str] | None) -> list[DataModel]:
    if models is None:
        return list(all_models().values())
    given = [models] if isinstance(models, (str, DataModel)) else list(models)
    return [get_model(m) if isinstance(m, str) else m for m in given]


@dataclass
class _Series:
    """Measurements whose predictions differ in one parameter only, nearly always the time: those on one curve."""

    model: str
    quantity: str
    given: dict[str, Any]
    along: str
    members: list[int]
    positions: list[float]

    def claim(self, positions: Sequence[float]) -> Claim:
        """What is predicted at these positions."""
        where = {self.along: list(positions)} if self.positions else {}
        return Claim(f"{self.model} {self.quantity}", self.model, self.quantity, {**self.given, **where})


def _all_series(measurements: Sequence[Measurement]) -> list[_Series]:
    found: dict[str, _Series] = {}
    for k, m in enumerate(measurements):
        if m.expected is None:
            given = {name: value for name, value in m.parameters.items() if name != m.along}
            series = found.setdefault(repr((m.model, m.quantity, given)), _Series(m.model, m.quantity, given, m.along, [], []))
            series.members.append(k)
            series.positions += [m.parameters[m.along]] if m.along in m.parameters else []
    return list(found.values())


@dataclass(frozen=True)
class _Questions:
    """What theory is asked: one claim for all points of a series, for a curve between them, for a derivation on the page."""

    series: list[_Series]
    drawn: list[_Series]
    derived: list[Claim]

    @classmethod
    def about(cls, models: Mapping[str, DataModel], measurements: Sequence[Measurement], *, page: bool, derived: bool) -> _Questions:
        series = _all_series(measurements)
        if not page:
            return cls(series, [], [])
        from regimes.validate.pages.check_page import derivations

        drawn = [s for s in series if len(set(s.positions)) > 1 and not _slow(models[s.model], s)]
        return cls(series, drawn, derivations(list(models.values())) if derived else [])

    @property
    def claims(self) -> list[Claim]:
        """All of them."""
        points = [s.claim(np.unique(s.positions).tolist()) for s in self.series]  # several methods measure at the same times
        return [*points, *(s.claim(_grid(s)) for s in self.drawn), *self.derived]

    def predictions(self, measurements: Sequence[Measurement], said: Sequence[Said]) -> list[tuple[float, float]]:
        """(value, error) for every measurement."""
        found = [(m.expected if m.expected is not None else np.nan, 0.0) for m in measurements]
        for series, answer in zip(self.series, said[: len(self.series)], strict=True):
            places, which = np.unique(series.positions, return_inverse=True)
            shape = len(places) or 1
            every = which if len(places) else np.zeros(len(series.members), dtype=np.intp)
            columns = (np.broadcast_to(answer[name], shape)[every] for name in ("value", "error", "status", "reason"))
            for k, value, error, status, reason in zip(series.members, *columns, strict=True):
                if status != "ok":
                    raise RegimesError(f"{series.model} gives no {series.quantity} for {measurements[k].parameters}: {reason}")
                found[k] = float(value), float(error)
        return found

    def curves(self, said: Sequence[Said]) -> tuple[Curve, ...]:
        """Predictions between the measured points, for the figures."""
        answers_drawn = said[len(self.series) : len(self.series) + len(self.drawn)]
        return tuple(
            Curve(s.model, s.quantity, s.given, tuple(_grid(s)), tuple(answer["value"].tolist()))
            for s, answer in zip(self.drawn, answers_drawn, strict=True)
        )

    def derivations(self, said: Sequence[Said]) -> tuple[tuple[Claim, Said], ...]:
        """The derivations on the page."""
        return tuple(zip(self.derived, said[len(self.series) + len(self.drawn) :], strict=True))


def _grid(s: _Series) -> list[float]:
    return [float(x) for x in np.linspace(min(s.positions), max(s.positions), CURVE_POINTS)]


def _slow(model: DataModel, s: _Series) -> bool:
    """Whether every point of a curve takes long: none is drawn then between the compared points."""
    return s.given.get("method") in SLOW or s.quantity in answers(model.family).slow(model)
