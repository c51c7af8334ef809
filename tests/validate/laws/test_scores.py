"""Exact scores of laws with classes against exhaustive sums and derivatives of the log-density."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import mpmath
import numpy as np
import pytest

from regimes.theory.errors import DomainError
from regimes.theory.laws import Cluster, CurieWeiss, GaussianClusters, IsingChain, IsingChains, Law, Mixture, Product
from regimes.validate.laws.class_scores import MixtureCentre, class_centre, class_probabilities
from regimes.validate.laws.densities import Chain
from regimes.validate.laws.order_parameter_scores import MagnetisationCentre, RadialCentre, overlap_centre
from regimes.validate.laws.spin_scores import ChainsCentre, MeanFieldCentre
from regimes.validate.simulation.channel import delta, draw, frame, gamma, noised
from regimes.validate.simulation.forward_estimators import class_agreement
from regimes.validate.simulation.scores import PopulationCentre

MIX = Mixture((Cluster(0.3, (0.9, 0.0), 0.6), Cluster(0.5, (-0.4, 0.7), 1.1), Cluster(0.2, (0.1, -0.8), 0.8)))
CENTRED = Mixture((Cluster(0.3, (), 1.4), Cluster(0.7, (), 0.7)))
RARE = Mixture((Cluster(1.0, (1.0,), 1.0), Cluster(1.0, (-1.0,), 0.8, 0.05)))
FERRO, COLD, HOT = CurieWeiss(1.5, 0.1), CurieWeiss(3.0, 0.0), CurieWeiss(0.0, -0.3)
CHAINS = IsingChains(1.1, 0.3, 0.35)
TIMES = [0.02, 0.3, 1.0, 2.5, 12.0]


def states(law: Law, d: int, t: float, number: int = 12) -> np.ndarray:
    rng = np.random.default_rng(5)
    return noised(rng, draw(rng, law, number, d)[0], t)


def log_weights(law: Law, spins: np.ndarray) -> np.ndarray:
    """Logarithms of the joint probabilities of spins and class, (2^d, 2), by the definition of the law."""
    d = spins.shape[1]
    total, bond = spins.sum(axis=1), (spins[:, 1:] * spins[:, :-1]).sum(axis=1)
    if isinstance(law, CurieWeiss):
        energy = law.beta * total**2 / (2 * d) + law.h * total
        log = energy - np.logaddexp.reduce(energy)
        share = np.stack([(total > 0) + 0.5 * (total == 0), (total < 0) + 0.5 * (total == 0)], axis=1)
        with np.errstate(divide="ignore"):
            return np.asarray(log[:, None] + np.log(share))
    assert isinstance(law, IsingChains)
    columns = [math.log(w) + b * bond - np.logaddexp.reduce(b * bond) for w, b in ((law.weight, law.beta_a), (1 - law.weight, law.beta_b))]
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("t", TIMES)
@pytest.mark.parametrize("d", [1, 2, 7, 10])
@pytest.mark.parametrize("law", [FERRO, COLD, HOT, CHAINS])
def test_scores_of_spins_equal_exhaustive_sums(law: Law, d: int, t: float) -> None:
    spins = np.array(list(itertools.product((-1.0, 1.0), repeat=d)))
    x = states(law, d, t)
    gap = x[:, None] - math.exp(-t) * spins
    log = log_weights(law, spins) - (np.square(gap).sum(axis=2) / (2 * delta(t)) + 0.5 * d * math.log(2 * math.pi * delta(t)))[..., None]
    total = np.logaddexp.reduce(log.reshape(len(x), -1), axis=1)
    joint = np.exp(log - total[:, None, None])
    centre = class_centre(law, d)
    assert isinstance(centre, (MeanFieldCentre, ChainsCentre))
    np.testing.assert_allclose(centre.log_density(x, t), total, rtol=1e-12, atol=1e-10)
    np.testing.assert_allclose(centre.posterior(x, t), joint.sum(axis=1), atol=1e-10)
    np.testing.assert_allclose(centre(x, t), joint.sum(axis=2) @ spins, atol=1e-10)


@pytest.mark.parametrize("t", TIMES)
@pytest.mark.parametrize("variance", [None, 0.0, 2.0])
@pytest.mark.parametrize("law", [MIX, CENTRED, RARE])
def test_mixture_equals_its_definition_with_thirty_digits(law: Mixture, variance: float | None, t: float) -> None:
    d = 5
    x = states(law, d, t, 4)
    centre = MixtureCentre(law, d, variance)
    means = [math.sqrt(d) * np.array(c.centre) @ frame(law.rank, d) if c.centre else np.zeros(d) for c in law.clusters]
    with mpmath.workdps(30):
        decay, noise = mpmath.exp(-mpmath.mpf(t)), -mpmath.expm1(-2 * mpmath.mpf(t))
        widths = [noise + mpmath.mpf(c.sd) ** 2 * decay**2 for c in law.clusters]
        shares = [c.weight * mpmath.exp(-d * mpmath.mpf(c.cost)) for c in law.clusters]
        for row, density, posterior, place in zip(x, centre.log_density(x, t), centre.posterior(x, t), centre(x, t), strict=True):
            gaps = [[mpmath.mpf(float(v)) - decay * mpmath.mpf(float(m)) for v, m in zip(row, mean, strict=True)] for mean in means]
            parts = [
                w / sum(shares) * mpmath.exp(-sum(g**2 for g in gap) / (2 * width)) / (2 * mpmath.pi * width) ** (mpmath.mpf(d) / 2)
                for w, gap, width in zip(shares, gaps, widths, strict=True)
            ]
            total = sum(parts)
            assert density == pytest.approx(float(mpmath.log(total)), rel=1e-12, abs=1e-11)
            np.testing.assert_allclose(posterior, [float(p / total) for p in parts], rtol=1e-10, atol=1e-300)
            score = [-sum(p / total * gap[i] / width for p, gap, width in zip(parts, gaps, widths, strict=True)) for i in range(d)]
            wanted = [
                float((mpmath.mpf(float(v)) + (noise + mpmath.mpf(centre.variance) * decay**2) * s) / decay)
                for v, s in zip(row, score, strict=True)
            ]
            # at t = 12 x is rounded to 1e-16 and the centre is seen through e^{-t}
            np.testing.assert_allclose(place, wanted, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("t", [0.1, 0.7, 2.0])
@pytest.mark.parametrize("law", [MIX, CENTRED, FERRO, CHAINS])
def test_score_is_the_gradient_of_the_log_density(law: Law, t: float) -> None:
    """Sixth-order central differences, h = 0.02: an error of h^6 f'''''''/140 and eps |f|/h, below 1e-8 in units of the score."""
    d, h = 6, 0.01 * math.sqrt(delta(t))
    centre, x = class_centre(law, d), states(law, d, t)
    assert isinstance(centre, (MixtureCentre, MeanFieldCentre, ChainsCentre))
    rule = [(1, 3 / 4), (2, -3 / 20), (3, 1 / 60)]
    steps = [(j * s, s * c) for j, c in rule for s in (1, -1)]
    gradient = np.stack([sum(c * centre.log_density(x + j * h * e, t) for j, c in steps) / h for e in np.eye(d)], axis=1)
    score = (math.exp(-t) * centre(x, t) - x) / gamma(t, centre.variance)
    np.testing.assert_allclose(score, gradient, rtol=1e-8, atol=1e-8 / math.sqrt(delta(t)))


def test_mixture_of_one_width_is_the_law_of_clusters() -> None:
    two = GaussianClusters((0.3, 0.7), ((0.8,), (-1.1,)), 0.6)
    same = Mixture(tuple(Cluster(w, c, 0.6) for w, c in zip(two.weights, two.centres, strict=True)))
    x, first, second = states(two, 9, 0.4), PopulationCentre(two, 9), MixtureCentre(same, 9)
    assert second.variance == pytest.approx(first.variance)
    for t in (0.0, 0.4):
        np.testing.assert_allclose(second(x, t), first(x, t), atol=1e-12)
        np.testing.assert_allclose(second.posterior(x, t), first.posterior(x, t), atol=1e-12)
        np.testing.assert_allclose(second.log_density(x, t), first.log_density(x, t), atol=1e-11)


@pytest.mark.parametrize("t", TIMES)
def test_two_roads_to_the_density_of_spins_agree_in_many_dimensions(t: float) -> None:
    """Chains: passes in magnetisations against cavity fields; mean field: the integral over y against the sum over the magnetisation."""
    d = 200
    x = states(CHAINS, d, t)
    parts = np.stack(
        [
            math.log(w) + Chain(IsingChain(b)).terms(x, t)[:, 0]
            for w, b in ((CHAINS.weight, CHAINS.beta_a), (1 - CHAINS.weight, CHAINS.beta_b))
        ],
        axis=1,
    )
    total = np.logaddexp.reduce(parts, axis=1)
    centre = ChainsCentre(CHAINS)
    np.testing.assert_allclose(centre.log_density(x, t), total, rtol=1e-12)
    np.testing.assert_allclose(centre.posterior(x, t), np.exp(parts - total[:, None]), atol=1e-10)
    mean_field, h, y = MeanFieldCentre(FERRO, d), 1e-3 * math.sqrt(delta(t)), states(FERRO, d, t, 3)
    along = np.full(d, 1 / math.sqrt(d))
    slope = (
        8 * (mean_field.log_density(y + h * along, t) - mean_field.log_density(y - h * along, t))
        - (mean_field.log_density(y + 2 * h * along, t) - mean_field.log_density(y - 2 * h * along, t))
    ) / (12 * h)
    score = ((math.exp(-t) * mean_field(y, t) - y) / delta(t)) @ along
    np.testing.assert_allclose(score, slope, rtol=1e-6, atol=1e-6 / math.sqrt(delta(t)))


def test_final_states_of_spins_are_read_by_their_signs() -> None:
    x = np.array([[0.99, 1.0, -1.0], [-0.97, -1.0, -1.0]])
    np.testing.assert_array_equal(MeanFieldCentre(FERRO, 3).posterior(x, 0.0), [[1, 0], [0, 1]])
    np.testing.assert_array_equal(MeanFieldCentre(FERRO, 2).posterior(x[:, 1:], 0.0), [[0.5, 0.5], [0, 1]])
    spins = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))
    joint = np.exp(log_weights(CHAINS, spins))[[spins.tolist().index(row) for row in np.sign(x).tolist()]]
    np.testing.assert_allclose(ChainsCentre(CHAINS).posterior(x, 0.0), joint / joint.sum(axis=1, keepdims=True), atol=1e-12)


@pytest.mark.parametrize("law", [MIX, CENTRED, FERRO, CHAINS])
def test_posterior_averages_to_the_probabilities_of_the_classes(law: Law) -> None:
    """40 000 samples, within 5 standard errors (at most 0.0025 each): false-failure rate 2e-6; detects a weight off by 0.02."""
    d, rng = 8, np.random.default_rng(2)
    data = draw(rng, law, 40_000, d)[0]
    found = class_centre(law, d).posterior(noised(rng, data, 0.5), 0.5)
    spread = found.std(axis=0) / math.sqrt(len(data)) + 1e-9
    assert (np.abs(found.mean(axis=0) - class_probabilities(law, d)) < 5 * spread).all()


@pytest.mark.parametrize("make", [lambda: class_centre(Product(), 3), lambda: overlap_centre(CHAINS, 3)])
def test_laws_without_classes_or_order_parameter_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(DomainError, match="no "):
        make()


def test_clusters_of_no_width_have_no_score_at_time_zero() -> None:
    with pytest.raises(DomainError, match="t = 0"):
        MixtureCentre(Mixture((Cluster(1.0, (), 0.0),)), 2)(np.ones((1, 2)), 0.0)


@pytest.mark.parametrize("t", [0.1, 0.6, 2.0])
def test_radial_score_has_the_drift_that_ito_gives(t: float) -> None:
    """Generator of the full process on R: R + 2 S.x/R + (d - 1)/R, from the score in d dimensions."""
    d, x = 7, states(CENTRED, 7, t)
    full, radial = MixtureCentre(CENTRED, d), RadialCentre(CENTRED, d)
    length = radial.read(x)
    score = (math.exp(-t) * full(x, t) - x) / gamma(t, full.variance)
    wanted = length[:, 0] + 2 * (score * x).sum(axis=1) / length[:, 0] + (d - 1) / length[:, 0]
    found = length + 2 * (math.exp(-t) * radial(length, t) - length) / gamma(t, radial.variance)
    np.testing.assert_allclose(found[:, 0], wanted, rtol=1e-11)
    np.testing.assert_allclose(radial.posterior(length, t), full.posterior(x, t), atol=1e-11)


@pytest.mark.parametrize("t", [0.05, 0.6, 2.0])
def test_score_of_the_magnetisation_is_the_gradient_of_its_log_density(t: float) -> None:
    """Linear interpolation in a table of 2^10 nodes: off by less than 1e-3 of the step between the values."""
    d, h = 12, 1e-4
    q = np.linspace(-4, 4, 41)[:, None]
    centre = MagnetisationCentre(FERRO, d)

    def density(q: np.ndarray) -> np.ndarray:
        total = np.arange(-d, d + 1, 2)
        mass = np.array([math.comb(d, (d + m) // 2) for m in total]) * np.exp(FERRO.beta * total**2 / (2 * d) + FERRO.h * total)
        return np.asarray(np.log(np.exp(-((q - math.exp(-t) * total / math.sqrt(d)) ** 2) / (2 * delta(t))) @ (mass / mass.sum())))

    slope = (density(q + h) - density(q - h)) / (2 * h)
    np.testing.assert_allclose((math.exp(-t) * centre(q, t)[:, 0] - q[:, 0]) / delta(t), slope, atol=1e-3 / delta(t))


def test_magnetisation_of_a_final_state_is_the_nearest_value() -> None:
    centre = MagnetisationCentre(COLD, 4)
    np.testing.assert_array_equal(centre.posterior(np.array([[0.9], [0.1], [-1.1], [9.0]]), 0.0), [[1, 0], [0.5, 0.5], [0, 1], [1, 0]])


@pytest.mark.parametrize("law", [CENTRED, FERRO, CHAINS, MIX])
def test_forward_agreement_is_the_mean_posterior_of_the_true_class(law: Law) -> None:
    """20 000 samples, 5 standard errors of the difference: false-failure rate 6e-7 each; detects 0.02."""
    d, t = 12, 0.6
    found = class_agreement(np.random.default_rng(3), law, d, [t], 20_000)[:, 0]
    rng = np.random.default_rng(4)
    data, labels = draw(rng, law, 20_000, d)
    own = class_centre(law, d).posterior(noised(rng, data, t), t)
    if isinstance(law, CurieWeiss):
        true = class_centre(law, d).posterior(data, 0.0)
        told = (own * true).sum(axis=1)
    else:
        told = own[np.arange(len(own)), labels]
    assert abs(found.mean() - told.mean()) < 5 * math.hypot(found.std(), told.std()) / math.sqrt(20_000)
