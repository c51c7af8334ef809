"""Log-odds of Gaussian clusters: averages against quadrature over x itself, limits, rules."""

from __future__ import annotations

import itertools
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from scipy.integrate import dblquad, quad

from regimes.numerics.laws.mixture import averages as class_averages
from regimes.numerics.laws.mixture.odds import MixtureOdds, odds
from regimes.numerics.model_files.reader import get_model
from regimes.numerics.predict import predict
from regimes.theory.errors import DomainError
from tests.numerics.mixtures import at_time, mixture, weighted_densities

FloatArray = Any


def own_posterior(log_odds: FloatArray, weights: FloatArray, own: int) -> FloatArray:
    """p(own|x), and log[p(own|x)/w_own]."""
    top = log_odds.max(-1, keepdims=True)
    log_sum = (top + np.log((weights * np.exp(log_odds - top)).sum(-1, keepdims=True)))[..., 0]
    return np.stack([weights[..., own] * np.exp(-log_sum), -log_sum], axis=-1)


def averages(law: MixtureOdds, t: float, d: float) -> tuple[FloatArray, FloatArray]:
    """Posterior of the own class and its information density by class, (K, 2), and errors."""
    value, error = law.averages(np.array([t]), np.array([d]), own_posterior)
    return value[0], error[0]


def phi(law: MixtureOdds, t: float, d: float) -> float:
    return float((law.weights(np.array([d]))[0] * averages(law, t, d)[0][:, 0]).sum())


# -- against what is known -------------------------------------------------------------------------------------------------


def test_two_clusters_of_one_width_are_the_gaussian_mixture() -> None:
    model, t = get_model("mixture", kind="unlike"), np.array([1e-6, 0.1, 0.7, 1.5, 3.0, 8.0, 30.0])
    for d, w, sigma in itertools.product((1.0, 30.0, 1e6), (0.5, 0.1, 1e-3), (1.0, 0.3)):
        columns = {name: np.full(t.size, x) for name, x in (("mu", 1.0), ("sigma_a", sigma), ("sigma_b", sigma), ("weight", w))}
        law, dimension = odds(model, columns), np.full(t.size, d)
        value, error = law.averages(t, dimension, own_posterior)
        shares = law.weights(dimension)
        ours, bound = (shares * value[..., 0]).sum(1), (shares * error[..., 0]).sum(1)
        known = predict("gaussian-mixture", "cloning-probability", t=t, d=d, mu=1.0, sigma=sigma, weight=w)
        assert np.all(np.abs(ours - known.value) <= bound + known.error)
        assert bound.max() < 1e-10


def test_three_clusters_in_the_plane_match_nested_quadrature_in_many_digits() -> None:
    law = mixture([0.5, 0.3, 0.2], [0.8, 0.8, 0.8], [[1.0, 0.0], [-0.4, 0.9], [-0.5, -0.7]])
    t, d = 0.4, 2.0
    variances, means = at_time(law, t, d)

    def f(x: Any, y: Any) -> Any:
        parts = [w * mp.exp(-((x - m[0]) ** 2 + (y - m[1]) ** 2) / (2 * variances[0])) / (2 * mp.pi * variances[0])
                 for w, m in zip((0.5, 0.3, 0.2), means, strict=True)]  # fmt: skip
        return sum(p**2 for p in parts) / sum(parts)

    with mp.workdps(20):
        # The plane in steps: exponentially accurate for an entire density times a function with poles off the axis.
        step, edge = mp.mpf("0.125"), 60
        known = step**2 * mp.fsum(f(step * i, step * j) for i in range(-edge, edge + 1) for j in range(-edge, edge + 1))
    assert phi(law, t, d) == pytest.approx(float(known), abs=2e-13)


def test_three_unlike_clusters_in_the_plane_match_nested_quadrature() -> None:
    law = mixture([0.5, 0.3, 0.2], [0.8, 0.4, 1.5], [[1.0, 0.0], [-0.4, 0.9], [-0.5, -0.7]])
    for t in (0.2, 1.0):

        def f(y: float, x: float, t: float = t) -> float:
            parts = weighted_densities(law, t, 2.0, np.array([x, y]))
            return float((parts**2).sum() / parts.sum())

        known = sum(dblquad(f, a, b, lo, hi, epsabs=2e-11, epsrel=1e-10)[0]
                    for (a, b), (lo, hi) in itertools.product(((-14, 0), (0, 14)), repeat=2))  # fmt: skip
        assert phi(law, t, 2.0) == pytest.approx(known, abs=2e-10)


@pytest.mark.parametrize("sds", [(0.5, 2.0), (0.05, 1.0), (1.0, 1.0001)])
def test_unlike_widths_on_the_line_match_quadrature_over_x(sds: tuple[float, float]) -> None:
    law = mixture([0.3, 0.7], sds, [[0.6], [-0.5]])
    for t in (0.01, 0.5, 4.0):
        value, error = averages(law, t, 1.0)
        variances, means = at_time(law, t, 1.0)
        marks = sorted(means[c, 0] + k * np.sqrt(variances[c]) for c in range(2) for k in (-10, -5, -2, 0, 2, 5, 10))
        for own in range(2):

            def density(x: float, own: int = own, t: float = t) -> tuple[float, FloatArray]:
                parts = weighted_densities(law, t, 1.0, np.array([x]))
                return parts[own] / law._weights[0, own], parts

            def posterior(x: float, own: int = own) -> float:
                p, parts = density(x, own)
                return float(p * parts[own] / parts.sum()) if p else 0.0

            def information(x: float, own: int = own) -> float:
                p, parts = density(x, own)
                return float(p * np.log(p / parts.sum())) if p else 0.0

            for column, f in enumerate((posterior, information)):
                known = sum(quad(f, a, b, epsabs=1e-14, epsrel=1e-13, limit=200)[0] for a, b in itertools.pairwise(marks))
                assert abs(value[own, column] - known) <= error[own, column] + 1e-12
        assert error.max() < 1e-10


def in_five_dimensions(law: MixtureOdds, t: float, step: float) -> FloatArray:
    """Own posteriors for means on one line: x along it, and the distance r from it with density r^3; both in even steps."""
    variances, means = at_time(law, t, 5.0)
    widest = np.sqrt(max(variances))
    x = np.arange(-30, 30, step)[:, None] * widest / 3
    r = np.arange(step / 2, 30, step) * widest / 3
    cell = (step * widest / 3) ** 2
    dens = [np.exp(-((x - m[0]) ** 2 + r**2) / (2 * v)) / (2 * np.pi * v) ** 2.5 * 2 * np.pi**2 * r**3
            for m, v in zip(means, variances, strict=True)]  # fmt: skip
    total = sum(w * p for w, p in zip(law._weights[0], dens, strict=True))
    with np.errstate(invalid="ignore"):
        return np.array([np.nan_to_num(w * p * p / total).sum() * cell for w, p in zip(law._weights[0], dens, strict=True)])


def test_unlike_widths_in_five_dimensions_match_quadrature_over_x() -> None:
    law = mixture([0.3, 0.2, 0.5], [1.2, 0.6, 0.9], [[0.4], [-0.3], [0.1]])
    for t in (0.1, 0.6, 2.0):
        fine, coarse = in_five_dimensions(law, t, 0.02), in_five_dimensions(law, t, 0.028)
        assert np.abs(fine - coarse).max() < 1e-9  # r^3 is not smooth at r = 0: fourth order there
        value, error = averages(law, t, 5.0)
        assert value[:, 0] == pytest.approx(fine, abs=2e-9)
        assert error.max() < 1e-10


def test_four_unlike_clusters_in_space_match_a_sum_over_a_lattice() -> None:
    """d = 3, means of rank 3: every coordinate in even steps, an independent rule because it knows one lattice for all classes."""
    law = mixture([0.4, 0.3, 0.2, 0.1], [1.0, 0.8, 0.9, 1.2], [[0.5, 0, 0], [0, 0.6, 0], [0, 0, 0.4], [-0.4, -0.3, 0.2]])
    t, line = 0.3, np.arange(-8.5, 8.5, 0.17)
    variances, means = at_time(law, t, 3.0)
    grid = [line[:, None, None], line[None, :, None], line[None, None, :]]
    parts = [w * np.exp(-sum((g - m) ** 2 for g, m in zip(grid, mean, strict=True)) / (2 * v)) / (2 * np.pi * v) ** 1.5
             for w, mean, v in zip(law._weights[0], means, variances, strict=True)]  # fmt: skip
    known = float((sum(p**2 for p in parts) / sum(parts)).sum()) * 0.17**3
    assert phi(law, t, 3.0) == pytest.approx(known, abs=1e-11)


def test_four_clusters_with_chi_square_agree_with_one_dimension_more_of_lattice() -> None:
    """d = 2, means on a line: the coordinate across is chi-square with one degree of freedom."""
    law = mixture([0.4, 0.3, 0.2, 0.1], [1.0, 0.5, 0.7, 1.5], [[0.9], [-0.6], [0.1], [-1.5]])
    line = np.arange(-14, 14, 0.02)
    variances, means = at_time(law, 0.25, 2.0)
    parts = [w * np.exp(-((line[:, None] - m[0]) ** 2 + line**2) / (2 * v)) / (2 * np.pi * v)
             for w, m, v in zip(law._weights[0], means, variances, strict=True)]  # fmt: skip
    total = sum(parts)
    known = float((sum(p**2 for p in parts) / np.maximum(total, 1e-300)).sum()) * 0.02**2
    assert phi(law, 0.25, 2.0) == pytest.approx(known, abs=1e-11)


def test_moments_are_averages_of_the_log_odds() -> None:
    law = mixture([0.5, 0.3, 0.2], [0.8, 0.4, 1.5], [[1.0, 0.0], [-0.4, 0.9], [-0.5, -0.7]])
    for t, d in ((0.3, 2.0), (1.0, 40.0), (12.0, 7.0)):

        def both(log_odds: FloatArray, weights: FloatArray, own: int) -> FloatArray:
            return np.concatenate([-log_odds, log_odds**2], axis=-1)

        value = law.averages(np.array([t]), np.array([d]), both).value[0]
        closed = law.moments(np.array([t]), np.array([d])).value[0]
        assert closed[..., 0] == pytest.approx(value[:, :3], rel=1e-9, abs=1e-300)
        assert closed[..., 1] + closed[..., 0] ** 2 == pytest.approx(value[:, 3:], rel=1e-9, abs=1e-300)


def test_narrow_clusters_keep_the_digits_of_their_divergence() -> None:
    law, t = mixture([0.5, 0.5], [0.01, 30.0], [[0.0], [0.0]]), 1e-6
    with mp.workdps(40):
        first, second = (1 - mp.exp(-2 * mp.mpf(t)) + mp.mpf(s) ** 2 * mp.exp(-2 * mp.mpf(t)) for s in (0.01, 30.0))
        known = [[float(5 * (a / b - 1 - mp.log(a / b))) for b in (first, second)] for a in (first, second)]
    assert law.moments(np.array([t]), np.array([10.0])).value[0, ..., 0] == pytest.approx(np.array(known), rel=1e-12)


def test_small_differences_of_widths_at_late_times_keep_their_digits() -> None:
    law, t, d = mixture([0.5, 0.5], [2.0, 0.5], [[0.0], [0.0]]), 20.0, 1e6
    with mp.workdps(60):
        gamma = [1 - mp.exp(-2 * mp.mpf(t)) + mp.mpf(s) ** 2 * mp.exp(-2 * mp.mpf(t)) for s in (2.0, 0.5)]
        known = float(mp.mpf(d) / 2 * (gamma[0] / gamma[1] - 1 - mp.log(gamma[0] / gamma[1])))
    assert law.moments(np.array([t]), np.array([d])).value[0, 0, 1, 0] == pytest.approx(known, rel=1e-13)


# -- limits and rules --------------------------------------------------------------------------------------------------------


def test_far_apart_the_class_is_known_and_together_it_is_not() -> None:
    centres, w = np.eye(4), np.array([0.1, 0.2, 0.3, 0.4])
    assert phi(mixture(w, np.ones(4), centres), 0.1, 1e6) == pytest.approx(1, abs=1e-12)
    assert phi(mixture(w, np.ones(4), 0 * centres), 0.1, 1e6) == pytest.approx((w**2).sum(), abs=1e-14)
    assert phi(mixture(w, [0.5, 1, 2, 3], centres), 30.0, 10.0) == pytest.approx((w**2).sum(), abs=1e-12)


def test_a_change_of_frame_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    centres, turn = rng.normal(size=(3, 3)), np.linalg.qr(rng.normal(size=(3, 3)))[0]
    w, s = [0.2, 0.3, 0.5], [1.0, 1.1, 0.9]
    assert phi(mixture(w, s, centres), 1.5, 20.0) == pytest.approx(phi(mixture(w, s, centres @ turn + 0.7), 1.5, 20.0), abs=1e-12)


def test_clusters_far_away_do_not_matter() -> None:
    two = mixture([0.5, 0.5], [1, 1], [[0.5, 0], [-0.5, 0]])
    three = mixture([0.25, 0.25, 0.5], [1, 1, 1], [[0.5, 0], [-0.5, 0], [0, 1e4]])
    own = averages(three, 1.5, 20.0)[0]
    assert own[:2, 0] == pytest.approx(averages(two, 1.5, 20.0)[0][:, 0], abs=1e-12)
    assert own[2, 0] == pytest.approx(1)


def test_scrambled_points_agree_with_the_product_rule_within_their_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixteen numbers, each off by more than its error with probability 0.9 %: three of them with 0.03 %, were they independent."""
    law = mixture([0.4, 0.3, 0.2, 0.1], [1.0, 0.8, 0.9, 1.2], [[0.5, 0, 0], [0, 0.6, 0], [0, 0, 0.4], [-0.4, -0.3, 0.2]])
    exact = [averages(law, t, d)[0] for t, d in ((0.5, 3.0), (1.6, 30.0))]
    monkeypatch.setattr(class_averages, "MOST_NODES", 0)
    misses, errors = 0, []
    for known, (t, d) in zip(exact, ((0.5, 3.0), (1.6, 30.0)), strict=True):
        value, error = averages(law, t, d)
        misses += int((np.abs(value - known) > error).sum())
        errors.append(error)
    assert misses <= 2
    assert 1e-9 < np.max(errors) < 1e-3


def test_many_clusters_have_an_error_that_covers_what_is_known() -> None:
    """Eight clusters at the corners of a cube: the class is three independent ones, phi their product."""
    corners = np.array(list(itertools.product((0.3, -0.3), (0.2, -0.2), (0.1, -0.1))))
    lifted = np.concatenate([corners, np.zeros((8, 1))], axis=1)
    t, d = 1.0, 50.0
    known = np.prod([phi(mixture([0.5, 0.5], [1, 1], [[m], [-m]]), t, d) for m in (0.3, 0.2, 0.1)])
    law = mixture(np.full(8, 0.125), np.ones(8), lifted)
    assert phi(law, t, d) == pytest.approx(known, abs=1e-10)
    # of five dimensions the product rule is too large; independent pairs again
    corners = np.array(list(itertools.product(*((m, -m) for m in (0.3, 0.28, 0.26, 0.24, 0.22)))))
    known = np.prod([phi(mixture([0.5, 0.5], [1, 1], [[m], [-m]]), t, d) for m in (0.3, 0.28, 0.26, 0.24, 0.22)])
    law = mixture(np.full(32, 1 / 32), np.ones(32), corners)
    view = law._view(np.array([t]), np.array([d]), 0, np.eye(5)[None], law.weights(np.array([d])))
    value, error = class_averages.class_average(view, lambda odds, w: own_posterior(odds, w, 0))
    assert abs(value[0, 0] - known) <= error[0, 0]
    assert 1e-9 < error[0, 0] < 1e-3


def test_widths_too_far_apart_for_scrambled_points_give_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_averages, "MOST_NODES", 0)
    assert np.isnan(averages(mixture([0.5, 0.5], [1.0, 0.01], [[0.1], [-0.1]]), 1e-6, 1.0)[0][0]).all()


def test_rare_clusters_have_the_weight_of_their_dimension() -> None:
    law = odds(get_model("mixture", kind="rare"), columns({"mu": 1.0, "sigma_a": 1.0, "sigma_b": 1.0, "cost": 0.05}, 2))
    rare = np.exp(-0.05 * np.array([10.0, 1e6]))
    assert law.weights(np.array([10.0, 1e6]))[:, 1] == pytest.approx(rare / (1 + rare), abs=1e-290)
    value = law.averages(np.array([0.5, 0.5]), np.array([10.0, 1e6]), own_posterior).value
    assert np.isfinite(value).all()


def test_largest_eigenvalue_is_that_of_the_covariance() -> None:
    law, d, w = mixture([0.5, 0.3, 0.2], [0.8, 0.4, 1.5], [[1.0, 0.0], [-0.4, 0.9], [-0.5, -0.7]]), 7.0, np.array([0.5, 0.3, 0.2])
    centres = np.pad(law._centres[0] * np.sqrt(d), ((0, 0), (0, 5)))
    second = sum(p * (np.outer(m, m) + s**2 * np.eye(7)) for p, m, s in zip(w, centres, law._sds[0], strict=True))
    known = np.linalg.eigvalsh(second - np.outer(w @ centres, w @ centres))[-1]
    assert law.largest_eigenvalue(np.array([d]))[0] == pytest.approx(known, rel=1e-13)


def test_curvature_at_the_centre_of_a_simplex_is_that_of_the_density() -> None:
    law, t, d = odds(get_model("mixture", kind="simplex"), {"mu": np.array([0.8]), "sigma": np.array([0.6])}), 0.3, 2.0
    found = law.curvatures(np.array([t]), np.array([d]))
    assert found is not None

    def log_density(x: Any) -> Any:
        return -mp.log(sum(weighted_densities(law, t, d, np.array([float(x), 0.0]))))

    step = 1e-3
    second = (log_density(step) - 2 * log_density(0) + log_density(-step)) / step**2
    assert found.curvature[0] == pytest.approx(float(second), rel=1e-6)
    assert found.drift_slope[0] == pytest.approx(1 - 2 * found.curvature[0])
    assert mixture([0.4, 0.6], [1, 1], [[1.0], [-1.0]]).curvatures(np.array([t]), np.array([d])) is None


def test_a_dimension_without_room_for_the_means_is_refused() -> None:
    law = odds(get_model("mixture", kind="nested"), {"far": np.ones(1), "near": np.ones(1), "sigma": np.ones(1)})
    with pytest.raises(DomainError, match="span 2 dimensions"):
        law.averages(np.ones(1), np.ones(1), own_posterior)


def columns(values: dict[str, Any], size: int, **more: Any) -> dict[str, FloatArray]:
    return {name: np.full(size, x) for name, x in values.items()} | {name: np.broadcast_to(x, (size,)) for name, x in more.items()}


def test_the_simplex_is_exact_with_symbols_and_of_floats_with_numbers() -> None:
    """Means of length mu, 120 degrees apart: pairwise squared distances 3 mu^2, exactly and to rounding; no array holds objects."""
    model = get_model("mixture", kind="simplex")
    exact = [cluster.centre for cluster in model.symbolic_law().clusters]
    mu = next(iter(exact[0][0].free_symbols))
    numbers = np.array([0.3, 1.7])
    for value in (numbers, 1.7):
        law: Any = model.law({"mu": value, "sigma": 1.0})
        centres = [cluster.centre for cluster in law.clusters]
        assert all(np.asarray(x).dtype == np.float64 for centre in centres for x in centre)
        for i, j in ((0, 1), (0, 2), (1, 2)):
            np.testing.assert_allclose(sum((a - b) ** 2 for a, b in zip(centres[i], centres[j], strict=True)), 3 * value**2, rtol=1e-15)
            assert (sum((a - b) ** 2 for a, b in zip(exact[i], exact[j], strict=True)) - 3 * mu**2).expand() == 0
