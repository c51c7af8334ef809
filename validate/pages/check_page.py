"""One self-contained HTML page of a check: verdict, figures, table, derivations. Needs no network; the same check gives the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from regimes.terminal import Callback
from regimes.theory.errors import MissingExtraError
from regimes.theory.model import DataModel
from regimes.validate.evidence.compare import Comparison
from regimes.validate.laws import answers
from regimes.validate.runs.claims import Claim, Said, answer

if TYPE_CHECKING:
    from regimes.validate.pages.report import Report

NEEDED = ("matplotlib", "jinja2", "latex2mathml")


def require_extras() -> None:
    """`MissingExtraError` unless everything a page needs is installed."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise MissingExtraError(f"a report needs {' and '.join(missing)}: pip install {' '.join(missing)}")


def page(report: Report, progress: Callback | None = None) -> str:
    """The page as HTML; `progress` is called after every section."""
    require_extras()
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    from regimes.validate.pages.figures import styled

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(number=_number, error=_error, probability=_probability)
    template = environment.from_string((files("regimes.validate.pages") / "check.html.j2").read_text(encoding="utf-8"))
    sections, shown_derivations = [], _shown(report.models) if report.derived else {}
    derived = report.derivations
    if derived is None:
        named = {model.name: model for model in report.models}
        derived = tuple((claim, answer(claim, named[claim.model])) for claim in derivations(report.models)) if report.derived else ()
    for done, model in enumerate(report.models, 1):
        own = [c for c in report.comparisons if c.model == model.name]
        charts = []
        for chart in dict.fromkeys(c.chart for c in own):
            shown, name = [c for c in own if c.chart == chart], chart.name
            charts.append({"name": name, "svg": Markup(styled(shown, report.curves, f"{model.name} {name}")), "comparisons": shown})
        stands_for_it = shown_derivations.get(_kind(model))
        own_derivations = [_derivation(claim, said) for claim, said in derived if claim.model == model.name and said["exists"]]
        sections.append({"model": model, "charts": charts, "derivations": own_derivations, "derived_like": stands_for_it})
        if progress is not None:
            progress(f"{model.name} page", done, len(report.models))
    return template.render(
        report=report,
        sections=sections,
        disagreeing=[c for c in report.comparisons if not c.agrees],
        assumptions=_assumptions(report.comparisons),
    )


def _kind(model: DataModel) -> tuple[str, bool]:
    """Models of one kind have derivations of the same steps: one family, and classes or none."""
    return model.family, model.class_count > 1


def _shown(models: Sequence[DataModel]) -> dict[tuple[str, bool], DataModel]:
    """For every kind the model whose derivation stands for all: the first, but rather one whose checks are quick."""
    shown: dict[tuple[str, bool], DataModel] = {}
    for model in sorted(models, key=_slow):  # sorting keeps the order of equals
        shown.setdefault(_kind(model), model)
    return shown


def _slow(model: DataModel) -> bool:
    """Whether checks take half a minute and more."""
    return "derivation" in answers(model.family).slow(model)


def derivations(models: Sequence[DataModel]) -> list[Claim]:
    """The derivations on a page about these models, with the check of every step where checks are quick."""
    return [
        Claim(f"{model.name} {kind}, derivation", model.name, kind, {"checked": not _slow(model)}, derivation=True)
        for model in _shown(models).values()
        for kind in (("collapse", "speciation") if model.class_count > 1 else ("collapse",))
    ]


def _derivation(claim: Claim, said: Said) -> dict[str, Any]:
    """One derivation with the outcome of its checks, as HTML with native MathML."""
    from markupsafe import Markup

    html = Markup(str(said["html"]))
    return {"kind": claim.quantity, "checked": claim.parameters["checked"], "failures": int(said["failures"]), "html": html}


def _assumptions(comparisons: tuple[Comparison, ...]) -> dict[str, int]:
    """On what the intervals rest, and how many each."""
    return {text: sum(c.assumption == text for c in comparisons) for text in dict.fromkeys(c.assumption for c in comparisons)}


def _number(value: float, beside: float) -> str:
    """`value` with the decimals that an error of size `beside` leaves meaningful."""
    import math

    decimals = 6 if beside <= 0 else min(9, max(2, 1 - math.floor(math.log10(beside))))
    return f"{value:.{decimals}f}".replace("-", "−")


def _error(value: float) -> str:
    return "–" if value == 0 else f"{value:.1e}" if value < 1e-6 else f"{value:.2g}"


def _probability(value: Any) -> str:
    return "1" if value >= 0.9995 else f"{value:.2g}" if value >= 1e-4 else f"{value:.0e}" if value > 0 else "0"
