"""Gaussian data of any spectrum have one class: nothing to speciate."""

from __future__ import annotations

from regimes.theory import conventions as c
from regimes.theory.channel.forward import gaussian_coordinate, start
from regimes.theory.derivations import Derivation
from regimes.theory.model import DataModel
from regimes.theory.speciation.gaussian import gaussian_curvature


def spectrum_speciation(model: DataModel) -> Derivation:
    """The curvature of -log P_t along a coordinate of any variance."""
    proof = start(model, "speciation").drawing({c.omega: (0.1, 4.0)}, {c.omega: r"\omega"})
    proof = gaussian_coordinate(proof, c.omega, "One coordinate in the frame of the covariance's eigenvectors", model.source)
    return gaussian_curvature(proof)
