"""Reading data sets: what is taken, what is refused, and in which words."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regimes.theory.errors import InputError
from regimes.validate.data.reading import read

ROWS = np.array([[0.0, 1.0, 5.0], [2.0, 3.0, 5.0], [4.0, 8.0, 5.0], [2.0, 3.0, 5.0]])


def save_npz(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def test_mean_and_constant_columns_are_removed_and_repeated_rows_counted() -> None:
    subject = read(ROWS)
    assert (subject.n, subject.d) == (4, 3) and subject.names == ()
    np.testing.assert_allclose(subject.rows, [[-2, -2.75], [0, -0.75], [2, 4.25]])
    assert subject.counts.tolist() == [1, 2, 1]


def test_a_row_may_belong_to_several_classes() -> None:
    subject = read(ROWS, ["a", "b", "a", "a"])
    assert subject.names == ("a", "b")
    assert subject.members.tolist() == [[1, 0], [1, 1], [1, 0]]


@pytest.mark.parametrize("kind", ["npy", "npz", "npz-named", "csv", "csv-header", "csv-semicolon"])
def test_every_kind_of_file_holds_the_same_rows(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"data.{kind.split('-')[0]}"
    if kind == "npy":
        np.save(path, ROWS)
    elif kind.startswith("npz"):
        save_npz(path, **({"data": ROWS, "other": ROWS[:1]} if kind == "npz-named" else {"x": ROWS}))
    else:
        mark = ";" if kind == "csv-semicolon" else ","
        header = f"a{mark}b{mark}c\n" if kind == "csv-header" else ""
        path.write_text(header + "\n".join(mark.join(map(str, row)) for row in ROWS) + "\n")
    assert (read(str(path)).rows == read(ROWS).rows).all()
    assert read(str(path)).fingerprint == read(ROWS).fingerprint


@pytest.mark.parametrize("spelling", [[1, 8, 1, 8], [1.0, 8.0, 1.0, 8.0], ["1", "8", "1", "8"]])
def test_numbers_and_words_name_the_same_classes(spelling: list[Any], tmp_path: Path) -> None:
    subject = read(ROWS, spelling, ("8", 1))
    assert subject.names == ("8", "1")
    (tmp_path / "labels.csv").write_text("digit\n" + "\n".join(map(str, spelling)) + "\n" if spelling[0] != "1" else "1\n8\n1\n8\n")
    from_file = read(ROWS, tmp_path / "labels.csv", ("8", "1"))
    assert (from_file.members == subject.members).all()


def test_classes_choose_rows() -> None:
    subject = read(np.arange(12.0).reshape(6, 2), list("aabbcc"), ("a", "c"))
    assert subject.n == 4 and subject.names == ("a", "c")


def test_labels_may_lie_in_the_same_npz(tmp_path: Path) -> None:
    path = save_npz(tmp_path / "both.npz", data=ROWS, labels=np.array([0, 0, 1, 1]))
    assert read(path).names == ("0", "1")
    assert read(path, ["x", "x", "y", "y"]).names == ("x", "y")


def test_fingerprints_differ_with_rows_order_classes_and_names() -> None:
    prints = [
        read(ROWS), read(ROWS + 1e-12), read(ROWS[::-1]), read(ROWS.reshape(3, 4)), read(ROWS, [0, 0, 1, 1]), read(ROWS, [0, 1, 1, 1]),
        read(ROWS, list("aabb")),
    ]  # fmt: skip
    assert len({each.fingerprint for each in prints}) == len(prints)


def _bytes(name: str, content: bytes) -> Callable[[Path], Any]:
    def make(folder: Path) -> Any:
        (folder / name).write_bytes(content)
        return folder / name

    return make


def _pickled(folder: Path) -> Path:
    np.save(folder / "o.npy", np.array([{"a": 1}, None], dtype=object), allow_pickle=True)
    return folder / "o.npy"


def _truncated(folder: Path) -> Path:
    np.save(folder / "t.npy", ROWS)
    (folder / "t.npy").write_bytes((folder / "t.npy").read_bytes()[:-9])
    return folder / "t.npy"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: folder / "missing.npy", "No such file"),
        (lambda folder: folder / "data.txt", "unknown kind of file"),
        (lambda folder: folder, "unknown kind of file"),
        (_bytes("empty.npy", b""), "cannot be read"),
        (_bytes("text.npy", b"1,2,3"), "cannot be read"),
        (_bytes("bad.npz", b"PK\x03\x04garbage"), "cannot be read"),
        (_bytes("pickle.npy", pickle.dumps([1, 2])), "no plain array"),
        (_pickled, "no plain array"),
        (_truncated, "cannot be read"),
        (_bytes("empty.csv", b""), "the file is empty"),
        (_bytes("words.csv", b"a,b\n1,2\n3,x\n"), "words.csv, line 3: column 2 holds 'x', which is no number: leave the column out"),
        (_bytes("ragged.csv", b"1,2\n3\n"), "ragged.csv, line 2: 1 cells where line 1 has 2"),
        (_bytes("header.csv", b"a,b\n"), "no line of numbers"),
        (_bytes("latin.csv", b"\xff\xfe\xe9,1\n"), "cannot be read"),
        (_bytes("nan.csv", b"1,2\nnan,3\n"), "nan at row 1, column 0"),
        (lambda folder: save_npz(folder / "two.npz", a=ROWS, b=ROWS), "name the array of data 'data'"),
        (lambda folder: np.array([[1.0, np.inf], [2.0, 3.0]]), "inf at row 0, column 1"),
        (lambda folder: np.array([["1", "2"]]), "are not numbers"),
        (lambda folder: ROWS + 1j, "are not numbers"),
        (lambda folder: [[1.0, 2.0], [3.0]], "cannot be made an array"),
        (lambda folder: ROWS[0], "need \\(n, d\\)"),
        (lambda folder: np.zeros((4, 2, 2)), "reshape images"),
        (lambda folder: np.zeros((0, 3)), "need \\(n, d\\)"),
        (lambda folder: np.ones((5, 3)), "at least 2 distinct rows"),
        (lambda folder: ROWS[:1], "at least 2 distinct rows"),
        (lambda folder: ROWS * 1e120, "rescale"),
        (lambda folder: ROWS[:, :2] * 1e-120, "rescale"),
    ],
)
def test_bad_data_are_refused_in_one_line(make: Callable[[Path], Any], words: str, tmp_path: Path) -> None:
    source = make(tmp_path)
    with pytest.raises(InputError, match=words) as caught:
        read(source)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("labels", "classes", "words"),
    [
        ([1, 2, 3], None, "need one label per row"),
        (np.zeros((4, 2)), None, "need one label per row"),
        ([1.0, 2.0, np.nan, 1.0], None, "label nan in row 2"),
        ([1, 2, 1, 2], (1, 7), "no row has the class '7'; the labels hold 1, 2"),
        ([1, 2, 1, 2], (1, 1), "named once"),
        ([1, 2, 3, 4], None, "are not classes"),
        (None, (1, 2), "there are no labels"),
        ([1, 2, 1, 1], (2,), "at least 2 distinct rows"),
        ("nowhere.csv", None, "No such file"),
    ],
)
def test_bad_labels_are_refused_in_one_line(labels: Any, classes: Any, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read(ROWS, labels, classes)
    assert "\n" not in str(caught.value)
