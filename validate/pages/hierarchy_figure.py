"""The hierarchy of the classes of a mixture as a picture: a dendrogram over forward time. The same merges give the same bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from regimes.numerics.speciation.hierarchy import Group, Merge
from regimes.validate.pages.figures import COLOURS, INK, PALE, STYLE, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

METADATA: dict[str, dict[str, Any]] = {".png": {"Software": None}, ".pdf": {"CreationDate": None, "Creator": None, "Producer": None}}
LINKED = (0, (4, 2))  # dashes of a merge without a speciation time, drawn at its linkage time


def picture(merges: Sequence[Merge], names: Sequence[str], suffix: str, title: str = "") -> bytes:
    """The picture as the content of a file with that suffix (.svg, .png, .pdf).

    Parameters
    ----------
    merges : sequence
        From `regimes.numerics.speciation.hierarchy`.
    names : sequence
        Of the classes.
    suffix : str
        Kind of the file.
    title : str
        Above the picture, for instance the model and its dimension.
    """
    import matplotlib

    made = figure(merges, names, title)
    if suffix == ".svg":
        return svg(made, "hierarchy").encode("utf-8")
    buffer = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        made.savefig(buffer, format=suffix[1:], dpi=200, metadata=METADATA[suffix])
    return buffer.getvalue()


def figure(merges: Sequence[Merge], names: Sequence[str], title: str = "") -> Figure:
    """Classes on the left, each a line that joins another where the two speciate; the number of groups along the top."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        made = Figure(figsize=(7.6, 1.6 + 0.34 * max(len(names), 4)), layout="constrained")
        axes = made.subplots()
        heights = _order(merges, len(names))
        times = {m.union: _time(m) for m in merges}
        latest = max(times.values(), default=1.0)
        end = 1.12 * latest if latest > 0 else 1.0
        _branches(axes, merges, heights, times, end)
        axes.set(xlim=(0, end), ylim=(len(names) - 0.5, -0.5), xlabel="forward time  $t$")
        axes.set_title(title, pad=16)  # above the numbers of groups
        axes.set_yticks(range(len(names)), [names[c] for c in sorted(range(len(names)), key=lambda c: heights[(c,)])])
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        _counts(axes, len(names), sorted(times.values()), end)
    return made


def _time(merge: Merge) -> float:
    """Where the merge is drawn: at its speciation time, else at that of the linkage, else at the origin."""
    return next((t for t in (merge.time, merge.linkage_time) if np.isfinite(t)), 0.0)


def _order(merges: Sequence[Merge], count: int) -> dict[Group, float]:
    """Heights of all groups, classes in an order in which no two branches cross; a group is halfway between its parts."""
    parts = {m.union: (m.first, m.second) for m in merges}

    def leaves(group: Group) -> list[int]:
        return [c for part in parts[group] for c in leaves(part)] if group in parts else list(group)

    whole = tuple(range(count))
    heights: dict[Group, float] = {(c,): float(k) for k, c in enumerate(leaves(whole))}
    for merge in merges:
        heights[merge.union] = (heights[merge.first] + heights[merge.second]) / 2
    return heights


def _branches(axes: Axes, merges: Sequence[Merge], heights: Mapping[Group, float], times: Mapping[Group, float], end: float) -> None:
    for k, merge in enumerate(merges):
        at = times[merge.union]
        sides = [heights[merge.first], heights[merge.second]]
        for group, height in zip((merge.first, merge.second), sides, strict=True):
            axes.plot([times.get(group, 0.0), at], [height] * 2, color=INK, solid_capstyle="butt")
        known = np.isfinite(merge.time)
        axes.plot([at, at], sides, color=COLOURS[2] if known else PALE, linestyle="-" if known else LINKED, linewidth=2.2)
        words = f"${at:.3f}$" if known else f"$\\kappa=1$: ${at:.3f}$" if at > 0 else "never apart"
        axes.annotate(words, (at, heights[merge.union]), (4, 3), textcoords="offset points", color=INK, fontsize=8)
        if k == len(merges) - 1:
            axes.plot([at, end], [heights[merge.union]] * 2, color=INK)


def _counts(axes: Axes, count: int, times: Sequence[float], end: float) -> None:
    """How many groups there are between two merges, above the axes where there is room."""
    edges = [0.0, *times, end]
    for k, (left, right) in enumerate(pairwise(edges)):
        groups = count - k
        if right - left > 0.06 * end:
            words = f"{groups} groups" if groups > 1 and right - left > 0.14 * end else f"{groups}"
            axes.annotate(
                words, ((left + right) / 2, 1.0), (0, 2), xycoords=("data", "axes fraction"), textcoords="offset points",
                ha="center", color=PALE, fontsize=8,
            )  # fmt: skip
    for at in times:
        axes.axvline(at, color=PALE, linewidth=0.5, alpha=0.5, zorder=0)
