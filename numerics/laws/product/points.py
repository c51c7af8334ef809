"""The average over x for independent coordinates, whose points are counts of coordinates."""

from __future__ import annotations

from regimes.numerics.collapse.finite_size import Estimator
from regimes.numerics.laws.product.count_points import product_alphabet
from regimes.numerics.laws.product.sampled_average import estimator
from regimes.theory.laws import Product


def points(law: Product, t: float, d: int) -> Estimator:
    """How the average over x is taken."""
    return estimator(lambda d, spacing: product_alphabet(law, t, d, spacing=spacing), t, d)
