"""Gaussian clusters of any arrangement: every step, exact moments against sums over coordinates, times against roots of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import mpmath as mp
import pytest
import sympy as sp

from regimes.theory.conventions import d, decay
from regimes.theory.derive import derive
from regimes.theory.errors import DerivationError
from regimes.theory.model import get_model
from regimes.theory.speciation.large_d import root_in_powers
from regimes.theory.symbolic.averages import LargestRoot
from regimes.theory.symbolic.evaluate import value

KINDS = ("simplex", "nested", "unlike", "rare")


def point(kind: str, **values: Any) -> dict[Any, Any]:
    model = get_model(f"mixture-{kind}")
    return {p.symbol: mp.mpf(values[p.name]) for p in model.params} | {d: mp.mpf(values["d"])}


def test_times_of_unlike_clusters_are_roots_of_the_textbook_divergence() -> None:
    """KL and variance of the log-ratio of two normal laws, written out for d coordinates, one of them shifted."""
    proof = derive("mixture-unlike", "speciation")
    at = point("unlike", mu=0.8, sigma_a=1.5, sigma_b=0.7, weight=0.3, d=300)

    def moments(t: Any) -> tuple[Any, Any]:
        s = mp.exp(-2 * t)
        one, two = 1 + s * (mp.mpf(1.5) ** 2 - 1), 1 + s * (mp.mpf(0.7) ** 2 - 1)
        gap = 4 * 300 * mp.mpf(0.8) ** 2 * s
        mean = 150 * (one / two - 1 - mp.log(one / two)) + gap / (2 * two)
        return mean, 150 * (one / two - 1) ** 2 + gap * one / two**2

    with mp.workdps(30):
        assert mp.almosteq(value(proof["snr_time"], at), mp.findroot(lambda t: moments(t)[0] - 2, 2.5), 1e-20)
        balance = mp.findroot(lambda t: moments(t)[0] ** 2 - moments(t)[1], 2.5)
        assert mp.almosteq(value(proof["balance_time"], at), balance, 1e-20)
        assert abs(value(proof["balance_time_large_d"], at) - balance) < 1e-3


def test_nested_clusters_separate_at_two_times() -> None:
    proof = derive("mixture-nested", "speciation")
    at = point("nested", far=2, near=0.5, sigma=1.5, d=100)
    with mp.workdps(30):
        times = [value(proof[f"direction_{j}_snr_time"], at) for j in range(2)]
        assert mp.almosteq(times[0], mp.log(mp.mpf(400) + 1 - mp.mpf(2.25)) / 2, 1e-20)
        assert mp.almosteq(times[1], mp.log(mp.mpf(25) + 1 - mp.mpf(2.25)) / 2, 1e-20)
        assert mp.almosteq(value(proof["successive_1"], at), mp.log(4), 1e-20)


def test_a_triangle_separates_as_two_clusters_at_its_side() -> None:
    """Corners at distance mu sqrt(d) from the middle are sqrt(3 d) mu apart: kappa = 3 d mu^2 e^{-2t}/(4 Gamma)."""
    proof = derive("mixture-simplex", "speciation")
    at = point("simplex", mu=1.2, sigma=0.6, d=50)
    with mp.workdps(30):
        exact = mp.log(mp.mpf("0.75") * 50 * mp.mpf(1.2) ** 2 + 1 - mp.mpf(0.6) ** 2) / 2
        assert mp.almosteq(value(proof["snr_time"], at), exact, 1e-20)


def test_a_rare_class_is_recognised_at_a_time_that_does_not_grow() -> None:
    proof = derive("mixture-rare", "speciation")
    same = {"mu": 1, "sigma_a": 0.7, "sigma_b": 0.7, "cost": 0.05}
    with mp.workdps(30):
        time = value(proof["recognition_time"], point("rare", d=100, **same))
        assert mp.almosteq(time, value(proof["recognition_time"], point("rare", d=10_000, **same)), 1e-20)
        s = value(proof["recognition_decay_equal_widths"], point("rare", d=100, **same))
        assert mp.almosteq(time, -mp.log(s) / 2, 1e-20)
        never = value(proof["recognition_time"], point("rare", mu=0.1, sigma_a=1, sigma_b=1, cost=0.5, d=100))
        assert never == 0


def test_the_pair_of_equal_widths_is_that_of_the_gaussian_mixture() -> None:
    pair, mixture = derive("mixture-unlike", "speciation")["pair_kappa"], derive("gaussian-mixture", "speciation")["log_odds_mean"] / 2
    mu, sigma = sp.symbols("mu sigma", positive=True)
    distance, width = sp.Symbol("Q", positive=True), sp.Symbol("sigma_1", positive=True)
    assert sp.simplify(pair.subs({distance: 4 * mu**2, width: sigma}) - mixture) == 0
    assert pair.has(decay)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("unlike", "three_coordinates_variance"),
        ("unlike", "balance_time_large_d"),
        ("rare", "recognition_decay_equal_widths"),
        ("nested", "factorised"),
        ("simplex", "direction_1_bend"),
    ],
)
def test_a_mistake_of_a_thousandth_is_found(kind: str, name: str) -> None:
    proof = derive(f"mixture-{kind}", "speciation")
    broken = replace(proof, steps=(replace(proof.step(name), right=proof[name] * sp.Rational(1001, 1000)),))
    assert [s.name for s in broken.verify().failures] == [name]


def test_a_pole_that_does_not_cancel_is_refused() -> None:
    u = sp.Symbol("u", positive=True)
    with pytest.raises(DerivationError, match="pole"):
        root_in_powers(sp.log(LargestRoot(1 - d**3 * u, u, 0, sp.oo)), d, start=sp.S.Zero, power=sp.S.One)
