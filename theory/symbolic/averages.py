"""Unevaluated averages and roots: symbolic objects that derivations carry and the code generator compiles."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sympy as sp

from regimes.theory.symbolic.functions import Logistic, Softplus

__all__ = ["Defined", "LargestRoot", "LineIntegral", "NormalAverage", "Unevaluated", "interval_integral", "written_out"]


class _Bound(sp.Expr):  # type: ignore[misc]
    """An expression that binds one of its symbols (the second argument)."""

    is_commutative = True

    @property
    def integrand(self) -> Any:
        """The expression under the binder."""
        return self.args[0]

    @property
    def variable(self) -> Any:
        """The bound symbol."""
        return self.args[1]

    @property
    def bound_symbols(self) -> list[Any]:
        return [self.args[1]]

    @property
    def free_symbols(self) -> set[Any]:
        free: set[Any] = self.args[0].free_symbols - {self.args[1]}
        return free.union(*(a.free_symbols for a in self.args[2:]))

    def _eval_subs(self, old: Any, new: Any) -> Any:
        if old == self.variable:  # the bound symbol is not the reader's
            return self.func(*self.args[:2], *(a._subs(old, new) for a in self.args[2:]))
        return self.func(self.args[0]._subs(old, new), self.args[1], *(a._subs(old, new) for a in self.args[2:]))


class NormalAverage(_Bound):
    """`E f(z)` for a standard normal variable z: ``NormalAverage(f, z)``."""

    def __new__(cls, f: Any, z: Any) -> Any:
        return sp.Expr.__new__(cls, sp.sympify(f, strict=True), z)

    def _eval_is_real(self) -> bool:
        return True

    def _eval_derivative(self, s: Any) -> Any:
        return NormalAverage(self.args[0].diff(s), self.args[1])

    def as_integral(self) -> Any:
        """The same number as an integral over the line."""
        f, z = self.args[:2]
        return LineIntegral(f * sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi), z)

    def _latex(self, printer: Any) -> str:
        return rf"\mathbb{{E}}_{{{printer._print(self.args[1])}}}\left[{printer._print(self.args[0])}\right]"


class LineIntegral(_Bound):
    """`∫ f(z) dz` over the real line, unevaluated: ``LineIntegral(f, z)``."""

    def __new__(cls, f: Any, z: Any) -> Any:
        return sp.Expr.__new__(cls, sp.sympify(f, strict=True), z)

    def _eval_is_real(self) -> bool:
        return True

    def _eval_derivative(self, s: Any) -> Any:
        return LineIntegral(self.args[0].diff(s), self.args[1])

    def _latex(self, printer: Any) -> str:
        z = printer._print(self.args[1])
        return rf"\int_{{-\infty}}^{{\infty}}\left[{printer._print(self.args[0])}\right]\,d{z}"


class LargestRoot(_Bound):
    """The largest root in (lower, upper) of an equation that is monotone there: ``LargestRoot(f, x, lower, upper)``.

    The value is `sup {x in (lower, upper): f(x) >= 0}` for f decreasing and positive near `lower`: where f stays
    positive the value is `upper` (so a minimiser restricted to an interval is one such object). `upper` may be infinite.
    It is enough that f is decreasing through its last root: searches start in the middle of the interval and go up while f >= 0.
    """

    def __new__(cls, f: Any, x: Any, lower: Any, upper: Any) -> Any:
        return sp.Expr.__new__(cls, sp.sympify(f, strict=True), x, sp.sympify(lower, strict=True), sp.sympify(upper, strict=True))

    def _eval_is_real(self) -> bool:
        return True

    def _eval_is_positive(self) -> bool | None:
        return True if self.args[2].is_nonnegative else None

    def _eval_derivative(self, s: Any) -> Any:
        f, x = self.args[:2]  # implicit function theorem
        return (-f.diff(s) / f.diff(x)).subs(x, self)

    def _latex(self, printer: Any) -> str:
        f, x, lower, upper = (printer._print(a) for a in self.args)
        return rf"\operatorname{{root}}_{{{x}\in({lower},{upper})}}\left[{f}=0\right]"


class Defined(sp.Expr):  # type: ignore[misc]
    """A named object that stands for a longer expression, its definition; only symbolic derivatives do not open it."""

    is_commutative = True

    def definition(self) -> Any:
        """The expression it stands for, in terms of averages and roots."""
        raise NotImplementedError(type(self).__name__)

    def template(self) -> tuple[Any, dict[Any, Any]]:
        """The definition with symbols in the places of arguments, and those arguments: they are computed once."""
        return self.definition(), {}

    def _eval_is_real(self) -> bool:
        return True


class Unevaluated(sp.Function):  # type: ignore[misc]
    """A named limit that has no definition here: formulas may hold it, checks and generated code refuse it by name."""

    latex_name = "F"

    def _eval_is_real(self) -> bool:
        return True

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"{self.latex_name}\left({', '.join(printer._print(arg) for arg in self.args)}\right)"
        return text if exp is None else rf"{text}^{{{exp}}}"


@lru_cache(maxsize=4096)
def _opened(node: Any) -> Any:
    return written_out(node.definition())


def written_out(expr: Any) -> Any:
    """`expr` with every named object replaced by its definition, to the bottom."""
    if not expr.has(Defined):
        return expr
    return _opened(expr) if isinstance(expr, Defined) else expr.func(*map(written_out, expr.args))


def interval_integral(f: Any, over: Any, low: Any, high: Any) -> Any:
    """Integral of f over (low, high), written over the whole line; f may have a kink or an integrable pole at a finite end."""
    s = sp.Symbol(f"s_{over.name}", real=True)
    if low == -sp.oo and high == sp.oo:
        return LineIntegral(f, over)
    if low == -sp.oo:
        place, slope = high - Softplus(s), Logistic(s)
    elif high == sp.oo:
        place, slope = low + Softplus(s), Logistic(s)
    else:
        place, slope = low + (high - low) * Logistic(s), (high - low) * Logistic(s) * Logistic(-s)
        f = f.subs(sp.log(over - low), sp.log(high - low) - Softplus(-s))  # -inf only where s is
    return LineIntegral(f.subs(over, place) * slope, s)
