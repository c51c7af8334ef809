"""Unevaluated averages and roots: symbolic objects that derivations carry and the code generator compiles."""

from __future__ import annotations

from typing import Any

import sympy as sp

from regimes.theory.functions import elementary

__all__ = ["LargestRoot", "LineIntegral", "NormalAverage"]


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

    def _eval_derivative(self, s: Any) -> Any:
        return LineIntegral(self.args[0].diff(s), self.args[1])

    def _latex(self, printer: Any) -> str:
        z = printer._print(self.args[1])
        return rf"\int_{{-\infty}}^{{\infty}}\left[{printer._print(self.args[0])}\right]\,d{z}"


class LargestRoot(_Bound):
    """The largest root in (lower, upper) of an equation that is monotone there: ``LargestRoot(f, x, lower, upper)``.

    The value is `sup {x in (lower, upper): f(x) >= 0}` for f decreasing and positive near `lower`: where f stays
    positive the value is `upper` (so a minimiser restricted to an interval is one such object). `upper` may be infinite.
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


def spelt_out(expr: Any) -> Any:
    """`expr` with stable functions elementary and normal averages written as integrals."""
    return elementary(expr).replace(lambda e: isinstance(e, NormalAverage), lambda e: e.as_integral())
