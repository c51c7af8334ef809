"""Independent coordinates of one prior."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regimes.theory.laws.family import Answers
from regimes.theory.laws.product.law import Product

if TYPE_CHECKING:
    from regimes.theory.derivations import Derivation
    from regimes.theory.model import DataModel


def _collapse(model: DataModel, law: Product) -> Derivation:
    """Of its energy levels."""
    from regimes.theory.collapse.argument import collapse_argument
    from regimes.theory.laws.product.levels import product_levels

    return collapse_argument(*product_levels(model, law))


def _speciation(model: DataModel, law: Product) -> Derivation:
    """Of one coordinate: nothing of size d happens."""
    from regimes.theory.laws.product.classes import product_landau

    return product_landau(model, law)


ANSWERS = Answers(Product, collapse=_collapse, speciation=_speciation)
