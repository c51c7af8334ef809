"""The information density of Curie-Weiss spins: that of the levels inside a state, and below the critical point which state it is."""

from __future__ import annotations

import math

import numpy as np

from regimes.numerics.arrays import FloatArray
from regimes.numerics.collapse.window import Density, from_levels
from regimes.numerics.laws.curie_weiss.levels import levels, solve_magnetisation
from regimes.theory.laws import CurieWeiss

_LOG_ROOT_TAU = 0.5 * math.log(2 * math.pi)


def density(law: CurieWeiss, t: float) -> Density:
    """Mean, variance and class part at a time."""
    found = from_levels(levels)(law, t)
    if float(law.h) == 0 and float(law.beta) > 1:
        return found._replace(class_part=lambda d, nodes: _state_part(float(law.beta), t, d, nodes))
    return found


def _state_part(beta: float, t: float, d: int, nodes: int) -> tuple[FloatArray, FloatArray]:
    """log[2 p(+|x)] for x from the state +, whose log-odds are a sum over coordinates."""
    m = float(solve_magnetisation(np.array([beta]), np.zeros(1))[0].value[0])
    root = math.sqrt(1 / math.expm1(2 * t))
    z = 0.05 * np.arange(-180, 181)
    noise = np.exp(-0.5 * z * z - _LOG_ROOT_TAU) * 0.05
    # Of one coordinate x = root a + z: log [(1+m) e^{root x} + (1-m) e^{-root x}]/[(1-m) e^{root x} + (1+m) e^{-root x}]
    up, down = (2 * np.arctanh(m * np.tanh(root * (a * root + z))) for a in (1, -1))
    mean = (1 + m) / 2 * (up @ noise) + (1 - m) / 2 * (down @ noise)
    square = (1 + m) / 2 * (up**2 @ noise) + (1 - m) / 2 * (down**2 @ noise)
    g = np.linspace(-8.9, 8.9, nodes)
    gauss = np.exp(-0.5 * g * g)
    odds = d * mean + math.sqrt(d * max(square - mean**2, 0.0)) * g
    return math.log(2) - np.logaddexp(0, -odds), gauss / gauss.sum()
