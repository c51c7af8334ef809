"""Curie-Weiss spins, beta > 1: reverse process of q = m.x/sqrt(d), m_i = (m_+ - m_-)/2 of the two states, in regime I.

There, at e^{-t} of order d^{-1/2}, sum_i x_i over sqrt(d) has as its law a mixture of two normal ones of unit variance. As t falls the
magnetisations separate, and the class is the side of their middle.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from regimes.numerics.arrays import FloatArray, Pair, TextArray, Values
from regimes.numerics.laws.curie_weiss.limit import weighted_states
from regimes.numerics.speciation.kolmogorov import REACH, Frame, Process
from regimes.numerics.speciation.line_average import normal_averages
from regimes.numerics.speciation.odds import OddsFunction
from regimes.numerics.speciation.splitting import OrderParameter, Setting
from regimes.theory.model import DataModel
from regimes.theory.params import OVERLAP

_FORGOTTEN = 80.0
"""kappa to spare at the end of regime I: what the sharp end does to u falls as e^{-kappa/2}."""


def setting(model: DataModel, at: Mapping[str, float]) -> Setting:
    plus, minus, bias = (float(part[0]) for part in weighted_states(model, {name: np.array([value]) for name, value in at.items()})[:3])
    root, half, middle = np.sqrt(at["d"]), (plus - minus) / 2, (plus + minus) / 2
    weights = np.exp(-np.logaddexp(0, [[-bias, bias]]))

    def drift(q: FloatArray, t: float) -> FloatArray:
        # x + 2 S with the score e^{-t} E[a|x] - x: unit normals at root e^{-t} (middle +- half)
        shrink = root * np.exp(-t)
        mean = middle + half * np.tanh(shrink * (q - shrink * middle * half) + bias / 2)
        return np.asarray(2 * shrink * half * mean - q)

    def frame(t: float) -> Frame:
        # xi = bias + 2 shrink (q - shrink middle half)
        shrink = root * np.exp(-t)
        centre, scale = shrink * middle * half, 1 / (2 * shrink)
        return Frame(centre - bias * scale, scale, -REACH, -centre - bias * scale, scale, 0.0)

    def process(last: float) -> Process:
        strength = at["d"] * half**2
        start = -np.log((strength * np.exp(-2 * last) + _FORGOTTEN) / strength) / 2
        return Process(drift, lambda q, t: np.full_like(q, np.sqrt(2) * half), frame, start, lambda xi: (np.sign(xi - bias) + 1) / 2)

    def mean(t: float, f: OddsFunction) -> Pair:
        found = normal_averages(np.array([at["d"] * half**2 * np.exp(-2 * t)]), weights, f)
        return Pair(*((weights * part[..., 0]).sum(1) for part in found))

    return Setting(process, mean, False, bias)


def _absent(model: DataModel, values: Values) -> TextArray:
    return weighted_states(model, values)[3]


ORDER_PARAMETER = OrderParameter(OVERLAP, setting, _absent)
