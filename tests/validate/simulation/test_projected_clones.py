"""Pairs of clones under the population score: they agree as often as theory and forward samples say, whatever the way.

Statistical tests bound each number by 5 standard deviations (false-failure rate 6e-7 per number, at most 20 numbers a test).
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from regimes.theory.errors import DomainError, UnknownNameError
from regimes.theory.laws import GaussianClusters
from regimes.validate.laws import draw, projection
from regimes.validate.laws.clusters import ClustersCentre
from regimes.validate.runs.class_measurements import agreement
from regimes.validate.simulation.channel import cluster_var, noise_var, noised
from regimes.validate.simulation.integrators import Streams, time_grid
from regimes.validate.simulation.observables import drawn_class
from regimes.validate.simulation.projected_clones import CloneCounts, clones_projected, default_horizon
from regimes.validate.simulation.two_grids import clones_on_two_grids

SIGMAS = 5.0
TWO = GaussianClusters((0.5, 0.5), ((1.0,), (-1.0,)), 1.0)
UNEVEN = GaussianClusters((0.3, 0.7), ((0.7,), (-0.4,)), 0.8)
THREE = GaussianClusters((0.5, 0.3, 0.2), ((0.6, 0.0), (-0.5, 0.3), (0.0, -0.7)), 0.7)


def cloning_probability(kappa: float) -> float:
    """E[1/(1 + e^{-L})], L normal with mean 2 kappa and variance 4 kappa, by the trapezoid rule: an independent formula."""
    z = np.linspace(-12, 12, 4001)
    logit = 2 * kappa + 2 * math.sqrt(kappa) * z
    return float(np.sum(np.exp(-z * z / 2) * 0.5 * (1 + np.tanh(logit / 2))) * (z[1] - z[0]) / math.sqrt(2 * math.pi))


def deviations(counts: CloneCounts, expected: np.ndarray) -> np.ndarray:
    """Distance of the agreeing fraction from its expectation in standard errors; 1e-3 more where the expectation is almost 0 or 1."""
    return (counts.agree / counts.pairs - expected) / (np.sqrt(expected * (1 - expected) / counts.pairs) + 1e-3)


@pytest.mark.parametrize("scheme", ["exponential", "euler"])
def test_clones_agree_as_the_exact_formula_says(scheme: str) -> None:
    """20 000 pairs at 10 times, d = 256: detects 0.02 in phi; the step's own error is below 0.003 (see the halving test)."""
    times = np.arange(1.0, 6.0, 0.5)
    counts = clones_projected(projection(TWO, 256), times, 20_000, 400, Streams.spawn(1), scheme=scheme)
    exact = np.array([cloning_probability(256 * math.exp(-2 * t) / cluster_var(t, 1.0)) for t in times])
    assert (np.abs(deviations(counts, exact)) < SIGMAS).all(), deviations(counts, exact)


def test_clones_agree_by_chance_without_signal() -> None:
    counts = clones_projected(projection(UNEVEN, 64), [8.0], 20_000, 100, Streams.spawn(2))
    assert abs(deviations(counts, np.array([0.3**2 + 0.7**2]))[0]) < SIGMAS


@pytest.mark.parametrize("law", [UNEVEN, THREE])
@pytest.mark.parametrize("start", ["normal", "exact"])
def test_clones_by_the_reverse_sde_agree_as_forward_samples_say(law: GaussianClusters, start: str) -> None:
    """The classes overlap at t = 0 here; 10 000 pairs detect 0.03 in phi."""
    d, times = 5, np.array([0.05, 0.3, 0.7, 1.2, 2.0])
    counts = clones_projected(projection(law, d), times, 10_000, 200, Streams.spawn(3), start=start)
    forward = agreement(np.random.default_rng(4), law, d, times, 100_000).mean(axis=0)
    assert (np.abs(deviations(counts, forward)) < SIGMAS).all(), deviations(counts, forward)


@pytest.mark.parametrize("law", [TWO, THREE])
def test_projected_and_full_clones_are_equal_in_law(law: GaussianClusters) -> None:
    """4000 pairs each, two-sample comparison: detects 0.06 in phi."""
    d, times, pairs = 8, np.array([0.2, 0.8, 1.5]), 4000
    inner = clones_projected(projection(law, d), times, pairs, 150, Streams.spawn(5), start="exact", horizon=4.0)
    score, streams = ClustersCentre(law, d), Streams.spawn(6)
    x = noised(streams.start, draw(streams.start, law, pairs, d)[0], 4.0)
    grid = time_grid(4.0, 0.0, 150, through=times)
    ends = clones_on_two_grids(score, x, tuple(times.tolist()), grid, streams, "exponential").clones[1]
    first, second = (drawn_class(score.posterior(side.reshape(-1, d), 0.0), streams.first).reshape(3, pairs) for side in ends)
    full = (first == second).mean(axis=1)
    error = np.sqrt(full * (1 - full) * 2 / pairs) + 1e-3
    assert (np.abs(inner.agree / pairs - full) < SIGMAS * error).all()


def test_nearest_mean_as_outcome_agrees_with_the_drawn_class_where_classes_are_apart() -> None:
    runs = [
        clones_projected(projection(TWO, 256), [2.0, 3.0], 5000, 100, Streams.spawn(7), outcome=outcome)
        for outcome in ("posterior", "nearest")
    ]
    assert (runs[0].agree == runs[1].agree).all()


def test_formula_for_two_clusters_is_the_general_one() -> None:
    """The same law told as three clusters takes the general path: same streams, same counts."""
    two = GaussianClusters((0.3, 0.7), ((0.5,), (-0.2,)), 0.8)
    three = GaussianClusters((0.3, 0.4, 0.3), ((0.5,), (-0.2,), (-0.2,)), 0.8)
    runs = [
        clones_projected(projection(law, 9), [0.2, 1.0, 2.0], 3000, 40, Streams.spawn(17), outcome="nearest", dtype=np.float64)
        for law in (two, three)
    ]
    assert (runs[0].agree == runs[1].agree).all()


def test_one_cluster_always_agrees() -> None:
    counts = clones_projected(projection(GaussianClusters((1,), ((),), 1.0), 10), [0.5, 1.0], 77, 10, Streams.spawn(8), halving=True)
    assert counts.agree.tolist() == [77, 77] and counts.agree_fine is not None and counts.agree_fine.tolist() == [77, 77]


def test_halving_shares_the_noise_exactly_where_the_centre_is_constant() -> None:
    """All data in one cluster: coarse and fine steps end in the same state, so every pair agrees on both grids or on neither."""
    law = GaussianClusters((1.0, 1e-300), ((0.3,), (-0.1,)), 0.7)
    counts = clones_projected(projection(law, 4), [0.5, 1.5], 3000, 6, Streams.spawn(9), outcome="nearest", halving=True, dtype=np.float64)
    assert 300 < counts.agree[1] < 2700  # the outcome does depend on the noise
    assert counts.gained is not None and counts.lost is not None
    assert (counts.gained + counts.lost == 0).all()


def test_halving_measures_the_error_of_the_time_step() -> None:
    """The two counts differ by what is gained less what is lost, and fewer pairs change with smaller steps (about as the step)."""
    swaps = []
    for steps in (25, 100, 400):
        counts = clones_projected(projection(TWO, 64), [2.0], 20_000, steps, Streams.spawn(10), halving=True)
        assert counts.agree_fine is not None and counts.gained is not None and counts.lost is not None
        assert (counts.agree_fine - counts.agree == counts.gained - counts.lost).all()
        swaps.append(int(counts.gained[0] + counts.lost[0]))
    assert swaps[0] > 3 * swaps[1] > 6 * swaps[2]


def test_coarse_counts_are_valid_in_law_when_halving() -> None:
    exact = np.array([cloning_probability(64 * math.exp(-2 * t) / cluster_var(t, 1.0)) for t in (1.5, 2.5)])
    counts = clones_projected(projection(TWO, 64), [1.5, 2.5], 20_000, 400, Streams.spawn(12), halving=True)
    assert (np.abs(deviations(counts, exact)) < SIGMAS).all()


def test_same_seed_gives_the_same_bits_and_times_keep_their_order() -> None:
    arguments = (projection(TWO, 64), [2.5, 0.5, 2.5, 1.5], 2000, 60)
    first, second = (clones_projected(*arguments, Streams.spawn(13)) for _ in range(2))
    assert (first.agree == second.agree).all()
    assert first.agree[0] == first.agree[2] < first.agree[3] <= first.agree[1]


def test_streams_can_be_exchanged_one_by_one() -> None:
    """With both clones on one stream's numbers, every pair agrees."""
    a, b = Streams.spawn(14), Streams.spawn(14)
    counts = clones_projected(projection(TWO, 64), [1.0, 3.0], 500, 50, Streams(a.start, a.path, a.first, b.first))
    assert counts.agree.tolist() == [500, 500]


def test_float32_states_change_phi_by_less_than_the_error_bars() -> None:
    runs = [
        clones_projected(projection(TWO, 4096), [3.0, 4.0, 5.0], 20_000, 200, Streams.spawn(15), dtype=kind)
        for kind in (np.float32, np.float64)
    ]
    difference = np.abs(runs[0].agree - runs[1].agree) / 20_000
    assert (difference < SIGMAS * math.sqrt(2 * 0.25 / 20_000)).all()


def test_branching_at_the_horizon_and_at_zero_is_allowed() -> None:
    counts = clones_projected(projection(TWO, 64), [0.0, 3.0], 200, 20, Streams.spawn(16), horizon=3.0)
    assert counts.agree[0] == 200


@pytest.mark.parametrize("times", [[-0.1], [9.0], [math.nan], []])
def test_branch_times_outside_the_run_are_refused(times: list[float]) -> None:
    with pytest.raises(DomainError, match="clones need"):
        clones_projected(projection(TWO, 64), times, 10, 10, Streams.spawn(0), horizon=5.0)


def test_wrong_words_and_grids_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="exact"):
        clones_projected(projection(TWO, 64), [1.0], 10, 10, Streams.spawn(0), start="exakt")
    with pytest.raises(UnknownNameError, match="nearest"):
        clones_projected(projection(TWO, 64), [1.0], 10, 10, Streams.spawn(0), outcome="neares")


def test_default_horizon_leaves_little_of_the_means() -> None:
    assert math.sqrt(4096) * math.exp(-default_horizon(projection(TWO, 4096), [1.0])) < math.exp(-6)
    assert default_horizon(projection(TWO, 4096), [50.0]) == 50.0
    assert noise_var(default_horizon(projection(TWO, 1), [0.1])) > 0.999
