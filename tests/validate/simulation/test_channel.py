"""Data and the forward channel have the law they claim.

Statistical tests bound one number each by 5.5 standard deviations of a normal variable: false-failure rate 4e-8 per number.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy
from scipy.special import ndtr

from regimes.theory.conventions import a
from regimes.theory.errors import DomainError
from regimes.theory.laws import (
    Cluster,
    CurieWeiss,
    GaussianClusters,
    GaussianSpectrum,
    IsingChain,
    IsingChains,
    Mixture,
    Product,
    RandomEnergies,
)
from regimes.theory.model import all_models, get_model
from regimes.validate.laws import in_numbers
from regimes.validate.simulation import channel as sampling
from regimes.validate.simulation.channel import FloatArray, delta, draw, eigenvalues, frame, gamma, noised, stratified

SIGMAS = 5.5
THREE = GaussianClusters((0.5, 0.3, 0.2), ((1.0, 0.0), (-1.0, 0.5), (0.0, -2.0)), 0.7)


@pytest.mark.parametrize(("rank", "d"), [(0, 1), (1, 1), (2, 2), (3, 7), (5, 256)])
def test_frame_rows_are_orthonormal(rank: int, d: int) -> None:
    rows = frame(rank, d)
    assert rows.shape == (rank, d)
    np.testing.assert_allclose(rows @ rows.T, np.eye(rank), atol=4e-15 * d)


def test_first_direction_is_constant_so_that_m_is_mu_in_every_coordinate() -> None:
    np.testing.assert_allclose(math.sqrt(9) * 1.3 * frame(2, 9)[0], np.full(9, 1.3), rtol=1e-15)


@pytest.mark.parametrize(("rank", "d"), [(2, 1), (0, 0), (1, -3)])
def test_frame_refuses_more_directions_than_dimensions(rank: int, d: int) -> None:
    with pytest.raises(DomainError, match="dimension must be at least"):
        frame(rank, d)


@pytest.mark.parametrize("t", [1e-300, 1e-9, 0.3, 40.0, 1000.0])
def test_noise_variance_keeps_its_digits(t: float) -> None:
    with mpmath.workdps(340):
        exact = 1 - mpmath.exp(-2 * mpmath.mpf(t))
        assert delta(t) == pytest.approx(float(exact), rel=4e-16)
        assert gamma(t, 0.25) == pytest.approx(float(exact + mpmath.mpf(0.25) * mpmath.exp(-2 * mpmath.mpf(t))), rel=4e-16)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_clusters_have_their_weights_means_and_width(dtype: type[np.float32] | type[np.float64], seed: int) -> None:
    """40 000 data: detects 3 % in a weight, 0.04 in a coordinate of a mean, 3 % in the width."""
    n, d = 40_000, 6
    data, labels = draw(np.random.default_rng(seed), THREE, n, d, dtype)
    assert data.dtype == dtype and data.shape == (n, d)
    for k, weight in enumerate(THREE.weights):
        own = data[labels == k].astype(np.float64)
        assert abs(len(own) - n * weight) < SIGMAS * math.sqrt(n * weight * (1 - weight))
        rest = own - math.sqrt(d) * np.array(THREE.centres[k]) @ frame(2, d)
        assert np.abs(rest.mean(axis=0)).max() < SIGMAS * THREE.sd / math.sqrt(len(own))
        assert abs(np.square(rest / THREE.sd).mean() - 1) < SIGMAS * math.sqrt(2 / rest.size)


def test_forward_channel_keeps_unit_variance_data_at_unit_variance(seed: int) -> None:
    """100 000 numbers: detects 2.5 % in the variance, and 0.025 in the correlation e^{-t}."""
    rng = np.random.default_rng(seed)
    data = rng.standard_normal((50_000, 2))
    for t in (0.01, 0.7, 3.0):
        x = noised(rng, data, t)
        assert abs(np.square(x).mean() - 1) < SIGMAS * math.sqrt(2 / x.size)
        assert abs((x * data).mean() - math.exp(-t)) < SIGMAS * math.sqrt(2 / x.size)


def test_forward_channel_at_time_zero_changes_nothing() -> None:
    data = np.linspace(-1, 1, 12).reshape(3, 4)
    assert (noised(np.random.default_rng(0), data, 0.0) == data).all()


def test_same_seed_gives_the_same_bits_and_the_next_batch_differs() -> None:
    draws = [draw(np.random.default_rng(s), THREE, 50, 4)[0] for s in (1, 1, 2)]
    assert (draws[0] == draws[1]).all() and (draws[0] != draws[2]).all()


def test_one_cluster_without_directions_is_a_plain_gaussian() -> None:
    data, labels = draw(np.random.default_rng(0), GaussianClusters((1,), ((),), 2.0), 3, 1)
    assert data.shape == (3, 1) and (labels == 0).all()


def law_of(name: str, **values: float) -> Any:
    model = get_model(name)
    return in_numbers(model.law(model.complete(values)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", [name for name in all_models() if name.startswith("product-")])
def test_coordinates_have_the_probabilities_of_the_prior(name: str, dtype: type[np.float32] | type[np.float64], seed: int) -> None:
    """320 000 numbers, shares below seven points against mpmath's integral of the expression: detects 0.5 % of a share near one half."""
    model = get_model(name)
    exact: Any = model.law(model.complete({}))
    data, labels = draw(np.random.default_rng(seed), in_numbers(exact), 5000, 64, dtype)
    assert data.shape == (5000, 64) and data.dtype == dtype and (labels == 0).all()
    for point in (-2.2, -0.9, -0.31, 0.001, 0.4, 1.05, 3.0):
        share: float = sum(float(w.weight) for w in exact.atoms if float(w.place) <= point)
        for part in exact.pieces:
            f, low, high = sympy.lambdify(a, part.density, "mpmath"), float(part.low), float(part.high)
            if point > low:
                share += float(part.weight * mpmath.quad(f, [low, *(m for m in (-1, 0) if low < m < min(point, high)), min(point, high)]))
        assert abs(float((data <= point).mean()) - share) < SIGMAS * math.sqrt(share * (1 - share) / data.size) + 1e-12, point


@pytest.mark.parametrize(("name", "quantile"), [
    ("product-laplace", lambda p: -np.log1p(-p) / math.sqrt(2)),
    ("product-uniform", lambda p: math.sqrt(3) * (2 * p - 1)),
    ("product-logistic", lambda p: math.sqrt(3) / math.pi * np.log(p / (1 - p))),
])  # fmt: skip
def test_the_table_of_a_smooth_piece_is_its_quantile_function(name: str, quantile: Callable[[FloatArray], FloatArray]) -> None:
    """Between its points too, where it is linear: within 1e-6, a hundredth of what 1e9 numbers could tell."""
    law = law_of(name)
    assert isinstance(law, Product)
    table = sampling._warp(law.pieces[-1].density)
    for shift in (0.0, 0.5):
        z = np.linspace(-5, 5, 2001) + shift / sampling.CELLS
        found = np.interp(z, np.arange(len(table)) / sampling.CELLS - sampling.REACH, table)
        np.testing.assert_allclose(found, quantile(ndtr(z)), rtol=1e-6, atol=1e-6)


def test_a_sum_of_coordinates_has_the_variance_of_the_prior(seed: int) -> None:
    """Neighbouring draws are independent: the sum over 64 coordinates has 64 times the variance; detects 6 % with 20 000 sums."""
    data, _ = draw(np.random.default_rng(seed), law_of("product-gauss-bernoulli"), 20_000, 64)
    square = np.square(data.sum(axis=1)) / 64
    assert abs(square.mean() - 1) < SIGMAS * square.std() / math.sqrt(20_000)


def test_eigenvalues_of_atoms_come_in_their_shares() -> None:
    manifold = law_of("spectrum-linear-manifold", ratio=0.3)
    assert isinstance(manifold, GaussianSpectrum)
    assert sorted(eigenvalues(manifold, 10).tolist()) == pytest.approx([0.0] * 7 + [1 / 0.3] * 3)
    assert np.count_nonzero(eigenvalues(manifold, 8)) == 2  # quantiles 1/16, 3/16 lie below 0.3, 5/16 does not


@pytest.mark.parametrize("ratio", [0.4, 1.0, 2.5])
def test_eigenvalues_are_quantiles_of_marchenko_and_pastur(ratio: float) -> None:
    """Their law as published, integrated by mpmath between neighbours: one part in d each."""
    law, d = law_of("spectrum-marchenko-pastur", ratio=ratio), 20
    assert isinstance(law, GaussianSpectrum)
    found = np.sort(eigenvalues(law, d))
    found = found[found > 1e-9]
    y = 1 / ratio
    low, high = (1 - math.sqrt(y)) ** 2, (1 + math.sqrt(y)) ** 2
    assert low < found[0] and found[-1] < high

    def density(x: float) -> float:
        return ratio * mpmath.sqrt((high - x) * (x - low)) / (2 * mpmath.pi * x)

    for k in range(1, len(found)):
        assert float(mpmath.quad(density, [found[k - 1], found[k]])) == pytest.approx(1 / d, abs=1e-8)
    assert float(mpmath.quad(density, [found[-1], high])) == pytest.approx(0.5 / d, abs=1e-8) or ratio < 1


def test_a_spectrum_has_its_eigenvalues(seed: int) -> None:
    """20 000 data: detects 6 % in any variance."""
    law = law_of("spectrum-power-law", exponent=0.7)
    data, _ = draw(np.random.default_rng(seed), law, 20_000, 5, np.float32)
    expected = 0.3 * ((np.arange(5) + 0.5) / 5) ** -0.7
    np.testing.assert_allclose(np.square(data.astype(float)).mean(axis=0), expected, rtol=SIGMAS * math.sqrt(2 / 20_000))


def test_stratified_eigenvalues_have_the_averages_of_the_law() -> None:
    """The mean over the offset of a sum over eigenvalues is an integral over the spectrum: of log(1 + w), by mpmath, in four dimensions."""
    law = law_of("spectrum-power-law")
    rng = np.random.default_rng(0)
    drawn = [stratified(rng, law, 4) for _ in range(2)]
    assert drawn[0] != drawn[1] and len(drawn[0].atoms) == 4
    offsets = (np.arange(128) + 0.5) / 128
    mean = np.mean([np.log1p(eigenvalues(law, 4, float(u))).mean() for u in offsets])
    exact = float(mpmath.quad(lambda u: mpmath.log1p(0.5 / mpmath.sqrt(u)), [0, 1e-6, 1e-3, 1]))
    assert mean == pytest.approx(exact, abs=1e-3)  # the middle of 512 strips, near a logarithm
    assert all(np.sort(eigenvalues(law, 4))[-1 - k] == pytest.approx(0.5 / math.sqrt((k + 0.5) / 4)) for k in range(4))


@pytest.mark.parametrize("law", [CurieWeiss(0.6, 0.0), CurieWeiss(1.7, 0.0), CurieWeiss(1.2, -0.3), CurieWeiss(0.0, 0.4), IsingChain(0.0),
                                 IsingChain(0.9)])  # fmt: skip
def test_spins_have_the_boltzmann_weights_of_all_states(law: Any, seed: int) -> None:
    """All 64 states of six spins, 100 000 data: detects 7 % of an average state's weight."""
    n, d = 100_000, 6
    spins = np.array(list(itertools.product([-1, 1], repeat=d)))
    total = spins.sum(axis=1)
    mean_field = isinstance(law, CurieWeiss)
    energy = law.beta * total**2 / (2 * d) + law.h * total if mean_field else law.beta * (spins[:, 1:] * spins[:, :-1]).sum(axis=1)
    weight = np.exp(energy) / np.exp(energy).sum()
    data, _ = draw(np.random.default_rng(seed), law, n, d, np.float32)
    assert set(np.unique(data)) == {-1.0, 1.0}
    index = ((data > 0) * 2 ** np.arange(d)[::-1]).sum(axis=1).astype(int)
    count = np.bincount(index, minlength=2**d)
    assert (np.abs(count - n * weight) < SIGMAS * np.sqrt(n * weight) + 3).all()


def test_chains_at_two_couplings_have_their_weights_and_bonds(seed: int) -> None:
    """40 000 chains of six spins: detects 3 % of a weight, and 0.014 in a correlation of neighbours, tanh(beta)."""
    data, labels = draw(np.random.default_rng(seed), IsingChains(0.2, 1.1, 0.3), 40_000, 6)
    for k, (weight, beta) in enumerate(((0.3, 0.2), (0.7, 1.1))):
        own = data[labels == k]
        assert abs(len(own) - 40_000 * weight) < SIGMAS * math.sqrt(40_000 * weight * (1 - weight))
        bonds = own[:, 1:] * own[:, :-1]
        assert abs(bonds.mean() - math.tanh(beta)) < SIGMAS / math.cosh(beta) / math.sqrt(bonds.size)


def test_unequal_clusters_have_their_weights_and_widths(seed: int) -> None:
    """40 000 data in six dimensions: the third cluster has weight e^{-6 c}; detects 3 % in a width, 5 % in a weight."""
    law = Mixture((Cluster(0.4, (1.0,), 0.5), Cluster(0.6, (-1.0,), 1.5), Cluster(1.0, (0.0,), 1.0, 0.4)))
    data, labels = draw(np.random.default_rng(seed), law, 40_000, 6)
    weight = np.array([0.4, 0.6, math.exp(-2.4)]) / (1 + math.exp(-2.4))
    for k, c in enumerate(law.clusters):
        own = data[labels == k]
        assert abs(len(own) - 40_000 * weight[k]) < SIGMAS * math.sqrt(40_000 * weight[k])
        assert abs(np.square((own - c.centre[0]) / c.sd).mean() - 1) < SIGMAS * math.sqrt(2 / own.size)


def test_random_energies_are_no_data() -> None:
    with pytest.raises(DomainError, match="no law of data"):
        draw(np.random.default_rng(0), RandomEnergies(1.0, 1.0), 3, 2)
