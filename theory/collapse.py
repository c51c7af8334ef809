"""Collapse, derived once for every model from the law of its data: a random energy model with one function g(lambda).

Source of the argument: Biroli, Bonnaire, de Bortoli, Mezard, arXiv:2402.18491; Derrida, Phys. Rev. B 24, 2613 (1981).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from regimes.theory import conventions as c
from regimes.theory import rules
from regimes.theory.averages import LargestRoot, LineIntegral
from regimes.theory.conventions import Delta, a, alpha, decay, eps, gamma, lam, m, m_star, t, v, x
from regimes.theory.derivation import Derivation
from regimes.theory.evaluate import value
from regimes.theory.forward import CHANNEL_SOURCE, forward_density, in_snr, start
from regimes.theory.information import information
from regimes.theory.laws import GaussianClusters
from regimes.theory.model import DataModel
from regimes.theory.params import ALPHA, TILT


def derive_collapse(model: DataModel) -> Derivation:
    """Energy cumulant function, rate function, free energies, condensation and every critical time of collapse."""
    law = model.symbolic_law()
    proof = start(model, "collapse", law)
    proof = forward_density(proof)
    proof = _energy_cumulant(proof)
    proof = information(proof)
    proof = _rate_function(proof)
    proof = _replica_symmetry_breaking(proof)
    proof = _critical_times(proof)
    proof = _finite_size(proof)
    if len(law.weights) > 1:
        proof = _classes(proof, law)
    return proof


def _energy_cumulant(proof: Derivation) -> Derivation:
    at = {x: (-2.0, 2.0), lam: TILT.typical}
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
        domains={lam: TILT.typical},
    )
    proof = proof.define(
        "snr", gamma, c.CHANNEL[gamma], "Signal-to-noise ratio: the only way in which time enters", CHANNEL_SOURCE, insert=True
    )
    proof = proof.then(
        in_snr,
        proof["energy_cumulant_in_time"],
        name="energy_cumulant",
        title="The same function of the signal-to-noise ratio",
        domains={lam: TILT.typical},
    )
    g = proof["energy_cumulant"]
    proof = proof.then(
        rules.differentiate,
        sp.Subs(sp.Derivative(g, lam), lam, 1),
        name="nishimori",
        title="Nishimori identity: the planted level has the typical energy of tilt 1",
    )
    return proof


def _rate_function(proof: Derivation) -> Derivation:
    g = proof["energy_cumulant"]
    proof = proof.then(
        rules.differentiate, -sp.Derivative(g, lam), name="energy", title="Energy selected by the tilt lambda", domains={lam: TILT.typical}
    )
    selected = proof["energy"]
    narrow = {eps: (0.05, 0.5)}
    proof = proof.solve(
        rules.solve, (selected, eps), lam, name="tilt", title="Tilt that selects the energy eps", where=lambda u: u > 0, domains=narrow
    )
    tilt = proof["tilt"]
    proof = proof.extremum(
        tilt,
        -g - lam * eps,
        lam,
        name="legendre",
        title="That tilt maximises -g(lambda) - lambda eps",
        curvature=-1,
        interval=(lam / 1000, 4 * lam),
        rule=rules.solve,
        domains=narrow,
    )
    proof = proof.then(
        rules.substitute,
        -g - lam * eps,
        replacements={},
        name="legendre_bracket",
        title="What is maximised",
        domains={lam: TILT.typical, **narrow},
    )
    rate = (-g - lam * eps).subs(lam, tilt)
    proof = proof.define(
        "rate_function",
        sp.Symbol("f(eps)"),
        rate,
        "Rate function: exponent of the density of levels at energy eps",
        "Legendre transform of g",
    )
    return proof.then(
        rules.rewrite, sp.Derivative(rate, eps), target=-tilt, name="inverse_legendre", title="Its slope is minus the tilt", domains=narrow
    )


def _gather(expr: Any) -> Any:
    """Write log(1 + u) = LogRatioGap(u) + u/(1 + u), so that small arguments do not cancel."""
    from regimes.theory.functions import LogRatioGap

    expr = rules.tidy(sp.expand(expr))
    gaps = {}
    for w in expr.atoms(sp.log):
        u = sp.factor(w.args[0] - 1)
        gaps[w] = sp.Dummy("gap", real=True), LogRatioGap(u), u / (1 + u)
    split = sp.expand(expr.xreplace({w: name + rest for w, (name, _, rest) in gaps.items()}))
    parts = sp.collect(split, [alpha, *(name for name, _, _ in gaps.values())], evaluate=False)
    return sum(sp.factor(k) * u for u, k in parts.items()).xreplace({name: gap for name, gap, _ in gaps.values()})


def _replica_symmetry_breaking(proof: Derivation) -> Derivation:
    g, info = proof["energy_cumulant"], proof["information"]
    glass = {alpha: ALPHA.typical}

    def condensed(point: Mapping[Any, Any]) -> bool:
        return bool(point[alpha] < value(info, point))

    proof = proof.define(
        "annealed_free_energy", sp.Symbol("psi_ann"), alpha + g.subs(lam, 1), "Annealed free energy of the levels", "Derrida 1981"
    )
    free = (alpha + g.subs(lam, m)) / m
    proof = proof.define(
        "rsb_free_energy",
        sp.Symbol("psi(m)"),
        free,
        "One-step replica-symmetry-breaking free energy, to be minimised over 0 < m <= 1",
        "Gross, Mezard 1984; Derrida 1981",
    )
    proof = proof.then(
        _gather,
        -(m**2) * sp.Derivative(free, m).doit(),
        name="rsb_condition",
        title="Stationarity in m, times -m^2",
        domains={**glass, m: (0.1, 1.0)},
    )
    root = LargestRoot(proof["rsb_condition"], m, 0, 1)
    proof = proof.extremum(
        root,
        free,
        m,
        name="rsb_parameter",
        title="The minimiser m*: below one in the glass, one in the liquid",
        curvature=1,
        interval=(m / 50, 1 + m / 7),
        rule=_root_of_condition,
        domains=glass,
        where=condensed,
    )
    proof = proof.define("m_star", m_star, root, "Short for the minimiser", "stationarity above", insert=True)
    proof = proof.define("free_energy", sp.Symbol("psi"), free.subs(m, m_star), "Free energy of the levels", "minimum over m")
    proof = proof.then(
        rules.rewrite,
        free.subs(m, m_star),
        target=-proof["energy"].subs(lam, m_star),
        name="condensed_free_energy",
        title="In the glass the free energy is minus the lowest energy, psi = -eps(m*)",
        domains=glass,
        where=condensed,
    )
    lowest = proof["rate_function"].subs(eps, proof["energy"].subs(lam, m_star))
    proof = proof.then(
        rules.rewrite,
        lowest,
        target=alpha,
        name="ground_energy",
        title="At the lowest energy the rate function equals alpha",
        domains=glass,
        where=condensed,
    )
    proof = proof.define(
        "participation_ratio",
        sp.Symbol("Y"),
        1 - m_star,
        "Participation ratio of the levels, E sum w^2 = 1 - m*",
        "Poisson-Dirichlet law; Derrida 1981",
    )
    at_one = proof["rsb_condition"].subs(m, 1)
    return proof.then(
        rules.rewrite,
        at_one,
        target=alpha - info,
        name="condensation",
        title="m* = 1 exactly where alpha = I(t): condensation, collapse and volume argument are one statement",
        domains=glass,
    )


def _root_of_condition(claim: Any) -> Any:
    return claim


def _critical_times(proof: Derivation) -> Derivation:
    g, info = proof["energy_cumulant"], proof["information"]
    give = {alpha: ALPHA.typical}
    free = sp.Symbol("gamma_c", positive=True)
    proof = proof.solve(
        rules.solve,
        (1 / (sp.exp(2 * t) - 1), free),
        t,
        name="clock",
        title="Time at which the signal-to-noise ratio is gamma_c",
        where=lambda u: u > 0,
        domains={free: (0.1, 5.0)},
    )
    clock = proof["clock"]
    proof = proof.solve(
        rules.solve,
        (info, alpha),
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
    proof = proof.then(
        rules.rewrite,
        proof["collapse_time"],
        target=clock.subs(free, LargestRoot(proof["condensation"], gamma, 0, sp.oo)),
        name="collapse_root",
        title="The same as a root: the form that every model has",
        domains=give,
    )
    second = rules.tidy(g.subs(lam, 2) - 2 * g.subs(lam, 1))
    proof = proof.then(
        rules.tidy,
        g.subs(lam, 2) - 2 * g.subs(lam, 1),
        name="second_moment",
        title="Exponent of E Z^2/(E Z)^2: the empirical score is accurate while alpha is larger",
    )
    proof = proof.define(
        "accuracy_time",
        sp.Symbol("t_A"),
        clock.subs(free, LargestRoot(alpha - second, gamma, 0, sp.oo)),
        "Accuracy time: second moment of the partition function stops being finite",
        "arXiv:2402.18491, theory of the empirical score",
    )
    start_point = proof["level_transform"].subs(x, decay * x)
    proof = proof.then(
        rules.average_of_logarithm,
        LineIntegral(proof["law"].subs(a, x) * rules.take_the_logarithm(sp.log(start_point)), x),
        name="onset_cumulant_in_time",
        title="Energy cumulant function seen from a datum, x = e^{-t} a_1",
        domains={lam: TILT.typical},
    )
    proof = proof.then(
        in_snr, proof["onset_cumulant_in_time"], name="onset_cumulant", title="In the signal-to-noise ratio", domains={lam: TILT.typical}
    )
    return proof.define(
        "onset_time",
        sp.Symbol("t_O"),
        clock.subs(free, LargestRoot(alpha + proof["onset_cumulant"].subs(lam, 1), gamma, 0, sp.oo)),
        "Onset time: a datum dominates at its own position",
        "condition alpha + g(1) = 0 seen from the datum",
    )


def _finite_size(proof: Derivation) -> Derivation:
    proof = proof.conjecture(
        "excess_entropy",
        sp.Max(alpha - proof["information"], 0),
        "Excess entropy density of the empirical law at leading order",
        covered_by="excess-entropy",
        reference="arXiv:2402.18491",
    )
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
    proof = proof.then(
        rules.rewrite,
        proof["planted_transform"],
        target=transform.subs(lam, lam + 1) / transform.subs(lam, 1),
        name="planted_tilt",
        title="By Bayes' rule the level of the datum behind x is another level, tilted by one",
        domains=at,
    )
    total = sp.Symbol("Z", positive=True)
    integrand = sp.exp(-sp.exp(v)) - sp.exp(-total * sp.exp(v))
    return proof.then(
        rules.rewrite,
        LineIntegral(integrand, v),
        target=sp.log(total),
        name="frullani",
        title="log Z as an integral over Laplace transforms (s = e^v): the exact law at finite n and d",
        domains={total: (0.2, 5.0)},
    )


def _classes(proof: Derivation, law: GaussianClusters) -> Derivation:
    """Levels that belong to another cluster, and the class entropy."""
    from itertools import combinations

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
