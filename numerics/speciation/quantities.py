"""What can be asked of any law with classes: one row per quantity, computed from the log-odds of the classes.

A new quantity of all classes is a row here and a function of `from_odds`; a new definition of the speciation time a function of `times`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from regimes.numerics.arrays import Answer, Values
from regimes.numerics.quantity import Method, Numbers, Quantity, table
from regimes.numerics.speciation import from_odds, splitting, times
from regimes.numerics.speciation.odds import ClassOdds
from regimes.numerics.speciation.splitting import OrderParameter
from regimes.theory.model import DataModel
from regimes.theory.params import DIMENSION, LEVEL, TIME

Odds = Callable[[DataModel, Values], ClassOdds]
"""The classes of a model at P parameter points."""
FromOdds = Callable[[ClassOdds, Values], Answer]
Functions = Mapping[str, tuple[FromOdds, str]]
"""Method -> function of the classes, and what the method is."""

CLONING_PROBABILITY = Quantity(
    "cloning-probability", "probability phi(t) that two clones end in the same class", "", r"\varphi(t)", (TIME, DIMENSION), asks="classes"
)
CLASS_INFORMATION = Quantity(
    "class-information", "mutual information of class and x_t, nats", "nats", r"I(c; x_t)", (TIME, DIMENSION), asks="classes"
)
CLASS_INFORMATION_RATE = Quantity(
    "class-information-rate",
    "rate -dI(class; x_t)/dt at which the class is forgotten, nats per unit of time",
    "nats per unit of time",
    r"-\dot I(c; x_t)",
    (TIME, DIMENSION),
    asks="classes",
)
KAPPA = Quantity(
    "kappa", "class signal-to-noise ratio: half the mean log-odds of the first class", "", r"\kappa", (TIME, DIMENSION), asks="classes"
)
LOG_ODDS_MEAN = Quantity(
    "log-odds-mean",
    "mean log-odds in the first class: KL of the first class from the second, nats",
    "nats",
    r"\langle L\rangle",
    (TIME, DIMENSION),
    asks="classes",
)
LOG_ODDS_VARIANCE = Quantity(
    "log-odds-variance",
    "variance of the log-odds in the first class",
    "nats^2",
    r"\langle\!\langle L^2\rangle\!\rangle",
    (TIME, DIMENSION),
    asks="classes",
)
SPECIATION_TIME = Quantity(
    "speciation-time",
    "speciation time t_S; the method is the definition",
    "forward time",
    "t_S",
    (DIMENSION,),
    optional=(LEVEL,),
    definitions=True,
    asks="classes",
)

FUNCTIONS: tuple[tuple[Quantity, Functions], ...] = (
    (
        CLONING_PROBABILITY,
        {
            "posterior": (from_odds.cloning_probability, "mean of the sum of squared posterior probabilities"),
            "own-posterior": (from_odds.cloning_probability_from_classes, "mean posterior probability of the own class"),
        },
    ),
    (
        CLASS_INFORMATION,
        {
            "divergence": (from_odds.class_information, "mean divergence of the posterior from the weights"),
            "density": (from_odds.class_information_from_density, "mean of log[p(c|x)/w_c] in the own class"),
        },
    ),
    (CLASS_INFORMATION_RATE, {"chebyshev": (from_odds.class_information_rate, "derivative of the interpolation in Chebyshev nodes")}),
    (
        KAPPA,
        {
            "moments": (from_odds.kappa, "from the moments of the log-odds"),
            "average": (from_odds.kappa_averaged, "from averages of the log-odds over x"),
        },
    ),
    (
        LOG_ODDS_MEAN,
        {
            "moments": (from_odds.log_odds_mean, "from the moments of the log-odds"),
            "average": (from_odds.log_odds_mean_averaged, "from averages of the log-odds over x"),
        },
    ),
    (
        LOG_ODDS_VARIANCE,
        {
            "moments": (from_odds.log_odds_variance, "from the moments of the log-odds"),
            "average": (from_odds.log_odds_variance_averaged, "from averages of the log-odds over x"),
        },
    ),
    (SPECIATION_TIME, times.DEFINITIONS),
)
"""Every quantity of all classes, with the functions that compute it; of the speciation time, the published definitions."""


def from_classes(function: FromOdds, odds: Odds, doc: str) -> Numbers:
    """The method that computes a function of the classes that `odds` gives."""
    return Numbers(lambda model, values: function(odds(model, values), values), doc)


def quantities_of_classes(odds: Odds, *, counted: bool = True, averages: bool = True) -> dict[str, Quantity]:
    """Every quantity of all classes.

    Parameters
    ----------
    odds : callable
        The classes of a model of the family.
    counted : bool
        Whether the model counts its classes, so that one with a single class has none of this.
    averages : bool
        Whether the moments of the log-odds have a method besides the average over x.
    """
    rows = []
    for quantity, functions in FUNCTIONS:
        methods: dict[str, Method] = {
            name: from_classes(function, odds, doc) for name, (function, doc) in functions.items() if averages or name != "average"
        }
        rows.append(quantity.by(methods, classes=counted))
    return table(*rows)


def splitting_quantities(cloning: Quantity, order: OrderParameter) -> dict[str, Quantity]:
    """What the reverse process of an order parameter says: the cloning probability by one more method, the splitting probability."""
    place = order.place
    probability = Quantity(
        "splitting-probability",
        f"probability that the reverse process, at time t with {place.name} = {place.doc}, ends in the first class",
        "",
        "u",
        (TIME, DIMENSION, place),
        {
            "kolmogorov": Numbers(partial(splitting.splitting_probability, order), "backward Kolmogorov equation of the order parameter"),
            "posterior": Numbers(partial(splitting.posterior, order), "probability of the class given x_t"),
        },
        classes=cloning.classes,
        asks="order parameter",
    )
    also = Numbers(partial(splitting.cloning_probability, order), "mean of u^2 + (1-u)^2, u by the backward Kolmogorov equation")
    return table(cloning.also_by({"splitting": also}), probability)
