"""Two Gaussian clusters: the published definitions of the speciation time, their expansions and differences, the Landau expansion."""

from __future__ import annotations

from typing import Any

import sympy as sp

from regimes.theory import conventions as c
from regimes.theory.conventions import Delta, a, d, decay, gamma, threshold, y, z
from regimes.theory.derivations import Derivation
from regimes.theory.laws.clusters.law import GaussianClusters
from regimes.theory.speciation.landau import ORDER, cumulants, landau, theta
from regimes.theory.speciation.symbols import PAPER, decay_sq, kappa, solve_squares
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LargestRoot, LineIntegral


def cluster_times(proof: Derivation, law: GaussianClusters, balanced: dict[Any, Any] | None) -> Derivation:
    """Every definition of the speciation time, its large-d expansion, and by how much the definitions differ."""
    w = law.weights[0]
    first, second = (sp.sqrt(d) * centre[0] for centre in law.centres)
    spread = sp.factor(w * first**2 + (1 - w) * second**2 - (w * first + (1 - w) * second) ** 2)
    moment = w * c.normal_density(a - first, law.sd**2) + (1 - w) * c.normal_density(a - second, law.sd**2)
    centred = a - (w * first + (1 - w) * second)
    proof = proof.then(
        rules.complete_the_square,
        LineIntegral(sp.Add(*(centred**2 * part for part in moment.args)), a),
        name="raw_eigenvalue",
        title="Variance of the data along the class direction: the largest eigenvalue of the covariance",
    )
    proof = proof.then(rules.rewrite, proof["raw_eigenvalue"], target=law.sd**2 + spread, name="largest_eigenvalue", title="simplified")
    top = proof["largest_eigenvalue"]
    kappa_of = sp.factor(sp.together(proof["kappa"].subs(gamma, decay_sq / (1 - decay_sq))))
    # Where a definition has a root depends on the parameters: the branches are chosen at a point where all have one.
    at = {p: (1.0, 2.0) for p in first.free_symbols if p != d} | {d: (100.0, 200.0)}
    wanted = sp.Symbol("kappa_c", positive=True)
    conditions = {
        "spectral": (top * decay_sq, sp.S.One, "Largest eigenvalue of the signal equals one"),
        "noise-balance": (top * decay_sq, 1 - decay_sq, "Largest eigenvalue of the signal equals the noise variance"),
        "snr": (kappa_of, sp.S.One, "Class signal-to-noise ratio equals one"),
        "balance": (2 * kappa_of, 2 * sp.sqrt(kappa_of), "Mean of the log-odds equals their standard deviation"),
        "cloning": (kappa_of, wanted, "The class signal-to-noise ratio reaches kappa_c"),
    }
    if balanced is not None:  # without equal weights there is no symmetric point
        bend = _at_the_symmetric_point(sp.Derivative(-proof["log_density"], y, y), balanced)
        drift = _at_the_symmetric_point(sp.Derivative(y + 2 * proof["score"], y), balanced)
        conditions["bimodal"] = (bend, sp.S.Zero, "-log P_t has zero curvature at the symmetric point")
        conditions["curvature"] = (drift, sp.S.Zero, "The linear coefficient of the reverse drift vanishes at the symmetric point")
    for name, (left, right, title) in conditions.items():
        step = name.replace("-", "_")
        proof = proof.solve(
            solve_squares,
            (left, right),
            decay_sq,
            name=f"{step}_decay",
            title=f"{title}: e^(-2t)",
            where=lambda u: 0 < u < 1,
            domains={**at, wanted: (0.5, 1.5)},
        )
        proof = proof.then(
            rules.take_the_logarithm,
            sp.log(1 / proof[f"{step}_decay"]) / 2,
            name=f"{step}_time_at_kappa" if name == "cloning" else f"{step}_time",
            title=f"Speciation time, definition '{name}'" + (" for a given kappa_c" if name == "cloning" else ""),
            domains={**at, wanted: (0.5, 1.5)},
        )
    root = LargestRoot(threshold - proof["cloning_curve"], kappa, 0, sp.oo)
    proof = proof.define(
        "cloning_kappa",
        sp.Symbol("kappa_c"),
        root,
        "Class signal-to-noise ratio at which the cloning probability equals the threshold",
        PAPER,
    )
    proof = proof.define(
        "cloning_time", sp.Symbol("t_S"), proof["cloning_time_at_kappa"].subs(wanted, root), "Speciation time, definition 'cloning'", PAPER
    )
    for name in conditions:
        proof = _large(proof, name, {**at, wanted: (0.5, 1.5)})
    return _differences(proof, [name for name in conditions if name not in ("snr", "cloning")])


def next_order(expr: Any, variable: Any, order: int) -> Any:
    """Leading order of a sum of logarithms of algebraic functions, and the corrections in 1/variable up to a given power."""
    total, h = rules.leading_order(expr, variable), sp.Dummy("h", positive=True)
    for term in sp.Add.make_args(sp.expand(expr)):
        factor, rest = term.as_independent(sp.log)
        if term.has(variable):
            inside = rest.args[0].subs(variable, 1 / h)
            coefficient, power = inside.as_leading_term(h).as_coeff_exponent(h)
            # taken into roots, the power makes them regular at h = 0
            share = sp.Add(*(_regular(part, h, power) for part in sp.Add.make_args(sp.expand(inside)))) / coefficient
            total += factor * rules.expand_in(sp.log(share), h, order)
    return total.subs(h, 1 / variable)


def _regular(part: Any, h: Any, power: Any) -> Any:
    """part * h^-power, with what is under a square root made a polynomial in h."""
    roots = [r for r in part.atoms(sp.Pow) if r.exp == sp.S.Half and r.has(h)]
    if not roots:
        return sp.expand(part / h**power)
    (root,) = roots
    return part / root * sp.sqrt(sp.expand(root.base / h ** (2 * power)))


def _large(proof: Derivation, name: str, at: Any) -> Derivation:
    """Leading order and the next one; the correction of order 1/d vanishes for `curvature`, which is taken to order 1/d^2."""
    step = f"{name.replace('-', '_')}_time"
    exact, order = proof[f"{step}_at_kappa" if name == "cloning" else step], 2 if name == "curvature" else 1
    for suffix, rule, title, exponent, options in (
        ("large_d", rules.leading_order, "Leading order at large d", order, {}),
        ("next_order", next_order, "To the next order in 1/d", 2 * order, {"order": order}),
    ):
        result = rule(exact, d, **options)
        if sp.simplify(exact - result) == 0:  # no more than that
            proof = proof.then(rules.rewrite, exact, target=result, name=f"{step}_{suffix}", title=f"{title}, exact", domains=at)
            continue
        proof = proof.limit(
            rule,
            exact,
            name=f"{step}_{suffix}",
            title=f"{title}, definition '{name}'",
            variable=d,
            towards="infinity",
            exponent=exponent,
            domains=at,
            **options,
        )
    return proof


def _differences(proof: Derivation, names: Any) -> Derivation:
    """By how much each definition is later than `snr`: to order 1/d."""
    for name in names:
        step = name.replace("-", "_")
        proof = proof.then(
            gather_powers,
            proof[f"{step}_time_next_order"] - proof["snr_time_next_order"],
            name=f"{step}_after_snr",
            title=f"Definition '{name}' minus definition 'snr', to order 1/d",
        )
    return proof


def gather_powers(expr: Any) -> Any:
    """Powers of d, each with its coefficient factored."""
    return sp.collect(sp.expand(sp.expand_log(expr)), d, sp.factor)


def _at_the_symmetric_point(derivative: Any, balanced: dict[Any, Any]) -> Any:
    """A derivative at y = 0 for balanced classes, as a rational function of e^{-2t}."""
    at_zero = derivative.doit().subs(balanced).subs(y, 0)
    rational = at_zero.subs(Delta, 1 - decay**2)
    return sp.factor(sp.together(sp.simplify(rational.subs(decay, sp.sqrt(decay_sq)))))


def cluster_landau(proof: Derivation, law: GaussianClusters, balanced: dict[Any, Any]) -> Derivation:
    """Landau expansion of -log P_t along the class direction, balanced classes, from the cumulants of the data."""
    exact = -proof["log_density"].subs(balanced).subs({decay: theta, Delta: 1}) - sp.log(2 * sp.pi) / 2
    raw = [
        sum(
            sp.sympify(w, strict=True).subs(balanced) * rules.average_polynomial((sp.sqrt(d) * centre[0] + law.sd * z) ** k, {z: sp.S.One})
            for w, centre in zip(law.weights, law.centres, strict=True)
        )
        for k in range(1, ORDER + 1)
    ]
    return landau(proof, exact, cumulants(raw), words="balanced classes, along the class direction", exponent=8, domains={d: (1.0, 3.0)})
