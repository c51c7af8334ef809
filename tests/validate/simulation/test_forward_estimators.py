"""Forward-channel estimators: sample by sample against the definition, and equal in law to the plain ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from regimes.theory.errors import DomainError
from regimes.theory.laws import Atom, GaussianClusters, GaussianSpectrum, Law
from regimes.validate.laws import class_centre, density, draw
from regimes.validate.runs.class_measurements import agreement
from regimes.validate.simulation import forward_estimators as estimators
from regimes.validate.simulation.channel import cluster_var, noise_var, noised
from regimes.validate.simulation.forward_estimators import (
    Planted,
    class_agreement,
    information_density,
    plain_excess,
    planted,
    planted_batch,
    window_averages,
)
from regimes.validate.simulation.scores import EmpiricalCentre

SIGMAS = 5.0
ONE = GaussianClusters((1,), ((),), 1.3)
TWO = GaussianClusters((0.5, 0.5), ((1.0,), (-1.0,)), 1.0)
TIMES = np.array([1e-9, 1e-4, 0.05, 0.4, 1.0, 2.0, 5.0, 40.0])
FACTOR_ERROR = {np.float32: 2e-3, np.float64: 1e-8}  # of a factor near 1; most are far better


def by_definition(data: np.ndarray, origin: np.ndarray, noise: np.ndarray, t: Any, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """log[n P_t^e(x)/N(x; e^{-t} a_nu, Delta)] and all weights, in extended precision."""
    data, noise, t = data.astype(np.longdouble), noise.astype(np.longdouble), np.longdouble(t)
    variance = -np.expm1(-2 * t)
    gap = np.sqrt(variance) * noise[:, None] + np.exp(-t) * (data[origin][:, None] - data)
    energy = np.square(gap).sum(axis=2) / (2 * variance)
    own = np.square(noise).sum(axis=1) / 2
    terms = counts * np.exp(own[:, None] - energy)
    total = terms.sum(axis=1)
    return np.log(total), terms / total[:, None]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("n", "d"), [(1, 1), (2, 1), (50, 1), (40, 3), (300, 40)])
def test_planted_estimator_equals_its_definition_sample_by_sample(
    n: int, d: int, dtype: type[np.float32] | type[np.float64], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimators, "SAMPLE_BLOCK", 7)
    monkeypatch.setattr(estimators, "DATA_BLOCK", 16)
    rng = np.random.default_rng(n * d)
    data = rng.standard_normal((n, d), dtype=dtype)
    origin, noise = rng.integers(0, n, 20), rng.standard_normal((20, d), dtype=dtype)
    labels = np.arange(n) % 3
    found = planted(data, origin, noise, TIMES, classes=np.eye(3)[labels])
    for k, t in enumerate(TIMES):
        excess, weight = by_definition(data, origin, noise, t, np.ones(n))
        own = weight[np.arange(20), origin]
        np.testing.assert_allclose(found.excess[:, k], excess.astype(float), atol=FACTOR_ERROR[dtype])
        np.testing.assert_allclose(found.weight[:, k], own.astype(float), atol=FACTOR_ERROR[dtype])
        classes = np.stack([weight[:, labels == c].sum(axis=1) for c in range(3)])
        np.testing.assert_allclose(found.agreement[:, k], np.square(classes).sum(axis=0).astype(float), atol=2 * FACTOR_ERROR[dtype])
        lead = (own - np.where(np.arange(n) == origin[:, None], 0, weight).max(axis=1)).astype(float)
        clear = np.abs(lead) > 4 * FACTOR_ERROR[dtype]
        assert (found.nearest[clear, k] == (lead[clear] > 0)).all()


@pytest.mark.parametrize("t", [0.05, 0.4, 1.0, 4.0])
def test_planted_and_plain_estimator_agree_on_the_same_samples(t: float) -> None:
    """The plain one is log n + log P_t^e(x) less the log density of the planted channel, exactly."""
    rng = np.random.default_rng(1)
    n, d = 80, 6
    data, origin, noise = rng.standard_normal((n, d)), rng.integers(0, n, 30), rng.standard_normal((30, d))
    x = math.exp(-t) * data[origin] + math.sqrt(noise_var(t)) * noise
    channel = -0.5 * np.square(noise).sum(axis=1) - 0.5 * d * math.log(2 * math.pi * noise_var(t))
    score = EmpiricalCentre(data)
    found = planted(data, origin, noise, [t])
    np.testing.assert_allclose(found.excess[:, 0], math.log(n) + score.log_density(x, t) - channel, atol=1e-9)
    np.testing.assert_allclose(found.nearest[:, 0], score.posterior(x, t).nearest == origin)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_counts_equal_repeated_rows(dtype: type[np.float32] | type[np.float64]) -> None:
    """A row that occurs c times adds log c to the excess entropy as t -> 0; its weight is that of all its copies."""
    rng = np.random.default_rng(2)
    rows, counts = rng.standard_normal((12, 3), dtype=dtype), np.arange(1, 13)
    origin, noise = np.arange(12), rng.standard_normal((12, 3), dtype=dtype)
    merged = planted(rows, origin, noise, TIMES, counts=counts)
    repeated = planted(np.repeat(rows, counts, axis=0), np.cumsum(counts) - 1, noise, TIMES)
    np.testing.assert_allclose(merged.excess, repeated.excess, atol=FACTOR_ERROR[dtype])
    np.testing.assert_allclose(merged.excess[:, 0], np.log(counts), atol=1e-7)
    np.testing.assert_allclose(merged.weight, counts[:, None] * repeated.weight, atol=FACTOR_ERROR[dtype])


def test_one_datum_has_no_excess_entropy_and_all_the_weight() -> None:
    found = batch(0, ONE, 1, 5, TIMES, 10)
    assert (found.excess == 0).all() and (found.weight == 1).all() and found.nearest.all()


def batch(seed: int | list[int], law: Law, n: int, d: int, times: np.ndarray | list[float], samples: int) -> Planted:
    rng = np.random.default_rng(seed)
    return planted_batch(rng, draw(rng, law, n, d, np.float32)[0], times, samples)


def z_scores(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Difference of the means of two sets of batches (rows) in standard errors."""
    error = np.sqrt(first.var(axis=0, ddof=1) / len(first) + second.var(axis=0, ddof=1) / len(second))
    return np.abs(first.mean(axis=0) - second.mean(axis=0)) / error


def batches(number: int, n: int, d: int, times: np.ndarray, samples: int, seed: int) -> list[Planted]:
    return [batch([seed, i], TWO, n, d, times, samples) for i in range(number)]


def test_planted_and_plain_excess_entropy_are_equal_in_law() -> None:
    """60 batches of new data each, 5 standard errors at 6 times: false-failure rate 1e-5 (Student, 118 degrees of freedom).

    Detects 2 % of log n.
    """
    times = np.array([0.3, 0.6, 0.9, 1.3, 2.0, 3.0])
    good = np.array([b.excess.mean(axis=0) for b in batches(60, 200, 8, times, 100, 1)])
    plain = []
    for i in range(60):
        rng = np.random.default_rng([2, i])
        plain.append(plain_excess(rng, draw(rng, TWO, 200, 8)[0], times, 100).mean(axis=0))
    assert (z_scores(good, np.array(plain)) < SIGMAS).all(), z_scores(good, np.array(plain))
    assert good.var(axis=0)[-1] < 0.1 * np.var(plain, axis=0)[-1]  # the plain one carries the variance d/2 of |z|^2/2


def test_weight_of_the_planted_datum_has_the_mean_of_the_sum_of_squares() -> None:
    """phi_C by E w_nu and by E sum w^2; 60 batches each, false-failure rate 1e-5; detects 0.03."""
    times = np.array([0.3, 0.6, 0.9, 1.3])
    good = np.array([b.weight.mean(axis=0) for b in batches(60, 200, 8, times, 100, 3)])
    squares = []
    for i in range(60):
        rng = np.random.default_rng([4, i])
        data, _ = draw(rng, TWO, 200, 8)
        score = EmpiricalCentre(data)
        squares.append([score.posterior(noised(rng, data[:100], t), t).square_sum.mean() for t in times])
    assert (z_scores(good, np.array(squares)) < SIGMAS).all()


def test_class_agreement_is_the_universal_curve_of_kappa() -> None:
    """100 000 samples, 5 standard errors at 5 times: false-failure rate 3e-6; detects 0.005."""
    d, times = 64, np.array([1.2, 1.5, 2.0, 3.0, 5.0])
    found = agreement(np.random.default_rng(5), TWO, d, times, 100_000)
    z = np.linspace(-12, 12, 4001)
    for k, t in enumerate(times):
        kappa = d * math.exp(-2 * t) / cluster_var(t, 1.0)
        value = np.sum(np.exp(-z * z / 2) * 0.5 * (1 + np.tanh(kappa + math.sqrt(kappa) * z))) * (z[1] - z[0]) / math.sqrt(2 * math.pi)
        assert abs(found[:, k].mean() - value) < SIGMAS * found[:, k].std() / math.sqrt(1e5) + 1e-12


def test_class_agreement_without_classes_is_certain() -> None:
    assert (class_agreement(np.random.default_rng(0), class_centre(ONE, 3), np.zeros((10, 3)), [0.1, 1.0]) == 1).all()


def test_information_density_has_the_mean_and_variance_of_a_gaussian_channel() -> None:
    """I = log(1 + gamma sd^2)/2 and V = 1 - 1/(1 + gamma sd^2), x and z being jointly Gaussian. 20 000 samples: 1 % of I, 10 % of V."""
    d, times = 20, np.array([0.1, 0.7, 2.0])
    found = information_density(np.random.default_rng(6), density(ONE, d), draw(np.random.default_rng(5), ONE, 20_000, d)[0], times)
    signal = 1.3**2 * np.exp(-2 * times) / -np.expm1(-2 * times)
    correlation = 1 / (1 + signal)  # squared correlation of x and z in one coordinate
    assert (np.abs(found.mean(axis=0) - 0.5 * np.log1p(signal)) < SIGMAS * found.std(axis=0) / math.sqrt(20_000)).all()
    variance = (1 - correlation) / d  # of (x^2/Gamma - z^2)/2, both chi-square
    assert (np.abs(found.var(axis=0) / variance - 1) < SIGMAS * 3 / math.sqrt(20_000)).all()


def test_batches_have_their_own_data_and_repeat_bit_for_bit() -> None:
    first, again, other = (batch(s, TWO, 30, 4, [0.5, 1.0], 20) for s in (1, 1, 2))
    assert (first.excess == again.excess).all() and (first.weight == again.weight).all()
    assert (first.excess != other.excess).any()


@pytest.mark.parametrize("t", [0.0, -1.0, math.nan, math.inf])
def test_times_without_noise_are_refused(t: float) -> None:
    with pytest.raises(DomainError, match="finite times > 0"):
        batch(0, TWO, 10, 3, [0.5, t], 5)


@pytest.mark.parametrize("copies", [1, 4])
def test_the_window_of_samples_is_that_of_the_law_in_the_mean(copies: int) -> None:
    """400 groups of 32 samples: without bias, within 5 standard errors of the integral over a normal zeta.

    Mean and variance of the information density of a Gaussian are known: sums of log(1 + q)/2 and q/(1 + q) over its eigenvalues.
    """
    law, d, n, times = GaussianSpectrum((Atom(0.5, 2.0), Atom(0.5, 0.3))), 10, 40, [0.3, 0.9]
    rng = np.random.default_rng(9)
    found = np.empty((400, 2, 2))
    for k in range(400):
        data, _ = draw(rng, law, 32, d)
        found[k] = window_averages(density(law, d), data, rng.standard_normal(data.shape), times, n, copies)
    grid = np.linspace(-10, 10, 40_001)
    weight = np.exp(-(grid**2) / 2) / np.exp(-(grid**2) / 2).sum()
    for j, t in enumerate(times):
        signal = np.repeat([2.0, 0.3], d // 2) / math.expm1(2 * t)
        mean, spread = copies * 0.5 * np.log1p(signal).sum(), math.sqrt(copies * (signal / (1 + signal)).sum())
        zeta = mean - math.log(n - 1) + spread * grid
        for i, exact in enumerate((np.logaddexp(0, -zeta) @ weight, (1 / (1 + np.exp(-zeta))) @ weight)):
            column = found[:, i, j]
            assert abs(column.mean() - exact) < SIGMAS * column.std(ddof=1) / 20
