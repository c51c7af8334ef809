"""Curie-Weiss spins above beta = 1: every step of the derivation, its reference values, exhaustive sums, planted mistakes."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import mpmath as mp
import pytest
import sympy as sp

from regimes.theory.conventions import d, q
from regimes.theory.derivations.derivation import Derivation
from regimes.theory.derive import derive
from regimes.theory.errors import DerivationError
from regimes.theory.laws import CurieWeiss
from regimes.theory.laws.curie_weiss.classes import place, strength, tilt, two_states
from regimes.theory.laws.curie_weiss.times import m_state
from regimes.theory.speciation.symbols import kappa
from regimes.theory.symbolic.evaluate import value

BETA = sp.Symbol("beta", nonnegative=True)


@pytest.fixture(scope="module")
def proof() -> Derivation:
    return derive("curie-weiss", "speciation")


def test_the_magnetisation_and_the_universal_curve_have_their_reference_values(proof: Derivation) -> None:
    """Issue of general classes: beta = 1.5, m* = 0.8585596366; two states of equal weight at kappa = 1: 0.7752002454."""
    assert mp.almosteq(value(proof["m_star"], {BETA: mp.mpf("1.5")}), mp.mpf("0.8585596366"), 1e-9)
    w = next(s for s in proof["cloning_curve"].free_symbols if s.name == "w")
    assert abs(value(proof["cloning_curve"], {kappa: mp.mpf(1), w: mp.mpf("0.5")}) - mp.mpf("0.7752002454")) < 1e-10


def test_the_largest_eigenvalue_is_that_of_a_sum_over_all_states(proof: Derivation) -> None:
    beta, n = mp.mpf("1.3"), 8
    weights = [(sum(s), mp.exp(beta * sum(s) ** 2 / (2 * n))) for s in itertools.product((1, -1), repeat=n)]
    exact = sum(w * s**2 for s, w in weights) / sum(w for _, w in weights) / n
    assert mp.almosteq(value(proof["largest_eigenvalue"], {BETA: beta, d: mp.mpf(n)}), exact, 1e-10)


def test_the_weights_of_the_states_are_those_of_a_sum_over_magnetisations(proof: Any) -> None:
    """At d = 4001 the law of the magnetisation gives the log of the quotient to order 1/d."""
    beta, eta, n = mp.mpf("1.5"), mp.mpf("0.4"), 4001
    sums = [(s, mp.binomial(n, (n + s) // 2) * mp.exp(beta * mp.mpf(s) ** 2 / (2 * n) + eta * s / n)) for s in range(-n, n + 1, 2)]
    exact = mp.log(sum(w for s, w in sums if s > 0) / sum(w for s, w in sums if s < 0))
    at = {m_state: value(proof["m_star"], {BETA: beta}), tilt: eta}
    assert abs(value(proof["log_weights"], at) - exact) < 1e-3


def test_the_overlap_splits_where_the_curvature_definition_says(proof: Any) -> None:
    """One well splits in two at 2 kappa = 1, the times of definitions curvature and snr differ by log(2)/2 at large d."""
    at = {m_state: mp.mpf("0.8"), strength: 1 / (2 * mp.mpf("0.8") ** 2)}
    assert abs(value(proof["potential_curvature"], at)) < 1e-14
    assert sp.simplify(proof["curvature_time_large_d"] - proof["snr_time_large_d"] - sp.log(2) / 2) == 0
    force = proof["overlap_drift"].subs({tilt: 0, q: 0})
    assert force == 0


@pytest.mark.parametrize("name", ["evidence", "positive_state", "log_odds", "mean_spin", "sum_mean", "bend", "snr_time_large_d"])
def test_a_mistake_of_a_thousandth_is_found(proof: Derivation, name: str) -> None:
    step = proof.step(name)
    broken = replace(proof, steps=(replace(step, right=step.right * sp.Rational(1001, 1000)),))
    assert [s.name for s in broken.verify().failures] == [name]


def test_two_peaks_of_unequal_height_are_refused(proof: Any) -> None:
    from regimes.theory.laws.curie_weiss.states import state_root, u

    law = CurieWeiss(BETA, 0)
    with pytest.raises(DerivationError, match="equal height"):
        two_states(place, d, height=d * (-BETA * u**2 / 2 + u), root=state_root(law))
