"""Two centred classes: every step of the derivation, its reference value, its moments by sums of squares, and planted mistakes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import mpmath as mp
import pytest
import sympy as sp

from regimes.theory.conventions import d
from regimes.theory.derivations import Derivation
from regimes.theory.derive import derive
from regimes.theory.errors import DerivationError
from regimes.theory.laws.zero_mean_mixture.times import by_lambert
from regimes.theory.model import get_model
from regimes.theory.speciation.large_d import root_in_powers
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LargestRoot
from regimes.theory.symbolic.evaluate import value


@pytest.fixture(scope="module")
def proof() -> Derivation:
    return derive("zero-mean-mixture", "speciation")


def point(**values: Any) -> dict[Any, Any]:
    model = get_model("zero-mean-mixture")
    return {p.symbol: mp.mpf(values.get(p.name, 0.5)) for p in model.params} | {d: mp.mpf(values["d"])}


def test_mean_equals_standard_deviation_at_the_reference_time(proof: Derivation) -> None:
    """Issue of general classes: variances 2 and 1/2, d = 1024, t = 1.4010136; and the narrow class first by a root of its own."""
    with mp.workdps(30):
        time = value(proof["balance_time"], point(sigma_a=mp.sqrt(2), sigma_b=mp.sqrt(0.5), d=1024))
        assert abs(time - mp.mpf("1.4010136")) < 5e-8
        time = value(proof["balance_time"], point(sigma_a=mp.sqrt(0.5), sigma_b=mp.sqrt(2), d=1024))

        def gap(t: Any) -> Any:
            r = (1 - mp.exp(-2 * t) / 2) / (1 + mp.exp(-2 * t))
            return 512 * (r - 1 - mp.log(r)) - mp.sqrt(512) * (1 - r)

        assert mp.almosteq(time, mp.findroot(gap, 1.4), 1e-20)


def test_the_constant_of_the_quarter_law(proof: Derivation) -> None:
    at = point(sigma_a=2, sigma_b=0.5, d=mp.mpf(10) ** 12)
    with mp.workdps(30):
        limit = mp.log(mp.mpf(10) ** 12 * mp.mpf("3.75") ** 2 / 8) / 4
        assert mp.almosteq(value(proof["time_large_d"], at), limit, 1e-25)
        for name in ("snr_time", "balance_time"):
            assert abs(value(proof[name], at) - limit) < 1e-5


def test_the_cloning_probability_runs_from_certainty_to_chance(proof: Any) -> None:
    w = 0.3
    for t, wanted, near in ((0.02, 1, 1e-6), (9.0, w**2 + (1 - w) ** 2, 1e-4)):
        at = {**point(sigma_a=2, sigma_b=0.5, weight=w, d=200), sp.Symbol("t", positive=True): mp.mpf(t)}
        step = proof.step("ratio")
        at = proof.insert(at, replace(step, right=proof["cloning_probability"], value=step.left))
        assert abs(value(proof["cloning_probability"], at) - wanted) < near


@pytest.mark.parametrize("name", ["three_coordinates", "log_odds_variance", "snr_time_wide", "balance_ratio_narrow", "cloning_curve"])
def test_a_mistake_of_a_thousandth_is_found(proof: Derivation, name: str) -> None:
    step = proof.step(name)
    broken = replace(proof, steps=(replace(step, right=step.right * sp.Rational(1001, 1000)),))
    assert [s.name for s in broken.verify().failures] == [name]


def test_the_rules_refuse_what_they_cannot_do() -> None:
    u = sp.Symbol("u", positive=True)
    with pytest.raises(DerivationError, match="logarithm"):
        by_lambert(LargestRoot(1 - u**2, u, 0, 1), 0)
    with pytest.raises(DerivationError, match="one root"):
        root_in_powers(sp.log(d), d, start=1, power=1)
    with pytest.raises(DerivationError, match="multiple of a logarithm"):
        root_in_powers(LargestRoot(1 - d * u, u, 0, 1), d, start=0, power=1)


def test_a_root_in_powers_of_a_quadratic() -> None:
    """u^2 + u/d = 4/d^2 has the root (sqrt(17) - 1)/(2 d)."""
    u = sp.Symbol("u", positive=True)
    result = root_in_powers(sp.log(LargestRoot(4 - d**2 * u**2 - d * u, u, 0, sp.oo)), d, start=sp.S.Zero, power=sp.S.One)
    assert sp.simplify(result - sp.log((sp.sqrt(17) - 1) / 2) + sp.log(d)) == 0
    assert rules.label(root_in_powers) == "root in powers"
