"""The channel, once: x_t = e^{-t} a + sqrt(Delta_t) z. Every derivation imports these symbols.

e^{-t}, Delta and gamma stay symbols inside derivations (that keeps every integrand rational); `CHANNEL`
says what they are.
"""

from __future__ import annotations

import sympy as sp

from regimes.theory.params import ALPHA, DIMENSION, ENERGY, LEVEL, OVERLAP, TILT, TIME
from regimes.theory.symbolic.functions import expm1

t = TIME.symbol
d = DIMENSION.symbol
alpha = ALPHA.symbol
lam = TILT.symbol
eps = ENERGY.symbol
q = OVERLAP.symbol
threshold = LEVEL.symbol

decay = sp.Symbol("r", positive=True)
"""Decay of the datum, e^{-t}; printed as such."""
Delta = sp.Symbol("Delta", positive=True)
"""Noise variance, 1 - e^{-2t}."""
gamma = sp.Symbol("gamma", positive=True)
"""Signal-to-noise ratio of the channel, e^{-2t}/Delta."""
omega = sp.Symbol("omega", positive=True)
"""An eigenvalue of the data covariance."""
tilt = sp.Symbol("tilt", positive=True)
"""Tilt that selects a given energy."""
m = sp.Symbol("m", positive=True)
"""Replica-symmetry-breaking parameter."""
m_star = sp.Symbol("m_star", positive=True)
"""Its value at the minimum."""

# Real variables of integration: datum, noised datum, noise, class coordinate, log of the Laplace variable.
a, x, z, y, v = sp.symbols("a x z y v", real=True)

CHANNEL = {decay: sp.exp(-t), Delta: -expm1(-2 * t), gamma: 1 / expm1(2 * t)}

LATEX = {decay: "e^{-t}", Delta: r"\Delta_t", gamma: r"\gamma_t", m_star: "m_*", tilt: r"\lambda_\varepsilon"}
"""Printed forms of symbols that are not parameters."""


def noise_density(x: sp.Expr, a: sp.Expr) -> sp.Expr:
    """Density of one coordinate x given the datum's coordinate a."""
    return normal_density(x - decay * a, Delta)


def normal_density(x: sp.Expr, var: sp.Expr) -> sp.Expr:
    """Centred normal density of variance `var`."""
    return sp.exp(-(x**2) / (2 * var)) / sp.sqrt(2 * sp.pi * var)
