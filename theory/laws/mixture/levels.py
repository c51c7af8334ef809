"""Collapse of a mixture of Gaussian clusters: the theory of one cluster of variance omega, then every class by itself and their average."""

from __future__ import annotations

import sympy as sp

from regimes.theory.channel.forward import gaussian_coordinate, start
from regimes.theory.collapse.gaussian import gaussian_levels
from regimes.theory.conventions import alpha, gamma, lam, omega, t
from regimes.theory.derivations import Derivation
from regimes.theory.laws.mixture.law import Mixture
from regimes.theory.model import DataModel
from regimes.theory.params import ALPHA
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LargestRoot

_SNR = sp.Symbol("gamma_c", positive=True)
OWN = "after speciation a trajectory lives in one class; levels of other classes lie higher by the distance of the centres"


def derive_mixture(model: DataModel, law: Mixture) -> Derivation:
    """Information of each class and on average, class-resolved collapse, accuracy and onset times, excess entropy."""
    first = start(model, "collapse").drawing({omega: (0.1, 4.0)}, {omega: r"\omega"})
    proof = gaussian_coordinate(first, omega, "One coordinate about the centre of a cluster of variance omega", OWN)
    proof = gaussian_levels(proof).prefixed("own_", after=first)
    give = {alpha: ALPHA.typical}
    proof = proof.solve(
        rules.solve,
        (1 / (sp.exp(2 * t) - 1), _SNR),
        t,
        name="clock",
        title="Time at which the signal-to-noise ratio is gamma_c",
        where=lambda u: u > 0,
        domains={_SNR: (0.1, 5.0)},
    )
    clock = proof["clock"]
    proof = proof.solve(
        rules.solve,
        (proof["own_information"], alpha),
        gamma,
        name="own_collapse_snr",
        title="Signal-to-noise ratio at which a cluster whose data number e^(d alpha) collapses",
        where=lambda u: u > 0,
        domains=give,
    )
    proof = proof.then(
        rules.substitute,
        clock.subs(_SNR, proof["own_collapse_snr"]),
        replacements={},
        name="own_collapse_time",
        title="Collapse time of such a cluster",
        domains=give,
    )
    g = proof["own_energy_cumulant"]
    second, onset = rules.tidy(g.subs(lam, 2) - 2 * g.subs(lam, 1)), proof["own_onset_cumulant"].subs(lam, 1)
    for k, cluster in enumerate(law.clusters):
        here = {omega: cluster.sd**2}
        share = alpha - cluster.cost
        proof = proof.define(f"class_{k}_alpha", sp.Symbol(f"alpha_{k}"), share, f"Data of class {k}: their number is n e^(-d cost)", OWN)
        for name, condition, title in (
            ("collapse", share - proof["own_information"], "I_c = alpha_c"),
            ("accuracy", share - second, "second moment of the partition function of the class"),
            ("onset", share + onset, "a datum of the class dominates at its own position"),
        ):
            root = LargestRoot(condition.subs(here), gamma, 0, sp.oo)
            words = f"{name.capitalize()} time of class {k}: {title}"
            proof = proof.define(f"class_{k}_{name}_time", sp.Symbol(f"t_{k}"), clock.subs(_SNR, root), words, OWN)
    shares = [(c.weight, c.sd**2) for c in law.clusters if c.cost == 0]
    average = sp.Add(*(w * proof["own_information"].subs(omega, var) for w, var in shares))
    proof = proof.then(
        rules.rewrite,
        sp.Add(*(-w / 2 - w * g.subs({lam: 1, omega: var}) for w, var in shares)),
        target=average,
        name="information",
        title="Information per dimension on average over the classes that make up the data (what x says of the class is not extensive)",
    )
    proof = proof.define(
        "collapse_root",
        sp.Symbol("t_C"),
        clock.subs(_SNR, LargestRoot(alpha - average, gamma, 0, sp.oo)),
        "Collapse time of the volume argument: the average information is alpha",
        "volume argument",
    )
    excess = sp.Add(*(w * sp.Max(alpha - proof["own_information"].subs(omega, var), 0) for w, var in shares))
    return proof.define(
        "excess_entropy",
        sp.Symbol("f"),
        excess,
        "Excess entropy density at leading order: every class by itself",
        "the conjecture of one cluster, class by class",
    )
