"""From a quantity of a model to its generated kernel, through the derivation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from regimes.numerics.codegen.generate import Kernel
from regimes.numerics.quantities.table import get_quantity
from regimes.numerics.quantity import Formula, Quantity
from regimes.theory.errors import RegimesError
from regimes.theory.model import DataModel


def kernel(model: DataModel, quantity: str, method: str, target: str) -> Kernel:
    """The kernel of a formula: from the user's cache for shipped models, made once per process for others.

    The cache knows the sources of this package; a model from elsewhere may change its law without the cache noticing.
    """
    from regimes.numerics.codegen.cache import cached_kernel

    if not model.shipped:
        return _fresh(model, quantity, method, target)
    return cached_kernel((model.name, quantity, method, target), lambda: build(model, get_quantity(quantity, model), method, target))


@cache
def _fresh(model: DataModel, quantity: str, method: str, target: str) -> Kernel:
    return build(model, get_quantity(quantity, model), method, target)


def build(model: DataModel, what: Quantity, method: str, target: str, *, selftest: bool = False) -> Kernel:
    from regimes.numerics.codegen import generate as codegen
    from regimes.theory.derive import derive
    from regimes.theory.symbolic.averages import written_out

    formula = what.methods[method]
    if not isinstance(formula, Formula):
        raise RegimesError(
            f"{what.name} by method {method} is an integral over n and d, not a formula: generate one of "
            f"{', '.join(m for m, r in what.methods.items() if isinstance(r, Formula)) or 'the other quantities'}"
        )
    proof = derive(model, formula.kind)
    expr = written_out(formula.build(proof))
    params = [*model.params, *what.needed(method), *what.optional]
    used = {symbol: written_out(e) for symbol, e in _definitions(expr, proof.definitions).items()}
    free = expr.free_symbols.union(*(e.free_symbols for e in used.values()))
    args = [p for p in params if p.symbol in free]
    points: list[tuple[Any, ...]] = []
    if selftest:
        points = [tuple(f"{p.typical[0] + (p.typical[1] - p.typical[0]) * share:.6g}" for p in args) for share in (0.3, 0.5, 0.7)]
    return codegen.generate(
        what.name.replace("-", "_"),
        [p.symbol for p in args],
        expr,
        target=target,
        doc=what.doc,
        definitions=used,
        reference=f"derivation '{formula.kind}' of model '{model.name}' ({model.source})",
        meanings={p.name: f"{p.doc}; {p.domain}" for p in args},
        selftest=points,
    )


def _definitions(expr: Any, definitions: Mapping[Any, Any]) -> dict[Any, Any]:
    """The definitions that `expr` needs, in order."""
    needed: set[Any] = set()
    queue = [expr]
    while queue:
        fresh = queue.pop().free_symbols - needed
        needed |= fresh
        queue += [definitions[s] for s in fresh if s in definitions]
    return {s: e for s, e in definitions.items() if s in needed}
