"""The Marchenko-Pastur spectrum: its resolvent from a quadratic equation, and its information in closed form."""

from __future__ import annotations

from typing import Any

import sympy as sp

from regimes.theory.conventions import gamma, omega
from regimes.theory.derivations import Derivation
from regimes.theory.symbolic import rules

SOURCE = "Marchenko, Pastur, Math. USSR Sb. 1, 457 (1967); Tulino, Verdu, Random Matrix Theory and Wireless Communications (2004)"


def closed_information(proof: Derivation, average: Any) -> Derivation:
    """From `average(f)`, the mean of f(omega) over the spectrum of mean sigma^2 and ratio r.

    With s = gamma sigma^2, eta = mean of 1/(1 + gamma omega) solves a quadratic equation; the functional
    J = log(1 + s tau) + r log(1 + s eta/r) - s eta tau is stationary at eta and its partner tau = 1/(1 + s eta/r), so that
    its slope is that of the mean of log(1 + gamma omega), and both vanish at s = 0.
    """
    ratio, sigma = sp.Symbol("ratio", positive=True), sp.Symbol("sigma", positive=True)
    s = gamma * sigma**2
    eta, tau = sp.Symbol("eta", positive=True), sp.Symbol("tau", positive=True)
    resolvent = average(1 / (1 + gamma * omega))
    proof = proof.define(
        "resolvent_partner", tau, 1 / (1 + s * eta / ratio), "The same average for F^T F instead of F F^T, as a function of eta", SOURCE
    )
    equation = eta * (1 + s * tau) - 1
    proof = proof.then(
        rules.rewrite,
        equation.subs(tau, proof["resolvent_partner"]).subs(eta, resolvent) + 1,
        target=sp.S.One,
        name="resolvent_equation",
        title="Self-consistent equation of the resolvent eta = mean of 1/(1 + gamma omega), quadratic in eta",
    )
    proof = proof.solve(
        rules.solve,
        (equation.subs(tau, proof["resolvent_partner"]), sp.S.Zero),
        eta,
        name="resolvent",
        title="Its positive solution",
        where=lambda u: u > 0,
    )
    closed = proof["resolvent"]
    proof = proof.then(
        rules.rewrite, resolvent, target=closed, name="resolvent_branch", title="That solution is the average over the spectrum"
    )
    functional = sp.log(1 + s * tau) + ratio * sp.log(1 + s * eta / ratio) - s * eta * tau
    proof = proof.define("functional", sp.Symbol("J"), functional, "A functional whose stationary value is wanted", "Legendre structure")
    at = {eta: closed, tau: proof["resolvent_partner"].subs(eta, closed)}
    for name, variable in (("eta", eta), ("tau", tau)):
        proof = proof.then(
            rules.rewrite,
            sp.Subs(sp.Derivative(functional, variable), (eta, tau), (at[eta], at[tau])),
            target=sp.S.Zero,
            name=f"functional_{name}",
            title=f"It is stationary in {name} at the resolvent",
        )
    proof = proof.then(
        rules.rewrite,
        sp.Subs(sp.Derivative(functional, gamma), (eta, tau), (at[eta], at[tau])),
        target=(1 - closed) / gamma,
        name="functional_slope",
        title="So its slope is the explicit one, which is that of the mean of log(1 + gamma omega): (1 - eta)/gamma",
    )
    proof = proof.then(
        rules.rewrite,
        average(omega / (1 + gamma * omega)),
        target=(1 - closed) / gamma,
        name="logarithm_slope",
        title="The slope of the mean of log(1 + gamma omega)",
    )
    return proof.then(
        rules.rewrite,
        proof["information"],
        target=functional.subs(tau, at[tau]).subs(eta, closed) / 2,
        name="information_closed",
        title="Information in closed form: half the functional, as both vanish with gamma",
    )
