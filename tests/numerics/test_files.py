"""A file is written whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from regimes.numerics.files import save_arrays, write_whole


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


@pytest.mark.parametrize("compressed", [False, True])
def test_arrays_are_read_back_without_pickle(compressed: bool) -> None:
    packed = io.BytesIO()
    save_arrays(packed, {"x": np.arange(3.0), "words": np.array(["a", "bc"])}, compressed=compressed)
    with np.load(io.BytesIO(packed.getvalue()), allow_pickle=False) as held:
        assert held["x"].tolist() == [0, 1, 2]
        assert held["words"].tolist() == ["a", "bc"]


def test_an_array_of_objects_is_not_written() -> None:
    packed = io.BytesIO()
    with pytest.raises(TypeError, match="x holds objects"):
        save_arrays(packed, {"x": np.array([None, 1], dtype=object)})
    assert packed.getvalue() == b""
