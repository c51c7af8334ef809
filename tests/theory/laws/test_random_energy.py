"""The derivation of the random energy model: verified, and equal to statements made otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import pytest
import sympy as sp

from regimes.theory.conventions import m, m_star
from regimes.theory.derivations import Derivation
from regimes.theory.errors import DerivationError
from regimes.theory.laws.random_energy import levels as random_energy
from regimes.theory.laws.random_energy.levels import by_parts_then_gamma, derive_random_energy, gamma_integral
from regimes.theory.model import get_model
from regimes.theory.symbolic.averages import LineIntegral
from regimes.theory.symbolic.evaluate import value

MODEL = get_model("random-energy-model")
VARIANCE, BETA = (p.symbol for p in MODEL.params)
x, s = sp.Symbol("x", real=True), sp.Symbol("s", positive=True)


@pytest.fixture(scope="module")
def proof() -> Derivation:
    return derive_random_energy(MODEL, MODEL.symbolic_law()).verify()


def test_every_step_holds_and_names_its_source(proof: Derivation) -> None:
    assert proof.verified, [step.outcome for step in proof.failures]
    assert all(step.outcome and step.outcome.error <= 1e-30 for step in proof if step.kind == "identity")
    assert all(step.reference for step in proof if step.kind == "definition")


def test_every_style_renders_every_step(proof: Derivation) -> None:
    for style in ("text", "latex", "html", "markdown", "json"):
        assert proof.render(style).count("free_energy" if style == "json" else "ree energy") >= 4


@pytest.mark.parametrize(("variance", "beta"), [("0.4", "0.5"), ("0.4", "3.1"), ("2.5", "0.7"), ("2.5", "0.8")])
def test_free_energy_is_the_largest_of_entropy_less_energy(proof: Derivation, variance: str, beta: str) -> None:
    """Laplace's method over the levels, psi = max [log 2 - e^2/(2v) - beta e] where the bracket's entropy is positive: no replicas."""
    with mp.workdps(40):
        v, b = mp.mpf(variance), mp.mpf(beta)
        best = -min(v * b, mp.sqrt(2 * v * mp.log(2)))
        direct = mp.log(2) - best**2 / (2 * v) - b * best
        at = {VARIANCE: v, BETA: b}
        at[m_star] = value(proof["m_star"], at)
        assert abs(value(proof["free_energy"], at) - direct) < mp.mpf(10) ** -30
        phase = "glass" if b * b * v > 2 * mp.log(2) else "liquid"
        assert abs(value(proof[f"{phase}_energy"], at) - best) < mp.mpf(10) ** -30
        assert abs(value(proof[f"{phase}_entropy"], at) - (mp.log(2) - best**2 / (2 * v))) < mp.mpf(10) ** -30
        assert abs(value(proof["participation_ratio"], at) - max(0, 1 - mp.sqrt(2 * mp.log(2) / v) / b)) < mp.mpf(10) ** -30


def test_condensation_is_where_the_entropy_of_the_liquid_ends(proof: Derivation) -> None:
    assert sp.solve(proof["liquid_entropy"], BETA) == [proof["condensation_beta"]]
    assert proof["heat_jump"] == VARIANCE


def test_participation_moments_are_those_of_the_poisson_dirichlet_law(proof: Any) -> None:
    """By size-biased picks (Pitman and Yor 1997): E Y^2 = E[V Y] with Y = V^2 + (1-V)^2 Y', V ~ Beta(1-m, m), Y' of PD(m, m)."""

    def pick(power: Any, rest: Any, first: Any, second: Any) -> Any:  # E[V^power (1-V)^rest], V ~ Beta(first, second)
        return sp.beta(first + power, second + rest) / sp.beta(first, second)

    later = pick(1, 0, 1 - m, 2 * m)  # E Y', by the first pick of PD(m, m)
    for share in (sp.Rational(1, 5), sp.Rational(1, 2), sp.Rational(7, 8)):
        mean, square = (proof[name].subs(m, share) for name in ("poisson_dirichlet", "participation_square"))
        assert mean == 1 - share
        expected = pick(3, 0, 1 - m, m) + pick(1, 2, 1 - m, m) * later
        assert abs(sp.N((expected - square).subs(m, share), 30)) < sp.Float(10) ** -28


@pytest.mark.parametrize("rate", [sp.S.One, s, -s])
def test_gamma_integrals_are_what_quadrature_finds(rate: Any) -> None:
    integral = LineIntegral(3 * sp.exp(2 * rate * x) * sp.exp(-5 * sp.exp(rate * x)), x)
    with mp.workdps(40):
        at = {s: mp.mpf(7) / 5}
        assert abs(value(integral, at) - value(gamma_integral(integral), at)) < mp.mpf(10) ** -28


@pytest.mark.parametrize(
    ("rule", "integrand"),
    [
        (gamma_integral, sp.exp(-(x**2))),
        (gamma_integral, sp.exp(x) * sp.exp(-sp.exp(x) - sp.exp(2 * x))),
        (gamma_integral, x * sp.exp(x) * sp.exp(-sp.exp(x))),
        (by_parts_then_gamma, 1 / sp.cosh(x)),
    ],
)
def test_other_integrals_are_refused(rule: Callable[..., Any], integrand: Any) -> None:
    with pytest.raises(DerivationError):
        rule(LineIntegral(integrand, x))


def test_a_wrong_rule_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(integral: Any) -> Any:
        return gamma_integral(integral) * (1 + sp.Rational(1, 10**28))

    monkeypatch.setattr(random_energy, "gamma_integral", wrong)
    failed = {step.name for step in derive_random_energy(MODEL, MODEL.symbolic_law()).verify().failures}
    assert {"meeting_2", "meeting_4", "poisson_dirichlet", "participation_square"} <= failed
