"""Rewriting before printing: the same function, spelt so that floating point keeps its digits."""

from __future__ import annotations

from typing import Any

import sympy as sp

from regimes.theory.symbolic.functions import expm1, log1p

__all__ = ["stabilise"]


def stabilise(expr: Any) -> Any:
    """`expr` with `exp(x) - 1` as expm1, `log(p/q)` and `log p - log q` as log1p((p - q)/q) where p - q is simpler, and
    `exp(x)/(1 + exp(x))` as `1/(1 + exp(-x))`.

    Every rewriting is an identity between real functions; the values at points where both spellings are accurate are equal.
    """
    if not expr.args or isinstance(expr, (sp.Symbol, sp.Number)):
        return expr
    if isinstance(expr, sp.Piecewise):
        return expr.func(*((stabilise(value), condition) for value, condition in expr.args))
    args = [a if isinstance(a, (sp.Symbol, sp.logic.boolalg.Boolean)) else stabilise(a) for a in expr.args]
    if args != list(expr.args):
        expr = expr.func(*args)
    if isinstance(expr, sp.Add):
        return merged_logs(paired_exponentials(expr))
    if isinstance(expr, sp.log):
        return stable_log(expr)
    return decaying_quotient(expr) if isinstance(expr, sp.Mul) else expr


def paired_exponentials(expr: Any) -> Any:
    """A sum in which `c exp(x)` meets the number -c."""
    number, rest = expr.as_coeff_Add()
    if not number.is_Rational or number == 0:
        return expr
    for term in sp.Add.make_args(rest):
        factor, power = term.as_coeff_Mul()
        # c exp(x) + n = c expm1(x) + (c + n): the constant shrinks, so nothing cancels that did not before
        if isinstance(power, sp.exp) and factor * number < 0 and abs(factor + number) < abs(number):
            return factor * expm1(power.exp) + (number + factor) + (rest - term)
    return expr


def complexity(expr: Any) -> Any:
    return expr.count_ops(visual=False) + len(expr.free_symbols)


def log_of_quotient(p: Any, q: Any) -> Any | None:
    """log1p((p - q)/q) for log(p/q) if the difference is simpler than p, else None."""
    difference = paired_exponentials(sp.expand(p - q)) if isinstance(sp.expand(p - q), sp.Add) else sp.expand(p - q)
    if difference == 0:
        return sp.S.Zero
    if complexity(difference) < max(complexity(p), complexity(q)) and len(sp.Add.make_args(difference)) < len(sp.Add.make_args(p)) + len(
        sp.Add.make_args(q)
    ):
        return log1p(sp.factor_terms(difference) / q)
    return None


def stable_log(expr: Any) -> Any:
    """log(p/q) and log(1 + u)."""
    p, q = sp.fraction(expr.args[0], exact=True)
    if q != 1 and not q.is_Number:
        return log_of_quotient(p, q) or expr
    inner = expr.args[0]
    if isinstance(inner, sp.Add):
        number, rest = inner.as_coeff_Add()
        if number == 1:
            return log1p(rest)
    return expr


def merged_logs(expr: Any) -> Any:
    """`c log p - c log q` in a sum as `c log1p((p - q)/q)` where p - q is simpler."""
    if not isinstance(expr, sp.Add):
        return expr
    logs = []
    for term in expr.args:
        inner = [f for f in sp.Mul.make_args(term) if isinstance(f, (sp.log, log1p))]
        if len(inner) == 1:
            argument = inner[0].args[0] if isinstance(inner[0], sp.log) else 1 + inner[0].args[0]
            logs.append((term, sp.cancel(term / inner[0]), argument))
    for i, (first, c, p) in enumerate(logs):
        for second, minus_c, q in logs[i + 1 :]:
            if c + minus_c == 0:
                joint = log_of_quotient(p, q)
                if joint is not None:
                    return merged_logs(expr - first - second + c * joint)
    return expr


def decaying_quotient(expr: Any) -> Any:
    """`exp(x)/(1 + exp(x))`, where both factors overflow together, as `1/(1 + exp(-x))`."""
    for factor in expr.args:
        base, power = factor.as_base_exp()
        if isinstance(base, sp.Add) and power == -1 and len(base.args) == 2 and base.args[0] == 1 and isinstance(base.args[1], sp.exp):
            growing = base.args[1]
            if growing in expr.args:
                return expr / growing / factor / (1 + sp.exp(-growing.exp))
    return expr
