"""Curie-Weiss, classes by the sign of the magnetisation: against exhaustive sums over the spins and the definitions at small d."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import logsumexp

from regimes.numerics.laws.curie_weiss import limit as curie_weiss_limit
from regimes.numerics.laws.curie_weiss import odds as odds_curie_weiss
from regimes.numerics.laws.curie_weiss import signs as curie_weiss_signs
from regimes.numerics.laws.curie_weiss import sums as curie_weiss_sums
from regimes.numerics.laws.curie_weiss.sums import log_class_sums
from regimes.numerics.speciation import from_odds as speciation
from regimes.numerics.speciation import times as speciation_times
from regimes.theory.errors import DomainError
from regimes.theory.model import get_model

MODEL = get_model("curie-weiss")
M_STAR = 0.8585596366


def ask(function: Callable[..., Any], **values: Any) -> Any:
    columns = {name: np.array([float(v)]) for name, v in values.items()}
    return number(function(odds_curie_weiss.odds(MODEL, columns), columns))


def in_limit(function: Callable[..., Any], **values: Any) -> Any:
    return number(function(MODEL, {name: np.array([float(v)]) for name, v in values.items()}))


def number(answer: Any) -> Any:
    return float(answer.value[0]), float(answer.error[0]), str(answer.reason[0])


def exhaustive(beta: float, h: float, d: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """All states, their magnetisations, log-probabilities up to a constant, and the share of each that belongs to each class."""
    spins = np.array(list(itertools.product([1, -1], repeat=d)), dtype=float)
    total = spins.sum(1)
    share = np.stack([np.where(total > 0, 1.0, np.where(total == 0, 0.5, 0)), np.where(total < 0, 1.0, np.where(total == 0, 0.5, 0))])
    return spins, beta * total**2 / (2 * d) + h * total, share


# -- the posterior of a point ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [1, 2, 3, 6, 9])
@pytest.mark.parametrize(("beta", "h", "gamma"), [(1.5, 0, 0.3), (1.5, 0.1, 0.01), (2.5, -0.3, 5.0), (1.1, 0, 40.0), (1.3, 0.2, 1e4)])
def test_sums_over_a_sign_are_those_over_all_its_states(d: int, beta: float, h: float, gamma: float) -> None:
    rng = np.random.default_rng(d)
    xi = gamma * rng.choice([-1, 1], d) + np.sqrt(gamma) * rng.normal(size=d)
    spins, prior, share = exhaustive(beta, h, d)
    expected = [logsumexp(prior + spins @ xi, b=s) - logsumexp(prior, b=s) for s in share]
    nodes, counts = np.unique(xi, return_counts=True)
    origin = log_class_sums(np.full((1, 1), float(d)), np.zeros(1), beta, h, d)
    found = log_class_sums(counts[None].astype(float), nodes, beta, h, d) - origin
    assert found[0] == pytest.approx(expected, rel=1e-13, abs=1e-13)


@pytest.mark.parametrize(("beta", "h", "gamma"), [(1.5, 0.01, 1e-3), (1.02, 0, 0.3), (1.5, -0.02, 4.0), (1.2, 0, 60.0)])
def test_sums_over_a_sign_at_many_spins(beta: float, h: float, gamma: float) -> None:
    """Against the recursion of elementary symmetric functions: the sum over all states of one M, spin by spin, nothing cancels."""
    d, rng = 301, np.random.default_rng(5)
    nodes = gamma * np.array([1, 1, 1, -1, -1, -1]) + np.sqrt(gamma) * np.array([-1.7, 0.1, 1.6, -1.8, 0.2, 1.5])
    counts = rng.multinomial(d, [0.15, 0.3, 0.1, 0.1, 0.25, 0.1], size=3).astype(float)
    total = np.arange(-d, d + 1, 2)
    prior = beta * total**2 / (2 * d) + h * total

    def both(xi: Any) -> Any:
        log = np.array([0.0])
        for field in xi:
            log = np.logaddexp(np.append(log - field, -np.inf), np.append(-np.inf, log + field))
        return [logsumexp((prior + log)[sign * total > 0]) for sign in (1, -1)]

    start = np.array(both(np.zeros(d)))
    origin = log_class_sums(np.full((1, 1), float(d)), np.zeros(1), beta, h, d)[0]
    for row, found in zip(counts, log_class_sums(counts, nodes, beta, h, d), strict=True):
        expected = np.array(both(np.repeat(nodes, row.astype(int)))) - start
        assert found - origin == pytest.approx(expected, rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("gamma", [1e-4, 0.1, 6.0])
def test_fields_that_do_not_matter_are_left_out(gamma: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """At large d, against every field and every frequency taken into account."""
    d, nodes = 6_001, gamma * np.array([1, 1, -1, -1]) + np.sqrt(gamma) * np.array([-1.0, 1.0, -1.1, 0.9])
    counts = np.array([[2500, 2500, 500, 501], [1550, 1550, 1450, 1451], [300, 300, 2700, 2701]], dtype=float)
    short = log_class_sums(counts, nodes, 1.5, 1e-4, d)
    monkeypatch.setattr(curie_weiss_sums, "_SMALL", 10**6)
    assert short == pytest.approx(log_class_sums(counts, nodes, 1.5, 1e-4, d), rel=1e-12)


# -- averages over x ---------------------------------------------------------------------------------------------------------------


def brute_force(beta: float, h: float, d: int, t: float, nodes: Any) -> Any:
    """phi, I and KL by a tensor rule over x in R^d, with P_t^c(x) summed over all states."""
    spins, prior, share = exhaustive(beta, h, d)
    mass = np.exp(prior - logsumexp(prior)) * share
    weights = mass.sum(1)
    gamma = 1 / np.expm1(2 * t)
    z, w = np.polynomial.hermite_e.hermegauss(nodes)
    grid = np.stack(np.meshgrid(*[z] * d, indexing="ij"), -1).reshape(-1, d)
    rule = np.prod(np.stack(np.meshgrid(*[w / w.sum()] * d, indexing="ij"), -1).reshape(-1, d), axis=1)
    phi = info = kl = 0.0
    for a in range(len(spins)):
        x = np.sqrt(gamma) * spins[a] + grid  # in units of the noise
        density = np.exp(x @ (np.sqrt(gamma) * spins.T)) @ mass.T  # up to a factor that all classes share; (N, 2)
        posterior = density / density.sum(1, keepdims=True)
        phi += mass[:, a] @ (rule @ posterior)
        info += mass[:, a] @ (rule @ np.log(posterior / weights))
        kl += mass[0, a] / weights[0] * (rule @ np.log(density[:, 0] / weights[0] * weights[1] / density[:, 1]))
    return phi, info, kl


@pytest.mark.parametrize(
    ("beta", "h", "d", "t", "nodes"),
    [(1.5, 0.3, 1, 0.7, 60), (1.5, 0.0, 2, 0.9, 50), (1.5, 0.1, 2, 0.9, 50), (2.0, -0.2, 3, 1.1, 30), (1.3, 0.1, 4, 1.6, 16)],
)
def test_averages_are_those_over_all_states_and_points(beta: float, h: float, d: int, t: float, nodes: int) -> None:
    phi, info, kl = brute_force(beta, h, d, t, nodes)
    for function, expected in (
        (speciation.cloning_probability, phi),
        (speciation.cloning_probability_from_classes, phi),
        (speciation.class_information, info),
        (speciation.log_odds_mean, kl),
    ):
        value, error, _ = ask(function, beta=beta, h=h, d=d, t=t)
        assert value == pytest.approx(expected, rel=2e-12), function.__name__
        assert error < 1e-11


def test_one_spin_is_a_gaussian_pair() -> None:
    """At d = 1 the log-odds are normal with kappa = gamma, whatever the coupling; mpmath from that law."""
    t = 0.45
    with mp.workdps(25):
        kappa = 1 / mp.expm1(2 * mp.mpf(t))
        phi = mp.quad(lambda z: mp.npdf(z) / (1 + mp.exp(-2 * kappa - 2 * mp.sqrt(kappa) * z)), [-12, -6, -3, 0, 3, 6, 12])
    value, error, _ = ask(speciation.cloning_probability, beta=1.5, h=0, d=1, t=t)
    assert abs(value - phi) <= error and error < 1e-7
    assert ask(speciation.kappa, beta=1.5, h=0, d=1, t=t)[0] == pytest.approx(float(kappa), rel=1e-12)


def test_monte_carlo_is_the_sum_over_all_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    case = {"beta": 1.4, "h": 0.05, "d": 3, "t": 0.8}
    functions = (speciation.cloning_probability, speciation.class_information, speciation.kappa, speciation.log_odds_variance)
    exact = [ask(function, **case)[0] for function in functions]
    monkeypatch.setattr(odds_curie_weiss, "_enumerated", lambda *point, coarse: None)
    for function, expected in zip(functions, exact, strict=True):
        value, error, _ = ask(function, **case)
        # error is 3 standard errors; the seed is fixed, so this does not fail by chance
        assert abs(value - expected) <= error and 0 < error < 0.01 * expected, function.__name__


def test_the_densities_of_the_sample_are_normalised() -> None:
    """The mean of P_t^other/P_t^own in the own class is 1: importance weights, control variate and log-odds together."""
    for d, t in ((30, 1.6), (3000, 3.9)):
        law = odds_curie_weiss.odds(MODEL, {"beta": np.array([1.5]), "h": np.array([0.001])})

        def ratio(log_odds: Any, weights: Any, own: Any) -> Any:
            return np.exp(log_odds[..., 1 - own, None])

        value, error = law.averages(np.array([t]), np.array([float(d)]), ratio)
        assert np.all(np.abs(value - 1) <= error) and np.all(error < 0.01), (d, value, error)


def test_fewer_values_of_the_magnetisation_stand_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """The law of M by Gauss rules over stretches of it, and term by term."""
    law, gamma = curie_weiss_signs.signs(1.02, 1e-4, 20_000), 1 / np.expm1(6)
    weights = np.exp(law.log_weights)
    thin = curie_weiss_signs._thinned(law, 0, gamma)[0]
    assert thin.size < law.totals[0].size / 5
    short = curie_weiss_signs.sum_averages(law, 0, gamma, weights, speciation.gain)
    monkeypatch.setattr(curie_weiss_signs, "_GRAM", 10**9)
    full = curie_weiss_signs.sum_averages(law, 0, gamma, weights, speciation.gain)
    assert short.value == pytest.approx(full.value, rel=3e-11)


# -- published values and limits -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("d", "expected", "digits"), [(100, 0.772, 1e-3), (1600, 0.775, 5e-4)])
def test_published_cloning_probability(d: int, expected: float, digits: float) -> None:
    t = np.log(d * M_STAR**2) / 2
    value, error, _ = ask(speciation.cloning_probability, beta=1.5, h=0, d=d, t=t)
    assert abs(value - expected) < digits and error < 1e-4
    other, off, _ = ask(speciation.cloning_probability_from_classes, beta=1.5, h=0, d=d, t=t)
    assert abs(value - other) <= error + off


def test_published_limit() -> None:
    value, error, _ = in_limit(curie_weiss_limit.cloning_probability, beta=1.5, h=0, d=1e9, t=np.log(1e9 * M_STAR**2) / 2)
    assert value == pytest.approx(0.7752002454, abs=2e-10) and error < 1e-12


def test_the_limit_is_reached_like_one_over_d() -> None:
    gaps = []
    for d in (1e3, 1e4):
        t, h = np.log(d) / 2 - 0.1, 0.4 / d
        exact, error, _ = ask(speciation.cloning_probability, beta=1.5, h=h, d=d, t=t)
        gaps.append(in_limit(curie_weiss_limit.cloning_probability, beta=1.5, h=h, d=d, t=t)[0] - exact)
        assert error < 0.1 * gaps[-1]
    assert 8 < gaps[0] / gaps[1] < 12, gaps


def test_weights_of_the_states() -> None:
    for h in (0.002, -0.0007):
        gaps = [
            in_limit(curie_weiss_limit.class_weight, beta=1.4, h=h, d=d)[0]
            - in_limit(curie_weiss_limit.class_weight_exact, beta=1.4, h=h, d=d)[0]
            for d in (250, 1000)
        ]
        assert abs(gaps[0]) < 3e-3 and abs(gaps[1]) < abs(gaps[0])
    assert in_limit(curie_weiss_limit.class_weight_exact, beta=1.5, h=0, d=10_000)[0] == 0.5
    states = curie_weiss_limit.states(np.array([1.5, 1.5]), np.array([0.02, -0.02]))
    for m in (states[0][0], states[1][0]):
        assert m == pytest.approx(np.tanh(1.5 * m + 0.02), abs=1e-14)
    assert states[0][1] == pytest.approx(-states[1][0], rel=1e-14) and states[1][1] == pytest.approx(-states[0][0], rel=1e-14)


def test_a_tie_is_the_only_doubt_at_early_times() -> None:
    """At d even, M = 0 is told apart by nothing: phi = 1 - P(M = 0)/2."""
    spins, prior, _ = exhaustive(1.5, 0, 8)
    tie = np.exp(prior - logsumexp(prior)) @ (spins.sum(1) == 0)
    assert ask(speciation.cloning_probability, beta=1.5, h=0, d=8, t=1e-5)[0] == pytest.approx(1 - tie / 2, rel=1e-12)
    assert ask(speciation.cloning_probability, beta=1.5, h=0, d=7, t=1e-5)[0] == 1


# -- times ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_times_meet_their_conditions() -> None:
    case = {"beta": 1.5, "h": 0, "d": 60}
    snr, error, _ = ask(speciation_times.snr, **case)
    for shift, sign in ((-2, 1), (2, -1)):
        kappa, off, _ = ask(speciation.kappa, t=snr + shift * error, **case)
        assert sign * (kappa - 1) > -off
    level = 0.8
    cloning, error, _ = ask(speciation_times.cloning, level=level, **case)
    phi, off, _ = ask(speciation.cloning_probability, t=cloning, **case)
    assert abs(phi - level) < 2 * off and error < 1e-3
    balance, error, _ = ask(speciation_times.balance, **case)
    mean, off, _ = ask(speciation.log_odds_mean, t=balance, **case)
    variance, blur, _ = ask(speciation.log_odds_variance, t=balance, **case)
    assert abs(mean**2 - variance) < 2 * (2 * mean * off + blur)


def test_eigenvalue_and_curvature_from_the_states() -> None:
    spins, prior, _ = exhaustive(1.5, 0.1, 4)
    mass = np.exp(prior - logsumexp(prior))
    centred = spins - mass @ spins
    top = np.linalg.eigvalsh((centred * mass[:, None]).T @ centred)[-1]
    assert ask(speciation_times.noise_balance, beta=1.5, h=0.1, d=4)[0] == pytest.approx(np.log1p(top) / 2, rel=1e-13)
    spins, prior, _ = exhaustive(1.5, 0, 3)

    def log_density(u: Any, t: float) -> Any:
        """log P_t along the diagonal, up to a constant."""
        x, noise = u / mp.sqrt(3), -mp.expm1(-2 * t)
        terms = [mp.exp(p - sum((x - mp.exp(-t) * a) ** 2 for a in s) / (2 * noise)) for p, s in zip(prior, spins, strict=True)]
        return mp.log(sum(terms))

    with mp.workdps(30):
        bimodal = mp.findroot(lambda t: mp.diff(lambda u: log_density(u, t), 0, 2), 0.6)
        curvature = mp.findroot(lambda t: 1 + 2 * mp.diff(lambda u: log_density(u, t), 0, 2), 0.8)
    assert ask(speciation_times.bimodal, beta=1.5, h=0, d=3)[0] == pytest.approx(float(bimodal), rel=1e-12)
    assert ask(speciation_times.curvature, beta=1.5, h=0, d=3)[0] == pytest.approx(float(curvature), rel=1e-12)


def test_where_there_are_no_classes_the_reason_is_told() -> None:
    for function in (speciation.kappa, speciation.cloning_probability):
        value, _, reason = ask(function, beta=0.9, h=0, d=10, t=1)
        assert np.isnan(value) and "one state" in reason
    value, _, reason = ask(speciation_times.snr, beta=1.5, h=0.5, d=10_000)
    assert np.isnan(value) and "weight below" in reason
    value, _, reason = ask(speciation_times.bimodal, beta=1.5, h=0.1, d=100)
    assert np.isnan(value) and "symmetric point" in reason
    value, _, reason = in_limit(curie_weiss_limit.kappa, beta=1.5, h=0.5, d=100, t=1)
    assert np.isnan(value) and "metastable" in reason
    with pytest.raises(DomainError, match="whole number"):
        ask(speciation.kappa, beta=1.5, h=0, d=10.5, t=1)
