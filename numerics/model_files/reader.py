"""A user's data distribution from a file. Such a file is data: nothing in it can run.

[model]
name = "mine"
kind = "..."                              # the family of its law, see `forms`; doc = "..." may say more
[...]                                     # the law: the family says which table describes it
[parameters.rho]
low = 0.0
high = 1.0
typical = [0.1, 0.9]                      # where it is checked; further keys: closed, default, doc, latex
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from regimes.theory.errors import InputError, UnknownNameError
from regimes.theory.model import DataModel, Group, all_groups, all_models, find_model

# What reads a file is imported when there is one: most models have a name.
if TYPE_CHECKING:
    from regimes.numerics.model_files.tables import Table

__all__ = ["choose_model", "get_model", "read_model", "read_numbers"]

LARGEST_FILE, LONGEST_LINE = 2**16, 8000

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)


# -- finding -------------------------------------------------------------------------------------------------------------


def get_model(name: str, **words: str) -> DataModel:
    """The model of a name, of a group and a choice, or of a file: ``model("product", prior="laplace")``, ``model("spike.toml")``.

    Raises
    ------
    UnknownNameError
        No such model, with the nearest names; or words that the model does not take.
    MissingParameterError
        The name is that of a group and the choice is missing.
    InputError
        The file does not describe a model.
    """
    model, left = choose_model(name, words)
    if left:
        raise UnknownNameError(f"choice of {name}", next(iter(left)), [])
    return model


def choose_model(name: str, words: Mapping[str, str]) -> tuple[DataModel, dict[str, str]]:
    """The model that a name and the words beside it stand for, and the words that are left."""
    if name.lower().endswith(".toml"):
        return read_model(name), dict(words)
    found = find_model(name)
    if isinstance(found, Group):
        value = words.get(found.choice, "")
        left = {word: text for word, text in words.items() if word != found.choice}
        if suffix := Path(value).suffix.lower():
            family = next(iter(found.variants.values())).family
            if suffix == ".toml":
                model = read_model(value)
                if model.family != family:
                    raise InputError(f"{value} is of kind {model.family}, not {family}: give it as the model")
                return model, left
            from regimes.numerics.model_files.forms import file_forms

            if family in file_forms() and suffix in file_forms()[family].suffixes:
                return read_numbers(value, family), left
    return found.choose(words)


# -- reading -------------------------------------------------------------------------------------------------------------


def read_model(path: str | Path) -> DataModel:
    """The model that a TOML file describes.

    Raises
    ------
    InputError
        It is no regular file, too large, malformed, or describes no law; in one line.
    """
    import tomllib
    from decimal import Decimal

    from regimes.numerics.model_files.tables import Table, file_bytes

    raw = file_bytes(path, LARGEST_FILE)
    try:
        text = raw.decode("utf-8")
        if max(map(len, text.splitlines()), default=0) > LONGEST_LINE:  # the parser's time grows with the square of a key's length
            raise InputError(f"{path} has a line of more than {LONGEST_LINE} characters: break it")
        data = tomllib.loads(text, parse_float=Decimal)
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text: a model file is TOML in UTF-8") from None
    except (ValueError, ArithmeticError, RecursionError) as error:  # also numbers too long for Python and tables too deep for it
        raise InputError(f"{path} is not TOML: {str(error)[:160]!a}") from None
    try:
        return _model(Table(data, ""), Path(path).parent)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _model(top: Table, folder: Path) -> DataModel:
    from regimes.numerics.model_files.forms import FileModel, file_forms
    from regimes.numerics.model_files.tables import parameters

    head = top.table("model", "name", "kind", "doc")
    name, family, doc = head.text("name"), head.text("kind"), head.line("doc")
    if not _NAME.fullmatch(name) or len(name) > 40:
        raise InputError(f"name {name[:40]!a} is no name: use small letters, digits and hyphens, for instance spike-and-slab")
    if name in {*all_models(), *all_groups()}:
        raise InputError(f"name '{name}' is that of a model of this program: choose another")
    if family not in file_forms():
        raise InputError(str(UnknownNameError("kind", family[:40], file_forms())))
    form = file_forms()[family]
    top.expect("model", "parameters", form.table)
    return FileModel(name, doc or form.doc, family, form.read(top, parameters(top), folder))


def read_numbers(path: str | Path, family: str) -> DataModel:
    """The model of a family that a file of plain numbers stands for.

    Raises
    ------
    InputError
        The file cannot be read, or its numbers are not those of a law.
    """
    from regimes.numerics.model_files.forms import FileModel, file_forms

    stem = Path(path).stem.lower()
    name = f"{family}-{stem}" if _NAME.fullmatch(stem) and len(stem) <= 30 else f"{family}-file"
    name = f"{family}-file" if name in all_models() else name
    form = file_forms()[family]
    assert form.read_numbers is not None
    return FileModel(name, form.doc, family, form.read_numbers(Path(path)))
