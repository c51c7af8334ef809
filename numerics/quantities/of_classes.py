"""What can be predicted about the classes of laws given by their log-odds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from regimes.numerics.quantities.table import Batched, Quantity, Recipe, splitting_probability
from regimes.theory.params import DIMENSION, LEVEL, OVERLAP, TIME, Param

_SPECIATION = "regimes.numerics.speciation.from_odds"
_TIMES = "regimes.numerics.speciation.times"
_SPLITTING = "regimes.numerics.speciation.splitting"

LENGTH = Param("r", "r", "squared length |x|^2", 0, closed="low", typical=(1.0, 500.0))

_ROADS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "cloning-probability": (
        "probability phi(t) that two clones end in the same class",
        {"posterior": "cloning_probability", "own-posterior": "cloning_probability_from_classes"},
    ),
    "class-information": (
        "mutual information of class and x_t, nats",
        {"divergence": "class_information", "density": "class_information_from_density"},
    ),
    "class-information-rate": (
        "rate -dI(class; x_t)/dt at which the class is forgotten, nats per unit of time",
        {"chebyshev": "class_information_rate"},
    ),
    "kappa": (
        "class signal-to-noise ratio: half the mean log-odds of the first class",
        {"moments": "kappa", "average": "kappa_averaged"},
    ),
    "log-odds-mean": (
        "mean log-odds in the first class: KL of the first class from the second, nats",
        {"moments": "log_odds_mean", "average": "log_odds_mean_averaged"},
    ),
    "log-odds-variance": (
        "variance of the log-odds in the first class",
        {"moments": "log_odds_variance", "average": "log_odds_variance_averaged"},
    ),
}
"""Quantity -> what it is; method -> function of `regimes.numerics.speciation.from_odds`."""

DEFINITIONS = ("spectral", "noise-balance", "snr", "balance", "bimodal", "curvature", "cloning")
"""Published definitions of the speciation time, each a method."""


def class_quantities(*, classes: bool = True, averages: bool = True) -> dict[str, Quantity]:
    """Quantities of the classes of one family, by name.

    Parameters
    ----------
    classes : whether the model counts its classes, so that one with a single class has none of this.
    averages : whether the mean and the variance of the log-odds have a road besides the average over x.
    """
    table = {}
    for name, (doc, roads) in _ROADS.items():
        kept = {method: function for method, function in roads.items() if averages or method != "average"}
        recipes: dict[str, Recipe] = {method: Batched(_SPECIATION, function) for method, function in kept.items()}
        table[name] = Quantity(name, doc, (TIME, DIMENSION), recipes, classes=classes)
    times: dict[str, Recipe] = {name: Batched(_TIMES, name.replace("-", "_")) for name in DEFINITIONS}
    time = Quantity(
        "speciation-time", "speciation time t_S; the method is the definition", (DIMENSION,), times, optional=(LEVEL,), classes=classes
    )
    return table | {time.name: time}


def _with_splitting(table: dict[str, Quantity], place: Param) -> dict[str, Quantity]:
    """The same with what the reverse process of the order parameter `place` says."""
    cloning = table["cloning-probability"]
    recipes = {**cloning.recipes, "splitting": Batched(_SPLITTING, "cloning_probability")}
    return table | {q.name: q for q in (replace(cloning, recipes=recipes), splitting_probability(place, classes=cloning.classes))}


def _curie_weiss() -> dict[str, Quantity]:
    """Classes are the signs of the magnetisation; `limit` is the large-d limit on the scale of speciation."""
    table, limit = class_quantities(classes=False, averages=False), "regimes.numerics.laws.curie_weiss.limit"
    rate = table["class-information-rate"]  # a derivative of Monte Carlo averages has no digits: in the limit only
    table[rate.name] = replace(rate, recipes={"limit": Batched(limit, "class_information_rate")})
    for name in ("cloning-probability", "class-information", "kappa"):
        table[name] = replace(table[name], recipes={**table[name].recipes, "limit": Batched(limit, name.replace("-", "_"))})
    weight = Quantity(
        "class-weight",
        "probability of a positive magnetisation; a tie counts by half",
        (DIMENSION,),
        {"sum": Batched(limit, "class_weight_exact"), "laplace": Batched(limit, "class_weight")},
    )
    return _with_splitting(table, OVERLAP) | {weight.name: weight}


TABLES: Mapping[str, Mapping[str, Quantity]] = {
    "zero-mean-mixture": _with_splitting(class_quantities(), LENGTH),
    "mixture": class_quantities(),
    "ising-chains": class_quantities(),
    "curie-weiss": _curie_weiss(),
}
"""Family of laws -> the quantities of its classes by name."""
