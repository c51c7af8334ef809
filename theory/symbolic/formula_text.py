"""Formulas from users' text: a grammar of its own, measured before anything is built. Text is never run as code.

    sum     : product (("+" | "-") product)*
    product : signed (("*" | "/") signed)*
    signed  : ("+" | "-") signed | power
    power   : atom ("**" signed)?
    atom    : NUMBER | NAME | FUNCTION "(" sum ("," sum)* ")" | "(" sum ")"

`read` makes a tree in plain Python and bounds what SymPy could make of it - SymPy turns ``exp(1000000*log(7))`` into an
integer of a million digits unasked; `Tree.build` then turns the tree into an expression with exact numbers.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NoReturn

from regimes.theory.errors import InputError

__all__ = ["CONSTANTS", "FUNCTIONS", "Tree", "read"]

CONSTANTS = ("pi", "E")
_SMOOTH = ("cos", "cosh", "erf", "erfc", "exp", "log", "sin", "sinh", "sqrt", "tan", "tanh")
FUNCTIONS = {"Abs": 1, "Heaviside": 1, "Max": 2, "Min": 2, **dict.fromkeys(_SMOOTH, 1)}
"""Functions and how many arguments they take; Heaviside is 1 at 0."""

LENGTH, TOKENS, DEPTH = 1000, 200, 16
DIGITS, DECIMALS = 40, 100  # of a number: figures, and size of its decimal exponent
POWER = 64  # largest exponent
BITS = 2000  # of all numbers together
TOWER = 2  # exponentials within one another, the inner one of a small factor times a small power

_TOKEN = re.compile(
    r"[ \t\r\n]*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z][A-Za-z0-9_]*)|(?P<sign>\*\*|[-+*/(),]))"
)
_STEEP = frozenset({"exp", "sinh", "cosh", "tanh", "erf", "erfc"})


@dataclass(frozen=True)
class _Size:
    """Bounds on what evaluation can make of a tree.

    bits : float
        Of all rational numbers in it, numerators and denominators.
    up, down : float
        log2 of the largest rational factor it can show, and of the largest its inverse can.
    degree : float
        Of the polynomial it grows like, exponentials apart.
    tower : int
        Exponentials within one another.
    logs : bool
        Whether a logarithm is in it, which an exponential can turn into a power.
    """

    bits: float = 0.0
    up: float = 0.0
    down: float = 0.0
    degree: float = 0.0
    tower: int = 0
    logs: bool = False


@dataclass(frozen=True)
class Tree:
    """A formula that was read: `head` is number, name, sum, product, inverse, power, or a function's name.

    Attributes
    ----------
    parts : tuple of Tree
        What it is made of.
    value : Fraction or None
        The exact number if it is a rational one that evident arithmetic gives.
    constant : float or None
        A number close to its value if there is no symbol in it.
    name : str
        Of a symbol or a constant.
    size : _Size
        Bounds on what evaluation can make of it.
    """

    head: str
    parts: tuple[Tree, ...]
    size: _Size
    value: Fraction | None = None
    constant: float | None = None
    name: str = ""

    @property
    def names(self) -> frozenset[str]:
        """Symbols and constants in it."""
        own = {self.name} if self.name else set()
        return frozenset(own).union(*(part.names for part in self.parts))

    def build(self, symbols: Mapping[str, Any]) -> Any:
        """The SymPy expression; `symbols` holds every name that is not a constant.

        Raises
        ------
        InputError
            A part of it has no finite real value.
        """
        import sympy as sp

        try:
            expr = _build(self, symbols)
        except (ArithmeticError, TypeError, ValueError, RecursionError):  # SymPy compares Max(...) and conditions as it builds them
            expr = sp.nan
        if expr.has(sp.nan, sp.zoo, sp.oo, -sp.oo, sp.I):
            raise InputError("a part of it is infinite, undefined or not real, as tan(pi/2) or sqrt(-a**2)")
        return expr


def read(text: str, names: Collection[str], what: str = "formula") -> Tree:
    """Read a formula in the symbols `names`; nothing is imported or evaluated for that.

    Parameters
    ----------
    text : str
        Sums, products, quotients, powers ``**``, numbers, names, `CONSTANTS` and calls of `FUNCTIONS`.
    names : collection of str
        The symbols that may occur.
    what : str
        The formula's place, for messages.

    Raises
    ------
    InputError
        It is not such a formula, or it is too long, too deep, or its numbers are too large; one line with the column.
    """
    return _Reader(text, names, what).all()


class _Reader:
    """Recursive descent over the tokens, with a counted depth."""

    def __init__(self, text: str, names: Collection[str], what: str) -> None:
        self.names, self.what, self.depth, self.place = names, what, 0, 0
        if len(text) > LENGTH:
            raise InputError(f"{what} has {len(text)} characters: a formula has at most {LENGTH}")
        self.tokens = self._tokens(text)

    def all(self) -> Tree:
        if self._peek()[1] == "":
            self._refuse("it is empty: write for instance exp(-a**2/2)/sqrt(2*pi)")
        tree = self._sum()
        head, word, _ = self._peek()
        if word:
            hint = "write * between factors" if head != "sign" or word == "(" else "there is one too many"
            self._refuse(f"'{word}' is out of place; {hint}")
        return tree

    def _tokens(self, text: str) -> list[tuple[str, str, int]]:
        found, at = [], 0
        text = text.rstrip(" \t\r\n")
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                at += len(text[at:]) - len(text[at:].lstrip(" \t\r\n"))
                better = "it is made of numbers, names, + - * / ** ( ) and functions as exp(...)"
                better = "write ** for a power" if text[at] == "^" else better
                raise InputError(f"{self.what}, column {at + 1}: {text[at]!a} is no part of a formula; {better}")
            head = str(match.lastgroup)
            found.append((head, match[head], match.start(head) + 1))
            if len(found) > TOKENS:
                raise InputError(f"{self.what} has more than {TOKENS} numbers, names and signs: write it shorter")
            at = match.end()
        return [*found, ("end", "", len(text) + 1)]

    def _peek(self) -> tuple[str, str, int]:
        return self.tokens[self.place]

    def _next(self) -> tuple[str, str, int]:
        token = self._peek()
        self.place += token[0] != "end"
        return token

    def _refuse(self, why: str, at: int | None = None) -> NoReturn:
        raise InputError(f"{self.what}, column {self._peek()[2] if at is None else at}: {why}")

    def _sum(self) -> Tree:
        terms = [self._product()]
        while self._peek()[1] in ("+", "-"):
            sign, at = self._next()[1:]
            term = self._product()
            terms.append(term if sign == "+" else self._make("product", (_number(Fraction(-1)), term), at))
        return self._make("sum", tuple(terms), self._peek()[2]) if len(terms) > 1 else terms[0]

    def _product(self) -> Tree:
        factors, at = [self._signed()], self._peek()[2]
        while self._peek()[1] in ("*", "/"):
            sign, here = self._next()[1:]
            factor = self._signed()
            factors.append(factor if sign == "*" else self._make("inverse", (factor,), here))
        return self._make("product", tuple(factors), at) if len(factors) > 1 else factors[0]

    def _signed(self) -> Tree:
        self.depth += 1
        if self.depth > DEPTH:
            self._refuse(f"more than {DEPTH} parentheses, signs and powers within one another: write it flatter")
        at = self._peek()[2]
        if self._peek()[1] in ("+", "-"):
            sign = self._next()[1]
            tree = self._signed()
            tree = tree if sign == "+" else self._make("product", (_number(Fraction(-1)), tree), at)
        else:
            tree = self._power()
        self.depth -= 1
        return tree

    def _power(self) -> Tree:
        base, (_, sign, at) = self._atom(), self._peek()
        if sign != "**":
            return base
        self._next()
        return self._make("power", (base, self._signed()), at)

    def _atom(self) -> Tree:
        head, word, at = self._next()
        if head == "number":
            return self._literal(word, at)
        if head == "name":
            return self._call(word, at) if word in FUNCTIONS or self._peek()[1] == "(" else self._symbol(word, at)
        if word != "(":
            self._refuse(f"a number, a name or a parenthesis is missing {f'before {word!r}' if word else 'at the end'}", at)
        tree = self._sum()
        self._close(at)
        return tree

    def _close(self, opened: int) -> None:
        if self._peek()[1] != ")":
            found = f"'{self._peek()[1]}' stands" if self._peek()[1] else "the formula ends"
            self._refuse(f"{found} where the parenthesis of column {opened} should be closed")
        self._next()

    def _symbol(self, name: str, at: int) -> Tree:
        if name not in self.names and name not in CONSTANTS:
            known = [*self.names, *CONSTANTS]
            near = difflib.get_close_matches(name, [*known, *FUNCTIONS], n=3) or known
            self._refuse(f"unknown name '{name[:40]}'; did you mean {' or '.join(near)}?", at)
        constant = {"pi": math.pi, "E": math.e}.get(name)
        return Tree("name", (), _Size(degree=float(constant is None)), constant=constant, name=name)

    def _call(self, name: str, at: int) -> Tree:
        if name not in FUNCTIONS:
            if name in self.names or name in CONSTANTS:
                self._refuse(f"'{name}' is no function; write * between factors")
            near = difflib.get_close_matches(name, FUNCTIONS, n=3, cutoff=0.5)
            self._refuse(f"unknown function '{name[:40]}'; there {'are ' + _listed() if not near else 'is ' + ' or '.join(near)}", at)
        opened = self._peek()[2]
        if self._next()[1] != "(":
            self._refuse(f"{name} is a function: write {name}(...)", at)
        parts = [self._sum()]
        while self._peek()[1] == ",":
            self._next()
            parts.append(self._sum())
        self._close(opened)
        if len(parts) != FUNCTIONS[name]:
            self._refuse(f"{name} takes {FUNCTIONS[name]} argument{'s' * (FUNCTIONS[name] > 1)}, not {len(parts)}", at)
        return self._make(name, tuple(parts), at)

    def _literal(self, word: str, at: int) -> Tree:
        figures, _, exponent = word.lower().partition("e")
        if len(figures) > DIGITS or len(exponent) > 5 or abs(int(exponent or 0)) > DECIMALS:
            shown = f"{word[:20]}..." if len(word) > 20 else word
            self._refuse(f"the number {shown} is too long: at most {DIGITS} figures and 1e{DECIMALS}", at)
        return _number(Fraction(word))

    def _make(self, head: str, parts: Sequence[Tree], at: int) -> Tree:
        """A tree of these parts, after its size."""
        values = [part.value for part in parts]
        if head == "power":
            size = self._power_size(parts[0], parts[1], at)
        else:
            size = _size(head, [part.size for part in parts])
        if size.bits > BITS or max(size.up, size.down) > BITS:
            self._refuse(f"the numbers here can grow to more than {BITS} binary digits: make them smaller", at)
        inner = max(parts, key=lambda part: part.size.tower).size
        if size.tower > TOWER or (size.tower == TOWER > inner.tower and (inner.up > 10 or inner.degree > 2)):
            self._refuse("exponentials within one another like this leave every range: two at most, the inner one as in exp(-exp(-a))", at)
        if head in ("sin", "cos", "tan") and size.tower:
            self._refuse(f"{head} of an exponential cannot be computed where that is large", at)
        constant = None
        if all(part.constant is not None for part in parts):
            constant = self._constant(head, [part.constant for part in parts], at)
        return Tree(head, tuple(parts), size, _folded(head, values) if all(v is not None for v in values) else None, constant)

    def _constant(self, head: str, values: Sequence[Any], at: int) -> float:
        """The value of an operation on numbers, which has to be a real one in the range of doubles."""
        try:
            result = _NUMERIC[head](*values)
        except (ArithmeticError, ValueError):
            result = math.nan
        if isinstance(result, complex) or not math.isfinite(result):
            self._refuse("this is no finite real number", at)
        return float(result)

    def _power_size(self, base: Tree, exponent: Tree, at: int) -> _Size:
        a, b, n = base.size, exponent.size, exponent.value
        if n is not None:
            if abs(n) > POWER:
                self._refuse(f"the exponent is too large: at most {POWER}", at)
            size = float(abs(n))
            up, down = (a.up, a.down) if n > 0 else (a.down, a.up)
            return _Size(max(1, math.ceil(size)) * a.bits, size * up, size * down, size * a.degree, a.tower, a.logs)
        # base**b = exp(b log base)
        lifted = min(b.up, 64.0)
        bits = b.bits + 2**lifted * (a.bits + (b.bits if b.logs else 0.0))
        wide = max(a.up, a.down, b.up, b.down, bits)
        return _Size(bits, wide, wide, max(a.degree, b.degree), max(a.tower, b.tower) + 1, a.logs or b.logs)


_NUMERIC: dict[str, Callable[..., float]] = {
    "sum": lambda *x: sum(x),
    "product": lambda *x: math.prod(x),
    "inverse": lambda x: 1 / x,
    "power": lambda x, y: x**y,
    "Abs": abs,
    "Heaviside": lambda x: float(x >= 0),
    "Max": max,
    "Min": min,
    **{name: getattr(math, name) for name in _SMOOTH},
}


def _listed() -> str:
    return ", ".join(FUNCTIONS)


def _number(value: Fraction) -> Tree:
    bits = value.numerator.bit_length() + value.denominator.bit_length() - 1
    up = max(0.0, math.log2(abs(value))) if value else 0.0
    down = max(0.0, -math.log2(abs(value))) if value else 0.0
    return Tree("number", (), _Size(float(bits), up, down), value, float(value))


def _size(head: str, sizes: Sequence[_Size]) -> _Size:
    bits, tower, logs = sum(s.bits for s in sizes), max(s.tower for s in sizes), any(s.logs for s in sizes)
    first, degree = sizes[0], max(s.degree for s in sizes)
    if head == "product":
        return _Size(bits, sum(s.up for s in sizes), sum(s.down for s in sizes), sum(s.degree for s in sizes), tower, logs)
    if head == "inverse":
        return _Size(bits, first.down, first.up, degree, tower, logs)
    if head == "sqrt":
        return _Size(bits, first.up / 2, first.down / 2, degree / 2, tower, logs)
    up, down = (max(s.up for s in sizes) + math.log2(len(sizes)), max(s.down for s in sizes) + math.log2(len(sizes)))
    if head == "exp" and logs:
        bits += 2 ** min(up, 64.0) * bits  # exp(c log y) = y**c
        up = down = max(up, down, bits)
    return _Size(bits, up, down, degree, tower + (head in _STEEP), logs or head == "log")


def _folded(head: str, values: Sequence[Any]) -> Fraction | None:
    """The exact value of an operation on numbers, if it is rational."""
    if head == "sum":
        return sum(values, Fraction(0))
    if head == "product":
        return Fraction(math.prod(values))
    if head == "inverse":
        return 1 / Fraction(values[0])
    if head == "power" and values[1].denominator == 1:
        return Fraction(values[0] ** values[1].numerator)
    return None


def _build(tree: Tree, symbols: Mapping[str, Any]) -> Any:
    import sympy as sp

    if tree.value is not None:
        return sp.Rational(tree.value.numerator, tree.value.denominator)
    if tree.head == "name":
        return symbols[tree.name] if tree.name in symbols else {"pi": sp.pi, "E": sp.E}[tree.name]
    parts = [_build(part, symbols) for part in tree.parts]
    lost = any(part.constant is None and not expr.free_symbols for part, expr in zip(tree.parts, parts, strict=True))
    if lost and tree.head not in ("sum", "product"):  # what is left was never measured
        raise InputError("the symbols of an argument cancel, as in exp(a - a): write the number that is left")
    match tree.head:
        case "sum":
            return sp.Add(*parts)
        case "product":
            return sp.Mul(*parts)
        case "inverse":
            return 1 / parts[0]
        case "power":
            return sp.Pow(*parts)
        case "Heaviside":
            return sp.Piecewise((0, parts[0] < 0), (1, True))
        case _:
            return getattr(sp, tree.head)(*parts)
