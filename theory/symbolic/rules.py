"""What may be done to an expression. A rule takes expressions and computes the next one; it never looks one up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mpmath as mp
import sympy as sp

from regimes.theory.conventions import t, z
from regimes.theory.errors import DerivationError
from regimes.theory.symbolic.averages import LineIntegral, NormalAverage
from regimes.theory.symbolic.evaluate import value
from regimes.theory.symbolic.functions import LogErfcx, LogRatioGap, PlainErfc, expm1

Rule = Callable[..., Any]


def label(rule: Rule) -> str:
    """A rule's name in words."""
    return rule.__name__.replace("_", " ")


def tidy(expr: Any) -> Any:
    """Split logarithms of products of positive factors and factor the rational coefficients."""
    expr = sp.expand_log(expr.replace(sp.log, lambda u: sp.log(sp.factor(sp.together(u)))))
    logs = sorted(expr.atoms(sp.log), key=sp.default_sort_key)
    names = {w: sp.Dummy(f"log{k}", real=True) for k, w in enumerate(logs)}
    poly = sp.expand(expr.xreplace(names))
    split = sp.collect(poly, list(names.values()), evaluate=False)
    whole = sum(sp.factor(coefficient) * power for power, coefficient in split.items())
    return whole.xreplace({n: w for w, n in names.items()})


def _exponent_and_prefactor(f: Any, variable: Any) -> tuple[Any, Any]:
    """Write f = prefactor * exp(exponent), collecting every exponential that holds the variable."""
    exponent, prefactor = sp.S.Zero, sp.S.One
    for factor in sp.Mul.make_args(sp.powsimp(f)):
        base, power = factor.as_base_exp()
        if factor.func is sp.exp:
            exponent += factor.exp
        elif base.func is sp.exp:
            exponent += base.exp * power
        else:
            prefactor *= factor
    return exponent, prefactor


def complete_the_square(integral: Any) -> Any:
    """A Gaussian integral over the line: integrand polynomial * exp(quadratic), quadratic coefficient negative."""
    f, u = integral.args[0], integral.args[1]
    if isinstance(integral, NormalAverage):
        f = integral.as_integral().args[0]
    total = sp.S.Zero
    for term in sp.Add.make_args(f):
        exponent, prefactor = _exponent_and_prefactor(term, u)
        constant, prefactor = sp.powdenest(prefactor).as_independent(u, as_Add=False)
        if not (sp.expand(exponent).is_polynomial(u) and prefactor.is_polynomial(u)):
            raise DerivationError(f"not a Gaussian integral over {u}: {term}")
        quadratic = sp.Poly(sp.expand(exponent), u)
        if quadratic.degree() != 2:
            raise DerivationError(f"the exponent is not quadratic in {u}: {exponent}")
        minus_a = sp.factor(-quadratic.coeff_monomial(u**2))
        b, c = (quadratic.coeff_monomial(u**k) for k in (1, 0))
        if not minus_a.is_positive:
            raise DerivationError(f"the integral over {u} is not known to converge: coefficient {-minus_a}")
        centre, var = sp.factor(b / (2 * minus_a)), 1 / (2 * minus_a)
        about = sp.Poly(sp.expand(prefactor.subs(u, centre + u)), u)
        moments = sp.factor(sum(sp.factor(coefficient) * _normal_moment(power, sp.S.Zero, var) for (power,), coefficient in about.terms()))
        volume = sp.sqrt(sp.factor(sp.pi / minus_a * constant**2))
        if constant.is_negative:
            volume = -volume
        elif not constant.is_positive:
            volume = sp.sqrt(sp.pi / minus_a) * constant
        total += volume * moments * sp.exp(sp.factor(sp.expand(c + b**2 / (4 * minus_a))))
    return total


def log_gaussian_between(f: Any, u: Any, low: Any, high: Any) -> Any:
    """log of the integral of f = constant * exp(quadratic) over (low, high), one end of which may be infinite.

    Completing the square leaves error functions: with the integrand at its peak where that lies inside, with the integrand at the
    nearer end and a scaled error function where it does not, so that nothing overflows or cancels.
    """
    exponent, prefactor = _exponent_and_prefactor(f, u)
    if prefactor.has(u) or not sp.expand(exponent).is_polynomial(u):
        raise DerivationError(f"not the exponential of a polynomial in {u}: {f}")
    quadratic = sp.Poly(sp.expand(exponent), u)
    minus_a, b = -quadratic.coeff_monomial(u**2), quadratic.coeff_monomial(u)
    if quadratic.degree() != 2 or not minus_a.is_positive:
        raise DerivationError(f"the exponent is not a falling quadratic in {u}: {exponent}")
    common = sp.log(prefactor) + sp.log(sp.pi / (4 * minus_a)) / 2

    root, centre = sp.sqrt(minus_a), b / (2 * minus_a)
    at_peak = common + sp.factor(sp.expand(exponent.subs(u, 0) + b**2 / (4 * minus_a)))
    if high == sp.oo or low == -sp.oo:
        end, sign = (low, 1) if high == sp.oo else (high, -1)
        beyond = sign * (root * end - b / (2 * root))
        outside = common + exponent.subs(u, end) + LogErfcx(beyond)
        return sp.Piecewise((at_peak + sp.log(PlainErfc(beyond)), beyond < 0), (outside, True))
    # The distance of the peak from the middle has a sign of its own, so that derivatives know it.
    middle, half = (low + high) / 2, (high - low) / 2
    off = (centre - middle) * sp.Piecewise((-1, centre < middle), (1, True))
    near, far = root * (off - half), root * (off + half)
    at_near = common + exponent.subs(u, middle) + minus_a * half * (2 * off - half)
    outside = at_near + LogErfcx(near) + sp.log(-expm1(LogErfcx(far) - LogErfcx(near) - 4 * minus_a * half * off))
    return sp.Piecewise((at_peak + sp.log(PlainErfc(near) - PlainErfc(far)), sp.Abs(centre - middle) < half), (outside, True))


def hubbard_stratonovich(f: Any, total: Any) -> Any:
    """exp(c M^2 + ...) with c > 0 as a normal average of exponentials that are linear in M = `total`."""
    exponent, prefactor = _exponent_and_prefactor(f, total)
    polynomial = sp.Poly(sp.expand(exponent), total)
    square = polynomial.coeff_monomial(total**2)
    if polynomial.degree() != 2 or not (square.is_nonnegative and prefactor.free_symbols.isdisjoint({total})):
        raise DerivationError(f"not the exponential of a square of {total} with a positive factor: {f}")
    rest = sp.expand(exponent - square * total**2)
    return prefactor * sp.exp(rest) * NormalAverage(sp.exp(sp.sqrt(2 * square) * total * z), z)


def laplace(exact: Any, large: Any, peak: Any) -> Any:
    """Averages with exp(n S), and (1/n) log of its integral, as n = `large` grows: what stands in the integral, at the peak of S.

    `exact` is either log(c * integral of exp(n S))/n or a quotient of the integrals of f exp(n S) and exp(n S).
    """
    integrals = sorted(exact.atoms(LineIntegral), key=lambda node: node.integrand.count_ops())
    exponent, prefactor = _exponent_and_prefactor(integrals[0].integrand, large) if integrals else (sp.S.Zero, sp.S.Zero)
    if prefactor != 1 or sp.expand(exponent).coeff(large, 1) == 0 or len(integrals) > 2:
        raise DerivationError(f"not an integral of exp({large} S) or an average with it: {exact}")
    entropy, u = sp.factor_terms(exponent / large), integrals[0].variable
    ratio = sp.simplify(sp.diff(entropy, u) / peak.integrand.subs(peak.variable, u))
    if ratio.has(u):
        raise DerivationError(f"{peak} is not where the slope of {entropy} vanishes")
    if len(integrals) == 1:
        return entropy.subs(u, peak)
    return sp.simplify(integrals[1].integrand / integrals[0].integrand).subs(u, peak)


def transfer_matrices(coupling: Any, fields: Sequence[Any]) -> Any:
    """Partition function of an open chain of spins +-1 in `fields`: rows and columns of the matrices are the two values of a spin."""
    bond = sp.Matrix([[sp.exp(coupling), sp.exp(-coupling)], [sp.exp(-coupling), sp.exp(coupling)]])
    row = sp.ones(1, 2)
    for k, v in enumerate(fields):
        row = (row * bond if k else row) * sp.diag(sp.exp(v), sp.exp(-v))
    return (row * sp.ones(2, 1))[0]


def _normal_moment(power: int, centre: Any, var: Any) -> Any:
    return sum(sp.binomial(power, 2 * k) * centre ** (power - 2 * k) * var**k * sp.factorial2(2 * k - 1) for k in range(power // 2 + 1))


def average_polynomial(expr: Any, variances: Mapping[Any, Any]) -> Any:
    """Mean of a polynomial in independent centred normal variables with the given variances."""
    for u, var in variances.items():
        expr = sum(coefficient * _normal_moment(power, sp.S.Zero, var) for (power,), coefficient in sp.Poly(sp.expand(expr), u).terms())
    return sp.factor(expr)


def take_the_logarithm(log_of: Any) -> Any:
    """log of a product of powers and exponentials of positive quantities, as a sum."""
    return tidy(sp.expand_log(log_of, force=False))


def average_of_logarithm(integral: Any) -> Any:
    """Gaussian average of a logarithm that is a polynomial in the integration variable."""
    f, u = integral.args[:2]
    density, rest = sp.S.One, sp.S.One
    for factor in sp.Mul.make_args(f):
        if factor.has(sp.exp) and factor.has(u):
            density *= factor
        else:
            rest *= factor
    logs = {w: sp.Dummy("c", real=True) for w in rest.atoms(sp.log) if not w.has(u)}
    averaged = complete_the_square(LineIntegral(sp.expand(rest.xreplace(logs)) * density, u))
    return tidy(sp.expand(sp.simplify(averaged)).xreplace({c: w for w, c in logs.items()}))


def gather_logarithms(expr: Any) -> Any:
    """Carry out derivatives and write log(1 + u) = LogRatioGap(u) + u/(1 + u), so that small arguments do not cancel."""
    expr = tidy(sp.expand(expr.doit()))
    gaps = {}
    for w in expr.atoms(sp.log):
        u = sp.factor(w.args[0] - 1)
        gaps[w] = sp.Dummy("gap", real=True), LogRatioGap(u), u / (1 + u)
    split = sp.expand(expr.xreplace({w: name + rest for w, (name, _, rest) in gaps.items()}))
    parts = sp.collect(split, [name for name, _, _ in gaps.values()], evaluate=False)
    return sum(sp.factor(k) * u for u, k in parts.items()).xreplace({name: gap for name, gap, _ in gaps.values()})


def differentiate(derivative: Any) -> Any:
    """Carry out derivatives (possibly taken at a point) and cancel what cancels."""
    result = derivative.doit()
    if result.has(sp.tanh):  # hyperbolic terms stay as they are: each is already short
        return sp.Add(*(sp.factor(term) for term in sp.Add.make_args(result)))
    return sp.simplify(result)


def fokker_planck(claim: Any, log_density: Any, variable: Any) -> Any:
    """dP/dt - d(uP)/du - d^2P/du^2 for P = exp(phi), from the logarithm: P (phi_t - 1 - u phi_u - phi_uu - phi_u^2)."""
    del claim
    slope = sp.diff(log_density, variable)
    residual = sp.diff(log_density, t) - 1 - variable * slope - sp.diff(slope, variable) - slope**2
    return sp.cancel(sp.together(residual)) * sp.exp(log_density)


def given_tilt(claim: Any) -> Any:
    """The tilt is given and what it selects is computed from it, instead of the other way round: no equation is solved."""
    return claim


def substitute(expr: Any, replacements: Mapping[Any, Any]) -> Any:
    """Insert definitions, then reduce."""
    for old, new in replacements.items():
        expr = expr.subs(old, new)
    return sp.simplify(expr)


def reduce(expr: Any) -> Any:
    """Cancel what cancels."""
    return sp.simplify(expr)


def rewrite(expr: Any, target: Any) -> Any:
    """A nicer form written by hand: allowed because the step that uses it is checked as an identity."""
    del expr
    return target


def solve(equation: Any, variable: Any, point: Mapping[Any, Any], where: Callable[[Any], bool]) -> Any:
    """The branch of the solution of `equation` = 0 that satisfies the equation and `where` at a test point."""
    found = []
    with mp.workdps(30):
        for root in sp.solve(sp.together(equation), variable, check=False, simplify=False):
            number = value(root, point)
            if mp.im(number) == 0 and where(mp.re(number)):
                residual = value(equation, {**point, variable: mp.re(number)})
                if abs(residual) < mp.mpf(10) ** -20:
                    found.append(root)
    if len(found) != 1:
        raise DerivationError(f"{len(found)} branches of {equation} = 0 in {variable} satisfy the condition, one is needed")
    return sp.powsimp(sp.together(found[0]))


def expand_in(expr: Any, variable: Any, order: int) -> Any:
    """Taylor polynomial of `expr` in `variable` about 0, up to and including the given order, by differentiation."""
    total, derivative = sp.S.Zero, expr
    for k in range(order + 1):
        total += sp.factor(derivative.subs(variable, 0)) * variable**k / sp.factorial(k)
        derivative = sp.diff(derivative, variable)
    return total


def leading_order(expr: Any, variable: Any) -> Any:
    """What survives of a sum of logarithms of algebraic functions as `variable` grows without bound."""
    u = sp.Dummy("u", positive=True)
    total = sp.S.Zero
    for term in sp.Add.make_args(sp.expand(expr)):
        factor, rest = term.as_independent(sp.log)
        if not isinstance(rest, sp.log):
            raise DerivationError(f"not a sum of logarithms: {term}")
        coefficient, power = rest.args[0].subs(variable, 1 / u).as_leading_term(u).as_coeff_exponent(u)
        total += factor * (sp.log(sp.factor(coefficient)) - power * sp.log(variable))
    return sp.expand_log(total)
