"""What holds of several families alike: laws in numbers and as JSON, sums over all states, derivatives, averages."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp

from regimes.theory.conventions import a
from regimes.theory.errors import DomainError
from regimes.theory.laws import (
    Atom,
    Cluster,
    CurieWeiss,
    Curve,
    GaussianSpectrum,
    IsingChain,
    IsingChains,
    Law,
    Mixture,
    Piece,
    Product,
)
from regimes.theory.model import all_models, get_model
from regimes.validate.laws import as_json, class_centre, class_weights, draw, from_json, in_numbers, order_parameter
from regimes.validate.laws.curie_weiss import MeanFieldCentre
from regimes.validate.laws.ising_chain import Chain
from regimes.validate.laws.ising_chains import ChainsCentre
from regimes.validate.laws.mixture import MixtureCentre
from regimes.validate.runs.class_measurements import agreement
from regimes.validate.runs.measurements import moments
from regimes.validate.simulation.channel import cluster_var, noise_var, noised

LAWS = {
    name: in_numbers(m.law({p.name: p.default if p.default is not None else sum(p.typical) / 2 for p in m.params}))
    for name, m in all_models().items()
}
LAWS["unequal clusters"] = in_numbers(Mixture((Cluster(1, (sp.Rational(1, 2), 0), 1), Cluster(1, (0, 1), sp.sqrt(2), sp.Rational(1, 10)))))
NORMAL = sp.exp(-(a**2) / 2) / sp.sqrt(2 * sp.pi)
SIGMAS = 5.5
MIX = Mixture((Cluster(0.3, (0.9, 0.0), 0.6), Cluster(0.5, (-0.4, 0.7), 1.1), Cluster(0.2, (0.1, -0.8), 0.8)))
CENTRED = Mixture((Cluster(0.3, (), 1.4), Cluster(0.7, (), 0.7)))
FERRO, COLD, HOT = CurieWeiss(1.5, 0.1), CurieWeiss(3.0, 0.0), CurieWeiss(0.0, -0.3)
CHAINS = IsingChains(1.1, 0.3, 0.35)
TIMES = [0.02, 0.3, 1.0, 2.5, 12.0]


@pytest.mark.parametrize("name", LAWS)
def test_json_holds_the_whole_law(name: str) -> None:
    law = LAWS[name]
    text = json.dumps(as_json(law), allow_nan=False)
    assert from_json(json.loads(text)) == law
    assert hash(from_json(json.loads(text))) == hash(law)


@pytest.mark.parametrize("name", LAWS)
def test_numbers_are_a_fixed_point(name: str) -> None:
    """Weights add up to one; a table is no expression, so a law in numbers has nothing left to turn into numbers."""
    law = LAWS[name]
    weights = [part.weight for kind in ("atoms", "pieces", "curves") for part in getattr(law, kind, ())]
    if weights:
        assert sum(weights) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"family": "none"},
        {"family": "curie-weiss", "beta": 1.0},
        {"family": "product", "atoms": [{"weight": 1.0}], "pieces": []},
        {"family": "ising-chain", "beta": 1.0, "h": 0.0},
    ],
)
def test_a_record_of_no_law_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        from_json(record)


def test_parts_of_no_weight_are_left_out() -> None:
    law = in_numbers(Product((Atom(sp.S.Zero, 3), Atom(sp.S.One, 0)), (Piece(sp.S.Zero, NORMAL, -sp.oo, sp.oo),)))
    assert law == Product((Atom(1.0, 0.0),), ())
    u = Curve.variable()
    spectrum: Any = in_numbers(GaussianSpectrum((Atom(sp.S.One, 1),), (Curve(sp.S.Zero, u, sp.S.One),)))
    assert not spectrum.curves


def test_numbers_of_any_kind_become_floats() -> None:
    assert in_numbers(CurieWeiss(sp.Rational(1, 2), np.float64(0.25))) == CurieWeiss(0.5, 0.25)


@pytest.mark.parametrize("law", [CurieWeiss(0.6, 0.0), CurieWeiss(1.7, 0.0), CurieWeiss(1.2, -0.3), CurieWeiss(0.0, 0.4), IsingChain(0.0),
                                 IsingChain(0.9)])  # fmt: skip
def test_spins_have_the_boltzmann_weights_of_all_states(law: CurieWeiss | IsingChain, seed: int) -> None:
    """All 64 states of six spins, 100 000 data: detects 7 % of an average state's weight."""
    n, d = 100_000, 6
    spins = np.array(list(itertools.product([-1, 1], repeat=d)))
    total = spins.sum(axis=1)
    if isinstance(law, CurieWeiss):
        energy = law.beta * total**2 / (2 * d) + law.h * total
    else:
        energy = law.beta * (spins[:, 1:] * spins[:, :-1]).sum(axis=1)
    weight = np.exp(energy) / np.exp(energy).sum()
    data, _ = draw(np.random.default_rng(seed), law, n, d, np.float32)
    assert set(np.unique(data)) == {-1.0, 1.0}
    index = ((data > 0) * 2 ** np.arange(d)[::-1]).sum(axis=1).astype(int)
    count = np.bincount(index, minlength=2**d)
    assert (np.abs(count - n * weight) < SIGMAS * np.sqrt(n * weight) + 3).all()


def law_of(name: str, **values: Any) -> Any:
    model = get_model(name)
    return in_numbers(model.law(model.complete(values)))


def test_variance_term_by_term_is_that_of_the_sum_where_coordinates_are_independent() -> None:
    """Rademacher spins as a product, measured by coordinates, and as a chain without coupling, measured by the sum: within 5.5 errors."""
    found = [
        moments(np.random.default_rng(7 + k), law, 24, (0.4,), 400, 16)
        for k, law in enumerate((law_of("product-rademacher"), IsingChain(0.0)))
    ]
    for one, other in zip(*found, strict=True):
        error = math.hypot(one.std(ddof=1), other.std(ddof=1)) / 20
        assert abs(one.mean() - other.mean()) < SIGMAS * error


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
    log = (
        log_weights(law, spins)
        - (np.square(gap).sum(axis=2) / (2 * noise_var(t)) + 0.5 * d * math.log(2 * math.pi * noise_var(t)))[..., None]
    )
    total = np.logaddexp.reduce(log.reshape(len(x), -1), axis=1)
    joint = np.exp(log - total[:, None, None])
    centre = class_centre(law, d)
    assert isinstance(centre, (MeanFieldCentre, ChainsCentre))
    np.testing.assert_allclose(centre.log_density(x, t), total, rtol=1e-12, atol=1e-10)
    np.testing.assert_allclose(centre.posterior(x, t), joint.sum(axis=1), atol=1e-10)
    np.testing.assert_allclose(centre(x, t), joint.sum(axis=2) @ spins, atol=1e-10)


@pytest.mark.parametrize("t", [0.1, 0.7, 2.0])
@pytest.mark.parametrize("law", [MIX, CENTRED, FERRO, CHAINS])
def test_score_is_the_gradient_of_the_log_density(law: Law, t: float) -> None:
    """Sixth-order central differences, h = 0.02: an error of h^6 f'''''''/140 and eps |f|/h, below 1e-8 in units of the score."""
    d, h = 6, 0.01 * math.sqrt(noise_var(t))
    centre, x = class_centre(law, d), states(law, d, t)
    assert isinstance(centre, (MixtureCentre, MeanFieldCentre, ChainsCentre))
    rule = [(1, 3 / 4), (2, -3 / 20), (3, 1 / 60)]
    steps = [(j * s, s * c) for j, c in rule for s in (1, -1)]
    gradient = np.stack([sum(c * centre.log_density(x + j * h * e, t) for j, c in steps) / h for e in np.eye(d)], axis=1)
    score = (math.exp(-t) * centre(x, t) - x) / cluster_var(t, centre.variance)
    np.testing.assert_allclose(score, gradient, rtol=1e-8, atol=1e-8 / math.sqrt(noise_var(t)))


@pytest.mark.parametrize("t", TIMES)
def test_two_methods_for_the_density_of_spins_agree_in_many_dimensions(t: float) -> None:
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
    mean_field, h, y = MeanFieldCentre(FERRO, d), 1e-3 * math.sqrt(noise_var(t)), states(FERRO, d, t, 3)
    along = np.full(d, 1 / math.sqrt(d))
    slope = (
        8 * (mean_field.log_density(y + h * along, t) - mean_field.log_density(y - h * along, t))
        - (mean_field.log_density(y + 2 * h * along, t) - mean_field.log_density(y - 2 * h * along, t))
    ) / (12 * h)
    score = ((math.exp(-t) * mean_field(y, t) - y) / noise_var(t)) @ along
    np.testing.assert_allclose(score, slope, rtol=1e-6, atol=1e-6 / math.sqrt(noise_var(t)))


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
    assert (np.abs(found.mean(axis=0) - class_weights(law, d)) < 5 * spread).all()


@pytest.mark.parametrize("make", [lambda: class_centre(Product(), 3), lambda: order_parameter(CHAINS, 3)])
def test_laws_without_classes_or_order_parameter_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(DomainError, match="no "):
        make()


@pytest.mark.parametrize("law", [CENTRED, FERRO, CHAINS, MIX])
def test_forward_agreement_is_the_mean_posterior_of_the_true_class(law: Law) -> None:
    """20 000 samples, 5 standard errors of the difference: false-failure rate 6e-7 each; detects 0.02."""
    d, t = 12, 0.6
    found = agreement(np.random.default_rng(3), law, d, [t], 20_000)[:, 0]
    rng = np.random.default_rng(4)
    data, labels = draw(rng, law, 20_000, d)
    own = class_centre(law, d).posterior(noised(rng, data, t), t)
    if isinstance(law, CurieWeiss):
        true = class_centre(law, d).posterior(data, 0.0)
        told = (own * true).sum(axis=1)
    else:
        told = own[np.arange(len(own)), labels]
    assert abs(found.mean() - told.mean()) < 5 * math.hypot(found.std(), told.std()) / math.sqrt(20_000)
