"""The scalar channel for any prior, against mpmath from the definition, closed forms and limits."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from mpmath import mp

from regimes.numerics.arrays import Pair
from regimes.numerics.laws.product.levels import ScalarLevels, levels
from regimes.numerics.laws.product.prior import Prior, RawPiece
from regimes.theory.model import get_model

PRIORS: dict[str, dict[str, float]] = {
    "rademacher": {},
    "bernoulli": {"p": 0.3},
    "ternary": {"rho": 0.05},
    "uniform": {},
    "laplace": {},
    "logistic": {},
    "gauss-bernoulli": {"rho": 0.3},
}
DISCRETE = ("rademacher", "bernoulli", "ternary")


def of(prior: str, count: int, sigma: float = 1.0, **own: float) -> Any:
    values = {**PRIORS[prior], **own, "sigma": sigma}
    return levels(get_model(f"product-{prior}"), {n: np.full(count, v) for n, v in values.items()})


# The twin: chi(x; lam) in closed form where there is one, from the definition of each prior, in arbitrary precision.


def gaussian_piece(x: Any, s: Any, lam: Any, var: Any) -> Any:
    wide = 1 + lam * s * s * var
    return mp.exp(-lam * x * x / (2 * wide)) / mp.sqrt(wide)


def chi(prior: str, x: Any, s: Any, lam: Any) -> Any:
    """E_a exp(-lam (x - s a)^2/2)."""

    def at(a: Any) -> Any:
        return mp.exp(-lam * (x - s * a) ** 2 / 2)

    if prior == "rademacher":
        return (at(1) + at(-1)) / 2
    if prior == "bernoulli":
        p = mp.mpf(0.3)
        return p * at(mp.sqrt((1 - p) / p)) + (1 - p) * at(-mp.sqrt(p / (1 - p)))
    if prior == "ternary":
        rho = mp.mpf(0.05)
        return (1 - rho) * at(0) + rho / 2 * (at(1 / mp.sqrt(rho)) + at(-1 / mp.sqrt(rho)))
    if prior == "gauss-bernoulli":
        rho = mp.mpf(0.3)
        return (1 - rho) * at(0) + rho * gaussian_piece(x, s, lam, 1 / rho)
    root = mp.sqrt(lam / 2)
    if prior == "uniform":
        r = mp.sqrt(3)
        return mp.sqrt(mp.pi) / (4 * r * s * root) * (mp.erf(root * (x + s * r)) - mp.erf(root * (x - s * r)))
    if prior == "laplace":
        b = mp.sqrt(2)

        def side(y: Any) -> Any:  # integral of exp(-b a - lam (y - s a)^2/2) over a > 0
            v = (b / (2 * s * root * root) - y) * root
            return mp.exp(v * v - root * root * y * y) * mp.erfc(v) * mp.sqrt(mp.pi) / (2 * root * s)

        return b / 2 * (side(x) + side(-x))
    raise AssertionError(prior)


MARKS: dict[str, list[float]] = {
    "rademacher": [-1, 0, 1],
    "bernoulli": [-0.6546536707079772, 0.436, 1.5275252316519468],
    "ternary": [-(0.05**-0.5), -2.2, 0, 2.2, 0.05**-0.5],
    "uniform": [-(3**0.5), 3**0.5],
    "gauss-bernoulli": [-16, -8, -4, -2, 0, 2, 4, 8, 16],
    "laplace": [-30, -24, -18, -13, -9, -6, -3, 0, 3, 6, 9, 13, 18, 24, 30],
}


def twin(prior: str, gamma: float, *tilts: float) -> list[float]:
    """E_x log chi(x; lam) for each tilt: Gauss-Legendre panels narrower than two units, from the definition, to 25 digits."""
    with mp.workdps(30):
        s, rule = mp.sqrt(mp.mpf(gamma)), gauss_rule()
        offsets = [-10.5, -8, -6, -4, -2, 0, 2, 4, 6, 8, 10.5]
        kept: list[float] = []
        for edge in sorted({float(s) * m + o for m in MARKS[prior] for o in offsets}):
            kept += [edge] if not kept or edge - kept[-1] > 1.2 else []
        sums = [mp.mpf(0) for _ in tilts]
        for left, right in pairwise(kept):
            if right - left > 4 and prior in DISCRETE:
                continue  # between atoms far apart nothing is seen
            for node, weight in rule:
                x = (mp.mpf(left) + right) / 2 + node * (mp.mpf(right) - left) / 2
                density = chi(prior, x, s, mp.mpf(1)) * weight * (mp.mpf(right) - left) / 2
                for k, lam in enumerate(tilts):
                    sums[k] += density * mp.log(chi(prior, x, s, mp.mpf(lam)))
        return [total / mp.sqrt(2 * mp.pi) for total in sums]


@cache
def gauss_rule() -> list[tuple[Any, Any]]:
    """Nodes and weights of 20 points, from mpmath's polynomials."""
    with mp.workdps(30):
        nodes = [mp.mpf(float(y)) for y in np.polynomial.legendre.leggauss(20)[0]]
        for _ in range(2):  # Newton's method
            nodes = [y - mp.legendre(20, y) * (y * y - 1) / (20 * (y * mp.legendre(20, y) - mp.legendre(19, y))) for y in nodes]
        return [(y, 2 * (1 - y * y) / (20 * mp.legendre(19, y)) ** 2) for y in nodes]


def agrees(got: Pair, wanted: Any, digits: float = 1e-12) -> None:
    value, error = float(got.value[0]), float(got.error[0])
    off = abs(float(mp.mpf(value) - wanted))
    assert off <= error, f"{value!r} is {off:.1e} from {mp.nstr(wanted, 18)}, error claimed {error:.1e}"
    assert error <= digits * abs(value), f"error {error:.1e} of {value!r}"


@pytest.mark.parametrize("gamma", [1e-4, 0.7, 60.0])
@pytest.mark.parametrize("prior", list(MARKS))
def test_information_and_cumulant_agree_with_their_definitions(prior: str, gamma: float) -> None:
    at, lam = np.array([gamma]), np.array([0.4])
    log_evidence, tilted = twin(prior, gamma, 1, 0.4)
    channel = of(prior, 1)
    with mp.workdps(30):
        agrees(channel.information(at), -log_evidence - mp.mpf(1) / 2)
        agrees(channel.cumulant(at, lam), tilted)
        agrees(channel.reduced(at, lam), tilted + mp.mpf(0.4) / 2)


def test_logistic_prior_agrees_with_nested_quadrature() -> None:
    s, width = 1.5, np.sqrt(3) / np.pi
    a, z = np.linspace(-42, 42, 421), np.linspace(-9.2, 9.2, 93)  # trapezoid rules: both integrands are analytic and decay
    decay = np.exp(-np.abs(a) / width)
    prior = decay / (width * (1 + decay) ** 2) * 0.2
    x = s * a[:, None] + z
    evidence = np.exp(-((x[..., None] - s * a) ** 2) / 2) @ prior
    noise = np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * 0.2
    total = prior @ np.log(evidence) @ noise
    got = of("logistic", 1).information(np.array([s * s]))
    assert abs(got.value[0] - (-0.5 - total)) < 1e-12


GAMMAS = 10.0 ** np.arange(-12.0, 13.0, 3.0)


@pytest.mark.parametrize("prior", list(PRIORS))
def test_limits_of_weak_and_strong_signal(prior: str) -> None:
    channel = of(prior, GAMMAS.size, sigma=2.0)  # gamma sigma^2 from 4e-12 to 4e12
    info, spread, error = channel.information(GAMMAS), channel.dispersion(GAMMAS), channel.mmse(GAMMAS)
    assert np.all(info.error <= 1e-12 * info.value) and np.all(np.diff(info.value) > -info.error[1:])
    assert np.allclose(info.value[:2], 2 * GAMMAS[:2], rtol=1e-8) and np.allclose(spread.value[:2], 4 * GAMMAS[:2], rtol=1e-8)
    assert np.allclose(error.value[:2], 4, rtol=1e-8)
    snr = 4 * GAMMAS[-1]
    strong = {
        "uniform": np.log(2 * np.sqrt(3)) - 0.5 * np.log(2 * np.pi * np.e / snr),
        "laplace": 1 + np.log(np.sqrt(2)) - 0.5 * np.log(2 * np.pi * np.e / snr),
        "logistic": 2 + np.log(np.sqrt(3) / np.pi) - 0.5 * np.log(2 * np.pi * np.e / snr),
        "rademacher": np.log(2),
        "bernoulli": -(0.3 * np.log(0.3) + 0.7 * np.log(0.7)),
        "ternary": -(0.05 * np.log(0.025) + 0.95 * np.log(0.95)),
        "gauss-bernoulli": -(0.3 * np.log(0.3) + 0.7 * np.log(0.7)) + 0.15 * np.log(snr / 0.3),
    }[prior]
    tolerance = {"uniform": 2e-6, "gauss-bernoulli": 2e-5}.get(prior, 1e-11)  # the next terms are of order 1/s
    assert abs(info.value[-1] - strong) < tolerance
    bound = np.log(2) if prior == "rademacher" else channel.largest_information()[-1]
    assert np.isinf(bound) == (prior not in DISCRETE)
    assert np.all(info.value <= bound * (1 + 1e-15))


@pytest.mark.parametrize("prior", list(PRIORS))
def test_derivatives_agree_with_differences_and_identities_hold(prior: str) -> None:
    gamma = np.array([1e-3, 0.7, 40.0])
    channel, one = of(prior, 3, sigma=0.8), np.ones(3)
    step = 1e-3

    def slope(f: Callable[[Any], Any]) -> Any:  # of fourth order in the relative step
        return (8 * (f(1 + step) - f(1 - step)) - f(1 + 2 * step) + f(1 - 2 * step)) / (12 * step)

    lam = np.array([0.3, 0.7, 1.5])
    mmse = 2 * slope(lambda r: channel.information(gamma * r).value) / gamma
    assert np.allclose(channel.mmse(gamma).value, mmse, rtol=1e-9, atol=1e-12)
    energy, rate, fluctuation = channel.energy(gamma, lam), channel.rate(gamma, lam), channel.fluctuation(gamma, lam)
    assert np.allclose(energy.value, -slope(lambda r: channel.cumulant(gamma, lam * r).value) / lam, rtol=1e-9)
    assert np.allclose(fluctuation.value, -slope(lambda r: channel.energy(gamma, lam * r).value) / lam, rtol=1e-8, atol=1e-11)
    assert np.allclose(rate.value, -lam * energy.value - channel.cumulant(gamma, lam).value, rtol=0, atol=1e-14)
    nishimori = channel.energy(gamma, one)
    assert np.all(np.abs(nishimori.value - 0.5) <= nishimori.error)
    info, at_one = channel.information(gamma), channel.rate(gamma, one)
    assert np.all(np.abs(info.value - at_one.value) <= info.error + at_one.error)
    assert np.all(fluctuation.value >= 0) and np.all(rate.value >= 0)


def test_dispersion_of_a_mixed_prior_agrees_with_an_average_over_datum_and_noise() -> None:
    rho, s = 0.3, 1.3
    z, a = np.linspace(-9, 9, 721), np.linspace(-20, 20, 1601)
    data = np.concatenate([[0.0], a])
    weight = np.concatenate([[1 - rho], rho * np.exp(-a * a * rho / 2) * np.sqrt(rho / (2 * np.pi)) * 0.025])
    x = s * data[:, None] + z
    wide = 1 + s * s / rho
    log_evidence = np.log((1 - rho) * np.exp(-x * x / 2) + rho * np.exp(-x * x / (2 * wide)) / np.sqrt(wide))
    density = -z * z / 2 - log_evidence
    noise = np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * 0.025
    first, second = (weight @ (density**k @ noise) for k in (1, 2))
    got = of("gauss-bernoulli", 1).dispersion(np.array([s * s]))
    assert abs(got.value[0] - (second - first**2)) < 1e-13


def test_sparse_prior_that_is_not_sparse_is_gaussian() -> None:
    gamma, lam = 10.0 ** np.arange(-12.0, 13.0, 2.0), np.full(13, 0.6)
    channel = of("gauss-bernoulli", gamma.size, rho=1.0)
    wide = 1 + lam * gamma
    checks = [
        (channel.information(gamma), np.log1p(gamma) / 2),
        (channel.dispersion(gamma), gamma / (1 + gamma)),
        (channel.mmse(gamma), 1 / (1 + gamma)),
        (channel.cumulant(gamma, lam), -(np.log(wide) + lam * (1 + gamma) / wide) / 2),
        (channel.onset(gamma, lam), -(np.log1p(lam * gamma) + lam * gamma / wide) / 2),
    ]
    for got, wanted in checks:
        assert np.all(np.abs(got.value - wanted) <= got.error + 4e-16 * np.abs(wanted))
        assert np.all(got.error <= 1e-12 * np.abs(wanted))


def test_onset_of_a_discrete_prior_is_a_plain_sum() -> None:
    p, s, lam = 0.3, 0.9, 0.7
    places = np.array([np.sqrt((1 - p) / p), -np.sqrt(p / (1 - p))])
    weights = np.array([p, 1 - p])
    levels_seen = np.exp(-lam * s * s * (places[:, None] - places) ** 2 / 2) @ weights
    got = of("bernoulli", 1).onset(np.array([s * s]), np.array([lam]))
    assert abs(got.value[0] - weights @ np.log(levels_seen)) < 1e-15


def test_onset_of_the_uniform_prior_agrees_with_its_definition() -> None:
    s, lam = 2.5, 0.6
    with mp.workdps(20):
        r = mp.sqrt(3)
        wanted = mp.quad(lambda a: mp.log(chi("uniform", s * a, mp.mpf(s), mp.mpf(lam))), [-r, -1, 0, 1, r]) / (2 * r)
    agrees(of("uniform", 1).onset(np.array([s * s]), np.array([lam])), wanted)


@pytest.mark.parametrize("prior", ["laplace", "bernoulli"])
def test_table_agrees_with_direct_quadrature_within_its_error(prior: str) -> None:
    gamma = np.exp(np.random.default_rng(3).uniform(-2, 4, 400))
    shared, alone = of(prior, 400), of(prior, 6)
    for name in ("information", "mmse"):
        table, direct = getattr(shared, name)(gamma), getattr(alone, name)(gamma[:6])
        assert np.all(table.error <= 1e-12 * table.value)
        assert np.all(np.abs(table.value[:6] - direct.value) <= table.error[:6] + direct.error)


def test_extreme_tilts_and_rare_atoms_stay_finite() -> None:
    gamma = np.array([1e-12, 1.0, 1e12])
    for prior, own in (("laplace", {}), ("uniform", {}), ("ternary", {"rho": 1e-9}), ("bernoulli", {"p": 1e-9})):
        channel = of(prior, gamma.size, **own)
        for tilt in (0.0, 50.0, 1e9):
            lam = np.full(gamma.size, tilt)
            for name in ("cumulant", "energy", "fluctuation", "rate", "onset"):
                got = getattr(channel, name)(gamma, lam)
                assert np.all(np.isfinite(got.value)) and np.all(np.isfinite(got.error)), (prior, tilt, name)
    zero = of("laplace", 3).energy(gamma, np.zeros(3))
    assert np.allclose(zero.value, 0.5 + gamma, rtol=1e-13)  # E (x - s a)^2/2 of an independent datum


def test_atoms_of_two_spins_and_priors_with_numbers() -> None:
    m = np.array([0.0, 0.5, 1.0])
    spins = ScalarLevels.discrete(np.stack([(1 + m) / 2, (1 - m) / 2], 1), np.tile([1.0, -1.0], (3, 1)))
    gamma = np.array([0.9, 0.9, 0.9])
    info, error = spins.information(gamma), spins.mmse(gamma)
    assert abs(info.value[0] - of("rademacher", 1).information(gamma[:1]).value[0]) < 1e-15
    assert info.value[2] < 1e-200 and error.value[2] == 0 and spins.largest_information()[2] == 0
    p = 0.25  # a biased spin is the bernoulli prior scaled by sqrt(1 - m^2)
    scaled = of("bernoulli", 1, sigma=float(np.sqrt(0.75)), p=p)
    assert abs(info.value[1] - scaled.information(gamma[:1]).value[0]) < 1e-15
    density = RawPiece(1.0, lambda a: np.exp(-((a - 5) ** 2) / 8) / np.sqrt(8 * np.pi), -np.inf, np.inf)
    gauss = ScalarLevels.of(Prior.of([], [], [density]), 3)
    assert np.allclose(gauss.information(gamma).value, np.log1p(4 * gamma) / 2, rtol=1e-13)


def test_outputs_beyond_where_a_density_underflows_weigh_nothing() -> None:
    """Found by check_model: exp(-768) at the end of a prior's window made every average nan. Nishimori's identity is the witness."""
    gamma = np.geomspace(1e-3, 1e3, 7)
    given = {"rho": np.full(7, 0.375), "sigma": np.ones(7)}
    energy = levels(get_model("product-gauss-bernoulli"), given).energy(gamma, np.ones(7))
    assert np.all(np.abs(energy.value - 0.5) <= 1e-12)
