"""Energy levels of data with independent coordinates: the scalar channel x = sqrt(gamma) a + z, averaged over a and z.

What holds given x is checked given x, where the averages over the prior are sums, closed or single integrals; what holds on average
over x is checked between the plain averages and the forms that are computed.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from regimes.theory import conventions as c
from regimes.theory.channel.forward import snr, standard_channel, start
from regimes.theory.channel.information_functions import (
    ScalarCumulant,
    ScalarDispersion,
    ScalarEnergy,
    ScalarEnergyVariance,
    ScalarInformation,
    ScalarMmse,
    ScalarOnset,
    ScalarRate,
)
from regimes.theory.channel.prior import PriorAverage, ScalarPrior, components, log_transform
from regimes.theory.collapse.effort import Effort
from regimes.theory.conventions import Delta, a, gamma, lam, x
from regimes.theory.derivations import Derivation
from regimes.theory.laws.product.law import Product
from regimes.theory.model import DataModel
from regimes.theory.params import TILT
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LineIntegral

_AT = {x: (-2.0, 2.0), lam: TILT.typical}
_CHI = sp.Symbol("chi")


def product_levels(model: DataModel, law: Product) -> tuple[Derivation, Effort]:
    """Energy cumulant function, information and onset of a product law."""
    prior = ScalarPrior.of(law.atoms, law.pieces)
    proof = snr(start(model, "collapse"))
    effort = effort_for(prior)
    proof = standard_channel(proof)
    proof = _law(proof, model, law, prior)
    proof = given_output(proof, prior)
    proof = averaged_over_output(proof, prior, effort)
    proof = information_of_prior(proof, prior, effort)
    proof = _onset(proof, prior)
    return proof, effort


def effort_for(prior: Any) -> Effort:
    """Sums and single integrals are cheap, integrals of special functions dearer, integrals within integrals dear."""
    if prior.nested:
        return Effort(points=1, digits=8, extrema=0)
    return Effort(points=2, digits=15, extrema=1) if prior.discrete else Effort(points=1, digits=15, extrema=0)


def _law(proof: Derivation, model: DataModel, law: Product, prior: Any) -> Derivation:
    density = sum((atom.weight * sp.DiracDelta(a - atom.place) for atom in law.atoms), sp.S.Zero)
    density += sum((piece.weight * piece.density for piece in law.pieces), sp.S.Zero)
    proof = proof.define("law", sp.Symbol("p(a)"), density, "One coordinate of a datum: the prior", model.source)
    return proof.then(
        rules.rewrite, PriorAverage(prior, sp.S.One), target=sp.S.One, name="law_mass", title="The prior is a probability law"
    )


def given_output(proof: Derivation, prior: Any) -> Derivation:
    """Identities that hold at every x."""
    level, parts = proof["level"], components(prior)
    transform = PriorAverage(prior, sp.exp(-lam * level))
    chi = log_transform(parts, gamma, lam)
    proof = proof.define(
        "level_transform", _CHI, transform, "Laplace transform of a level's energy given x, per coordinate", "the levels are the other data"
    )
    proof = proof.then(
        rules.rewrite,
        sp.log(transform),
        target=chi,
        name="log_level_transform",
        title="Its logarithm: that of its first part, and what the others add; Gaussian integrals by completing the square",
        domains=_AT,
    )
    tilted = [PriorAverage(prior, level**k * sp.exp(-lam * level)) / transform for k in (1, 2)]
    for name, order, target, title in (
        ("energy_given_output", 1, -tilted[0], "Its slope is minus the mean energy of the tilted levels"),
        ("fluctuation_given_output", 2, tilted[1] - tilted[0] ** 2, "Its curvature is their variance, so that g is convex"),
    ):
        proof = proof.then(rules.rewrite, sp.diff(chi, lam, order), target=target, name=name, title=title, domains=_AT)
    density = PriorAverage(prior, sp.exp(-level) / sp.sqrt(2 * sp.pi))
    log_density = chi.subs(lam, 1) - sp.log(2 * sp.pi) / 2
    at = {x: (-2.0, 2.0)}
    proof = proof.then(
        rules.rewrite,
        density,
        target=sp.exp(log_density),
        name="forward_density",
        title="Density of x: the Laplace transform at tilt 1",
        domains=at,
    )
    posterior = [PriorAverage(prior, a**k * sp.exp(-level)) / transform.subs(lam, 1) for k in (1, 2)]
    for name, order, target, title in (
        ("score", 1, sp.sqrt(gamma) * posterior[0] - x, "Score: the posterior mean of the datum"),
        ("posterior_variance", 2, gamma * (posterior[1] - posterior[0] ** 2) - 1, "Its slope: the posterior variance"),
    ):
        proof = proof.then(rules.rewrite, sp.diff(log_density, x, order), target=target, name=name, title=title, domains=at)
    planted = PriorAverage(prior, sp.exp(-(lam + 1) * level)) / transform.subs(lam, 1)
    return proof.then(
        rules.rewrite,
        planted,
        target=sp.exp(chi.subs(lam, lam + 1) - chi.subs(lam, 1)),
        name="planted_tilt",
        title="By Bayes' rule the level of the datum behind x is another level, tilted by one",
        domains=_AT,
    )


def averaged_over_output(proof: Derivation, prior: Any, effort: Effort) -> Derivation:
    """The energy cumulant function and its derivatives."""
    tilted = {lam: TILT.typical}
    density, transform = proof.step("forward_density").left, proof["level_transform"]
    g = ScalarCumulant(prior, gamma, lam)
    proof = proof.then(
        rules.rewrite,
        LineIntegral(density * sp.log(transform), x),
        target=g,
        name="energy_cumulant",
        title="Energy cumulant function g: the mean over x concentrates",
        domains=tilted,
        **plain(prior),
    )
    proof = proof.then(
        rules.rewrite,
        -sp.Derivative(g, lam),
        target=ScalarEnergy(prior, gamma, lam),
        name="energy",
        title="Energy selected by the tilt lambda",
        domains=tilted,
        **effort.identity,
    )
    if not prior.nested:
        proof = proof.then(
            rules.rewrite,
            -sp.Derivative(ScalarEnergy(prior, gamma, lam), lam),
            target=ScalarEnergyVariance(prior, gamma, lam),
            name="fluctuation",
            title="It decreases: minus its slope is a variance",
            domains=tilted,
            **effort.identity,
        )
    proof = proof.then(
        rules.rewrite,
        proof["energy"].subs(lam, 1),
        target=sp.S.Half,
        name="nishimori",
        title="Nishimori identity: the planted level has the typical energy of tilt 1",
        **effort.identity,
    )
    return proof.then(
        rules.rewrite,
        lam * sp.diff(g, lam) - g,
        target=ScalarRate(prior, gamma, lam),
        name="selected_rate",
        title="Rate function at that energy, lambda g' - g: mean relative entropy of the tilted prior",
        domains=tilted,
        **effort.identity,
    )


def plain(prior: Any) -> dict[str, Any]:
    """Checks against the plain average over x, in which densities are integrals."""
    return {"points": 5, "digits": 20} if prior.discrete else {"points": 1, "digits": 8}


def information_of_prior(proof: Derivation, prior: Any, effort: Effort) -> Derivation:
    """Entropy, information, I-MMSE relation and dispersion."""
    g, density = proof["energy_cumulant"], proof.step("forward_density").left
    in_time = sp.log(2 * sp.pi * Delta) / 2 - g.subs(lam, 1)
    proof = proof.then(
        rules.rewrite,
        LineIntegral(-density * sp.log(density), x) + sp.log(Delta) / 2,
        target=in_time,
        name="entropy",
        title="Differential entropy per dimension, from its definition: s = log(2 pi Delta)/2 - g(1)",
        **plain(prior),
    )
    info = ScalarInformation(prior, gamma)
    proof = proof.then(
        rules.rewrite,
        in_time - sp.log(2 * sp.pi * Delta) / 2 - sp.S.Half,
        target=info,
        name="information",
        title="Information per dimension, I = s - log(2 pi e Delta)/2 = -1/2 - g(1)",
        **effort.identity,
    )
    proof = proof.define(
        "mmse", sp.Symbol("mmse"), ScalarMmse(prior, gamma), "Mean squared error of the posterior mean", "posterior variance above"
    )
    free = sp.Symbol("gamma_", positive=True)
    proof = proof.then(
        rules.rewrite,
        sp.Subs(sp.Derivative(info.subs(gamma, free), free), free, gamma),
        target=proof["mmse"] / 2,
        name="i_mmse",
        title="I-MMSE relation dI/dgamma = mmse/2: information is increasing",
        **effort.identity,
    )
    noise = sp.exp(-proof["level"]) / sp.sqrt(2 * sp.pi)
    ratio = -proof["level"] - log_transform(components(prior), gamma, lam).subs(lam, 1)
    proof = proof.define(
        "information_density",
        sp.Symbol("i"),
        ratio,
        "Information density of one coordinate: log of the channel over the density of x",
        "Shannon; Polyanskiy, Poor, Verdu 2010",
    )
    second = LineIntegral(PriorAverage(prior, noise * ratio**2), x) - info**2
    return proof.then(
        rules.rewrite,
        second,
        target=ScalarDispersion(prior, gamma),
        name="dispersion",
        title="Dispersion V: variance of the information density, mean square minus square of the mean",
        **plain(prior),
    )


def _onset(proof: Derivation, prior: Any) -> Derivation:
    seen = sp.log(PriorAverage(prior, sp.exp(-lam * proof["level"]))).subs(x, sp.sqrt(gamma) * c.y)
    proof = proof.then(
        rules.rewrite,
        PriorAverage(prior, seen, c.y),
        target=ScalarOnset(prior, gamma, lam),
        name="onset_cumulant",
        title="Energy cumulant function seen from a datum",
        domains={lam: TILT.typical},
        **plain(prior),
    )
    if not prior.discrete:
        return proof
    weights = [w for w, _ in prior.atoms_of_mass]
    return proof.define(
        "prior_entropy",
        sp.Symbol("h_0"),
        -sum(w * sp.log(w) for w in weights),
        "Entropy of the prior: the information stays below it, and for a larger alpha there is no collapse",
        "Shannon",
    )
