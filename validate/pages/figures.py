"""Figures of a report as inline SVG: curves with the measurements on them, every deviation with its error bar. Same input, same bits."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from regimes.validate.evidence.compare import Comparison, Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")  # Okabe and Ito: told apart by every eye
MARKERS = ("o", "s", "^", "D", "v")
INK, PALE = "#222222", "#888888"

AXES = {"t": "forward time  $t$", "beta": r"inverse temperature  $\beta$"}

STYLE: Any = {
    "svg.fonttype": "path",
    "pdf.fonttype": 42,  # TrueType: journals refuse Type 3, and its letters cannot be edited
    "ps.fonttype": 42,
    "font.family": "DejaVu Sans",
    "mathtext.fontset": "dejavusans",
    "font.size": 9.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": PALE,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "legend.title_fontsize": 9.0,
    "lines.linewidth": 1.5,
    "axes.formatter.limits": (-5, 5),
    "path.simplify": False,
}

Series = list[Comparison]


def all_series(comparisons: Sequence[Comparison]) -> list[Series]:
    """Comparisons with one predicted curve together: all parameters but the one along it are the same."""
    found: dict[str, Series] = {}
    for c in comparisons:
        found.setdefault(repr((c.quantity, {k: v for k, v in c.parameters.items() if k not in (c.along, "class")})), []).append(c)
    return list(found.values())


def figure(comparisons: Sequence[Comparison], curves: Sequence[Curve]) -> Figure:
    """One chart: what was predicted and measured on the left, every deviation with its interval on the right."""
    from matplotlib.figure import Figure

    groups = all_series(comparisons)
    if all(len({c.position for c in group}) == 1 for group in groups):
        made = Figure(figsize=(9.6, 0.75 + 0.42 * len(comparisons)), layout="constrained")
        _intervals(made.subplots(), comparisons)
        return made
    only_deviations = all(c.prediction == 0 for c in comparisons)
    made = Figure(figsize=(9.6, 2.6 if only_deviations else max(3.4, 0.7 + 1.3 * len(groups))), layout="constrained")
    if only_deviations:
        _deviations(made.subplots(), comparisons, COLOURS[0], {"t"}, last=True)
        return made
    grid = made.add_gridspec(len(groups), 2, width_ratios=(1.15, 1))
    left = made.add_subplot(grid[:, 0])
    _values(left, groups, curves)
    right: Axes | None = None
    first, *others = (group[0].parameters for group in groups)
    untold = {groups[0][0].along, "method"} | {k for k, v in first.items() if others and all(other[k] == v for other in others)}
    for k, group in enumerate(groups):
        right = made.add_subplot(grid[k, 1], sharex=right)
        _deviations(right, group, COLOURS[k % len(COLOURS)], untold, last=k == len(groups) - 1)
    return made


def svg(made: Figure, salt: str) -> str:
    """The figure as an <svg> element without a date, its identifiers a function of its content and `salt`."""
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": salt}):
        made.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def styled(comparisons: Sequence[Comparison], curves: Sequence[Curve], salt: str) -> str:
    """One chart as an <svg> element."""
    import matplotlib

    with matplotlib.rc_context(STYLE):
        return svg(figure(comparisons, curves), salt)


def _by_measurement(comparisons: Sequence[Comparison]) -> list[tuple[str, Series]]:
    found: dict[str, Series] = {}
    for c in comparisons:
        found.setdefault(c.measured_by, []).append(c)
    return [(name, sorted(group, key=lambda c: c.position)) for name, group in found.items()]


def _marker(k: int, colour: str) -> dict[str, Any]:
    """Open markers for the first method of measuring, full ones for the others."""
    return {
        "marker": MARKERS[k % len(MARKERS)],
        "markersize": 5.5,
        "markeredgewidth": 1.2,
        "markeredgecolor": colour,
        "linestyle": "none",
        "markerfacecolor": "white" if k == 0 else colour,
        "color": colour,
        "ecolor": colour,
        "elinewidth": 1.2,
        "capsize": 2.5,
    }


def _bars(marks: Series) -> Any:
    return np.array([[c.measured - c.low for c in marks], [c.high - c.measured for c in marks]])


def _values(axes: Axes, groups: Sequence[Series], curves: Sequence[Curve]) -> None:
    """Predicted curves, and the measurements on them."""
    for k, group in enumerate(groups):
        colour = COLOURS[k % len(COLOURS)]
        axes.plot(*_line(group, curves), color=colour, zorder=1)
        for order, (name, marks) in enumerate(_by_measurement(group)):
            axes.errorbar(
                [c.position for c in marks], [c.measured for c in marks], yerr=_bars(marks), label=name, zorder=2, **_marker(order, colour)
            )
    axes.set_xlabel(AXES[groups[0][0].along])
    axes.set_ylabel(groups[0][0].chart.label)
    axes.legend(
        title="line: prediction,  marks: simulation",
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        alignment="left",
        ncols=2 if len(groups) > 1 else 1,
        handletextpad=0.3,
        columnspacing=1.0,
    )


def _line(group: Series, curves: Sequence[Curve]) -> tuple[Any, Any]:
    """The predicted curve: computed in between where that is cheap, else a monotone interpolation of the compared predictions."""
    from scipy.interpolate import PchipInterpolator

    given = {k: v for k, v in group[0].parameters.items() if k != group[0].along}
    for curve in curves:
        if (curve.model, curve.quantity, curve.parameters) == (group[0].model, group[0].quantity, given):
            return curve.positions, curve.values
    known = {c.position: c.prediction for c in group}
    times = np.array(sorted(known))
    fine = np.linspace(times[0], times[-1], 200)
    return fine, PchipInterpolator(times, [known[t] for t in times])(fine)


def _deviations(axes: Axes, comparisons: Sequence[Comparison], colour: str, untold: set[str], last: bool) -> None:
    """Measured less predicted, with the interval; a band of the errors granted to the prediction."""
    axes.axhline(0.0, color=INK, linewidth=0.8, zorder=1)
    measured = _by_measurement(comparisons)
    span = max(c.position for c in comparisons) - min(c.position for c in comparisons)
    for order, (name, marks) in enumerate(measured):
        shift = (order - (len(measured) - 1) / 2) * 0.018 * span  # side by side, not on top of each other
        at = np.array([c.position for c in marks]) + shift
        granted = [c.granted for c in marks]
        axes.bar(at, 2 * np.array(granted), bottom=-np.array(granted), width=0.016 * span, color=colour, alpha=0.25, linewidth=0, zorder=0)
        axes.errorbar(at, [c.measured - c.prediction for c in marks], yerr=_bars(marks), zorder=2, label=name, **_marker(order, colour))
        for c, x in zip(marks, at.tolist(), strict=True):
            if not c.agrees:
                axes.annotate("✗", (x, c.measured - c.prediction), color="#B00020", fontsize=13, ha="center", va="center", zorder=3)
    axes.margins(y=0.12)
    axes.tick_params(labelbottom=last)
    given = ", ".join(f"{k} = {v:g}" for k, v in comparisons[0].parameters.items() if k not in untold)
    axes.set_title(given, fontsize=8.5, color=colour)
    axes.set_ylabel("measured − predicted" if last else "")
    if last:
        axes.set_xlabel(AXES[comparisons[0].along])


def _intervals(axes: Axes, comparisons: Sequence[Comparison]) -> None:
    """One line per comparison: interval, band of the granted errors around the prediction."""
    for row, c in enumerate(comparisons):
        colour = COLOURS[row % len(COLOURS)]
        axes.barh(row, 2 * c.granted, left=c.prediction - c.granted, height=0.5, color=colour, alpha=0.25, linewidth=0)
        axes.plot([c.prediction, c.prediction], [row - 0.32, row + 0.32], color=INK, linewidth=1.5)
        axes.errorbar([c.measured], [row], xerr=_bars([c]), **_marker(1, colour))
    axes.set_yticks(range(len(comparisons)), [c.measured_by for c in comparisons])
    axes.set_ylim(len(comparisons) - 0.4, -0.6)
    axes.ticklabel_format(axis="x", useOffset=False)
    axes.set_xlabel(f"{comparisons[0].chart.label}        bar: prediction,  mark: simulation")
