"""Landau expansion of -log P_t along one coordinate, in powers of the signal, from the cumulants of the data: any law, to sixth order.

Notation: y in units of the noise, theta = sqrt(gamma); E exp(theta a y - theta^2 a^2/2) = sum_k m_k theta^k He_k(y)/k! for moments m_k.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from regimes.theory.conventions import y
from regimes.theory.derivations import Derivation
from regimes.theory.derivations.step import Domains

theta = sp.Symbol("theta", positive=True)
"""Square root of the signal-to-noise ratio, as a small number."""
CUMULANTS = sp.symbols("c_2:7", real=True)
"""Cumulants of the data along the coordinate, from the second to the sixth; the mean is zero."""
ORDER = 6
SOURCE = "Gaussian convolution; cumulants"
_PLACES, _WEIGHTS = sp.symbols("p_1:5", real=True), sp.symbols("w_1:5", positive=True)


def moments(cumulants: Any) -> list[Any]:
    """Moments from the zeroth to the sixth of a centred law: m_n = sum_k binomial(n-1, k-1) c_k m_(n-k)."""
    c = [None, sp.S.Zero, *cumulants]
    found = [sp.S.One]
    for n in range(1, ORDER + 1):
        found.append(sp.expand(sum(sp.binomial(n - 1, k - 1) * c[k] * found[n - k] for k in range(1, n + 1))))
    return found


def cumulants(raw: Any) -> tuple[Any, ...]:
    """Cumulants from the second to the sixth of a law with these raw moments, from the first to the sixth: the same, solved for c_n."""
    m, c = [sp.S.One, *raw], [sp.S.Zero]
    for n in range(1, ORDER + 1):
        c.append(sp.factor(sp.expand(m[n] - sum(sp.binomial(n - 1, k - 1) * c[k] * m[n - k] for k in range(1, n)))))
    return tuple(c[2:])


def expansion(exact: Any, variable: Any, given: Any = CUMULANTS, fixed_length: bool = False) -> Any:
    """-log of the Gaussian mean of exp(theta a y - theta^2 a^2/2) to sixth order in theta, and y^2/2 of the noise.

    With `fixed_length` the square of the data is the same number for all, and its term is left out.
    """
    del exact
    polynomials = [y**k if fixed_length else sp.hermite_prob(k, y) for k in range(ORDER + 1)]
    series = [m * p / sp.factorial(k) for k, (m, p) in enumerate(zip(moments(given), polynomials, strict=True))]
    logarithm = [sp.S.Zero]
    for n in range(1, ORDER + 1):  # n f_n = sum_k k l_k f_(n-k) for f = exp(l)
        rest = sum(k * logarithm[k] * series[n - k] for k in range(1, n))
        logarithm.append(sp.expand(series[n] - rest / n))
    return y**2 / 2 - sum(sp.collect(term, y, sp.factor) * variable**n for n, term in enumerate(logarithm))


def coefficient_of_power(claim: Any, polynomial: Any, power: int) -> Any:
    """Coefficient of a power of y, by powers of theta."""
    del claim
    return sp.collect(sp.Poly(sp.expand(polynomial), y).coeff_monomial(y**power), theta, sp.factor)


def named_cumulants(proof: Derivation, names: Any, raw: Any, words: str, prefix: str) -> Derivation:
    """Cumulants from the second on as symbols of their own; those that vanish keep their name."""
    for k, (symbol, cumulant) in enumerate(zip(names, cumulants(raw), strict=True), 2):
        proof = proof.define(f"{prefix}cumulant_{k}", symbol, cumulant, f"Cumulant {k} {words}", SOURCE, insert=True)
    return proof


def generic_landau(proof: Derivation) -> Derivation:
    """The expansion for a law of four places and weights, whose cumulants take any value: it holds for every law."""
    drawn = {theta: (0.1, 0.5), **dict.fromkeys(_PLACES, (-1.5, 1.5)), **dict.fromkeys(_WEIGHTS, (0.2, 1.0))}
    names = {theta: r"\theta"} | {symbol: f"c_{k}" for k, symbol in enumerate(CUMULANTS, 2)}
    proof = proof.drawing(drawn, names)
    mass = sum(_WEIGHTS)
    mean = sum(w * p for w, p in zip(_WEIGHTS, _PLACES, strict=True)) / mass
    atoms = [(w / mass, p - mean) for w, p in zip(_WEIGHTS, _PLACES, strict=True)]
    raw = sp.symbols("m_2:7", real=True)
    why = "as many numbers as cumulants, so that what holds for it holds for every law"
    for k, symbol in enumerate(raw, 2):
        average = sum(w * p**k for w, p in atoms)
        proof = proof.define(f"moment_{k}", symbol, average, f"Moment {k} of a centred law with four places: {why}", SOURCE, insert=True)
    proof = named_cumulants(proof, CUMULANTS, (sp.S.Zero, *raw), "of that law", prefix="")
    proof = proof.limit(
        expansion,
        y**2 / 2 - sp.log(sum(w * sp.exp(theta * p * y - theta**2 * p**2 / 2) for w, p in atoms)),
        name="landau_any_law",
        title="Landau expansion of -log P_t, y in units of the noise and without its constant, to sixth order in theta = sqrt(gamma)",
        variable=theta,
        towards="zero",
        exponent=7,
        first=11,  # as small as working digits allow: the next term is of relative order theta
        points=1,
        domains={y: (0.5, 2.0)},
    )
    series = proof["landau_any_law"]
    for power, title in (
        (2, "half the curvature, zero where the symmetric point becomes unstable"),
        (4, "its leading term is minus the fourth cumulant over 24, positive for two clusters"),
        (6, "its leading term is minus the sixth cumulant over 720, negative for two clusters"),
    ):
        proof = proof.then(
            coefficient_of_power,
            sp.Subs(sp.Derivative(series, (y, power)), y, 0) / sp.factorial(power),
            name=f"landau_any_law_{power}",
            title=f"Coefficient of y^{power}: {title}",
            polynomial=series,
            power=power,
            points=3,
            digits=15,
        )
    return proof


def landau(
    proof: Derivation,
    exact: Any,
    given: Any,
    *,
    words: str,
    exponent: int,
    prefix: str = "",
    domains: Domains | None = None,
    **options: Any,
) -> Derivation:
    """The same for `exact`, a function of y and theta, of data with these cumulants."""
    length = {"fixed_length": options.pop("fixed_length")} if "fixed_length" in options else {}
    proof = proof.drawing({theta: (0.1, 0.5)}, {theta: r"\theta"})
    proof = proof.limit(
        expansion,
        exact,
        name=f"{prefix}landau",
        title=f"Landau expansion of -log P_t to sixth order in theta = sqrt(gamma), y in units of the noise: {words}",
        variable=theta,
        towards="zero",
        exponent=exponent,
        domains={y: (0.5, 2.0), **(domains or {})},
        given=given,
        **length,
        **options,
    )
    series = proof[f"{prefix}landau"]
    for power, name in ((2, "quadratic"), (4, "quartic"), (6, "sextic")):
        proof = proof.then(
            coefficient_of_power,
            sp.Subs(sp.Derivative(series, (y, power)), y, 0) / sp.factorial(power),
            name=f"{prefix}landau_{name}",
            title=f"Coefficient of y^{power}",
            domains=domains,
            polynomial=series,
            power=power,
            points=2,
            digits=15,
        )
    return proof
