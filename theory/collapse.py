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
from regimes.theory.conventions import Delta, a, alpha, decay, eps, gamma, lam, m, m_star, t, v, x, z
from regimes.theory.derivation import Derivation
from regimes.theory.evaluate import value
from regimes.theory.model import DataModel, GaussianClusters
from regimes.theory.params import ALPHA, ENERGY, TILT, TIME

CHANNEL_SOURCE = "Ornstein-Uhlenbeck process dX = -X dt + sqrt(2) dW"


def start(model: DataModel, kind: str, law: GaussianClusters) -> Derivation:
    """The channel and the law of one coordinate inside a cluster."""
    domains = {p.symbol: p.typical for p in (*model.params, TIME)}
    names = {p.symbol: p.latex for p in (*model.params, TIME, TILT, ALPHA, ENERGY)}
    names |= c.LATEX
    proof = Derivation(model.name, kind, f"{kind} of {model.doc}", domains, names)
    proof = proof.define("decay", decay, c.CHANNEL[decay], "Decay of the datum up to time t", CHANNEL_SOURCE, insert=True)
    proof = proof.define("noise_variance", Delta, c.CHANNEL[Delta], "Noise variance at time t", CHANNEL_SOURCE, insert=True)
    proof = proof.define("channel", sp.Symbol("p(x|a)"), c.noise_density(x, a), "One coordinate of the forward channel", CHANNEL_SOURCE)
    return proof.define("law", sp.Symbol("p(a)"), c.normal_density(a, law.sd**2), "One coordinate of a datum about its cluster's centre",
                        model.source)


def derive_collapse(model: DataModel) -> Derivation:
    """Energy cumulant function, rate function, free energies, condensation and every critical time of collapse."""
    law = model.law(model.symbols())
    proof = start(model, "collapse", law)
    proof = _forward(proof)
    proof = _energy_cumulant(proof)
    proof = _information(proof)
    proof = _rate_function(proof)
    proof = _replica_symmetry_breaking(proof)
    proof = _critical_times(proof)
    proof = _finite_size(proof)
    if len(law.weights) > 1:
        proof = _classes(proof, law)
    return proof


def _forward(proof: Derivation) -> Derivation:
    at = {x: (-2.0, 2.0)}
    proof = proof.then(rules.complete_the_square, LineIntegral(proof["law"] * proof["channel"], a), name="forward_density",
                       title="Density of one noised coordinate", domains=at)
    density = proof["forward_density"]
    proof = proof.then(rules.differentiate, sp.Derivative(sp.expand_log(sp.log(density), force=True), x), name="score",
                       title="Score of one coordinate", domains=at)
    in_time = density.subs({Delta: 1 - sp.exp(-2 * t), decay: sp.exp(-t)})
    flow = sp.Derivative(in_time, t) - sp.Derivative(x * in_time, x) - sp.Derivative(in_time, x, x)
    return proof.then(rules.differentiate, flow, name="fokker_planck", title="The forward density solves the Fokker-Planck equation", domains=at)


def _energy_cumulant(proof: Derivation) -> Derivation:
    at = {x: (-2.0, 2.0), lam: TILT.typical}
    energy = (x - decay * a) ** 2 / (2 * Delta)
    proof = proof.define("level", sp.Symbol("E"), energy, "Energy of a level: one coordinate's part", "Derrida 1981; the levels are the other data")
    proof = proof.then(rules.complete_the_square, LineIntegral(proof["law"] * sp.exp(-lam * energy), a), name="level_transform",
                       title="Laplace transform of a level's energy given x, per coordinate", domains=at)
    proof = proof.then(rules.take_the_logarithm, sp.log(proof["level_transform"]), name="log_level_transform", title="Its logarithm", domains=at)
    proof = proof.then(rules.average_of_logarithm, LineIntegral(proof["forward_density"] * proof["log_level_transform"], x),
                       name="energy_cumulant_in_time", title="Energy cumulant function g: the mean over x concentrates",
                       domains={lam: TILT.typical})
    proof = proof.define("snr", gamma, c.CHANNEL[gamma], "Signal-to-noise ratio: the only way in which time enters", CHANNEL_SOURCE, insert=True)
    proof = proof.then(_in_snr, proof["energy_cumulant_in_time"], name="energy_cumulant", title="The same function of the signal-to-noise ratio",
                       domains={lam: TILT.typical})
    g = proof["energy_cumulant"]
    proof = proof.then(rules.differentiate, sp.Subs(sp.Derivative(g, lam), lam, 1), name="nishimori",
                       title="Nishimori identity: the planted level has the typical energy of tilt 1")
    return proof


def _in_snr(expr: Any) -> Any:
    """Insert e^{-t} = sqrt(gamma Delta); Delta cancels."""
    result = rules.tidy(expr.subs(decay, sp.sqrt(gamma * Delta)))
    if result.has(Delta) or result.has(decay):
        raise rules.DerivationError(f"time enters {expr} otherwise than through the signal-to-noise ratio")
    return result


def _information(proof: Derivation) -> Derivation:
    g = proof["energy_cumulant"]
    density = proof["forward_density"]
    log_density = rules.take_the_logarithm(sp.log(density))
    proof = proof.then(rules.average_of_logarithm, LineIntegral(-density * log_density, x), name="entropy_in_time",
                       title="Differential entropy per dimension, from its definition")
    proof = proof.then(rules.rewrite, proof["entropy_in_time"], target=sp.log(2 * sp.pi * Delta) / 2 - g.subs(lam, 1), name="entropy",
                       title="The same entropy from the energy cumulant function: s = log(2 pi Delta)/2 - g(1)")
    proof = proof.then(rules.tidy, proof["entropy"] - sp.log(2 * sp.pi * Delta) / 2 - sp.S.Half, name="information",
                       title="Information per dimension, I = s - log(2 pi e Delta)/2 = -1/2 - g(1)")
    info = proof["information"]
    law, channel = proof["law"], proof["channel"]
    posterior = law * channel / proof["forward_density"]
    at = {x: (-2.0, 2.0)}
    proof = proof.then(rules.complete_the_square, LineIntegral(posterior * a, a), name="posterior_mean", title="Posterior mean of the datum", domains=at)
    proof = proof.then(rules.complete_the_square, LineIntegral(posterior * (a - proof["posterior_mean"]) ** 2, a), name="mmse_in_time",
                       title="Mean squared error of the posterior mean", domains=at)
    proof = proof.then(_in_snr, proof["mmse_in_time"], name="mmse", title="In the signal-to-noise ratio")
    free = sp.Symbol("gamma_", positive=True)
    slope = sp.Subs(sp.Derivative(info.subs(gamma, free), free), free, gamma)
    proof = proof.then(rules.rewrite, slope, target=proof["mmse"] / 2, name="i_mmse", title="I-MMSE relation dI/dgamma = mmse/2: information is increasing")
    forward = decay * a + sp.sqrt(Delta) * z
    density_ratio = rules.take_the_logarithm(sp.log(channel) - sp.log(density)).subs(x, forward)
    proof = proof.define("information_density", sp.Symbol("i"), density_ratio, "Information density of one coordinate, x = e^{-t} a + sqrt(Delta) z",
                         "Shannon; Polyanskiy, Poor, Verdu 2010")
    noise, at = c.normal_density(z, sp.S.One), {a: (-2.0, 2.0)}
    proof = proof.then(rules.average_of_logarithm, LineIntegral(density_ratio * noise, z), name="mean_density_given_datum",
                       title="Its mean over the noise", domains=at)
    proof = proof.then(rules.average_of_logarithm, LineIntegral(proof["mean_density_given_datum"] * law, a), name="mean_density_in_time",
                       title="Its mean over noise and datum")
    proof = proof.then(rules.rewrite, proof["mean_density_in_time"], target=info, name="mean_information_density", title="is the information")
    proof = proof.then(rules.complete_the_square, LineIntegral((density_ratio - proof["mean_density_in_time"]) ** 2 * noise, z),
                       name="square_given_datum", title="Mean square deviation from the mean, over the noise", domains=at)
    proof = proof.then(rules.complete_the_square, LineIntegral(proof["square_given_datum"] * law, a), name="dispersion_in_time",
                       title="The same over noise and datum")
    return proof.then(_in_snr, proof["dispersion_in_time"], name="dispersion", title="Dispersion V: variance of the information density")


def _rate_function(proof: Derivation) -> Derivation:
    g = proof["energy_cumulant"]
    proof = proof.then(rules.differentiate, -sp.Derivative(g, lam), name="energy", title="Energy selected by the tilt lambda",
                       domains={lam: TILT.typical})
    selected = proof["energy"]
    narrow = {eps: (0.05, 0.5)}
    proof = proof.solve(rules.solve, (selected, eps), lam, name="tilt", title="Tilt that selects the energy eps", where=lambda u: u > 0, domains=narrow)
    tilt = proof["tilt"]
    proof = proof.extremum(tilt, -g - lam * eps, lam, name="legendre", title="That tilt maximises -g(lambda) - lambda eps", curvature=-1,
                           interval=(lam / 1000, 4 * lam), rule=rules.solve, domains=narrow)
    proof = proof.then(rules.substitute, -g - lam * eps, replacements={}, name="legendre_bracket", title="What is maximised",
                       domains={lam: TILT.typical, **narrow})
    rate = (-g - lam * eps).subs(lam, tilt)
    proof = proof.define("rate_function", sp.Symbol("f(eps)"), rate, "Rate function: exponent of the density of levels at energy eps",
                         "Legendre transform of g")
    return proof.then(rules.rewrite, sp.Derivative(rate, eps), target=-tilt, name="inverse_legendre", title="Its slope is minus the tilt", domains=narrow)


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

    proof = proof.define("annealed_free_energy", sp.Symbol("psi_ann"), alpha + g.subs(lam, 1), "Annealed free energy of the levels", "Derrida 1981")
    free = (alpha + g.subs(lam, m)) / m
    proof = proof.define("rsb_free_energy", sp.Symbol("psi(m)"), free, "One-step replica-symmetry-breaking free energy, to be minimised over 0 < m <= 1",
                         "Gross, Mezard 1984; Derrida 1981")
    proof = proof.then(_gather, -m**2 * sp.Derivative(free, m).doit(), name="rsb_condition", title="Stationarity in m, times -m^2",
                       domains={**glass, m: (0.1, 1.0)})
    root = LargestRoot(proof["rsb_condition"], m, 0, 1)
    proof = proof.extremum(root, free, m, name="rsb_parameter", title="The minimiser m*: below one in the glass, one in the liquid", curvature=1,
                           interval=(m / 50, 1 + m / 7), rule=_root_of_condition, domains=glass, where=condensed)
    proof = proof.define("m_star", m_star, root, "Short for the minimiser", "stationarity above", insert=True)
    proof = proof.define("free_energy", sp.Symbol("psi"), free.subs(m, m_star), "Free energy of the levels", "minimum over m")
    proof = proof.then(rules.rewrite, free.subs(m, m_star), target=-proof["energy"].subs(lam, m_star), name="condensed_free_energy",
                       title="In the glass the free energy is minus the lowest energy, psi = -eps(m*)", domains=glass, where=condensed)
    lowest = proof["rate_function"].subs(eps, proof["energy"].subs(lam, m_star))
    proof = proof.then(rules.rewrite, lowest, target=alpha, name="ground_energy", title="At the lowest energy the rate function equals alpha", domains=glass,
                       where=condensed)
    proof = proof.define("participation_ratio", sp.Symbol("Y"), 1 - m_star, "Participation ratio of the levels, E sum w^2 = 1 - m*",
                         "Poisson-Dirichlet law; Derrida 1981")
    at_one = proof["rsb_condition"].subs(m, 1)
    return proof.then(rules.rewrite, at_one, target=alpha - info, name="condensation",
                      title="m* = 1 exactly where alpha = I(t): condensation, collapse and volume argument are one statement", domains=glass)


def _root_of_condition(claim: Any) -> Any:
    return claim


def _critical_times(proof: Derivation) -> Derivation:
    g, info = proof["energy_cumulant"], proof["information"]
    give = {alpha: ALPHA.typical}
    free = sp.Symbol("gamma_c", positive=True)
    proof = proof.solve(rules.solve, (1 / (sp.exp(2 * t) - 1), free), t, name="clock",
                        title="Time at which the signal-to-noise ratio is gamma_c", where=lambda u: u > 0, domains={free: (0.1, 5.0)})
    clock = proof["clock"]
    proof = proof.solve(rules.solve, (info, alpha), gamma, name="collapse_snr", title="Signal-to-noise ratio at collapse, I = alpha",
                        where=lambda u: u > 0, domains=give)
    proof = proof.then(rules.substitute, clock.subs(free, proof["collapse_snr"]), replacements={}, name="collapse_time", title="Collapse time", domains=give)
    proof = proof.then(rules.rewrite, proof["collapse_time"], target=clock.subs(free, LargestRoot(proof["condensation"], gamma, 0, sp.oo)),
                       name="collapse_root", title="The same as a root: the form that every model has", domains=give)
    second = rules.tidy(g.subs(lam, 2) - 2 * g.subs(lam, 1))
    proof = proof.then(rules.tidy, g.subs(lam, 2) - 2 * g.subs(lam, 1), name="second_moment",
                       title="Exponent of E Z^2/(E Z)^2: the empirical score is accurate while alpha is larger")
    proof = proof.define("accuracy_time", sp.Symbol("t_A"), clock.subs(free, LargestRoot(alpha - second, gamma, 0, sp.oo)),
                         "Accuracy time: second moment of the partition function stops being finite", "arXiv:2402.18491, theory of the empirical score")
    start_point = proof["level_transform"].subs(x, decay * x)
    proof = proof.then(rules.average_of_logarithm, LineIntegral(proof["law"].subs(a, x) * rules.take_the_logarithm(sp.log(start_point)), x),
                       name="onset_cumulant_in_time", title="Energy cumulant function seen from a datum, x = e^{-t} a_1", domains={lam: TILT.typical})
    proof = proof.then(_in_snr, proof["onset_cumulant_in_time"], name="onset_cumulant", title="In the signal-to-noise ratio", domains={lam: TILT.typical})
    return proof.define("onset_time", sp.Symbol("t_O"), clock.subs(free, LargestRoot(alpha + proof["onset_cumulant"].subs(lam, 1), gamma, 0, sp.oo)),
                        "Onset time: a datum dominates at its own position", "condition alpha + g(1) = 0 seen from the datum")


def _finite_size(proof: Derivation) -> Derivation:
    proof = proof.conjecture("excess_entropy", sp.Max(alpha - proof["information"], 0),
                             "Excess entropy density of the empirical law at leading order", covered_by="excess-entropy", reference="arXiv:2402.18491")
    total = sp.Symbol("Z", positive=True)
    integrand = sp.exp(-sp.exp(v)) - sp.exp(-total * sp.exp(v))
    return proof.then(rules.rewrite, LineIntegral(integrand, v), target=sp.log(total), name="frullani",
                      title="log Z as an integral over Laplace transforms (s = e^v): the exact law at finite n and d", domains={total: (0.2, 5.0)})


def _classes(proof: Derivation, law: GaussianClusters) -> Derivation:
    """Levels that belong to another cluster, and the class entropy."""
    from itertools import combinations

    shift = sp.Symbol("delta", real=True)
    at = {lam: TILT.typical, shift: (-2.0, 2.0)}
    moved = proof["log_level_transform"].subs(x, x + decay * shift)
    proof = proof.then(rules.average_of_logarithm, LineIntegral(proof["forward_density"] * moved, x), name="other_cluster_in_time",
                       title="Levels of a cluster displaced by delta along one coordinate", domains=at)
    first, second = next(combinations(law.centres, 2))
    distance = sum((p - r) ** 2 for p, r in zip(first, second, strict=True))
    proof = proof.then(_in_snr, proof["other_cluster_in_time"], name="other_cluster_snr", title="In the signal-to-noise ratio", domains=at)
    proof = proof.define("cluster_distance", sp.Symbol("D^2"), distance, "Squared distance of the centres per dimension", "the law of the data")
    g_other = proof["other_cluster_snr"].subs(shift, sp.sqrt(distance))
    proof = proof.define("other_energy_cumulant", sp.Symbol("g_other"), rules.tidy(g_other),
                         "Energy cumulant function of the other cluster: the mean of delta^2 over coordinates is the squared distance", "concentration")
    gap = proof["other_energy_cumulant"] - proof["energy_cumulant"]
    proof = proof.then(rules.reduce, gap.subs(lam, 1), name="other_cluster_gap",
                       title="Annealed free energy of the other cluster minus that of the own one: negative, so the own cluster decides the collapse")
    weights = [w for w in law.weights]
    return proof.define("class_entropy", sp.Symbol("H(w)"), -sum(w * sp.log(w) for w in weights),
                        "Class entropy: shifts the finite-size excess entropy at order 1/d while the classes are distinct", "information density of the class")
