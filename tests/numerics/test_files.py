"""A file is written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from regimes.numerics.files import write_whole


def test_the_text_arrives_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_whole(tmp_path / "a.txt", "α\n")
    assert [(p.name, p.read_text(encoding="utf-8")) for p in tmp_path.iterdir()] == [("a.txt", "α\n")]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_whole(path, "old\n")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "new \ud800")  # a lone surrogate cannot be encoded
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.txt", "old\n")]


def test_the_file_has_the_permissions_of_an_ordinary_file(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    write_whole(tmp_path / "a.txt", "")
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "plain").stat().st_mode
