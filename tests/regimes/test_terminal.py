"""Tables and progress."""

from __future__ import annotations

import io
import sys

import pytest

from regimes.terminal import Progress, parts, shown, table


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_columns_of_a_table_are_aligned() -> None:
    text = table(("A", "LONG HEADER", "C"), [("longer", "x", "1"), ("y", "z", "2")])
    assert text == "A       LONG HEADER  C\nlonger  x            1\ny       z            2\n"


def test_progress_prints_a_line_per_step_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    with Progress(stream=stream) as progress:
        progress("first", 1, 2)
        progress("second", 2, 2)
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


def test_a_log_file_gets_some_lines_however_many_steps_there_are() -> None:
    """1591 batches of `check` were 1591 lines."""
    stream = io.StringIO()
    with Progress(stream=stream) as progress:
        for k in range(1591):
            progress("batch", k + 1, 1591)
    lines = stream.getvalue().splitlines()
    assert len(lines) <= 21 and lines[-1] == "[1591/1591] batch"


def test_stages_move_one_count_by_their_shares() -> None:
    seen: list[tuple[str, int, int]] = []
    first, second = parts(lambda *news: seen.append(news), 60, 40)
    for k in range(3):
        first("a", k + 1, 3)
    second("b", 1, 1)
    assert seen == [("a", 20, 100), ("a", 40, 100), ("a", 60, 100), ("b", 100, 100)]


@pytest.mark.parametrize(("screen", "progress", "told"), [(True, None, True), (False, None, False), (True, False, False)])
def test_python_shows_a_bar_on_a_terminal_unless_told_not_to(
    screen: bool, progress: bool | None, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Screen() if screen else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with shown(progress) as show:
        show("cloning", 1, 4)
    assert ("cloning" in stream.getvalue()) == told


def test_a_callback_is_called_in_the_one_order() -> None:
    seen: list[tuple[str, int, int]] = []
    with shown(lambda *news: seen.append(news)) as show:
        show("cloning", 1, 4)
    assert seen == [("cloning", 1, 4)]
