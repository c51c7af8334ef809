"""What can be asked of two Ising chains."""

from __future__ import annotations

from regimes.numerics.laws.ising_chains.odds import odds
from regimes.numerics.quantity import Quantity
from regimes.numerics.speciation.quantities import quantities_of_classes


def quantities() -> dict[str, Quantity]:
    """Everything that can be asked, by name."""
    return quantities_of_classes(odds)
