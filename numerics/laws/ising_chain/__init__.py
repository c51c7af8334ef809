"""One open Ising chain, in numbers."""

from regimes.numerics.laws import NO_HIERARCHY, ONE_CLASS, Answers
from regimes.numerics.laws.ising_chain import levels, quantities

ANSWERS = Answers(
    quantities=quantities.quantities,
    levels=levels.levels,
    odds=ONE_CLASS,
    points="has no one-dimensional law of a level given x: there is no exact finite size",
    densities=quantities.density,
    order_parameter=ONE_CLASS,
    hierarchy=NO_HIERARCHY,
)
