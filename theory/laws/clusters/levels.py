"""Collapse of Gaussian clusters of one width: closed Gaussian integrals throughout, and closed times."""

from __future__ import annotations

from itertools import combinations

import sympy as sp

from regimes.theory.channel.forward import gaussian_coordinate, in_snr, start
from regimes.theory.collapse.argument import collapse_argument
from regimes.theory.collapse.effort import Effort
from regimes.theory.collapse.gaussian import gaussian_levels
from regimes.theory.conventions import alpha, decay, eps, gamma, lam, x
from regimes.theory.derivations import Derivation
from regimes.theory.laws.clusters.law import GaussianClusters
from regimes.theory.model import DataModel
from regimes.theory.params import ALPHA, TILT
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LargestRoot, LineIntegral


def cluster_collapse(model: DataModel, law: GaussianClusters) -> Derivation:
    """The argument for levels of one's own cluster, whose tilt and collapse time are solved for; then those of another cluster."""
    title = "One coordinate of a datum about its cluster's centre"
    proof = gaussian_levels(gaussian_coordinate(start(model, "collapse"), law.sd**2, title, model.source))
    proof = collapse_argument(proof, Effort(), tilt=closed_tilt, collapse=closed_collapse)
    return other_clusters(proof, law) if len(law.weights) > 1 else proof


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
