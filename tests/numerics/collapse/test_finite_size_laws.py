"""Exact finite sizes of spectra, products and Curie-Weiss spins against sums over all data, quadrature from the definition, and samples."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit, gammaln, logsumexp
from scipy.stats import binom, chi2

from regimes.numerics.collapse.window import logistic_average, softplus_average
from regimes.numerics.laws import density_of
from regimes.theory.errors import DomainError
from regimes.theory.laws import Atom, CurieWeiss, GaussianClusters, GaussianSpectrum, IsingChain, Law, Product
from regimes.theory.model import get_model
from regimes.validate.simulation.forward_estimators import planted
from tests.numerics import exact, windowed


def spectrum(*atoms: Any) -> GaussianSpectrum:
    return GaussianSpectrum(tuple(Atom(w, v) for w, v in atoms))


def product(*atoms: Any) -> Product:
    return Product(tuple(Atom(w, v) for w, v in atoms))


def cluster(sd: float) -> Any:
    return GaussianClusters((1.0,), ((),), sd)


RADEMACHER = product((0.5, 1.0), (0.5, -1.0))
BIASED = product((0.3, 1.5), (0.7, -0.6))
TERNARY = product((0.15, 1.8), (0.7, 0.0), (0.15, -1.8))
TWO = spectrum((0.25, 3.0), (0.75, 1 / 3))
THREE = spectrum((0.125, 4.0), (0.25, 1.0), (0.625, 0.4))


def both(law: Law, t: float, n: int, d: int, **options: Any) -> tuple[Any, Any]:
    return exact.excess_entropy(law, t, n, d, **options), exact.collapse_probability(law, t, n, d, **options)


def pair_average(probabilities: Any, squares: Any, gamma: float) -> NDArray[np.float64]:
    """d f^e and 1 - phi_C at n = 2: E_1 - E_2 = -S^2/2 + S z with S^2 = gamma |a_1 - a_2|^2; no transform, no inversion.

    The averages over z are window's, which are tested to 2e-12 by themselves.
    """
    total = np.zeros(2)
    for p, square in zip(probabilities, squares * gamma, strict=True):
        s = math.sqrt(square)
        total += p * np.array([f(np.array([-square / 2]), s)[0] for f in (softplus_average, logistic_average)])
    return total


def check_pair(law: Law, t: float, d: int, pair: Any, *, slack: float = 1.0, tol: float = 1e-9) -> float:
    """The largest relative error, after comparison."""
    excess, confusion = pair
    (f, f_error), (phi, phi_error) = both(law, t, 2, d, tol=tol)
    assert abs(f * d - excess) <= slack * f_error * d + 2e-9 * excess
    assert abs(phi - (1 - confusion)) <= slack * phi_error + 2e-9 * confusion + 2e-16
    return max(f_error * d / excess, phi_error / confusion)


def many_pairs(probabilities: NDArray[np.float64], squares: NDArray[np.float64], gamma: float) -> tuple[float, float]:
    """As `pair_average`, for many distances that are not large: the trapezoidal rule over z."""
    z = 0.1 * np.arange(-95, 200)
    weights, s = np.exp(-0.5 * z * z) * 0.1 / math.sqrt(2 * math.pi), np.sqrt(squares * gamma)[:, None]
    exponents = s * z - s * s / 2
    return probabilities @ (np.logaddexp(0, exponents) @ weights), probabilities @ (expit(exponents) @ weights)


@pytest.mark.parametrize(("law", "d", "t", "nodes"), [(TWO, 8, 0.3, 40), (TWO, 64, 0.9, 40), (THREE, 16, 0.6, 24)])
def test_two_gaussian_data_give_the_average_over_their_distance(law: GaussianSpectrum, d: int, t: float, nodes: int) -> None:
    x, w = np.polynomial.legendre.leggauss(nodes)
    squares, weights = np.zeros(1), np.ones(1)
    for atom in law.atoms:
        k = round(atom.weight * d)
        low, high = math.sqrt(chi2.ppf(1e-14, k)), math.sqrt(chi2.isf(1e-14, k))
        r = low + (high - low) * (1 + x) / 2
        squares = (squares[:, None] + 2 * atom.place * r * r).ravel()
        weights = (weights[:, None] * chi2.pdf(r * r, k) * 2 * r * w * (high - low) / 2).ravel()
    keep = weights > 1e-13
    assert check_pair(law, t, d, many_pairs(weights[keep], squares[keep], 1 / math.expm1(2 * t)), slack=2.0) < 1e-8


def squared_distances(law: Product, d: int) -> Any:
    """Law of |a_1 - a_2|^2 for a product: the convolution of the coordinates' laws."""
    table: dict[float, float] = {}
    for a, b in itertools.product(law.atoms, repeat=2):
        square = round((a.place - b.place) ** 2, 9)
        table[square] = table.get(square, 0.0) + a.weight * b.weight
    unit = min(s for s in table if s)
    one = np.zeros(round(max(table) / unit) + 1)
    for square, p in table.items():
        one[round(square / unit)] += p
    total = np.ones(1)
    for _ in range(d):
        total = np.convolve(total, one)
    return total, unit * np.arange(total.size)


@pytest.mark.parametrize(
    ("law", "d", "t"),
    [(RADEMACHER, 1, 0.2), (TERNARY, 1, 0.7), (BIASED, 2, 0.5), (RADEMACHER, 8, 0.1), (BIASED, 8, 1.5), (TERNARY, 8, 0.4),
     (RADEMACHER, 64, 0.6), (BIASED, 300, 0.2), (TERNARY, 64, 1.2), (RADEMACHER, 1024, 1.2)],
)  # fmt: skip
def test_two_data_of_a_product_give_the_average_over_their_distance(law: Product, d: int, t: float) -> None:
    """14 sampled values within five standard errors (fixed seed): false failure below 1e-4 for the family; errors of 1e-7 to 2e-3."""
    probabilities, squares = squared_distances(law, d)
    error = check_pair(law, t, d, pair_average(probabilities, squares, 1 / math.expm1(2 * t)), tol=1e-3 if d > 2 else 1e-9)
    assert error < (3e-3 if d > 2 else 1e-8)


def curie_weiss_sizes(beta: float, h: float, d: int) -> Any:
    up = np.arange(d + 1)
    logs = gammaln(d + 1) - gammaln(up + 1) - gammaln(d - up + 1) + beta * (2 * up - d) ** 2 / (2 * d) + h * (2 * up - d)
    return np.exp(logs - logsumexp(logs))


def curie_weiss_distances(beta: float, h: float, d: int) -> Any:
    """Law of |a_1 - a_2|^2: sectors of both magnetisations, and how many of the spins up coincide."""
    law, sizes = np.zeros(d + 1), curie_weiss_sizes(beta, h, d)
    for first, second in itertools.product(range(d + 1), repeat=2):
        for common in range(max(0, first + second - d), min(first, second) + 1):
            overlap = math.comb(first, common) * math.comb(d - first, second - common) / math.comb(d, second)
            law[first + second - 2 * common] += sizes[first] * sizes[second] * overlap
    return law, 4.0 * np.arange(d + 1)


@pytest.mark.slow
@pytest.mark.parametrize(("beta", "h", "d", "t"), [(0.7, 0.2, 1, 0.4), (1.5, 0.0, 8, 0.6), (1.4, -0.1, 16, 0.2)])
def test_two_data_of_curie_weiss_spins_give_the_average_over_their_distance(beta: float, h: float, d: int, t: float) -> None:
    """Four sampled values within five standard errors: false failure below 1e-4 for the family; errors of 0.5 to 4 %."""
    probabilities, squares = curie_weiss_distances(beta, h, d)
    pair = pair_average(probabilities, squares, 1 / math.expm1(2 * t))
    assert check_pair(CurieWeiss(beta, h), t, d, pair, tol=0.05) < (0.05 if d > 1 else 1e-6)


def over_all_data(configurations: Any, probabilities: Any, n: int, gamma: float) -> Any:
    """d f^e and phi_C from the definition: sums over the planted datum and the counts of the others, trapezoidal rule over x."""
    d = configurations.shape[1]
    s, z = math.sqrt(gamma) * configurations, 0.35 * np.arange(-24, 25)
    noise = np.array(list(itertools.product(z, repeat=d)))
    weights = np.exp(-0.5 * (noise**2).sum(axis=1)) * (0.35 / math.sqrt(2 * math.pi)) ** d
    others = np.array([c for c in itertools.product(range(n), repeat=len(s)) if sum(c) == n - 1])
    chance = np.exp(gammaln(n) + (others * np.log(probabilities) - gammaln(others + 1)).sum(axis=1))
    excess = agreement = 0.0
    for k, p in enumerate(probabilities):
        energy = ((s[k] + noise)[:, None] - s) ** 2
        log_sum = np.log(np.exp(energy[:, k].sum(axis=1)[:, None] / 2 - energy.sum(axis=2) / 2) @ (others + np.eye(len(s))[k]).T)
        excess += p * (weights @ log_sum @ chance)
        agreement += p * (weights @ np.exp(-log_sum) @ chance)
    return excess, agreement


@pytest.mark.parametrize(
    ("law", "n", "d", "t"),
    [(RADEMACHER, 7, 1, 0.3), (TERNARY, 6, 1, 0.5), (BIASED, 4, 2, 0.4), (RADEMACHER, 3, 3, 0.7), (CurieWeiss(0.8, -0.3), 3, 3, 0.9)],
)  # fmt: skip
def test_few_data_in_few_dimensions_are_summed_over_all_configurations(law: Any, n: int, d: int, t: float) -> None:
    """Four sampled values (d = 3) within five standard errors: false failure below 1e-4; the others are sums on both sides."""
    if isinstance(law, Product):
        places, weights = np.array([[a.place, a.weight] for a in law.atoms]).T
        configurations = np.array(list(itertools.product(places, repeat=d)))
        probabilities = np.array([math.prod(p) for p in itertools.product(weights, repeat=d)])
    else:
        configurations = np.array(list(itertools.product([1.0, -1.0], repeat=d)))
        total = configurations.sum(axis=1)
        probabilities = np.exp(law.beta * total**2 / (2 * d) + law.h * total)
        probabilities /= probabilities.sum()
    excess, agreement = over_all_data(configurations, probabilities, n, 1 / math.expm1(2 * t))
    for (value, error), wanted in zip(both(law, t, n, d, tol=0.02), (excess / d, agreement), strict=True):
        assert abs(value - wanted) <= error + 1e-9 * wanted
        assert error < (0.02 if d > 2 else 1e-8) * wanted


@pytest.mark.parametrize(("law", "n", "d"), [(BIASED, 1000, 8), (RADEMACHER, 1e9, 8), (CurieWeiss(1.2, 0.0), 400, 6)])
def test_at_early_times_only_copies_of_the_datum_are_left(law: Any, n: int, d: int) -> None:
    """d f^e = E log(1 + copies), phi_C = E 1/(1 + copies), binomial given the datum, whose probability depends on its number of ups."""
    if isinstance(law, Product):
        up = law.atoms[0].weight
        sizes = binom.pmf(np.arange(d + 1), d, up)
    else:
        sizes = curie_weiss_sizes(law.beta, law.h, d)
    single = sizes / np.array([math.comb(d, k) for k in range(d + 1)])
    excess = agreement = 0.0
    for p, q in zip(sizes, single, strict=True):
        spread = 12 * math.sqrt(n * q) + 40
        copies = np.arange(max(0, math.floor(n * q - spread)), min(n - 1, math.ceil(n * q + spread)) + 1)
        chance = binom.pmf(copies, int(n) - 1, q)
        excess += p * (chance @ np.log1p(copies))
        agreement += p * (chance @ (1 / (1 + copies)))
    (f, f_error), (phi, phi_error) = both(law, 1e-3, n, d, tol=0.02)
    assert abs(f * d - excess) <= f_error * d + 1e-8 * excess
    assert abs(phi - agreement) <= phi_error + 1e-8 * agreement


@pytest.mark.parametrize(("t", "n", "d"), [(0.5, 50, 8), (1.3, 20_000, 64), (1.5, 1e9, 4096)])
def test_equal_eigenvalues_are_isotropic_data(t: float, n: int, d: int) -> None:
    """Also when they are told apart by less than shows: then the average is over two or three radii."""
    isotropic = both(cluster(1.3), t, n, d, tol=1e-8)
    for law, rel in (
        (spectrum((0.25, 1.69), (0.75, 1.69)), 1e-12),
        (spectrum((0.25, 1.69), (0.75, 1.69 + 1e-11)), 1e-8),
        (spectrum((0.5, 1.69 - 1e-11), (0.25, 1.69), (0.25, 1.69 + 1e-11)), 1e-8),
    ):
        for (value, _), (wanted, _) in zip(both(law, t, n, d, tol=1e-8), isotropic, strict=True):
            assert value == pytest.approx(float(wanted), rel=rel)


@pytest.mark.parametrize("ratio", [0.25, 0.5, 1.0])
def test_a_linear_manifold_is_isotropic_data_in_its_own_dimension(ratio: float) -> None:
    law, inside = get_model("spectrum", kind="linear-manifold").law({"ratio": ratio, "sigma": 1.0}), cluster(1 / math.sqrt(ratio))
    t, n, d = 0.6, 300, 16
    (f, _), (phi, _) = both(law, t, n, d)
    (f_inside, _), (phi_inside, _) = both(inside, t, n, round(ratio * d))
    assert f == pytest.approx(ratio * float(f_inside), rel=1e-12)
    assert phi == pytest.approx(float(phi_inside), rel=1e-12)


def draw(law: Any, rng: np.random.Generator, n: int, d: int) -> Any:
    if isinstance(law, GaussianSpectrum):
        return rng.standard_normal((n, d)) * np.repeat([math.sqrt(a.place) for a in law.atoms], [round(a.weight * d) for a in law.atoms])
    if isinstance(law, Product):
        return rng.choice([a.place for a in law.atoms], p=[a.weight for a in law.atoms], size=(n, d))
    up = rng.choice(d + 1, p=curie_weiss_sizes(law.beta, law.h, d), size=n)
    return np.where(rng.permuted(np.tile(np.arange(d), (n, 1)), axis=1) < up[:, None], 1.0, -1.0)


@pytest.mark.parametrize("law", [TWO, THREE, TERNARY, CurieWeiss(1.4, 0.0)], ids=["two", "three", "ternary", "curie-weiss"])
def test_exact_values_are_the_means_of_the_planted_estimator(law: Law) -> None:
    """8 comparisons at 4.5 standard errors of independent data sets: false failure 6e-5; detects 4 % of f^e and of phi_C."""
    rng, n, d, t, sets = np.random.default_rng(5), 40, 16, 0.55, 1500
    samples = np.empty((sets, 2))
    for k in range(sets):
        one = planted(draw(law, rng, n, d), np.arange(0, n, 4), rng.standard_normal((10, d)), [t])
        samples[k] = one.excess.mean() / d, one.weight.mean()
    spread = samples.std(axis=0) / math.sqrt(sets)
    for (value, error), mean, sigma in zip(both(law, t, n, d, tol=0.01), samples.mean(axis=0), spread, strict=True):
        assert abs(value - mean) < 4.5 * sigma + error
        assert sigma < 0.01 * value


def test_unlikely_collisions_add_up_over_the_data() -> None:
    """Where a second datum hardly ever comes near, n data are n - 1 pairs: 1e-30 with a relative error below 1e-3."""
    d, t, n = 256, 0.25, 1000.0
    probabilities, squares = squared_distances(RADEMACHER, d)
    pair = pair_average(probabilities, squares, 1 / math.expm1(2 * t))
    value, error = exact.excess_entropy(RADEMACHER, t, n, d)
    assert value * d < 1e-30
    assert abs(value * d - (n - 1) * pair[0]) < error * d + 1e-9 * value * d
    assert error < 3e-3 * value


@pytest.mark.slow
@pytest.mark.parametrize(
    ("law", "n", "d"),
    [(TWO, 2, 4096), (TWO, 1e9, 64), (TERNARY, 2, 4096), (TERNARY, 1e9, 4096), (BIASED, 1e9, 8), (CurieWeiss(0.6, 0.1), 1e9, 8)],
)  # fmt: skip
def test_limits_and_bounds(law: Law, n: int, d: int) -> None:
    """1 to 1e-3 and the extremes of n and d: no warning, no value outside its bounds."""
    late = 40.0
    for t in (late, 0.8) if isinstance(law, CurieWeiss) else (late, 1e-3, 0.8):
        (f, f_error), (phi, phi_error) = both(law, t, n, d, tol=0.05)
        assert -f_error <= f <= math.log(n) / d + f_error
        assert 1 / n - phi_error <= phi <= 1 + phi_error
        if t == late:
            assert f == pytest.approx(math.log(n) / d, rel=1e-8)
            assert phi == pytest.approx(1 / n, rel=1e-8)


@pytest.mark.parametrize("law", [THREE, BIASED], ids=["three", "biased"])
def test_the_window_is_approached_in_its_middle(law: Law) -> None:
    """Where log(n - 1) = d I about half of the clones agree; the gap to the window falls about like 1/sqrt(d)."""
    t, gaps = 0.4, []
    (share,) = density_of(law)(t).information.value
    for d in (32, 256):
        n = math.exp(d * share)
        gaps.append(abs(windowed.collapse_probability(law, t, n, d)[0] - exact.collapse_probability(law, t, n, d, tol=0.01)[0]))
    assert gaps[1] < 0.6 * gaps[0]
    assert gaps[1] < 0.05


def test_sampled_values_repeat_and_their_errors_shrink_with_what_is_asked() -> None:
    loose = exact.excess_entropy(BIASED, 0.5, 50, 8, tol=1e-2)
    tight = exact.excess_entropy(BIASED, 0.5, 50, 8)
    assert loose == exact.excess_entropy(BIASED, 0.5, 50, 8, tol=1e-2)
    assert 0 < tight[1] < loose[1] < 1e-2 * loose[0]
    assert abs(tight[0] - loose[0]) < tight[1] + loose[1]


def test_what_is_not_covered_is_refused_by_name() -> None:
    marchenko = get_model("spectrum", kind="marchenko-pastur").law({"ratio": 0.5, "sigma": 1.0})
    for law, d, match in (
        (IsingChain(0.5), 8, "no exact finite size"),
        (marchenko, 8, "spread out"),
        (spectrum(*((0.25, v) for v in (1.0, 2.0, 3.0, 4.0))), 8, "1 to 3 distinct positive eigenvalues, not 4"),
        (TWO, 10, "d must be a multiple of 4"),
        (RADEMACHER, 0, "d="),
    ):
        with pytest.raises(DomainError, match=match):
            exact.excess_entropy(law, 0.5, 10, d)
    for t, n, match in ((0.0, 10, "t="), (0.5, 1.5, "n="), (math.nan, 10, "t=")):
        with pytest.raises(DomainError, match=match):
            exact.collapse_probability(RADEMACHER, t, n, 8)
