"""Speciation of Gaussian clusters of different widths or vanishing weights, pair by pair."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from regimes.theory.conventions import d, z
from regimes.theory.derivations import Derivation
from regimes.theory.laws.mixture.law import Mixture
from regimes.theory.laws.mixture.pair import MANY, SOURCE, closed_time, distance_sq, in_signal, pair_times, widths
from regimes.theory.speciation.symbols import decay_sq, kappa, posterior
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LargestRoot, NormalAverage


def own_widths(proof: Derivation, law: Mixture) -> Derivation:
    """Times of every ordered pair of classes, and what the weights make of them."""
    proof = pair_times(proof, "pair_", "any pair, x from the first", lambda e: e, {**MANY, distance_sq: (1.0, 4.0)})
    for i, one in enumerate(law.clusters):
        for j, other in enumerate(law.clusters):
            if i == j:
                continue
            square = sp.factor(sum((p - q) ** 2 for p, q in zip(one.centre, other.centre, strict=True)))
            given = {distance_sq: square, widths[0]: one.sd, widths[1]: other.sd}
            name = "" if (i, j) == (0, 1) else f"classes_{i}_{j}_"
            if square == 0:
                title = f"Classes {i} and {j} differ in width only: they separate at a quarter of log d, as two centred classes do"
                proof = proof.define(f"{name}no_distance", sp.Symbol("Q"), square, title, "log-odds above, of distance zero")
                continue
            if one.sd == other.sd:
                signal = sp.factor(proof["pair_kappa"].subs({distance_sq: square, widths[0]: one.sd}, simultaneous=True))
                title = (
                    f"Class signal-to-noise ratio of classes {i} and {j}, of one width, equals one: mean and standard deviation are equal"
                )
                proof = closed_time(proof, f"{name}snr", "snr", (sp.together(in_signal(signal)), sp.S.One), title)
            else:
                words = f"x from class {i}, against class {j}"
                proof = pair_times(proof, name, words, _inserting(given), MANY)
            if other.cost == 0 and one.cost != 0:
                proof = _recognised(proof, i, j, one.cost, given)
    weights = [cluster.weight for cluster in law.clusters]
    if len(weights) == 2 and all(cluster.cost == 0 for cluster in law.clusters):
        signal = proof["log_odds_mean_large_d"].subs({distance_sq: square}) / 2
        up, down = (w * NormalAverage(posterior(w, 2 * kappa + 2 * sp.sqrt(kappa) * z), z) for w in weights)
        title = "Cloning probability at large d: the log-odds are normal, and both moments those of two clusters of one width"
        proof = proof.define("kappa_large_d", kappa, signal, "Class signal-to-noise ratio at e^(-2t) = g/d and large d", SOURCE)
        proof = proof.define("cloning_curve", sp.Symbol("phi"), up + down, title, "universal curve of two classes")
    title = "Classes of different widths or weights have no symmetric point: definitions 'bimodal' and 'curvature' do not apply"
    return proof.define("no_symmetric_point", sp.Symbol("x_0"), sp.Symbol("none"), title, "they differ by more than a reflection")


def _inserting(given: Any) -> Callable[[Any], Any]:
    return lambda expr: expr.subs(given, simultaneous=True)


def _recognised(proof: Derivation, i: int, j: int, cost: Any, given: Any) -> Derivation:
    """A rare class: its log-odds per dimension must make up for its weight, at a time that does not grow with d."""
    per_d = sp.expand(in_signal(proof["log_odds_mean"].subs(given, simultaneous=True)) / d)
    root = LargestRoot(cost - per_d, decay_sq, 0, 1)
    proof = proof.define(
        "recognition_time",
        sp.Symbol("t_r"),
        -sp.log(root) / 2,
        f"Time at which x from the rare class {i} is attributed to it: log-odds against class {j} of d cost; zero if that is never so",
        "Bayes' theorem: the weights add -d cost to the log-odds",
    )
    same = sp.factor(per_d.subs(given[widths[1]], given[widths[0]]))
    at = {cost: (0.01, 0.1), **MANY}
    return proof.solve(
        rules.solve,
        (same, cost),
        decay_sq,
        name="recognition_decay_equal_widths",
        title="The same for equal widths: e^(-2t)",
        where=lambda s: 0 < s < 1,
        domains=at,
    )
