"""One self-contained HTML page of an analysis: numbers, figures, and what the error bars cover. The same analysis gives the same bytes."""

from __future__ import annotations

import math
import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from regimes.validate.data.analysis import Analysis, Curve, Transition, with_error
from regimes.validate.pages.check_page import require_extras
from regimes.validate.pages.figures import COLOURS, INK, PALE, STYLE, svg

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABELS = {
    "excess-entropy": r"excess entropy  $f^{\,e}(t)$",
    "collapse-probability": r"same datum  $\varphi_C(t)$",
    "cloning-probability": r"same class  $\varphi(t)$",
}
NAMES = {
    "spectral": ("t_S", "speciation, spectral"),
    "noise-balance": ("t_S", "speciation, noise balance"),
    "spectral-curvature": ("t_S", "speciation, curvature"),
    "cloning": ("t_S", "speciation, clones"),
    "collapse": ("t_C", "collapse"),
    "gaussian-collapse": ("t_C", "collapse of a Gaussian of this covariance"),
}
LINES: dict[str, tuple[str, Any]] = {  # colour and dashes of the line at each transition
    "collapse": (COLOURS[1], "-"),
    "gaussian-collapse": (COLOURS[1], (0, (5, 2))),
    "cloning": (COLOURS[2], "-"),
    "spectral": (COLOURS[2], (0, (5, 2))),
    "noise-balance": (COLOURS[2], (0, (1.5, 1.5))),
    "spectral-curvature": (COLOURS[2], (0, (6, 2, 1.5, 2))),
}


def page(analysis: Analysis) -> str:
    """The page as HTML; `MissingExtraError` without the packages that draw it."""
    require_extras()
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(measured=_measured, time=_time, formula=_formula)
    template = environment.from_string((files("regimes.validate.pages") / "analysis.html.j2").read_text(encoding="utf-8"))
    deviations = analysis.deviations()
    return template.render(
        a=analysis, figure=Markup(_figure_svg(analysis)), names=NAMES, times={t.name: t for t in analysis.transitions},
        speciation=_speciation(analysis), largest=max(map(abs, deviations)), compared=len(deviations),
        chance=min(1.0, sum(math.erfc(max(map(abs, deviations)) / math.sqrt(2)) for _ in deviations)),
        step=max(float(c.time_step.max()) for c in analysis.curves),
    )  # fmt: skip


def _speciation(analysis: Analysis) -> Transition | None:
    """The speciation time to name first: measured by clones if it exists, else from the spectrum."""
    found = [t for t in (analysis.transition("cloning"), analysis.transition("spectral")) if t.value is not None]
    return found[0] if found else None


def _measured(cell: tuple[float, float] | None) -> str:
    return with_error(*cell, sign="±").replace("-", "−") if cell else ""


def _time(t: Transition) -> str:
    return "" if t.value is None else f"{t.value:#.5g}" if t.error is None else with_error(t.value, t.error, sign="±")


def _formula(text: str) -> Markup:
    """Powers and the one index of a definition set as such."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"\^\{([^}]*)\}", r"<sup>\1</sup>", str(escape(text))).replace("_C", "<sub>C</sub>").replace("-", "−"))


def _figure_svg(analysis: Analysis) -> str:
    import matplotlib

    with matplotlib.rc_context(STYLE):
        return svg(_figure(analysis), "analysis")


def _figure(analysis: Analysis) -> Figure:
    """Every measured curve over forward time, one below the other, with the transitions through all of them."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

    names = [name for name in LABELS if any(c.name == name for c in analysis.curves)]
    made = Figure(figsize=(9.6, 0.9 + 2.45 * len(names)), layout="constrained")
    panels = np.atleast_1d(made.subplots(len(names), 1, sharex=True))
    for axes, name in zip(panels, names, strict=True):
        _transitions(axes, analysis, legend=name == names[0])
        for curve in (c for c in analysis.curves if c.name == name):
            _draw(axes, curve)
        _thresholds(axes, analysis, name)
        axes.set_ylabel(LABELS[name])
    bottom = panels[-1]
    bottom.set_xscale("log")
    low, high = bottom.get_xlim()
    if high / low < 1000:
        bottom.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low > 20 else (1, 1.5, 2, 3, 4, 5, 7)))
        bottom.xaxis.set_major_formatter(ScalarFormatter())
    bottom.xaxis.set_minor_formatter(NullFormatter())
    bottom.set_xlabel("forward time  $t$")
    _regimes(panels[0], analysis)
    return made


def _draw(axes: Axes, curve: Curve) -> None:
    """Forward samples as a line with bars, clones as open squares."""
    if curve.method == "forward":
        axes.errorbar(curve.times, curve.value, yerr=curve.error, color=COLOURS[0], marker="o", markersize=3.2, linewidth=1.1,
                      elinewidth=1.1, capsize=2, zorder=3, label="forward samples")  # fmt: skip
    else:
        axes.errorbar(curve.times, curve.value, yerr=curve.error, color=INK, marker="s", markersize=6, markerfacecolor="white",
                      markeredgewidth=1.2, linestyle="none", elinewidth=1.1, capsize=2.5, zorder=4, label="reverse clones")  # fmt: skip


def _transitions(axes: Axes, analysis: Analysis, legend: bool) -> None:
    """A vertical line at every transition that exists, a band one standard error to either side."""
    lines, names = [], []
    for name, (colour, dashes) in LINES.items():
        t = analysis.transition(name)
        if t.value is not None:
            lines.append(axes.axvline(t.value, color=colour, linestyle=dashes, linewidth=1.1, zorder=2))
            if t.error:
                axes.axvspan(t.value - t.error, t.value + t.error, color=colour, alpha=0.3, linewidth=0, zorder=1)
            names.append("${}$  {}".format(*NAMES[name]))
    if legend and lines:
        axes.figure.legend(lines, names, loc="outside lower center", ncols=3)


def _thresholds(axes: Axes, analysis: Analysis, name: str) -> None:
    """What the curve rises to, falls to, or has to cross, and where to read it."""
    if name == "excess-entropy":
        axes.axhline(analysis.alpha, color=PALE, linewidth=0.8, linestyle=":")
        axes.annotate(r"$\log(n)/d$", (0.005, analysis.alpha), xycoords=("axes fraction", "data"), va="top", color=PALE, xytext=(0, -2),
                      textcoords="offset points")  # fmt: skip
        return
    axes.set_ylim(-0.04, 1.06)
    transition = analysis.transition("collapse" if name == "collapse-probability" else "cloning")
    if transition.value is not None:
        axes.axhline(float(transition.definition.partition("= ")[2]), color=PALE, linewidth=0.8, linestyle=":")
    axes.legend(loc="lower left")


def _regimes(axes: Axes, analysis: Analysis) -> None:
    """What a trajectory has chosen between the transitions."""
    collapse, speciation = analysis.transition("collapse").value, _speciation(analysis)
    if collapse is None or speciation is None or speciation.value is None or speciation.value <= collapse:
        return
    low, high = axes.get_xlim()
    edges = (low, collapse, speciation.value, high)
    for start, stop, words in zip(edges, edges[1:], ("III: one datum", "II: one class", "I: noise"), strict=False):
        if 0 < start < stop:
            axes.annotate(words, (math.sqrt(start * stop), 1.0), xycoords=("data", "axes fraction"), ha="center", va="bottom", color=INK,
                          xytext=(0, 3), textcoords="offset points")  # fmt: skip
