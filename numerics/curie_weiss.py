"""Curie-Weiss: magnetisation, and the energy levels inside a state, a product of biased spins.

Notation: m solves m = tanh(beta m + h) with the sign of the field (at h = 0 and beta > 1 either sign: the states mirror each other, and
collapse is the same in both).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from regimes.numerics.energy import EnergyLevels, FloatArray, Pair
from regimes.numerics.estimate import Answer
from regimes.numerics.stable import odd_tail
from regimes.theory.model import DataModel

_EPS = float(np.finfo(np.float64).eps)


def solve_magnetisation(beta: FloatArray, h: FloatArray) -> tuple[Pair, FloatArray]:
    """The largest root m >= 0 of m = tanh(beta m + |h|), and the smaller weight (1 - m)/2, each to relative accuracy; arrays (P,).

    The equation is solved as (beta - 1) m + |h| = atanh(m) - m, whose sides do not cancel near the critical point.
    """
    field, gain = np.abs(h), beta - 1

    def excess(m: FloatArray) -> FloatArray:
        # atanh(m) - m, by its series where it cancels
        return np.where(m < 1 / 3, odd_tail(np.minimum(m, 1 / 3)), np.arctanh(np.minimum(m, 1 - _EPS / 2)) - m)

    # In w = atanh(m) the root is unique: beta tanh(w) + |h| - w falls through zero once for w > 0 (unless h = 0 and beta <= 1).
    low, high = np.full_like(beta, 1e-300), beta + field + 1e-300
    y_low, y_high = np.log(low), np.log(high)
    for _ in range(1100):
        middle = 0.5 * (y_low + y_high)
        w = np.exp(middle)
        m = np.tanh(w)
        up = np.where(m < 1 / 3, gain * m + field - excess(m), beta * m + field - w) > 0
        y_low, y_high = np.where(up, middle, y_low), np.where(up, y_high, middle)
        if np.all(y_high - y_low <= 2 * _EPS * np.maximum(1, np.abs(y_high))):
            break
    w = np.exp(y_low)
    m = np.tanh(w)
    ordered = (field > 0) | (gain > 0)
    m, w = np.where(ordered, m, 0.0), np.where(ordered, w, 0.0)
    # Rounding of the equation's terms over its slope in m, which vanishes at the critical point
    slope = np.abs(gain - m**2 / (1 - np.minimum(m**2, 1 - _EPS))) + 1e-300
    error = np.where(ordered, np.minimum(16 * _EPS * (np.abs(gain) * m + field + excess(m)) / slope, 1.0) + 2 * _EPS * m, 0.0)
    return Pair(m, error), 1 / (1 + np.exp(2 * w))


def magnetisation(model: DataModel, values: Mapping[str, FloatArray]) -> Answer:
    """Magnetisation of the state that the field selects; positive at h = 0."""
    del model
    (m, error), _ = solve_magnetisation(values["beta"], values["h"])
    return Answer(np.where(values["h"] < 0, -m, m), error, np.full(m.shape, "", "<U160"))


def levels(model: DataModel, values: Mapping[str, FloatArray]) -> EnergyLevels:
    """The levels inside the state: spins +-1, the rarer sign with weight (1 - m)/2 (which sign it is does not matter)."""
    from regimes.numerics.scalar_channel import ScalarLevels

    del model
    _, rare = solve_magnetisation(values["beta"], values["h"])
    spins = np.broadcast_to(np.array([-1.0, 1.0]), (rare.size, 2))
    return ScalarLevels.discrete(np.stack([rare, 1 - rare], axis=1), spins)
