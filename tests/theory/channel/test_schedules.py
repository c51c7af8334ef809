"""Clocks of other schedules as derivations and as data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sympy as sp

from regimes.theory.channel.clocks import derive_schedules
from regimes.theory.channel.schedules import SCHEDULES, get_schedule
from regimes.theory.conventions import d, gamma, t
from regimes.theory.errors import DomainError, UnknownNameError

pytestmark = pytest.mark.quick


def test_every_step_holds_and_names_its_source() -> None:
    proof = derive_schedules().verify()
    assert proof.verified, [s.outcome for s in proof.failures]
    assert all(s.reference for s in proof if s.kind == "definition")


@pytest.mark.parametrize(("name", "signal"), [("variance_exploding", lambda u: 1 / u**2), ("flow_matching", lambda u: (1 - u) ** 2 / u**2)])
def test_solved_times_have_the_signal_to_noise_ratio(name: str, signal: Callable[..., Any]) -> None:
    own = derive_schedules()[f"{name}_at_snr"]
    for ratio in (sp.Rational(1, 7), sp.Rational(9, 4)):
        assert sp.simplify(signal(own.subs(gamma, ratio)) - ratio) == 0


def test_flow_matching_speciates_where_the_reference_says() -> None:
    """1 - s = 1/(1 + sqrt(d - sigma^2)) for |m|^2 = d."""
    left = derive_schedules()["flow_matching_signal"]
    assert abs(left.subs({d: 257, sp.Symbol("sigma", positive=True): 1}).evalf(30) - sp.Rational(1, 17)) < sp.Float(10) ** -28


def test_the_clock_of_linear_rates_is_half_their_integral() -> None:
    proof, u, v = derive_schedules(), sp.Symbol("u", positive=True), sp.Symbol("v")
    rate = proof["variance_preserving_rate"]
    assert sp.expand(sp.integrate(rate.subs(u, v), (v, 0, u)) / 2 - proof["variance_preserving_clock"]) == 0
    assert sp.simplify(proof["variance_preserving_clock"].subs(u, proof["variance_preserving_time"]) - t) == 0


def test_the_derivation_is_shown_in_every_style() -> None:
    for style in ("text", "latex", "html", "markdown", "json"):
        assert "flow-matching" in derive_schedules().render(style)


def test_options_are_completed_and_checked() -> None:
    ddpm = get_schedule("ddpm")
    assert ddpm.complete({"steps": 10}) == {"beta_min": 1e-4, "beta_max": 0.02, "steps": 10.0}
    with pytest.raises(DomainError, match="whole number"):
        ddpm.complete({"steps": 10.5})
    with pytest.raises(UnknownNameError, match="beta_min"):
        ddpm.complete({"beta_mn": 0.1})
    with pytest.raises(UnknownNameError, match="flow-matching"):
        get_schedule("flow-matchin")
    assert all(p.default is not None and p.contains(p.default) for s in SCHEDULES.values() for p in s.options)
