"""Two grids, one noise: what differs between them is the time step and nothing else."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from regimes.theory.laws import GaussianClusters
from regimes.validate.laws import draw
from regimes.validate.laws.clusters import ClustersCentre
from regimes.validate.simulation.channel import noised
from regimes.validate.simulation.integrators import Streams, time_grid
from regimes.validate.simulation.scores import EmpiricalCentre
from regimes.validate.simulation.two_grids import Ends, clones_on_two_grids, halved

ONE = GaussianClusters((1.0,), ((),), 0.7)
TWO = GaussianClusters((0.3, 0.7), ((1.0,), (-1.0,)), 0.8)
TIMES = (1.2, 0.5)


def run(law: GaussianClusters, steps: int, scheme: str, pairs: int = 400, d: int = 5) -> Ends:
    streams = Streams.spawn(8)
    data, _ = draw(streams.start, law, pairs, d)
    grid = time_grid(3.0, 0.0, steps, through=TIMES)
    return clones_on_two_grids(ClustersCentre(law, d), noised(streams.start, data, 3.0), TIMES, grid, streams, scheme)


def test_halving_keeps_every_point_and_adds_the_middles() -> None:
    np.testing.assert_array_equal(halved(np.array([2.0, 1.0, 0.0])), [2.0, 1.5, 1.0, 0.5, 0.0])


def test_one_gaussian_cluster_is_exact_at_any_step() -> None:
    """The exponential scheme is exact there, so both grids give the same path: equal up to rounding over 40 steps."""
    ends = run(ONE, 20, "exponential")
    np.testing.assert_allclose(ends.parents[0], ends.parents[1], rtol=0, atol=1e-13)
    np.testing.assert_allclose(ends.clones[0], ends.clones[1], rtol=0, atol=1e-13)


@pytest.mark.parametrize("scheme", ["exponential", "euler"])
def test_on_shared_noise_the_difference_falls_with_the_first_power_of_the_step(scheme: str) -> None:
    """Additive noise: strong order one. The median over 2000 numbers halves with the step, within 25 %.

    The median, because a few paths choose another cluster on the finer grid.
    """
    gaps = [float(np.median(np.abs(ends.parents[0] - ends.parents[1]))) for ends in (run(TWO, steps, scheme) for steps in (60, 120, 240))]
    for coarse, fine in pairwise(gaps):
        assert 1.5 < coarse / fine < 2.5


def test_clones_share_the_past_and_nothing_else() -> None:
    """Given the common state at t = 0.5 the two clones' ends are independent; they are less alike the earlier they parted.

    Correlations over 2000 numbers have a standard error of 0.022; the differences asked for exceed five of them.
    """
    ends = run(ONE, 20, "exponential")
    alike = [np.corrcoef(ends.clones[1, 0, k].ravel(), ends.clones[1, 1, k].ravel())[0, 1] for k in range(2)]
    # One cluster: corr(x_0, x_0') given x_t is the squared correlation of x_0 and x_t, sd^2 e^{-2t}/Gamma_t.
    exact = [0.49 * np.exp(-2 * t) / (1 - np.exp(-2 * t) + 0.49 * np.exp(-2 * t)) for t in TIMES]
    np.testing.assert_allclose(alike, exact, atol=5 * 0.022)
    assert alike[1] - alike[0] > 0.11


def test_branches_come_back_in_the_order_asked_for() -> None:
    streams = Streams.spawn(1)
    grid = time_grid(3.0, 0.0, 30, through=(0.01, 2.9))
    x = np.random.default_rng(0).normal(size=(300, 2))
    ends = clones_on_two_grids(ClustersCentre(ONE, 2), x, (0.01, 2.9), grid, streams, "exponential")
    apart = np.abs(ends.clones[1, 0] - ends.clones[1, 1]).mean(axis=(1, 2))
    assert apart[0] < 0.3 * apart[1]


def test_every_part_of_a_run_has_its_own_stream() -> None:
    """Another seed for the second clones changes the second clones and nothing else."""

    def ends(second: Any) -> Any:
        streams = Streams(*(np.random.default_rng(seed) for seed in (1, 2, 3, second)))
        grid = time_grid(1.0, 0.0, 10, through=(0.5,))
        return clones_on_two_grids(ClustersCentre(TWO, 2), np.zeros((5, 2)), (0.5,), grid, streams, "exponential")

    one, other = ends(4), ends(5)
    np.testing.assert_array_equal(one.parents, other.parents)
    np.testing.assert_array_equal(one.clones[:, 0], other.clones[:, 0])
    assert (one.clones[:, 1] != other.clones[:, 1]).all()


def test_with_the_empirical_score_every_trajectory_ends_on_a_datum() -> None:
    rng = np.random.default_rng(2)
    data = rng.normal(size=(20, 6)).astype(np.float32)
    grid = time_grid(2.0, 0.0, 40, spacing="snr", through=(0.6,), smallest=0.01)
    ends = clones_on_two_grids(EmpiricalCentre(data), noised(rng, data, 2.0), (0.6,), grid, Streams.spawn(4), "exponential")
    gap = np.abs(ends.clones[..., None, :] - data).max(axis=-1).min(axis=-1)
    assert ends.clones.dtype == np.float32
    assert gap.max() < 1e-5  # float32 rounding of numbers of size 3


def test_watching_sees_the_same_grid_points_on_both_grids() -> None:
    seen = []
    grid = time_grid(2.0, 0.0, 5)
    clones_on_two_grids(
        ClustersCentre(TWO, 3),
        np.zeros((4, 3)),
        (),
        grid,
        Streams.spawn(0),
        "euler",
        lambda level, i, t, x: seen.append((level, i, t, x.shape)),
    )
    assert seen == [(level, i, t, (4, 3)) for i, t in enumerate(grid.tolist()) for level in (0, 1)]


def test_a_branch_time_off_the_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="point of the grid"):
        clones_on_two_grids(ClustersCentre(ONE, 2), np.zeros((1, 2)), (0.3,), time_grid(1.0, 0.0, 4), Streams.spawn(0), "euler")
