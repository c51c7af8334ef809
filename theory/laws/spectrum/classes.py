"""Data without classes: nothing to speciate."""

from __future__ import annotations

import sympy as sp

from regimes.theory import conventions as c
from regimes.theory.channel.forward import gaussian_coordinate, start
from regimes.theory.conventions import a, y
from regimes.theory.derivations.derivation import Derivation
from regimes.theory.errors import DerivationError
from regimes.theory.laws import GaussianSpectrum, Law, RandomEnergies
from regimes.theory.model import DataModel
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LineIntegral

_REASONS = {
    RandomEnergies.family: "has neither channel nor classes: there is nothing to tell apart",
}


def one_class(model: DataModel, law: Law) -> Derivation:
    """Gaussian data of any spectrum: the curvature of -log P_t. `DerivationError` for other laws, which says why."""
    if not isinstance(law, GaussianSpectrum):
        raise DerivationError(f"{model.name} {_REASONS.get(law.family, 'has one class: there is nothing to tell apart')}")
    proof = start(model, "speciation").drawing({c.omega: (0.1, 4.0)}, {c.omega: r"\omega"})
    proof = gaussian_coordinate(proof, c.omega, "One coordinate in the frame of the covariance's eigenvectors", model.source)
    return gaussian_curvature(proof)


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
