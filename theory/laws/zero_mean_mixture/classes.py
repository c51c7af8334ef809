"""Speciation of two centred classes of different variance: only the length of x tells them apart, at t = log(d)/4 + a constant."""

from __future__ import annotations

from typing import Any

import sympy as sp

from regimes.theory import conventions as c
from regimes.theory.channel.forward import start
from regimes.theory.conventions import a, d, lam, y, z
from regimes.theory.derivations import Derivation
from regimes.theory.derivations.step import Domains
from regimes.theory.errors import DerivationError
from regimes.theory.laws.zero_mean_mixture.law import ZeroMeanMixture
from regimes.theory.laws.zero_mean_mixture.length import length_dynamics
from regimes.theory.laws.zero_mean_mixture.times import ratio, zero_mean_times
from regimes.theory.model import DataModel
from regimes.theory.params import DIMENSION, TILT
from regimes.theory.speciation.symbols import decay_sq, kappa, posterior
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LineIntegral, NormalAverage

square = sp.Symbol("R", positive=True)
"""|x|^2; in units of the class variance it is chi-square."""
_AT = {y: (-2.0, 2.0)}
_SOURCE = "theory of two classes: log-odds"


def zero_mean_speciation(model: DataModel, law: ZeroMeanMixture) -> Derivation:
    """Log-odds as a function of |x|^2, exact moments, dynamics of the length, times that exist and why others do not, large d."""
    names = {d: DIMENSION.latex, decay_sq: "e^{-2t}", ratio: r"\rho", square: "|x|^2"}
    proof = start(model, "speciation").drawing({d: DIMENSION.typical, ratio: (0.3, 3.0)}, names)
    proof = _log_odds(proof, law, model.source)
    proof = _length(proof)
    proof = _cloning(proof, law)
    return zero_mean_times(length_dynamics(proof, law), law)


def _log_odds(proof: Derivation, law: ZeroMeanMixture, source: str) -> Derivation:
    for name, letter, sd in zip(("first", "second"), "ab", law.sds, strict=True):
        title = f"One coordinate of a datum of class {letter}"
        proof = proof.define(f"{name}_law", sp.Symbol(f"p_{letter}(a)"), c.normal_density(a, sd**2), title, source)
        proof = proof.then(
            rules.complete_the_square,
            LineIntegral(proof[f"{name}_law"] * c.noise_density(y, a), a),
            name=f"{name}_class_density",
            title=f"Density of one noised coordinate in class {letter}",
            domains=_AT,
        )
    first, second = proof["first_class_density"], proof["second_class_density"]
    proof = proof.then(
        rules.take_the_logarithm,
        sp.log(first) - sp.log(second),
        name="coordinate_log_odds",
        title="Log-odds of one coordinate",
        domains=_AT,
    )
    sites = sp.symbols("y_1:4", real=True)
    proof = proof.then(
        gather_squares,
        sp.log(sp.Mul(*(first.subs(y, at) for at in sites))) - sp.log(sp.Mul(*(second.subs(y, at) for at in sites))),
        name="three_coordinates",
        title="Coordinates are independent: of three of them only their sum of squares is left",
        domains=dict.fromkeys(sites, (-2.0, 2.0)),
        odds=proof["coordinate_log_odds"],
        sites=sites,
    )
    odds = sp.Poly(proof["coordinate_log_odds"], y)
    whole = square * odds.coeff_monomial(y**2) + d * odds.coeff_monomial(1)
    proof = proof.define("log_odds", sp.Symbol("L"), whole, "Log-odds of the classes at x in d dimensions, a function of |x|^2", _SOURCE)
    for name, density, letter in (("mean", first, "a"), ("foreign_mean", second, "b")):
        proof = proof.then(
            rules.average_of_logarithm,
            LineIntegral(density * proof["coordinate_log_odds"], y),
            name=f"coordinate_{name}",
            title=f"Mean of one coordinate's log-odds in class {letter}",
        )
    deviation = proof["coordinate_log_odds"] - proof["coordinate_mean"]
    return proof.then(
        complete_and_cancel,
        LineIntegral(first * sp.factor(sp.expand(deviation)) ** 2, y),
        name="coordinate_variance",
        title="Variance of one coordinate's log-odds in class a",
    )


def complete_and_cancel(integral: Any) -> Any:
    """Completing the square, then cancelling roots of the variances."""
    return sp.factor(sp.simplify(rules.complete_the_square(integral)))


def gather_squares(claim: Any, odds: Any, sites: Any) -> Any:
    """Sum of a coordinate's log-odds over sites: a multiple of the sum of squares and one constant per site."""
    del claim
    polynomial = sp.Poly(odds, y)
    if set(polynomial.monoms()) != {(2,), (0,)}:
        raise DerivationError(f"not even and quadratic in {y}: {odds}")
    return polynomial.coeff_monomial(y**2) * sum(at**2 for at in sites) + len(sites) * polynomial.coeff_monomial(1)


def _length(proof: Derivation) -> Derivation:
    """Moments in d dimensions from sums over coordinates, and again from the chi-square law of the length."""
    chi, v = sp.Symbol("chi2", positive=True), sp.Symbol("v", real=True)
    few: Domains = {d: (2.0, 20.0), lam: TILT.typical}
    effort: dict[str, Any] = {"points": 3, "digits": 15}
    proof = proof.drawing({}, {chi: r"\chi^2"})
    density = chi ** (d / 2 - 1) * sp.exp(-chi / 2) / (2 ** (d / 2) * sp.gamma(d / 2))
    proof = proof.define(
        "chi_square", sp.Symbol("p(chi2)"), density, "Density of the sum of d squares of normal variables", "chi-square law"
    )
    proof = proof.then(
        rules.complete_the_square,
        NormalAverage(sp.exp(-lam * z**2), z),
        name="one_square",
        title="Laplace transform of one square",
        domains={lam: TILT.typical},
    )

    def over_length(f: Any) -> Any:  # chi2 = e^v
        return LineIntegral((f * density * chi).subs(chi, sp.exp(v)), v)

    proof = proof.then(
        rules.rewrite,
        over_length(sp.exp(-lam * chi)),
        target=proof["one_square"] ** d,
        name="sum_of_squares",
        title="The chi-square density has the Laplace transform of d independent squares",
        domains=few,
        **effort,
    )
    var_a, var_b = (
        -1 / (2 * sp.diff(rules.take_the_logarithm(sp.log(proof[f"{k}_class_density"])), y, 2) / 2) for k in ("first", "second")
    )
    proof = proof.define("ratio", ratio, sp.factor(var_a / var_b), "Ratio of the variances of the classes at time t", _SOURCE, insert=True)
    given = proof["log_odds"].subs(square, sp.factor(var_a) * chi)
    proof = proof.then(
        rules.rewrite,
        over_length(given),
        target=d * (ratio - 1 - sp.log(ratio)) / 2,
        name="log_odds_mean",
        title="Mean of the log-odds in class a, the divergence of the classes: exact at every d",
        domains=few,
        **effort,
    )
    mean = proof["log_odds_mean"]
    proof = proof.then(
        rules.rewrite,
        d * proof["coordinate_mean"],
        target=mean,
        name="log_odds_mean_by_coordinates",
        title="The same from d independent coordinates",
    )
    proof = proof.then(
        rules.rewrite,
        over_length((given - mean) ** 2),
        target=d * (ratio - 1) ** 2 / 2,
        name="log_odds_variance",
        title="Variance of the log-odds in class a: exact at every d, not twice the mean",
        domains=few,
        **effort,
    )
    proof = proof.then(
        rules.rewrite,
        d * proof["coordinate_variance"],
        target=proof["log_odds_variance"],
        name="log_odds_variance_by_coordinates",
        title="The same from d independent coordinates",
    )
    proof = proof.then(
        rules.rewrite,
        -d * proof["coordinate_foreign_mean"],
        target=mean.subs(ratio, 1 / ratio),
        name="foreign_log_odds_mean",
        title="In class b the classes change places",
    )
    small = sp.Symbol("epsilon", positive=True)
    for name, step, title in (
        ("weak_mean", "log_odds_mean", "Mean of the log-odds of nearly equal variances, ratio 1 + epsilon"),
        ("weak_nishimori", "log_odds_variance", "Variance over twice the mean: the Nishimori identity returns as the ratio tends to one"),
    ):
        exact = proof[step] if name == "weak_mean" else proof[step] / (2 * mean)
        proof = proof.limit(
            first_term,
            exact.subs(ratio, 1 + small),
            name=name,
            title=title,
            variable=small,
            towards="zero",
            exponent=3 if name == "weak_mean" else 1,
        )
    return proof.define("kappa", sp.Symbol("kappa"), mean / 2, "Class signal-to-noise ratio: half the mean of the log-odds", _SOURCE)


def first_term(expr: Any, variable: Any) -> Any:
    """First term of the expansion about 0 that does not vanish."""
    return sp.factor(expr.as_leading_term(variable))


def _cloning(proof: Derivation, law: ZeroMeanMixture) -> Derivation:
    """Exact cloning probability: one integral over the length, on the scale of its fluctuations."""
    w = law.weight
    log_density = sp.log(proof["chi_square"])
    chi = next(s for s in log_density.free_symbols if s != d)
    place = d * sp.exp(sp.sqrt(2 / d) * z)
    measure = sp.exp(sp.expand_log(log_density.subs(chi, place), force=True)) * place * sp.sqrt(2 / d)
    up, down = (d * (k * place / d - sp.log(ratio)) / 2 for k in (ratio - 1, 1 - 1 / ratio))
    by_length = LineIntegral(measure * (w * posterior(w, up) + (1 - w) * posterior(1 - w, -down)), z)
    first, second = proof["first_class_density"], proof["second_class_density"]
    total = w * first + (1 - w) * second
    proof = proof.then(
        rules.rewrite,
        LineIntegral(((w * first) ** 2 + ((1 - w) * second) ** 2) / total, y),
        target=by_length.subs(d, 1),
        name="cloning_of_one_coordinate",
        title="Probability that two clones end in the same class, E sum_c p(c|x)^2: one coordinate, and by the length with d = 1",
        points=3,
        digits=15,
    )
    title = "Cloning probability at every d: one integral over the length"
    proof = proof.define("cloning_probability", sp.Symbol("phi"), by_length, title, "law of the length, above")
    near = 1 + sp.sqrt(8 * kappa / d)
    return proof.drawing({}, {kappa: r"\kappa"}).limit(
        normal_fluctuations,
        by_length.subs(ratio, near),
        name="cloning_curve",
        title="At a given kappa and large d the universal curve, as for two clusters; the length deviates from it at order 1/sqrt(d)",
        variable=d,
        towards="infinity",
        exponent=0.5,
        first=14,
        points=2,
        domains={kappa: (0.5, 1.5)},
        log_measure=sp.expand_log(sp.log(measure), force=True),
        odds=[odds.subs(ratio, near) for odds in (up, down)],
        weight=w,
    )


def normal_fluctuations(claim: Any, large: Any, log_measure: Any, odds: Any, weight: Any) -> Any:
    """Mean posterior of the own class: the fluctuation of the length becomes normal, and the log-odds are linear in it."""
    h, u = sp.Dummy("h", positive=True), claim.variable
    shape = sp.limit(sp.simplify((log_measure - log_measure.subs(u, 0)).subs(large, h**-2)), h, 0)
    up, down = (sp.limit(each.subs(large, h**-2), h, 0) for each in odds)
    if sp.expand(shape + u**2 / 2) != 0 or not all(sp.expand(each).is_polynomial(u) for each in (up, down)):
        raise DerivationError(f"the fluctuations are not normal: {shape}, {up}, {down}")
    return weight * NormalAverage(posterior(weight, up), u) + (1 - weight) * NormalAverage(posterior(1 - weight, -down), u)
