"""Gaussian data with a spectrum: eigenvalues, draws and densities."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pytest

from regimes.theory.laws import (
    GaussianSpectrum,
)
from regimes.theory.model import get_model
from regimes.validate.laws import density, draw, in_numbers
from regimes.validate.laws.spectrum import eigenvalues, stratified
from regimes.validate.runs.measurements import moments
from regimes.validate.simulation.channel import noise_var

SIGMAS = 5.5
TIMES = [1e-3, 0.05, 0.4, 3.0]


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


def law_of(name: str, **values: Any) -> Any:
    model = get_model(name)
    return in_numbers(model.law(model.complete(values)))


@pytest.mark.parametrize("t", TIMES)
def test_a_spectrum_is_a_gaussian_with_its_eigenvalues(t: float) -> None:
    law = law_of("spectrum-power-law")
    x = np.random.default_rng(4).standard_normal((5, 6))
    variances = [noise_var(t) + math.exp(-2 * t) * 0.5 * math.sqrt(6 / (i + 0.5)) for i in range(6)]
    expected = [sum(float(mpmath.log(mpmath.npdf(value, 0, math.sqrt(v)))) for value, v in zip(row, variances, strict=True)) for row in x]
    np.testing.assert_allclose(density(law, 6).terms(x, t).sum(axis=1), expected, rtol=1e-7)


def test_moments_of_a_spectrum_are_sums_over_its_eigenvalues() -> None:
    """I = mean of log(1 + gamma w)/2 and V = mean of gamma w/(1 + gamma w). 200 groups of 16: 5.5 standard errors, detects 1 % of both."""
    law: GaussianSpectrum = law_of("spectrum-marchenko-pastur")
    mean, variance = moments(np.random.default_rng(6), law, 32, (0.3, 1.0), 200, 16)
    for k, t in enumerate((0.3, 1.0)):
        signal = eigenvalues(law, 32) / math.expm1(2 * t)
        for found, exact in ((mean[:, k], 0.5 * np.log1p(signal).mean()), (variance[:, k], (signal / (1 + signal)).mean())):
            assert abs(found.mean() - exact) < SIGMAS * found.std(ddof=1) / math.sqrt(200)
