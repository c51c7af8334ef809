"""Entropy, information, its dispersion and the I-MMSE relation, from the law of one coordinate."""

from __future__ import annotations

import sympy as sp

from regimes.theory import conventions as c
from regimes.theory.channel.forward import in_snr
from regimes.theory.conventions import Delta, a, decay, gamma, lam, x, z
from regimes.theory.derivations import Derivation
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LineIntegral


def information(proof: Derivation) -> Derivation:
    g = proof["energy_cumulant"]
    density = proof["forward_density"]
    log_density = rules.take_the_logarithm(sp.log(density))
    proof = proof.then(
        rules.average_of_logarithm,
        LineIntegral(-density * log_density, x),
        name="entropy_in_time",
        title="Differential entropy per dimension, from its definition",
    )
    proof = proof.then(
        rules.rewrite,
        proof["entropy_in_time"],
        target=sp.log(2 * sp.pi * Delta) / 2 - g.subs(lam, 1),
        name="entropy",
        title="The same entropy from the energy cumulant function: s = log(2 pi Delta)/2 - g(1)",
    )
    proof = proof.then(
        rules.tidy,
        proof["entropy"] - sp.log(2 * sp.pi * Delta) / 2 - sp.S.Half,
        name="information",
        title="Information per dimension, I = s - log(2 pi e Delta)/2 = -1/2 - g(1)",
    )
    info = proof["information"]
    law, channel = proof["law"], proof["channel"]
    posterior = law * channel / proof["forward_density"]
    at = {x: (-2.0, 2.0)}
    proof = proof.then(
        rules.complete_the_square, LineIntegral(posterior * a, a), name="posterior_mean", title="Posterior mean of the datum", domains=at
    )
    proof = proof.then(
        rules.complete_the_square,
        LineIntegral(posterior * (a - proof["posterior_mean"]) ** 2, a),
        name="mmse_in_time",
        title="Mean squared error of the posterior mean",
        domains=at,
    )
    proof = proof.then(in_snr, proof["mmse_in_time"], name="mmse", title="In the signal-to-noise ratio")
    free = sp.Symbol("gamma_", positive=True)
    slope = sp.Subs(sp.Derivative(info.subs(gamma, free), free), free, gamma)
    proof = proof.then(
        rules.rewrite, slope, target=proof["mmse"] / 2, name="i_mmse", title="I-MMSE relation dI/dgamma = mmse/2: information is increasing"
    )
    forward = decay * a + sp.sqrt(Delta) * z
    density_ratio = rules.take_the_logarithm(sp.log(channel) - sp.log(density)).subs(x, forward)
    proof = proof.define(
        "information_density",
        sp.Symbol("i"),
        density_ratio,
        "Information density of one coordinate, x = e^{-t} a + sqrt(Delta) z",
        "Shannon; Polyanskiy, Poor, Verdu 2010",
    )
    noise, at = c.normal_density(z, sp.S.One), {a: (-2.0, 2.0)}
    proof = proof.then(
        rules.average_of_logarithm,
        LineIntegral(density_ratio * noise, z),
        name="mean_density_given_datum",
        title="Its mean over the noise",
        domains=at,
    )
    proof = proof.then(
        rules.average_of_logarithm,
        LineIntegral(proof["mean_density_given_datum"] * law, a),
        name="mean_density_in_time",
        title="Its mean over noise and datum",
    )
    proof = proof.then(
        rules.rewrite, proof["mean_density_in_time"], target=info, name="mean_information_density", title="That mean is the information"
    )
    proof = proof.then(
        rules.complete_the_square,
        LineIntegral((density_ratio - proof["mean_density_in_time"]) ** 2 * noise, z),
        name="square_given_datum",
        title="Mean square deviation from the mean, over the noise",
        domains=at,
    )
    proof = proof.then(
        rules.complete_the_square,
        LineIntegral(proof["square_given_datum"] * law, a),
        name="dispersion_in_time",
        title="The same over noise and datum",
    )
    return proof.then(in_snr, proof["dispersion_in_time"], name="dispersion", title="Dispersion V: variance of the information density")
