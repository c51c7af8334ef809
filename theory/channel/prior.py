"""The law of one coordinate behind the scalar channel x = sqrt(gamma) a + z: averages over it and over x, Laplace transform of a level.

Notation: chi(x; lam) = E_a exp(-lam (x - sqrt(gamma) a)^2/2); its share of an atom or of a density is one component.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import sympy as sp

from regimes.theory.conventions import a, x, z
from regimes.theory.errors import DerivationError
from regimes.theory.law import Atom
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import Defined, LineIntegral, NormalAverage, interval_integral
from regimes.theory.symbolic.functions import Inside, Softplus

__all__ = ["Component", "PriorAverage", "ScalarPrior", "components", "level_energy", "log_transform", "output_average", "share"]

GAMMA, TILT = sp.Symbol("gamma_arg", positive=True), sp.Symbol("lam_arg", positive=True)
"""Places of arguments in definitions."""
OTHER = sp.Symbol("a_prime", real=True)
"""A second datum, for averages within averages: bound symbols of nested integrals must differ."""


class ScalarPrior(sp.Basic):  # type: ignore[misc]
    """The law of one coordinate: ``ScalarPrior(atoms, pieces)``, Tuples of (weight, place) and (weight, density, low, high, breaks)."""

    @classmethod
    def of(cls, atoms: Iterable[Atom], pieces: Iterable[Any] = ()) -> Any:
        """The prior of these atoms and pieces with SymPy expressions in them."""
        masses = sp.Tuple(*(sp.Tuple(atom.weight, atom.place) for atom in atoms))
        densities = sp.Tuple(*(sp.Tuple(p.weight, p.density, p.low, p.high, sp.Tuple(*p.breaks)) for p in pieces))
        return cls(masses, densities)

    @property
    def atoms_of_mass(self) -> Any:
        """Pairs (weight, place)."""
        return self.args[0]

    @property
    def pieces(self) -> Any:
        """Tuples (weight, density, low, high, breaks)."""
        return self.args[1]

    @property
    def free_symbols(self) -> set[Any]:
        """The parameters of the prior: the coordinate itself is bound."""
        free: set[Any] = set().union(*(part.free_symbols for part in self.args))
        return free - {a}

    @property
    def bound_symbols(self) -> list[Any]:
        return [a]

    @property
    def discrete(self) -> bool:
        """Whether there are atoms only."""
        return not self.pieces

    @property
    def nested(self) -> bool:
        """Whether a part of chi is an integral, so that averages over x are double ones."""
        return any(_logshare(part).has(LineIntegral) for part in components(self))

    def average(self, f: Any, over: Any = a) -> Any:
        """E f over the coordinate `over` of `f`: a sum over atoms and integrals over the line."""
        total = sum((w * f.subs(over, place) for w, place in self.atoms_of_mass), sp.S.Zero)
        return total + sum((piece[0] * piece_integral(piece, f, over) for piece in self.pieces), sp.S.Zero)

    def _eval_subs(self, old: Any, new: Any) -> Any:
        return self if old == a else None

    def _latex(self, printer: Any) -> str:
        return r"\pi"

    def _sympystr(self, printer: Any) -> str:
        return "prior"


def piece_integral(piece: Any, f: Any, over: Any) -> Any:
    """Integral of f times the density of a piece, without its weight."""
    _, density, low, high, breaks = piece
    return sum(interval_integral(density.subs(a, over) * f, over, start, stop) for start, stop in pairwise([low, *breaks, high]))


class Component(NamedTuple):
    """A part of the prior whose share of chi is one term: an atom, a normal density, or a density between two places."""

    weight: Any
    place: Any = None
    density: Any = None
    low: Any = None
    high: Any = None
    var: Any = None


@lru_cache(maxsize=256)
def components(prior: Any) -> tuple[Component, ...]:
    """Densities first, cut at their breaks, then atoms."""
    found = []
    for weight, density, low, high, breaks in prior.pieces:
        var = _normal_variance(density) if not breaks and (low, high) == (-sp.oo, sp.oo) else None
        found += [
            Component(weight, None, _between(density, start, stop), start, stop, var) for start, stop in pairwise([low, *breaks, high])
        ]
    return (*found, *(Component(weight, place) for weight, place in prior.atoms_of_mass))


def _normal_variance(density: Any) -> Any:
    """The variance of a centred normal density, else None."""
    try:
        mean, square = (rules.complete_the_square(LineIntegral(density * a**k, a)) for k in (1, 2))
    except DerivationError:
        return None
    return sp.simplify(square) if sp.simplify(mean) == 0 else None


def _between(density: Any, low: Any, high: Any) -> Any:
    """The density with signs and absolute values of the coordinate resolved, where it does not change sign between the ends."""
    for sign, known in (({"positive": True}, low.is_nonnegative), ({"negative": True}, high.is_nonpositive)):
        if known:
            signed = sp.Dummy("a", **sign)
            return density.subs(a, signed).subs(signed, a)
    return density


class PriorAverage(Defined):
    """`E_a f(a)` over a prior: ``PriorAverage(prior, f, a)``."""

    def __new__(cls, prior: Any, f: Any, over: Any = a) -> Any:
        return sp.Expr.__new__(cls, prior, sp.sympify(f, strict=True), over)

    def definition(self) -> Any:
        prior, f, over = self.args
        return prior.average(f, over)

    @property
    def free_symbols(self) -> set[Any]:
        prior, f, over = self.args
        free: set[Any] = prior.free_symbols | (f.free_symbols - {over})
        return free

    @property
    def bound_symbols(self) -> list[Any]:
        return [self.args[2]]

    def _eval_subs(self, old: Any, new: Any) -> Any:
        prior, f, over = self.args
        return self if old == over else self.func(prior._subs(old, new), f._subs(old, new), over)

    def _eval_derivative(self, s: Any) -> Any:
        prior, f, over = self.args
        if s in prior.free_symbols:
            return sp.Derivative(self, s, evaluate=False)
        return self.func(prior, f.diff(s), over)

    def _latex(self, printer: Any) -> str:
        return rf"\mathbb{{E}}_{{{printer._print(self.args[2])}}}\left[{printer._print(self.args[1])}\right]"


def level_energy(gamma: Any, datum: Any = a) -> Any:
    """Energy of the level of a datum, seen from x."""
    return (x - sp.sqrt(gamma) * datum) ** 2 / 2


def _log_part(part: Component, gamma: Any, lam: Any) -> Any:
    """log of a component's share of chi(x; lam)."""
    return _logshare(part).subs({GAMMA: gamma, TILT: lam})


@lru_cache(maxsize=256)
def _logshare(part: Component) -> Any:
    """The same in symbols: closed for atoms and exponentials of quadratics, else with an integral in it."""
    gamma, lam = GAMMA, TILT
    if part.density is None:
        return sp.log(part.weight) - lam * level_energy(gamma, part.place)
    f = part.density * sp.exp(-lam * level_energy(gamma))
    whole = (part.low, part.high) == (-sp.oo, sp.oo)
    try:
        if whole:
            return sp.log(part.weight) + rules.take_the_logarithm(sp.log(rules.complete_the_square(LineIntegral(f, a))))
        return sp.log(part.weight) + rules.log_gaussian_between(f, a, part.low, part.high)
    except DerivationError:
        # The smallest energy is taken out, so that what is left does not underflow.
        nearest = x / sp.sqrt(gamma) if whole else sp.Min(sp.Max(x / sp.sqrt(gamma), part.low), part.high)
        least = sp.S.Zero if whole else level_energy(gamma, nearest)
        rest = part.density.subs(a, OTHER) * sp.exp(-lam * (level_energy(gamma, OTHER) - least))
        return sp.log(part.weight) - lam * least + sp.log(interval_integral(rest, OTHER, part.low, part.high))


def log_transform(parts: tuple[Component, ...], gamma: Any, lam: Any, at: Any = x, reference: int = 0) -> Any:
    """log chi(x; lam) at x = `at`: that of one part, and what the others add to it."""
    first, added = _log_part(parts[reference], gamma, lam), sp.S.Zero
    for k, part in enumerate(parts):
        if k != reference:
            added += Softplus(_difference(_log_part(part, gamma, lam), first, at) - added)
    return first.subs(x, at) + added


def _difference(part: Any, first: Any, at: Any) -> Any:
    """Of two logarithms at x = `at`, polynomials in x expanded so that squares cancel."""
    gap = (part - first).subs(x, at)
    return sp.expand(gap) if gap.is_polynomial(x, z) and not gap.has(LineIntegral) else gap


def output_average(parts: tuple[Component, ...], gamma: Any, f: Callable[..., Any]) -> Any:
    """Mean over the output x of f(at, k): normal averages about atoms, integrals against the density of x for other parts.

    `f` is called with the place x = `at` and the number of the part that x comes from.
    """
    total = sp.S.Zero
    for k, part in enumerate(parts):
        if part.density is None:
            total += share(part, NormalAverage(f(sp.sqrt(gamma) * part.place + z, k), z))
        elif part.var is not None:
            total += share(part, NormalAverage(f(sp.sqrt(1 + gamma * part.var) * z, k), z))
        else:
            density = sp.exp(_log_part(part._replace(weight=sp.S.One), gamma, sp.S.One)) / sp.sqrt(2 * sp.pi)
            # Where the density is zero to the precision at hand, what it multiplies need not be computed.
            total += share(part, LineIntegral(Inside(density, density * f(x, k)), x))
    return total


def share(part: Component, mean: Any) -> Any:
    """The part's contribution; none if its weight vanishes, whatever the mean is then."""
    if part.weight.is_positive:
        return part.weight * mean
    return sp.Piecewise((part.weight * mean, part.weight > 0), (sp.S.Zero, True))
