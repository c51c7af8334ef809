"""What the terminal shows: tables in aligned columns, and how far a long computation has come."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self, TextIO

__all__ = ["Progress", "table"]


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows of text under their headers, in columns as wide as their widest entry; the last column is not padded."""
    lines = [list(headers), *(list(row) for row in rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(headers))]
    return "".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n" for line in lines)


class Progress:
    """Shows the steps of a long computation on standard error.

    A bar on a terminal (drawn by rich where it is installed), a line per step elsewhere, nothing when `quiet`.
    Call it as ``progress(what, done, total)``, or as ``progress(what)`` after every step where the caller does not count; use it
    in a ``with`` block so that the bar is taken away at the end.

    Parameters
    ----------
    total : number of steps, for a caller that does not count.
    quiet : show nothing.
    stream : where to show it; standard error if None.
    """

    def __init__(self, total: int = 0, quiet: bool = False, stream: TextIO | None = None) -> None:
        self.total = total
        self.quiet = quiet
        self.stream = sys.stderr if stream is None else stream
        self.done = 0
        self._bar: Any = None
        self._task: Any = None
        self._drawn = 0

    def __enter__(self) -> Self:
        if not self.quiet and self.stream.isatty():
            try:
                from rich.console import Console
                from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
                from rich.progress import Progress as Bars
            except ImportError:
                return self
            columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
            self._bar = Bars(*columns, console=Console(file=self.stream), transient=True)
            self._task = self._bar.add_task("", total=self.total)
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()
        elif self._drawn:
            self.stream.write("\r" + " " * self._drawn + "\r")
            self.stream.flush()

    def __call__(self, what: str, done: int | None = None, total: int | None = None) -> None:
        """Say that the step `what` is finished, and with it `done` of `total` steps (one more, if they are not given)."""
        self.done = done = self.done + 1 if done is None else done
        total = self.total if total is None else total
        if self.quiet:
            return
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total, description=what)
        elif self.stream.isatty():
            filled = 24 * done // max(total, 1)
            text = f"[{'#' * filled}{'.' * (24 - filled)}] {done}/{total} {what}"[:78]
            self.stream.write("\r" + text.ljust(self._drawn))
            self._drawn = max(self._drawn, len(text))
            self.stream.flush()
        else:
            print(f"[{done}/{total}] {what}", file=self.stream, flush=True)
