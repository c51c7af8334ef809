"""Dynamics of two centred classes: the length of x obeys a closed equation at every d, forward and reverse."""

from __future__ import annotations

from typing import Any

import sympy as sp

from regimes.theory.channel.forward import IN_TIME
from regimes.theory.conventions import d, t, y
from regimes.theory.derivations import Derivation
from regimes.theory.derivations.step import Domains
from regimes.theory.laws.zero_mean_mixture.law import ZeroMeanMixture
from regimes.theory.symbolic import rules

length = sp.Symbol("ell", positive=True)
"""|x|."""
_AT: Domains = {length: (0.5, 4.0), d: (2.0, 8.0)}


def length_dynamics(proof: Derivation, law: ZeroMeanMixture) -> Derivation:
    """Law of the length, its forward equation, score, reverse drift by two methods, potential, noise amplitude."""
    effort: dict[str, Any] = {"points": 5, "digits": 15, "domains": _AT}
    proof = proof.drawing({}, {length: r"|x|"})
    # coordinates are alike: all but one at the origin, that one at |x|
    parts = [share * proof[f"{k}_class_density"].subs(y, 0) ** (d - 1) * proof[f"{k}_class_density"].subs(y, length)
             for share, k in ((law.weight, "first"), (1 - law.weight, "second"))]  # fmt: skip
    whole = sp.Add(*parts)
    proof = proof.define("length_density", sp.Symbol("P_t"), whole, "Density of x as a function of its length", "isotropic classes")
    law_of_length = length ** (d - 1) * whole
    explicit = law_of_length.subs(IN_TIME)
    forward = (d - 1) / length - length
    proof = proof.then(
        rules.rewrite,
        sp.Derivative(explicit, t) + sp.Derivative(forward * explicit, length) - sp.Derivative(explicit, length, length),
        target=sp.S.Zero,
        name="length_forward",
        title="Forward equation of the length: drift (d-1)/|x| - |x|, noise amplitude sqrt(2); its law is |x|^(d-1) P_t up to a constant",
        **effort,
    )
    slopes = [sp.diff(rules.take_the_logarithm(sp.log(proof[f"{k}_class_density"])), y).subs(y, length) for k in ("first", "second")]
    proof = proof.then(
        rules.rewrite,
        sp.Derivative(sp.log(whole), length),
        target=sp.Add(*(part * slope for part, slope in zip(parts, slopes, strict=True))) / whole,
        name="length_score",
        title="Score along x: that of each class, weighted by the posterior",
        **effort,
    )
    drift = length + 2 * proof["length_score"] + (d - 1) / length
    proof = proof.define(
        "length_drift",
        sp.Symbol("-d|x|/dt"),
        drift,
        "Reverse drift of the length: that of x along x, and (d-1)/|x| because noise across x makes it longer",
        "Ito's formula for |x| under the reverse process",
    )
    proof = proof.then(
        rules.rewrite,
        -forward + 2 * sp.Derivative(sp.log(law_of_length), length),
        target=drift,
        name="length_time_reversal",
        title="Time reversal of the forward equation of the length itself gives the same",
        **effort,
    )
    height = -(length**2) / 2 - 2 * sp.log(whole) - (d - 1) * sp.log(length)
    proof = proof.define("length_potential", sp.Symbol("V"), height, "Potential V(|x|, t), up to a function of t", "integral of the drift")
    proof = proof.then(
        rules.rewrite,
        -sp.Derivative(height, length),
        target=drift,
        name="length_potential_slope",
        title="Its slope is minus the drift",
        **effort,
    )
    return proof.define("length_noise", sp.Symbol("noise"), sp.sqrt(2), "Noise amplitude of the length, sqrt(2)|grad |x||", "Ito isometry")
