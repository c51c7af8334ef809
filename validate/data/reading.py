"""Data sets from outside: read, checked, and reduced to what the analysis uses."""

from __future__ import annotations

import hashlib
import os
import tokenize
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from regimes.numerics.arrays import IntArray, RealArray
from regimes.theory.errors import InputError
from regimes.validate.data.csv_tables import is_number, read_labels, read_numbers

# What NumPy raises on files that are missing, truncated, corrupt or of another kind.
_UNREADABLE = (OSError, ValueError, EOFError, KeyError, MemoryError, zipfile.BadZipFile, zlib.error, tokenize.TokenError, SyntaxError)
_LARGEST, _SMALLEST = 1e100, 1e-100  # squares of numbers in between neither overflow nor underflow


@dataclass(frozen=True)
class DataSet:
    """A data set with identical rows counted together.

    Attributes
    ----------
    rows : FloatArray
        (m, k) distinct rows with their mean removed, without the columns that are constant; they carry no information.
    counts : IntArray
        (m,) how often each row occurs; they sum to `n`.
    members : IntArray
        (m, K) how many of a row's occurrences belong to each class; K = 1 without labels.
    names : tuple of str
        (K,) names of the classes; empty if there are no labels.
    n, d : int
        Number of rows and columns of the input.
    fingerprint : str
        SHA-256 of the rows and classes as they were given, whatever the kind of file.
    notices : tuple of str
        What was left out of a file, or taken although it looks like something else.
    """

    rows: RealArray
    counts: IntArray
    members: IntArray
    names: tuple[str, ...]
    n: int
    d: int
    fingerprint: str
    notices: tuple[str, ...] = ()


def read(data: Any, labels: Any = None, classes: Sequence[Any] | None = None) -> DataSet:
    """Read and check a data set.

    Parameters
    ----------
    data : array_like or path
        (n, d) numbers, or a path: .npy, .npz (an array named `data`, or the only one) or .csv (see `csv_tables`). Rows are data.
    labels : array_like or path, optional
        (n,) class of every row, numbers or words, or a path of the same kinds (.npz: an array named `labels`, or the
        only one). A .npz of data that also holds `labels` needs no other.
    classes : sequence of str, optional
        Names of the classes to keep; all if None.

    Returns
    -------
    DataSet
        The rows, checked.

    Raises
    ------
    InputError
        For a file that cannot be read, values that are not finite numbers, a wrong shape, fewer than two distinct
        rows, labels of the wrong length, or classes that the labels do not hold.
    """
    table, own_labels, notices = _array(data, "data")
    matrix = _matrix(table)
    n_all, d = matrix.shape
    given = own_labels
    if labels is not None:
        given, _, more = _array(labels, "labels", n_all)
        notices += more
    index: IntArray = np.zeros(n_all, dtype=np.intp)
    names: tuple[str, ...] = ()
    if given is None:
        if classes is not None:
            raise InputError("classes were named but there are no labels: give the class of every row")
    else:
        matrix, index, names = _chosen(matrix, _words(given, n_all), classes)
    if len(matrix) == 0 or (matrix == matrix[0]).all():
        raise InputError(f"{len(matrix)} rows, all the same: at least 2 distinct rows are needed")
    digest = hashlib.sha256(repr((matrix.shape, names)).encode() + index.astype("<i8").tobytes() + matrix.astype("<f8").tobytes())
    centred = matrix - matrix.mean(axis=0)
    centred = centred[:, (matrix != matrix[0]).any(axis=0)]
    if float(np.abs(centred).max()) < _SMALLEST:
        raise InputError(f"the rows differ by less than {_SMALLEST:g}: rescale the data")
    merged, place = np.unique(centred, axis=0, return_inverse=True)
    members = np.zeros((len(merged), max(1, len(names))), dtype=np.intp)
    np.add.at(members, (place.ravel(), index), 1)  # NumPy 2.0.0 gives a column
    return DataSet(merged, members.sum(axis=1), members, names, len(matrix), d, digest.hexdigest(), notices)


def _matrix(table: npt.NDArray[Any]) -> RealArray:
    if table.dtype.kind not in "fiub":
        raise InputError(f"data of type {table.dtype} are not numbers: give an array of real numbers, one row per datum")
    if table.ndim != 2 or 0 in table.shape:
        raise InputError(f"data of shape {table.shape}: need (n, d), one row per datum; reshape images to (n, height*width)")
    matrix: RealArray = table.astype(np.float64)
    if not np.isfinite(matrix).all():
        row, column = np.argwhere(~np.isfinite(matrix))[0]
        raise InputError(f"data hold {matrix[row, column]} at row {row}, column {column}: every entry has to be a finite number")
    if float(np.abs(matrix).max()) > _LARGEST:
        raise InputError(f"data hold numbers beyond {_LARGEST:g}: rescale them")
    return matrix


def _words(given: npt.NDArray[Any], n: int) -> list[str]:
    """Labels as names: 1 and 1.0 are both `1`."""
    flat = given.ravel() if given.ndim == 2 and 1 in given.shape else given
    if flat.shape != (n,):
        raise InputError(f"labels of shape {given.shape} for {n} rows of data: need one label per row")
    if flat.dtype.kind == "f" and not np.isfinite(flat).all():
        raise InputError(f"label {flat[~np.isfinite(flat)][0]} in row {int(np.argmin(np.isfinite(flat)))}: every row needs a class")
    return [_plain(str(value)) for value in flat.tolist()]


def _chosen(matrix: RealArray, words: list[str], classes: Sequence[Any] | None) -> tuple[RealArray, IntArray, tuple[str, ...]]:
    known = sorted(set(words), key=lambda name: (not name.isdigit(), int(name) if name.isdigit() else 0, name))
    names = tuple(known if classes is None else (str(name) for name in classes))
    for name in names:
        if name not in known:
            raise InputError(f"no row has the class '{name}'; the labels hold {', '.join(known[:20])}{' ...' if len(known) > 20 else ''}")
    if len(set(names)) != len(names):
        raise InputError(f"classes {', '.join(names)}: each one may be named once")
    if classes is None and len(names) > max(2, len(words) // 2):
        raise InputError(f"{len(names)} different labels for {len(words)} rows are not classes: give the class of every row")
    position = {name: k for k, name in enumerate(names)}
    index = np.array([position.get(word, -1) for word in words], dtype=np.intp)
    return matrix[index >= 0], index[index >= 0], names


def _array(source: Any, what: str, rows: int = 0) -> tuple[npt.NDArray[Any], npt.NDArray[Any] | None, tuple[str, ...]]:
    """The array behind a path or anything like an array, the labels that a .npz of data brings along, and notices."""
    if not isinstance(source, (str, os.PathLike)):
        try:
            return np.asarray(source), None, ()
        except ValueError as error:
            raise InputError(f"{what} cannot be made an array: {_line(error)}") from None
    path = Path(source)
    suffix = path.suffix.lower()
    if suffix not in (".npy", ".npz", ".csv"):
        raise InputError(f"{path}: unknown kind of file; {what} are read from .npy, .npz or .csv")
    try:
        if suffix == ".csv":
            table, notices = read_numbers(path) if what == "data" else read_labels(path, rows)
            return table, None, notices
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)  # pickles can run code
            if isinstance(loaded, np.ndarray):
                return loaded, None, ()
            name = what if what in loaded.files else loaded.files[0] if len(loaded.files) == 1 else ""
            if not name:
                raise InputError(f"{path} holds {', '.join(loaded.files[:10]) or 'nothing'}: name the array of {what} '{what}'")
            return loaded[name], loaded["labels"] if what == "data" and "labels" in loaded.files and name != "labels" else None, ()
    except _UNREADABLE as error:
        raise InputError(f"{path} cannot be read as {suffix} ({_line(error)}): give a readable file of {what}") from None


def _plain(word: str) -> str:
    """A label as written, except that a whole number has one spelling."""
    return f"{float(word):.0f}" if is_number(word) and float(word).is_integer() else word


def _line(error: BaseException) -> str:
    """The first line of an exception's message, not longer than a line."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    if "allow_pickle" in text:  # NumPy would explain how to load it all the same
        return "no plain array of numbers"
    return (text.splitlines() or [type(error).__name__])[0][:160] or type(error).__name__
