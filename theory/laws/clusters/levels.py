"""Energy levels of Gaussian clusters, closed Gaussian integrals throughout: what `collapse` needs of this family, and its closed times."""

from __future__ import annotations

from itertools import combinations

import sympy as sp

from regimes.theory.channel.forward import forward_density, gaussian_coordinate, in_snr, snr, start
from regimes.theory.collapse.information import information
from regimes.theory.conventions import Delta, a, alpha, decay, eps, gamma, lam, x
from regimes.theory.derivations.derivation import Derivation
from regimes.theory.laws import GaussianClusters
from regimes.theory.model import DataModel
from regimes.theory.params import ALPHA, TILT
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LargestRoot, LineIntegral


def cluster_levels(model: DataModel, law: GaussianClusters) -> Derivation:
    """Energy cumulant function, information and onset of levels of one's own cluster."""
    title = "One coordinate of a datum about its cluster's centre"
    proof = gaussian_coordinate(start(model, "collapse"), law.sd**2, title, model.source)
    return gaussian_levels(proof)


def gaussian_levels(proof: Derivation) -> Derivation:
    """The same for a Gaussian coordinate with the law of step `law`."""
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


def closed_tilt(proof: Derivation) -> Derivation:
    """The tilt that selects an energy, solved for."""
    return proof.solve(
        rules.solve,
        (proof["energy"], eps),
        lam,
        name="tilt",
        title="Tilt that selects the energy eps",
        where=lambda u: u > 0,
        domains={eps: (0.05, 0.5)},
    )


def closed_collapse(proof: Derivation) -> Derivation:
    """The collapse time, solved for, and the same as a root."""
    give = {alpha: ALPHA.typical}
    free = sp.Symbol("gamma_c", positive=True)
    clock = proof["clock"]
    proof = proof.solve(
        rules.solve,
        (proof["information"], alpha),
        gamma,
        name="collapse_snr",
        title="Signal-to-noise ratio at collapse, I = alpha",
        where=lambda u: u > 0,
        domains=give,
    )
    proof = proof.then(
        rules.substitute,
        clock.subs(free, proof["collapse_snr"]),
        replacements={},
        name="collapse_time",
        title="Collapse time",
        domains=give,
    )
    return proof.then(
        rules.rewrite,
        proof["collapse_time"],
        target=clock.subs(free, LargestRoot(proof["condensation"], gamma, 0, sp.oo)),
        name="collapse_root",
        title="The same as a root: the form that every model has",
        domains=give,
    )


def other_clusters(proof: Derivation, law: GaussianClusters) -> Derivation:
    """Levels that belong to another cluster, and the class entropy."""
    shift = sp.Symbol("delta", real=True)
    at = {lam: TILT.typical, shift: (-2.0, 2.0)}
    moved = proof["log_level_transform"].subs(x, x + decay * shift)
    proof = proof.then(
        rules.average_of_logarithm,
        LineIntegral(proof["forward_density"] * moved, x),
        name="other_cluster_in_time",
        title="Levels of a cluster displaced by delta along one coordinate",
        domains=at,
    )
    first, second = next(combinations(law.centres, 2))
    distance = sum((p - r) ** 2 for p, r in zip(first, second, strict=True))
    proof = proof.then(in_snr, proof["other_cluster_in_time"], name="other_cluster_snr", title="In the signal-to-noise ratio", domains=at)
    proof = proof.define(
        "cluster_distance", sp.Symbol("D^2"), distance, "Squared distance of the centres per dimension", "the law of the data"
    )
    g_other = proof["other_cluster_snr"].subs(shift, sp.sqrt(distance))
    proof = proof.define(
        "other_energy_cumulant",
        sp.Symbol("g_other"),
        rules.tidy(g_other),
        "Energy cumulant function of the other cluster: the mean of delta^2 over coordinates is the squared distance",
        "concentration",
    )
    gap = proof["other_energy_cumulant"] - proof["energy_cumulant"]
    proof = proof.then(
        rules.reduce,
        gap.subs(lam, 1),
        name="other_cluster_gap",
        title="Annealed free energy of the other cluster minus that of the own one: negative, so the own cluster decides the collapse",
    )
    weights = law.weights
    return proof.define(
        "class_entropy",
        sp.Symbol("H(w)"),
        -sum(w * sp.log(w) for w in weights),
        "Class entropy: shifts the finite-size excess entropy at order 1/d while the classes are distinct",
        "information density of the class",
    )
