"""Reading the words of a command: options, whole numbers, and the VALUEs of ``predict``.

Imported before ``--help`` is answered, so what is heavy is imported where it is needed.
"""

from __future__ import annotations

import argparse
import math
import os
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn

from regimes.theory.errors import InputError, RegimesError, UnknownNameError

if TYPE_CHECKING:
    from pathlib import Path

    from regimes.theory.model import DataModel

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_LONGEST_NUMBER = 1000  # characters
LARGEST_GRID = 1_000_000


class UsageError(RegimesError):
    """Words that do not make a command. Remedy: ``regimes COMMAND --help``."""


class Parser(argparse.ArgumentParser):
    """Arguments of one command, in any order; what is wrong with them is raised as a `RegimesError`."""

    def __init__(self, command: str, description: str) -> None:
        super().__init__(prog=f"regimes {command}", description=description, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        """The arguments in `words`; options may stand between positional words."""
        options, unknown = self.parse_known_intermixed_args(self._assignments_last(words))
        for word in unknown:
            if word.startswith("-"):
                known = [o for action in self._actions for o in action.option_strings if o.startswith("--")]
                raise UnknownNameError("option", word.partition("=")[0], known)
            raise UsageError(f"too many arguments: '{word}'; see {self.prog} --help")
        return options

    def _assignments_last(self, words: Sequence[str]) -> list[str]:
        """`words` with every NAME=VALUE behind the others, so that ``product prior=laplace QUANTITY`` is read, too."""
        if sum(not action.option_strings for action in self._actions) < 2:
            return list(words)  # of a list of models each has its own
        valued = {o for action in self._actions if action.nargs != 0 for o in action.option_strings}
        moved = [bool(_ASSIGNMENT.match(word)) and before not in valued for before, word in zip(["", *words], words, strict=False)]
        return [w for w, later in zip(words, moved, strict=True) if not later] + [w for w, later in zip(words, moved, strict=True) if later]


def pick_model(name: str, words: Sequence[str]) -> tuple[DataModel, list[str]]:
    """The model that MODEL and the CHOICE=VALUE beside it stand for - a name, a group, a file - and the words that are left."""
    from regimes.numerics.model_files.reader import choose_model

    given = [word.partition("=") for word in words if "=" in word]
    model, left = choose_model(name, {key: value for key, _, value in given})
    taken = {key for key, _, _ in given} - set(left)
    for key in taken:
        if [other for other, _, _ in given].count(key) > 1:
            raise UsageError(f"{key} is given twice: a model has one")
    return model, [word for word in words if word.partition("=")[0] not in taken]


def pick_exactly(name: str, words: Sequence[str]) -> DataModel:
    """The same where nothing else may stand beside the model."""
    model, left = pick_model(name, words)
    for word in left:
        if "=" not in word:
            raise UsageError(f"too many arguments: '{word}'")
        raise UnknownNameError(f"choice of {name}", word.partition("=")[0], [])
    return model


def model_groups(words: Sequence[str]) -> list[tuple[str, ...]]:
    """A list of MODEL words as groups, each MODEL with the CHOICE=VALUE behind it; a group that is there twice counts once."""
    groups: list[tuple[str, ...]] = []
    for word in words:
        if "=" not in word or not word.partition("=")[0].isidentifier():
            groups.append((word,))
        elif groups:
            groups[-1] += (word,)
        else:
            raise UsageError(f"{word} stands before any model: write for instance product {word}")
    return list(dict.fromkeys(groups))


def one_of(what: str, names: Sequence[str]) -> Callable[[str], str]:
    """A reader of one of `names`; anything else is an error with the nearest names."""

    def read(word: str) -> str:
        if word not in names:
            raise UnknownNameError(what, word, names)
        return word

    return read


def whole_number(name: str, low: int, high: int) -> Callable[[str], int]:
    """A reader of a whole number between `low` and `high`, ends included."""

    def read(word: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]{1,30}", word) or not low <= int(word) <= high:
            raise UsageError(f"{name} {word} is not possible: give a whole number from {low} to {high}")
        return int(word)

    return read


def output_file(word: str) -> Path:
    """A path at which a file can be made: its folder exists and the path is no folder."""
    from pathlib import Path

    path = Path(word)
    if path.is_dir():
        raise InputError(f"cannot write {word}: it is a folder; give the name of a file")
    if not path.parent.is_dir():
        raise InputError(f"cannot write {word}: there is no folder {path.parent}; make it first")
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"cannot write {word}: no permission to write into {path.parent}; choose another folder")
    return path


def output_folder(word: str) -> Path:
    """A path that is a folder or can become one."""
    from pathlib import Path

    path = Path(word)
    nearest = next(p for p in (path, *path.absolute().parents) if p.exists())
    if not nearest.is_dir():
        raise InputError(f"cannot write into {word}: {nearest} is a file; give a folder")
    if not os.access(nearest, os.W_OK):
        raise InputError(f"cannot write into {word}: no permission to write into {nearest}; choose another folder")
    return path


def read_number(name: str, word: str) -> float:
    """One number as typed: decimal, with or without an exponent."""
    if len(word) > _LONGEST_NUMBER or not _NUMBER.fullmatch(word):
        raise UsageError(f"{name}={word[:40]} is not a number: give a number, a list 0.1,0.2 or a range 0.05:0.5:10")
    return float(word)


def read_value(name: str, word: str, numeric: bool) -> float | str | list[float] | list[str]:
    """VALUE of NAME=VALUE: a number, a list ``0.1,0.2``, a range ``lo:hi:count`` (ends included), or a word or words.

    Parameters
    ----------
    name : str
        The parameter, for messages.
    word : str
        The text after the equals sign.
    numeric : bool
        Whether the parameter is known to be a number; if not, words that are no numbers are kept as words.
    """
    if ":" in word:
        return _read_range(name, word)
    items = word.split(",")
    if not numeric and not any(_NUMBER.fullmatch(item) for item in items) and all(items):
        return items if len(items) > 1 else items[0]
    numbers = [read_number(name, item) for item in items]
    return numbers if len(numbers) > 1 else numbers[0]


def _read_range(name: str, word: str) -> list[float]:
    parts = word.split(":")
    if len(parts) != 3 or not parts[2].isascii() or not parts[2].isdigit():
        raise UsageError(f"{name}={word} is not a range: give lo:hi:count, as in 0.05:0.5:10 (10 points, ends included)")
    low, high, count = read_number(name, parts[0]), read_number(name, parts[1]), int(parts[2][:12])
    if not 2 <= count <= LARGEST_GRID:
        raise UsageError(f"{name}={word} has {count} points: a range has from 2 to {LARGEST_GRID}")
    if not (math.isfinite(low) and math.isfinite(high)):
        raise UsageError(f"{name}={word} is not a range: its ends must be finite")
    from fractions import Fraction

    # A quotient of whole numbers is rounded once, so 0.1:0.3:3 holds 0.2 and not 0.2 plus an ulp.
    start, end, gaps = Fraction(parts[0]), Fraction(parts[1]), count - 1
    scale = start.denominator * end.denominator
    first, last = int(start * scale), int(end * scale)
    return [(first * (gaps - k) + last * k) / (scale * gaps) for k in range(count)]


def read_assignments(words: Sequence[str], numeric: frozenset[str]) -> dict[str, float | str | list[float] | list[str]]:
    """NAME=VALUE words as a dictionary, in the order given."""
    values: dict[str, float | str | list[float] | list[str]] = {}
    points = 1
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"'{word}' is not NAME=VALUE; write for instance alpha=0.1")
        if name in values:
            raise UsageError(f"{name} is given twice; give a list, as in {name}=0.1,0.2")
        values[name] = read_value(name, text, name in numeric)
        value = values[name]
        points *= len(value) if isinstance(value, list) else 1
    if points > LARGEST_GRID:
        raise UsageError(f"the grid has {points} points; at most {LARGEST_GRID} are computed at once")
    return values
