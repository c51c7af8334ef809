"""Speciation of Curie-Weiss spins above beta = 1: the class is the sign of the mean field, its posterior one integral over the field."""

from __future__ import annotations

from itertools import product
from typing import Any

import sympy as sp

from regimes.theory.channel.forward import snr, start
from regimes.theory.conventions import d, gamma, q, z
from regimes.theory.derivations import Derivation
from regimes.theory.errors import DerivationError
from regimes.theory.laws.curie_weiss.landau import curie_weiss_landau
from regimes.theory.laws.curie_weiss.law import CurieWeiss
from regimes.theory.laws.curie_weiss.states import SMALL, SOURCE, M, field_integral, state_root, states, total, u
from regimes.theory.laws.curie_weiss.times import curie_weiss_times, m_state, top, top_of_d
from regimes.theory.model import DataModel
from regimes.theory.params import DIMENSION, OVERLAP
from regimes.theory.speciation.symbols import decay_sq, kappa, posterior
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LineIntegral, NormalAverage, interval_integral
from regimes.theory.symbolic.functions import LogCosh, PlainErfc

bias = sp.Symbol("eta", real=True)
"""Field on the scale on which both states have a weight: h = eta/d."""
strength = sp.Symbol("g", positive=True)
"""Signal on the scale of speciation: gamma = g/d."""
place, spread = sp.Symbol("v", real=True), sp.Symbol("b", positive=True)
"""Sum of the noised spins over sqrt(d), and half the distance of the two values that they take in checks."""


def curie_weiss_speciation(model: DataModel, law: CurieWeiss) -> Derivation:
    """Field integral of the posterior, two states at large d, kappa, overlap in regime I, times, Landau expansion."""
    names = {d: DIMENSION.latex, q: OVERLAP.latex, M: "M", m_state: "m_*", total: r"\textstyle\sum_i a_i", u: "u", kappa: r"\kappa"}
    names |= {bias: r"\eta", strength: "g", place: "v", spread: "b", top: r"\Lambda", top_of_d: r"\Lambda_d", decay_sq: "e^{-2t}"}
    proof = states(snr(start(model, "speciation")).drawing({d: DIMENSION.typical}, names), law)
    drawn = {law.beta: (1.4, 2.0), bias: (-1.0, 1.0), strength: (0.3, 2.0), place: (-1.5, 1.5), spread: (0.5, 1.5)}
    proof = proof.drawing(drawn, {})
    proof = _posterior(proof, law)
    proof = _two_states(proof, law)
    proof = _kappa(proof, law)
    proof = _overlap(proof)
    return curie_weiss_landau(curie_weiss_times(proof, law), law)


def _posterior(proof: Derivation, law: CurieWeiss) -> Derivation:
    """Spins in the fields that x exerts: summed over all states, and as one integral over the mean field."""
    sites = sp.symbols(f"y_1:{SMALL + 1}", real=True)
    terms = [
        (
            sum(spins),
            proof["law"].subs({d: SMALL, total: sum(spins)})
            * sp.exp(sp.sqrt(gamma) * sum(y * s for y, s in zip(sites, spins, strict=True))),
        )
        for spins in product((1, -1), repeat=SMALL)
    ]
    exponent = -SMALL * law.beta * u**2 / 2 + sum(LogCosh(law.beta * u + law.h + sp.sqrt(gamma) * y) + sp.log(2) for y in sites)
    at = dict.fromkeys(sites, (-2.0, 2.0))
    proof = proof.then(
        rules.rewrite,
        sp.Add(*(weight for _, weight in terms)),
        target=field_integral(law, SMALL, exponent),
        name="evidence",
        title="Density of x over that of the noise, y = x/sqrt(Delta): summed over all states of three spins, and over the mean field",
        domains=at,
        points=3,
        digits=20,
    )
    positive = sp.sqrt(law.beta * SMALL / (2 * sp.pi)) * interval_integral(sp.exp(exponent), u, 0, sp.oo)
    return proof.then(
        rules.rewrite,
        sp.Add(*(weight * PlainErfc(-sp.sqrt(law.beta / (2 * SMALL)) * s) / 2 for s, weight in terms)),
        target=positive,
        name="positive_state",
        title="Its part with a positive field: given the sum S of the spins the field is normal about S/d with variance 1/(beta d), so "
        "that its sign, the class, is that of the magnetisation up to erfc(sqrt(beta/(2 d)) |S|)/2, which falls exponentially with d",
        domains=at,
        points=3,
        digits=15,
    )


def two_states(claim: Any, large: Any, height: Any, root: Any, observable: Any = None) -> Any:
    """Integrals of exp(height) over u > 0 and u < 0 as `large` grows: log of their quotient, or the mean of `observable` over both.

    The height is large * (even in u) + (what is left): the first part puts the peaks at +-root, the second weighs them.
    """
    del claim
    h = sp.Dummy("h", positive=True)
    series = sp.Poly(rules.expand_in(sp.expand(height.subs(large, h**-2) * h**2), h, 2), h)
    bulk, odd, rest = (series.coeff_monomial(h**k) for k in range(3))
    ratio = sp.simplify(sp.diff(bulk, u) / root.integrand.subs(root.variable, u))
    if sp.simplify(odd) != 0 or sp.simplify(bulk - bulk.subs(u, -u)) != 0 or ratio.has(u):
        raise DerivationError(f"not two peaks of equal height where {root.integrand} vanishes: {height}")
    known = {sp.tanh(root.integrand.atoms(sp.tanh).pop().args[0].subs(root.variable, m_state)): m_state}

    def at_peak(f: Any) -> Any:
        return f.subs(u, m_state).subs(known)

    gap = sp.factor(sp.simplify(at_peak(rest) - at_peak(rest.subs(u, -u))))
    if observable is None:
        return gap
    f = observable.subs(large, h**-2).subs(h, 0)
    if sp.simplify(f + f.subs(u, -u)) != 0:
        raise DerivationError(f"not odd in the mean field: {observable}")
    return at_peak(f) * sp.tanh(gap / 2)


def _two_states(proof: Derivation, law: CurieWeiss) -> Derivation:
    root = state_root(law).subs(law.h, 0)
    proof = proof.define("m_star", m_state, root, "Magnetisation of the states without field", "saddle point above", insert=True)
    fields = [law.beta * u + bias / d + sp.sqrt(strength / d) * (place / sp.sqrt(d) + s * spread) for s in (1, -1)]
    height = d * (-law.beta * u**2 / 2 + sum(LogCosh(f) for f in fields) / 2)
    whole, up, down = (interval_integral(sp.exp(height), u, low, high) for low, high in ((-sp.oo, sp.oo), (0, sp.oo), (-sp.oo, 0)))
    mean = LineIntegral(sum(sp.tanh(f) for f in fields) / 2 * sp.exp(height), u) / whole
    options: dict[str, Any] = {"variable": d, "towards": "infinity", "exponent": 1, "first": 9, "points": 2, "root": root}
    odds, free = sp.log(up) - sp.log(down), {strength: 0}
    title = "Log of the quotient of the weights of the two states in a field h = eta/d: Laplace's method on either side"
    proof = proof.limit(two_states, odds.subs(free), name="log_weights", title=title, height=height.subs(free), **options)
    title = "Log-odds of the states given x at gamma = g/d; of coordinates y = v/sqrt(d) +- b only their sum sqrt(d) v is felt"
    proof = proof.limit(two_states, odds, name="log_odds", title=title, height=height, **options)
    title = "Posterior mean of a spin: the magnetisation of either state, with its posterior"
    spin = sum(sp.tanh(f) for f in fields) / 2
    return proof.limit(two_states, mean, name="mean_spin", title=title, height=height, observable=spin, **options)


def average_in_one_state(claim: Any, large: Any, moments: Any, means: Any, root: Any, slope: Any) -> Any:
    """Averages over the field u > 0 as `large` grows: what stands in them at the peak, without the terms that fall."""
    del claim
    if sp.simplify(slope / root.integrand.subs(root.variable, u)).has(u):
        raise DerivationError(f"{root} is not where the slope of the free entropy vanishes")
    return sp.limit(sp.expand(moments.subs(means)), large, sp.oo)


def _kappa(proof: Derivation, law: CurieWeiss) -> Derivation:
    """Inside a state the spins are independent: their sum is the magnetisation and a term that is not felt on this scale."""
    odds = proof["log_odds"]
    root = state_root(law).subs(law.h, 0)
    free = proof["free_entropy"].subs(law.h, 0)
    first, second = sp.symbols("t_1 t_2", positive=True)
    whole = interval_integral(sp.exp(d * free), u, 0, sp.oo)
    exact = {
        name: interval_integral(sp.tanh(law.beta * u) ** k * sp.exp(d * free), u, 0, sp.oo) / whole for k, name in ((1, first), (2, second))
    }
    for name, moments, title in (
        ("sum_mean", sp.sqrt(strength) * first, "Mean of the sum of the noised spins of the positive state over sqrt(d)"),
        ("sum_variance", 1 + strength / d * (1 + (d - 1) * second - d * first**2), "Its variance: the spins' own share falls with d"),
    ):
        proof = proof.limit(
            average_in_one_state,
            moments.subs(exact),
            name=name,
            title=f"{title}, gamma = g/d, by the mean field",
            variable=d,
            towards="infinity",
            exponent=1,
            first=9,
            points=2,
            moments=moments,
            means={first: m_state, second: m_state**2},
            root=root,
            slope=sp.diff(free, u),
        )
    proof = proof.define(
        "sum_of_coordinates",
        place,
        proof["sum_mean"] + sp.sqrt(proof["sum_variance"]) * z,
        "Sum of the noised spins of the positive state over sqrt(d), at large d",
        "central limit theorem",
    )
    given = odds.subs(place, proof["sum_of_coordinates"])
    proof = proof.then(
        rules.complete_the_square, NormalAverage(given, z), name="log_odds_mean", title="Mean of the log-odds in the positive state"
    )
    mean = proof["log_odds_mean"]
    proof = proof.then(
        rules.complete_the_square,
        NormalAverage((given - mean) ** 2, z),
        name="log_odds_variance",
        title="Variance of the log-odds",
    )
    proof = proof.then(
        rules.rewrite,
        proof["log_odds_variance"],
        target=2 * (mean - proof["log_weights"]),
        name="log_odds_nishimori",
        title="Nishimori identity: the variance is twice the mean, the weights of the states set apart",
    )
    half = sp.simplify((mean - proof["log_weights"]) / 2)
    proof = proof.define("kappa", sp.Symbol("kappa"), half.subs(strength, d * gamma), "Class signal-to-noise ratio: half the mean", SOURCE)
    weight = sp.exp(proof["log_weights"] / 2) / (2 * sp.cosh(proof["log_weights"] / 2))
    proof = proof.then(
        rules.rewrite,
        1 / (1 + sp.exp(-proof["log_weights"])),
        target=weight,
        name="weight",
        title="Weight of the positive state",
    )
    w = sp.Symbol("w", positive=True)
    proof = proof.drawing({kappa: (0.5, 1.5), w: (0.2, 0.8)}, {})
    up, down = (posterior(share, 2 * kappa + 2 * sp.sqrt(kappa) * z) for share in (w, 1 - w))
    matched = given.subs(strength, kappa / m_state**2)
    proof = proof.then(
        rules.rewrite,
        NormalAverage(1 / (1 + sp.exp(-matched)), z),
        target=NormalAverage(up.subs(w, weight), z),
        name="own_posterior",
        title="Mean posterior of the own state: a function of kappa and of the weights alone",
        points=3,
        digits=20,
    )
    curve = w * NormalAverage(up, z) + (1 - w) * NormalAverage(down, z)
    return proof.define(
        "cloning_curve",
        sp.Symbol("phi"),
        curve,
        "Probability that two clones end in the same state: the universal curve of two classes",
        SOURCE,
    )


def _overlap(proof: Derivation) -> Derivation:
    """Regime I: the noise variance is one, e^{-t} sqrt(d) = sqrt(g), and the overlap obeys an equation of its own."""
    at = {q: OVERLAP.typical}
    # m.x/sqrt(d) with m_i = m_*: the sum of the coordinates is q sqrt(d)/m_*
    spin = proof["mean_spin"].subs(place, q / m_state)
    drift = sp.expand(q + 2 * (sp.sqrt(strength) * m_state * spin - q))
    title = "Reverse drift of the overlap q = m.x/sqrt(d), m_i = m_*: x + 2 S with the score (e^(-t) E[a|x] - x)/Delta, in regime I"
    proof = proof.define("overlap_drift", sp.Symbol("-dq/dt"), drift, title, "projection of the reverse process on m")
    height = q**2 / 2 - 2 * m_state**2 * (LogCosh(proof["log_odds"].subs(place, q / m_state) / 2) - LogCosh(proof["log_weights"] / 2))
    proof = proof.define("potential", sp.Symbol("V"), height, "Potential V(q, t), V(0) = 0", "integral of the drift")
    proof = proof.then(
        rules.rewrite,
        -sp.Derivative(height, q),
        target=drift,
        name="potential_slope",
        title="Its slope is minus the drift",
        domains=at,
    )
    bend = sp.Subs(sp.Derivative(height.subs(bias, 0), q, q), q, 0)
    proof = proof.then(
        rules.differentiate,
        bend,
        name="potential_curvature",
        title="Its curvature at q = 0 without field: one well splits in two where it vanishes",
    )
    return proof.define(
        "overlap_noise", sp.Symbol("noise"), sp.sqrt(2) * m_state, "Noise amplitude of the overlap, sqrt(2)|grad q|", "Ito isometry"
    )
