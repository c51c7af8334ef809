"""Names written into a picture where there is room: along lines, and inside regions.

Positions are pixels of the figure. A raster over the axes knows what is taken by lines and by what has been written.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from regimes.numerics.arrays import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

Mask = npt.NDArray[np.bool_]

CELL = 3.0  # pixels of a raster cell
GAP = 3.0  # pixels between a line and its name
ROOMY = 14.0  # pixels of free space beyond which more is no better


@dataclass(frozen=True, eq=False)
class _Line:
    """A part of a line that is seen: points (N, 2), one per pixel, the cells it covers, colour, and names, the longest first."""

    points: FloatArray
    cells: Mask
    colour: str
    words: Sequence[str]


class Labels:
    """Names for one pair of axes; made when all else is drawn, for it settles the layout.

    Parameters
    ----------
    axes : Axes
        The axes, with their limits and scales.
    """

    def __init__(self, axes: Axes) -> None:
        from matplotlib.figure import Figure

        figure = axes.figure
        assert isinstance(figure, Figure)  # names are written on whole pictures, not on parts of one
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # what is measured below stays where it is
        self._axes = axes
        self._box = axes.get_window_extent()
        rows, columns = int(self._box.height / CELL), int(self._box.width / CELL)
        self._written: Mask = np.zeros((rows, columns), dtype=bool)
        self._lines: list[_Line] = []

    @property
    def _taken(self) -> Mask:
        """Cells of all lines and all that is written."""
        return self._others(None)

    def cells(self) -> tuple[FloatArray, FloatArray]:
        """Data coordinates x and y of the raster's cells, each (rows, columns)."""
        rows, columns = self._written.shape
        x, y = np.meshgrid(self._box.x0 + (np.arange(columns) + 0.5) * CELL, self._box.y0 + (np.arange(rows) + 0.5) * CELL)
        data = self._axes.transData.inverted().transform(np.column_stack([x.ravel(), y.ravel()]))
        return data[:, 0].reshape(rows, columns), data[:, 1].reshape(rows, columns)

    def avoid_texts(self, texts: Sequence[Text]) -> None:
        """Take the room of what has been written by others."""
        for text in texts:
            box = text.get_window_extent()
            across, up = np.meshgrid(np.arange(box.x0, box.x1 + CELL, CELL), np.arange(box.y0, box.y1 + CELL, CELL))
            self._written |= self._cover(np.column_stack([across.ravel(), up.ravel()]))

    def add_line(self, x: FloatArray, y: FloatArray, colour: str, words: Sequence[str]) -> None:
        """A line that is drawn, in data coordinates (N,); `words` name it, the first that has room is written. May hold nan."""
        points = self._axes.transData.transform(np.column_stack([x, y]))
        for part in _finite_parts(points):
            walked = _evenly(part)
            for some in runs(self._index(walked)[2]):
                self._lines.append(_Line(walked[some], self._cover(walked[some]), colour, words))

    def name_lines(self, needed: Sequence[str]) -> None:
        """Write the name of every line beside the longest part of it that is seen, parallel to it.

        Where there is no room, only those whose first words are `needed` are written all the same.
        """
        longest: dict[str, _Line] = {}
        for line in self._lines:
            known = longest.setdefault(line.words[0], line)
            longest[line.words[0]] = max(known, line, key=lambda one: len(one.points))
        for line in longest.values():
            for words in line.words:
                last = words == line.words[-1] and line.words[0] in needed
                if self._name_line(line, words, room=-math.inf if last else GAP):
                    break

    def name_region(self, inside: Mask, words: Sequence[str], colour: str, **style: Any) -> bool:
        """Write the first of `words` that has room in the cells `inside`, where there is most of it; False if none has."""
        free = inside & ~self._taken
        for option in words:
            text = self._write(0.0, 0.0, option, colour, linespacing=1.35, **style)
            box = text.get_window_extent()
            size = (box.height + 8) / CELL, (box.width + 8) / CELL
            for growth in (2.4, 1.7, 1.3, 1.0):
                centres = _fits(free, int(size[0] * growth) + 1, int(size[1] * growth) + 1)
                if len(centres):
                    text.set_position(self._fractions(centres[np.abs(centres - centres.mean(axis=0)).sum(axis=1).argmin()]))
                    self.avoid_texts([text])
                    return True
            text.remove()
        return False

    def point_to(self, inside: Mask, words: str, colour: str, from_cells: Mask) -> bool:
        """Write `words` near a region too narrow for them, if possible in `from_cells`, with a line to its widest place.

        False, and nothing is written, if the region is hardly seen.
        """
        from scipy.ndimage import distance_transform_edt

        depth = CELL * distance_transform_edt(np.pad(inside & ~self._taken, 1))[1:-1, 1:-1]
        if depth.max() < 1.5 * CELL:
            return False
        target = np.array(np.unravel_index(depth.argmax(), depth.shape))
        text = self._write(0.0, 0.0, words, colour, linespacing=1.35)
        box = text.get_window_extent()
        size = int((box.height + 8) / CELL) + 1, int((box.width + 8) / CELL) + 1
        centres = _fits(from_cells & ~self._taken, *size)
        centres = centres if len(centres) else _fits(~self._taken, *size)
        if not len(centres):
            text.remove()
            return False
        aside = np.abs(centres - target) - np.array([box.height / 2, box.width / 2]) / CELL  # from the rim of the text
        order = np.abs(np.hypot(*np.maximum(aside, 0).T) - 40 / CELL).argsort(kind="stable")
        clear = (k for k in order[:2000].tolist() if not self._written[_between(centres[k], target)].any())
        centre = centres[next(clear, order[0])]
        text.set_position(self._fractions(centre))
        self.avoid_texts([text])
        self._axes.annotate(
            "", self._fractions(target), self._fractions(centre), "axes fraction", "axes fraction", zorder=5,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0, "patchA": text},
        ).set_in_layout(False)  # fmt: skip
        return True

    def _fractions(self, cell: npt.NDArray[np.intp]) -> tuple[float, float]:
        """The middle of a cell (row, column) as fractions of the axes."""
        return float((cell[1] + 0.5) / self._taken.shape[1]), float((cell[0] + 0.5) / self._taken.shape[0])

    # -- the raster -----------------------------------------------------------------------------------------------------

    def _index(self, points: FloatArray) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Mask]:
        """Rows and columns of the cells that hold the points (N, 2), and which points lie in the axes."""
        column = np.floor((points[:, 0] - self._box.x0) / CELL).astype(np.intp)
        row = np.floor((points[:, 1] - self._box.y0) / CELL).astype(np.intp)
        rows, columns = self._written.shape
        return row, column, (row >= 0) & (row < rows) & (column >= 0) & (column < columns)

    def _cover(self, points: FloatArray) -> Mask:
        """The cells that hold points (N, 2)."""
        row, column, inside = self._index(points)
        cells = np.zeros_like(self._written)
        cells[row[inside], column[inside]] = True
        return cells

    def _others(self, line: _Line | None) -> Mask:
        """What is taken by all but this line."""
        cells = self._written.copy()
        for other in self._lines:
            if other is not line:
                cells |= other.cells
        return cells

    def _write(self, x: float, y: float, words: str, colour: str, **style: Any) -> Text:
        """Centred text at fractions of the axes."""
        text = self._axes.text(x, y, words, color=colour, ha="center", va="center", transform=self._axes.transAxes, zorder=6, **style)
        text.set_in_layout(False)
        return text

    def _name_line(self, line: _Line, words: str, room: float) -> bool:
        """Write beside the line where it is flat, straight and far from all else; False if that is nowhere `room` pixels away."""
        from matplotlib.patheffects import withStroke
        from scipy.ndimage import distance_transform_edt

        points = line.points
        text = self._write(0.0, 0.0, words, line.colour, fontsize=10.5)
        box = text.get_window_extent()
        half, thick = int(box.width / 2) + 2, box.height
        framed = np.pad(self._others(line), 1, constant_values=True)
        distance = CELL * distance_transform_edt(~framed)[1:-1, 1:-1]
        best: tuple[float, FloatArray, float, FloatArray] | None = None
        for k in range(half, len(points) - half, 4):
            chord = points[k + half] - points[k - half]
            along = chord / np.hypot(*chord)
            if along[0] < 0 or (along[0] == 0 and along[1] < 0):
                along = -along
            across = np.array([-along[1], along[0]])
            bow = (points[k - half : k + half + 1] - points[k]) @ across
            for side in (1.0, -1.0):
                shift = side * (thick / 2 + GAP) + (bow.max() if side > 0 else bow.min())
                centre = points[k] + shift * across
                spots = centre + _rectangle(half, thick / 2 - 1, along, across)
                row, column, inside = self._index(spots)
                if not inside.all():
                    continue
                clear = float(distance[row, column].min())
                if clear < room:
                    continue
                score = min(clear, ROOMY) - 0.4 * float(np.ptp(bow)) - 4 * abs(along[1]) - 2 * abs(k / len(points) - 0.5)
                if best is None or score > best[0]:
                    best = score, centre, math.degrees(math.atan2(along[1], along[0])), spots
        if best is None:
            text.remove()
            return False
        _, centre, angle, spots = best
        text.set_position(((centre[0] - self._box.x0) / self._box.width, (centre[1] - self._box.y0) / self._box.height))
        text.set(rotation=angle, rotation_mode="anchor", path_effects=[withStroke(linewidth=2.5, foreground="white", alpha=0.85)])
        self._written |= self._cover(spots)
        return True


def _finite_parts(points: FloatArray) -> list[FloatArray]:
    """The pieces of a line (N, 2) between the points that are not finite."""
    return [points[some] for some in runs(np.asarray(np.isfinite(points).all(axis=1))) if some.stop - some.start > 1]


def runs(flags: Mask) -> list[slice]:
    """Where the flags stand in a row."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [slice(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def _evenly(points: FloatArray) -> FloatArray:
    """The line with one point per pixel of its length; what is far outside any figure is not followed."""
    near = np.clip(points, -5e3, 5e3)
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(near, axis=0).T))])
    walked = np.arange(0.0, length[-1], 1.0)
    return np.column_stack([np.interp(walked, length, near[:, 0]), np.interp(walked, length, near[:, 1])])


def _between(one: npt.NDArray[np.intp], other: npt.NDArray[np.intp]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Rows and columns of the cells on the straight way."""
    share = np.linspace(0, 1, int(np.abs(other - one).max()) + 1)[:, None]
    way = np.rint(one + share * (other - one)).astype(np.intp)
    return way[:, 0], way[:, 1]


def _rectangle(half_width: float, half_height: float, along: FloatArray, across: FloatArray) -> FloatArray:
    """Points (N, 2) all over a rectangle around zero."""
    u, v = np.meshgrid(np.linspace(-half_width, half_width, max(3, int(half_width))), np.linspace(-half_height, half_height, 5))
    return np.asarray(u.ravel()[:, None] * along + v.ravel()[:, None] * across)


def _fits(free: Mask, height: int, width: int) -> npt.NDArray[np.intp]:
    """Centres (N, 2), as row and column, of the boxes of that size whose cells are all free."""
    total = np.pad(np.cumsum(np.cumsum(free, axis=0, dtype=np.int64), axis=1), ((1, 0), (1, 0)))
    if height >= total.shape[0] or width >= total.shape[1]:
        return np.empty((0, 2), dtype=np.intp)
    boxes = total[height:, width:] - total[:-height, width:] - total[height:, :-width] + total[:-height, :-width]
    return np.asarray(np.argwhere(boxes == height * width) + np.array([height // 2, width // 2]))
