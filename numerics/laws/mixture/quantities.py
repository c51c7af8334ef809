"""What can be asked of a mixture of Gaussian clusters: averages over the classes, and every class by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from regimes.numerics.arrays import Values
from regimes.numerics.collapse import from_levels as collapse
from regimes.numerics.collapse import quantities as rows
from regimes.numerics.laws.mixture.levels import excess_entropy, levels, of_class, one_class
from regimes.numerics.laws.mixture.odds import odds
from regimes.numerics.quantity import Elsewhere, Formula, Method, Numbers, Quantity, step, table
from regimes.numerics.speciation.quantities import quantities_of_classes
from regimes.theory.model import DataModel, get_model
from regimes.theory.params import CLUSTER

_DATA = "averages over the classes that make up the data"

_CLOSED = {"collapse-time": "closed-form", "energy-cumulant": "snr", "rate-function": "legendre", "free-energy": "rsb"} | {
    "rsb-parameter": "stationarity",
    "participation-ratio": "poisson-dirichlet",
    "dispersion": "closed-form",
    "condensation-time": "root",
    "accuracy-time": "root",
    "onset-time": "root",
}
"""Quantity of a single cluster -> the method that is its closed formula."""


def _at_one_cluster(quantity: str) -> Callable[[DataModel, Values], Elsewhere]:
    """The formula derived for one Gaussian cluster, at the width and the alpha of the class."""

    def elsewhere(model: DataModel, values: Values) -> Elsewhere:
        own, empty = one_class(model, values)
        return Elsewhere(get_model("gaussian"), quantity, _CLOSED[quantity], own, empty)

    return elsewhere


def _of_class(quantity: Quantity, functions: rows.Functions) -> Quantity:
    time = quantity.name.endswith("-time")
    methods: dict[str, Method] = {
        name: Numbers(partial(of_class, function), f"{doc}; of the class") for name, (function, doc) in functions.items()
    }
    step_name = quantity.name.replace("-", "_")
    if quantity.name in _CLOSED:
        methods["closed-form"] = Formula(
            "collapse",
            lambda proof: proof[step_name],
            "the formula derived for one Gaussian cluster",
            positive=_POSITIVE.get(quantity.name, ""),
            elsewhere=_at_one_cluster(quantity.name),
        )
    return replace(
        quantity,
        name=f"class-{quantity.name}" if time else quantity.name,
        doc=f"{'collapse time' if quantity.name == 'collapse-time' else quantity.doc}, for one class",
        needs=(*quantity.needs, CLUSTER),
        methods=methods,
        needs_by_method={},
    )


_POSITIVE = {
    "collapse-time": "no collapse",
    "condensation-time": "no condensation",
    "accuracy-time": "the second moment is finite at every time",
    "onset-time": "no onset",
}


def quantities() -> dict[str, Quantity]:
    """Everything that can be asked, by name."""
    derived, general = rows.quantities_of_levels(levels), rows.quantities_of_levels(levels, derived=False)
    averaged: dict[str, Method] = {
        "asymptotic": Numbers(excess_entropy, "sum of w_c max(alpha_c - I_c, 0), every class by itself"),
        "definition": step("collapse", "excess_entropy"),
    }
    kept = table(derived["information"], derived["collapse-time"], general["entropy"], rows.EXCESS_ENTROPY.by(averaged))
    own = [_of_class(rows.COLLAPSE_TIME, {"newton": (collapse.collapse_time, "I = alpha by Newton's method with dI/dgamma = mmse/2")})]
    own += [_of_class(quantity, functions) for quantity, functions in rows.FUNCTIONS if quantity.name not in kept]
    return kept | table(*own) | quantities_of_classes(odds)
