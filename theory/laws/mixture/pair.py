"""Two Gaussian classes of any distance and widths: exact mean and variance of their log-odds, and what is left of them at large d."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from regimes.theory import conventions as c
from regimes.theory.conventions import Delta, a, d, decay, t, y
from regimes.theory.derivations import Derivation
from regimes.theory.derivations.step import Domains
from regimes.theory.errors import DerivationError
from regimes.theory.speciation.large_d import root_in_powers
from regimes.theory.speciation.symbols import decay_sq, solve_squares
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LargestRoot, LineIntegral

distance_sq = sp.Symbol("Q", positive=True)
"""Squared distance of the centres per dimension."""
shift = sp.Symbol("delta", real=True)
"""Distance of the centres along one coordinate."""
widths = sp.symbols("sigma_1 sigma_2", positive=True)
strength = sp.Symbol("g", positive=True)
"""Signal on the scale of speciation: e^{-2t} = g/d."""
SOURCE = "theory of two classes: log-odds"
_LATEX = {distance_sq: "Q", shift: r"\delta", strength: "g", decay_sq: "e^{-2t}"} | dict(
    zip(widths, (r"\sigma_1", r"\sigma_2"), strict=True)
)

MANY: Domains = {d: (300.0, 900.0)}
"""Dimensions at which every condition has a root."""


def in_signal(expr: Any) -> Any:
    """`expr` with time entering as e^{-2t} alone."""
    return expr.subs(Delta, 1 - decay**2).subs(decay, sp.sqrt(decay_sq))


def pair(proof: Derivation, source: str) -> Derivation:
    """Steps about the pair N(0, sigma_1^2), N(delta, sigma_2^2) of each coordinate, the squares of the deltas adding up to d Q."""
    drawn = {distance_sq: (0.5, 4.0), shift: (-2.0, 2.0), strength: (0.5, 2.0)} | dict.fromkeys(widths, (0.5, 2.0))
    proof = proof.drawing(drawn, _LATEX)
    at = {y: (-2.0, 2.0)}
    for name, centre, sd in (("first", sp.S.Zero, widths[0]), ("second", shift, widths[1])):
        title = f"One coordinate of a datum of the {name} class, the first one's centre at the origin"
        proof = proof.define(f"{name}_law", sp.Symbol(f"p_{name}(a)"), c.normal_density(a - centre, sd**2), title, source)
        proof = proof.then(
            rules.complete_the_square,
            LineIntegral(proof[f"{name}_law"] * c.noise_density(y, a), a),
            name=f"{name}_class_density",
            title=f"Density of one noised coordinate in the {name} class",
            domains=at,
        )
    first, second = proof["first_class_density"], proof["second_class_density"]
    proof = proof.then(
        rules.take_the_logarithm,
        sp.log(first) - sp.log(second),
        name="coordinate_log_odds",
        title="Log-odds of one coordinate; those of independent coordinates add up",
        domains=at,
    )
    proof = proof.then(
        rules.average_of_logarithm,
        LineIntegral(first * proof["coordinate_log_odds"], y),
        name="coordinate_mean",
        title="Its mean in the first class",
    )
    deviation = sp.expand(proof["coordinate_log_odds"] - proof["coordinate_mean"])
    proof = proof.then(
        complete_and_cancel, LineIntegral(first * deviation**2, y), name="coordinate_variance", title="Its variance in the first class"
    )
    shifts = sp.symbols("delta_1:4", real=True)
    for name in ("mean", "variance"):
        one = proof[f"coordinate_{name}"]
        proof = proof.then(
            sum_over_coordinates,
            sp.Add(*(one.subs(shift, each) for each in shifts)),
            name=f"three_coordinates_{name}",
            title=f"The {name} of three coordinates knows their distances by the sum of squares only",
            domains=dict.fromkeys(shifts, (-2.0, 2.0)),
            one=one,
            count=3,
            squares=sum(each**2 for each in shifts),
        )
        proof = proof.define(
            f"log_odds_{name}",
            sp.Symbol(f"{name} of L"),
            sum_over_coordinates(None, one, d, d * distance_sq),
            f"{name.capitalize()} of the log-odds in the first class, d coordinates: exact at every d",
            SOURCE,
        )
    return _large(_equal_widths(proof))


def complete_and_cancel(integral: Any) -> Any:
    """Completing the square, then cancelling roots of the variances."""
    return sp.factor(sp.simplify(rules.complete_the_square(integral)))


def sum_over_coordinates(claim: Any, one: Any, count: Any, squares: Any) -> Any:
    """Sum of (constant + coefficient delta^2) over coordinates whose delta^2 sum to `squares`."""
    del claim
    polynomial = sp.Poly(sp.expand(one), shift)
    if not set(polynomial.monoms()) <= {(2,), (0,)}:
        raise DerivationError(f"not even and quadratic in {shift}: {one}")
    return count * rules.tidy(polynomial.coeff_monomial(1)) + squares * sp.factor(polynomial.coeff_monomial(shift**2))


def _equal_widths(proof: Derivation) -> Derivation:
    same = {widths[1]: widths[0]}
    mean = sp.factor(proof["log_odds_mean"].subs(same))
    proof = proof.then(
        rules.rewrite,
        proof["log_odds_variance"].subs(same),
        target=2 * mean,
        name="log_odds_nishimori",
        title="Of classes of equal widths the log-odds are linear in x, hence normal, and their variance is twice the mean",
    )
    return proof.define("pair_kappa", sp.Symbol("kappa"), mean / 2, "Class signal-to-noise ratio of a pair of equal widths", SOURCE)


def _large(proof: Derivation) -> Derivation:
    options: dict[str, Any] = {"variable": d, "towards": "infinity", "exponent": 1}
    for name in ("mean", "variance"):
        proof = proof.limit(
            limit_at_infinity,
            in_signal(proof[f"log_odds_{name}"]).subs(decay_sq, strength / d),
            name=f"log_odds_{name}_large_d",
            title=f"{name.capitalize()} at e^(-2t) = g/d and large d: the widths do not enter, and the variance is twice the mean",
            **options,
        )
    return proof


def limit_at_infinity(expr: Any, variable: Any) -> Any:
    """Limit of `expr` as `variable` grows, from its Taylor polynomial in 1/variable."""
    h = sp.Dummy("h", positive=True)
    return sp.factor(sp.series(sp.expand_log(sp.expand(expr.subs(variable, 1 / h))), h, 0, 1).removeO())


def pair_times(proof: Derivation, prefix: str, words: str, given: Callable[[Any], Any], domains: Any) -> Derivation:
    """Times of a pair whose distance and widths `given` inserts, by the mean of the log-odds and by their standard deviation."""
    mean, variance = (in_signal(given(proof[f"log_odds_{name}"])) for name in ("mean", "variance"))
    in_time = {decay: sp.exp(-t), Delta: 1 - sp.exp(-2 * t)}
    for name, condition, title in (
        ("snr", 1 - mean / 2, "Class signal-to-noise ratio kappa, half the mean of the log-odds, equals one"),
        ("balance", 1 - mean**2 / variance, "Mean of the log-odds equals their standard deviation"),
    ):
        roots = LargestRoot(condition, decay_sq, 0, 1)
        exact = given(proof["log_odds_mean"]).subs(in_time)
        spread = given(proof["log_odds_variance"]).subs(in_time)
        above = exact / 2 - 1 if name == "snr" else exact**2 / spread - 1
        proof = proof.then(
            rules.rewrite,
            LargestRoot(above, t, 0, sp.oo),
            target=-sp.log(roots) / 2,
            name=f"{prefix}{name}_time",
            title=f"{title}: speciation time, definition '{name}', {words}",
            domains=domains,
            points=3,
        )
        known = f"pair_{name}_time_large_d"
        proof = proof.limit(
            insert_pair if known in proof else root_in_powers,
            -sp.log(roots) / 2,
            name=f"{prefix}{name}_time_large_d",
            title=f"Large d: log(d)/2, its constant and the next term, definition '{name}', {words}",
            variable=d,
            towards="infinity",
            exponent=2,
            points=3,
            domains=domains,
            **({"known": given(proof[known])} if known in proof else {"start": sp.S.Zero, "power": sp.S.One}),
        )
    return proof


def insert_pair(exact: Any, large: Any, known: Any) -> Any:
    """The expansion derived for any pair, at the distance and widths of this one."""
    del exact
    return sp.expand_log(known)


def closed_time(proof: Derivation, name: str, definition: str, equation: Any, title: str) -> Derivation:
    """The time at which an algebraic condition in e^{-2t} holds, and its leading order at large d."""
    at = MANY
    solve = solve_squares if definition == "curvature" else rules.solve
    proof = proof.solve(solve, equation, decay_sq, name=f"{name}_decay", title=f"{title}: e^(-2t)", where=lambda s: 0 < s < 1, domains=at)
    proof = proof.then(
        rules.take_the_logarithm,
        sp.log(1 / proof[f"{name}_decay"]) / 2,
        name=f"{name}_time",
        title=f"Speciation time, definition '{definition}'",
        domains=at,
    )
    title = "Its leading order at large d"
    if rules.leading_order(proof[f"{name}_time"], d) == sp.expand_log(proof[f"{name}_time"]):  # no more than that
        return proof.then(sp.expand_log, proof[f"{name}_time"], name=f"{name}_time_large_d", title=title)
    return proof.limit(
        rules.leading_order,
        proof[f"{name}_time"],
        name=f"{name}_time_large_d",
        title=title,
        variable=d,
        towards="infinity",
        exponent=1 if definition != "curvature" else 2,
    )
