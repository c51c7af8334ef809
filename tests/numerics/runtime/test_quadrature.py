"""Averages over a normal variable: right to rounding, and honest where they are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mpmath import mp

from regimes.numerics.runtime import multiprecision
from regimes.numerics.runtime.double_double import DoubleDouble, double, unit
from regimes.numerics.runtime.quadrature import legendre, line_integral, normal_average


def sech(x: Any) -> Any:
    with np.errstate(over="ignore"):
        return 1 / np.cosh(x)


def softplus(x: Any) -> Any:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def true_sech_average(u: Any) -> Any:
    """E sech(u z): plain quadrature for u <= 10; else the asymptotic series, whose moments of sech are Euler numbers."""
    if u <= 10:
        return 2 * mp.quad(lambda z: mp.sech(u * z) * mp.npdf(z), [0, 0.5, 1, 2, 4, 12])
    terms = (mp.eulernum(2 * k) / mp.factorial(k) * (mp.pi**2 / (8 * u**2)) ** k for k in range(8))
    return mp.sqrt(mp.pi / 2) / u * mp.fsum(terms)


@pytest.mark.parametrize("kind", [np.float64, DoubleDouble])
def test_sech_of_any_steepness_is_averaged_to_rounding(kind: Any) -> None:
    steepness = np.array([1e-9, 0.125, 1, 3, 5, 10, 128, 1e4, 1e6, 1e10])
    value, error = normal_average(lambda z, u: sech(u * z), kind(steepness), features=[(steepness, 0)])
    eps = unit(value)
    for k, u in enumerate(steepness):
        with mp.workdps(25):
            found = mp.mpf(float(double(value)[k])) + (mp.mpf(float(value.lo[k])) if kind is DoubleDouble else 0)
            off = abs(found - true_sech_average(mp.mpf(float(u))))
            assert off <= error[k] <= 12 * eps * abs(found), u


@pytest.mark.parametrize("shift", [0.0, 0.01, 1.2345, 4.0, -3.0])
def test_kinks_away_from_the_origin_are_resolved(shift: float) -> None:
    slope = 1e4
    value, error = normal_average(lambda z: softplus(slope * (z - shift)), features=[(slope, -slope * shift)])
    # Sommerfeld expansion: E max(a(z - c), 0) + pi^2/6 p(c)/a + 7 pi^4/360 p''(c)/a^3 + O(a^-5)
    with mp.workdps(30):
        c, a = mp.mpf(shift), mp.mpf(slope)
        sharp = a * (mp.npdf(c) - c * mp.erfc(c / mp.sqrt(2)) / 2)
        true = sharp + mp.pi**2 / 6 * mp.npdf(c) / a + 7 * mp.pi**4 / 360 * (c**2 - 1) * mp.npdf(c) / a**3
        assert abs(mp.mpf(float(value)) - true) <= float(error) <= 1e-14 * float(value)


@pytest.mark.parametrize(
    ("f", "true"),
    [
        (lambda z: np.abs(z - 0.3), 2 * mp.npdf(0.3) + 0.3 * mp.erf(0.3 / mp.sqrt(2))),  # kink that nobody announced
        (lambda z: np.exp(3 * z), mp.exp(4.5)),
        (lambda z: np.exp(10 * z), mp.exp(50)),  # mass outside the first window
        (lambda z: np.cos(30 * z), mp.exp(-450)),  # cancels to nothing
        (lambda z: 1 / (1e-4 + z**2), 100 * mp.sqrt(mp.pi / 2) * mp.exp(mp.mpf("0.5e-4")) * mp.erfc(mp.mpf("0.01") / mp.sqrt(2))),
        (lambda z: np.sign(z - 0.123456), -mp.erf(0.123456 / mp.sqrt(2))),
        (lambda z: np.sqrt(np.abs(z)), mp.mpf(2) ** 0.25 * mp.gamma(0.75) / mp.sqrt(mp.pi)),
    ],
)
def test_error_covers_the_true_error_on_integrands_with_unannounced_features(f: Any, true: Any) -> None:
    value, error = normal_average(f)
    assert abs(value - true) <= 2 * error  # factor 2: the last change bounds the remaining one if it halves at least
    assert np.isfinite(error)


def test_few_nodes_are_admitted() -> None:
    value, error = normal_average(lambda z: np.sqrt(np.abs(z - 0.5)), max_nodes=500)
    generous, small = normal_average(lambda z: np.sqrt(np.abs(z - 0.5)))
    assert error > 1e-8 and small < 1e-11
    assert abs(value - generous) <= error


def test_divergent_average_has_infinite_error() -> None:
    with np.errstate(all="ignore"):
        _, error = normal_average(lambda z: np.exp(z**2))
    assert not error < 1e100


def test_parameters_broadcast_and_blocks_do_not_change_values() -> None:
    u, v = np.linspace(0.1, 4, 1300)[:, None], np.array([0.0, 1.0, 2.0])
    whole, _ = normal_average(lambda z, u, v: sech(u * z + v), u, v, features=[(u, v)])
    assert whole.shape == (1300, 3)
    one, _ = normal_average(lambda z, u, v: sech(u * z + v), u[700, 0], v[1], features=[(u[700, 0], v[1])])
    assert abs(one - whole[700, 1]) <= 4e-16


def test_errors_of_the_integrand_are_averaged_too() -> None:
    value, error = normal_average(lambda z: (z**2, np.full_like(z, 1e-3)))
    assert abs(value - 1) < 1e-14 and abs(error - 1e-3) < 1e-9


def test_line_integrals_with_slow_decay_and_narrow_peaks() -> None:
    centre = np.array([0.0, 1.0, 100.0])
    value, error = line_integral(lambda z, c: 1 / (1 + (z - c) ** 2) ** 2, centre, features=[(1.0, -centre)])
    # the error holds the nodes' and the sum's part; the integrand's own rounding of z - c, eps*c, is not seen by it
    assert (np.abs(value - np.pi / 2) <= error + 2.2e-16 * centre).all() and (error < 1e-14).all()
    value, error = line_integral(lambda z, c: np.exp(-(((z - c) * 1e3) ** 2) / 2), centre, features=[(1e3, -1e3 * centre)])
    # z - c itself is rounded to 1e-14 at c = 100, in units of the width 1e-3
    assert (np.abs(value / (np.sqrt(2 * np.pi) * 1e-3) - 1) < 1e-12).all()


@pytest.mark.parametrize("pairs", [False, True])
def test_gauss_legendre_is_exact_for_polynomials_of_degree_2n_minus_1(pairs: bool) -> None:
    x, w = legendre(12, pairs)
    for k in range(0, 24, 2):
        total = (w * x**k).sum(-1)
        assert abs(double(total - (DoubleDouble(2.0) if pairs else 2) / (k + 1))) < 20 * unit(total)


@pytest.mark.parametrize("dps", [15, 30])
def test_multiprecision_average_delivers_the_digits_asked_for(dps: int) -> None:
    with mp.workdps(dps + 5):
        for a in (mp.mpf(1), mp.mpf(1000)):
            # E 1/(1 + a^2 z^2) = sqrt(pi/2)/a exp(1/(2a^2)) erfc(1/(a sqrt 2)); no feature is named for a = 1
            true = mp.sqrt(mp.pi / 2) / a * mp.exp(1 / (2 * a**2)) * mp.erfc(1 / (a * mp.sqrt(2)))

            def bell(z: Any, a: Any = a) -> Any:
                return 1 / (1 + (a * z) ** 2)

            value = multiprecision.normal_average(bell, [(a, mp.zero)])
            assert abs(value / true - 1) < mp.mpf(10) ** -dps
