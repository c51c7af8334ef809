"""Landau expansions and large-d expansions: against cumulants and roots computed by other means, and with planted mistakes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sympy as sp

from regimes.theory.conventions import y
from regimes.theory.derive import derive
from regimes.theory.speciation.landau import cumulants, expansion, moments, theta


def test_cumulants_and_moments_are_inverse_to_each_other() -> None:
    c = sp.symbols("c_2:7", real=True)
    assert [sp.expand(a - b) for a, b in zip(cumulants(moments(c)[1:]), c, strict=True)] == [0] * 5
    normal, coin = (0, 1, 0, 3, 0, 15), (0, 1, 0, 1, 0, 1)
    assert cumulants(map(sp.Integer, normal)) == (1, 0, 0, 0, 0)
    assert cumulants(map(sp.Integer, coin)) == (1, 0, -2, 0, 16)


def test_the_expansion_of_normal_data_is_that_of_a_wider_normal_law() -> None:
    """Variance s: -log P = y^2/(2 (1 + theta^2 s)) + log(1 + theta^2 s)/2."""
    s = sp.Symbol("s", positive=True)
    exact = y**2 / 2 / (1 + theta**2 * s) + sp.log(1 + theta**2 * s) / 2
    series = sp.series(exact, theta, 0, 7).removeO()
    assert sp.expand(series - expansion(exact, theta, (s, 0, 0, 0, 0))) == 0


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("gaussian-mixture", "landau"),
        ("gaussian-mixture", "landau_sextic"),
        ("gaussian-mixture", "noise_balance_time_next_order"),
        ("product-bernoulli", "landau_any_law"),
        ("product-laplace", "landau"),
        ("curie-weiss", "sum_moment_6"),
        ("curie-weiss", "cumulant_6"),
        ("curie-weiss", "three_spins_landau"),
    ],
)
def test_a_mistake_of_a_thousandth_is_found(model: str, name: str) -> None:
    proof = derive(model, "speciation")
    broken = replace(proof, steps=(replace(proof.step(name), right=proof[name] * sp.Rational(1001, 1000)),))
    assert [s.name for s in broken.verify().failures] == [name]
