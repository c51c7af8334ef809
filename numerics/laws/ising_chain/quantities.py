"""What can be asked of one Ising chain: Lyapunov exponents without samples, and the same from sampled chains."""

from __future__ import annotations

from regimes.numerics.collapse.quantities import FUNCTIONS, finite_size_quantities, from_levels, quantities_of_levels
from regimes.numerics.collapse.window import from_levels as density_from_levels
from regimes.numerics.laws.ising_chain import sampled_levels
from regimes.numerics.laws.ising_chain.levels import levels
from regimes.numerics.quantity import Quantity

density = density_from_levels(levels)


def quantities() -> dict[str, Quantity]:
    """Everything that can be asked, by name."""
    found = finite_size_quantities(quantities_of_levels(levels, derived=False), densities=density)
    for quantity, functions in FUNCTIONS:
        function, _ = next(iter(functions.values()))
        sampled = sampled_levels.where_loose(function)
        method = from_levels(sampled, sampled_levels.levels, "from sampled transfer matrices; five standard errors", loosest=0.25)
        found[quantity.name] = found[quantity.name].also_by({"simulation": method})
    return found
