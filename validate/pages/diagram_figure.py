"""A phase diagram as a picture: regions filled, lines and regions named where they are. The same arrays give the same bytes."""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from regimes.numerics.arrays import FloatArray
from regimes.numerics.estimate import Estimate
from regimes.theory.params import ALPHA, DIMENSION, POINTS, TIME, Param
from regimes.validate.pages.diagram_arrays import GLASS, SPECIATION, Axis, Diagram, parameters
from regimes.validate.pages.figures import COLOURS, INK, PALE, STYLE, svg
from regimes.validate.pages.labels import Labels, Mask, runs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar
    from matplotlib.figure import Figure


T_C, T_A, T_O = "collapse-time", "accuracy-time", "onset-time"
LINES: dict[str, tuple[str, Any, tuple[str, ...]]] = {  # colour, dashes, what is written on it, the longest that has room
    T_C: (COLOURS[1], "-", ("$t_C$  collapse, condensation", "$t_C$  collapse", "$t_C$")),
    T_A: (COLOURS[0], "-", ("$t_A$  accuracy", "$t_A$")),
    T_O: (COLOURS[3], (0, (5, 2)), ("$t_O$  onset", "$t_O$")),
    SPECIATION: (COLOURS[2], (0, (8, 2, 1.5, 2)), ("$t_S$  speciation", "$t_S$")),
}
GLASS_SHADES = ("#FFF6EE", "#FFE3CB", "#FDC594", "#F19E63", "#DC7434")
REGIONS = {  # from below: upper line, colour, name
    T_C: (GLASS_SHADES[2], ("collapsed:\none datum has won", "collapsed")),
    T_A: ("#F7EFD9", ("memorising:\nempirical score is off", "memorising")),
    T_O: ("#E4F0F7", ("accurate,\nbut not at a datum", "accurate,\nnot at a datum")),
    "": ("#F4F9FC", ("accurate:\nno datum is felt", "accurate")),
}
SHADES = ("#F7FBFD", "#CFE5F2", "#8FC3E0", "#4595C6", "#0A5A94")
NAMES = {ALPHA.name: "log(n)/d   $\\alpha$", TIME.name: "forward time   $t$", DIMENSION.name: "dimension   $d$",
         POINTS.name: "number of data   $n$"}  # fmt: skip
PLATE = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 2.5}
METADATA: dict[str, dict[str, Any]] = {".png": {"Software": None}, ".pdf": {"CreationDate": None, "Creator": None, "Producer": None}}


def picture(diagram: Diagram, suffix: str) -> bytes:
    """The picture as the content of a file with that suffix."""
    import matplotlib

    made = figure(diagram)
    if suffix == ".svg":
        return svg(made, "diagram").encode("utf-8")
    buffer = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        made.savefig(buffer, format=suffix[1:], dpi=200, metadata=METADATA[suffix])
    return buffer.getvalue()


def figure(diagram: Diagram) -> Figure:
    """Lines over a plane with the time as an axis, contours of t_C over a plane of two parameters."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        made = Figure(figsize=(8.0, 5.4), layout="constrained")
        axes = made.subplots()
        for side, axis in (("x", diagram.x), ("y", diagram.y)):
            _side(axes, side, axis)
        axes.set_title(_title(diagram))
        axes.set_facecolor("#EEEEEE")  # seen where nothing was computed
        (_regions_and_lines if diagram.timed else _contours)(axes, diagram)
    return made


def _side(axes: Axes, side: str, axis: Axis) -> None:
    name = NAMES.get(axis.name, f"{axis.param.doc}   ${_symbol(axis.param)}$")
    axes.set(**{f"{side}label": name, f"{side}scale": "log" if _geometric(axis.values) else "linear"})
    axes.set(**{f"{side}lim": (axis.values[0], axis.values[-1])})


def _symbol(param: Param) -> str:
    """The parameter's LaTeX if Matplotlib can set it, else its name: a model file may say what it likes."""
    from matplotlib.mathtext import MathTextParser

    try:
        MathTextParser("path").parse(f"${param.latex}$")
    except ValueError:
        return "\\mathrm{" + param.name.replace("_", "\\_") + "}"
    return param.latex


def _geometric(values: FloatArray) -> bool:
    """Whether the values are spaced evenly in their logarithms rather than in themselves."""
    if values[0] <= 0 or values.size < 3 or values[-1] < 10 * values[0]:
        return False
    linear, logarithmic = np.diff(values), np.diff(np.log(values))
    return bool(np.ptp(logarithmic) / logarithmic.mean() < np.ptp(linear) / linear.mean())


def _title(diagram: Diagram) -> str:
    symbols = {name: _symbol(p) for name, p in parameters(diagram.model).items()}
    given = ",  ".join(f"${symbols[name]} = {value:g}$" for name, value in diagram.fixed.items())
    speciation = ""
    if SPECIATION in diagram.layers:
        found = np.unique(diagram.layers[SPECIATION].value)
        speciation = f",  $t_S{f' = {found[0]:.4g}' if found.size == 1 and np.isfinite(found[0]) else ''}$ by {diagram.definition}"
    return diagram.model.name + (f":  {given}" if given else "") + speciation


# -- the time is an axis ------------------------------------------------------------------------------------------------


def _times(diagram: Diagram, name: str) -> FloatArray:
    """A critical time: zero where it does not exist (the regime below it does not), nan where it was not computed."""
    layer = diagram.layers[name]
    return np.asarray(np.where(layer.status == "none", 0.0, layer.value))


def _smooth(along: FloatArray, time: FloatArray, fine: FloatArray) -> FloatArray:
    """The line through computed points, without corners and without bumps of its own; straight to where it ends."""
    from scipy.interpolate import PchipInterpolator

    smooth = np.interp(fine, along, time)
    for some in runs(np.isfinite(time) & (time > 0)):
        inside = (fine >= along[some.start]) & (fine <= along[some.stop - 1])
        if some.stop - some.start > 2:
            smooth[inside] = PchipInterpolator(along[some], time[some])(fine[inside])
    return np.asarray(smooth)


def _regions_and_lines(axes: Axes, diagram: Diagram) -> None:
    upright, coarse = diagram.y.param is TIME, diagram.along.values
    along = np.unique(np.concatenate([coarse, np.interp(np.linspace(0, coarse.size - 1, 600), np.arange(coarse.size), coarse)]))
    low, high = (diagram.y if upright else diagram.x).values[[0, -1]]
    names = [name for name in (T_C, T_A, T_O) if name in diagram.layers]
    fill = axes.fill_between if upright else axes.fill_betweenx
    times = {name: _smooth(coarse, _times(diagram, name), along) for name in names}
    lower, bands = np.zeros_like(along), []
    for name in (*names, ""):
        upper = np.maximum(lower, times[name]) if name else np.full_like(along, np.inf)
        colour, words = REGIONS[name]
        if name == T_C and GLASS in diagram.layers:
            _glass(axes, diagram)
        else:
            fill(along, np.clip(lower, low, high), np.clip(upper, low, high), color=colour, linewidth=0, zorder=1)
        bands.append((lower, upper, words))
        lower = upper
    lines = list(times.items())
    if SPECIATION in diagram.layers:  # where there is none, there is no line
        lines.append((SPECIATION, _smooth(coarse, diagram.layers[SPECIATION].value, along)))
    gone = diagram.layers[T_C].status == "none"
    for some in runs(gone):
        (axes.axvspan if upright else axes.axhspan)(
            coarse[some.start], coarse[some.stop - 1], facecolor="none", edgecolor=PALE, hatch="//", linewidth=0, alpha=0.5, zorder=2
        )
    for name, time in lines:
        colour, dashes, _ = LINES[name]
        axes.plot(along if upright else time, time if upright else along, color=colour, linestyle=dashes, linewidth=1.8, zorder=3)
    labels = Labels(axes)
    for name, time in lines:
        labels.add_line(along if upright else time, time if upright else along, LINES[name][0], LINES[name][2])
    labels.name_lines(needed=tuple(LINES[name][2][0] for name, _ in lines))
    where, t = labels.cells() if upright else labels.cells()[::-1]
    absent = np.interp(where, coarse, gone.astype(float)) == 1
    _reasons(labels, absent, diagram.layers[T_C])
    masks = [(t > np.interp(where, along, lower)) & (t < np.interp(where, along, upper)) & ~absent for lower, upper, _ in bands]
    narrow = [k for k, (_, _, words) in enumerate(bands) if not labels.name_region(masks[k], words, INK)]
    for k in narrow:
        labels.point_to(masks[k], bands[k][2][0], INK, from_cells=masks[-1])


def _glass(axes: Axes, diagram: Diagram) -> None:
    """1 - m* below the collapse time."""
    ratio = np.ma.masked_invalid(1 - diagram.layers[GLASS].value)
    shown = axes.contourf(diagram.x.values, diagram.y.values, ratio, levels=np.linspace(0, 1, 11), cmap=_map(GLASS_SHADES), zorder=0)
    _bar(axes, shown, "participation ratio   $1 - m^*$", ticks=np.linspace(0, 1, 6))


# -- two parameters are the axes ----------------------------------------------------------------------------------------


def _contours(axes: Axes, diagram: Diagram) -> None:
    x, y, collapse = diagram.x.values, diagram.y.values, diagram.layers[T_C]
    if collapse.ok.any():
        levels, logarithmic = _levels(collapse.value[collapse.ok])
        time, heights = np.ma.masked_invalid(_continued(collapse)), levels
        if logarithmic:
            time, heights = np.ma.log(np.maximum(time, 0.1 * levels[0])), np.log(levels)
        words = {height: f"{level:g}" for height, level in zip(heights.tolist(), levels.tolist(), strict=True)}
        shown = axes.contourf(x, y, time, levels=heights, cmap=_map(SHADES), extend="both", zorder=0)
        _bar(axes, shown, "collapse time   $t_C$", ticks=heights).set_ticklabels(list(words.values()))
        inner = heights[(heights > time.min()) & (heights < time.max())]
        style: Any = {"colors": INK, "linewidths": 0.7, "linestyles": "solid", "zorder": 2}
        lines = axes.contour(x, y, time, levels=inner, **style).allsegs if inner.size else []
    gone = (collapse.status == "none").astype(float)
    if gone.any():
        hatched = axes.contourf(x, y, gone, levels=[0.5, 1.5], colors=["white"], hatches=["//"], zorder=3)
        hatched.set_edgecolor(PALE)
        hatched.set_linewidth(0)
    labels = Labels(axes)
    if collapse.ok.any():
        for height, segments in zip(inner.tolist(), lines, strict=True):
            for line in segments:
                hidden = _at_nearest(gone, x, y, line[:, 0], line[:, 1]) == 1
                labels.add_line(np.where(hidden, np.nan, line[:, 0]), line[:, 1], INK, (words[height],))
    where, up = labels.cells()
    absent = _at_nearest(gone, x, y, where[0], up[:, :1]) == 1
    _reasons(labels, absent, collapse)
    _order(axes, diagram, labels)
    labels.name_lines(needed=("$t_S = t_C$",))


def _continued(layer: Estimate) -> FloatArray:
    """Values (y, x) with the nearest one where there is none, for contours that run on below the hatching; nan if not computed."""
    from scipy.ndimage import distance_transform_edt

    nearest = distance_transform_edt(~layer.ok, return_distances=False, return_indices=True)
    return np.asarray(np.where(layer.status == "failed", np.nan, layer.value[tuple(nearest)]))


def _order(axes: Axes, diagram: Diagram, labels: Labels) -> None:
    """The line t_S = t_C and what comes first on either side of it."""
    if SPECIATION not in diagram.layers:
        return
    gap = np.where(diagram.layers[SPECIATION].status == "none", np.nan, diagram.layers[SPECIATION].value - _times(diagram, T_C))
    if (gap < 0).any() and (gap > 0).any():
        crossing = axes.contour(
            diagram.x.values, diagram.y.values, np.ma.masked_invalid(gap), levels=[0.0], colors=COLOURS[1], linewidths=2.4, zorder=4
        )
        for line in crossing.allsegs[0]:
            labels.add_line(line[:, 0], line[:, 1], COLOURS[1], ("$t_S = t_C$",))
    where, up = labels.cells()
    sign = np.sign(_at_nearest(np.nan_to_num(gap), diagram.x.values, diagram.y.values, where[0], up[:, :1]))
    for side, words in ((1, ("class first,\nthen the datum", "class first")), (-1, ("datum first", "datum first"))):
        labels.name_region(sign == side, words, INK, bbox=PLATE)


def _levels(times: FloatArray) -> tuple[FloatArray, bool]:
    """Round numbers at which contours are drawn, and whether they are even in the logarithm, as where the times differ much."""
    from matplotlib.ticker import MaxNLocator

    low, high = float(times.min()), float(times.max())
    if high - low <= 1e-6 * high:  # one time everywhere
        low, high = 0.5 * low, 1.5 * high
    if high <= 20 * low:
        return np.asarray(MaxNLocator(nbins=9, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)), False
    low = max(low, 1e-3 * high)  # a time much shorter than the others is as good as none
    decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    every = np.outer(decades, [1, 2, 5]).ravel()
    return every[(every >= low) & (every <= high)], True


# -- shared -------------------------------------------------------------------------------------------------------------


def _map(shades: tuple[str, ...]) -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("shades", shades)


def _bar(axes: Axes, shown: Any, words: str, **options: Any) -> Colorbar:
    bar = axes.figure.colorbar(shown, ax=axes, pad=0.015, aspect=32, **options)
    bar.set_label(words)
    bar.outline.set_visible(False)
    return bar


def _at_nearest(grid: FloatArray, x: FloatArray, y: FloatArray, where: FloatArray, up: FloatArray) -> FloatArray:
    """Values of a grid (y, x) at the grid points nearest to places whose coordinates broadcast."""
    column = np.abs(where[..., None] - x).argmin(axis=-1)
    row = np.abs(up[..., None] - y).argmin(axis=-1)
    return np.asarray(grid[row, column])


def _reasons(labels: Labels, absent: Mask, layer: Estimate) -> None:
    """Why there is no collapse, written where there is none."""
    reasons = np.unique(layer.reason[layer.status == "none"]).tolist()
    if reasons:
        told = [reason.partition(":")[0] for reason in reasons if reason != "no collapse"]
        text = ": ".join(["no collapse", *(["; ".join(told)] if told else [])])
        options = [textwrap.fill(text, width) for width in (44, 30, 20)]
        labels.name_region(absent, (*options, "no collapse", "none"), INK, bbox=PLATE)
