"""Observables of given arrays."""

from __future__ import annotations

import numpy as np

from regimes.validate.simulation import observables
from regimes.validate.simulation.observables import agreement, drawn_class, freeze_time, nearest, overlap, participation


def test_nearest_point_is_found_as_by_comparing_all_distances() -> None:
    rng = np.random.default_rng(0)
    x, points = rng.standard_normal((60, 5)) + 100, rng.standard_normal((33, 5)) + 100
    expected = np.square(x[:, None] - points).sum(axis=2).argmin(axis=1)
    assert (nearest(x, points) == expected).all()


def test_blocks_do_not_change_the_nearest_point() -> None:
    rng = np.random.default_rng(1)
    x, points = rng.standard_normal((50, 3)), rng.standard_normal((7, 3))
    whole = nearest(x, points)
    assert observables.PANEL > 50 * 7
    parts = [nearest(x[k : k + 3], points) for k in range(0, 50, 3)]
    assert (whole == np.concatenate(parts)).all()


def test_a_datum_is_nearest_to_itself() -> None:
    points = np.random.default_rng(2).standard_normal((200, 64))
    assert (nearest(points, points) == np.arange(200)).all()


def test_agreement_counts_equal_pairs() -> None:
    assert agreement(np.array([0, 1, 2, 2]), np.array([0, 2, 2, 2])) == 3


def test_drawn_classes_follow_the_posterior(seed: int) -> None:
    """40 000 draws, 5.5 standard deviations: false-failure rate 4e-8 per class; detects 0.014 in a probability."""
    p = np.array([0.5, 0.0, 0.2, 0.3])
    drawn = drawn_class(np.tile(p, (40_000, 1)), np.random.default_rng(seed))
    share = np.bincount(drawn, minlength=4) / 40_000
    assert share[1] == 0
    assert (np.abs(share - p) <= 5.5 * np.sqrt(p * (1 - p) / 40_000)).all()


def test_participation_runs_from_one_over_n_to_one() -> None:
    np.testing.assert_allclose(participation(np.array([[0.25] * 4, [1, 0, 0, 0]])), [0.25, 1.0])


def test_overlap_of_a_state_on_the_mean_is_of_order_sqrt_d() -> None:
    m = np.full(16, 1.5)
    np.testing.assert_allclose(overlap(np.stack([m, -m]), m), [1.5**2 * 4, -(1.5**2) * 4])


def test_freeze_time_is_the_first_time_after_the_last_change() -> None:
    times = np.array([3.0, 2.0, 1.0, 0.0])
    datum = np.array([[7, 1, 5, 4], [7, 2, 5, 5], [7, 1, 6, 5], [7, 1, 6, 4]])
    assert freeze_time(times, datum).tolist() == [3.0, 1.0, 1.0, 0.0]
