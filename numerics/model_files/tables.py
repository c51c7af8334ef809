"""Tables of a model file: keys, types and limits, each refused by name; nothing is built here and SymPy is not imported."""

from __future__ import annotations

import difflib
import keyword
import math
import os
import re
import stat
from collections.abc import Collection, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from regimes.theory import params as shared
from regimes.theory.errors import InputError
from regimes.theory.params import Param
from regimes.theory.symbolic.formula_text import CONSTANTS, FUNCTIONS, Tree, read

__all__ = ["Infinite", "Table", "file_bytes", "formula", "parameters"]

Infinite = float
"""An end of a support that is no formula: inf or -inf."""

MOST_PARAMETERS, MOST_ENTRIES = 8, 100
LARGEST_NUMBER = 1e9
"""Of a parameter's interval and default."""

RESERVED = frozenset(
    {p.name for p in vars(shared).values() if isinstance(p, Param)}
    | {"a", "x", "z", "y", "v", "u", "r", "s", "m", "m_star", "Delta", "gamma", "eps", "kappa", "L", "Z", "delta", "epsilon"}
    | {"model", "quantity", "method", "digits", "definition", "target", "prior", "kind", *CONSTANTS, *FUNCTIONS}
)
"""Names that derivations and commands use themselves."""

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*", re.ASCII)
# Texts go into generated code and LaTeX: no backslash, quote or dollar.
_LINE = re.compile(r"[ !#%&'()*+,\-./0-9:;<=>?@A-Z\[\]^_a-z{|}~]{1,120}", re.ASCII)
_GREEK = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi", "pi", "rho"),
    *("sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
)
_COMMANDS = (*_GREEK, *(name.capitalize() for name in _GREEK), "varepsilon", "varphi", "tilde", "hat", "bar", "mathrm", "ell", "star")
_LATEX = re.compile(rf"(?:\\(?:{'|'.join(_COMMANDS)})(?![A-Za-z])|[A-Za-z0-9_^{{}}' ])+", re.ASCII)


def file_bytes(path: str | Path, most: int) -> bytes:
    """What is in a regular file of at most `most` bytes; anything else - a device, a pipe, a larger file - is refused unread."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            raise InputError(f"{path} is no regular file: give one that is")
        if about.st_size > most:
            raise InputError(f"{path} has {about.st_size} bytes: such a file has at most {most}")
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(most)
    finally:
        os.close(handle)


class Table:
    """A table of the file, with its name for messages."""

    def __init__(self, data: Mapping[str, Any], name: str) -> None:
        self.data, self.name = data, name

    def __contains__(self, key: str) -> bool:
        return key in self.data

    def expect(self, *keys: str) -> None:
        """Refuse every key but these."""
        for key in self.data:
            if key not in keys:
                near = difflib.get_close_matches(key, keys, n=2, cutoff=0.5) or keys
                where = f" in [{self.name}]" if self.name else ""
                raise InputError(f"unknown key {key[:40]!a}{where}; did you mean {' or '.join(near)}?")

    def get(self, key: str) -> Any:
        """The value of a key that has to be there."""
        if key not in self.data:
            raise InputError(f"{key} is missing in [{self.name}]" if self.name else f"the table [{key}] is missing")
        return self.data[key]

    def table(self, key: str, *keys: str) -> Table:
        """A table within this one, which may hold `keys`."""
        value = self.get(key)
        name = f"{self.name}.{key}" if self.name else key
        if not isinstance(value, dict):
            raise InputError(f"{name} is no table: write [{name}] and its keys below")
        found = Table(value, name)
        if keys:
            found.expect(*keys)
        return found

    def text(self, key: str) -> str:
        """A string."""
        value = self.get(key)
        if not isinstance(value, str):
            raise InputError(f'{self.name}.{key} is no string: write {key} = "..."')
        return value

    def line(self, key: str) -> str:
        """One line of plain text; empty if it is not there."""
        text = self.text(key) if key in self else ""
        if text and not _LINE.fullmatch(text):
            raise InputError(f"{self.name}.{key} has to be one line of at most 120 plain characters, without backslash, quote, dollar")
        return text

    def entries(self, key: str, count: int = 0, hint: str = "[...]") -> list[Any]:
        """A list, of `count` entries if that is not 0."""
        value = self.get(key)
        if not isinstance(value, list) or (count and len(value) != count):
            raise InputError(f"{self.name}.{key} has to be {hint}")
        if len(value) > MOST_ENTRIES:
            raise InputError(f"{self.name}.{key} has {len(value)} entries: at most {MOST_ENTRIES} are taken")
        return value

    def pairs(self, key: str, hint: str) -> list[tuple[Any, Any]]:
        """A list of pairs; empty if it is not there."""
        found = []
        for entry in self.entries(key, hint=f"[{hint}, ...]") if key in self else ():
            if not isinstance(entry, list) or len(entry) != 2:
                raise InputError(f"every entry of {self.name}.{key} has to be {hint}")
            found.append((entry[0], entry[1]))
        return found

    def number(self, key: str, default: float | None = None) -> float:
        """A number as a float; inf is one, nan is not."""
        if key not in self and default is not None:
            return default
        return _float(self.get(key), f"{self.name}.{key}")


def _float(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or (isinstance(value, Decimal) and value.is_nan()):
        raise InputError(f"{what} is no number")
    infinite = isinstance(value, Decimal) and value.is_infinite()
    if not infinite and not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
        raise InputError(f"{what} is too large: at most {LARGEST_NUMBER:g}")
    return float(value)


def formula(value: Any, names: Collection[str], what: str, *, infinite: bool = False) -> Tree | Infinite:
    """A number or a string with a formula; where `infinite`, also the numbers inf and -inf."""
    if infinite and isinstance(value, Decimal) and value.is_infinite():
        return float(value)
    if isinstance(value, str):
        return read(value, names, what)
    number = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
    if not number or not Decimal(value).is_finite() or not -(10**120) < value < 10**120:
        raise InputError(f"{what} has to be a number{', inf, -inf' * infinite} or a formula in quotes, not too large")
    return read(str(value), (), what)


def parameters(top: Table) -> tuple[Param, ...]:
    """The tables [parameters.NAME] as parameters."""
    if "parameters" not in top:
        return ()
    group = top.table("parameters")
    if len(group.data) > MOST_PARAMETERS:
        raise InputError(f"{len(group.data)} parameters: a model file has at most {MOST_PARAMETERS}")
    return tuple(_parameter(name, group) for name in group.data)


def _parameter(name: str, group: Table) -> Param:
    if not _IDENTIFIER.fullmatch(name) or len(name) > 30 or keyword.iskeyword(name):
        raise InputError(f"parameters.{name[:40]!a}: a name is made of letters, digits and single underscores, as in rho or sigma_a")
    if name in RESERVED or name.startswith("s_"):
        raise InputError(f"parameters.{name}: '{name}' means something else here; call the parameter otherwise, for instance {name}_1")
    table = group.table(name, "low", "high", "closed", "typical", "default", "doc", "latex")
    low, high = table.number("low", -math.inf), table.number("high", math.inf)
    closed = table.text("closed") if "closed" in table else ""
    if not low < high:
        raise InputError(f"{table.name}: low={low:g} is not below high={high:g}")
    if closed not in ("", "low", "high", "both"):
        raise InputError(f'{table.name}.closed names the ends that belong to the domain: "", "low", "high" or "both"')
    if "typical" in table:
        typical = [_float(value, f"{table.name}.typical") for value in table.entries("typical", 2, "[from, to]")]
    elif math.isfinite(low) and math.isfinite(high):
        typical = [low + (high - low) / 10, high - (high - low) / 10]
    else:
        raise InputError(f"typical is missing in [{table.name}]: give the interval from which checks draw, as in typical = [0.5, 2.0]")
    default = table.number("default") if "default" in table else None
    param = Param(name, _latex(table, name), table.line("doc") or f"parameter {name}", low, high, closed, (typical[0], typical[1]), default)
    for key, values in (("typical", typical), ("default", [] if default is None else [default])):
        if not all(map(param.contains, values)) or (key == "typical" and not typical[0] < typical[1]):
            raise InputError(f"{table.name}.{key} has to lie in the domain {param.domain}{', ends in order' if key == 'typical' else ''}")
    return param


def _latex(table: Table, name: str) -> str:
    if "latex" not in table:
        return f"\\{name}" if name in _GREEK else name if len(name) == 1 else rf"\mathrm{{{name.replace('_', ' ')}}}"
    text = table.text("latex")
    if len(text) > 40 or not _LATEX.fullmatch(text) or _depth(text) != 0:
        raise InputError(f"{table.name}.latex is made of letters, digits, Greek letters, tilde, hat, bar, mathrm, _ ^ and pairs of braces")
    return text


def _depth(text: str) -> int:
    """0 if every brace is closed again."""
    depth = 0
    for mark in text:
        depth += (mark == "{") - (mark == "}")
        if depth < 0:
            return -1
    return depth
