"""The forward process of one coordinate: channel, law, density, score, Fokker-Planck equation."""

from __future__ import annotations

from typing import Any

import sympy as sp

from regimes.theory import conventions as c
from regimes.theory.channel.prior import level_energy
from regimes.theory.conventions import Delta, a, decay, gamma, t, x
from regimes.theory.derivations import Derivation
from regimes.theory.errors import DerivationError
from regimes.theory.model import DataModel
from regimes.theory.params import ALPHA, ENERGY, TILT, TIME
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LineIntegral

CHANNEL_SOURCE = "Ornstein-Uhlenbeck process dX = -X dt + sqrt(2) dW"


def start(model: DataModel, kind: str) -> Derivation:
    """The channel."""
    domains = {p.symbol: p.typical for p in (*model.params, TIME)}
    names = {p.symbol: p.latex for p in (*model.params, TIME, TILT, ALPHA, ENERGY)}
    names |= c.LATEX
    proof = Derivation(model.name, kind, f"{kind} of {model.doc}", domains, names)
    proof = proof.define("decay", decay, c.CHANNEL[decay], "Decay of the datum up to time t", CHANNEL_SOURCE, insert=True)
    proof = proof.define("noise_variance", Delta, c.CHANNEL[Delta], "Noise variance at time t", CHANNEL_SOURCE, insert=True)
    return proof.define("channel", sp.Symbol("p(x|a)"), c.noise_density(x, a), "One coordinate of the forward channel", CHANNEL_SOURCE)


def snr(proof: Derivation) -> Derivation:
    """The signal-to-noise ratio as a function of time."""
    title = "Signal-to-noise ratio: the only way in which time enters"
    return proof.define("snr", gamma, c.CHANNEL[gamma], title, CHANNEL_SOURCE, insert=True)


def standard_channel(proof: Derivation) -> Derivation:
    """The channel in units of the noise: x_t = sqrt(Delta) x."""
    proof = proof.define(
        "level", sp.Symbol("E"), level_energy(gamma), "Energy of a level: one coordinate's part, x = x_t/sqrt(Delta)", "Derrida 1981"
    )
    in_time = (sp.sqrt(Delta) * x - decay * a) ** 2 / (2 * Delta)
    proof = proof.then(
        rules.rewrite,
        in_time,
        target=proof["level"],
        name="standard_channel",
        title="In units of the noise the channel is x = sqrt(gamma) a + z",
        domains={x: (-2.0, 2.0), a: (-2.0, 2.0)},
    )
    noise = sp.exp(-proof["level"]) / sp.sqrt(2 * sp.pi)
    return proof.then(
        rules.complete_the_square,
        LineIntegral(noise * proof["level"], x),
        name="nishimori_given_datum",
        title="Energy of the planted level, given its datum",
        domains={a: (-2.0, 2.0)},
    )


def gaussian_coordinate(proof: Derivation, var: Any, title: str, reference: str) -> Derivation:
    """The law of a centred Gaussian coordinate of variance `var`."""
    return proof.define("law", sp.Symbol("p(a)"), c.normal_density(a, var), title, reference)


def forward_density(proof: Derivation) -> Derivation:
    """Density, score and Fokker-Planck equation of a Gaussian coordinate with the law of step `law`."""
    at = {x: (-2.0, 2.0)}
    proof = proof.then(
        rules.complete_the_square,
        LineIntegral(proof["law"] * proof["channel"], a),
        name="forward_density",
        title="Density of one noised coordinate",
        domains=at,
    )
    density = proof["forward_density"]
    proof = proof.then(
        rules.differentiate,
        sp.Derivative(sp.expand_log(sp.log(density), force=True), x),
        name="score",
        title="Score of one coordinate",
        domains=at,
    )
    return proof.then(
        rules.fokker_planck,
        fokker_planck(density, x),
        name="fokker_planck",
        title="The forward density solves the Fokker-Planck equation",
        log_density=rules.take_the_logarithm(sp.log(density)).subs(IN_TIME),
        variable=x,
        domains=at,
    )


IN_TIME = {Delta: 1 - sp.exp(-2 * t), decay: sp.exp(-t)}


def fokker_planck(density: Any, u: Any) -> Any:
    """dP/dt - d(uP)/du - d^2P/du^2 of one coordinate u, unevaluated: zero for a solution."""
    explicit = density.subs(IN_TIME)
    return sp.Derivative(explicit, t) - sp.Derivative(u * explicit, u) - sp.Derivative(explicit, u, u)


def in_snr(expr: Any) -> Any:
    """Insert e^{-t} = sqrt(gamma Delta); Delta cancels."""
    result = rules.tidy(expr.subs(decay, sp.sqrt(gamma * Delta)))
    if result.has(Delta) or result.has(decay):
        raise DerivationError(f"time enters {expr} otherwise than through the signal-to-noise ratio")
    return result
