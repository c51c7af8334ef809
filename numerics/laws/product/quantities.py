"""What can be asked of independent coordinates."""

from __future__ import annotations

from regimes.numerics.collapse.quantities import finite_size_quantities, quantities_of_levels
from regimes.numerics.collapse.window import from_levels
from regimes.numerics.laws.product.levels import levels
from regimes.numerics.laws.product.points import points
from regimes.numerics.quantity import Quantity

density = from_levels(levels)


def quantities() -> dict[str, Quantity]:
    """Everything that can be asked, by name."""
    return finite_size_quantities(quantities_of_levels(levels), points=points, densities=density)
