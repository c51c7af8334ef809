"""Numbers and labels from .csv files as spreadsheets, pandas and R write them: quotes, a line of names, a column that counts the rows.

What is left out is said in a notice; what cannot be decided is refused, with the line and what to do about it.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from regimes.theory.errors import InputError

__all__ = ["is_number", "read_labels", "read_numbers"]

_UNNAMED = re.compile(r"(Unnamed: \d+)?")  # of an index: nothing, or what pandas makes of nothing when it reads it again
_WHOLE = re.compile(r"[0-9]+", re.ASCII)
_FEWEST = 3
"""Rows or columns from which 0, 1, 2 ... is no accident."""


@dataclass(frozen=True)
class _Lines:
    """The lines of a file that are neither empty nor comments.

    Attributes
    ----------
    path : Path
        The file, for messages.
    texts : list of str
        The lines.
    numbers : list of int
        Their numbers in the file, from 1.
    separator : str or None
        What stands between two cells; None for any number of blanks.
    """

    path: Path
    texts: list[str]
    numbers: list[int]
    separator: str | None

    @classmethod
    def of(cls, path: Path, alone: str | None) -> _Lines:
        """The lines of the file at `path`; `alone` is the separator where there is neither comma, semicolon nor tab."""
        with path.open(encoding="utf-8-sig") as file:
            kept = [(number, line.strip("\n")) for number, line in enumerate(file, 1) if line.strip() and line.lstrip()[0] != "#"]
        if not kept:
            raise ValueError("the file is empty")
        # Neither a tab nor a semicolon stands in a number; a comma may, where it is the decimal sign. One name may stand above two columns.
        bare = re.sub(r'"[^"]*"', "", "".join(line for _, line in kept[:2]))
        separator = next((mark for mark in "\t;," if mark in bare), alone)
        return cls(path, [line for _, line in kept], [number for number, _ in kept], separator)

    def cells(self, k: int) -> list[str]:
        """The cells of the k-th line, without their quotes."""
        return self._split(self.texts[k], k)

    def rows(self, start: int = 0) -> Iterator[list[str]]:
        """The cells of every line from `start` on."""
        return (self._split(text, k) for k, text in enumerate(self.texts[start:], start))

    def _split(self, text: str, k: int) -> list[str]:
        try:
            row = next(csv.reader([text], delimiter=self.separator or " ", skipinitialspace=True, strict=True))
        except csv.Error as error:
            raise self.refusal(k, f"{error}: close every quote in its line") from None
        return [cell.strip() for cell in row if cell or self.separator is not None]  # of several blanks in a row, one separates

    def refusal(self, k: int, words: str) -> InputError:
        """What is wrong with the k-th line."""
        return InputError(f"{self.path}, line {self.numbers[k]}: {words}")


def read_numbers(path: Path) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    """A table of numbers, and notices of what was left out of it.

    Parameters
    ----------
    path : Path
        A file with cells between commas, semicolons, tabs or blanks; lines that begin with # are comments.

    Returns
    -------
    tuple
        The array (n, d), and a notice for each line or column that was left out or looks like an index.

    Raises
    ------
    InputError
        A cell that is no number, rows of different lengths, names and numbers that cannot be told apart; with the line.
    """
    lines = _Lines.of(path, None)
    names, notices = _names(lines)
    start = 0 if names is None else 1
    if len(lines.texts) == start:
        raise ValueError("there is no line of numbers")
    table = _table(lines, start)
    if names is not None and len(names) == table.shape[1] - 1:
        names = ["", *names]  # R's write.table leaves the corner out
    if names is not None and len(names) != table.shape[1]:
        raise lines.refusal(start, f"{table.shape[1]} cells below {len(names)} names: give every column one name")
    return _without_index(lines, names, table, notices)


def _names(lines: _Lines) -> tuple[list[str] | None, list[str]]:
    """The names of the columns, None where the first line is a datum."""
    first = lines.cells(0)
    numbers = [cell for cell in first if is_number(cell)]
    if len(numbers) < len(first):
        counted = len(numbers) > 1 and numbers in (_counted(0, len(numbers)), _counted(1, len(numbers)))
        return (first, []) if not numbers or counted or (not first[0] and len(first) == 2) else (None, [])
    if first != _counted(0, len(first)):
        return None, []
    whole = any(_WHOLE.fullmatch(cell) for row in lines.rows(1) for cell in row)
    few = len(first) < _FEWEST
    if whole and few:
        return None, []
    if whole or few:
        remedy = "delete the line if it names the columns, or give the data as .npy if it is a datum"
        raise lines.refusal(0, f"{lines.texts[0][:20]} may be numbers of columns or a datum: {remedy}")
    return first, [f"line {lines.numbers[0]}, which counts the columns 0 to {len(first) - 1}, is taken as their names"]


def _counted(start: int, count: int) -> list[str]:
    return [str(start + k) for k in range(count)]


def _table(lines: _Lines, start: int) -> npt.NDArray[np.float64]:
    try:
        found: npt.NDArray[np.float64] = np.loadtxt(lines.texts[start:], delimiter=lines.separator, ndmin=2, comments=None, quotechar='"')
        return found
    except ValueError:  # what is wrong, and where, is found cell by cell
        rows = list(lines.rows(start))
    for k, row in enumerate(rows, start):
        if len(row) != len(rows[0]):
            raise lines.refusal(k, f"{len(row)} cells where line {lines.numbers[start]} has {len(rows[0])}: fill or delete the line")
        for column, cell in enumerate(row, 1):
            if not is_number(cell):
                raise lines.refusal(k, f"column {column} {_fault(cell)}")
    return np.array([[float(cell) for cell in row] for row in rows])


def _fault(cell: str) -> str:
    if not cell:
        return "is empty: every entry has to be a number; fill it, or leave out the row or the column"
    if re.fullmatch(r"[+-]?[0-9]+,[0-9]+", cell):
        return f"holds {cell}: write decimals with a point"
    return f"holds '{cell[:40]}', which is no number: leave the column out; words that are classes go into a file of labels"


def _without_index(
    lines: _Lines, names: list[str] | None, table: npt.NDArray[np.float64], notices: list[str]
) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    """The table without the leading columns that have no name and count the rows."""
    n = len(table)
    dropped = 0
    while names is not None and dropped < table.shape[1] and _UNNAMED.fullmatch(names[dropped]):
        origin = _origin(table[:, dropped])
        if origin is None:
            remedy = "leave it out if it is an index (pandas: index=False, R: row.names=FALSE), name it if it is a coordinate"
            raise lines.refusal(0, f"column {dropped + 1} has no name and does not count the rows: {remedy}")
        notices.append(f"column {dropped + 1}, which has no name and counts the rows {origin} to {origin + n - 1}, is left out as an index")
        dropped += 1
    if dropped == table.shape[1]:
        raise lines.refusal(0, "there is no column but the index: give the coordinates of the data")
    origin = _origin(table[:, dropped]) if n >= _FEWEST and not dropped and table.shape[1] > 1 else None
    if origin is not None and names is None:
        remedy = "leave it out if it is an index, or write a line of names above if it is a coordinate"
        raise lines.refusal(0, f"column 1 counts the rows {origin} to {origin + n - 1}: {remedy}")
    if origin is not None and names is not None:
        notices.append(f"column 1, '{names[0][:40]}', counts the rows {origin} to {origin + n - 1} and is taken as a coordinate")
    return table[:, dropped:], tuple(notices)


def _origin(column: Sequence[float] | npt.NDArray[np.float64]) -> int | None:
    """0 or 1 where the column counts the rows from there, else None."""
    counted = np.arange(len(column))
    return next((origin for origin in (0, 1) if np.array_equal(column, counted + origin)), None)


def read_labels(path: Path, n: int) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    """The words of a file with one label per row, and notices of what was left out.

    Parameters
    ----------
    path : Path
        As for `read_numbers`; one column, with or without a name, with or without an index before it.
    n : int
        Number of rows of the data: it tells a name above the labels from a label.

    Returns
    -------
    tuple
        The labels as words, n of them or as many as there are, and a notice if an index was left out.

    Raises
    ------
    InputError
        An empty label, or several columns that are not an index and labels; with the line.
    """
    lines = _Lines.of(path, "\x1f")  # words of a label may stand apart
    rows = list(lines.rows())
    first, widths, notices = rows[0], {len(row) for row in rows[1:]}, []
    indexed = widths == {2} and (len(first) == 1 or (len(first) == 2 and bool(_UNNAMED.fullmatch(first[0]))))
    if indexed:
        counts = [float(row[0]) if is_number(row[0]) else math.nan for row in rows[1:]]
        origin = _origin(counts)
        if origin is None:
            raise lines.refusal(0, "the first of two columns has no name and does not count the rows: leave it out")
        rows = [first[-1:], *(row[1:] for row in rows[1:])]
        notices = [f"column 1 of the labels, which has no name and counts the rows {origin} to {len(counts) + origin - 1}, is left out"]
    for k, row in enumerate(rows):
        if len(row) != 1:
            raise lines.refusal(k, f"{len(row)} cells: labels are one column; leave the others out")
        if not row[0] and not (indexed and k == 0):
            raise lines.refusal(k, "the label is empty: every row needs a class")
    words = [row[0] for row in rows]
    headed = indexed or (not is_number(words[0]) and words[0] not in words[1:] and (len(words) == n + 1 or all(map(is_number, words[1:]))))
    return np.array(words[1:] if headed and len(words) > 1 else words), tuple(notices)


def is_number(cell: str) -> bool:
    """Whether the text is a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell  # Python's own spelling of long numbers
