"""Energy levels of one Gaussian coordinate: closed Gaussian integrals throughout."""

from __future__ import annotations

import sympy as sp

from regimes.theory.channel.forward import forward_density, in_snr, snr
from regimes.theory.collapse.information import information
from regimes.theory.conventions import Delta, a, decay, lam, x
from regimes.theory.derivations import Derivation
from regimes.theory.params import TILT
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LineIntegral


def gaussian_levels(proof: Derivation) -> Derivation:
    """Energy cumulant function, information and onset of a Gaussian coordinate with the law of step `law`."""
    proof = forward_density(proof)
    proof = _energy_cumulant(proof)
    proof = information(proof)
    proof = _onset(proof)
    return _planted(proof)


def _energy_cumulant(proof: Derivation) -> Derivation:
    at = {x: (-2.0, 2.0), lam: TILT.typical}
    tilted = {lam: TILT.typical}
    energy = (x - decay * a) ** 2 / (2 * Delta)
    proof = proof.define(
        "level", sp.Symbol("E"), energy, "Energy of a level: one coordinate's part", "Derrida 1981; the levels are the other data"
    )
    proof = proof.then(
        rules.complete_the_square,
        LineIntegral(proof["law"] * sp.exp(-lam * energy), a),
        name="level_transform",
        title="Laplace transform of a level's energy given x, per coordinate",
        domains=at,
    )
    proof = proof.then(
        rules.take_the_logarithm, sp.log(proof["level_transform"]), name="log_level_transform", title="Its logarithm", domains=at
    )
    proof = proof.then(
        rules.average_of_logarithm,
        LineIntegral(proof["forward_density"] * proof["log_level_transform"], x),
        name="energy_cumulant_in_time",
        title="Energy cumulant function g: the mean over x concentrates",
        domains=tilted,
    )
    proof = snr(proof)
    proof = proof.then(
        in_snr,
        proof["energy_cumulant_in_time"],
        name="energy_cumulant",
        title="The same function of the signal-to-noise ratio",
        domains=tilted,
    )
    g = proof["energy_cumulant"]
    proof = proof.then(
        rules.differentiate,
        sp.Subs(sp.Derivative(g, lam), lam, 1),
        name="nishimori",
        title="Nishimori identity: the planted level has the typical energy of tilt 1",
    )
    proof = proof.then(
        rules.differentiate, -sp.Derivative(g, lam), name="energy", title="Energy selected by the tilt lambda", domains=tilted
    )
    return proof.then(
        rules.gather_logarithms,
        lam * sp.Derivative(g, lam) - g,
        name="selected_rate",
        title="Rate function at that energy, lambda g' - g, without cancellation",
        domains=tilted,
    )


def _onset(proof: Derivation) -> Derivation:
    start_point = proof["level_transform"].subs(x, decay * x)
    proof = proof.then(
        rules.average_of_logarithm,
        LineIntegral(proof["law"].subs(a, x) * rules.take_the_logarithm(sp.log(start_point)), x),
        name="onset_cumulant_in_time",
        title="Energy cumulant function seen from a datum, x = e^{-t} a_1",
        domains={lam: TILT.typical},
    )
    return proof.then(
        in_snr, proof["onset_cumulant_in_time"], name="onset_cumulant", title="In the signal-to-noise ratio", domains={lam: TILT.typical}
    )


def _planted(proof: Derivation) -> Derivation:
    at = {x: (-2.0, 2.0), lam: TILT.typical}
    transform = proof["level_transform"]
    posterior = proof["law"] * proof["channel"] / proof["forward_density"]
    proof = proof.then(
        rules.complete_the_square,
        LineIntegral(posterior * sp.exp(-lam * proof["level"]), a),
        name="planted_transform",
        title="Laplace transform of the level of the datum behind x, per coordinate",
        domains=at,
    )
    return proof.then(
        rules.rewrite,
        proof["planted_transform"],
        target=transform.subs(lam, lam + 1) / transform.subs(lam, 1),
        name="planted_tilt",
        title="By Bayes' rule the level of the datum behind x is another level, tilted by one",
        domains=at,
    )
