"""Curie-Weiss spins: Hubbard-Stratonovich and Laplace for the magnetisation, and again for the energy levels.

At tilt 1 the levels are those of independent spins with the magnetisation of the state. At any other tilt the field that couples the
spins answers: the exponentially many data of another magnetisation count, and the saddle point moves with the tilt.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import sympy as sp

from regimes.theory.channel.forward import snr, standard_channel, start
from regimes.theory.channel.information_functions import ScalarDispersion, ScalarInformation, ScalarMmse
from regimes.theory.channel.prior import components, log_transform
from regimes.theory.collapse.effort import Effort
from regimes.theory.conventions import Delta, a, d, gamma, lam, x, z
from regimes.theory.derivations import Derivation
from regimes.theory.laws.curie_weiss.law import CurieWeiss
from regimes.theory.laws.curie_weiss.states import SMALL, M, field_integral, state_prior, state_weights, states, total, u
from regimes.theory.model import DataModel
from regimes.theory.params import DIMENSION, TILT
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LargestRoot, NormalAverage
from regimes.theory.symbolic.functions import LogCosh


def curie_weiss_levels(model: DataModel, law: CurieWeiss) -> tuple[Derivation, Effort]:
    """Magnetisation, energy cumulant function, information and onset inside a state."""
    names = {d: DIMENSION.latex, M: "M", total: r"\textstyle\sum_i a_i", u: "u"}
    proof = snr(start(model, "collapse")).drawing({}, names)
    proof = standard_channel(proof)
    proof = states(proof, law)
    effort = Effort(points=1, digits=8, extrema=0)
    proof = _energy_cumulant(proof, law, effort)
    proof = _information(proof, law, effort)
    return _onset(proof, law, effort), effort


def _over_state(law: CurieWeiss, f: Callable[[Any], Any]) -> Any:
    """Mean of f(x) over the noised spins of the state."""
    return sum(weight * NormalAverage(f(place * sp.sqrt(gamma) + z), z) for weight, place in zip(state_weights(law), (1, -1), strict=True))


def _tilted_field(law: CurieWeiss, mean: Any, at: Any) -> Any:
    return law.beta * mean + sp.Abs(law.h) + lam * sp.sqrt(gamma) * at


def _energy_cumulant(proof: Derivation, law: CurieWeiss, effort: Effort) -> Derivation:
    beta, h = law.beta, law.h
    field, tilted = sp.Symbol("v", real=True), {lam: TILT.typical}
    proof = proof.then(
        rules.rewrite,
        sum(sp.exp(field * s - lam * proof["level"].subs(a, s)) for s in (1, -1)),
        target=2 * sp.exp(-lam * (x**2 + gamma) / 2) * sp.cosh(field + lam * sp.sqrt(gamma) * x),
        name="level_transform",
        title="Laplace transform of the level of one spin in a field: it adds lambda sqrt(gamma) x to the field",
        domains={field: (-2.0, 2.0), x: (-2.0, 2.0), **tilted},
    )
    sites = sp.symbols(f"x_1:{SMALL + 1}", real=True)
    whole = sp.Add(
        *(
            proof["law"].subs({d: SMALL, total: sum(spins)})
            * sp.exp(-lam * sum(proof["level"].subs({x: y, a: s}) for y, s in zip(sites, spins, strict=True)))
            for spins in product((1, -1), repeat=SMALL)
        )
    )
    exponent = -SMALL * beta * u**2 / 2 + sum(sp.log(proof["level_transform"].subs({field: beta * u + h, x: y})) for y in sites)
    proof = proof.then(
        rules.rewrite,
        whole,
        target=field_integral(law, SMALL, exponent),
        name="exact_levels",
        title="Laplace transform of a level of three coupled spins, summed over all states: the same integral over the mean field",
        domains={**dict.fromkeys(sites, (-2.0, 2.0)), **tilted},
    )
    mean_energy = (1 + 2 * gamma) / 2
    proof = proof.then(
        rules.rewrite,
        _over_state(law, lambda at: (at**2 + gamma) / 2),
        target=mean_energy,
        name="mean_energy",
        title="Part of the energy that does not depend on the level's spins, averaged over x",
        **effort.identity,
    )
    proof = proof.define(
        "tilted_free_entropy",
        sp.Symbol("T(u)"),
        -beta * u**2 / 2 + _over_state(law, lambda at: LogCosh(_tilted_field(law, u, at))) + sp.log(2) - lam * mean_energy,
        "Free entropy of the mean field of tilted levels: the sum over coordinates concentrates",
        "the integral above; law of large numbers over the coordinates of x",
    )
    response = _over_state(law, lambda at: sp.tanh(_tilted_field(law, u, at)))
    proof = proof.then(
        rules.rewrite,
        sp.Derivative(proof["tilted_free_entropy"], u),
        target=beta * (response - u),
        name="tilted_saddle",
        title="Its saddle point",
        domains={u: (-0.9, 0.9), **tilted},
        **effort.identity,
    )
    peak = LargestRoot(response - u, u, -1, 1)
    proof = proof.define("tilted_magnetisation", sp.Symbol("M(lambda)"), peak, "Magnetisation of the tilted levels", "Laplace's method")
    proof = proof.then(
        rules.rewrite,
        response.subs({lam: 1, u: M}),
        target=M,
        name="planted_magnetisation",
        title="At tilt 1 it is that of the state (Nishimori): the levels are those of independent spins there, and only there",
        **effort.identity,
    )
    at_state = -beta * M**2 / 2 + LogCosh(beta * M + sp.Abs(h)) + sp.log(2)
    g = proof["tilted_free_entropy"].subs(u, peak) - at_state
    title = "Energy cumulant function g: the integral with the level over that without"
    proof = proof.define("energy_cumulant", sp.Symbol("g"), g, title, "Laplace's method")
    slope = _over_state(law, lambda at: sp.sqrt(gamma) * at * sp.tanh(_tilted_field(law, u, at)))
    proof = proof.then(
        rules.rewrite,
        -sp.Derivative(g, lam),
        target=(mean_energy - slope).subs(u, peak),
        name="energy",
        title="Energy selected by the tilt lambda: the mean field does not contribute, as it is stationary",
        domains=tilted,
        **effort.identity,
    )
    proof = proof.then(
        rules.rewrite,
        (mean_energy - slope).subs({lam: 1, u: M}),
        target=sp.S.Half,
        name="nishimori",
        title="Nishimori identity: the planted level has the typical energy of tilt 1",
        **effort.identity,
    )
    return proof.then(
        rules.rewrite,
        lam * sp.Derivative(g, lam) - g,
        target=-lam * proof["energy"] - g,
        name="selected_rate",
        title="Rate function at that energy, lambda g' - g",
        domains=tilted,
        **effort.identity,
    )


def _information(proof: Derivation, law: CurieWeiss, effort: Effort) -> Derivation:
    prior, g = state_prior(law), proof["energy_cumulant"]
    info = ScalarInformation(prior, gamma)
    proof = proof.then(
        rules.rewrite,
        -sp.S.Half - g.subs(lam, 1),
        target=info,
        name="information",
        title="Information per dimension, I = -1/2 - g(1): that of independent spins with the magnetisation of the state",
        **effort.identity,
    )
    proof = proof.then(
        rules.rewrite,
        sp.log(2 * sp.pi * Delta) / 2 - g.subs(lam, 1),
        target=info + sp.log(2 * sp.pi * Delta) / 2 + sp.S.Half,
        name="entropy",
        title="Differential entropy per dimension, s = log(2 pi Delta)/2 - g(1) = I + log(2 pi e Delta)/2",
        **effort.identity,
    )
    title = "Mean squared error of the posterior mean"
    proof = proof.define("mmse", sp.Symbol("mmse"), ScalarMmse(prior, gamma), title, "independent spins")
    free = sp.Symbol("gamma_", positive=True)
    proof = proof.then(
        rules.rewrite,
        sp.Subs(sp.Derivative(info.subs(gamma, free), free), free, gamma),
        target=proof["mmse"] / 2,
        name="i_mmse",
        title="I-MMSE relation dI/dgamma = mmse/2: information is increasing",
        **effort.identity,
    )
    own = proof.define(
        "dispersion_at_fixed_magnetisation",
        sp.Symbol("V_0"),
        ScalarDispersion(prior, gamma),
        "Variance of the information density of independent spins",
        "Shannon; Polyanskiy, Poor, Verdu 2010",
    )
    log_chi = [
        NormalAverage(log_transform(components(prior), gamma, lam, place * sp.sqrt(gamma) + z, k), z).subs(lam, 1)
        for k, place in enumerate((1, -1))
    ]
    covariance = (log_chi[1] - log_chi[0]) * 2 * sp.Mul(*state_weights(law))
    title = "Covariance of the information density with the spin"
    own = own.define("information_and_spin", sp.Symbol("C"), covariance, title, "its mean given either spin")
    softness = law.beta / (1 - law.beta * 4 * sp.Mul(*state_weights(law)))
    return own.define(
        "dispersion",
        sp.Symbol("V"),
        ScalarDispersion(prior, gamma) + sp.Piecewise((covariance**2 * softness, M > 0), (sp.S.Zero, True)),
        "Dispersion V: the fluctuating mean field, of variance beta/(1 - beta (1 - M^2))/d in units of the field, adds its part",
        "curvature of the free entropy at its saddle point",
    )


def _onset(proof: Derivation, law: CurieWeiss, effort: Effort) -> Derivation:
    beta, h = law.beta, law.h

    def mean(f: Callable[[Any], Any]) -> Any:
        return sum(w * f(beta * u + sp.Abs(h) + s * lam * gamma) for w, s in zip(state_weights(law), (1, -1), strict=True))

    entropy = -beta * u**2 / 2 + mean(LogCosh) - lam * gamma
    response = mean(sp.tanh)
    proof = proof.then(
        rules.rewrite,
        sp.Derivative(entropy, u),
        target=beta * (response - u),
        name="onset_saddle",
        title="Mean field of tilted levels seen from a datum, x = sqrt(gamma) a_1",
        domains={u: (-0.9, 0.9), lam: TILT.typical},
    )
    at_state = -beta * M**2 / 2 + LogCosh(beta * M + sp.Abs(h))
    return proof.define(
        "onset_cumulant",
        sp.Symbol("g_0"),
        entropy.subs(u, LargestRoot(response - u, u, -1, 1)) - at_state,
        "Energy cumulant function seen from a datum",
        "Laplace's method",
    )
