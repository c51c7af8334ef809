"""Log-odds of two Ising chains against sums over all spins, domain walls counted, Monte Carlo, and the weak-signal expansion."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import toeplitz
from scipy.stats import binom

from regimes.numerics.laws.ising_chains import odds as odds_chains
from regimes.numerics.laws.ising_chains.covariance import largest_eigenvalue
from regimes.numerics.laws.ising_chains.odds import ChainOdds
from regimes.numerics.laws.ising_chains.sampled_odds import log_odds, sampled_log_odds
from regimes.numerics.speciation.times import snr
from regimes.theory.errors import DomainError
from regimes.theory.model import get_model

HALF = np.full(2, 0.5)


def classes(beta_a: float, beta_b: float) -> ChainOdds:
    return ChainOdds(*(np.array([float(v)]) for v in (beta_a, beta_b, 0.5)))


def agreement(log_odds: NDArray[np.float64], weights: NDArray[np.float64], own: float) -> NDArray[np.float64]:
    posterior = 1 / (1 + np.exp(log_odds.sum(-1, keepdims=True)))
    return np.concatenate([posterior**2 + (1 - posterior) ** 2, np.log(posterior / 0.5)], axis=-1)


def averages(
    beta_a: float, beta_b: float, t: float, d: int, f: Callable[..., Any] = agreement
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(K, M) values and errors."""
    pair = classes(beta_a, beta_b).averages(np.array([t]), np.array([float(d)]), f)
    return pair.value[0], pair.error[0]


def moments(beta_a: float, beta_b: float, t: float, d: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance seen from both classes, (2, 2), and errors."""
    pair = classes(beta_a, beta_b).moments(np.array([t]), np.array([float(d)]))
    return (pair.value[0, [0, 1], [1, 0]], pair.error[0, [0, 1], [1, 0]])


def all_spins(d: int) -> NDArray[np.float64]:
    return np.array(list(itertools.product([1.0, -1.0], repeat=d)))


def gibbs(beta: float, spins: NDArray[np.float64]) -> NDArray[np.float64]:
    weight = np.exp(beta * (spins[:, 1:] * spins[:, :-1]).sum(1))
    return weight / weight.sum()


def by_definition(beta_a: float, beta_b: float, t: float, d: int, nodes: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Averages of `agreement` (2, M) and moments (2, 2), from all spins and nested Gauss-Hermite rules."""
    gamma, spins = 1 / np.expm1(2 * t), all_spins(d)
    priors = [gibbs(beta, spins) for beta in (beta_a, beta_b)]
    z, w = np.polynomial.hermite_e.hermegauss(nodes)
    noise = np.array(list(itertools.product(z, repeat=d)))
    weight = np.prod(list(itertools.product(w / w.sum(), repeat=d)), axis=1)
    values = np.zeros((2, 4))
    for own, hidden in itertools.product((0, 1), range(len(spins))):
        y = np.sqrt(gamma) * spins[hidden] + noise
        likelihood = np.exp(np.sqrt(gamma) * (y @ spins.T - np.abs(y).sum(1)[:, None]))
        own_odds = np.log(likelihood @ priors[own]) - np.log(likelihood @ priors[1 - own])
        table = np.zeros((own_odds.size, 2))
        table[:, 1 - own] = -own_odds
        columns = np.column_stack([agreement(table, HALF, own), own_odds, own_odds**2])
        values[own] += priors[own][hidden] * (weight @ columns)
    values[:, 3] -= values[:, 2] ** 2
    return values[:, :2], values[:, 2:]


@pytest.mark.parametrize(("beta_a", "beta_b", "t", "d"), [(1.0, 0.5, 0.5, 3), (1.5, 0.0, 0.6, 2), (0.3, 0.7, 1.0, 3), (1.1, 0.6, 2.0, 3)])
def test_averages_and_moments_are_those_of_the_definition(beta_a: float, beta_b: float, t: float, d: int) -> None:
    for (value, error), exact in zip(
        (averages(beta_a, beta_b, t, d), moments(beta_a, beta_b, t, d)), by_definition(beta_a, beta_b, t, d, 61), strict=True
    ):
        assert np.all(np.abs(value - exact) <= error + 2e-12), (value, exact, error)
        assert np.all(error < 2e-8)


@pytest.mark.parametrize(("beta_a", "beta_b", "d"), [(1.2, 0.4, 9), (1.0, 0.2, 40), (0.9, 1.3, 200)])
def test_without_noise_the_log_odds_count_domain_walls(beta_a: float, beta_b: float, d: int) -> None:
    flips = [1 / (1 + np.exp(2 * beta)) for beta in (beta_a, beta_b)]
    walls = np.arange(d)
    step = [walls * np.log(p) + (d - 1 - walls) * np.log1p(-p) for p in flips]
    (value, error), (moment, blur) = averages(beta_a, beta_b, 1e-4, d), moments(beta_a, beta_b, 1e-4, d)
    for own in (0, 1):
        weight = binom.pmf(walls, d - 1, flips[own])
        own_odds = step[own] - step[1 - own]
        table = np.zeros((d, 2))
        table[:, 1 - own] = -own_odds
        mean = weight @ own_odds
        assert np.all(np.abs(value[own] - weight @ agreement(table, HALF, own)) <= error[own] + 1e-12)
        assert np.all(np.abs(moment[own] - [mean, weight @ (own_odds - mean) ** 2]) <= blur[own] + 1e-12)
    assert error.max() < 1e-3 and blur.max() < 1e-4


@pytest.mark.parametrize(("beta_a", "beta_b", "t", "d"), [(1.0, 0.5, 1.0, 200), (1.2, 0.7, 0.3, 40)])
def test_averages_are_those_of_sampled_chains(beta_a: float, beta_b: float, t: float, d: int) -> None:
    """10 000 chains per class; at 5 sigma: false failure 1e-5 in all, detects 2 % of the probability and 8 % of the variance."""
    (value, _), (moment, _) = averages(beta_a, beta_b, t, d), moments(beta_a, beta_b, t, d)
    for own, (here, there) in enumerate(((beta_a, beta_b), (beta_b, beta_a))):
        sample = sampled_log_odds(here, there, 1 / np.expm1(2 * t), d, 10_000, np.random.default_rng(own))
        table = np.zeros((sample.size, 2))
        table[:, 1 - own] = -sample
        columns = np.column_stack([agreement(table, HALF, own), sample, (sample - sample.mean()) ** 2])
        off = columns.mean(0) - np.concatenate([value[own], moment[own]])
        assert np.all(np.abs(off) < 5 * columns.std(0) / np.sqrt(sample.size))


def test_log_odds_of_a_datum_are_those_of_the_sum_over_all_spins() -> None:
    d, t, rng = 10, 0.4, np.random.default_rng(3)
    spins = all_spins(d)
    x = np.exp(-t) * spins[rng.integers(len(spins), size=50)] + np.sqrt(-np.expm1(-2 * t)) * rng.standard_normal((50, d))
    likelihood = np.exp(-((x[:, None] - np.exp(-t) * spins) ** 2).sum(-1) / (2 * -np.expm1(-2 * t)))
    exact = np.log(likelihood @ gibbs(1.3, spins)) - np.log(likelihood @ gibbs(0.4, spins))
    np.testing.assert_allclose(log_odds(x, t, 1.3, 0.4), exact, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(("beta_a", "beta_b", "t"), [(1.0, 0.99999, 0.5), (0.7, 0.2, 12.0), (9.0, 3.0, 0.02)])
def test_small_and_extreme_log_odds_keep_their_digits(beta_a: float, beta_b: float, t: float) -> None:
    rng = np.random.default_rng(5)
    x = rng.standard_normal((3, 4)) * 1.5
    with mp.workdps(60):
        decay, noise = mp.e ** (-mp.mpf(t)), 1 - mp.e ** (-2 * mp.mpf(t))

        def log_density(row: Any, beta: float) -> Any:
            bonds = [sum(s * r for s, r in itertools.pairwise(spins)) for spins in itertools.product((1, -1), repeat=4)]
            fields = [sum(s * mp.mpf(float(u)) for s, u in zip(spins, row, strict=True)) for spins in itertools.product((1, -1), repeat=4)]
            top = [mp.e ** (mp.mpf(beta) * b) for b in bonds]
            return mp.log(sum(w * mp.e ** (decay / noise * f) for w, f in zip(top, fields, strict=True)) / sum(top))

        exact = [float(log_density(row, beta_a) - log_density(row, beta_b)) for row in x]
    np.testing.assert_allclose(log_odds(x, t, beta_a, beta_b), exact, rtol=1e-9)


@pytest.mark.parametrize("d", [2, 7, 300])
def test_weak_signals_see_the_difference_of_the_correlations(d: int) -> None:
    """KL = Var/2 = gamma^2/2 sum_{i<j} (tanh(beta_a)^(j-i) - tanh(beta_b)^(j-i))^2 up to a relative error of order gamma."""
    t = 8.0
    gamma = 1 / np.expm1(2 * t)
    distance = np.arange(1, d)
    square = ((d - distance) * (np.tanh(1.2) ** distance - np.tanh(0.4) ** distance) ** 2).sum()
    value, error = moments(1.2, 0.4, t, d)
    np.testing.assert_allclose(value, np.tile([gamma**2 * square / 2, gamma**2 * square], (2, 1)), rtol=20 * gamma)
    assert np.all(error < 1e-6 * value)
    phi, off = averages(1.2, 0.4, t, d, lambda log_odds, weights, own: np.tanh(log_odds.sum(-1, keepdims=True) / 2) ** 2 / 2)
    np.testing.assert_allclose(phi[:, 0], gamma**2 * square / 8, rtol=20 * gamma)
    assert np.all(off < 1e-5 * phi)


@pytest.mark.slow
@pytest.mark.parametrize(("beta_a", "beta_b", "t", "d"), [(1.0, 0.5, 1.3, 500), (0.4, 0.1, 3, 1e6), (1.2, 0.3, 0.15, 12), (0.8, 0.5, 4, 9)])
def test_the_laws_of_the_two_classes_belong_together(beta_a: float, beta_b: float, t: float, d: int) -> None:
    """Two methods for the cloning probability agree: that ties the law of one class to that of the other, computed apart."""

    def both(log_odds: Any, weights: Any, own: Any) -> Any:
        other = log_odds.sum(-1, keepdims=True)
        posterior = 1 / (1 + np.exp(other))
        return np.concatenate([posterior**2 + (1 - posterior) ** 2, posterior], axis=-1)

    value, error = averages(beta_a, beta_b, t, d, both)
    mean, blur = value.mean(0), error.mean(0)
    assert abs(mean[0] - mean[1]) <= blur[0] + blur[1] + 1e-12


def test_the_largest_eigenvalue_is_that_of_the_covariance_matrix() -> None:
    rng = np.random.default_rng(0)
    for d in (1, 2, 3, 7, 60, 300):
        first, second, weight = np.tanh(rng.uniform(0, 2, 5)), np.tanh(rng.uniform(0, 2, 5)), rng.random(5)
        first[0], second[1], second[2] = 0, 0, first[2]
        powers = np.arange(d)
        rows = [w * a**powers + (1 - w) * b**powers for a, b, w in zip(first, second, weight, strict=True)]
        exact = [np.linalg.eigvalsh(toeplitz(row))[-1] for row in rows]
        np.testing.assert_allclose(largest_eigenvalue(first, second, weight, np.full(5, float(d))), exact, rtol=1e-10)


def test_the_largest_eigenvalue_of_a_long_chain_is_the_sum_of_the_correlations() -> None:
    first, second = np.tanh(np.full((2, 2), [[1.0], [0.5]]))
    value = largest_eigenvalue(first, second, HALF, np.array([1e3, 1e5]))
    limit = (np.exp(2.0) + np.exp(1.0)) / 2
    assert np.all(value < limit)
    np.testing.assert_allclose(limit - value, (limit - value[0]) * np.array([1, 1e-4]), rtol=2e-2)  # like 1/(d + 5)^2


def test_speciation_follows_a_quarter_of_log_d_with_its_constant() -> None:
    """t_S = log(c d/4)/4 + O(1/sqrt(d)), c = sum_n (tanh(beta_a)^n - tanh(beta_b)^n)^2."""
    model, d = get_model("ising-chains"), np.power(4.0, np.arange(7, 12))
    values = {"beta_a": np.full(5, 1.0), "beta_b": np.full(5, 0.5), "d": d}
    answer = snr(odds_chains.odds(model, values), values)
    a, b = np.tanh(1.0), np.tanh(0.5)
    c = a**2 / (1 - a**2) + b**2 / (1 - b**2) - 2 * a * b / (1 - a * b)
    gap = answer.value - np.log(c * d / 4) / 4
    assert np.all(answer.error < 1e-6)
    np.testing.assert_allclose(np.log2(gap[:-1] / gap[1:]), 1, atol=0.05)
    assert abs(gap[-1]) < 2e-3


def test_equal_couplings_and_single_spins_cannot_be_told_apart() -> None:
    for arguments in ((0.7, 0.7, 0.5, 20), (1.0, 0.3, 0.5, 1)):
        value, error = averages(*arguments)
        np.testing.assert_allclose(value, [[0.5, 0], [0.5, 0]], atol=1e-15)
        assert error.max() < 1e-14 and not moments(*arguments)[0].any()


def test_strong_couplings_are_sampled_with_an_error_that_holds_and_long_ones_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    solved, _ = averages(1.0, 0.5, 0.5, 30)
    monkeypatch.setattr(odds_chains, "_LEAST", 99.0)
    value, error = averages(1.0, 0.5, 0.5, 30)
    assert np.all(np.abs(value - solved) <= error) and 1e-4 < error.max() < 2e-2
    mean, blur = moments(1.0, 0.5, 0.5, 30)
    monkeypatch.undo()
    assert np.all(np.abs(mean - moments(1.0, 0.5, 0.5, 30)[0]) <= blur)
    with pytest.raises(DomainError, match="couplings"):
        averages(7.0, 5.0, 2.0, 10**5)


def test_the_classes_of_the_model() -> None:
    model = get_model("ising-chains")
    law = odds_chains.odds(model, {"beta_a": np.array([1.0, 0.7]), "beta_b": np.array([0.5, 0.2]), "d": np.array([10.0, 20.0])})
    np.testing.assert_array_equal(law.weights(np.array([10.0, 20.0])), 0.5)
    assert law.count == model.class_count == 2 and law.curvatures(np.ones(2), np.ones(2)) is None and "symmetric" in law.no_symmetric_point
    with pytest.raises(DomainError, match="t <= 150"):
        averages(1.0, 0.5, 200.0, 10)
    with pytest.raises(DomainError, match="whole number"):
        law.weights(np.array([2.5, 3.0]))
