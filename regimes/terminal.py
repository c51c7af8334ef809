"""What the terminal shows: tables in aligned columns, and how far a long computation has come."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TextIO

__all__ = ["Callback", "Progress", "parts", "shown", "table"]

Callback = Callable[[str, int, int], None]
"""How every long computation tells how far it has come: ``progress(what, done, total)``, from the thread that called it."""

LINES = 20
"""Number of lines that a computation leaves where there is no terminal, however many steps it has."""


@contextmanager
def shown(progress: Callback | bool | None) -> Iterator[Callback]:
    """What a computation calls after every step: `progress` itself, else a bar on standard error.

    Parameters
    ----------
    progress : callable, bool or None
        Called as ``progress(what, done, total)``. None shows a bar if standard error is a terminal and nothing otherwise, True a bar or
        lines, False nothing.
    """
    if callable(progress):
        yield progress
        return
    with Progress(quiet=progress is False or (progress is None and not sys.stderr.isatty())) as bar:
        yield bar


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows of text under their headers, in columns as wide as their widest entry; the last column is not padded."""
    lines = [list(headers), *(list(row) for row in rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(headers))]
    return "".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n" for line in lines)


def parts(progress: Callback, *shares: int) -> list[Callback]:
    """Callbacks of the stages of a computation, each of which moves one count by its share."""

    def part(k: int) -> Callback:
        before = sum(shares[:k])
        return lambda what, done, total: progress(what, before + shares[k] * done // max(total, 1), sum(shares))

    return [part(k) for k in range(len(shares))]


class Progress:
    """Shows the steps of a long computation on standard error.

    A bar on a terminal (drawn by rich where it is installed), elsewhere a line per step and no more than `LINES`, nothing when `quiet`.
    Call it as ``progress(what, done, total)`` after every step, in a ``with`` block so that the bar is taken away at the end.

    Parameters
    ----------
    quiet : bool
        Show nothing.
    stream : text file
        Where to show it; standard error if None.
    """

    def __init__(self, quiet: bool = False, stream: TextIO | None = None) -> None:
        self.quiet = quiet
        self.stream = sys.stderr if stream is None else stream
        self._bar: Any = None
        self._task: Any = None
        self._drawn = 0
        self._told = -1

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
            self._task = self._bar.add_task("")
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()
        elif self._drawn:
            self.stream.write("\r" + " " * self._drawn + "\r")
            self.stream.flush()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Say that the step `what` is finished, and with it `done` of `total` steps."""
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
        elif (part := min(LINES, total) * done // max(total, 1)) > self._told or done >= total:
            self._told = part
            print(f"[{done}/{total}] {what}", file=self.stream, flush=True)
