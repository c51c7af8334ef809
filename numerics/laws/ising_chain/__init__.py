"""One open Ising chain, in numbers."""

from regimes.numerics.laws import NO_HIERARCHY, ONE_CLASS, Answers
from regimes.numerics.laws.ising_chain.levels import levels
from regimes.numerics.laws.ising_chain.quantities import density, quantities

ANSWERS = Answers(
    quantities=quantities,
    levels=levels,
    odds=ONE_CLASS,
    points="has no one-dimensional law of a level given x: there is no exact finite size",
    densities=density,
    order_parameter=ONE_CLASS,
    hierarchy=NO_HIERARCHY,
)
