"""Measurements of classes: three methods for the clone agreement, and frequencies under a right and a wrong score.

Statistical tests bound each number by 5 standard deviations (false-failure rate 6e-7 per number) and what halving the steps changed.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from regimes.numerics.predict import predict
from regimes.theory.errors import DomainError
from regimes.theory.laws import Cluster, CurieWeiss, GaussianClusters, IsingChains, Law, Mixture
from regimes.theory.model import get_model
from regimes.validate.laws import class_centre, class_weights, draw, reversed_weights
from regimes.validate.plans.classes import reversed_frequency
from regimes.validate.plans.study import Setting
from regimes.validate.runs.class_measurements import (
    forward_classes,
    full_clones,
    overlap_clones,
    shares_reversed,
    shares_sde,
)
from regimes.validate.runs.experiment import Arrays, Experiment
from regimes.validate.simulation.channel import noised

SIGMAS = 5.0
UNLIKE = Mixture((Cluster(0.3, (0.7,), 1.0), Cluster(0.7, (-0.7,), 0.6)))
THREE = Mixture((Cluster(0.5, (0.8, 0.0), 0.7), Cluster(0.3, (-0.5, 0.3), 0.9), Cluster(0.2, (0.0, -0.7), 0.7)))
CENTRED = Mixture((Cluster(0.3, (), 2**0.5), Cluster(0.7, (), 0.5**0.5)))
FERRO, CHAINS = CurieWeiss(1.5, 0.02), IsingChains(1.0, 0.35, 0.5)
TIMES = {UNLIKE: (0.5, 1.2), THREE: (0.5, 1.2), CENTRED: (0.3, 0.6), FERRO: (0.9, 1.6), CHAINS: (0.3, 0.6)}


def experiment(measurement: str, law: Law, samples: int, groups: int = 1, steps: int = 60, d: int = 16) -> Experiment:
    times = TIMES[law]
    return Experiment(measurement, law, 11, 1, groups, samples, d, times=times, horizon=max(times) + 1, steps=steps, scheme="exponential")


def shares_of(arrays: Arrays, samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Shares on the fine grid, and what halving the steps changed with a margin of 3 standard deviations."""
    same, gained, lost = (arrays[name].sum(axis=0) for name in ("same", "gained", "lost"))
    return same / samples, (np.abs(gained - lost) + 3 * np.sqrt(gained + lost + 1)) / samples


@pytest.mark.slow
@pytest.mark.parametrize("law", list(TIMES))
def test_clones_in_full_dimension_agree_as_forward_samples_say(law: Law) -> None:
    """2000 pairs in d = 16: detects 0.08 in phi."""
    pairs = 2000
    found, step = shares_of(full_clones(experiment("clones-full", law, pairs), 0), pairs)
    forward = forward_classes(experiment("forward-classes", law, 20_000), 0)["same"][0]
    assert (np.abs(found - forward) < SIGMAS * np.sqrt(forward * (1 - forward) / pairs) + step).all(), (found, forward)


@pytest.mark.parametrize(
    ("name", "values", "d", "times"),
    [
        ("zero-mean-mixture", {"weight": 0.3}, 40, (0.3, 0.6, 1.0)),
        ("curie-weiss", {"beta": 1.5, "h": 0.005}, 100, (1.6, 2.1, 2.6)),
    ],
)
def test_clones_by_the_order_parameter_agree_as_predicted(name: str, values: dict[str, Any], d: int, times: tuple[float, ...]) -> None:
    """8000 pairs: detects 0.04 in phi."""
    model = get_model(name)
    s, pairs = Setting(model, model.complete(values)), 8000
    e = Experiment("clones-overlap", s.law, 5, 1, 10, pairs // 10, d, times=times, horizon=times[-1] + 1, steps=80, scheme="exponential")
    arrays = overlap_clones(e, 0)
    found, step = shares_of(arrays, pairs)
    said = predict(model, "cloning-probability", d=d, t=np.array(times), **dict[str, Any](s.values)).value
    assert (np.abs(found - said) < SIGMAS * np.sqrt(said * (1 - said) / pairs) + step).all(), (found, said)
    if name == "curie-weiss":  # the sum of the coordinates tells nearly all there is to tell of the sign, and more so at later times
        gap = arrays["gap"].mean(axis=0)
        assert arrays["gap"].shape == (10, 3) and (np.abs(gap) < 3e-3).all()


def test_counts_are_by_group_and_a_group_is_an_independent_part() -> None:
    whole = full_clones(experiment("clones-full", CENTRED, 60, 1, 10), 0)
    parts = full_clones(experiment("clones-full", CENTRED, 20, 3, 10), 0)
    assert parts["same"].shape == (3, 2)
    for name in ("same", "gained", "lost"):
        np.testing.assert_array_equal(parts[name].sum(axis=0), whole[name][0])


@pytest.mark.parametrize("law", [UNLIKE, THREE, CENTRED, FERRO])
def test_trajectories_end_in_the_classes_as_often_as_the_data(law: Law) -> None:
    """4000 trajectories: detects a frequency off by 0.06."""
    size = 4000
    found, step = shares_of(shares_sde(replace(experiment("shares-sde", law, size), horizon=3.5), 0), size)
    weights = class_weights(law, 16)[:-1]
    assert (np.abs(found - weights) < SIGMAS * np.sqrt(weights * (1 - weights) / size) + step).all(), (found, weights)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("gaussian-mixture", {"weight": 0.3}),
        ("mixture-unlike", {"weight": 0.3, "sigma_b": 0.6}),
        ("zero-mean-mixture", {"weight": 0.3}),
    ],
)
def test_frequency_under_reversed_weights_rises_from_the_right_weight_to_the_wrong_one(name: str, values: dict[str, Any]) -> None:
    """Between the two it is the mean posterior of the wrong law over samples of the right one: 40 000, detects 0.01."""
    model, d = get_model(name), 12
    s = Setting(model, model.complete(values))
    t = np.array([1e-3, 0.3, 0.8, 1.5, 12.0])
    said = reversed_frequency(s, t, d)
    assert (np.diff(said) > 0).all()
    assert said[-1] == pytest.approx(0.7, abs=1e-4)
    right, wrong = np.random.default_rng(7), class_centre(reversed_weights(s.law), d)
    data, _ = draw(right, s.law, 40_000, d)
    for time, value in zip(t, said, strict=True):
        shares = wrong.posterior(noised(right, data, float(time)), float(time))[:, 0]
        assert abs(shares.mean() - value) < SIGMAS * shares.std() / math.sqrt(len(shares)) + 1e-9
    if name == "gaussian-mixture":  # apart at t = 0, so that the wrong weight does no harm
        assert said[0] == pytest.approx(0.3, abs=5e-3)


@pytest.mark.parametrize("law", [UNLIKE, CENTRED])
def test_trajectories_under_reversed_weights_end_as_the_wrong_posterior_says(law: Mixture) -> None:
    """4000 trajectories from every time: detects 0.06; the right frequency is 0.1 away at the later time."""
    size, d = 4000, 16
    e = experiment("shares-reversed", law, size)
    found, step = shares_of(shares_reversed(e, 0), size)
    rng, wrong = np.random.default_rng(8), class_centre(reversed_weights(law), d)
    data, _ = draw(rng, law, 40_000, d)
    said = np.array([wrong.posterior(noised(rng, data, t), t)[:, 0].mean() for t in e.times])
    assert (np.abs(found - said) < SIGMAS * np.sqrt(said * (1 - said) / size) + step).all(), (found, said)
    assert said[-1] > 0.4


def test_reversed_weights_leave_places_and_widths() -> None:
    turned = reversed_weights(UNLIKE)
    assert isinstance(turned, Mixture)
    assert [c.weight for c in turned.clusters] == [0.7, 0.3]
    assert [(c.centre, c.sd) for c in turned.clusters] == [(c.centre, c.sd) for c in UNLIKE.clusters]
    two = GaussianClusters((0.2, 0.8), ((1.0,), (-1.0,)), 1.0)
    assert reversed_weights(two) == GaussianClusters((0.8, 0.2), two.centres, 1.0)
    with pytest.raises(DomainError, match="needs clusters"):
        reversed_weights(CHAINS)
