"""Expressions to source text, one small printer per target; what is not on the list is refused by name.

The printers are written from scratch: one that inherits a method for every SymPy node prints some of them wrongly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import sympy as sp

from regimes.theory.errors import UnknownNameError, UnsupportedExpressionError
from regimes.theory.symbolic import functions as stable

__all__ = ["MpmathPrinter", "NumpyPrinter", "Printer", "Spread", "printer_class"]

SUM, PRODUCT, POWER, ATOM = range(1, 5)  # precedence


class Spread(sp.Function):  # type: ignore[misc]
    """Part of a value's error: |slope| times the error of what it depends on; none where the slope is zero."""

    nargs = 2


class Printer:
    """Text of an expression in which every symbol has a name.

    Attributes
    ----------
    functions : mapping
        SymPy function -> name of the target's function of the same arguments.
    reserved : mapping
        Names that generated code uses itself.
    """

    functions: ClassVar[Mapping[Any, str]]
    square_root: ClassVar[str]
    reserved: ClassVar[frozenset[str]]

    def __init__(self, names: Mapping[Any, str]) -> None:
        self.names = names

    def text(self, expr: Any, precedence: int = 0) -> str:
        """Source of `expr`, in parentheses where its operator binds more weakly than `precedence`."""
        for kinds, method in self.table():
            if isinstance(expr, kinds):
                source, own = method(expr)
                return source if own >= precedence else f"({source})"
        for kind, name in self.functions.items():
            if isinstance(expr, kind):
                source = f"{name}({', '.join(self.typed(a) for a in expr.args)})"
                return f"({source})" if name.startswith("one/") and precedence > PRODUCT else source
        raise UnsupportedExpressionError(
            f"'{getattr(expr, 'func', type(expr)).__name__}' in {expr} cannot be printed for "
            f"{type(self).__name__.removesuffix('Printer').lower()}; rewrite it with functions that can"
        )

    def table(self) -> list[tuple[Any, Callable[[Any], tuple[str, int]]]]:
        """Kinds of expression with structure, and the method for each."""
        return [
            (sp.Symbol, self.symbol),
            (sp.Float, self.refuse_float),
            (sp.Integer, self.integer),
            (sp.Rational, self.rational),
            (sp.NumberSymbol, self.constant),
            ((sp.core.numbers.Infinity, sp.core.numbers.NegativeInfinity), self.infinity),
            (sp.Add, self.sum),
            (sp.Mul, self.product),
            (sp.exp, self.exponential),
            (sp.Pow, self.power),
            (sp.Piecewise, self.piecewise),
            ((sp.Max, sp.Min), self.extremum),
        ]

    def symbol(self, expr: Any) -> tuple[str, int]:
        return self.names[expr], ATOM

    def refuse_float(self, expr: Any) -> tuple[str, int]:
        raise UnsupportedExpressionError(
            f"the floating-point number {expr} holds 53 bits only; write it as a Rational, for instance {sp.nsimplify(expr, rational=True)}"
        )

    def integer(self, expr: Any) -> tuple[str, int]:
        if abs(int(expr)) > 2**53:
            return self.long_integer(int(expr)), ATOM
        return str(expr), ATOM if expr >= 0 else SUM

    def rational(self, expr: Any) -> tuple[str, int]:
        return f"{self.text(sp.Integer(expr.p))}*one/{self.text(sp.Integer(expr.q))}".replace(
            "-1*one", "-one"
        ), PRODUCT if expr > 0 else SUM

    def typed(self, expr: Any) -> str:
        """Text of a function's argument: plain integers carry the working precision."""
        return f"{expr}*one" if isinstance(expr, sp.Integer) else self.text(expr)

    def exponential(self, expr: Any) -> tuple[str, int]:
        return f"{self.functions[sp.exp]}({self.typed(expr.exp)})", ATOM

    def sum(self, expr: Any) -> tuple[str, int]:
        # as_ordered_terms puts the terms in reading order; a leading positive term avoids a unary minus
        terms = sorted(expr.as_ordered_terms(), key=lambda a: a.could_extract_minus_sign())
        source = self.text(terms[0], SUM)
        for term in terms[1:]:
            negative = (term.could_extract_minus_sign() and term.is_Mul) or (term.is_Number and term < 0)
            source += f" - {self.text(-term, PRODUCT)}" if negative else f" + {self.text(term, SUM)}"
        return source, SUM

    def product(self, expr: Any) -> tuple[str, int]:
        coefficient, rest = expr.as_coeff_Mul()
        if coefficient.is_Float:
            self.refuse_float(coefficient)
        if coefficient.is_negative:
            return f"-{self.text(-expr, PRODUCT)}", SUM
        above, below = (
            ([] if coefficient.p == 1 else [sp.Integer(coefficient.p)]),
            ([] if coefficient.q == 1 else [sp.Integer(coefficient.q)]),
        )
        for factor in sp.Mul.make_args(rest):
            base, exponent = factor.as_base_exp()
            turned = exponent.is_Rational and exponent < 0 and not isinstance(factor, sp.exp)
            (below if turned else above).append(base**-exponent if turned else factor)
        above.sort(key=lambda a: not a.is_Number)
        top = "*".join(self.text(a, PRODUCT) for a in above) or "one"
        if not below:
            return top, PRODUCT
        bottom = "*".join(self.text(b, POWER if len(below) == 1 else PRODUCT) for b in below)
        return f"{top}/({bottom})" if len(below) > 1 else f"{top}/{bottom}", PRODUCT

    def power(self, expr: Any) -> tuple[str, int]:
        base, exponent = expr.args
        if base is sp.E:
            return self.exponential(sp.exp(exponent, evaluate=False))
        if exponent == sp.Rational(1, 2):
            return f"{self.square_root}({self.typed(base)})", ATOM
        if exponent.is_Rational and exponent < 0:
            return f"one/{self.text(1 / expr, POWER)}", PRODUCT
        ground = f"({base}*one)" if base.is_Integer else self.text(base, ATOM)
        return f"{ground}**{self.text(exponent, ATOM)}", POWER

    def condition(self, expr: Any) -> str:
        """Text of a relation, or of a conjunction, disjunction or negation of relations."""
        raise NotImplementedError

    def long_integer(self, value: int) -> str:
        """An integer beyond 53 bits in the working precision."""
        raise NotImplementedError

    def constant(self, expr: Any) -> tuple[str, int]:
        raise NotImplementedError

    def infinity(self, expr: Any) -> tuple[str, int]:
        raise NotImplementedError

    def piecewise(self, expr: Any) -> tuple[str, int]:
        raise NotImplementedError

    def extremum(self, expr: Any) -> tuple[str, int]:
        raise NotImplementedError


RELATIONS = {sp.Lt: "<", sp.Le: "<=", sp.Gt: ">", sp.Ge: ">=", sp.Eq: "==", sp.Ne: "!="}


class NumpyPrinter(Printer):
    """Arrays of doubles, or of pairs of them; `one` is the number one of that type, which gives constants their precision."""

    functions: ClassVar[Mapping[Any, str]] = {
        sp.exp: "np.exp",
        sp.log: "np.log",
        sp.sinh: "np.sinh",
        sp.cosh: "np.cosh",
        sp.tanh: "np.tanh",
        sp.sech: "one/np.cosh",
        sp.csch: "one/np.sinh",
        sp.coth: "one/np.tanh",
        sp.atanh: "np.arctanh",
        sp.asinh: "np.arcsinh",
        sp.acosh: "np.arccosh",
        sp.sin: "np.sin",
        sp.cos: "np.cos",
        sp.tan: "np.tan",
        sp.asin: "np.arcsin",
        sp.acos: "np.arccos",
        sp.atan: "np.arctan",
        sp.erf: "erf",
        sp.erfc: "erfc",
        stable.PlainErfc: "erfc",
        sp.Abs: "np.abs",
        sp.sign: "np.sign",
        sp.floor: "np.floor",
        sp.ceiling: "np.ceil",
        stable.expm1: "np.expm1",
        stable.log1p: "np.log1p",
        stable.LogCosh: "log_cosh",
        stable.Softplus: "softplus",
        stable.RelativeEntropyTerm: "relative_entropy_term",
        stable.LogRatioGap: "log_ratio_gap",
        stable.LogErfcx: "log_erfcx",
        stable.Logistic: "logistic",
        stable.Inside: "inside",
        Spread: "spread",
    }
    square_root = "np.sqrt"
    reserved = frozenset({"np", "one", "pi", "e", "abs"})

    def constant(self, expr: Any) -> tuple[str, int]:
        if expr is sp.pi:
            return "pi_of(one)", ATOM
        if expr is sp.E:
            return "np.exp(one)", ATOM
        raise UnsupportedExpressionError(f"the constant {expr} cannot be printed for numpy; give it as a parameter")

    def long_integer(self, value: int) -> str:
        return f'type(one)("{value}")'

    def infinity(self, expr: Any) -> tuple[str, int]:
        return ("np.inf", ATOM) if expr is sp.oo else ("-np.inf", SUM)

    def condition(self, expr: Any) -> str:
        if type(expr) in RELATIONS:
            return f"({self.text(expr.lhs)} {RELATIONS[type(expr)]} {self.text(expr.rhs)})"
        if isinstance(expr, (sp.And, sp.Or)):
            return "(" + (" & " if isinstance(expr, sp.And) else " | ").join(self.condition(a) for a in expr.args) + ")"
        if isinstance(expr, sp.Not):
            return f"~{self.condition(expr.args[0])}"
        if expr in (sp.true, sp.false):
            return str(expr)
        raise UnsupportedExpressionError(f"the condition {expr} cannot be printed; use relations joined by And, Or, Not")

    def piecewise(self, expr: Any) -> tuple[str, int]:
        source = "np.nan*one"
        for value, condition in reversed(expr.args):
            source = self.typed(value) if condition == sp.true else f"np.where({self.condition(condition)}, {self.typed(value)}, {source})"
        return source, ATOM if source.startswith("np.where") else SUM

    def extremum(self, expr: Any) -> tuple[str, int]:
        name = "np.maximum" if isinstance(expr, sp.Max) else "np.minimum"
        source = self.typed(expr.args[0])
        for argument in expr.args[1:]:
            source = f"{name}({source}, {self.typed(argument)})"
        return source, ATOM


class MpmathPrinter(Printer):
    """mpmath numbers at the ambient precision."""

    functions: ClassVar[Mapping[Any, str]] = {
        **{
            kind: f"mp.{kind.__name__}"
            for kind in (
                sp.exp,
                sp.log,
                sp.sinh,
                sp.cosh,
                sp.tanh,
                sp.sech,
                sp.csch,
                sp.coth,
                sp.asinh,
                sp.acosh,
                sp.atanh,
                sp.sin,
                sp.cos,
                sp.tan,
                sp.asin,
                sp.acos,
                sp.atan,
                sp.erf,
                sp.erfc,
                sp.sign,
                sp.floor,
            )
        },
        sp.ceiling: "mp.ceil",
        sp.Abs: "abs",
        stable.expm1: "mp.expm1",
        stable.log1p: "mp.log1p",
        stable.LogCosh: "log_cosh",
        stable.Softplus: "softplus",
        stable.RelativeEntropyTerm: "relative_entropy_term",
        stable.LogRatioGap: "log_ratio_gap",
        stable.PlainErfc: "mp.erfc",
        stable.LogErfcx: "log_erfcx",
        stable.Logistic: "logistic",
        stable.Inside: "inside",
    }
    square_root = "mp.sqrt"
    reserved = frozenset({"mp", "one", "abs", "max", "min"})

    def constant(self, expr: Any) -> tuple[str, int]:
        known = {sp.pi: "mp.pi", sp.E: "mp.e", sp.EulerGamma: "mp.euler", sp.Catalan: "mp.catalan", sp.GoldenRatio: "mp.phi"}
        if expr in known:
            return f"+{known[expr]}", SUM
        raise UnsupportedExpressionError(f"the constant {expr} cannot be printed for mpmath; give it as a parameter")

    def long_integer(self, value: int) -> str:
        return str(value)

    def infinity(self, expr: Any) -> tuple[str, int]:
        return ("mp.inf", ATOM) if expr is sp.oo else ("-mp.inf", SUM)

    def condition(self, expr: Any) -> str:
        if type(expr) in RELATIONS:
            return f"({self.text(expr.lhs)} {RELATIONS[type(expr)]} {self.text(expr.rhs)})"
        if isinstance(expr, (sp.And, sp.Or)):
            return "(" + (" and " if isinstance(expr, sp.And) else " or ").join(self.condition(a) for a in expr.args) + ")"
        if isinstance(expr, sp.Not):
            return f"(not {self.condition(expr.args[0])})"
        if expr in (sp.true, sp.false):
            return str(expr)
        raise UnsupportedExpressionError(f"the condition {expr} cannot be printed; use relations joined by And, Or, Not")

    def piecewise(self, expr: Any) -> tuple[str, int]:
        source = "mp.nan"
        for value, condition in reversed(expr.args):
            source = self.typed(value) if condition == sp.true else f"({self.typed(value)} if {self.condition(condition)} else {source})"
        return source, ATOM if source.startswith("(") else SUM

    def extremum(self, expr: Any) -> tuple[str, int]:
        return f"{'max' if isinstance(expr, sp.Max) else 'min'}({', '.join(self.typed(a) for a in expr.args)})", ATOM


PRINTERS: Mapping[str, type[Printer]] = {"numpy": NumpyPrinter, "mpmath": MpmathPrinter}


def printer_class(target: str) -> type[Printer]:
    """The printer of a target; `UnknownNameError` for a target that does not exist."""
    if target not in PRINTERS:
        raise UnknownNameError("target", target, PRINTERS)
    return PRINTERS[target]
