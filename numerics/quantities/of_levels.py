"""What can be predicted of laws given by their energy levels: by quadrature, by a second road, by the derivation's own formula."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from regimes.numerics.laws.random_energy.broken_sticks import SHARE
from regimes.numerics.laws.random_energy.limit import LEVELS, ORDER
from regimes.numerics.quantities.of_classes import TABLES as CLASSES
from regimes.numerics.quantities.of_classes import class_quantities
from regimes.numerics.quantities.table import QUANTITIES, Batched, Formula, Quantity, Recipe
from regimes.theory.params import ALPHA, CLUSTER, Param

_COLLAPSE = "regimes.numerics.collapse.from_levels"

_ROADS: Mapping[str, Mapping[str, str]] = {
    "information": {
        "quadrature": "information",
        "energy-cumulant": "information_from_cumulant",
        "mmse": "information_from_mmse",
    },
    "entropy": {"quadrature": "entropy", "energy-cumulant": "entropy_from_cumulant"},
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
"""Quantity -> method -> function of `regimes.numerics.collapse.from_levels`."""

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


def _clusters() -> dict[str, Quantity]:
    """Gaussian clusters have closed forms, beside which stands the code for any levels."""
    table = {}
    for name in ("dispersion", "energy-cumulant", "rate-function", "rsb-parameter", "participation-ratio", "accuracy-time", "onset-time"):
        (function,) = _ROADS[name].values()
        table[name] = replace(QUANTITIES[name], recipes={**QUANTITIES[name].recipes, "levels": Batched(_COLLAPSE, function)})
    free = {method: Batched(_COLLAPSE, function) for method, function in _ROADS["free-energy"].items() if method != "rsb"}
    classes = {name: q for name, q in class_quantities().items() if name not in QUANTITIES}
    free_energy = replace(QUANTITIES["free-energy"], recipes={**QUANTITIES["free-energy"].recipes, **free})
    return QUANTITIES | classes | table | {free_energy.name: free_energy}


_MAGNETISATION = Quantity(
    "magnetisation",
    "magnetisation m* of the state that the field selects",
    (),
    {
        "root": Batched("regimes.numerics.laws.curie_weiss.levels", "magnetisation"),
        "definition": Formula("collapse", lambda proof: proof["magnetisation"]),
    },
)


def _ising_chain() -> dict[str, Quantity]:
    """Deterministic Lyapunov exponents, and the same from sampled chains."""
    table = _table(("window",), formulas=False)
    for name, roads in _ROADS.items():
        sampled = Batched("regimes.numerics.laws.ising_chain.sampled_levels", next(iter(roads.values())), loosest=0.25)
        table[name] = replace(table[name], recipes={**table[name].recipes, "simulation": sampled})
    return table


_RANDOM_ENERGY = "regimes.numerics.laws.random_energy.limit"


def _of_levels(name: str, doc: str, needs: tuple[Param, ...] = (), step: str = "", **roads: str) -> Quantity:
    """A quantity of the random energy model; methods that start with `exact` or `corrected` hold at a finite number of levels 2^d."""
    recipes: dict[str, Recipe] = {method: Batched(_RANDOM_ENERGY, function) for method, function in roads.items()}
    if step:
        recipes["definition"] = Formula("collapse", lambda proof: proof[step])
    finite = {method: (*needs, LEVELS) for method in roads if method.startswith(("exact", "corrected"))}
    return Quantity(name, doc, needs, recipes, needs_by_method=finite)


def _random_energy() -> dict[str, Quantity]:
    """Levels by themselves: in the limit of many, and exactly at any number."""
    table = (
        _of_levels("free-energy", "E log Z per d", step="free_energy", limit="free_energy", exact="free_energy_exact"),
        _of_levels("entropy", "entropy of the Gibbs weights per d, nats", limit="entropy", exact="entropy_exact"),
        _of_levels("energy", "mean energy per d", limit="energy", exact="energy_exact"),
        _of_levels("rsb-parameter", "replica-symmetry-breaking parameter m*", step="rsb_parameter", stationarity="rsb_parameter"),
        _of_levels(
            "participation-ratio",
            "participation ratio E sum w^2",
            step="participation_ratio",
            limit="participation_ratio",
            exact="participation_ratio_exact",
        ),
        _of_levels("participation-moment", "E (sum w^2)^order of the Poisson-Dirichlet law", (ORDER,), limit="participation_moment"),
        Quantity(
            "participation-distribution",
            "probability that sum w^2 is at most share, for the Poisson-Dirichlet law",
            (SHARE,),
            {"broken-sticks": Batched("regimes.numerics.laws.random_energy.broken_sticks", "participation_distribution", loosest=1.0)},
        ),
        _of_levels("participation-square", "E (sum w^2)^2", exact="participation_square_exact"),
        _of_levels("condensation-beta", "inverse temperature beta_c at which the levels condense", limit="condensation_beta"),
        _of_levels(
            "lowest-level", "lowest level per d", limit="lowest_level", exact="lowest_level_exact", corrected="lowest_level_corrected"
        ),
    )
    return {q.name: q for q in table}


_MIXTURE = "regimes.numerics.laws.mixture.levels"


def _of_class(name: str, doc: str, needs: tuple[Param, ...], **roads: str) -> Quantity:
    recipes = {method.replace("_", "-"): Batched(_MIXTURE, function) for method, function in roads.items()}
    return Quantity(name, f"{doc}, for one class", (*needs, CLUSTER), recipes)


def _mixture() -> dict[str, Quantity]:
    """Averages over the classes, and every class by itself."""
    general, derived = _table(formulas=False), _table()
    kept = {"information": derived["information"], "collapse-time": derived["collapse-time"], "entropy": general["entropy"]}
    by_class: dict[str, Recipe] = {"asymptotic": Batched(_MIXTURE, "excess_entropy"), "definition": _formula("excess-entropy")}
    kept["excess-entropy"] = replace(general["excess-entropy"], recipes=by_class)
    own = [
        _of_class("class-collapse-time", "collapse time", (ALPHA,), newton="class_collapse_time", closed_form="class_collapse_time_closed"),
    ]
    for name, roads in _ROADS.items():
        if name in kept:
            continue
        shared, functions = QUANTITIES[name], {method.replace("-", "_"): f"class_{function}" for method, function in roads.items()}
        label = f"class-{name}" if name.endswith("-time") else name
        own.append(_of_class(label, shared.doc, shared.needs, **functions, closed_form=f"class_{name.replace('-', '_')}_closed"))
    return kept | {q.name: q for q in own}


TABLES: Mapping[str, Mapping[str, Quantity]] = {
    "clusters": _clusters(),
    "spectrum": _table(("exact", "window")),
    "product": _table(("exact", "window")),
    "mixture": _mixture() | dict(CLASSES["mixture"]),
    "zero-mean-mixture": CLASSES["zero-mean-mixture"],
    "curie-weiss": _table(("exact", "window")) | {"magnetisation": _MAGNETISATION} | dict(CLASSES["curie-weiss"]),
    "ising-chains": CLASSES["ising-chains"],
    "ising-chain": _ising_chain(),
    "random-energy": _random_energy(),
}
"""Family of laws -> its quantities by name; a family that is not listed has `QUANTITIES`."""
