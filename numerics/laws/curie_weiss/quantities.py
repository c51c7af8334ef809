"""What can be asked of Curie-Weiss spins; their classes are the signs of the magnetisation.

`limit` is the large-d limit on the scale of speciation.
"""

from __future__ import annotations

from regimes.numerics.collapse.quantities import finite_size_quantities, quantities_of_levels
from regimes.numerics.laws.curie_weiss import limit
from regimes.numerics.laws.curie_weiss.density import density
from regimes.numerics.laws.curie_weiss.levels import levels, magnetisation
from regimes.numerics.laws.curie_weiss.odds import odds
from regimes.numerics.laws.curie_weiss.points import points
from regimes.numerics.laws.curie_weiss.splitting import ORDER_PARAMETER
from regimes.numerics.quantity import Numbers, Quantity, step, table
from regimes.numerics.speciation import quantities as classes
from regimes.theory.params import DIMENSION

MAGNETISATION = Quantity(
    "magnetisation",
    "magnetisation m* of the state that the field selects",
    "",
    "m",
    (),
    {"root": Numbers(magnetisation, "root of m = tanh(beta m + h)"), "definition": step("collapse", "magnetisation")},
)
CLASS_WEIGHT = Quantity(
    "class-weight",
    "probability of a positive magnetisation; a tie counts by half",
    "",
    "w_+",
    (DIMENSION,),
    {
        "sum": Numbers(limit.class_weight_exact, "sum over the magnetisations at finite d"),
        "laplace": Numbers(limit.class_weight, "Laplace's method for large d"),
    },
)
_LIMIT = "two normal laws at the magnetisations of the states: large d on the scale of speciation"


def _of_classes() -> dict[str, Quantity]:
    found = classes.quantities_of_classes(odds, counted=False, averages=False)
    for name, function in (
        ("cloning-probability", limit.cloning_probability),
        ("class-information", limit.class_information),
        ("kappa", limit.kappa),
    ):
        found[name] = found[name].also_by({"limit": Numbers(function, _LIMIT)})
    rate = found["class-information-rate"]  # a derivative of Monte Carlo averages has no digits: in the limit only
    found[rate.name] = rate.by({"limit": Numbers(limit.class_information_rate, _LIMIT)})
    return found | classes.splitting_quantities(found["cloning-probability"], ORDER_PARAMETER) | table(CLASS_WEIGHT)


def quantities() -> dict[str, Quantity]:
    """Everything that can be asked, by name."""
    levelled = finite_size_quantities(quantities_of_levels(levels), points=points, densities=density)
    return levelled | table(MAGNETISATION) | _of_classes()
