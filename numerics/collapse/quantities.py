"""What can be asked of any law that has energy levels: one row per quantity, computed from the levels or at finite n and d.

A new quantity of all levels is a row here and a function of `from_levels`. A family offers these rows with its own levels, drops the ones
that it does not have, and adds methods of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from regimes.numerics.arrays import Answer, Values
from regimes.numerics.collapse import finite_size, window
from regimes.numerics.collapse import from_levels as collapse
from regimes.numerics.collapse.levels import EnergyLevels
from regimes.numerics.quantity import Formula, Method, Numbers, Quantity, step, table
from regimes.theory.model import DataModel
from regimes.theory.params import ALPHA, DIMENSION, ENERGY, POINTS, TILT, TIME

Levels = Callable[[DataModel, Values], EnergyLevels]
"""The levels of a model at P parameter points."""
FromLevels = Callable[[EnergyLevels, Values], Answer]
Functions = Mapping[str, tuple[FromLevels, str]]
"""Method -> function of the levels, and what the method is."""

FINITE = (TIME, POINTS, DIMENSION)
"""What the methods for given n and d need."""
PER_DIMENSION = "nats per dimension"

QUADRATURE = "averages over the levels by quadrature"

INFORMATION = Quantity("information", "mutual information I(t) per dimension, nats", PER_DIMENSION, "I(t)", (TIME,), asks="levels")
ENTROPY = Quantity("entropy", "differential entropy s(t) per dimension, nats", PER_DIMENSION, "s(t)", (TIME,), asks="levels")
EXCESS_ENTROPY = Quantity(
    "excess-entropy",
    "excess entropy density f(t) of the empirical law, nats per dimension",
    PER_DIMENSION,
    "f(t)",
    (TIME, ALPHA),
    needs_by_method={"window": FINITE, "exact": FINITE},
    asks="levels",
)
DISPERSION = Quantity(
    "dispersion", "variance V(t) of the information density per dimension", "nats^2 per dimension", "V(t)", (TIME,), asks="levels"
)
ENERGY_CUMULANT = Quantity(
    "energy-cumulant", "energy cumulant function g_t(lam)", PER_DIMENSION, r"g_t(\lambda)", (TIME, TILT), asks="levels"
)
RATE_FUNCTION = Quantity(
    "rate-function", "rate function f_t(energy) of the levels", PER_DIMENSION, r"f_t(\varepsilon)", (TIME, ENERGY), asks="levels"
)
FREE_ENERGY = Quantity("free-energy", "free energy psi of the levels per dimension", PER_DIMENSION, r"\psi", (TIME, ALPHA), asks="levels")
RSB_PARAMETER = Quantity("rsb-parameter", "replica-symmetry-breaking parameter m*", "", "m^*", (TIME, ALPHA), asks="levels")
PARTICIPATION_RATIO = Quantity("participation-ratio", "participation ratio 1 - m* of the levels", "", "Y", (TIME, ALPHA), asks="levels")
COLLAPSE_TIME = Quantity("collapse-time", "collapse time t_C", "forward time", "t_C", (ALPHA,), asks="levels")
CONDENSATION_TIME = Quantity(
    "condensation-time", "time at which the levels condense, m* = 1", "forward time", r"t_{m^*=1}", (ALPHA,), asks="levels"
)
ACCURACY_TIME = Quantity(
    "accuracy-time", "largest time at which E Z^2/(E Z)^2 is not finite", "forward time", "t_A", (ALPHA,), asks="levels"
)
ONSET_TIME = Quantity(
    "onset-time", "largest time at which a datum dominates at its own position", "forward time", "t_O", (ALPHA,), asks="levels"
)
COLLAPSE_PROBABILITY = Quantity(
    "collapse-probability", "probability phi_C(t) that two clones end on the same datum", "", r"\varphi_C(t)", FINITE, asks="points"
)
DECODING_PROBABILITY = Quantity(
    "decoding-probability",
    "probability that the datum nearest to x_t is the datum of origin",
    "",
    r"p_{\mathrm{dec}}(t)",
    FINITE,
    asks="points",
)

FUNCTIONS: tuple[tuple[Quantity, Functions], ...] = (
    (
        INFORMATION,
        {
            "quadrature": (collapse.information, QUADRATURE),
            "energy-cumulant": (collapse.information_from_cumulant, "-1/2 - g(1)"),
            "mmse": (collapse.information_from_mmse, "integral of the mean squared error over the signal-to-noise ratio"),
        },
    ),
    (
        ENTROPY,
        {
            "quadrature": (collapse.entropy, "I + log(2 pi e Delta)/2, I by quadrature"),
            "energy-cumulant": (collapse.entropy_from_cumulant, "log(2 pi Delta)/2 - g(1)"),
        },
    ),
    (EXCESS_ENTROPY, {"asymptotic": (collapse.excess_entropy, "the limit n, d -> inf at fixed alpha, max(alpha - I, 0)")}),
    (DISPERSION, {"quadrature": (collapse.dispersion, QUADRATURE)}),
    (ENERGY_CUMULANT, {"quadrature": (collapse.energy_cumulant, QUADRATURE)}),
    (RATE_FUNCTION, {"quadrature": (collapse.rate_function, "Legendre transform of g, by quadrature at the tilt that selects the energy")}),
    (
        FREE_ENERGY,
        {
            "rsb": (collapse.free_energy, "one-step replica symmetry breaking, [alpha + g(m*)]/m*"),
            "lowest-energy": (collapse.free_energy_from_energy, "minus the energy that m* selects; alpha + g(1) in the liquid"),
        },
    ),
    (RSB_PARAMETER, {"stationarity": (collapse.rsb_parameter, "root of m g'(m) - g(m) = alpha, one where there is none below it")}),
    (PARTICIPATION_RATIO, {"poisson-dirichlet": (collapse.participation_ratio, "1 - m* of the Poisson-Dirichlet law")}),
    (COLLAPSE_TIME, {"newton": (collapse.collapse_time, "I = alpha by Newton's method with dI/dgamma = mmse/2")}),
    (CONDENSATION_TIME, {"root": (collapse.condensation_time, "root of g'(1) - g(1) = alpha")}),
    (ACCURACY_TIME, {"root": (collapse.accuracy_time, "root of g(2) - 2 g(1) = alpha")}),
    (ONSET_TIME, {"root": (collapse.onset_time, "root of -g(1) = alpha, g seen from a datum")}),
)
"""Every quantity of all levels, with the functions that compute it."""

_DERIVED = (
    *(INFORMATION, ENTROPY, EXCESS_ENTROPY, DISPERSION, ENERGY_CUMULANT, RATE_FUNCTION),
    *(FREE_ENERGY, RSB_PARAMETER, PARTICIPATION_RATIO, ACCURACY_TIME, ONSET_TIME),
)
STEPS = {row.name: row.name.replace("-", "_") for row in _DERIVED} | dict.fromkeys(
    (COLLAPSE_TIME.name, CONDENSATION_TIME.name), "collapse_root"
)
"""The step of a derivation that is the quantity, of those that the argument of collapse derives."""

_NEVER = "alpha is not reached at any signal-to-noise ratio"


def from_levels(function: FromLevels, levels: Levels, doc: str, *, loosest: float = 1e-3) -> Numbers:
    """The method that computes a function of the levels that `levels` gives."""
    return Numbers(lambda model, values: function(levels(model, values), values), doc, loosest)


def _derived(quantity: Quantity) -> Formula:
    """The formula of the derivation, compiled."""
    positive = _NEVER if quantity.name.endswith("-time") else ""
    return step("collapse", STEPS[quantity.name], positive=positive)


def quantities_of_levels(levels: Levels, *, derived: bool = True) -> dict[str, Quantity]:
    """Every quantity of all levels.

    Parameters
    ----------
    levels : callable
        The levels of a model of the family.
    derived : bool
        Whether the family's derivation has formulas in numbers, offered as the method ``definition``.
    """
    rows = []
    for quantity, functions in FUNCTIONS:
        methods: dict[str, Method] = {name: from_levels(function, levels, doc) for name, (function, doc) in functions.items()}
        rows.append(quantity.by(methods | ({"definition": _derived(quantity)} if derived and quantity.name in STEPS else {})))
    return table(*rows)


# -- finite n and d ------------------------------------------------------------------------------------------------------------

EXACT = "finite n and d, as one-dimensional integrals over the Laplace transform of a level"
WINDOW = "finite n and d, with the information density taken as Gaussian; the class part is kept exactly"


def finite_size_quantities(
    asymptotic: Mapping[str, Quantity], *, points: finite_size.Points | None = None, densities: window.Densities | None = None
) -> dict[str, Quantity]:
    """The quantities of the levels, with excess entropy and collapse probability at finite n and d.

    Parameters
    ----------
    asymptotic : mapping
        Mapping of str to Quantity
        Rows of `quantities_of_levels`.
    points : callable, optional
        How the exact average over x is taken for a law of the family; without it there is no method ``exact``.
    densities : callable, optional
        Mean, variance and class part of the information density; without it there is no method ``window``.
    """
    excess: dict[str, Method] = {}
    collapsed: dict[str, Method] = {}
    if points is not None:
        collapsed["exact"] = finite_size.method(finite_size.collapse_probability, points, EXACT)
    if densities is not None:
        excess["window"] = window.method(window.excess_entropy, densities, WINDOW)
        collapsed["window"] = window.method(window.collapse_probability, densities, WINDOW)
    if points is not None:
        excess["exact"] = finite_size.method(finite_size.excess_entropy, points, EXACT)
    row = asymptotic[EXCESS_ENTROPY.name]
    needs = {**row.needs_by_method, **dict.fromkeys(excess, FINITE)}
    first, rest = next(iter(row.methods.items())), dict(list(row.methods.items())[1:])
    return dict(asymptotic) | table(
        replace(row, methods={first[0]: first[1], **excess, **rest}, needs_by_method=needs), COLLAPSE_PROBABILITY.by(collapsed)
    )
