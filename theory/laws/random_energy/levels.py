"""Derrida's random energy model, derived from the normal law of one level: free energy, condensation, entropy, participation ratio.

Source of the argument: Derrida, Phys. Rev. B 24, 2613 (1981); Gross and Mezard, Nucl. Phys. B 240, 431 (1984); Derrida and Toulouse,
J. Physique Lett. 46, 223 (1985).
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from regimes.theory.conventions import LATEX, d, lam, m, m_star, v, x, y, z
from regimes.theory.conventions import normal_density as normal
from regimes.theory.derivations import Derivation
from regimes.theory.errors import DerivationError
from regimes.theory.laws.random_energy.law import RandomEnergies
from regimes.theory.model import DataModel
from regimes.theory.params import DIMENSION, TILT
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LargestRoot, LineIntegral

depth = sp.Symbol("depth", positive=True)
"""How far below zero an energy per d lies."""

_SHARE = {m: (0.35, 0.65)}
"""Where the integrals of the Poisson-Dirichlet law settle quickly; their steps are analytic in m."""


def derive_random_energy(model: DataModel, law: RandomEnergies) -> Derivation:
    """Free energy, entropy, energy, condensation and participation ratio of the model, from the law of one level."""
    variance, beta = law.variance, law.beta
    params = {p.symbol: p for p in model.params}
    names = {s: p.latex for s, p in params.items()} | {TILT.symbol: TILT.latex, DIMENSION.symbol: DIMENSION.latex, depth: r"\epsilon"}
    proof = Derivation(model.name, "collapse", f"collapse of {model.doc}", {s: p.typical for s, p in params.items()}, names | LATEX)
    proof = _cumulant(proof, variance, model.source)
    proof = _counting(proof)
    proof = _replica_symmetry_breaking(proof, beta)
    proof = _phases(proof, beta)
    proof = _weights(proof, beta)
    return _finite_size(proof, variance, beta)


def _cumulant(proof: Derivation, variance: Any, source: str) -> Derivation:
    wide = {d: (1.0, 6.0), lam: (0.1, 1.0)}
    proof = proof.define("law", sp.Symbol("p(E)"), normal(x, d * variance), "Density of one level E", source)
    proof = proof.define("level_count", sp.Symbol("N"), 2**d, "Number of levels", source)
    transform = LineIntegral(proof["law"] * sp.exp(-lam * x), x)
    proof = proof.then(
        rules.complete_the_square, transform, name="level_transform", title="Laplace transform of a level's energy", domains=wide
    )
    proof = proof.then(
        logarithm_of_gaussian_integral,
        sp.log(transform) / d,
        name="energy_cumulant",
        title="Energy cumulant function g(lambda), per d; at inverse temperature beta a level counts as beta E: the tilt is beta m",
        domains=wide,
    )
    return proof.then(
        rules.take_the_logarithm,
        sp.log(proof["level_count"], evaluate=False) / d,
        name="count_exponent",
        title="Exponent alpha of the number of levels",
        domains=wide,
    )


def _counting(proof: Derivation) -> Derivation:
    """How many levels lie at a depth, from the Legendre transform of g: the lowest is where one is left."""
    g, count = proof["energy_cumulant"], proof["count_exponent"]
    narrow = {depth: (0.1, 2.0), lam: TILT.typical}
    proof = proof.then(
        rules.differentiate, -sp.Derivative(g, lam), name="energy_at_tilt", title="Energy per d selected by the tilt lambda", domains=narrow
    )
    proof = proof.solve(
        rules.solve,
        (proof["energy_at_tilt"], -depth),
        lam,
        name="tilt",
        title="Tilt that selects the energy -depth",
        where=lambda u: u > 0,
        domains=narrow,
    )
    proof = proof.extremum(
        proof["tilt"],
        -g + lam * depth,
        lam,
        name="legendre",
        title="That tilt maximises -g(lambda) - lambda energy",
        curvature=-1,
        interval=(lam / 1000, 4 * lam),
        rule=rules.solve,
        domains=narrow,
    )
    proof = proof.then(
        rules.reduce,
        (-g + lam * depth).subs(lam, proof["tilt"]),
        name="rate_function",
        title="Rate function: there are exp(d (alpha - rate)) levels per unit of energy at that depth",
        domains=narrow,
    )
    return proof.solve(
        rules.solve,
        (proof["rate_function"], count),
        depth,
        name="ground_depth",
        title="Depth at which one level is left: minus the lowest energy per d",
        where=lambda u: u > 0,
    )


def _replica_symmetry_breaking(proof: Derivation, beta: Any) -> Derivation:
    g, count = proof["energy_cumulant"], proof["count_exponent"]
    proof = proof.then(
        rules.take_the_logarithm,
        sp.log(proof["level_count"] * proof["level_transform"].subs(lam, beta)) / d,
        name="annealed_free_energy",
        title="Annealed free energy: logarithm of the mean partition function, per d",
        domains={d: (1.0, 6.0)},
    )
    free = (count + g.subs(lam, beta * m)) / m
    proof = proof.define(
        "rsb_free_energy",
        sp.Symbol("psi(m)"),
        free,
        "One-step replica-symmetry-breaking free energy [alpha + g(beta m)]/m of 2^d levels, to be minimised over 0 < m <= 1",
        "Gross, Mezard 1984",
    )
    proof = proof.then(
        expand_derivative,
        -(m**2) * sp.Derivative(free, m),
        name="rsb_condition",
        title="Stationarity in m, times -m^2",
        domains={m: (0.1, 1.5)},
    )
    condition = proof["rsb_condition"]
    proof = proof.solve(rules.solve, (condition, sp.S.Zero), m, name="glass_parameter", title="Its root", where=lambda u: u > 0)
    root = proof["glass_parameter"]
    proof = proof.extremum(
        root,
        free,
        m,
        name="minimum",
        title="The root is the one minimum of the free energy over m > 0",
        curvature=1,
        interval=(m / 50, 20 * m),
        rule=rules.solve,
    )
    proof = proof.solve(
        rules.solve,
        (root, sp.S.One),
        beta,
        name="condensation_beta",
        title="Condensation: the root reaches m = 1 at beta_c",
        where=lambda u: u > 0,
    )
    proof = proof.define(
        "rsb_parameter",
        sp.Symbol("m_*"),
        LargestRoot(condition, m, 0, 1),
        "The minimiser over 0 < m <= 1: the root in the glass, one in the liquid",
        "Gross, Mezard 1984",
    )
    proof = proof.then(
        rules.rewrite,
        proof["rsb_parameter"],
        target=sp.Min(1, proof["condensation_beta"] / beta),
        name="parameter_by_temperature",
        title="The minimiser in closed form, beta_c/beta below the transition",
    )
    proof = proof.define("m_star", m_star, proof["rsb_parameter"], "Short for the minimiser", "stationarity above", insert=True)
    return proof.define("free_energy", sp.Symbol("psi"), free.subs(m, m_star), "Free energy lim E log Z/d", "minimum over m")


def _phases(proof: Derivation, beta: Any) -> Derivation:
    psi, critical, root = proof["rsb_free_energy"], proof["condensation_beta"], proof["glass_parameter"]
    proof = proof.then(
        rules.rewrite,
        proof["annealed_free_energy"],
        target=sp.expand(psi.subs(m, 1)),
        name="liquid_free_energy",
        title="In the liquid, m = 1, the free energy is the annealed one",
    )
    proof = proof.then(rules.reduce, psi.subs(m, root), name="glass_free_energy", title="Free energy in the glass")
    liquid, glass = proof["liquid_free_energy"], proof["glass_free_energy"]
    proof = proof.then(
        rules.rewrite,
        glass,
        target=beta * proof["ground_depth"],
        name="condensed_free_energy",
        title="It is that of the lowest level alone: the two methods meet",
    )
    for name, part in (("liquid", liquid), ("glass", glass)):
        proof = proof.then(
            rules.differentiate, -sp.Derivative(part, beta), name=f"{name}_energy", title=f"Mean energy per d in the {name}, -dpsi/dbeta"
        )
        proof = proof.then(
            rules.differentiate,
            part - beta * sp.Derivative(part, beta),
            name=f"{name}_entropy",
            title=f"Entropy per d in the {name}, psi - beta dpsi/dbeta",
        )
    sides = [(liquid, glass, "continuity", "The free energy is continuous at beta_c")]
    sides.append((proof["liquid_energy"], proof["glass_energy"], "energy_continuity", "So is the energy: no latent heat"))
    for above, below, name, title in sides:
        proof = proof.then(rules.rewrite, above.subs(beta, critical), target=below.subs(beta, critical), name=name, title=title)
    proof = proof.then(
        rules.differentiate,
        sp.Derivative(liquid, (beta, 2)) - sp.Derivative(glass, (beta, 2)),
        name="heat_jump",
        title="Jump of the second derivative: the transition is of second order",
    )
    return proof.then(
        rules.substitute,
        proof["liquid_entropy"].subs(beta, critical),
        replacements={},
        name="entropy_at_condensation",
        title="The entropy of the liquid vanishes at beta_c: nothing is left to condense",
    )


def _weights(proof: Derivation, beta: Any) -> Derivation:
    """The Gibbs weights of the glass: levels near the lowest are points of a Poisson process of exponential density."""
    ground = proof["ground_depth"]
    near = proof["law"].subs(x, y - d * ground) / proof["law"].subs(x, -d * ground)
    proof = proof.limit(
        large_size,
        near,
        name="lowest_levels",
        title="Near the lowest energy the density of levels grows exponentially, e^{beta_c y}: independent levels become Poisson points",
        variable=d,
        towards="infinity",
        exponent=1,
        domains={y: (0.2, 2.0)},
    )
    density = proof["lowest_levels"]
    proof = proof.then(
        rules.rewrite,
        sp.log(density.subs(y, -x / beta), evaluate=False) / (-x),
        target=proof["glass_parameter"],
        name="point_exponent",
        title="Boltzmann exponents x = -beta y have density e^{-m x} up to a shift, which weights ignore: m is that of the replica method",
        domains={x: (0.2, 2.0)},
    )
    points = m * sp.exp(-m * x)
    shifted = sp.exp(x + v)
    at = {**_SHARE, v: (-1.0, 1.0)}
    proof = proof.then(
        by_parts_then_gamma,
        LineIntegral(points * 2 * sp.exp(-sp.exp(x) / 2) * sp.sinh(sp.exp(x) / 2), x),  # 1 - exp(-e^x) without cancellation
        name="void",
        title="Poisson points of density m e^{-m x}: the mean of sum (1 - exp(-e^x)), which is -log E exp(-Z)",
        domains=_SHARE,
    )
    for k in (2, 4):
        proof = proof.then(
            gamma_integral,
            LineIntegral(points * sp.exp(k * (x + v)) * sp.exp(-shifted), x),
            name=f"meeting_{k}",
            title=f"Mean of sum e^{{{k}(x + v)}} exp(-e^{{x + v}}) over the points",
            domains=at,
        )
    nobody = sp.exp(-proof["void"] * sp.exp(m * v))
    proof = proof.then(
        gamma_integral,
        LineIntegral(proof["meeting_2"] * nobody, v),
        name="poisson_dirichlet",
        title="Participation ratio E sum w^2 in the glass, through 1/Z^2 = int dv e^{2v} exp(-e^v Z)",
        domains=_SHARE,
    )
    second = (proof["meeting_4"] + proof["meeting_2"] ** 2) / sp.factorial(3)
    proof = proof.then(
        gamma_integral,
        LineIntegral(second * nobody, v),
        name="participation_square",
        title="Its mean square, both pairs in one level or in two, through 1/Z^4: the participation ratio keeps fluctuating",
        domains=_SHARE,
    )
    return proof.define(
        "participation_ratio",
        sp.Symbol("Y"),
        proof["poisson_dirichlet"].subs(m, m_star),
        "Participation ratio of the Gibbs weights, zero in the liquid",
        "Derrida, Toulouse 1985",
    )


def _finite_size(proof: Derivation, variance: Any, beta: Any) -> Derivation:
    """Identities behind the exact values at finite d."""
    total = sp.Symbol("Z", positive=True)
    proof = proof.then(
        rules.rewrite,
        LineIntegral(sp.exp(-sp.exp(v)) - sp.exp(-total * sp.exp(v)), v),
        target=sp.log(total),
        name="frullani",
        title="log Z as an integral over Laplace transforms (s = e^v): the exact law at finite d",
        domains={total: (0.2, 5.0)},
    )
    hit = sp.exp(-beta * x + z) * sp.exp(-sp.exp(-beta * x + z))
    return proof.then(
        gaussian_integration_by_parts,
        LineIntegral(x * proof["law"] * hit, x),
        name="energy_identity",
        title="Integration by parts: the mean energy is -beta d v (1 - E sum w^2) at every d",
        domains={d: (1.0, 3.0), z: (-1.0, 1.0), beta: (0.3, 1.5)},
        variance=d * variance,
        smooth=hit,
    )


def logarithm_of_gaussian_integral(claim: Any) -> Any:
    """Complete the square in every integral of the claim, and take the logarithm."""
    inside = claim.replace(lambda e: isinstance(e, LineIntegral), rules.complete_the_square)
    return rules.tidy(sp.expand_log(inside))


def expand_derivative(claim: Any) -> Any:
    """Carry out the derivatives and multiply out."""
    return sp.expand(claim.doit())


def large_size(ratio: Any, variable: Any) -> Any:
    """What survives of a ratio of exponentials as `variable` grows without bound."""
    inverse = sp.Dummy("u", positive=True)
    exponent = sp.expand(sp.expand_log(sp.log(sp.powsimp(ratio)), force=True)).subs(variable, 1 / inverse)
    return sp.exp(sp.expand(exponent).subs(inverse, 0))


def gamma_integral(integral: Any) -> Any:
    """Integral over the line of a sum of terms c exp(a u - b e^{k u}), a/k and b positive: c Gamma(a/k)/(|k| b^{a/k})."""
    f, u = integral.args[:2]
    total = sp.S.Zero
    for term in sp.Add.make_args(sp.expand(f, power_exp=False, power_base=False)):
        constant, moving = term.as_independent(u, as_Add=False)
        factors = sp.Mul.make_args(sp.powsimp(moving, combine="exp"))
        exponent = sp.expand(sum((part.exp for part in factors if isinstance(part, sp.exp)), sp.S.Zero))
        growing = [part for part in sp.Add.make_args(exponent) if part.has(sp.exp)]
        if not growing or not all(isinstance(part, sp.exp) for part in factors):
            raise DerivationError(f"not a gamma integral over {u}: {term}")
        rate = sp.factor(sp.diff(growing[0], u) / growing[0])
        b = sp.simplify(-sum(growing) / sp.exp(rate * u))
        linear = sp.expand(exponent - sum(growing))
        a, rest = linear.coeff(u, 1), linear.coeff(u, 0)
        if b.has(u) or rate.has(u) or sp.simplify(linear - a * u - rest) != 0:
            raise DerivationError(f"not a gamma integral over {u}: {term}")
        power = sp.simplify(a / rate)
        total += constant * sp.exp(rest) * sp.gamma(power) / (sp.Abs(rate) * b**power)
    return sp.powsimp(sp.gammasimp(sp.expand_power_base(sp.powdenest(total))))


def by_parts_then_gamma(integral: Any) -> Any:
    """Integral of e^{-m u} F(u) with F rising from zero to one, faster than e^{m u} at first: of e^{-m u} F'(u)/m, a gamma integral."""
    f, u = integral.args[:2]
    decaying = [part for part in sp.Mul.make_args(f) if isinstance(part, sp.exp) and part.exp.coeff(u)]
    if len(decaying) != 1:
        raise DerivationError(f"no exponential to be integrated by parts in {f}")
    rate = -decaying[0].exp.coeff(u)
    slope = sp.diff(sp.expand((f / decaying[0]).rewrite(sp.exp)), u) / rate
    return gamma_integral(LineIntegral(slope * decaying[0], u))


def gaussian_integration_by_parts(integral: Any, variance: Any, smooth: Any) -> Any:
    """E[u F(u)] = variance E[F'(u)] for a centred normal u of that variance; `smooth` is F, the integrand u F times the density."""
    f, u = integral.args[:2]
    return LineIntegral(variance * (f / u) * sp.simplify(sp.diff(smooth, u) / smooth), u)
