"""No final formula stands in the sources that derive it, in whatever spelling.

Every arithmetic expression of theory/ that is written in the symbols of a headline formula is evaluated, with exact numbers for
the symbols: one that has the formula's value is the formula.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sympy as sp

from regimes.theory import conventions
from regimes.theory.derive import derive
from regimes.theory.symbolic import functions

ROOT = Path(__file__).parents[2]
FILES = sorted(Path(top, name).relative_to(ROOT) for top, _, names in os.walk(ROOT / "theory") for name in names if name.endswith(".py"))
HEADLINES = {
    ("gaussian", "collapse"): (
        "energy_cumulant",
        "rate_function",
        "tilt",
        "information",
        "dispersion",
        "collapse_time",
        "collapse_snr",
        "onset_cumulant",
    ),
    ("gaussian-mixture", "speciation"): ("kappa", "largest_eigenvalue", "snr_time", "spectral_time", "curvature_time", "potential"),
    ("zero-mean-mixture", "speciation"): ("coordinate_variance", "snr_time_wide", "balance_ratio_narrow", "snr_time_wide_large_d"),
    ("mixture-unlike", "speciation"): ("log_odds_mean", "log_odds_variance", "snr_time_large_d", "balance_time_large_d"),
}
SPELT: dict[str, str] = {name: symbol.name for name, symbol in vars(conventions).items() if isinstance(symbol, sp.Symbol)}
"""Variable of the sources -> the symbol it holds, where the names differ: `decay` is the symbol r."""
OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b,
}
DIGITS = 20
SHORTEST_PART = 7
"""Operations above which a term of a headline formula is looked for by itself."""


class NotAFormulaError(Exception):
    """Something other than arithmetic and functions of SymPy or of `symbolic.functions`."""


@cache
def headlines() -> dict[str, Any]:
    """Step -> its formula, and its longer terms."""
    found: dict[str, Any] = {}
    for (model, kind), steps in HEADLINES.items():
        proof = derive(model, kind)
        for step in steps:
            parts = [part for part in sp.Add.make_args(proof[step]) if part.count_ops() >= SHORTEST_PART and part != proof[step]]
            found[f"{model} {step}"] = proof[step]
            found |= {f"{model} {step}, term {k}": part for k, part in enumerate(parts)}
    return found


def number(name: str) -> Any:
    """The number that stands for a symbol: positive, below one, its own."""
    return sp.Rational(1 + sum(map(ord, name)) % 89, 97)


def word(node: ast.AST) -> str | None:
    """The name under which a source has a quantity: `gamma`, `c.gamma`, `values["gamma"]`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=str(name))):
            return SPELT.get(name, name)
    return None


def evaluate(node: ast.AST, symbols: frozenset[str]) -> Any:
    """The value of an expression of Python."""
    match node:
        case ast.Constant(value=int(value)):
            return sp.Integer(value)
        case ast.Constant(value=float(value)):
            return sp.Rational(repr(value))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -evaluate(operand, symbols)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return OPERATORS[type(op)](evaluate(left, symbols), evaluate(right, symbols))
        case ast.Call(func=function, args=arguments, keywords=[]):
            name = word(function) or ""
            known: Any = getattr(functions, name, None) or getattr(sp, name, None)
            if isinstance(known, sp.FunctionClass) or name in ("Rational", "sqrt", "Integer", "root"):
                return known(*(evaluate(argument, symbols) for argument in arguments))
    name = word(node) or ""
    if name in symbols:
        return number(name)
    constant = getattr(sp.S, name, None) if name[:1].isupper() else getattr(sp, name, None)
    if isinstance(constant, sp.Expr) and constant.is_number:
        return constant
    raise NotAFormulaError(ast.unparse(node))


def expressions(source: str) -> Iterator[tuple[int, ast.expr, frozenset[str]]]:
    """Arithmetic in a source, also inside texts, with the words that stand in it."""
    for node in ast.walk(ast.parse(source)):
        inside: list[ast.AST] = [node]
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value:
            try:
                inside = list(ast.walk(ast.parse(node.value.strip(), mode="eval")))
            except (SyntaxError, ValueError):
                continue
        for part in inside:
            if isinstance(part, (ast.BinOp, ast.UnaryOp, ast.Call)):
                yield getattr(node, "lineno", 0), part, frozenset(w for leaf in ast.walk(part) if (w := word(leaf)))


@cache
def value(text: str, symbols: frozenset[str]) -> Any:
    """The value of an expression as text; None if it is no formula in these symbols."""
    try:
        return sp.N(evaluate(ast.parse(text, mode="eval").body, symbols), DIGITS)
    except (NotAFormulaError, TypeError, ValueError, ZeroDivisionError):
        return None


@cache
def value_of(name: str) -> Any:
    """The value of a headline formula."""
    formula = headlines()[name]
    return formula.subs({symbol: number(symbol.name) for symbol in formula.free_symbols}).evalf(DIGITS)


def typed_in(source: str) -> dict[str, int]:
    """Headline formulas that a source holds, with the line."""
    found: dict[str, int] = {}
    candidates = list(expressions(source))
    for name, formula in headlines().items():
        symbols = frozenset(symbol.name for symbol in formula.free_symbols)
        for line, node, words in candidates:
            if name in found or not symbols <= words or (other := value(ast.unparse(node), symbols)) is None:
                continue
            if abs(other - value_of(name)) < abs(value_of(name)) * sp.Float(10) ** (5 - DIGITS):
                found[name] = line
    return found


@pytest.mark.parametrize("path", FILES, ids=Path.as_posix)
def test_a_source_of_the_theory_holds_no_final_formula(path: Path) -> None:
    assert typed_in((ROOT / path).read_text(encoding="utf-8")) == {}


@pytest.mark.parametrize("path", FILES, ids=Path.as_posix)
def test_a_final_formula_in_that_source_is_found(path: Path) -> None:
    """All of them planted at once, as SymPy prints them."""
    source = (ROOT / path).read_text(encoding="utf-8")
    planted = "".join(f"\n\ndef planted_{k}():\n    return {formula}\n" for k, formula in enumerate(headlines().values()))
    assert set(typed_in(source + planted)) == set(headlines())


SPELLINGS: dict[str, Callable[[Any], str]] = {
    "str": str,
    "pycode": lambda formula: sp.pycode(formula, strict=False).splitlines()[-1],
    "expanded": lambda formula: str(sp.expand(formula)),
    "factored": lambda formula: str(sp.factor(formula, deep=True)),
    "a text": lambda formula: f"'{formula}'",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_final_formula_is_found_in_every_spelling(spelling: str) -> None:
    for name, formula in headlines().items():
        assert name in typed_in(f"planted = {SPELLINGS[spelling](formula)}\n"), name


@pytest.mark.parametrize(
    "source",
    [
        "sp.log(1 + c.gamma * values['sigma'] ** 2) / 2",
        "sp.Rational(1, 2) * log1p(gamma * sigma**2)",
        "sp.S.Half * sp.log(gamma * sigma**2 + 1)",
        "Average(f(x), log(gamma * sigma**2 + 1) / 2)",
    ],
)
def test_it_is_found_as_an_author_would_write_it(source: str) -> None:
    assert list(typed_in(f"planted = {source}\n")) == ["gaussian information"]


@pytest.mark.parametrize("source", ["sp.log(1 + gamma * sigma**2)", "sp.log(1 + gamma * sigma) / 2", "gamma * sigma**2"])
def test_an_ingredient_is_not_a_final_formula(source: str) -> None:
    assert typed_in(f"planted = {source}\n") == {}
