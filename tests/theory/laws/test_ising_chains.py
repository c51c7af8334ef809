"""Two Ising chains: every step of the derivation, and its constants against sums written out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import mpmath as mp
import pytest
import sympy as sp

from regimes.theory.conventions import d
from regimes.theory.derivations import Derivation
from regimes.theory.derive import derive
from regimes.theory.model import get_model
from regimes.theory.symbolic.evaluate import value


@pytest.fixture(scope="module")
def proof() -> Derivation:
    return derive("ising-chains", "speciation")


def point(**values: Any) -> dict[Any, Any]:
    model = get_model("ising-chains")
    return {p.symbol: mp.mpf(values[p.name]) for p in model.params} | {d: mp.mpf(values.get("d", 1))}


def test_every_step_holds_and_names_its_source(proof: Derivation) -> None:
    checked = proof.verify()
    assert checked.verified, [s.outcome for s in checked.failures]
    assert all(s.reference for s in checked if s.kind == "definition")


@pytest.mark.parametrize(("beta_a", "beta_b"), [(1.0, 0.5), (0.2, 1.4), (0.7, 0.0)])
def test_the_constant_sums_the_correlations_over_all_distances(proof: Derivation, beta_a: float, beta_b: float) -> None:
    with mp.workdps(30):
        one, two = mp.tanh(mp.mpf(beta_a)), mp.tanh(mp.mpf(beta_b))
        contrast = mp.nsum(lambda n: (one**n - two**n) ** 2, [1, mp.inf])
        assert mp.almosteq(value(proof["contrast"], point(beta_a=beta_a, beta_b=beta_b)), contrast, 1e-20)
        time = value(proof["snr_time"], point(beta_a=beta_a, beta_b=beta_b, d=1000))
        assert mp.almosteq(time, mp.log(1000 * contrast / 4) / 4, 1e-20)


def test_the_largest_eigenvalue_sums_the_correlations_both_ways(proof: Derivation) -> None:
    with mp.workdps(30):
        sums = [1 + 2 * mp.nsum(lambda n, b=beta: mp.tanh(mp.mpf(b)) ** n, [1, mp.inf]) for beta in (1.1, 0.3)]
        assert mp.almosteq(value(proof["largest_eigenvalue"], point(beta_a=1.1, beta_b=0.3)), sum(sums) / 2, 1e-20)


def test_the_derivation_is_shown_in_every_style(proof: Derivation) -> None:
    for style in ("text", "latex", "html", "markdown", "json"):
        assert "pairs" in proof.render(style)


@pytest.mark.parametrize("name", ["divergence_variance", "nishimori", "short_chain", "cloning_time_large_d", "no_bimodal"])
def test_a_mistake_of_a_thousandth_is_found(proof: Derivation, name: str) -> None:
    broken = replace(proof, steps=(replace(proof.step(name), right=proof[name] * sp.Rational(1001, 1000)),))
    assert [s.name for s in broken.verify().failures] == [name]
