"""Tables and progress."""

from __future__ import annotations

import io

import pytest

from regimes.terminal import Progress, table


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_columns_of_a_table_are_aligned() -> None:
    text = table(("A", "LONG HEADER", "C"), [("longer", "x", "1"), ("y", "z", "2")])
    assert text == "A       LONG HEADER  C\nlonger  x            1\ny       z            2\n"


def test_progress_prints_a_line_per_step_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    with Progress(2, stream=stream) as progress:
        progress("first")
        progress("second")
    assert stream.getvalue() == "[1/2] first\n[2/2] second\n"


def test_quiet_progress_prints_nothing() -> None:
    for stream in (io.StringIO(), Screen()):
        with Progress(quiet=True, stream=stream) as progress:
            progress("only", 1, 1)
        assert stream.getvalue() == ""


def test_a_bar_on_a_terminal_shows_the_count_and_the_step() -> None:
    stream = Screen()
    with Progress(stream=stream) as progress:
        progress("cloning", 1, 4)
        progress("excess entropy", 4, 4)
    assert "4/4" in stream.getvalue()
    assert "excess entropy" in stream.getvalue()


def test_without_rich_the_bar_is_plain_and_is_wiped_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "rich.console", None)
    stream = Screen()
    with Progress(stream=stream) as progress:
        progress("cloning", 1, 4)
    assert "[######" in stream.getvalue()
    assert stream.getvalue().endswith(" \r")
