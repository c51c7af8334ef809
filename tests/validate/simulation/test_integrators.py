"""Integrators of the reverse process: exact where they claim it, orders of convergence on shared noise.

Statistical tests bound each number by 5 standard deviations (false-failure rate 6e-7 per number, at most 20 numbers a test).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from regimes.theory.errors import DomainError, UnknownNameError
from regimes.theory.laws import GaussianClusters
from regimes.validate.laws import draw
from regimes.validate.laws.clusters import ClustersCentre
from regimes.validate.simulation.channel import cluster_var, noised
from regimes.validate.simulation.integrators import Scheme, flow_scheme, probability_flow, reverse_sde, sde_scheme, time_grid
from regimes.validate.simulation.observables import nearest
from regimes.validate.simulation.scores import EmpiricalCentre

SIGMAS = 5.0
TWO = GaussianClusters((0.5, 0.5), ((1.0,), (-1.0,)), 1.0)
UNEVEN = GaussianClusters((0.3, 0.7), ((0.7,), (-0.4,)), 0.8)


@pytest.mark.parametrize("spacing", ["uniform", "snr"])
@pytest.mark.parametrize("through", [(), (0.7,), (3.0, 1e-5, 0.7), (5.0, 0.0)])
def test_grid_decreases_and_passes_through_every_time_exactly(spacing: str, through: tuple[float, ...]) -> None:
    grid = time_grid(5.0, 0.0, 40, spacing=spacing, through=through)
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
        time_grid(1.0, 0.5, 2, spacing="snrr")
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
    mean, variance = moments(sde_scheme(grid, width), math.exp(-3) * centre, cluster_var(3.0, width), centre)
    assert mean == pytest.approx(centre, rel=1e-13)
    assert variance == pytest.approx(width, rel=1e-12, abs=1e-15)
    mean, _ = moments(flow_scheme(grid, width), math.exp(-3) * centre + 0.5, 0, centre)
    assert mean == pytest.approx(centre + 0.5 * math.sqrt(width / cluster_var(3.0, width)), rel=1e-12)


def test_exponential_step_is_the_bridge_of_the_forward_channel() -> None:
    """Conditioning the joint normal law of (x_s, x_t) given the centre gives the step's three coefficients."""
    t, s, width = 1.3, 0.4, 0.6
    rule = sde_scheme(np.array([t, s]), width)
    covariance = math.exp(-(t - s)) * cluster_var(s, width)
    keep = covariance / cluster_var(t, width)
    assert rule.keep[0] == pytest.approx(keep, rel=1e-14)
    assert rule.pull[0] == pytest.approx(math.exp(-s) - keep * math.exp(-t), rel=1e-13)
    assert rule.noise[0] ** 2 == pytest.approx(cluster_var(s, width) - covariance**2 / cluster_var(t, width), rel=1e-13)


@pytest.mark.parametrize("scheme", ["exponential", "euler"])
def test_one_step_agrees_with_the_reverse_sde_to_second_order(scheme: str) -> None:
    """-dx = [x + 2 S] dt + sqrt(2) dW with S = (e^{-t} c - x)/Gamma: drift and noise of short steps."""
    t, width = 0.8, 0.5
    errors = []
    for h in (1e-2, 5e-3):
        rule = sde_scheme(np.array([t, t - h]), width, scheme)
        drift = np.array(
            [rule.keep[0] - 1 - h * (1 - 2 / cluster_var(t, width)), rule.pull[0] - h * 2 * math.exp(-t) / cluster_var(t, width)]
        )
        errors.append(np.append(drift, rule.noise[0] ** 2 - 2 * h))
    np.testing.assert_array_less(np.abs(errors[1]), 0.27 * np.abs(errors[0]) + 1e-15)  # halving h quarters the error


def pathwise(rules: Callable[[np.ndarray], Scheme], levels: list[int], width: float) -> list[float]:
    """Root mean square distance, at the end, between runs on 2^k steps and on the finest grid, all on the same noise."""
    rng = np.random.default_rng(11)
    score = ClustersCentre(GaussianClusters((0.5, 0.5), ((1.0,), (-1.0,)), math.sqrt(width)), 2, projected=True)
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
    score = ClustersCentre(TWO, 3)
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
    score = ClustersCentre(UNEVEN, d)
    data, _ = draw(rng, UNEVEN, 20_000, d)
    grid = time_grid(2.0, 0.0, 200)
    for states in (probability_flow(score, noised(rng, data, 2.0), grid, scheme), reverse_sde(score, noised(rng, data, 2.0), grid, rng)):
        *_, (t, x) = states
        assert t == 0.0
        spread = np.square(x).std(axis=0) + np.square(data).std(axis=0)
        assert (np.abs(np.square(x).mean(axis=0) - np.square(data).mean(axis=0)) < SIGMAS * spread / math.sqrt(20_000)).all()


def test_reverse_run_under_the_empirical_score_ends_on_a_datum() -> None:
    data = np.random.default_rng(3).standard_normal((30, 10))
    grid = time_grid(3.0, 0.0, 80, spacing="snr")
    states = list(reverse_sde(EmpiricalCentre(data), np.random.default_rng(4).standard_normal((40, 10)), grid, np.random.default_rng(5)))
    assert len(states) == len(grid)
    x = states[-1][1]
    np.testing.assert_allclose(x, data[nearest(x, data)], atol=1e-12)
