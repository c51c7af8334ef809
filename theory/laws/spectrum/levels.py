"""Energy levels of Gaussian data with a covariance spectrum: one coordinate of variance omega, then the average over the spectrum."""

from __future__ import annotations

from typing import Any

import sympy as sp

from regimes.theory import conventions as c
from regimes.theory.channel.forward import gaussian_coordinate, start
from regimes.theory.collapse.effort import Effort
from regimes.theory.collapse.gaussian import gaussian_levels
from regimes.theory.conventions import Delta, gamma, lam, omega, x
from regimes.theory.derivations import Derivation
from regimes.theory.laws.spectrum.law import Curve, GaussianSpectrum
from regimes.theory.model import DataModel
from regimes.theory.params import TILT
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LineIntegral, interval_integral
from regimes.theory.symbolic.functions import elementary

ROTATION = "the covariance is diagonal in its eigenvectors: rotated coordinates are independent, and noise stays noise"


def spectrum_levels(model: DataModel, law: GaussianSpectrum) -> tuple[Derivation, Effort]:
    """Energy cumulant function, information and onset: spectral averages of those of one rotated coordinate."""
    first = start(model, "collapse").drawing({omega: (0.1, 4.0)}, {omega: r"\omega"})
    proof = gaussian_coordinate(first, omega, "One coordinate in the frame of the covariance's eigenvectors, of variance omega", ROTATION)
    proof = gaussian_levels(proof).prefixed("mode_", after=first)
    proof = _null_coordinate(proof)
    at = {lam: TILT.typical}
    effort = Effort(points=2, digits=15, extrema=1) if law.curves else Effort()

    def averaged(proof: Derivation, name: str, title: str) -> Derivation:
        return proof.define(name, sp.Symbol(name), spectral_average(law, proof[f"mode_{name}"]), title, "the law of large numbers")

    proof = _normalised(proof, law)
    proof = averaged(proof, "energy_cumulant", "Energy cumulant function g: log Laplace transforms of independent coordinates add up")
    g = proof["energy_cumulant"]
    proof = proof.then(
        rules.rewrite,
        -sp.Derivative(g, lam),
        target=spectral_average(law, proof["mode_energy"]),
        name="energy",
        title="Energy selected by the tilt lambda",
        domains=at,
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
    proof = proof.then(
        rules.rewrite,
        lam * sp.Derivative(g, lam) - g,
        target=spectral_average(law, proof["mode_selected_rate"]),
        name="selected_rate",
        title="Rate function at that energy, lambda g' - g, without cancellation",
        domains=at,
        **effort.identity,
    )
    proof = averaged(proof, "information", "Information per dimension")
    proof = proof.then(
        rules.rewrite,
        sp.log(2 * sp.pi * Delta) / 2 - g.subs(lam, 1),
        target=proof["information"] + sp.log(2 * sp.pi * Delta) / 2 + sp.S.Half,
        name="entropy",
        title="Differential entropy per dimension, s = log(2 pi Delta)/2 - g(1) = I + log(2 pi e Delta)/2",
        **effort.identity,
    )
    proof = proof.then(
        rules.rewrite,
        spectral_average(law, proof["mode_entropy_in_time"]),
        target=proof["entropy"],
        name="entropy_in_time",
        title="The same entropy as the average of those of the coordinates",
        **effort.identity,
    )
    proof = averaged(proof, "mmse", "Mean squared error of the posterior mean, per dimension")
    free = sp.Symbol("gamma_", positive=True)
    proof = proof.then(
        rules.rewrite,
        sp.Subs(sp.Derivative(proof["information"].subs(gamma, free), free), free, gamma),
        target=proof["mmse"] / 2,
        name="i_mmse",
        title="I-MMSE relation dI/dgamma = mmse/2: information is increasing",
        **effort.identity,
    )
    proof = averaged(proof, "dispersion", "Dispersion V: variances of independent information densities add up")
    proof = averaged(proof, "onset_cumulant", "Energy cumulant function seen from a datum")
    return law.closed_information(proof, lambda f: spectral_average(law, f)), effort


def spectral_average(law: GaussianSpectrum, f: Any) -> Any:
    """Mean of f(omega) over the spectrum: a sum over atoms and integrals over curves, in forms that neither end of a curve spoils."""
    u = Curve.variable()
    total = sum((atom.weight * f.subs(omega, atom.place) for atom in law.atoms), sp.S.Zero)
    for curve in law.curves:
        total += curve.weight * interval_integral(_over_denominator(f, curve.eigenvalue) * curve.density, u, sp.S.Zero, sp.S.One)
    return total


def _over_denominator(f: Any, eigenvalue: Any) -> Any:
    """f at a fraction p/q: logarithms of polynomials in omega become differences, the rest a quotient, finite where q vanishes."""
    p, q = sp.fraction(sp.together(sp.powdenest(eigenvalue)))
    if q.is_number or not q.has(Curve.variable()):
        return f.subs(omega, eigenvalue)
    top, bottom = sp.Symbol("p", positive=True), sp.Symbol("q", positive=True)
    at = sp.expand_log(elementary(f).replace(sp.log, lambda w: sp.log(sp.factor(sp.together(w.subs(omega, top / bottom))))))
    at = at.subs(omega, top / bottom)
    logs = {w: sp.Dummy("log", real=True) for w in at.atoms(sp.log)}
    whole = sp.Add(*(sp.factor(term) for term in sp.Add.make_args(sp.expand(at.xreplace(logs)))))
    return sp.expand_log(whole.xreplace({name: w for w, name in logs.items()}).subs({top: p, bottom: q}))


def _null_coordinate(proof: Derivation) -> Derivation:
    """A coordinate without variance is pure noise: the formulas hold there by continuity."""
    energy = x**2 / (2 * Delta)
    return proof.then(
        rules.complete_the_square,
        LineIntegral(-lam * energy * c.normal_density(x, Delta), x),
        name="null_coordinate",
        title="A coordinate of variance zero is noise alone: the energy cumulant function at omega = 0",
        domains={lam: TILT.typical},
    ).then(
        rules.rewrite,
        proof["mode_energy_cumulant"].subs(omega, 0),
        target=-lam / 2,
        name="null_continuity",
        title="The formula of a coordinate gives the same at omega = 0",
        domains={lam: TILT.typical},
    )


def _normalised(proof: Derivation, law: GaussianSpectrum) -> Derivation:
    for name, f, target, title in (
        ("spectrum_mass", sp.S.One, sp.S.One, "The spectrum is a probability law"),
        ("spectrum_mean", omega, sp.Symbol("sigma", positive=True) ** 2, "Its mean is sigma^2"),
    ):
        proof = proof.then(rules.rewrite, spectral_average(law, f), target=target, name=name, title=title)
    return proof
