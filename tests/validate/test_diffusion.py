"""Integrators of the reverse process: exact where they claim it, orders of convergence on shared noise, clones equal in law.

Statistical tests bound each number by 5 standard deviations (false-failure rate 6e-7 per number, at most 20 numbers a test).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from regimes.theory.errors import DomainError, UnknownNameError
from regimes.theory.model import GaussianClusters
from regimes.validate.diffusion import (
    CloneCounts,
    Scheme,
    Streams,
    clones_full,
    clones_projected,
    default_horizon,
    flow_scheme,
    probability_flow,
    reverse_sde,
    sde_scheme,
    time_grid,
)  # fmt: skip
from regimes.validate.estimators import class_agreement
from regimes.validate.observables import drawn_class, nearest
from regimes.validate.sampling import delta, draw, gamma, noised
from regimes.validate.scores import EmpiricalCentre, PopulationCentre

SIGMAS = 5.0
TWO = GaussianClusters((0.5, 0.5), ((1.0,), (-1.0,)), 1.0)
UNEVEN = GaussianClusters((0.3, 0.7), ((0.7,), (-0.4,)), 0.8)
THREE = GaussianClusters((0.5, 0.3, 0.2), ((0.6, 0.0), (-0.5, 0.3), (0.0, -0.7)), 0.7)


def cloning_probability(kappa: float) -> float:
    """E[1/(1 + e^{-L})], L normal with mean 2 kappa and variance 4 kappa, by the trapezoid rule: an independent formula."""
    z = np.linspace(-12, 12, 4001)
    logit = 2 * kappa + 2 * math.sqrt(kappa) * z
    return float(np.sum(np.exp(-z * z / 2) * 0.5 * (1 + np.tanh(logit / 2))) * (z[1] - z[0]) / math.sqrt(2 * math.pi))


@pytest.mark.parametrize("kind", ["uniform", "snr"])
@pytest.mark.parametrize("through", [(), (0.7,), (3.0, 1e-5, 0.7), (5.0, 0.0)])
def test_grid_decreases_and_passes_through_every_time_exactly(kind: str, through: tuple[float, ...]) -> None:
    grid = time_grid(5.0, 0.0, 40, kind=kind, through=through)
    assert grid[0] == 5.0 and grid[-1] == 0.0 and (np.diff(grid) < 0).all()
    assert np.isin(through, grid).all()
    assert 40 <= len(grid) - 1 <= 40 + len(through) + 2


@pytest.mark.parametrize("arguments", [(1.0, 1.0, 5), (1.0, -0.1, 5), (1.0, 0.0, 0)])
def test_grid_refuses_times_that_do_not_decrease(arguments: tuple[float, float, int]) -> None:
    with pytest.raises(DomainError, match="time grid"):
        time_grid(*arguments)
    with pytest.raises(DomainError, match="time grid"):
        time_grid(2.0, 0.5, 5, through=(3.0,))


def test_unknown_schemes_are_named() -> None:
    grid = time_grid(1.0, 0.5, 2)
    for call in (sde_scheme, flow_scheme):
        with pytest.raises(UnknownNameError, match="exponential"):
            call(grid, 1.0, "exponental")
    with pytest.raises(UnknownNameError, match="time grid"):
        time_grid(1.0, 0.5, 2, kind="snrr")
    with pytest.raises(DomainError, match="decrease"):
        sde_scheme(grid[::-1], 1.0)


def moments(rule: Scheme, mean: float, variance: float, centre: float) -> tuple[float, float]:
    """Mean and variance after all steps, for a centre that does not depend on the state."""
    for keep, pull, noise in zip(rule.keep, rule.pull, rule.noise, strict=True):
        mean, variance = keep * mean + pull * centre, keep**2 * variance + noise**2
    return mean, variance


@pytest.mark.parametrize("steps", [1, 2, 7, 100])
@pytest.mark.parametrize("width", [0.0, 0.3, 1.0, 4.0])
def test_exponential_steps_are_exact_for_one_gaussian(steps: int, width: float) -> None:
    """Started from the channel output at t = 3 of N(c, width), any number of steps ends in N(c, width)."""
    grid, centre = time_grid(3.0, 0.0, steps), 1.7
    mean, variance = moments(sde_scheme(grid, width), math.exp(-3) * centre, gamma(3.0, width), centre)
    assert mean == pytest.approx(centre, rel=1e-13)
    assert variance == pytest.approx(width, rel=1e-12, abs=1e-15)
    mean, _ = moments(flow_scheme(grid, width), math.exp(-3) * centre + 0.5, 0, centre)
    assert mean == pytest.approx(centre + 0.5 * math.sqrt(width / gamma(3.0, width)), rel=1e-12)


def test_exponential_step_is_the_bridge_of_the_forward_channel() -> None:
    """Conditioning the joint normal law of (x_s, x_t) given the centre gives the step's three coefficients."""
    t, s, width = 1.3, 0.4, 0.6
    rule = sde_scheme(np.array([t, s]), width)
    covariance = math.exp(-(t - s)) * gamma(s, width)
    keep = covariance / gamma(t, width)
    assert rule.keep[0] == pytest.approx(keep, rel=1e-14)
    assert rule.pull[0] == pytest.approx(math.exp(-s) - keep * math.exp(-t), rel=1e-13)
    assert rule.noise[0] ** 2 == pytest.approx(gamma(s, width) - covariance**2 / gamma(t, width), rel=1e-13)


@pytest.mark.parametrize("scheme", ["exponential", "euler"])
def test_one_step_agrees_with_the_reverse_sde_to_second_order(scheme: str) -> None:
    """-dx = [x + 2 S] dt + sqrt(2) dW with S = (e^{-t} c - x)/Gamma: drift and noise of short steps."""
    t, width = 0.8, 0.5
    errors = []
    for h in (1e-2, 5e-3):
        rule = sde_scheme(np.array([t, t - h]), width, scheme)
        drift = np.array([rule.keep[0] - 1 - h * (1 - 2 / gamma(t, width)), rule.pull[0] - h * 2 * math.exp(-t) / gamma(t, width)])
        errors.append(np.append(drift, rule.noise[0] ** 2 - 2 * h))
    np.testing.assert_array_less(np.abs(errors[1]), 0.27 * np.abs(errors[0]) + 1e-15)  # halving h quarters the error


def pathwise(rules: Callable[[np.ndarray], Scheme], levels: list[int], width: float) -> list[float]:
    """Root mean square distance, at the end, between runs on 2^k steps and on the finest grid, all on the same noise."""
    rng = np.random.default_rng(11)
    score = PopulationCentre(GaussianClusters((0.5, 0.5), ((1.0,), (-1.0,)), math.sqrt(width)), 2, projected=True)
    finest = max(levels) + 3
    start, paths = rng.standard_normal((400, 1)), rng.standard_normal((2**finest, 400, 1))

    def run(k: int, xi: np.ndarray) -> np.ndarray:
        grid = time_grid(2.5, 0.1, 2**k)
        rule, x = rules(grid), start
        for i in range(2**k):
            x = rule.keep[i] * x + rule.pull[i] * score(x, float(grid[i])) + rule.noise[i] * xi[i]
        return x

    ends, xi = {finest: run(finest, paths)}, paths
    for k in range(finest - 1, min(levels) - 1, -1):
        rule = rules(time_grid(2.5, 0.1, 2 ** (k + 1)))
        early, late = (rule.carry[1::2] * rule.noise[::2])[:, None, None], rule.noise[1::2][:, None, None]
        total = np.hypot(early, late)
        xi = (early * xi[::2] + late * xi[1::2]) / np.where(total > 0, total, 1)
        if k in levels:
            ends[k] = run(k, xi)
    return [float(np.sqrt(np.square(ends[k] - ends[finest]).mean())) for k in levels]


@pytest.mark.parametrize(
    ("rules", "order"),
    [
        (lambda grid: sde_scheme(grid, 0.5, "euler"), 1.0),
        (lambda grid: sde_scheme(grid, 0.5, "exponential"), 1.0),
        (lambda grid: flow_scheme(grid, 0.5, "euler"), 1.0),
        (lambda grid: flow_scheme(grid, 0.5, "exponential"), 1.0),
    ],
    ids=["sde-euler", "sde-exponential", "flow-euler", "flow-exponential"],
)
def test_strong_order_of_convergence_is_one(rules: Callable[[np.ndarray], Scheme], order: float) -> None:
    """Additive noise: Euler-Maruyama has strong order 1, not 1/2. The finest grid is 8 times finer than the last level, which
    biases the slope by less than 0.1."""
    levels = [6, 7, 8, 9]
    errors = pathwise(rules, levels, 0.5)
    slope = -np.polyfit(levels, np.log2(errors), 1)[0]
    assert abs(slope - order) < 0.2, errors


def test_heun_flow_is_of_second_order() -> None:
    score = PopulationCentre(TWO, 3)
    x = np.random.default_rng(1).standard_normal((50, 3))

    def end(steps: int) -> np.ndarray:
        return list(probability_flow(score, x, time_grid(2.0, 0.0, steps), "heun"))[-1][1]

    finest = end(2048)
    errors = [float(np.abs(end(steps) - finest).max()) for steps in (32, 64, 128)]
    assert 3.4 < errors[0] / errors[1] < 4.6 and 3.4 < errors[1] / errors[2] < 4.6, errors


@pytest.mark.parametrize("scheme", ["exponential", "heun"])
def test_flow_and_sde_share_their_marginals(scheme: str) -> None:
    """20 000 states from the exact P_T: second moment along m and across it, against the law's (detects 5 %)."""
    d, rng = 3, np.random.default_rng(2)
    score = PopulationCentre(UNEVEN, d)
    data, _ = draw(rng, UNEVEN, 20_000, d)
    grid = time_grid(2.0, 0.0, 200)
    for states in (probability_flow(score, noised(rng, data, 2.0), grid, scheme), reverse_sde(score, noised(rng, data, 2.0), grid, rng)):
        *_, (t, x) = states
        assert t == 0.0
        spread = np.square(x).std(axis=0) + np.square(data).std(axis=0)
        assert (np.abs(np.square(x).mean(axis=0) - np.square(data).mean(axis=0)) < SIGMAS * spread / math.sqrt(20_000)).all()


def test_reverse_run_under_the_empirical_score_ends_on_a_datum() -> None:
    data = np.random.default_rng(3).standard_normal((30, 10))
    grid = time_grid(3.0, 0.0, 80, kind="snr")
    states = list(reverse_sde(EmpiricalCentre(data), np.random.default_rng(4).standard_normal((40, 10)), grid, np.random.default_rng(5)))
    assert len(states) == len(grid)
    x = states[-1][1]
    np.testing.assert_allclose(x, data[nearest(x, data)], atol=1e-12)


def deviations(counts: CloneCounts, expected: np.ndarray) -> np.ndarray:
    """Distance of the agreeing fraction from its expectation in standard errors; 1e-3 more where the expectation is almost 0 or 1."""
    return (counts.agree / counts.pairs - expected) / (np.sqrt(expected * (1 - expected) / counts.pairs) + 1e-3)


@pytest.mark.parametrize("scheme", ["exponential", "euler"])
def test_clones_agree_as_the_exact_formula_says(scheme: str) -> None:
    """20 000 pairs at 10 times, d = 256: detects 0.02 in phi; the step's own error is below 0.003 (see the halving test)."""
    times = np.arange(1.0, 6.0, 0.5)
    counts = clones_projected(TWO, 256, times, 20_000, 400, Streams.spawn(1), scheme=scheme)
    exact = np.array([cloning_probability(256 * math.exp(-2 * t) / gamma(t, 1.0)) for t in times])
    assert (np.abs(deviations(counts, exact)) < SIGMAS).all(), deviations(counts, exact)


def test_clones_agree_by_chance_without_signal() -> None:
    counts = clones_projected(UNEVEN, 64, [8.0], 20_000, 100, Streams.spawn(2))
    assert abs(deviations(counts, np.array([0.3**2 + 0.7**2]))[0]) < SIGMAS


@pytest.mark.parametrize("law", [UNEVEN, THREE])
@pytest.mark.parametrize("start", ["normal", "exact"])
def test_clones_by_the_reverse_sde_agree_as_forward_samples_say(law: GaussianClusters, start: str) -> None:
    """The classes overlap at t = 0 here; 10 000 pairs detect 0.03 in phi."""
    d, times = 5, np.array([0.05, 0.3, 0.7, 1.2, 2.0])
    counts = clones_projected(law, d, times, 10_000, 200, Streams.spawn(3), start=start)
    forward = class_agreement(np.random.default_rng(4), law, d, times, 100_000).mean(axis=0)
    assert (np.abs(deviations(counts, forward)) < SIGMAS).all(), deviations(counts, forward)


@pytest.mark.parametrize("law", [TWO, THREE])
def test_projected_and_full_clones_are_equal_in_law(law: GaussianClusters) -> None:
    """4000 pairs each, two-sample comparison: detects 0.06 in phi."""
    d, times, pairs = 8, np.array([0.2, 0.8, 1.5]), 4000
    inner = clones_projected(law, d, times, pairs, 150, Streams.spawn(5), start="exact", horizon=4.0)
    score, streams = PopulationCentre(law, d), Streams.spawn(6)
    x = noised(streams.start, draw(streams.start, law, pairs, d)[0], 4.0)
    grid = time_grid(4.0, 0.0, 150, through=times)
    agree = clones_full(score, x, times, grid, streams, lambda x, rng: drawn_class(score.posterior(x, 0.0), rng))
    assert agree.shape == (3, pairs)
    full = agree.mean(axis=1)
    error = np.sqrt(full * (1 - full) * 2 / pairs) + 1e-3
    assert (np.abs(inner.agree / pairs - full) < SIGMAS * error).all()


def test_nearest_mean_as_outcome_agrees_with_the_drawn_class_where_classes_are_apart() -> None:
    runs = [clones_projected(TWO, 256, [2.0, 3.0], 5000, 100, Streams.spawn(7), outcome=outcome) for outcome in ("posterior", "nearest")]
    assert (runs[0].agree == runs[1].agree).all()


def test_formula_for_two_clusters_is_the_general_one() -> None:
    """The same law told as three clusters takes the general path: same streams, same counts."""
    two = GaussianClusters((0.3, 0.7), ((0.5,), (-0.2,)), 0.8)
    three = GaussianClusters((0.3, 0.4, 0.3), ((0.5,), (-0.2,), (-0.2,)), 0.8)
    runs = [
        clones_projected(law, 9, [0.2, 1.0, 2.0], 3000, 40, Streams.spawn(17), outcome="nearest", dtype=np.float64) for law in (two, three)
    ]
    assert (runs[0].agree == runs[1].agree).all()


def test_one_cluster_always_agrees() -> None:
    counts = clones_projected(GaussianClusters((1,), ((),), 1.0), 10, [0.5, 1.0], 77, 10, Streams.spawn(8), halving=True)
    assert counts.agree.tolist() == [77, 77] and counts.agree_fine is not None and counts.agree_fine.tolist() == [77, 77]


def test_halving_shares_the_noise_exactly_where_the_centre_is_constant() -> None:
    """All data in one cluster: coarse and fine steps end in the same state, so every pair agrees on both grids or on neither."""
    law = GaussianClusters((1.0, 1e-300), ((0.3,), (-0.1,)), 0.7)
    counts = clones_projected(law, 4, [0.5, 1.5], 3000, 6, Streams.spawn(9), outcome="nearest", halving=True, dtype=np.float64)
    assert 300 < counts.agree[1] < 2700  # the outcome does depend on the noise
    assert counts.gained is not None and counts.lost is not None
    assert (counts.gained + counts.lost == 0).all()


def test_halving_measures_the_error_of_the_time_step() -> None:
    """The two counts differ by what is gained less what is lost, and fewer pairs change with smaller steps (about as the step)."""
    swaps = []
    for steps in (25, 100, 400):
        counts = clones_projected(TWO, 64, [2.0], 20_000, steps, Streams.spawn(10), halving=True)
        assert counts.agree_fine is not None and counts.gained is not None and counts.lost is not None
        assert (counts.agree_fine - counts.agree == counts.gained - counts.lost).all()
        swaps.append(int(counts.gained[0] + counts.lost[0]))
    assert swaps[0] > 3 * swaps[1] > 6 * swaps[2]


def test_coarse_counts_are_valid_in_law_when_halving() -> None:
    exact = np.array([cloning_probability(64 * math.exp(-2 * t) / gamma(t, 1.0)) for t in (1.5, 2.5)])
    counts = clones_projected(TWO, 64, [1.5, 2.5], 20_000, 400, Streams.spawn(12), halving=True)
    assert (np.abs(deviations(counts, exact)) < SIGMAS).all()


def test_same_seed_gives_the_same_bits_and_times_keep_their_order() -> None:
    arguments = (TWO, 64, [2.5, 0.5, 2.5, 1.5], 2000, 60)
    first, second = (clones_projected(*arguments, Streams.spawn(13)) for _ in range(2))
    assert (first.agree == second.agree).all()
    assert first.agree[0] == first.agree[2] < first.agree[3] <= first.agree[1]


def test_streams_can_be_exchanged_one_by_one() -> None:
    """With both clones on one stream's numbers, every pair agrees."""
    a, b = Streams.spawn(14), Streams.spawn(14)
    counts = clones_projected(TWO, 64, [1.0, 3.0], 500, 50, Streams(a.start, a.path, a.first, b.first))
    assert counts.agree.tolist() == [500, 500]


def test_float32_states_change_phi_by_less_than_the_error_bars() -> None:
    runs = [clones_projected(TWO, 4096, [3.0, 4.0, 5.0], 20_000, 200, Streams.spawn(15), dtype=kind) for kind in (np.float32, np.float64)]
    difference = np.abs(runs[0].agree - runs[1].agree) / 20_000
    assert (difference < SIGMAS * math.sqrt(2 * 0.25 / 20_000)).all()


def test_branching_at_the_horizon_and_at_zero_is_allowed() -> None:
    counts = clones_projected(TWO, 64, [0.0, 3.0], 200, 20, Streams.spawn(16), horizon=3.0)
    assert counts.agree[0] == 200


@pytest.mark.parametrize("times", [[-0.1], [9.0], [math.nan], []])
def test_branch_times_outside_the_run_are_refused(times: list[float]) -> None:
    with pytest.raises(DomainError, match="clones need"):
        clones_projected(TWO, 64, times, 10, 10, Streams.spawn(0), horizon=5.0)


def test_wrong_words_and_grids_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="exact"):
        clones_projected(TWO, 64, [1.0], 10, 10, Streams.spawn(0), start="exakt")
    with pytest.raises(UnknownNameError, match="nearest"):
        clones_projected(TWO, 64, [1.0], 10, 10, Streams.spawn(0), outcome="neares")
    grid = time_grid(2.0, 0.0, 10)
    with pytest.raises(DomainError, match="point of the grid"):
        clones_full(PopulationCentre(TWO, 4), np.zeros((2, 4)), [0.123], grid, Streams.spawn(0), lambda x, rng: nearest(x, x))


def test_default_horizon_leaves_little_of_the_means() -> None:
    assert math.sqrt(4096) * math.exp(-default_horizon(TWO, 4096, [1.0])) < math.exp(-6)
    assert default_horizon(TWO, 4096, [50.0]) == 50.0
    assert delta(default_horizon(TWO, 1, [0.1])) > 0.999
