"""What can be predicted of laws given by their energy levels: by quadrature, by a second road, by the derivation's own formula."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from regimes.numerics.quantities import QUANTITIES, Batched, Formula, Quantity, Recipe

_COLLAPSE = "regimes.numerics.collapse"

_ROADS: Mapping[str, Mapping[str, str]] = {
    "information": {
        "quadrature": "information",
        "energy-cumulant": "information_from_cumulant",
        "mmse": "information_from_mmse",
    },
    "entropy": {"quadrature": "entropy"},
    "excess-entropy": {"asymptotic": "excess_entropy"},
    "dispersion": {"quadrature": "dispersion"},
    "energy-cumulant": {"quadrature": "energy_cumulant"},
    "rate-function": {"quadrature": "rate_function"},
    "free-energy": {"rsb": "free_energy", "lowest-energy": "free_energy_from_energy"},
    "rsb-parameter": {"stationarity": "rsb_parameter"},
    "participation-ratio": {"poisson-dirichlet": "participation_ratio"},
    "collapse-time": {"newton": "collapse_time"},
    "condensation-time": {"root": "condensation_time"},
    "accuracy-time": {"root": "accuracy_time"},
    "onset-time": {"root": "onset_time"},
}
"""Quantity -> method -> function of `regimes.numerics.collapse`."""

_FORMULAS = {name: f"{name.replace('-', '_')}" for name in _ROADS} | {
    "collapse-time": "collapse_root",
    "condensation-time": "collapse_root",
}
"""Quantity -> step of the derivation that is its formula, offered as the method `definition`."""


def _formula(name: str) -> Formula:
    step, time = _FORMULAS[name], name.endswith("-time")
    return Formula("collapse", lambda proof: proof[step], positive="alpha is not reached at any signal-to-noise ratio" if time else "")


def _table(finite_size: tuple[str, ...] = (), formulas: bool = True) -> dict[str, Quantity]:
    """Quantities of one family; `finite_size` names the methods for given n and d that it has."""
    table = {}
    for name, roads in _ROADS.items():
        recipes: dict[str, Recipe] = {method: Batched(_COLLAPSE, function) for method, function in roads.items()}
        shared = QUANTITIES[name]
        recipes |= {method: recipe for method, recipe in shared.recipes.items() if method in finite_size}
        if formulas:
            recipes["definition"] = _formula(name)
        needs = {method: needed for method, needed in shared.needs_by_method.items() if method in recipes}
        table[name] = replace(shared, recipes=recipes, needs_by_method=needs)
    if finite_size:
        probability = QUANTITIES["collapse-probability"]
        table[probability.name] = replace(probability, recipes={m: r for m, r in probability.recipes.items() if m in finite_size})
    return table | {name: q for name, q in QUANTITIES.items() if q.classes}


_MAGNETISATION = Quantity(
    "magnetisation",
    "magnetisation m* of the state that the field selects",
    (),
    {
        "root": Batched("regimes.numerics.curie_weiss", "magnetisation"),
        "definition": Formula("collapse", lambda proof: proof["magnetisation"]),
    },
)

TABLES: Mapping[str, Mapping[str, Quantity]] = {
    "spectrum": _table(("exact", "window")),
    "product": _table(("exact", "window")),
    "curie-weiss": _table(("exact", "window")) | {"magnetisation": _MAGNETISATION},
    "ising-chain": _table(("window",), formulas=False),
    "random-energy": {},
}
"""Family of laws -> its quantities by name; a family that is not listed has `QUANTITIES`."""
