"""Speciation of two Gaussian clusters, from one object: the log-odds of the classes.

Source of the argument: Biroli, Bonnaire, de Bortoli, Mezard, arXiv:2402.18491.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from regimes.theory import conventions as c
from regimes.theory.channel.forward import IN_TIME, fokker_planck, gaussian_coordinate, start
from regimes.theory.conventions import Delta, a, d, decay, gamma, q, threshold, y, z
from regimes.theory.derivations import Derivation
from regimes.theory.errors import DerivationError
from regimes.theory.laws.clusters.law import GaussianClusters
from regimes.theory.laws.clusters.times import cluster_landau, cluster_times
from regimes.theory.model import DataModel
from regimes.theory.params import DIMENSION, LEVEL, OVERLAP
from regimes.theory.speciation.gaussian import gaussian_curvature
from regimes.theory.speciation.symbols import PAPER, decay_sq, kappa, posterior
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LineIntegral, NormalAverage
from regimes.theory.symbolic.functions import LogCosh, RelativeEntropyTerm


def cluster_speciation(model: DataModel, law: GaussianClusters) -> Derivation:
    """Log-odds, cloning curve, every definition of the speciation time, overlap potential, Landau expansion."""
    proof = gaussian_coordinate(start(model, "speciation"), law.sd**2, "One coordinate of a datum about its cluster's centre", model.source)
    names = {**proof.latex_names, d: DIMENSION.latex, q: OVERLAP.latex, threshold: LEVEL.latex, kappa: r"\kappa", decay_sq: "e^{-2t}"}
    proof = Derivation(proof.model, proof.kind, proof.title, {**proof.domains, d: DIMENSION.typical}, names, proof.steps, proof.definitions)
    if len(law.weights) == 1:
        return gaussian_curvature(proof)
    if len(law.weights) != 2 or law.rank != 1 or law.centres[0][0] + law.centres[1][0] != 0:
        raise DerivationError(f"{model.name}: speciation is derived for two classes at +m and -m, the centres here are {law.centres}")
    proof = _log_odds(proof, law)
    proof = _cloning(proof, law)
    proof = _forward_law(proof, law)
    balanced = _balanced(law)
    proof = cluster_times(proof, law, balanced)
    proof = _overlap(proof, law)
    return proof if balanced is None else cluster_landau(proof, law, balanced)


def _balanced(law: GaussianClusters) -> dict[Any, Any] | None:
    """What makes the classes equally likely: a substitution, or None if their weights are fixed and unequal."""
    w = law.weights[0]
    if w.is_Symbol:
        return {w: sp.S.Half}
    return {} if w == sp.S.Half else None


def _log_odds(proof: Derivation, law: GaussianClusters) -> Derivation:
    at = {y: (-2.0, 2.0)}
    for side, name, centre in (("first", "A", law.centres[0][0]), ("second", "B", law.centres[1][0])):
        mean = sp.sqrt(d) * centre
        proof = proof.then(
            rules.complete_the_square,
            LineIntegral(c.normal_density(a - mean, law.sd**2) * c.noise_density(y, a), a),
            name=f"{side}_class_density",
            title=f"Density of the class coordinate y = x.m/|m| in class {name} (centre {side})",
            domains=at,
        )
    first, second = proof["first_class_density"], proof["second_class_density"]
    proof = proof.then(
        rules.take_the_logarithm,
        sp.log(first) - sp.log(second),
        name="log_odds",
        title="Log-odds of the two classes; coordinates orthogonal to the centres cancel",
        domains=at,
    )
    odds = proof["log_odds"]
    proof = proof.then(
        rules.complete_the_square, LineIntegral(first * odds, y), name="log_odds_mean", title="Mean of the log-odds in the first class"
    )
    mean = proof["log_odds_mean"]
    proof = proof.then(
        rules.complete_the_square,
        LineIntegral(first * (odds - mean) ** 2, y),
        name="log_odds_variance",
        title="Variance of the log-odds: exactly Gaussian, as the log-odds are linear in y",
    )
    proof = proof.then(
        rules.rewrite,
        proof["log_odds_variance"],
        target=2 * mean,
        name="log_odds_nishimori",
        title="Nishimori identity of the classes: the variance is twice the mean",
    )
    proof = proof.define("snr", gamma, c.CHANNEL[gamma], "Signal-to-noise ratio of the channel", "clock of the process", insert=True)
    return proof.then(insert_snr, mean / 2, name="kappa", title="Class signal-to-noise ratio kappa: half the mean of the log-odds")


def insert_snr(expr: Any) -> Any:
    return sp.factor(sp.together(expr.subs(decay, sp.sqrt(gamma * Delta))))


def about_the_midpoint(claim: Any, first: Any, second: Any, weight: Any) -> Any:
    """Average of 2 w A (1-w) B/(w A + (1-w) B)^2 over the mixture, about the geometric mean of the densities A and B.

    With the log-odds L of the densities, w A + (1-w) B = 2 sqrt(w (1-w) A B) cosh(L/2 + log(w/(1-w))/2).
    """
    u = claim.variable
    envelope, odds = (
        sp.expand(rules.take_the_logarithm(sp.log(first)) + sign * rules.take_the_logarithm(sp.log(second))) for sign in (1, -1)
    )
    relative = sp.exp(sp.expand(envelope / 2 - rules.take_the_logarithm(sp.log(c.normal_density(u, sp.S.One)))))
    if relative.has(u):
        raise DerivationError("the geometric mean of the class densities is not normal of unit variance")
    bias = sp.log(weight / (1 - weight)) / 2
    return sp.sqrt(weight * (1 - weight)) * relative * NormalAverage(1 / sp.cosh(sp.factor(odds) / 2 + bias), u)


def _cloning(proof: Derivation, law: GaussianClusters) -> Derivation:
    w = law.weights[0]
    up, down = 2 * kappa + 2 * sp.sqrt(kappa) * z, -2 * kappa + 2 * sp.sqrt(kappa) * z
    at = {kappa: (0.05, 1.5)}
    first, second = (c.normal_density(z - side * sp.sqrt(kappa), sp.S.One) for side in (1, -1))
    total = w * first + (1 - w) * second
    proof = proof.then(
        about_the_midpoint,
        LineIntegral(2 * w * (1 - w) * first * second / total, z),
        name="confusion",
        title="Probability that two clones end in different classes; class coordinate in units of its spread, centres +-sqrt(kappa)",
        first=first,
        second=second,
        weight=w,
        domains=at,
    )
    by_class = w * NormalAverage(posterior(w, up), z) + (1 - w) * NormalAverage(1 - posterior(w, down), z)
    proof = proof.then(
        rules.rewrite,
        by_class,
        target=1 - proof["confusion"],
        name="cloning_curve",
        title="Probability that two clones end in the same class: E sum_c p(c|x)^2 = sum_c w_c E_c p(c|x)",
        domains=at,
    )
    proof = proof.define(
        "cloning_probability", sp.Symbol("phi"), proof["cloning_curve"].subs(kappa, proof["kappa"]), "Cloning probability at time t", PAPER
    )
    proof = proof.conjecture(
        "cloning_law",
        proof["cloning_curve"],
        "The reverse process started at time t ends in class c with probability p(c|x_t)",
        covered_by="cloning-probability",
        reference=PAPER,
    )
    info = w * NormalAverage(sp.log(posterior(w, up) / w), z) + (1 - w) * NormalAverage(sp.log(posterior(1 - w, -down) / (1 - w)), z)

    def divergence(odds: Any) -> Any:  # KL(posterior || prior) >= 0, term by term non-negative
        lean = sp.tanh(odds / 2)
        common = 1 + (2 * w - 1) * lean
        return w * RelativeEntropyTerm(2 * (1 - w) * lean / common) + (1 - w) * RelativeEntropyTerm(-2 * w * lean / common)

    stable = w * NormalAverage(divergence(up), z) + (1 - w) * NormalAverage(divergence(down), z)
    proof = proof.then(
        rules.rewrite,
        info,
        target=stable,
        name="class_information_curve",
        title="Mutual information of the class and x_t, in nats",
        domains=at,
    )
    return proof.define(
        "class_information",
        sp.Symbol("I(class;x_t)"),
        proof["class_information_curve"].subs(kappa, proof["kappa"]),
        "Class information at time t",
        "mutual information",
    )


def _forward_law(proof: Derivation, law: GaussianClusters) -> Derivation:
    """Density, score and Fokker-Planck equation of the class coordinate (the others are Gaussian, see collapse)."""
    w = law.weights[0]
    first, second = proof["first_class_density"], proof["second_class_density"]
    at = {y: (-2.0, 2.0)}
    proof = proof.define(
        "forward_density", sp.Symbol("P_t(y)"), w * first + (1 - w) * second, "Density of the class coordinate", "law of total probability"
    )
    for name, part in (("first", first), ("second", second)):
        log_part = rules.take_the_logarithm(sp.log(part)).subs(IN_TIME)
        proof = proof.then(
            rules.fokker_planck,
            fokker_planck(part, y),
            name=f"fokker_planck_{name}",
            title=f"The {name} class density solves the Fokker-Planck equation",
            log_density=log_part,
            variable=y,
            domains=at,
        )
    odds = proof["log_odds"]
    envelope = rules.tidy(rules.take_the_logarithm(sp.log(first)) - odds / 2)
    bias = sp.log(w / (1 - w)) / 2
    proof = proof.then(
        rules.rewrite,
        sp.log(proof["forward_density"]),
        target=envelope + LogCosh(odds / 2 + bias) + sp.log(4 * w * (1 - w)) / 2,
        name="log_density",
        title="Log-density: a Gaussian envelope and log cosh of half the log-odds",
        domains=at,
    )
    smooth = sp.Derivative(proof["log_density"], y)
    proof = proof.then(rules.differentiate, smooth, name="score", title="Score along the class direction", domains=at)
    return proof


def _overlap(proof: Derivation, law: GaussianClusters) -> Derivation:
    """Regime I: the overlap q = m.x/sqrt(d) = mu y obeys a closed reverse equation."""
    length = law.centres[0][0]  # |m|/sqrt(d)
    at = {q: OVERLAP.typical}
    drift = sp.expand(length * (y + 2 * proof["score"])).subs(y, q / length)
    proof = proof.define(
        "overlap_drift",
        sp.Symbol("-dq/dt"),
        drift,
        "Reverse drift of the overlap q = m.x/sqrt(d)",
        "projection of the reverse process on m",
    )
    height = -(q**2) / 2 - 2 * length**2 * (proof["log_density"].subs(y, q / length) - proof["log_density"].subs(y, 0))
    proof = proof.then(
        collect_potential, height, name="potential", title="Potential V(q, t), V(0) = 0, with -dq = -V'(q) dt + noise", domains=at
    )
    proof = proof.then(
        rules.rewrite,
        -sp.Derivative(proof["potential"], q),
        target=drift,
        name="potential_slope",
        title="Its slope is minus the drift",
        domains=at,
    )
    direction = length  # gradient of q in x is m/sqrt(d), of this length
    return proof.define(
        "overlap_noise",
        sp.Symbol("noise"),
        sp.sqrt(2) * direction,
        "Noise amplitude of the overlap: sqrt(2)|grad q| dW = sqrt(2) mu dW, of unit variance only for mu = 1",
        "Ito isometry",
    )


def collect_potential(expr: Any) -> Any:
    hyper = sorted(expr.atoms(LogCosh), key=sp.default_sort_key)
    names = {h: sp.Dummy("h", real=True) for h in hyper}
    rest = sp.expand(expr.xreplace(names))
    split = sp.collect(rest, list(names.values()), evaluate=False)
    return sum(sp.factor(k) * u for u, k in split.items()).xreplace({n: h for h, n in names.items()})
