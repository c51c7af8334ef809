"""The splitting probability from the reverse process's drift and noise is the posterior, which the equation is never told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import ndtr

from regimes.numerics.laws import answers
from regimes.numerics.laws.curie_weiss.limit import states
from regimes.numerics.predict import predict
from regimes.numerics.speciation.kolmogorov import REACH, Frame, Process, blur, splitting
from regimes.numerics.speciation.splitting import OrderParameter, Setting
from regimes.theory.conventions import q as overlap
from regimes.theory.derive import derive
from regimes.theory.laws.curie_weiss.classes import bias, strength
from regimes.theory.laws.curie_weiss.times import m_state
from regimes.theory.model import get_model
from tests.numerics import twins

CLUSTERS: dict[str, Any] = {"mu": 0.5, "sigma": 0.8, "weight": 0.4, "d": 40.0}


def setting(name: str, at: dict[str, Any]) -> Setting:
    model = get_model(name)
    order = answers(model.family).order_parameter
    assert isinstance(order, OrderParameter)
    return order.setting(model, at)


def draws(name: str) -> dict[str, Any]:
    rng = np.random.default_rng(31)
    count = 8
    own = {
        "gaussian-mixture": {"mu": rng.uniform(0.3, 2, count), "sigma": 10 ** rng.uniform(-1.5, 1, count)},
        "zero-mean-mixture": {"sigma_a": 10 ** rng.uniform(-1, 0.7, count), "sigma_b": 10 ** rng.uniform(-1, 0.7, count)},
        "curie-weiss": {"beta": rng.uniform(1.05, 3, count), "h": rng.choice([0.0, 1e-3, -1e-2], count)},
    }[name]
    weight = {} if name == "curie-weiss" else {"weight": rng.uniform(0.05, 0.95, count)}
    return {**own, **weight, "d": np.floor(10 ** rng.uniform(0, 4, count)), "t": 10 ** rng.uniform(-1.5, 0.7, count)}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "method"), [("gaussian-mixture", "sech"), ("zero-mean-mixture", "posterior"), ("curie-weiss", "limit")])
def test_cloning_probability_is_that_of_the_posterior(name: str, method: str) -> None:
    at = draws(name)
    found, expected = (predict(name, "cloning-probability", method=m, **at) for m in ("splitting", method))
    gap = np.abs(found.value - expected.value)
    assert found.ok.all() and gap.max() < 3e-8
    assert (gap <= found.error + expected.error).all(), "the reported errors are no bounds"


# Each from the densities themselves; curie-weiss: two unit normals at sqrt(d) m e^{-t}.
def cluster_posterior(t: float, d: float, q: float, mu: float, sigma: float, weight: float) -> Any:
    spread = 1 - mp.exp(-2 * t) + sigma**2 * mp.exp(-2 * t)
    first, second = (mp.npdf(q / mu, side * mp.sqrt(d) * mu * mp.exp(-t), mp.sqrt(spread)) for side in (1, -1))
    return weight * first / (weight * first + (1 - weight) * second)


def zero_mean_posterior(t: Any, d: Any, r: Any, sigma_a: Any, sigma_b: Any, weight: Any) -> Any:
    first, second = (
        mp.exp(-r / (2 * var)) * var ** (-mp.mpf(d) / 2) for s in (sigma_a, sigma_b) for var in [1 - mp.exp(-2 * t) + s**2 * mp.exp(-2 * t)]
    )
    return weight * first / (weight * first + (1 - weight) * second)


@settings(deadline=None, max_examples=12)
@given(
    t=st.floats(0.05, 4),
    d=st.integers(1, 3000),
    mu=st.floats(0.3, 2),
    sigma=st.floats(0.1, 3),
    weight=st.floats(0.1, 0.9),
    z=st.floats(-3, 3),
)
def test_splitting_probability_of_two_clusters(t: float, d: float, mu: float, sigma: float, weight: float, z: float) -> None:
    at: dict[str, Any] = {"t": t, "d": d, "mu": mu, "sigma": sigma, "weight": weight}
    width = 2 * np.sqrt(d) * np.exp(-t) / (1 + (sigma**2 - 1) * np.exp(-2 * t))
    at["q"] = (z - np.log(weight / (1 - weight))) / width  # log-odds z: where the class is open
    with mp.workdps(30):
        exact = float(cluster_posterior(**{k: mp.mpf(v) for k, v in at.items()}))
    for method, digits in (("kolmogorov", 3e-8), ("posterior", 1e-12)):
        found = predict("gaussian-mixture", "splitting-probability", method=method, **at)
        assert abs(found.value - exact) <= min(digits, float(found.error)), method


@settings(deadline=None, max_examples=12)
@given(
    t=st.floats(0.05, 4),
    d=st.integers(1, 2000),
    share=st.floats(0, 2),
    sigma_a=st.floats(0.2, 0.9),
    sigma_b=st.floats(1.1, 3),
    swap=st.booleans(),
    weight=st.floats(0.1, 0.9),
)
def test_splitting_probability_of_two_centred_gaussians(
    t: float, d: int, share: float, sigma_a: float, sigma_b: float, swap: bool, weight: float
) -> None:
    if swap:
        sigma_a, sigma_b = sigma_b, sigma_a
    at: dict[str, Any] = {"t": t, "d": d, "r": share * d, "sigma_a": sigma_a, "sigma_b": sigma_b, "weight": weight}
    with mp.workdps(30):
        exact = float(zero_mean_posterior(**{k: mp.mpf(v) for k, v in at.items()}))
    for method, digits in (("kolmogorov", 1e-6), ("posterior", 1e-11)):
        found = predict("zero-mean-mixture", "splitting-probability", method=method, **at)
        if found.ok:  # what is nearly zero has no digits by the equation
            assert abs(found.value - exact) <= min(digits, float(found.error)), method


def test_splitting_probability_of_curie_weiss() -> None:
    beta, h, d, t = 1.4, 0.002, 500.0, 2.2
    plus, minus = (float(part[0]) for part in states(np.array([beta]), np.array([h]))[:2])
    weight = float(predict("curie-weiss", "class-weight", method="laplace", beta=beta, h=h, d=d).value)
    q = np.linspace(-2, 2, 5)
    total = q / ((plus - minus) / 2)  # sum of the coordinates over sqrt(d)
    first, second = (np.exp(-((total - np.sqrt(d) * m * np.exp(-t)) ** 2) / 2) for m in (plus, minus))
    found = predict("curie-weiss", "splitting-probability", beta=beta, h=h, d=d, t=t, q=q)
    assert np.abs(found.value - weight * first / (weight * first + (1 - weight) * second)).max() < 3e-8


def phi(at: dict[str, Any], t: float, process: Process) -> float:
    """phi by the equation of another process, over the x_t of the model."""
    found = setting("gaussian-mixture", at)
    u, _ = splitting(process, np.array([t]))

    def f(log_odds: NDArray[np.float64], weights: NDArray[np.float64], own: float) -> NDArray[np.float64]:
        there = u.at(0, found.bias + log_odds[..., 0] - log_odds[..., 1])
        return (there**2 + (1 - there) ** 2)[..., None]

    return float(found.mean(t, f).value[0])


def test_a_wrong_noise_amplitude_and_a_wrong_drift_are_found() -> None:
    """sqrt(2) for sqrt(2) mu; the drift of other weights; 3 % of the drift missing."""
    t = 1.2
    right = setting("gaussian-mixture", CLUSTERS).process(t)
    exact = float(predict("gaussian-mixture", "cloning-probability", t=t, **CLUSTERS).value)
    other = setting("gaussian-mixture", {**CLUSTERS, "weight": 0.5}).process(t)
    wrong = {
        "noise": replace(right, noise=lambda q, t: np.full_like(q, np.sqrt(2))),
        "weights": replace(right, drift=other.drift),
        "share": replace(right, drift=lambda q, t: 0.97 * right.drift(q, t)),
    }
    assert phi(CLUSTERS, t, right) == pytest.approx(exact, abs=1e-9)
    gaps = {name: abs(phi(CLUSTERS, t, process) - exact) for name, process in wrong.items()}
    assert min(gaps.values()) > 1e-4 and gaps["noise"] > 1e-2, gaps


def test_drift_and_noise_are_the_derived_ones() -> None:
    """The drift as minus the slope of the potential's twin, the noise from |grad q| = mu."""
    at: dict[str, Any] = {"t": 0.6, "d": 30.0, "mu": 0.7, "sigma": 1.3}
    drift = predict("gaussian-mixture", "overlap-drift", q=[-1.2, 0.4], weight=0.3, **at)
    for q, value in zip((-1.2, 0.4), drift.value, strict=True):
        assert value == pytest.approx(float(-mp.diff(lambda x: twins.potential(at["t"], 30, x, 0.7, 1.3, 0.3), q)), rel=1e-9)
    assert predict("gaussian-mixture", "overlap-noise", mu=0.7).value == pytest.approx(0.7 * np.sqrt(2), rel=1e-15)


def test_drift_and_noise_of_curie_weiss_are_the_derived_ones() -> None:
    """In the limit of the derivation, h = eta/d and e^{-2t} = g/d: at d = 1e8 what is left is of order 1/d."""
    d, g, eta, beta = 1e8, 1.7, 0.4, 1.6
    proof, t = derive("curie-weiss", "speciation"), np.log(d / g) / 2
    process = setting("curie-weiss", {"beta": beta, "h": eta / d, "d": d}).process(t)
    m = float(states(np.array([beta]), np.zeros(1))[0][0])
    at = {strength: g, bias: eta, m_state: m, sp.Symbol("beta", positive=True): beta}
    for place in (-1.1, 0.2, 0.9):
        derived = float(proof["overlap_drift"].subs({**at, overlap: place}))
        assert float(process.drift(np.array([place]), t)[0]) == pytest.approx(derived, rel=1e-6)
    assert float(process.noise(np.zeros(1), t)[0]) == pytest.approx(float(proof["overlap_noise"].subs(at)), rel=1e-6)


def test_drift_and_noise_of_the_squared_length_are_those_of_the_points() -> None:
    """Ito: -d|x|^2 = [2 x.(x + 2 S) + 2 d] dt + sqrt(8)|x| dW, with S from differences of the log-density in five dimensions."""
    d, t, var, weight = 5, 0.7, np.array([0.6, 1.7]) ** 2, 0.3
    process = setting("zero-mean-mixture", {"sigma_a": 0.6, "sigma_b": 1.7, "weight": weight, "d": float(d)}).process(t)
    spread = 1 - np.exp(-2 * t) + var * np.exp(-2 * t)

    def log_density(x: Any) -> Any:
        return np.log(np.array([weight, 1 - weight]) @ (np.exp(-(x @ x) / (2 * spread)) * spread ** (-d / 2)))

    for x in np.random.default_rng(2).standard_normal((4, d)):
        score = np.array([(log_density(x + 1e-5 * e) - log_density(x - 1e-5 * e)) / 2e-5 for e in np.eye(d)])
        r = np.array([x @ x])
        assert float(process.drift(r, t)[0]) == pytest.approx(2 * x @ (x + 2 * score) + 2 * d, rel=1e-8)
        assert float(process.noise(r, t)[0]) == pytest.approx(np.linalg.norm(np.sqrt(2) * 2 * x), rel=1e-14)


@settings(deadline=None, max_examples=15)
@given(pull=st.floats(-0.3, 0.5).filter(lambda v: abs(v) > 0.05), noise=st.floats(0.4, 1), width=st.floats(0.5, 1), t=st.floats(0.1, 2))
def test_a_linear_drift_has_a_normal_splitting_probability(pull: Any, noise: Any, width: float, t: float) -> None:
    """u = ndtr(q/w), w^2 = s^2/(2 b) + (w_0^2 - s^2/(2 b)) e^{-2 b t}: the equation itself, without any class.

    w stays between 0.4 and 2.7: the nodes, 0.15 apart in the middle, end at 19.
    """
    process = Process(
        lambda q, t: pull * q,
        lambda q, t: np.full_like(q, noise),
        lambda t: Frame(0.3 * t, 0.6, -REACH, 0.3, 0.0, 0.0),
        0.0,
        lambda xi: ndtr(0.6 * xi / width),
    )
    u, rough = splitting(process, np.array([t]))
    xi = np.linspace(-3, 3, 25)
    q, spread = 0.3 * t + 0.6 * xi, noise**2 / (2 * pull)
    exact = ndtr(q / np.sqrt(spread + (width**2 - spread) * np.exp(-2 * pull * t)))
    assert np.abs(u.at(0, xi) - exact).max() < 1e-7
    assert np.abs(u.at(0, xi) - exact).max() <= blur(u, rough, 0)


def test_trajectories_of_another_noise_end_as_its_equation_says() -> None:
    """Euler-Maruyama of the overlap with noise sqrt(2), where u is no posterior: 20 000 trajectories from one q.

    Fails by chance with probability 1e-4 (3.9 standard errors, and 0.002 for the step); finds an error of u of 0.018 with probability 0.9.
    """
    t, q0, count, steps = 1.2, 0.15, 20_000, 600
    right = setting("gaussian-mixture", CLUSTERS).process(t)
    process = replace(right, noise=lambda q, t: np.full_like(q, np.sqrt(2)))
    u, _ = splitting(process, np.array([t]))
    frame = process.frame(t)
    expected = float(u.at(0, np.array([(q0 - frame.shift) / frame.scale]))[0])
    rng, q, dt = np.random.default_rng(5), np.full(count, q0), t / steps
    for k in range(steps):
        q = q + dt * process.drift(q, t - k * dt) + np.sqrt(2 * dt) * rng.standard_normal(count)
    last = process.frame(0.0)
    ends = 1 / (1 + np.exp(-(q - last.shift) / last.scale))
    posterior = predict("gaussian-mixture", "splitting-probability", method="posterior", t=t, q=q0, **CLUSTERS).value
    assert abs(expected - float(posterior)) > 0.01
    assert abs(ends.mean() - expected) < 3.9 * ends.std() / np.sqrt(count) + 0.002


def test_where_nothing_is_chosen_the_reason_is_told() -> None:
    alike = predict("zero-mean-mixture", "cloning-probability", method="splitting", sigma_a=[1, 2], sigma_b=1, d=10, t=1)
    assert list(alike.status) == ["none", "ok"] and "the same law" in alike.reason[0]
    one = predict("curie-weiss", "splitting-probability", beta=0.9, d=10, t=1, q=0.1)
    assert one.status == "none" and "one state" in str(one.reason)
    assert predict("gaussian", "splitting-probability", d=10, t=1, q=0.1).status == "none"
