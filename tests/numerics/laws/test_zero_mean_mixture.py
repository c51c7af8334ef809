"""Two centred Gaussian classes of different variance, against mpmath from the densities and against the limit of many dimensions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from regimes.numerics.laws.zero_mean_mixture.odds import odds
from regimes.numerics.speciation import from_odds as speciation
from regimes.numerics.speciation import times as speciation_times
from regimes.theory.model import get_model

MODEL = get_model("zero-mean-mixture")


def ask(function: Callable[..., Any], **values: Any) -> tuple[float, float, str]:
    """One number, its error and its reason."""
    given_ = {"weight": np.array([0.5]), **{k: np.array([float(v)]) for k, v in values.items()}}
    answer = function(odds(MODEL, given_), given_)
    return float(answer.value[0]), float(answer.error[0]), str(answer.reason[0])


def width(sigma: float, t: float) -> Any:
    return -mp.expm1(-2 * mp.mpf(t)) + mp.mpf(sigma) ** 2 * mp.exp(-2 * mp.mpf(t))


def in_the_plane(sigma_a: float, sigma_b: float, weight: float, t: float) -> list[float]:
    """phi and I at d = 2 by nested Gauss-Legendre quadrature over the two coordinates of x, from the densities."""
    widths, w = [float(width(s, t)) for s in (sigma_a, sigma_b)], (weight, 1 - weight)
    ends = np.concatenate([np.sqrt(min(widths)) * np.arange(0, 10, 0.5), np.linspace(5, 9.5, 30) * np.sqrt(max(widths))])
    ends = np.unique(np.concatenate([ends, np.sqrt(max(widths)) * np.arange(0, 9.5, 0.5)]))
    node, mass = np.polynomial.legendre.leggauss(16)
    x = ((ends[1:] + ends[:-1]) / 2 + np.diff(ends) / 2 * node[:, None]).ravel()
    dx = (np.diff(ends) / 2 * mass[:, None]).ravel()
    square = x[:, None] ** 2 + x**2
    first, second = (p * np.exp(-square / (2 * g)) / (2 * np.pi * g) for p, g in zip(w, widths, strict=True))
    total = first + second
    info = first * np.log(first / (w[0] * total)) + second * np.log(second / (w[1] * total))
    return [4 * dx @ f @ dx for f in ((first**2 + second**2) / total, info)]


def test_at_two_dimensions_by_nested_quadrature() -> None:
    case = {"sigma_a": 1.5, "sigma_b": 0.4, "weight": 0.3, "t": 0.2}
    phi, info = in_the_plane(**case)
    for function, exact in (
        (speciation.cloning_probability, phi),
        (speciation.cloning_probability_from_classes, phi),
        (speciation.class_information, info),
        (speciation.class_information_from_density, info),
    ):
        value, error, _ = ask(function, d=2, **case)
        assert value == pytest.approx(float(exact), rel=1e-12) and error < 1e-12


def along_the_radius(sigma_a: float, sigma_b: float, weight: float, d: int, t: float) -> tuple[Any, Any, Any, Any]:
    """phi, I and the moments of L under the first class: trapezoidal sums over u = log |x|^2 about the bulk of each class."""
    widths, w, half = [width(s, t) for s in (sigma_a, sigma_b)], (mp.mpf(weight), 1 - mp.mpf(weight)), mp.mpf(d) / 2
    step = mp.mpf("0.035") / mp.sqrt(half)
    sums: list[list[Any]] = [[], []]
    for own, g in enumerate(widths):
        total = [mp.mpf(0)] * 5
        for sign in (1, -1):
            k = 0 if sign > 0 else 1
            while True:
                v = sign * k * step
                mass = mp.exp(-half * (mp.exp(v) - 1 - v))
                if mass < mp.mpf(10) ** -20:
                    break
                square = 2 * half * g * mp.exp(v)
                logs = [-half * mp.log(other) - square / (2 * other) for other in widths]
                joint = [p * mp.exp(log - logs[own]) for p, log in zip(w, logs, strict=True)]
                posterior, odds = joint[own] / sum(joint), logs[0] - logs[1]
                row = (1, posterior, mp.log(posterior / w[own]), odds, odds**2)
                total = [s + mass * entry for s, entry in zip(total, row, strict=True)]
                k += 1
        sums[own] = [s / total[0] for s in total[1:]]
    phi, info = (w[0] * sums[0][j] + w[1] * sums[1][j] for j in (0, 1))
    return phi, info, sums[0][2], sums[0][3] - sums[0][2] ** 2


@settings(max_examples=8, deadline=None, phases=[Phase.generate])
@given(
    sigma_a=st.floats(-1, 1).map(lambda u: 10**u),
    sigma_b=st.floats(-1, 1).map(lambda u: 10**u),
    weight=st.floats(0.02, 0.98),
    d=st.sampled_from([1, 2, 3, 7, 50, 1000, 10**6]),
    t=st.floats(-6, 1).map(lambda u: 10**u),
)
def test_averages_against_quadrature_over_the_radius(sigma_a: float, sigma_b: float, weight: float, d: int, t: float) -> None:
    case: dict[str, Any] = {"sigma_a": sigma_a, "sigma_b": sigma_b, "weight": weight, "d": d, "t": t}
    with mp.workdps(25):
        phi, info, mean, var = along_the_radius(**case)
    for exact, *functions in (
        (phi, speciation.cloning_probability, speciation.cloning_probability_from_classes),
        (info, speciation.class_information, speciation.class_information_from_density),
        (mean, speciation.log_odds_mean, speciation.log_odds_mean_averaged),
        (var, speciation.log_odds_variance, speciation.log_odds_variance_averaged),
    ):
        for function in functions:
            value, error, _ = ask(function, **case)
            assert abs(value - exact) <= error + 1e-13 * abs(exact) + 1e-17, (function.__name__, value, float(exact), error)


def test_mean_equals_standard_deviation_at_the_published_time() -> None:
    value, error, _ = ask(speciation_times.balance, sigma_a=2**0.5, sigma_b=0.5**0.5, d=1024)
    assert value == pytest.approx(1.4010136, abs=1e-7) and error < 1e-12


def test_a_quarter_of_log_d() -> None:
    """t - log[d (sigma_a^2 - sigma_b^2)^2/8]/4 falls like d^{-1/2} for every definition that looks at the log-odds."""
    for definition in (speciation_times.snr, speciation_times.balance, speciation_times.cloning):
        gaps = []
        for d in (1e4, 1e6, 1e8):
            value, _, _ = ask(definition, sigma_a=1.3, sigma_b=0.6, d=d, level=0.7752002453966637)  # phi(kappa = 1)
            gaps.append(value - np.log(d * (1.3**2 - 0.6**2) ** 2 / 8) / 4)
        ratios = np.array(gaps[:-1]) / np.array(gaps[1:])
        assert np.all(ratios > 8) and abs(gaps[-1]) < 1e-3, (definition.__name__, gaps)


def test_where_there_is_no_root_the_reason_is_told() -> None:
    for definition in (speciation_times.bimodal, speciation_times.curvature):
        value, _, reason = ask(definition, sigma_a=2, sigma_b=1, d=100)
        assert np.isnan(value) and "same mean" in reason
    value, _, reason = ask(speciation_times.snr, sigma_a=1.1, sigma_b=1, d=2)
    assert np.isnan(value) and "kappa stays below 1" in reason
    value, _, reason = ask(speciation_times.spectral, sigma_a=0.5, sigma_b=0.2, d=2)
    assert np.isnan(value) and "at most 1" in reason


def test_the_same_classes_cannot_be_told_apart() -> None:
    value, _, _ = ask(speciation.cloning_probability, sigma_a=1, sigma_b=1, d=100, t=0.1)
    assert value == pytest.approx(0.5, abs=1e-14)
    for definition in (speciation_times.snr, speciation_times.balance, speciation_times.cloning):
        assert np.isnan(ask(definition, sigma_a=1, sigma_b=1, d=100)[0])


def test_domain_is_covered() -> None:
    rng = np.random.default_rng(3)
    count = 300
    values = {
        "sigma_a": 10 ** rng.uniform(-3, 3, count),
        "sigma_b": 10 ** rng.uniform(-3, 3, count),
        "weight": 10 ** rng.uniform(-6, -0.01, count),
        "d": np.floor(10 ** rng.uniform(0, 9, count)),
        "t": 10 ** rng.uniform(-6, 1.47, count),
    }
    for one, two in (
        (speciation.cloning_probability, speciation.cloning_probability_from_classes),
        (speciation.class_information, speciation.class_information_from_density),
        (speciation.log_odds_mean, speciation.log_odds_mean_averaged),
        (speciation.log_odds_variance, speciation.log_odds_variance_averaged),
    ):
        a, b = (function(odds(MODEL, values), values) for function in (one, two))
        assert np.all(np.isfinite(a.value)) and np.all(a.error <= 1e-8 * a.value)
        assert np.all(np.abs(a.value - b.value) <= a.error + b.error)
