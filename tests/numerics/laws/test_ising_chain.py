"""Energy levels of the Ising chain against the definition, another discretisation, exact enumeration, Monte Carlo and limits."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regimes.numerics.laws.ising_chain import levels as ising_chain
from regimes.numerics.laws.ising_chain.levels import ChainLevels, levels
from regimes.theory.model import get_model

ONE = np.ones(1)
COUPLINGS = st.floats(0, 2.5)
SNRS = st.floats(-12, 4).map(np.exp)
TILTS = st.floats(0.02, 2.5)


def at(beta: float, name: str, *arguments: Any) -> tuple[float, float]:
    """Value and error at one point."""
    pair = getattr(ChainLevels(np.array([beta])), name)(*(np.array([float(v)]) for v in arguments))
    return float(pair.value[0]), float(pair.error[0])


def close(pair: tuple[float, float], other: Any, tolerance: Any) -> None:
    assert abs(pair[0] - other) <= pair[1] + tolerance, (pair, other)


class Line:
    """Another discretisation, from the density of the field v = h + tau U(v) on the line: trapezoidal rule, no interpolation."""

    def __init__(self, beta: float, gamma: float, lam: float) -> None:
        mean, sd = lam * gamma, lam * np.sqrt(gamma)
        step = min(sd / 4, 0.12)
        v = np.arange(mean - beta - 10 * sd, mean + beta + 10 * sd, step)
        p = np.exp(beta) / (2 * np.cosh(beta))
        carried = np.arctanh(np.tanh(beta) * np.tanh(v))
        # From v the bond tau leads to v' = h + tau U(v); the increment is log(p(x_i | ...)) in v, and h = v' - tau U(v).
        self.bonds = [(weight, sign * carried) for sign, weight in ((1, p), (-1, 1 - p))]
        self.kernels = [
            weight * step * np.exp(-(((v[None, :] - u[:, None] - mean) / sd) ** 2) / 2) / (sd * np.sqrt(2 * np.pi))
            for weight, u in self.bonds
        ]
        kernel = sum(self.kernels)
        equations = np.vstack([kernel.T - np.eye(v.size), np.ones(v.size)])
        self.density = np.linalg.lstsq(equations, np.append(np.zeros(v.size), 1.0), rcond=None)[0]
        self.v, self.lam, self.gamma, self.kernel = v, lam, gamma, kernel
        self.growth = np.log(np.cosh(v + beta) * np.cosh(v - beta) / np.cosh(beta) ** 2) / 2

    def cumulant(self) -> float:
        return -self.lam * (1 + 2 * self.gamma) / 2 + self.density @ self.growth

    def dispersion(self) -> float:
        """Sum over all pairs of sites of the covariance of h_i - growth_i, site by site along the chain; lam = 1."""
        centred = [self.v[None, :] - u[:, None] - self.growth[None, :] for _, u in self.bonds]
        mean = sum(self.density @ (k * y).sum(1) for k, y in zip(self.kernels, centred, strict=True))
        total = sum(self.density @ (k * (y - mean) ** 2).sum(1) for k, y in zip(self.kernels, centred, strict=True))
        later = sum((k * (y - mean)).sum(1) for k, y in zip(self.kernels, centred, strict=True))  # mean of the next one, given v
        row = sum(self.density @ (k * (y - mean)) for k, y in zip(self.kernels, centred, strict=True))
        for _ in range(2000):
            total += 2 * row @ later
            row = row @ self.kernel
        return total


@pytest.mark.parametrize(
    ("beta", "gamma", "lam"), [(0.1, 2.0, 1.0), (0.7, 0.3, 0.4), (1.0, 1.0, 1.0), (1.5, 0.5, 1.0), (1.5, 4.0, 2.3), (2.5, 0.2, 0.8)]
)
def test_cumulant_is_that_of_the_density_of_the_field(beta: float, gamma: float, lam: float) -> None:
    close(at(beta, "cumulant", gamma, lam), Line(beta, gamma, lam).cumulant(), 1e-12)


@pytest.mark.parametrize(("beta", "gamma"), [(0.3, 0.5), (1.0, 0.2), (1.4, 2.0)])
def test_dispersion_is_the_sum_of_covariances_along_the_chain(beta: float, gamma: float) -> None:
    close(at(beta, "dispersion", gamma), Line(beta, gamma, 1.0).dispersion(), 1e-11)


def finite_chain(beta: float, gamma: float, lam: float, d: int, nodes: Any) -> Any:
    """E log E_a exp(-lam |x - sqrt(gamma) a|^2/2) and the variance of log P(x|a)/P(x), from the definition."""
    spins = np.array(list(itertools.product([1.0, -1.0], repeat=d)))
    prior = np.exp(beta * (spins[:, 1:] * spins[:, :-1]).sum(1))
    prior /= prior.sum()
    z, w = np.polynomial.hermite_e.hermegauss(nodes)
    noise = np.array(list(itertools.product(z, repeat=d)))
    weight = np.prod(np.array(list(itertools.product(w / w.sum(), repeat=d))), axis=1)
    total = first = second = 0.0
    for hidden, share in zip(spins, prior, strict=True):
        x = np.sqrt(gamma) * hidden + noise
        energy = ((x[:, None, :] - np.sqrt(gamma) * spins) ** 2).sum(2) / 2
        total += share * weight @ np.log(np.exp(-lam * energy) @ prior)
        density = -(noise**2).sum(1) / 2 - np.log(np.exp(-energy) @ prior)
        first, second = first + share * weight @ density, second + share * weight @ density**2
    return np.array([total, second - first**2])


@pytest.mark.parametrize(("beta", "gamma", "lam"), [(0.25, 0.3, 1.0), (0.25, 0.3, 1.8), (0.4, 0.15, 0.6)])
def test_one_more_spin_adds_cumulant_and_dispersion(beta: float, gamma: float, lam: float) -> None:
    """From the definition, no gauge, no cavity; the ends of a chain are felt over a few sites, as tanh(beta)^(2 d)."""
    cumulant, dispersion = finite_chain(beta, gamma, lam, 4, 11) - finite_chain(beta, gamma, lam, 3, 11)
    reach = np.tanh(beta) ** 6
    close(at(beta, "cumulant", gamma, lam), cumulant, (lam * gamma) ** 2 * reach)
    close(at(beta, "dispersion", gamma), dispersion, gamma * reach)


@pytest.mark.parametrize(("beta", "gamma", "lam"), [(0.3, 0.8, 1.0), (0.5, 2.5, 1.0), (0.9, 3.0, 0.4)])
def test_onset_is_that_of_all_data_of_a_finite_chain(beta: float, gamma: float, lam: float) -> None:
    """All 2^17 data, each through its own product of transfer matrices; the difference of two lengths converges exponentially."""

    def log_sum(d: int) -> Any:
        data = 1 - 2 * (np.arange(2**d)[:, None] >> np.arange(d) & 1)
        prior = np.exp(beta * (data[:, 1:] * data[:, :-1]).sum(1))
        field = lam * gamma * data
        up, down = np.ones(2**d), np.ones(2**d)
        for i in range(d):
            up, down = up * np.exp(field[:, i]), down * np.exp(-field[:, i])
            if i < d - 1:
                up, down = np.exp(beta) * up + np.exp(-beta) * down, np.exp(-beta) * up + np.exp(beta) * down
        return prior / prior.sum() @ np.log((up + down) / prior.sum())

    close(at(beta, "onset", gamma, lam), log_sum(17) - log_sum(16) - lam * gamma, 1e-10)


def test_cumulant_and_dispersion_are_those_of_sampled_chains() -> None:
    """12 000 chains of 400 spins, products of transfer matrices; at 5 sigma: false failure 2e-6, detects 0.4 % of I and 10 % of V."""
    beta, gamma, count, length, start = 1.1, 0.7, 12_000, 400, 100
    rng = np.random.default_rng(5)
    hidden = np.where(rng.random(count) < 0.5, 1, -1)
    up, down, density = np.full(count, 0.5), np.full(count, 0.5), np.zeros((length, count))
    keep = np.exp(beta) / (2 * np.cosh(beta))
    for i in range(length):
        if i:
            hidden = np.where(rng.random(count) < keep, hidden, -hidden)
            up, down = keep * up + (1 - keep) * down, (1 - keep) * up + keep * down
        z = rng.standard_normal(count)
        x = np.sqrt(gamma) * hidden + z
        up, down = up * np.exp(-((x - np.sqrt(gamma)) ** 2) / 2), down * np.exp(-((x + np.sqrt(gamma)) ** 2) / 2)
        density[i] = -z * z / 2 - np.log(up + down)
        up, down = up / (up + down), down / (up + down)
    per_site = density[start:].mean(0)
    assert abs(per_site.mean() - at(beta, "information", gamma)[0]) < 5 * per_site.std() / np.sqrt(count)
    # Var S_n = n V + const: the constant drops out of the difference of two lengths.
    long, short = density[start:].sum(0), density[start : start + 100].sum(0)
    squares = ((long - long.mean()) ** 2 - (short - short.mean()) ** 2) / (length - start - 100)
    assert abs(squares.mean() - at(beta, "dispersion", gamma)[0]) < 5 * squares.std() / np.sqrt(count)


@pytest.mark.parametrize(("gamma", "lam"), [(1e-6, 1.0), (0.4, 0.3), (2.0, 1.7), (9.0, 1.0)])
def test_without_coupling_spins_are_independent(gamma: float, lam: float) -> None:
    with mp.workdps(25):
        gamma_, lam_ = mp.mpf(gamma), mp.mpf(lam)
        root = mp.sqrt(gamma_)
        energy = [lambda z: z * z / 2, lambda z: (z + 2 * root) ** 2 / 2]

        def mean(f: Callable[..., Any]) -> Any:
            kink = -root
            return mp.quad(lambda z: f(z) * mp.npdf(z), [-14, *sorted({kink - 1, kink, kink + 1, -6, -3, 0, 3, 6}), 14])

        def tilted(z: float, k: Any, tilt: Any = lam_) -> Any:
            return sum(e(z) ** k * mp.exp(-tilt * e(z)) for e in energy) / 2

        slope = mean(lambda z: tilted(z, 1) / tilted(z, 0))
        cumulant = mean(lambda z: mp.log(tilted(z, 0)))
        curvature = mean(lambda z: tilted(z, 2) / tilted(z, 0) - (tilted(z, 1) / tilted(z, 0)) ** 2)

        def density(z: float) -> Any:
            return -z * z / 2 - mp.log(tilted(z, 0, 1))

        information = mean(density)
        spread = mean(lambda z: (density(z) - information) ** 2)
        mmse = mean(lambda z: mp.sech(root * (root + z)) ** 2)
        exact = {
            "cumulant": cumulant,
            "energy": slope,
            "fluctuation": curvature,
            "rate": -lam_ * slope - cumulant,
            "reduced": cumulant + lam_ / 2,
            "onset": mp.log((1 + mp.exp(-2 * lam_ * gamma_)) / 2),
        }
        for name, value in exact.items():
            found = at(0.0, name, gamma, lam)
            close(found, float(value), 1e-15 * abs(float(value)))
            assert found[1] < 1e-12 * abs(float(value)), name
        for name, value in {"information": information, "dispersion": spread, "mmse": mmse}.items():
            close(at(0.0, name, gamma), float(value), 1e-15 * abs(float(value)))


@settings(max_examples=30)
@given(beta=COUPLINGS, gamma=SNRS)
def test_nishimori_identity_and_rate_at_one(beta: float, gamma: float) -> None:
    close(at(beta, "energy", gamma, 1), 0.5, 0)
    information = at(beta, "information", gamma)
    close(at(beta, "rate", gamma, 1), information[0], information[1])
    assert at(beta, "energy", gamma, 1)[1] < 1e-12


@settings(max_examples=15)
@given(beta=COUPLINGS, gamma=SNRS)
def test_information_grows_with_half_the_posterior_variance(beta: float, gamma: float) -> None:
    step = 4e-3 * gamma / (1 + gamma * np.cosh(2 * beta))  # of the expansion in gamma, whose terms alternate
    points = gamma + step * np.array([-2, -1, 1, 2])
    pair = ChainLevels(np.full(4, beta)).information(points)
    weights = np.array([1, -8, 8, -1]) / (12 * step)
    close(at(beta, "mmse", gamma), 2 * weights @ pair.value, 2 * np.abs(weights) @ pair.error + 1e-9 * (1 + gamma * np.cosh(2 * beta)))


@settings(max_examples=15)
@given(beta=COUPLINGS, gamma=SNRS, lam=TILTS)
def test_energy_and_fluctuation_are_derivatives(beta: float, gamma: float, lam: float) -> None:
    step = 4e-3 * lam
    tilts, same = lam + step * np.array([-2, -1, 1, 2]), np.full(4, gamma)
    weights = np.array([1, -8, 8, -1]) / (12 * step)
    chain = ChainLevels(np.full(4, beta))
    first, second = chain.cumulant(same, tilts), chain.energy(same, tilts)
    size = at(beta, "fluctuation", gamma, lam)[0]
    close(at(beta, "energy", gamma, lam), -weights @ first.value, np.abs(weights) @ first.error + 1e-8 * lam * size)
    close(at(beta, "fluctuation", gamma, lam), -weights @ second.value, np.abs(weights) @ second.error + 1e-7 * size)


@pytest.mark.parametrize("beta", [0.0, 0.6, 1.5, 4.0])
def test_weak_signals(beta: float) -> None:
    """I = gamma/2 - gamma^2 cosh(2 beta)/4 and what follows from g = -lam (1/2 + gamma) + lam^2 gamma (1 + gamma cosh 2 beta)/2."""
    gamma = 1e-7 / np.cosh(2 * beta)
    series = gamma * np.cosh(2 * beta)
    close(at(beta, "information", gamma), gamma / 2 * (1 - series / 2), gamma * series**2)
    close(at(beta, "mmse", gamma), 1 - series, 3 * series**2)
    close(at(beta, "dispersion", gamma), gamma, 3 * gamma * series)
    for lam in (1e-4, 0.0):
        snr = 0.3
        close(at(beta, "fluctuation", snr, lam), snr * (1 + snr * np.cosh(2 * beta)), 10 * lam * np.exp(6 * beta))
    close(at(beta, "cumulant", 0.3, 0), 0, 1e-39)
    close(at(beta, "energy", 0.3, 0), 0.8, 1e-14)


@pytest.mark.parametrize("beta", [0.0, 0.6, 1.5, 4.0, 12.0])
def test_strong_signals(beta: float) -> None:
    entropy = float(ChainLevels(np.array([beta])).largest_information()[0])
    flip = 1 / (1 + mp.exp(2 * mp.mpf(beta)))
    exact = -flip * mp.log(flip) - (1 - flip) * mp.log1p(-flip)
    assert entropy == pytest.approx(float(exact), rel=1e-13)
    for gamma in (500.0, 1e5, 1e12):
        close(at(beta, "information", gamma), entropy, 0)
        close(at(beta, "dispersion", gamma), (beta / np.cosh(beta)) ** 2, 0)
        close(at(beta, "mmse", gamma), 0, 1e-90)
        close(at(beta, "onset", gamma, 1.0), -np.log(2 * np.cosh(beta)) + beta * np.tanh(beta), 1e-15 * (1 + beta))


@pytest.mark.parametrize("beta", [0.0, 0.8, 3.0])
@pytest.mark.parametrize("gamma", [1e-12, 1e-3, 0.5, 6.0])
def test_lowest_levels(beta: float, gamma: float) -> None:
    """At lam -> inf every spin takes the sign of its x_i: the energy is E (|x| - sqrt(gamma))^2/2, the rate -log P of those signs."""
    follow = float(mp.erf(mp.sqrt(mp.mpf(gamma) / 2)))
    energy = 0.5 + gamma * (1 - follow) - np.sqrt(2 * gamma / np.pi) * np.exp(-gamma / 2)
    close(at(beta, "energy", gamma, 1e9), energy, (1 + beta**2) * 1e-18 / gamma**0.5 + 1e-15)
    rate = np.log(2 * np.cosh(beta)) - beta * np.tanh(beta) * follow**2
    close(at(beta, "rate", gamma, 1e5 / gamma**0.5), rate, 1e-5 * (1 + np.exp(beta)))


def test_errors_cover_what_other_nodes_change(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    chain = ChainLevels(rng.uniform(0, 3, 30))
    gamma, lam = np.exp(rng.uniform(-14, 2, 30)), rng.uniform(0.01, 2, 30)
    calls: dict[str, Any] = dict.fromkeys(("reduced", "energy", "fluctuation", "rate", "onset"), (gamma, lam))
    calls |= dict.fromkeys(("information", "mmse", "dispersion"), (gamma,))
    usual = {name: getattr(chain, name)(*arguments) for name, arguments in calls.items()}
    monkeypatch.setattr(ising_chain, "_FINE", 47.0)
    for name, arguments in calls.items():
        other = getattr(chain, name)(*arguments)
        assert np.all(np.abs(other.value - usual[name].value) <= usual[name].error), name


def test_points_are_independent_of_their_company_and_bounds_are_kept() -> None:
    beta, gamma, lam = np.array([0.3, 1.5, 0.3, 40.0]), np.array([0.2, 3.0, 20.0, 1.0]), np.array([1.0, 2.0, 300.0, 1.0])
    chain = levels(get_model("ising-chain"), {"beta": beta})
    together = chain.cumulant(gamma, lam)
    for k in range(2):
        alone = chain.select(np.array([k])).cumulant(gamma[k : k + 1], lam[k : k + 1])
        assert together.value[k] == pytest.approx(alone.value[0], rel=1e-14)
    assert np.all(np.isnan(together.value[3:]))
    assert chain.select(gamma > 1).beta.tolist() == [1.5, 0.3]
