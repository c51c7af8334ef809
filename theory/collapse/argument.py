"""Collapse, derived once for every model from the law of its data: a random energy model with one function g(lambda).

Each family of laws provides the energy cumulant function g and what follows from the same averages (steps `energy_cumulant`, `energy`,
`selected_rate`, `information`, `onset_cumulant`); everything below is the same for all.

Source of the argument: Biroli, Bonnaire, de Bortoli, Mezard, arXiv:2402.18491; Derrida, Phys. Rev. B 24, 2613 (1981).
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from regimes.theory.collapse.effort import Effort
from regimes.theory.conventions import alpha, eps, gamma, lam, m, m_star, t, tilt, v
from regimes.theory.derivations import Derivation
from regimes.theory.params import ALPHA, TILT
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LargestRoot, LineIntegral

_SNR = sp.Symbol("gamma_c", positive=True)

Move = Callable[[Derivation], Derivation]
"""The derivation with more steps."""


def tilt_as_root(proof: Derivation) -> Derivation:
    other = sp.Symbol("ell", positive=True)
    return proof.define(
        "tilt",
        tilt,
        LargestRoot(proof["energy"].subs(lam, other) - eps, other, 0, sp.oo),
        "Tilt that selects the energy eps; none above the mean energy of the levels",
        "the selected energy decreases with the tilt, as g is convex",
        insert=True,
    )


def _rate_function(proof: Derivation, effort: Effort) -> Derivation:
    g, selected, rate = proof["energy_cumulant"], proof["energy"], proof["selected_rate"]
    at = {lam: TILT.typical}
    other = sp.Symbol("ell", positive=True)
    objective = -g.subs(lam, other) - other * selected
    title = "-g(l) - l eps is largest at the tilt that selects eps: the Legendre transform"
    if effort.extrema:
        proof = proof.extremum(
            lam,
            objective,
            other,
            name="legendre",
            title=title,
            curvature=-1,
            interval=(lam / 4, 2 * lam),
            rule=rules.given_tilt,
            domains={lam: (0.2, 1.5)},
            points=effort.extrema,
            digits=effort.digits,
        )
    elif effort.evaluated:
        slope = sp.Subs(sp.Derivative(objective, other), other, lam)
        proof = proof.then(rules.differentiate, slope, name="legendre", title=title, domains=at, **effort.identity)
    proof = effort.claim(
        proof,
        objective.subs(other, lam),
        target=rate,
        name="legendre_value",
        title="Its largest value",
        domains=at,
    )
    proof = proof.define(
        "rate_function",
        sp.Symbol("f(eps)"),
        rate.subs(lam, tilt if tilt in proof.definitions else proof["tilt"]),
        "Rate function: exponent of the density of levels at energy eps",
        "Legendre transform of g",
    )
    return effort.claim(
        proof,
        sp.Derivative(rate, lam),
        target=-lam * sp.diff(selected, lam),
        name="inverse_legendre",
        title="Along the tilt df = -lambda d(eps): the slope of the rate function is minus the tilt",
        domains=at,
    )


def _replica_symmetry_breaking(proof: Derivation, effort: Effort) -> Derivation:
    g, info, rate = proof["energy_cumulant"], proof["information"], proof["selected_rate"]
    give = {alpha: ALPHA.typical}
    below = {lam: (0.1, 0.9)}
    proof = proof.define(
        "annealed_free_energy", sp.Symbol("psi_ann"), alpha + g.subs(lam, 1), "Annealed free energy of the levels", "Derrida 1981"
    )
    free = (alpha + g.subs(lam, m)) / m
    proof = proof.define(
        "rsb_free_energy",
        sp.Symbol("psi(m)"),
        free,
        "One-step replica-symmetry-breaking free energy, to be minimised over 0 < m <= 1",
        "Gross, Mezard 1984; Derrida 1981",
    )
    proof = effort.claim(
        proof,
        -(m**2) * sp.Derivative(free, m),
        target=alpha - rate.subs(lam, m),
        name="rsb_condition",
        title="Stationarity in m, times -m^2: the rate function at the energy that m selects equals alpha",
        domains={**give, m: (0.1, 1.0)},
    )
    if effort.extrema:
        proof = proof.extremum(
            lam,
            free.subs(alpha, rate),
            m,
            name="rsb_minimum",
            title="It is a minimum: the only one, for the alpha whose stationary point is lambda",
            curvature=1,
            interval=(m / 50, 1 + m / 7),
            rule=rules.given_tilt,
            domains=below,
            points=effort.extrema,
            digits=effort.digits,
        )
    root = LargestRoot(proof["rsb_condition"], m, 0, 1)
    proof = proof.define(
        "rsb_parameter", sp.Symbol("m^*"), root, "The minimiser m*: below one in the glass, one in the liquid", "stationarity above"
    )
    proof = proof.define("m_star", m_star, root, "Short for the minimiser", "stationarity above", insert=True)
    proof = proof.define("free_energy", sp.Symbol("psi"), free.subs(m, m_star), "Free energy of the levels", "minimum over m")
    proof = effort.claim(
        proof,
        free.subs({m: lam, alpha: rate}),
        target=-proof["energy"],
        name="condensed_free_energy",
        title="In the glass the free energy is minus the lowest energy, psi = -eps(m*), where the rate function equals alpha",
        domains=below,
    )
    proof = proof.define(
        "participation_ratio",
        sp.Symbol("Y"),
        1 - m_star,
        "Participation ratio of the levels, E sum w^2 = 1 - m*",
        "Poisson-Dirichlet law; Derrida 1981",
    )
    return effort.claim(
        proof,
        proof["rsb_condition"].subs(m, 1),
        target=alpha - info,
        name="condensation",
        title="m* = 1 exactly where alpha = I(t): condensation, collapse and volume argument are one statement",
        domains=give,
    )


def _clock(proof: Derivation) -> Derivation:
    return proof.solve(
        rules.solve,
        (1 / (sp.exp(2 * t) - 1), _SNR),
        t,
        name="clock",
        title="Time at which the signal-to-noise ratio is gamma_c",
        where=lambda u: u > 0,
        domains={_SNR: (0.1, 5.0)},
    )


def collapse_as_root(proof: Derivation) -> Derivation:
    return proof.define(
        "collapse_root",
        sp.Symbol("t_C"),
        proof["clock"].subs(_SNR, LargestRoot(proof["condensation"], gamma, 0, sp.oo)),
        "Collapse time: there is none if the information never reaches alpha",
        "condensation above; the information increases with the signal-to-noise ratio",
    )


def _critical_times(proof: Derivation, effort: Effort) -> Derivation:
    g, clock = proof["energy_cumulant"], proof["clock"]
    second = g.subs(lam, 2) - 2 * g.subs(lam, 1)
    proof = effort.claim(
        proof,
        second,
        target=g.subs(lam, 2) + 1 + 2 * proof["information"] if "collapse_time" not in proof else rules.tidy(second),
        name="second_moment",
        title="Exponent of E Z^2/(E Z)^2: the empirical score is accurate while alpha is larger",
    )
    proof = proof.define(
        "accuracy_time",
        sp.Symbol("t_A"),
        clock.subs(_SNR, LargestRoot(alpha - proof["second_moment"], gamma, 0, sp.oo)),
        "Accuracy time: second moment of the partition function stops being finite",
        "arXiv:2402.18491, theory of the empirical score",
    )
    return proof.define(
        "onset_time",
        sp.Symbol("t_O"),
        clock.subs(_SNR, LargestRoot(alpha + proof["onset_cumulant"].subs(lam, 1), gamma, 0, sp.oo)),
        "Onset time: a datum dominates at its own position",
        "condition alpha + g(1) = 0 seen from the datum",
    )


def _finite_size(proof: Derivation) -> Derivation:
    proof = proof.conjecture(
        "excess_entropy",
        sp.Max(alpha - proof["information"], 0),
        "Excess entropy density of the empirical law at leading order",
        covered_by="excess-entropy",
        reference="arXiv:2402.18491",
    )
    total = sp.Symbol("Z", positive=True)
    integrand = sp.exp(-sp.exp(v)) - sp.exp(-total * sp.exp(v))
    return proof.then(
        rules.rewrite,
        LineIntegral(integrand, v),
        target=sp.log(total),
        name="frullani",
        title="log Z as an integral over Laplace transforms (s = e^v): the exact law at finite n and d",
        domains={total: (0.2, 5.0)},
    )


def collapse_argument(proof: Derivation, effort: Effort, tilt: Move = tilt_as_root, collapse: Move = collapse_as_root) -> Derivation:
    """All that follows from the energy cumulant function, the information and the onset of a family's levels.

    Parameters
    ----------
    proof : Derivation
        Holds ``energy_cumulant``, ``energy``, ``selected_rate``, ``information`` and ``onset_cumulant``.
    effort : Effort
        What checks that evaluate them may cost.
    tilt, collapse : callable, optional
        Steps of a family that solves for the tilt of an energy, or for the collapse time; both are roots otherwise.
    """
    proof = _rate_function(tilt(proof), effort)
    proof = _clock(_replica_symmetry_breaking(proof, effort))
    return _finite_size(_critical_times(collapse(proof), effort))
