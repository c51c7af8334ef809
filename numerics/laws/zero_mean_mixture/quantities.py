"""What can be asked of two centred Gaussian classes."""

from __future__ import annotations

from regimes.numerics.laws.zero_mean_mixture.odds import odds
from regimes.numerics.laws.zero_mean_mixture.splitting import ORDER_PARAMETER
from regimes.numerics.quantity import Quantity
from regimes.numerics.speciation.quantities import quantities_of_classes, splitting_quantities


def quantities() -> dict[str, Quantity]:
    """Everything that can be asked, by name."""
    found = quantities_of_classes(odds)
    return found | splitting_quantities(found["cloning-probability"], ORDER_PARAMETER)
