"""The random energy model's numbers: against quadrature over all levels, other formulas, limits, and the derivation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp

from regimes.numerics.laws.random_energy import limit as rem
from regimes.numerics.laws.random_energy.broken_sticks import samples
from regimes.numerics.laws.random_energy.exact import averages, largest_normal
from regimes.numerics.predict import predict
from regimes.theory.errors import DomainError
from regimes.theory.laws.random_energy.levels import derive_random_energy
from regimes.theory.model import get_model
from regimes.theory.symbolic.evaluate import value

MODEL = get_model("random-energy-model")
LOG_2 = math.log(2)


def ask(function: Callable[..., Any], **values: Any) -> Any:
    """The answer for parameters that broadcast together."""
    arrays = np.broadcast_arrays(*(np.atleast_1d(np.asarray(v, dtype=float)) for v in ({"variance": 1.0, "beta": 1.0} | values).values()))
    return function(dict(zip({"variance": 0, "beta": 0} | values, arrays, strict=True)))


def exact(width: float, count: int) -> tuple[list[float], list[float]]:
    """(values, errors): E log Z, E Y, 1 - E Y, entropy, E Y^2 with Y = sum w^2, for exponents of that standard deviation."""
    values, errors = averages(np.array([width]), np.array([math.log(count)]))
    return [float(a[0]) for a in values], [float(a[0]) for a in errors]


def agree(found: tuple[list[float], list[float]], expected: Any) -> None:
    for number, error, other in zip(*found, expected, strict=True):
        assert abs(number - other) <= error
        assert error <= 1e-12 * (1 + abs(number))


@pytest.mark.parametrize("width", ["1e-3", "0.2", "0.99", "1.01", "5", "300", "1e6"])
def test_two_levels_are_an_average_over_their_gap(width: str) -> None:
    """With D = x_1 - x_2 ~ N(0, 2 S^2): log Z = mean + log 2cosh(D/2), and 1 - sum w^2 = 1/(2 cosh^2(D/2))."""
    with mp.workdps(25):
        spread = mp.mpf(width) * mp.sqrt(2)
        ends = sorted({0, *(mp.mpf(e) for e in (0.5, 2, 6, 14)), *(e / spread for e in (1, 4, 12, 30, 100) if e / spread < 14)})

        def mean(f: Callable[..., Any]) -> Any:
            return 2 * mp.quad(lambda g: f(spread * g) * mp.npdf(g), ends)

        log_z = mean(lambda gap: gap / 2 + mp.log1p(mp.exp(-gap)))
        confusion = mean(lambda gap: 1 / (2 * mp.cosh(gap / 2) ** 2))
        entropy = mean(lambda gap: mp.log1p(mp.exp(-gap)) + gap / (1 + mp.exp(gap)))
        square = mean(lambda gap: (1 - 1 / (2 * mp.cosh(gap / 2) ** 2)) ** 2)
        agree(exact(float(width), 2), map(float, (log_z, 1 - confusion, confusion, entropy, square)))


def trapezoid(spread: Any) -> Any:
    """Nodes of a centred normal variable of that standard deviation, and their weights."""
    g = np.arange(-8.5, 8.6, 0.2)
    return spread * g, np.exp(-0.5 * g * g) * 0.2 / math.sqrt(2 * math.pi)


def three_levels(width: float) -> Any:
    """The same five averages by the trapezoidal rule over every level."""
    nodes, weights = trapezoid(width)
    levels = [nodes[:, None, None], nodes[:, None], nodes]
    density = weights[:, None, None] * weights[:, None] * weights
    log_z = logsumexp(np.broadcast_arrays(*levels), axis=0)
    w = [np.exp(x - log_z) for x in levels]
    square = sum(p * p for p in w)
    entropy = sum(p * (log_z - x) for p, x in zip(w, levels, strict=True))
    return [float((density * f).sum()) for f in (log_z, square, 1 - square, entropy, square**2)]


def four_levels(width: float) -> Any:
    """The same by pairs: the gap inside either pair, and the distance of the pairs' means."""
    gap, gap_weights = trapezoid(width * math.sqrt(2))
    middle, middle_weights = trapezoid(width)
    log_pair = np.logaddexp(gap / 2, -gap / 2)
    square = 1 - 0.5 / np.cosh(gap / 2) ** 2
    entropy = log_pair - gap / 2 * np.tanh(gap / 2)
    apart = middle[:, None, None] + log_pair[:, None] - log_pair
    density = middle_weights[:, None, None] * gap_weights[:, None] * gap_weights
    p, q = 1 / (1 + np.exp(-apart)), 1 / (1 + np.exp(apart))
    log_z = (log_pair[:, None] + log_pair) / 2 + np.logaddexp(apart / 2, -apart / 2)
    squares = p * p * square[:, None] + q * q * square
    mixed = -p * np.log(p) - q * np.log(q) + p * entropy[:, None] + q * entropy
    return [float((density * f).sum()) for f in (log_z, squares, 1 - squares, mixed, squares**2)]


@pytest.mark.parametrize("width", [0.3, 0.8, 1.2])
@pytest.mark.parametrize(("count", "brute"), [(3, three_levels), (4, four_levels)])
def test_few_levels_are_an_average_over_all_of_them(count: int, brute: Callable[..., Any], width: float) -> None:
    """Three levels also show that d need not be a whole number."""
    assert exact(width, count)[0] == pytest.approx(brute(width), rel=2e-13)


@settings(max_examples=40)
@given(d=st.one_of(st.floats(1, 12), st.floats(12, 4096)), log_ratio=st.floats(-6.9, 6.9), variance=st.floats(1e-3, 1e3))
def test_entropy_energy_and_free_energy_hang_together(d: float, log_ratio: Any, variance: float) -> None:
    """s = psi - beta u: the entropy is the integral of another function of the levels than the other two."""
    given = {"d": d, "variance": variance, "beta": math.exp(log_ratio) * math.sqrt(2 * LOG_2 / variance)}
    psi, u, s = (ask(f, **given) for f in (rem.free_energy_exact, rem.energy_exact, rem.entropy_exact))
    beta = given["beta"]
    gap = abs(s.value - psi.value - beta * u.value)
    assert gap <= s.error + psi.error + beta * u.error + 1e-16 * psi.value
    assert (s.error <= 1e-10 * s.value).all() and (psi.error <= 1e-11 * psi.value).all() and (u.error <= -1e-10 * u.value).all()


@pytest.mark.parametrize(("d", "ratio"), [(1, 0.3), (5, 2.0), (40, 1.0), (600, 0.9), (4096, 1.02)])
def test_energy_is_the_slope_of_the_free_energy(d: int, ratio: float) -> None:
    """-dpsi/dbeta by six-point differences."""
    beta = ratio * math.sqrt(2 * LOG_2)
    h = 0.02 * beta / math.sqrt(d)
    steps = np.array([-3, -2, -1, 1, 2, 3])
    psi = ask(rem.free_energy_exact, d=float(d), beta=beta + h * steps).value
    slope = psi @ np.array([-1, 9, -45, 45, -9, 1]) / (60 * h)
    assert ask(rem.energy_exact, d=float(d), beta=beta).value == pytest.approx(-slope, rel=1e-9)


@pytest.mark.parametrize("d", [1, 2.5, 12, 64, 900])
def test_without_coupling_all_levels_weigh_the_same(d: float) -> None:
    """beta -> 0: log N + S^2 (1 - 1/N)/2, sum w^2 = (1 + S^2 (1 - 1/N))/N, to relative order S^4."""
    beta = 1e-4 / math.sqrt(d)
    count, small = 2.0**d, 1e-8
    psi, y = ask(rem.free_energy_exact, d=d, beta=beta), ask(rem.participation_ratio_exact, d=d, beta=beta)
    assert psi.value * d == pytest.approx(math.log(count) + small * (1 - 1 / count) / 2, rel=3e-14)
    assert y.value * count == pytest.approx(1 + small * (1 - 1 / count), rel=5e-12)


def test_participation_of_the_liquid_keeps_its_digits() -> None:
    """Far below the transition E sum w^2 = E Z_2/(E Z)^2 (1 + O(2^-d)) = e^{S^2}/N: from 1e-16 down to 1e-250, where doubles end."""
    d = np.array([64.0, 400.0, 900.0])
    y = ask(rem.participation_ratio_exact, d=d, beta=0.2)
    assert y.value == pytest.approx(np.exp(d * (0.04 - LOG_2)), rel=1e-11)
    assert (y.error < 2e-12 * y.value).all()
    none = ask(rem.participation_ratio_exact, d=4096.0, beta=0.2)
    assert none.value == 0 and 0 < none.error <= 1e-290


def test_large_systems_reach_the_limit_in_the_liquid() -> None:
    """Corrections are exponentially small: none is left at d = 4096."""
    given = {"beta": [0.1, 0.5, 0.8], "variance": [0.3, 1.0, 1.2]}
    for finite, limit in ((rem.free_energy_exact, rem.free_energy), (rem.entropy_exact, rem.entropy), (rem.energy_exact, rem.energy)):
        assert ask(finite, d=4096.0, **given).value == pytest.approx(ask(limit, **given).value, rel=1e-12)


def test_at_the_transition_half_of_the_partition_function_is_missing() -> None:
    """At beta_c the tilted levels are cut in the middle: d psi - log E Z -> -log 2, with corrections of order log(d)/sqrt(d)."""
    d = np.array([256.0, 1024.0, 4096.0])
    lost = ask(rem.free_energy_exact, d=d, beta=math.sqrt(2 * LOG_2)).value * d - 2 * d * LOG_2 + LOG_2
    assert (np.abs(lost) < 0.3 * np.log(d) / np.sqrt(d)).all() and (np.diff(np.abs(lost)) < 0).all()


@pytest.mark.parametrize("ratio", [1.5, 3.0, 50.0])
def test_large_systems_reach_the_poisson_points_in_the_glass(ratio: float) -> None:
    """d psi = S b + [log Gamma(1-m) + gamma - log(4 pi d log 2)/2]/m - gamma + O(log^2 d/d), m = 1/ratio; and Y -> 1 - m."""
    d, m, gamma = np.array([256.0, 1024.0, 4096.0]), 1 / ratio, np.euler_gamma
    beta = ratio * math.sqrt(2 * LOG_2)
    points = 2 * d * LOG_2 * ratio + (math.lgamma(1 - m) + gamma - 0.5 * np.log(4 * math.pi * d * LOG_2)) / m - gamma
    off = np.abs(ask(rem.free_energy_exact, d=d, beta=beta).value * d - points) * m
    assert (off < 0.5 * np.log(d) ** 2 / d).all() and (np.diff(off) < 0).all()
    off = np.abs(ask(rem.participation_ratio_exact, d=d, beta=beta).value - ask(rem.participation_ratio, beta=beta).value)
    assert (off < 2 * np.log(d) / d).all() and (np.diff(off) < 0).all()
    square = ask(rem.participation_moment, beta=beta, order=2.0).value
    off = np.abs(ask(rem.participation_square_exact, d=d, beta=beta).value - square)
    assert (off < 2 * np.log(d) / d).all() and (np.diff(off) < 0).all()


def test_lowest_level_of_few_and_many() -> None:
    """Two and three levels in closed form (1/sqrt(pi), 3/(2 sqrt(pi))), 100 and 2^40 from the definition."""
    found, error = largest_normal(np.log([2.0, 3.0, 100.0, 2.0**40]))
    known = [1 / math.sqrt(math.pi), 1.5 / math.sqrt(math.pi)]
    with mp.workdps(30):
        for count in (100, 2**40):
            known.append(float(mp.quad(lambda g, n=count: g * n * mp.npdf(g) * mp.exp((n - 1) * mp.log1p(-mp.ncdf(-g))), range(-3, 15))))
    assert (np.abs(found - known) <= error).all() and (error < 2e-14).all()


def test_lowest_level_is_what_remains_at_zero_temperature() -> None:
    given = {"d": [1.0, 20.0, 1000.0, 4096.0], "variance": [0.5, 1.0, 2.0, 1.0]}
    lowest = ask(rem.lowest_level_exact, **given)
    assert ask(rem.energy_exact, beta=1e13, **given).value == pytest.approx(lowest.value, rel=1e-11)
    assert ask(rem.free_energy_exact, beta=1e13, **given).value == pytest.approx(-1e13 * lowest.value, rel=1e-11)


def test_correction_of_the_lowest_level_is_of_order_log_d_over_d() -> None:
    d = np.array([64.0, 512.0, 4096.0])
    functions = (rem.lowest_level_exact, rem.lowest_level_corrected, rem.lowest_level)
    true, corrected, limit = (ask(f, d=d, variance=2.0).value for f in functions)
    assert (np.abs(corrected - true) < 0.3 * np.log(d) ** 2 / d**2).all()
    assert (np.abs(limit - true) > 0.5 * np.log(d) / d).all() and (limit < true).all()


def test_limits_are_those_of_the_derivation() -> None:
    """Expressions that a derivation computed, in 30 digits."""
    proof = derive_random_energy(MODEL, MODEL.symbolic_law())
    variance, beta = (p.symbol for p in MODEL.params)
    steps = {
        "free_energy": rem.free_energy,
        "m_star": rem.rsb_parameter,
        "participation_ratio": rem.participation_ratio,
        "condensation_beta": rem.condensation_beta,
        "ground_depth": rem.lowest_level,
    }
    for v, b in ((0.3, 0.2), (1.7, 0.9), (1.7, 1.1), (0.3, 40.0)):
        phase = "glass" if b * b * v > 2 * LOG_2 else "liquid"
        with mp.workdps(30):
            at = {variance: mp.mpf(v), beta: mp.mpf(b)}
            at = {**at, **{s: value(e, at) for s, e in proof.definitions.items()}}
            for name, function in {**steps, f"{phase}_entropy": rem.entropy, f"{phase}_energy": rem.energy}.items():
                expected = (-1 if name == "ground_depth" else 1) * value(proof[name], at)
                found = ask(function, variance=v, beta=b)
                assert abs(found.value[0] - expected) <= found.error[0] <= 1e-14 * (1 + abs(expected)), name


def poisson_dirichlet(rng: np.random.Generator, m: float, samples: Any, sticks: Any) -> Any:
    """sum w^2 of PD(m, 0) by breaking sticks, and the square of what is left: the sum lies between the first and their total."""
    left, total = np.ones(samples), np.zeros(samples)
    for k in range(1, sticks + 1):
        broken = left * rng.beta(1 - m, k * m, samples)
        total += broken**2
        left -= broken
    return total, left**2


@pytest.mark.parametrize("m", [0.15, 0.4, 0.7])
def test_moments_of_the_participation_ratio_are_those_of_broken_sticks(seed: int, m: float) -> None:
    """40 000 samples, twelve comparisons at 4.5 standard errors: false failure 1e-4; detects 3 % in every moment at m <= 0.4."""
    found, left = poisson_dirichlet(np.random.default_rng(seed), m, 40_000, 200)
    order = np.arange(1, 5)
    moments = ask(rem.participation_moment, beta=math.sqrt(2 * LOG_2) / m, order=order).value
    for r, moment in zip(order, moments, strict=True):
        low, high = (found**r).mean(), ((found + left) ** r).mean()
        sigma = (found**r).std() / 200
        assert low - 4.5 * sigma < moment < high + 4.5 * sigma
        assert high - low + 4.5 * sigma < (0.03 if m < 0.5 else 0.08) * moment


def test_moments_of_the_participation_ratio_are_bounded_and_log_convex() -> None:
    """0 <= Y <= 1 with mean 1 - m; E Y^2 = (1-m)(3-2m)/3 (Derrida and Toulouse 1985); no moments in the liquid; 32 orders."""
    m = np.array([0.001, 0.3, 0.9, 0.9999])
    order = np.arange(1, 33)
    table = np.array([ask(rem.participation_moment, beta=math.sqrt(2 * LOG_2) / m, order=float(r)).value for r in order])
    assert table[0] == pytest.approx(1 - m, rel=1e-11) and table[1] == pytest.approx((1 - m) * (3 - 2 * m) / 3, rel=1e-11)
    assert (np.diff(table, axis=0) < 0).all() and (table[:-2] * table[2:] >= table[1:-1] ** 2 * (1 - 1e-12)).all()
    assert (ask(rem.participation_moment, beta=0.5, order=order).value == 0).all()


def test_what_lies_outside_the_domain_is_refused() -> None:
    levels = ((rem.free_energy_exact, {"d": 0.99}), (rem.lowest_level_exact, {"d": 1e6}), (rem.lowest_level_corrected, {"d": np.nan}))
    for function, wrong in (*levels, (rem.participation_moment, {"order": 1.5}), (rem.participation_moment, {"order": 0.0})):
        with pytest.raises(DomainError):
            ask(function, **wrong)


def test_a_width_that_overflows_is_not_computed() -> None:
    answer = ask(rem.free_energy_exact, d=8.0, beta=[1e-120, 1.0, 1e120])
    assert np.isnan(answer.value[[0, 2]]).all() and np.isfinite(answer.value[1]) and (answer.reason == "").all()


@pytest.mark.parametrize("m", [0.2, 0.5, 0.8])
def test_the_distribution_of_the_participation_ratio_is_that_of_a_poisson_process(m: float) -> None:
    """Weights from the points Gamma_k^{-1/m} of a Poisson process: 15 values at 4.5 standard errors of both, false failure 1e-4."""
    rng, count, beta = np.random.default_rng(11), 20_000, math.sqrt(2 * LOG_2) / m
    places = np.cumsum(rng.exponential(size=(count, 400)), axis=1)
    points = places ** (-1 / m)
    rest = points[:, -1] * places[:, -1] * m / (1 - m)  # mean of the sum over the points beyond, which hardly fluctuates
    ratio = np.sort((points**2).sum(axis=1) / (points.sum(axis=1) + rest) ** 2)
    shares = np.quantile(ratio, [0.05, 0.25, 0.5, 0.75, 0.95])
    found = predict("random-energy-model", "participation-distribution", variance=1.0, beta=beta, share=shares)
    for one, error, share in zip(found.value, found.error, shares, strict=True):
        measured = np.searchsorted(ratio, share) / count
        assert abs(one - measured) < error + 4.5 * math.sqrt(measured * (1 - measured) / count)
    mean = np.mean(samples(m))
    assert abs(mean - (1 - m)) < 5 * np.std(samples(m)) / math.sqrt(samples(m).size) + 1e-3 * (1 - m)


def test_the_liquid_has_no_distribution_of_the_participation_ratio() -> None:
    found = predict("random-energy-model", "participation-distribution", variance=1.0, beta=0.5, share=0.3)
    assert found.status == "none" and "liquid" in str(found.reason)
