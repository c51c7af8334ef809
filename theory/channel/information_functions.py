"""Information functions of the scalar Gaussian channel x = sqrt(gamma) a + z, as symbolic objects.

Each object knows its definition, written so that it keeps its digits in floating point, and its derivatives. Checks compare the
definitions with the plain double averages, and the derivatives with differences; the code generator compiles the definitions.

Notation: chi(x; lam) = E_a exp(-lam (x - sqrt(gamma) a)^2/2) is the Laplace transform of a level, and P(x) = chi(x; 1)/sqrt(2 pi).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import sympy as sp

from regimes.theory.channel.prior import GAMMA, OTHER, TILT, Component, components, level_energy, log_transform, output_average, share
from regimes.theory.conventions import a, x, z
from regimes.theory.symbolic.averages import Defined, NormalAverage, interval_integral

__all__ = [
    "ScalarCumulant",
    "ScalarDispersion",
    "ScalarEnergy",
    "ScalarEnergyVariance",
    "ScalarFunction",
    "ScalarInformation",
    "ScalarMmse",
    "ScalarOnset",
    "ScalarRate",
]


class ScalarFunction(Defined):
    """A function of the signal-to-noise ratio that belongs to a prior; the first argument is the prior."""

    symbol_latex = "F"

    def __new__(cls, prior: Any, *args: Any) -> Any:
        return sp.Expr.__new__(cls, prior, *(sp.sympify(arg, strict=True) for arg in args))

    @classmethod
    def define(cls, prior: Any, *args: Any) -> Any:
        """The averages that define the value."""
        raise NotImplementedError(cls.__name__)

    def template(self) -> tuple[Any, dict[Any, Any]]:
        places = (GAMMA, TILT)[: len(self.args) - 1]
        function: Any = type(self)
        return _definition(function, self.args[0], places), dict(zip(places, self.args[1:], strict=True))

    def definition(self) -> Any:
        expr, args = self.template()
        return expr.subs(list(args.items()), simultaneous=True)

    def _eval_derivative(self, s: Any) -> Any:
        prior, *args = self.args
        if s in prior.free_symbols:
            return sp.Derivative(self, s, evaluate=False)
        moving = [(k, arg) for k, arg in enumerate(args) if s in arg.free_symbols]
        slopes = self.slopes()
        if any(slopes[k] is None for k, _ in moving):
            return sp.Derivative(self, s, evaluate=False)
        return sum((slopes[k] * arg.diff(s) for k, arg in moving), sp.S.Zero)

    def slopes(self) -> tuple[Any, ...]:
        """The derivative by every argument after the prior; None where it has no name."""
        return (None,) * (len(self.args) - 1)

    def _latex(self, printer: Any) -> str:
        return rf"{self.symbol_latex}\left({', '.join(printer._print(arg) for arg in self.args[1:])}\right)"

    def _sympystr(self, printer: Any) -> str:
        return f"{type(self).__name__}({', '.join(printer._print(arg) for arg in self.args[1:])})"


@lru_cache(maxsize=1024)
def _definition(function: Any, prior: Any, args: tuple[Any, ...]) -> Any:
    return function.define(prior, *args)


def _tilted(combine: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Definition of the mean over x of combine(log chi, lam)."""

    def define(cls: Any, prior: Any, gamma: Any, lam: Any) -> Any:
        parts = components(prior)
        return output_average(parts, gamma, lambda at, k: combine(log_transform(parts, gamma, lam, at, k), lam))

    return define


class ScalarCumulant(ScalarFunction):
    """g(gamma, lam) = E_x log chi(x; lam)."""

    symbol_latex = "g"
    define = classmethod(_tilted(lambda log_chi, lam: log_chi))

    def slopes(self) -> tuple[Any, ...]:
        return None, -ScalarEnergy(*self.args)


class ScalarEnergy(ScalarFunction):
    """-dg/dlam: mean energy of the levels tilted by lam."""

    symbol_latex = r"\varepsilon"
    define = classmethod(_tilted(lambda log_chi, lam: -log_chi.diff(lam)))

    def slopes(self) -> tuple[Any, ...]:
        return None, -ScalarEnergyVariance(*self.args)


class ScalarEnergyVariance(ScalarFunction):
    """d^2g/dlam^2: mean over x of the variance of a tilted level's energy."""

    symbol_latex = r"g''"
    define = classmethod(_tilted(lambda log_chi, lam: log_chi.diff(lam, 2)))


class ScalarRate(ScalarFunction):
    """lam g' - g: mean over x of the relative entropy of the tilted prior to the prior."""

    symbol_latex = r"\varrho"
    define = classmethod(_tilted(lambda log_chi, lam: lam * log_chi.diff(lam) - log_chi))

    def slopes(self) -> tuple[Any, ...]:
        return None, self.args[2] * ScalarEnergyVariance(*self.args)


class ScalarInformation(ScalarFunction):
    """I(gamma): mutual information of a and x, nats; its derivative is half the mmse."""

    symbol_latex = "I"

    @classmethod
    def define(cls, prior: Any, *args: Any) -> Any:
        return ScalarRate.define(prior, args[0], TILT).subs(TILT, 1)

    def slopes(self) -> tuple[Any, ...]:
        return (ScalarMmse(*self.args) / 2,)


class ScalarMmse(ScalarFunction):
    """Mean squared error of the posterior mean of a given x."""

    symbol_latex = r"\operatorname{mmse}"

    @classmethod
    def define(cls, prior: Any, *args: Any) -> Any:
        (gamma,) = args
        parts = components(prior)
        if prior.nested:
            chi, first, second = (prior.average(OTHER**k * sp.exp(-level_energy(gamma, OTHER)), OTHER) for k in range(3))
            return output_average(parts, gamma, lambda at, k: (second / chi - (first / chi) ** 2).subs(x, at))

        def variance(at: Any, k: int) -> Any:  # of a given x, from the curvature of log P(x)
            return (1 + log_transform(parts, gamma, sp.S.One, x, k).diff(x, 2)).subs(x, at) / gamma

        return output_average(parts, gamma, variance)


class ScalarDispersion(ScalarFunction):
    """V(gamma): variance of the information density log P(x|a)/P(x)."""

    symbol_latex = "V"

    @classmethod
    def define(cls, prior: Any, *args: Any) -> Any:
        (gamma,) = args
        mean, parts = ScalarInformation.define(prior, gamma), components(prior)
        total = sp.S.Zero
        for k, part in enumerate(parts):
            if part.density is None:
                at = sp.sqrt(gamma) * part.place + z
                deviation = log_transform(parts, gamma, sp.S.One, at, k) + mean + z**2 / 2
                total += share(part, NormalAverage(deviation**2, z))
            else:
                total += share(part, _mean_square(parts, k, gamma, mean))
        return total


def _mean_square(parts: tuple[Component, ...], k: int, gamma: Any, mean: Any) -> Any:
    """E (log chi(x) + mean + energy)^2 for a from one part: moments of the energy given x, then the average over x."""
    alone = (parts[k]._replace(weight=sp.S.One),)

    def given(at: Any, _: int) -> Any:
        deviation = log_transform(parts, gamma, sp.S.One, at, k) + mean
        own = log_transform(alone, gamma, TILT, at)
        energy = -own.diff(TILT).subs(TILT, 1)
        return (deviation + energy) ** 2 + own.diff(TILT, 2).subs(TILT, 1)

    return output_average(alone, gamma, given)


class ScalarOnset(ScalarFunction):
    """g(gamma, lam) seen from a datum: E_a' log chi(sqrt(gamma) a'; lam)."""

    symbol_latex = r"g^{\circ}"

    @classmethod
    def define(cls, prior: Any, *args: Any) -> Any:
        gamma, lam = args
        total, parts = sp.S.Zero, components(prior)
        for k, part in enumerate(parts):
            if part.density is None:
                total += share(part, log_transform(parts, gamma, lam, sp.sqrt(gamma) * part.place, k))
            else:
                f = part.density * log_transform(parts, gamma, lam, sp.sqrt(gamma) * a, k)
                total += share(part, interval_integral(f, a, part.low, part.high))
        return total
