"""Times at which two centred classes of different variance separate: exact at every d, at large d, and why two definitions have none."""

from __future__ import annotations

from typing import Any

import sympy as sp

from regimes.theory.conventions import Delta, a, d, decay, y
from regimes.theory.derivations import Derivation
from regimes.theory.errors import DerivationError
from regimes.theory.laws.zero_mean_mixture.law import ZeroMeanMixture
from regimes.theory.speciation.large_d import root_in_powers
from regimes.theory.speciation.symbols import decay_sq
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LargestRoot, LineIntegral

ratio = sp.Symbol("rho", positive=True)
"""Variance of the first class over that of the second, at time t."""


def zero_mean_times(proof: Derivation, law: ZeroMeanMixture) -> Derivation:
    """Times by the covariance, by the log-odds; the definitions that do not apply."""
    return _no_direction(_by_odds(_by_covariance(proof, law), law), law)


def _by_covariance(proof: Derivation, law: ZeroMeanMixture) -> Derivation:
    at = dict.fromkeys(law.sds, (1.0, 2.0))
    proof = proof.then(
        rules.complete_the_square,
        LineIntegral(sp.Add(*(w * a**2 * proof[f"{k}_law"] for w, k in ((law.weight, "first"), (1 - law.weight, "second")))), a),
        name="largest_eigenvalue",
        title="Variance of the data along any direction: every eigenvalue of the covariance",
    )
    top = proof["largest_eigenvalue"]
    for name, right, title in (("spectral", sp.S.One, "one"), ("noise-balance", 1 - decay_sq, "the noise variance")):
        step = name.replace("-", "_")
        proof = proof.solve(
            rules.solve,
            (top * decay_sq, right),
            decay_sq,
            name=f"{step}_decay",
            title=f"Largest eigenvalue of the signal equals {title}: e^(-2t)",
            where=lambda u: 0 < u < 1,
            domains=at,
        )
        proof = proof.then(
            rules.take_the_logarithm,
            sp.log(1 / proof[f"{step}_decay"]) / 2,
            name=f"{step}_time",
            title=f"Speciation time, definition '{name}': it does not grow with d, as no eigenvalue does",
            domains=at,
        )
    return proof


def by_lambert(claim: Any, branch: int) -> Any:
    """Root u, or one over a root, of p + q u + l log u = 0 as a branch of Lambert's function: v e^v = (q/l) e^(-p/l) for v = q u/l."""
    (root,) = claim.atoms(LargestRoot)
    u = sp.Dummy("u", positive=True)
    condition = sp.expand(sp.expand_log(root.integrand.subs(root.variable, u if claim == root else 1 / u)))
    q, factor = condition.coeff(u, 1), condition.coeff(sp.log(u), 1)
    constant = sp.simplify(condition - q * u - factor * sp.log(u))
    if claim not in (root, 1 / root) or constant.has(u) or factor == 0:
        raise DerivationError(f"not linear in {u} and its logarithm: {condition}")
    share = sp.factor(q / factor)
    return sp.LambertW(share * sp.exp(-sp.expand(constant / factor)), branch) / share


def _by_odds(proof: Derivation, law: ZeroMeanMixture) -> Derivation:
    """Times at which the mean of the log-odds is 2 (snr) or its standard deviation (balance): the wide class first, or the narrow one."""
    wide, narrow = ({s: (1.4, 2.0), o: (0.5, 1.0), d: (256.0, 1024.0)} for s, o in (law.sds, law.sds[::-1]))
    in_time = sp.factor(proof["ratio"].subs(Delta, 1 - decay**2).subs(decay, sp.sqrt(decay_sq)))
    signal, spread = proof["kappa"], sp.sqrt(d / 2)
    proof = proof.solve(
        rules.solve,
        (in_time, ratio),
        decay_sq,
        name="ratio_decay",
        title="e^(-2t) at which the ratio of the variances is rho",
        where=lambda u: 0 < u < 1,
        domains={**wide, ratio: (1.2, 1.5)},
    )
    wanted = sp.Symbol("kappa_c", positive=True)
    proof = proof.drawing({wanted: (0.5, 1.5)}, {wanted: r"\kappa_c"})
    for order, at, side, branch in (("wide", wide, 1, -1), ("narrow", narrow, -1, 0)):
        deviation = spread * (ratio - 1) * side
        for name, condition, title in (
            ("snr", 1 - signal, "Class signal-to-noise ratio equals one"),
            ("balance", deviation - 2 * signal, "Mean of the log-odds equals their standard deviation, x from class a"),
            ("cloning", wanted - signal, "Class signal-to-noise ratio reaches kappa_c, where the universal curve reaches the threshold"),
        ):
            root = LargestRoot(condition.subs(ratio, ratio**side), ratio, 1, sp.oo) ** side
            words = f"{title}, class a the {order} one"
            proof = proof.then(by_lambert, root, name=f"{name}_ratio_{order}", title=f"{words}: the ratio", branch=branch, domains=at)
            f = condition.subs(ratio, in_time)
            exact = -sp.log(proof["ratio_decay"].subs(ratio, proof[f"{name}_ratio_{order}"])) / 2
            proof = proof.then(
                rules.rewrite,
                -sp.log(LargestRoot(f, decay_sq, 0, 1)) / 2,
                target=exact,
                name=f"{name}_time_{order}",
                title=f"Speciation time, definition '{name}', class a the {order} one, exact at every d",
                domains=at,
                points=5,
            )
            proof = proof.limit(
                root_in_powers,
                -sp.log(proof["ratio_decay"].subs(ratio, root)) / 2,
                name=f"{name}_time_{order}_large_d",
                title=f"Large d: log(d)/4, its constant and the next term, definition '{name}', class a the {order} one",
                variable=d,
                towards="infinity",
                exponent=1,
                first=40,  # the series is in 1/sqrt(d), and its next term may be small
                points=3,
                domains=at,
                start=sp.S.One,
                power=sp.S.Half,
            )
    gap = sp.Add(*(sign * sd**2 for sign, sd in zip((1, -1), law.sds, strict=True)))
    proof = proof.then(
        rules.rewrite,
        sp.Add(
            *(
                term
                for term in sp.Add.make_args(proof["snr_time_wide_large_d"])
                if not term.has(sp.sqrt(d)) and not term.has(1 / sp.sqrt(d))
            )
        ),
        target=sp.log(d * gap**2 / 8) / 4,
        name="time_large_d",
        title="Leading order of both definitions, and of either order of the classes: they differ by terms of order 1/sqrt(d)",
        domains=wide,
    )
    for name in ("snr", "balance"):
        wide_first, narrow_first = (proof[f"{name}_time_{order}"] for order in ("wide", "narrow"))
        proof = proof.define(
            f"{name}_time",
            sp.Symbol("t_S"),
            sp.Piecewise((wide_first, law.sds[0] > law.sds[1]), (narrow_first, True)),
            f"Speciation time, definition '{name}'",
            "the cases above",
        )
    return proof


def _no_direction(proof: Derivation, law: ZeroMeanMixture) -> Derivation:
    """Why two definitions do not apply."""
    w, n = law.weight, d - 1
    first, second = proof["first_class_density"], proof["second_class_density"]
    # density along one direction, the other d - 1 coordinates at the origin
    parts = [(share * f.subs(y, 0) ** n, f) for share, f in ((w, first), (1 - w, second))]
    along = sp.Add(*(k * f for k, f in parts))
    bends = [-sp.diff(rules.take_the_logarithm(sp.log(f)), y, 2) for _, f in parts]
    at_origin = [k * f.subs(y, 0) for k, f in parts]
    proof = proof.then(
        rules.rewrite,
        sp.Subs(-sp.Derivative(sp.log(along), y, y), y, 0),
        target=sp.Add(*(k * bend for k, bend in zip(at_origin, bends, strict=True))) / sp.Add(*at_origin),
        name="no_bimodal",
        title="Curvature of -log P_t at the symmetric point: a mean of positive numbers, so definition 'bimodal' has no time",
        domains={d: (2.0, 20.0)},
        digits=15,
    )
    return proof.define(
        "no_curvature",
        sp.Symbol("drift"),
        1 - 2 * proof["no_bimodal"],
        "Linear coefficient of the reverse drift, the same along every direction: the classes have no direction, so definition 'curvature' "
        "says nothing of them",
        "both classes have mean zero",
    )
