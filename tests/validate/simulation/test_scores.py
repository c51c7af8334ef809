"""Scores against definitions evaluated with more digits, at times from 1e-9 to 40."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pytest

from regimes.theory.errors import DomainError
from regimes.theory.laws import GaussianClusters
from regimes.validate.laws.clusters import ClustersCentre
from regimes.validate.simulation.channel import noise_var, noised
from regimes.validate.simulation.scores import EmpiricalCentre

TIMES = [1e-9, 1e-6, 1e-3, 0.02, 0.3, 1.0, 4.0, 40.0]
TWO = GaussianClusters((0.3, 0.7), ((0.8,), (-1.1,)), 0.6)


# Largest relative error of a weight: what a log weight may lose (EmpiricalCentre.TOLERANCE), with room for its constants.
WEIGHT_ERROR = {np.float32: 2e-3, np.float64: 2e-9}


def direct(data: np.ndarray, x: np.ndarray, t: Any, counts: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights, centre and log-density by the definition, in extended precision, all pairs at once."""
    data, x, t = data.astype(np.longdouble), x.astype(np.longdouble), np.longdouble(t)
    counts = np.ones(len(data)) if counts is None else counts
    variance = -np.expm1(-2 * t)
    logits = np.log(counts) - np.square(x[:, None] - np.exp(-t) * data).sum(axis=2) / (2 * variance)
    top = logits.max(axis=1, keepdims=True)
    weight = np.exp(logits - top)
    total = weight.sum(axis=1, keepdims=True)
    log_density = (top + np.log(total))[:, 0] - np.log(np.longdouble(counts.sum())) - data.shape[1] / 2 * np.log(2 * np.pi * variance)
    return weight / total, weight @ data / total, log_density


def queries(data: np.ndarray, t: float, number: int = 24) -> np.ndarray:
    rng = np.random.default_rng(3)
    return noised(rng, data[rng.integers(0, len(data), number)], t)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("n", "d"), [(1, 1), (1, 5), (60, 1), (200, 3), (300, 64)])
@pytest.mark.parametrize("t", TIMES)
def test_empirical_score_equals_its_definition(n: int, d: int, t: float, dtype: type[np.float32] | type[np.float64]) -> None:
    rng = np.random.default_rng(n + d)
    data = rng.standard_normal((n, d)) * 1.5 + 3
    labels = np.arange(n) % 3
    x = queries(data, t)
    weight, centre, log_density = direct(data, x, t)
    found = EmpiricalCentre(data, labels, dtype=dtype, query_block=7, data_block=33).posterior(x, t)
    error = WEIGHT_ERROR[dtype]
    reach = np.abs(data - data.mean(axis=0)).max()
    np.testing.assert_allclose(found.centre, centre.astype(float), rtol=1e-15, atol=error * reach)
    np.testing.assert_allclose(found.log_density, log_density.astype(float), rtol=1e-14, atol=error)
    np.testing.assert_allclose(found.max_weight, weight.max(axis=1).astype(float), atol=error)
    np.testing.assert_allclose(found.square_sum, np.square(weight).sum(axis=1).astype(float), atol=2 * error)
    for k in range(found.class_weights.shape[1]):
        np.testing.assert_allclose(found.class_weights[:, k], weight[:, labels == k].sum(axis=1).astype(float), atol=error)
    chosen = weight[np.arange(len(x)), found.nearest]  # among equal weights any may be named
    np.testing.assert_allclose(chosen.astype(float), weight.max(axis=1).astype(float), rtol=10 * error)


@pytest.mark.parametrize("t", [1e-9, 0.5, 40.0])
def test_empirical_log_density_equals_forty_digits(t: float) -> None:
    data = np.random.default_rng(0).standard_normal((5, 3))
    x = queries(data, t, 4)
    found = EmpiricalCentre(data).log_density(x, t)
    with mpmath.workdps(40):
        time = mpmath.mpf(t)
        variance = 1 - mpmath.exp(-2 * time)
        for row, value in zip(x, found, strict=True):
            decay = mpmath.exp(-time)
            gaps = [[float(v) - decay * float(a) for v, a in zip(row, datum, strict=True)] for datum in data]
            terms = [mpmath.exp(-sum(g**2 for g in gap) / (2 * variance)) for gap in gaps]
            exact = mpmath.log(sum(terms) / 5) - mpmath.mpf(3) / 2 * mpmath.log(2 * mpmath.pi * variance)
            assert value == pytest.approx(float(exact), rel=1e-12, abs=2e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("t", [1e-5, 0.01, 0.3, 2.0])
def test_blocks_change_only_rounding(t: float, dtype: type[np.float32] | type[np.float64]) -> None:
    data = np.random.default_rng(4).standard_normal((101, 10))
    x = queries(data, t)
    whole = EmpiricalCentre(data, dtype=dtype).posterior(x, t)
    for blocks in ((1, 1), (5, 13), (24, 50)):
        parts = EmpiricalCentre(data, dtype=dtype, query_block=blocks[0], data_block=blocks[1]).posterior(x, t)
        np.testing.assert_allclose(parts.centre, whole.centre, atol=WEIGHT_ERROR[dtype] * 4)
        np.testing.assert_allclose(parts.log_density, whole.log_density, atol=WEIGHT_ERROR[dtype])
        assert (parts.nearest == whole.nearest).all()


@pytest.mark.parametrize("t", TIMES)
def test_counts_equal_repeated_rows(t: float) -> None:
    rows = np.random.default_rng(5).standard_normal((20, 4))
    counts = np.arange(1, 21)
    x = queries(rows, t)
    merged = EmpiricalCentre(rows, counts=counts).posterior(x, t)
    repeated = EmpiricalCentre(np.repeat(rows, counts, axis=0)).posterior(x, t)
    np.testing.assert_allclose(merged.centre, repeated.centre, atol=2e-8)
    np.testing.assert_allclose(merged.log_density, repeated.log_density, rtol=1e-14, atol=4e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1e4, 1e20])
def test_data_of_any_scale_and_offset_neither_overflow_nor_cancel(scale: float, dtype: type[np.float32] | type[np.float64]) -> None:
    data = (np.random.default_rng(6).standard_normal((40, 8)) + 50) * scale
    for t in (1e-9, 0.1, 40.0):
        x = queries(data, t)
        _, centre, log_density = direct(data, x, t)
        found = EmpiricalCentre(data, dtype=dtype).posterior(x, t)
        np.testing.assert_allclose(found.centre, centre.astype(float), rtol=1e-3 if dtype == np.float32 else 1e-6)
        blur = 8 * np.finfo(float).eps * np.abs(x).max()  # rounding of x and of the data: the log-density cannot be better than it makes it
        gap = np.sqrt(2 * noise_var(t) * np.abs(log_density.astype(float)))
        lost = WEIGHT_ERROR[dtype] + 1e-14 * np.abs(log_density.astype(float)) + blur * (gap + blur) / noise_var(t)
        assert (np.abs(found.log_density - log_density) <= lost).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_close_neighbours_far_from_the_mean_are_told_apart(dtype: type[np.float32] | type[np.float64]) -> None:
    """A product loses 1e6 in these log weights: the screen has to keep every datum that it cannot tell from the best."""
    rng = np.random.default_rng(9)
    base = 100 * rng.standard_normal((40, 10))
    data = np.concatenate([base, base + 2e-5 * rng.standard_normal(base.shape), base + 4e-5 * rng.standard_normal(base.shape)])
    x = queries(data, 1e-9)
    weight, _, log_density = direct(data, x, 1e-9)
    found = EmpiricalCentre(data, dtype=dtype).posterior(x, 1e-9)
    blur = 8 * np.finfo(float).eps * np.abs(x).max() * np.sqrt(20 * noise_var(1e-9)) / noise_var(1e-9)  # rounding of x, gap sqrt(d Delta)
    assert weight.max(axis=1).min() < 0.9 and blur < 0.1
    np.testing.assert_allclose(found.max_weight, weight.max(axis=1).astype(float), rtol=blur)
    np.testing.assert_allclose(found.log_density, log_density.astype(float), rtol=1e-14, atol=blur)


def test_queries_far_from_all_data_are_drawn_to_the_nearest() -> None:
    data = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 3.0]])
    found = EmpiricalCentre(data, dtype=np.float32)(np.array([[1e8, 0.0], [-1e6, 1e7]]), 0.01)
    np.testing.assert_array_equal(found, [[1.0, 0.0], [0.0, 3.0]])


@pytest.mark.parametrize("t", [0.0, -1.0, math.nan, math.inf])
def test_empirical_score_refuses_times_without_noise(t: float) -> None:
    with pytest.raises(DomainError, match="needs a finite t > 0"):
        EmpiricalCentre(np.eye(3))(np.zeros((1, 3)), t)


def test_scores_keep_the_type_of_the_states() -> None:
    x = np.zeros((2, 4), dtype=np.float32)
    assert EmpiricalCentre(np.eye(4))(x, 1.0).dtype == np.float32
    assert ClustersCentre(TWO, 4)(x, 1.0).dtype == np.float32
