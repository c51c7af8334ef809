"""Data and the forward channel have the law they claim.

Statistical tests bound one number each by 5.5 standard deviations of a normal variable: false-failure rate 4e-8 per number.
"""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from regimes.theory.errors import DomainError
from regimes.validate.simulation.channel import cluster_var, frame, noise_var, noised

SIGMAS = 5.5


@pytest.mark.parametrize(("rank", "d"), [(0, 1), (1, 1), (2, 2), (3, 7), (5, 256)])
def test_frame_rows_are_orthonormal(rank: int, d: int) -> None:
    rows = frame(rank, d)
    assert rows.shape == (rank, d)
    np.testing.assert_allclose(rows @ rows.T, np.eye(rank), atol=4e-15 * d)


def test_first_direction_is_constant_so_that_m_is_mu_in_every_coordinate() -> None:
    np.testing.assert_allclose(math.sqrt(9) * 1.3 * frame(2, 9)[0], np.full(9, 1.3), rtol=1e-15)


@pytest.mark.parametrize(("rank", "d"), [(2, 1), (0, 0), (1, -3)])
def test_frame_refuses_more_directions_than_dimensions(rank: int, d: int) -> None:
    with pytest.raises(DomainError, match="dimension must be at least"):
        frame(rank, d)


@pytest.mark.parametrize("t", [1e-300, 1e-9, 0.3, 40.0, 1000.0])
def test_noise_variance_keeps_its_digits(t: float) -> None:
    with mpmath.workdps(340):
        exact = 1 - mpmath.exp(-2 * mpmath.mpf(t))
        assert noise_var(t) == pytest.approx(float(exact), rel=4e-16)
        assert cluster_var(t, 0.25) == pytest.approx(float(exact + mpmath.mpf(0.25) * mpmath.exp(-2 * mpmath.mpf(t))), rel=4e-16)


def test_forward_channel_keeps_unit_variance_data_at_unit_variance(seed: int) -> None:
    """100 000 numbers: detects 2.5 % in the variance, and 0.025 in the correlation e^{-t}."""
    rng = np.random.default_rng(seed)
    data = rng.standard_normal((50_000, 2))
    for t in (0.01, 0.7, 3.0):
        x = noised(rng, data, t)
        assert abs(np.square(x).mean() - 1) < SIGMAS * math.sqrt(2 / x.size)
        assert abs((x * data).mean() - math.exp(-t)) < SIGMAS * math.sqrt(2 / x.size)


def test_forward_channel_at_time_zero_changes_nothing() -> None:
    data = np.linspace(-1, 1, 12).reshape(3, 4)
    assert (noised(np.random.default_rng(0), data, 0.0) == data).all()
