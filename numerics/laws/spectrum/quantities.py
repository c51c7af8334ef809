"""What can be asked of Gaussian data with a spectrum."""

from __future__ import annotations

from regimes.numerics.collapse.quantities import finite_size_quantities, quantities_of_levels
from regimes.numerics.laws.spectrum.density import density
from regimes.numerics.laws.spectrum.levels import levels
from regimes.numerics.laws.spectrum.points import points
from regimes.numerics.quantity import Quantity


def quantities() -> dict[str, Quantity]:
    """Everything that can be asked, by name."""
    return finite_size_quantities(quantities_of_levels(levels), points=points, densities=density)
