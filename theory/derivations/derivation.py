"""Derivations: a chain of steps, each an expression with a kind, and the kind decides its check.

=============  =====================================================================================
definition     none; carries a reference
identity       both sides at random points of the domains, to 30 digits; integrals summed from their
               integrands, derivatives as differences - never by the closed form that is being checked
limit          along a geometric sequence the error shrinks with the declared exponent
stationarity   gradient vanishes, curvature has the declared sign, other stationary points are counted
conjecture     names the Monte Carlo comparison that covers it
=============  =====================================================================================
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Literal

import mpmath as mp
import sympy as sp

from regimes.theory.derivations.checks import check
from regimes.theory.derivations.render import notebook, render
from regimes.theory.derivations.step import DIGITS, POINTS, Conjecture, Definition, Domains, Identity, Limit, Stationarity, Step
from regimes.theory.errors import DerivationError, UnknownNameError
from regimes.theory.symbolic.evaluate import value
from regimes.theory.symbolic.rules import Rule, label


@dataclass(frozen=True)
class Derivation:
    """A value: each method returns a longer derivation; `verify` returns one whose steps carry outcomes.

    Attributes
    ----------
    model, kind, title : str
        What is derived, for which model.
    domains : mapping of Symbol to pair of float
        Intervals from which checks draw.
    latex_names : mapping of Symbol to str
        How formulas show the symbols.
    steps : tuple of Step
        The chain.
    definitions : mapping of Symbol to Expr
        Symbols defined on the way and their expressions, in order.
    """

    model: str
    kind: str
    title: str
    domains: Domains
    latex_names: Mapping[Any, str] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    definitions: Mapping[Any, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        """The expression a step provides."""
        return self.step(name).value

    def __contains__(self, name: object) -> bool:
        return any(s.name == name for s in self.steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def step(self, name: str) -> Step:
        """The step of that name."""
        for s in self.steps:
            if s.name == name:
                return s
        raise UnknownNameError("step", name, [s.name for s in self.steps])

    def drawing(self, domains: Domains, latex_names: Mapping[Any, str]) -> Derivation:
        """The same with further symbols that checks draw and formulas show."""
        return replace(self, domains={**self.domains, **domains}, latex_names={**self.latex_names, **latex_names})

    def prefixed(self, prefix: str, after: Derivation) -> Derivation:
        """The same with `prefix` before the names of the steps that came after `after`: a lemma whose names are wanted again."""
        k = len(after.steps)
        return replace(self, steps=(*self.steps[:k], *(replace(s, name=prefix + s.name) for s in self.steps[k:])))

    # -- building -----------------------------------------------------------------------------------------------

    def _add(self, step: Step) -> Derivation:
        if step.name in self:
            raise DerivationError(f"step '{step.name}' stands twice")
        return replace(self, steps=(*self.steps, step))

    def define(self, name: str, symbol: Any, expr: Any, title: str, reference: str = "", *, insert: bool = False) -> Derivation:
        """A definition; with `insert` the symbol stays in later expressions and is inserted when numbers are wanted."""
        longer = self._add(Step(name, title, "definition", symbol, expr, expr, reference, Definition()))
        return replace(longer, definitions={**self.definitions, symbol: expr}) if insert else longer

    def then(
        self,
        rule: Rule,
        claim: Any,
        *,
        name: str,
        title: str,
        domains: Domains | None = None,
        where: Callable[[Mapping[Any, Any]], bool] | None = None,
        points: int = POINTS,
        digits: int = DIGITS,
        **options: Any,
    ) -> Derivation:
        """The identity claim = rule(claim), checked at so many points to so many digits (fewer where a check is dear: it says so)."""
        result = rule(claim, **options)
        return self._add(Step(name, title, label(rule), claim, result, result, "", Identity(points, digits), domains or {}, where))

    def solve(
        self,
        rule: Rule,
        equation: tuple[Any, Any],
        variable: Any,
        *,
        name: str,
        title: str,
        where: Callable[[Any], bool],
        domains: Domains | None = None,
    ) -> Derivation:
        """The value of `variable` that makes the two sides equal; checked by inserting it."""
        left, right = equation
        with mp.workdps(DIGITS):
            asked = Step(name, title, "", left, right, left, domains=domains or {})
            point = self.point(random.Random(7), asked)
            root = rule(left - right, variable, point, where)
        step = Step(
            name,
            title,
            label(rule),
            left.subs(variable, root),
            right.subs(variable, root),
            root,
            details=Identity(variable=variable),
            domains=domains or {},
        )
        return self._add(step)

    def extremum(
        self,
        value_: Any,
        objective: Any,
        variable: Any,
        *,
        name: str,
        title: str,
        curvature: int,
        interval: tuple[Any, Any],
        rule: Rule,
        count: int = 1,
        domains: Domains | None = None,
        where: Callable[[Mapping[Any, Any]], bool] | None = None,
        points: int = 10,
        digits: int = DIGITS,
    ) -> Derivation:
        """`value_` makes `objective` stationary in `variable`; `count` stationary points lie in `interval`."""
        details = Stationarity(objective, variable, curvature, interval, count, points, digits)
        return self._add(Step(name, title, label(rule), variable, value_, value_, details=details, domains=domains or {}, where=where))

    def limit(
        self,
        rule: Rule,
        exact: Any,
        *,
        name: str,
        title: str,
        variable: Any,
        towards: Literal["infinity", "zero"],
        exponent: float,
        first: int | None = None,
        points: int = 5,
        domains: Domains | None = None,
        **options: Any,
    ) -> Derivation:
        """rule(exact) approximates exact, with an error that falls like variable^-exponent (or variable^exponent towards zero).

        The error is measured along three powers of two from 2^first: where the powers are not as high as working digits allow, say so.
        """
        result = rule(exact, variable, **options)
        details = Limit(variable, towards, exponent, first, points)
        return self._add(Step(name, title, label(rule), exact, result, result, details=details, domains=domains or {}))

    def conjecture(self, name: str, expr: Any, title: str, *, covered_by: str, reference: str) -> Derivation:
        """A statement of the large-d theory that no algebra here proves; `covered_by` names the quantity that is simulated."""
        return self._add(Step(name, title, "large-d argument", sp.Symbol(name), expr, expr, reference, details=Conjecture(covered_by)))

    # -- checking -----------------------------------------------------------------------------------------------

    def point(self, rng: random.Random, step: Step) -> dict[Any, Any]:
        """Random values (exact fractions turned into mpf) of every symbol, and of the definitions the step needs."""
        values: dict[Any, Any] = {}
        for symbol, (low, high) in {**self.domains, **step.domains}.items():
            lo, hi = Fraction(low), Fraction(high)
            fraction = lo + (hi - lo) * Fraction(rng.randrange(1, 10**6), 10**6)
            values[symbol] = mp.mpf(fraction.numerator) / fraction.denominator
        return self.insert(values, step)

    def insert(self, values: Mapping[Any, Any], step: Step) -> dict[Any, Any]:
        """`values` with the defined symbols that the step needs computed from the others."""
        needed: set[Any] = set()
        queue = [step.left, step.right, step.value]
        if isinstance(step.details, Stationarity):
            queue.append(step.details.objective)
        while queue:
            fresh = queue.pop().free_symbols - needed
            needed |= fresh
            queue += [self.definitions[s] for s in fresh if s in self.definitions]
        full = dict(values)
        for symbol, expr in self.definitions.items():
            if symbol in needed:
                full[symbol] = value(expr, full)
        return full

    def verify(self, progress: Callable[[str, int, int], None] | None = None, seed: int = 0) -> Derivation:
        """Run every step's check; returns the derivation with outcomes. Failed ones are in `failures`."""
        checked = []
        for k, step in enumerate(self.steps):
            checked.append(replace(step, outcome=check(self, step, random.Random(1000 * seed + k))))
            if progress is not None:
                progress(f"{step.kind} {step.name}", k + 1, len(self.steps))
        return replace(self, steps=tuple(checked))

    @property
    def failures(self) -> list[Step]:
        """Steps whose check failed."""
        return [s for s in self.steps if s.outcome is not None and not s.outcome.ok]

    @property
    def verified(self) -> bool:
        """Whether every step was checked and holds."""
        return all(s.outcome is not None and s.outcome.ok for s in self.steps)

    def render(self, style: str = "text", *, fragment: bool = False) -> str:
        """The chain as text, latex, html, markdown or json."""
        return render(self, style, fragment=fragment)

    def _repr_latex_(self) -> str:
        return notebook(self)
