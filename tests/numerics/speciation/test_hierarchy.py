"""Partitions of classes and their hierarchy: groups against their classes, times against closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad

from regimes.numerics.laws.mixture.odds import odds
from regimes.numerics.model_files.reader import get_model
from regimes.numerics.predict import predict
from regimes.numerics.speciation.hierarchy import GroupedOdds, hierarchy, partition_cloning, partition_time
from regimes.theory.errors import DomainError
from tests.numerics.mixtures import mixture, weighted_densities

FloatArray = Any


NESTED = {"far": 2.0, "near": 0.5, "sigma": 0.8}


def columns(values: dict[str, Any], size: int, **more: Any) -> dict[str, FloatArray]:
    return {name: np.full(size, x) for name, x in values.items()} | {name: np.broadcast_to(x, (size,)) for name, x in more.items()}


def test_nested_classes_factor_into_two_pairs() -> None:
    """The class is two independent signs: of the pair, and inside it."""
    model, t, d = get_model("mixture", kind="nested"), np.array([0.3, 1.5, 2.5, 3.5, 9.0]), 400.0
    values = columns(NESTED, t.size, t=t, d=d)
    pair, inside = (predict(get_model("gaussian-mixture"), "cloning-probability", mu=mu, sigma=0.8, t=t, d=d).value for mu in (2.0, 0.5))
    for groups, known in ((((0, 1), (2, 3)), pair), (((0, 2), (1, 3)), inside), (((0,), (1,), (2,), (3,)), pair * inside)):
        found = partition_cloning(odds(model, values), values, groups)
        assert np.all(np.abs(found.value - known) <= found.error + 1e-13)
        assert found.error.max() < 1e-10
    one = partition_cloning(odds(model, values), values, ((0, 1, 2, 3),))
    assert one.value == pytest.approx(np.ones(t.size))


def test_coarser_partitions_agree_more_often() -> None:
    model, values = get_model("mixture", kind="simplex"), columns({"mu": 1.0, "sigma": 1.0}, 3, t=np.array([1.0, 2.3, 4.0]), d=100.0)
    fine = partition_cloning(odds(model, values), values, ((0,), (1,), (2,))).value
    coarse = partition_cloning(odds(model, values), values, ((0, 1), (2,))).value
    assert np.all(coarse >= fine)


@pytest.mark.parametrize("groups", [((0, 1),), ((0, 1), (1, 2, 3)), ((0, 1, 2, 3), ()), ((0, 1), (2, 4))])
def test_groups_that_are_no_partition_are_refused(groups: Any) -> None:
    values = columns(NESTED, 1, t=1.0, d=100.0)
    with pytest.raises(DomainError, match="no partition of the clusters 0 to 3"):
        partition_cloning(odds(get_model("mixture", kind="nested"), values), values, groups)


def test_log_odds_of_groups_have_the_moments_of_their_densities() -> None:
    law = mixture([0.3, 0.2, 0.5], [0.5, 0.7, 1.0], [[0.9], [-0.2], [-1.0]])
    grouped, t = GroupedOdds(law, [(0, 2), (1,)]), 0.4

    def moment(k: int) -> float:
        def f(x: float) -> float:
            first, second, third = weighted_densities(law, t, 1.0, np.array([x]))
            p, q = (first + third) / 0.8, second / 0.2
            return float(p * np.log(p / q) ** k)

        return float(quad(f, -9, 9, epsabs=1e-13, epsrel=1e-12, limit=200)[0])

    value, error = grouped.moments(np.array([t]), np.ones(1))
    assert value[0, 0, 1] == pytest.approx([moment(1), moment(2) - moment(1) ** 2], abs=1e-10)
    assert error.max() < 1e-9
    assert grouped.weights(np.ones(1))[0] == pytest.approx([0.8, 0.2])


def test_nested_classes_part_at_successive_times() -> None:
    model, d = get_model("mixture", kind="nested"), 400.0
    first, second, last = hierarchy(odds(model, columns(NESTED, 1, d=d)), columns(NESTED, 1, d=d))
    two = get_model("gaussian-mixture")
    pair, inside = (float(predict(two, "speciation-time", method="cloning", mu=mu, sigma=0.8, d=d).value) for mu in (2.0, 0.5))
    assert [m.union for m in (first, second, last)] == [(0, 1), (2, 3), (0, 1, 2, 3)]
    assert (last.first, last.second) == ((0, 1), (2, 3))
    assert [m.time for m in (first, second, last)] == pytest.approx([inside, inside, pair], rel=1e-10)
    assert first.linkage_time == pytest.approx(inside, rel=1e-12)  # kappa = 1 and the level are one for a balanced pair
    whole = partition_time(odds(model, columns(NESTED, 1, d=d)), columns(NESTED, 1, d=d), ((0, 1), (2, 3)))
    assert whole.value[0] == pytest.approx(last.time, rel=1e-10)


def test_linkage_decides_which_groups_are_near() -> None:
    """A chain with growing gaps: single linkage follows the chain, complete linkage does not."""
    import sympy as sp

    from regimes.numerics.model_files.forms import FileModel, Written
    from regimes.theory.laws import Cluster, Mixture

    places = (0.0, 1.0, 2.1, 3.3, 4.6)
    line = Mixture(tuple(Cluster(sp.Rational(1, 5), (x,), 1.0) for x in places))
    model = FileModel("line", "five on a line", Mixture.family, Written((), lambda values: line))
    merges = {kind: hierarchy(odds(model, {}), {"d": np.array([100.0])}, linkage=kind) for kind in ("single", "complete")}
    assert [m.union for m in merges["single"]] == [(0, 1), (0, 1, 2), (0, 1, 2, 3), (0, 1, 2, 3, 4)]
    assert [m.union for m in merges["complete"]] == [(0, 1), (2, 3), (2, 3, 4), (0, 1, 2, 3, 4)]


def test_groups_that_are_never_apart_have_no_time_and_a_reason() -> None:
    values = columns({"mu": 0.1, "sigma_a": 1, "sigma_b": 1, "weight": 0.5}, 1, d=10.0)
    (merge,) = hierarchy(odds(get_model("mixture", kind="unlike"), values), values)
    assert np.isnan(merge.time) and "stays below the level" in merge.reason and np.isnan(merge.linkage_time)
    values = columns({"mu": 1, "sigma_a": 1, "sigma_b": 1, "weight": 0.95}, 1, d=10.0)
    (merge,) = hierarchy(odds(get_model("mixture", kind="unlike"), values), values)
    assert np.isnan(merge.time) and "chance of agreement" in merge.reason and merge.linkage_time > 0
