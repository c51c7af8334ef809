"""One Gaussian coordinate: its potential never turns over."""

from __future__ import annotations

import sympy as sp

from regimes.theory import conventions as c
from regimes.theory.conventions import a, y
from regimes.theory.derivations import Derivation
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LineIntegral


def gaussian_curvature(proof: Derivation) -> Derivation:
    """The curvature of -log P_t along a Gaussian coordinate."""
    at = {y: (-2.0, 2.0)}
    proof = proof.then(
        rules.complete_the_square,
        LineIntegral(proof["law"] * c.noise_density(y, a), a),
        name="forward_density",
        title="Density of one noised coordinate",
        domains=at,
    )
    potential = -rules.take_the_logarithm(sp.log(proof["forward_density"]))
    return proof.then(
        rules.differentiate,
        sp.Derivative(potential, y, y),
        name="curvature",
        title="Curvature of -log P_t: positive at every time, so the symmetry is never broken and there is no speciation",
        domains=at,
    )
