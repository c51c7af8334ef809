"""Functions whose naive spelling loses digits or overflows, as named SymPy functions.

Each knows its derivative and its elementary definition (`elementary()`, used by checks and by
arbitrary-precision evaluation); the code generator prints each by one stable form per target.
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p

__all__ = [
    "Inside",
    "LogCosh",
    "LogErfcx",
    "LogRatioGap",
    "Logistic",
    "PlainErfc",
    "RelativeEntropyTerm",
    "Softplus",
    "StableFunction",
    "elementary",
    "expm1",
    "log1p",
]


class StableFunction(sp.Function):  # type: ignore[misc]
    """A function of one real argument with an elementary definition that is not stable in floating point."""

    nargs = 1

    @classmethod
    def define(cls, x: Any) -> Any:
        """The elementary definition."""
        raise NotImplementedError(cls.__name__)

    def elementary(self) -> Any:
        """This call, spelt out."""
        return self.define(self.args[0])

    def fdiff(self, argindex: int = 1) -> Any:
        """Derivative of the definition."""
        x = sp.Dummy("x", real=True)
        return sp.diff(self.define(x), x).subs(x, self.args[0])

    def _eval_is_real(self) -> bool | None:
        real: bool | None = self.args[0].is_real
        return real

    def _eval_evalf(self, prec: int) -> Any:
        # The definitions cancel to second order near 0: twice the digits of the argument's smallness are added.
        size = abs(self.args[0].evalf(15))
        lost = max(0, -2 * int(sp.floor(sp.log(size, 2)))) if size.is_Float and size else 0
        return self.elementary().evalf(sp.core.evalf.prec_to_dps(prec + lost + 20))._eval_evalf(prec)


class LogCosh(StableFunction):
    """log cosh x."""

    @classmethod
    def eval(cls, x: Any) -> Any:
        if x.is_zero:
            return sp.S.Zero
        return cls(-x) if x.could_extract_minus_sign() else None

    @classmethod
    def define(cls, x: Any) -> Any:
        return sp.log(sp.cosh(x))

    def fdiff(self, argindex: int = 1) -> Any:
        return sp.tanh(self.args[0])


class Softplus(StableFunction):
    """log(1 + exp x)."""

    @classmethod
    def define(cls, x: Any) -> Any:
        return sp.log(1 + sp.exp(x))

    def fdiff(self, argindex: int = 1) -> Any:
        return Logistic(self.args[0])


class Logistic(StableFunction):
    """1/(1 + exp(-x))."""

    @classmethod
    def define(cls, x: Any) -> Any:
        return 1 / (1 + sp.exp(-x))

    def fdiff(self, argindex: int = 1) -> Any:
        return Logistic(self.args[0]) * Logistic(-self.args[0])


class RelativeEntropyTerm(StableFunction):
    """(1 + x) log(1 + x) - x >= 0 for x >= -1 (1 at x = -1): the term of a relative entropy, about x^2/2 near 0."""

    @classmethod
    def define(cls, x: Any) -> Any:
        return sp.Piecewise((1, x <= -1), ((1 + x) * sp.log(1 + x) - x, True))

    def fdiff(self, argindex: int = 1) -> Any:
        return log1p(self.args[0])


class LogRatioGap(StableFunction):
    """log(1 + x) - x/(1 + x) >= 0 for x > -1: about x^2/2 near 0."""

    @classmethod
    def define(cls, x: Any) -> Any:
        return sp.log(1 + x) - x / (1 + x)

    def fdiff(self, argindex: int = 1) -> Any:
        return self.args[0] / (1 + self.args[0]) ** 2


class PlainErfc(sp.Function):  # type: ignore[misc]
    """erfc x, left as it is: SymPy's own turns erfc(-x) into 2 - erfc(x), which cancels."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> Any:
        return -2 * sp.exp(-(self.args[0] ** 2)) / sp.sqrt(sp.pi)

    def _eval_evalf(self, prec: int) -> Any:
        return sp.erfc(self.args[0])._eval_evalf(prec)

    def _mpmathcode(self, printer: Any) -> str:
        return f"erfc({printer._print(self.args[0])})"


class LogErfcx(StableFunction):
    """x^2 + log erfc x: the logarithm of the scaled complementary error function, about -log x beyond 1."""

    @classmethod
    def define(cls, x: Any) -> Any:
        return x**2 + sp.log(PlainErfc(x))

    def fdiff(self, argindex: int = 1) -> Any:
        return 2 * self.args[0] - 2 * sp.exp(-self) / sp.sqrt(sp.pi)


class Inside(StableFunction):
    """g where the density p is positive to the precision at hand, else 0: ``Inside(p, g)``. With exact numbers it is g."""

    nargs = 2

    def elementary(self) -> Any:
        return self.args[1]

    def _eval_is_real(self) -> bool:
        return True

    def _eval_derivative(self, s: Any) -> Any:
        return Inside(self.args[0], self.args[1].diff(s))


def elementary(expr: Any) -> Any:
    """`expr` with every stable function (and expm1, log1p) spelt out by its elementary definition."""
    spelt = expr.replace(lambda e: isinstance(e, StableFunction), lambda e: e.elementary())
    return spelt.replace(expm1, lambda x: sp.exp(x) - 1).replace(log1p, lambda x: sp.log(1 + x))
