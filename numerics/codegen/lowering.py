"""Expressions to statements: shared parts, nested averages and roots, and the propagation of their errors.

A scope is one function body. Averages and roots in it become calls on a nested function, itself a scope; everything under a
binder that does not hold the bound symbol is computed outside it, once, and handed in as a parameter.
"""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import sympy as sp

from regimes.numerics.codegen.accurate_forms import stabilise
from regimes.numerics.codegen.printers import Printer, Spread, printer_class
from regimes.theory.errors import UnsupportedExpressionError
from regimes.theory.symbolic.averages import LargestRoot, LineIntegral, NormalAverage
from regimes.theory.symbolic.functions import LogErfcx, Logistic, PlainErfc, Softplus, expm1

__all__ = ["function_body", "legal_name"]

BINDERS = (NormalAverage, LineIntegral, LargestRoot)
CALLS = {NormalAverage: "normal_average", LineIntegral: "line_integral", LargestRoot: "largest_root"}
CASES = (sp.functions.elementary.piecewise.ExprCondPair, sp.logic.boolalg.Boolean)
STEMS = {NormalAverage: "average", LineIntegral: "integral", LargestRoot: "root"}


def legal_name(name: str, taken: set[str]) -> str:
    """A Python identifier like `name` that is neither reserved nor taken; it is added to `taken`."""
    clean = re.sub(r"\W+", "_", name).strip("_") or "value"
    clean = f"v{clean}" if clean[0].isdigit() else clean
    while keyword.iskeyword(clean) or clean in taken:
        clean += "_"
    taken.add(clean)
    return clean


def function_body(
    args: Sequence[Any], expr: Any, definitions: Mapping[Any, Any], target: str, reserved: set[str]
) -> tuple[list[str], list[str]]:
    """Argument names, and the statements (unindented) of a body ending in `return value, error` (numpy) or `return value` (mpmath)."""
    taken = set(reserved) | set(printer_class(target).reserved)
    names = {s: legal_name(s.name, taken) for s in args}
    names |= {s: legal_name(s.name, taken) for s in definitions}
    unknown = set(expr.free_symbols).union(*(d.free_symbols for d in definitions.values())) - set(names)
    if unknown:
        raise UnsupportedExpressionError(
            f"the expression holds {', '.join(sorted(map(str, unknown)))}, which is neither an argument nor defined; "
            f"arguments are {', '.join(map(str, args))}"
        )
    # SymPy differentiates |x| and orders comparisons only if it knows that symbols are real.
    real = {s: sp.Symbol(name, real=True) for s, name in names.items()}
    scope = Scope(target, {symbol: symbol.name for symbol in real.values()}, taken, {})
    for symbol, value in definitions.items():
        scope.define(real[symbol], value.xreplace(real), split=True)
    return [names[s] for s in args], scope.finish(expr.xreplace(real))


class Scope:
    """Statements of one function body under construction."""

    def __init__(self, target: str, names: dict[Any, str], taken: set[str], errors: dict[Any, Any]) -> None:
        self.target, self.names, self.taken, self.errors = target, names, taken, errors
        self.printer: Printer = printer_class(target)(names)
        self.statements: list[tuple[tuple[Any, ...], Any]] = []  # (symbols, expression or list of lines)
        self.bound: dict[Any, Any] = {}
        self.batched = target == "numpy"

    def fresh(self, stem: str, real: bool = True) -> Any:
        """A new symbol with an unused name."""
        symbol = sp.Dummy(stem, real=real)
        self.names[symbol] = legal_name(stem, self.taken)
        return symbol

    def numbered(self, stem: str) -> Any:
        k = 1
        while f"{stem}_{k}" in self.taken:
            k += 1
        return self.fresh(f"{stem}_{k}")

    def define(self, symbol: Any, expr: Any, split: bool = False) -> None:
        """`symbol = expr`, and its error if the expression holds uncertain quantities."""
        value = stabilise(self.unbind(expr))
        self.statements.append(((symbol,), value))
        error = self.error_of(value)
        if error != 0:
            self.errors[symbol] = self.fresh(f"{self.names[symbol]}_error")
            self.statements.append(((self.errors[symbol],), error))

    def error_of(self, value: Any) -> Any:
        """First-order error of an expression from those of the averages and roots in it."""
        if not self.batched:
            return sp.S.Zero
        terms = []
        for symbol in sorted(value.free_symbols & set(self.errors), key=lambda s: self.names[s]):
            slope = (
                value.diff(symbol).replace(sp.DiracDelta, lambda *_: sp.S.Zero).replace(sp.Heaviside, lambda x, *_: (1 + sp.sign(x)) / 2)
            )
            size = sp.Abs(slope) if slope.is_number else sp.Abs(stabilise(slope), evaluate=False)
            terms.append(Spread(size, self.errors[symbol]))
        return sp.Add(*terms)

    def unbind(self, expr: Any, variable: Any = None) -> Any:
        """`expr` with each outermost average or root that does not hold `variable` replaced by a symbol that is computed before."""
        if isinstance(expr, BINDERS) and variable not in expr.free_symbols:
            if expr not in self.bound:
                self.bound[expr] = self.call(expr)
            return self.bound[expr]
        if not expr.args or not expr.has(*BINDERS):
            return expr
        if isinstance(expr, BINDERS):
            return expr
        return expr.func(*(self.unbind(a, variable) for a in expr.args))

    def call(self, node: Any) -> Any:
        """Statements that evaluate an average or a root; the symbol of its value."""
        variable = sp.Dummy(node.variable.name, real=True)
        integrand = stabilise(self.unbind(node.integrand.xreplace({node.variable: variable}), variable))
        spots = [] if isinstance(node, LargestRoot) else features(integrand, variable)
        integrand = self.hoist(integrand, variable)
        limits = [self.hoist(a, variable) for a in node.args[2:]]
        places = [tuple(self.hoist(a, variable) for a in spot) for spot in spots]
        result, function = self.numbered(STEMS[type(node)]), self.numbered("integrand" if spots or not limits else "equation")
        given = sorted(integrand.free_symbols - {variable}, key=lambda s: self.names[s])
        given += [self.errors[s] for s in given if s in self.errors] if self.batched else []
        taken = set(self.taken)
        inner = Scope(
            self.target,
            {**self.names, variable: legal_name(node.variable.name, taken)},
            taken,
            {s: e for s, e in self.errors.items() if s in given},
        )
        body = inner.finish(integrand)
        parameters = [self.names[s] for s in given] if self.batched else []
        lines = [f"def {self.names[function]}({', '.join([inner.names[variable], *parameters])}):", *("    " + line for line in body)]
        call = [self.names[function], *parameters]
        call += [f"{key}={self.printer.typed(a)}" for key, a in zip(("lower", "upper"), limits, strict=False)]
        effort = settling(node) if self.batched and not limits else 0
        if effort:
            call.append(f"units={effort}")
        if effort > 64:  # an integral at every node
            call.append("max_nodes=2000")
        if places:
            pairs = ", ".join(f"({self.printer.typed(c)}, {self.printer.typed(w)})" for c, w in places)
            call.append(f"features=[{pairs}]")
        text = f"{CALLS[type(node)]}({', '.join(call)})"
        uses = set(given) | set().union(*(a.free_symbols for a in limits), *(a.free_symbols for pair in places for a in pair))
        if self.batched:
            self.errors[result] = self.fresh(f"{self.names[result]}_error")
            lines.append(f"{self.names[result]}, {self.names[self.errors[result]]} = {text}{'[:2]' if limits else ''}")
            self.statements.append(((result, self.errors[result]), (lines, uses)))
        else:
            lines.append(f"{self.names[result]} = {text}")
            self.statements.append(((result,), (lines, uses)))
        return result

    def hoist(self, expr: Any, variable: Any) -> Any:
        """`expr` with its largest parts that do not hold `variable` replaced by symbols computed in this scope."""
        if isinstance(expr, CASES):
            return expr.func(*(self.hoist(a, variable) for a in expr.args)) if expr.args else expr
        if not expr.free_symbols or expr.as_coeff_Mul()[1].is_Symbol:
            return expr
        if variable not in expr.free_symbols:
            if isinstance(expr, BINDERS):
                return self.unbind(expr)
            if expr in self.bound:
                return self.bound[expr]
            symbol = self.numbered("c")
            self.define(symbol, expr)
            self.bound[expr] = symbol
            return symbol
        if isinstance(expr, BINDERS):  # its own bound symbol must not leave it
            return expr.func(
                self.hoist_under(expr.integrand, {variable, expr.variable}),
                expr.variable,
                *(self.hoist(a, variable) for a in expr.args[2:]),
            )
        if isinstance(expr, (sp.Add, sp.Mul)):
            fixed: list[Any] = []
            rest: list[Any] = []
            for a in expr.args:
                (rest if variable in a.free_symbols or a.is_Number else fixed).append(a)
            if len(fixed) > 1:
                return expr.func(self.hoist(expr.func(*fixed), variable), *(self.hoist(a, variable) for a in rest))
        return expr.func(*(self.hoist(a, variable) for a in expr.args))

    def hoist_under(self, expr: Any, variables: set[Any]) -> Any:
        """The same below a second binder."""
        if isinstance(expr, CASES):
            return expr.func(*(self.hoist_under(a, variables) for a in expr.args)) if expr.args else expr
        if not expr.free_symbols or isinstance(expr, sp.Symbol):
            return expr
        if not variables & expr.free_symbols:
            return self.hoist(expr, next(iter(variables)))
        if isinstance(expr, BINDERS):
            return expr.func(self.hoist_under(expr.integrand, variables | {expr.variable}), expr.variable, *expr.args[2:])
        return expr.func(*(self.hoist_under(a, variables) for a in expr.args))

    def finish(self, expr: Any) -> list[str]:
        """Lines of the body that returns `expr`, shared parts named once, statements in order of use."""
        value = stabilise(self.unbind(expr))
        results = [value, self.error_of(value)] if self.batched else [value]
        expressions = [e for _, e in self.statements if not isinstance(e, tuple)] + results
        shared = repeated(expressions)
        replaced: dict[Any, Any] = {}
        order: list[tuple[tuple[Any, ...], Any, set[Any]]] = []
        for part in shared:  # smallest first
            symbol = self.numbered("x")
            small = substitute(part, replaced)
            order.append(((symbol,), small, small.free_symbols))
            replaced[part] = symbol
        for symbols, statement in self.statements:
            if isinstance(statement, tuple):
                order.append((symbols, statement[0], statement[1]))
            else:
                small = substitute(statement, replaced)
                order.append((symbols, small, small.free_symbols))
        results = [substitute(e, replaced) for e in results]
        makers = {symbol: entry for entry in order for symbol in entry[0]}
        lines: list[str] = []
        written: set[int] = set()

        def require(symbols: set[Any]) -> None:
            for symbol in sorted(symbols & set(makers), key=lambda s: self.names[s]):
                entry = makers[symbol]
                if id(entry) not in written:
                    written.add(id(entry))
                    require(entry[2])
                    lines.extend(entry[1] if isinstance(entry[1], list) else [f"{self.names[symbol]} = {self.printer.typed(entry[1])}"])

        for symbols, _ in self.statements:
            require(set(symbols))
        require(set().union(*(e.free_symbols for e in results)))
        return [*lines, "return " + ", ".join(self.printer.typed(e) for e in results)]


def settling(node: Any) -> int:
    """Rounding units to which an integral can settle whose integrand holds special functions or integrals; 0 for a plain one."""
    inner = [settling(e) for e in node.integrand.atoms(NormalAverage, LineIntegral)]
    if inner:
        return 16 * max(16, *inner)
    return 64 if node.integrand.has(LogErfcx, PlainErfc) else 0


def substitute(expr: Any, replaced: Mapping[Any, Any]) -> Any:
    """`expr` with shared parts (whole subtrees) replaced by their symbols."""
    if expr in replaced:
        return replaced[expr]
    if not expr.args or expr.is_Symbol or not any(part in replaced for part in sp.preorder_traversal(expr)):
        return expr
    # evaluate=False would freeze orders that the printers do not expect; rebuilding with symbols keeps the structure
    return expr.func(*(substitute(a, replaced) for a in expr.args))


def repeated(expressions: Sequence[Any]) -> list[Any]:
    """Subtrees worth a name: costly, and used at two places at least; smallest first."""
    uses: Counter[Any] = Counter()
    seen: set[Any] = set()

    def visit(expr: Any) -> None:
        if not expr.args or isinstance(expr, (sp.Symbol, sp.Number, sp.logic.boolalg.Boolean)):
            return
        uses[expr] += 1
        if expr not in seen:
            seen.add(expr)
            for a in expr.args:
                visit(a)

    for expr in expressions:
        visit(expr)
    rank = {e: k for k, e in enumerate(uses)}
    costly = [
        e
        for e, n in uses.items()
        if n > 1
        and e.free_symbols
        and not isinstance(e, sp.functions.elementary.piecewise.ExprCondPair)
        and not (isinstance(e, sp.Mul) and len(e.args) == 2 and e.args[0].is_Number)
        and not (isinstance(e, sp.Pow) and e.base.is_Symbol and e.exp.is_Integer)
    ]
    return sorted(costly, key=lambda e: (sum(1 for _ in sp.preorder_traversal(e)), rank[e]))


def bell(exponent: Any, variable: Any) -> list[tuple[Any, Any]]:
    """(slope, shift) of a bell exp(-A w^2 + B w + C) in w = `variable`, or in the place w that it is mapped to."""
    w, c = sp.symbols("w c", real=True, cls=sp.Dummy)
    # Where the map w takes the value c, and its slope there
    maps = [
        (variable, c, sp.S.One),
        (Softplus(variable), c + sp.log(-expm1(-c)), -expm1(-c)),
        (Logistic(variable), sp.log(sp.Abs(c / (1 - c))), sp.Abs(c * (1 - c))),
    ]
    for place, centre, slope in maps:
        inside = exponent.subs(place, w)
        if variable in inside.free_symbols or not inside.is_polynomial(w) or inside.has(*BINDERS):
            continue
        polynomial = sp.Poly(inside, w)
        if polynomial.degree() != 2:
            continue
        steep = sp.sqrt(2 * sp.Abs(polynomial.coeff_monomial(w**2)))
        peak = polynomial.coeff_monomial(w) / steep**2
        peak = peak if place == variable else sp.Abs(peak)  # a peak beyond the ends is no feature; any place is harmless then
        scale = steep * slope.subs(c, peak)
        if scale.is_Number and scale <= 1:
            continue
        return [(scale, -scale * centre.subs(c, peak))]
    return []


def features(expr: Any, variable: Any) -> list[tuple[Any, Any]]:
    """(slope, shift) of every argument `slope*z + shift` of a function in `expr`: a steep one varies quickly where it vanishes."""
    found: list[tuple[Any, Any]] = []

    def visit(e: Any) -> None:
        if variable not in e.free_symbols or isinstance(e, BINDERS):
            return
        sides = [e.args[0] - e.args[1]] if isinstance(e, sp.core.relational.Relational) else []
        if isinstance(e, (sp.Max, sp.Min)):
            sides = [a - b for i, a in enumerate(e.args) for b in e.args[i + 1 :]]
        if isinstance(e, sp.Function) and not isinstance(e, sp.Piecewise):
            sides = list(e.args[:1])
        if isinstance(e, sp.exp):
            found.extend(pair for pair in bell(e.exp, variable) if pair not in found)
        for side in sides:
            if variable in side.free_symbols and not side.has(*BINDERS) and side.is_polynomial(variable):
                polynomial = sp.Poly(side, variable)
                if polynomial.degree() == 1:
                    pair = tuple(polynomial.all_coeffs())
                    if pair not in found and not (pair[0].is_Number and abs(pair[0]) <= 1):
                        found.append(pair)
        for a in e.args:
            visit(a)

    visit(expr)
    return found
