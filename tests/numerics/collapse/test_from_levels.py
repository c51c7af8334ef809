"""Collapse of Gaussian spectra, Curie-Weiss magnetisation and cluster mixtures, against mpmath from the definitions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regimes.numerics.arrays import Pair
from regimes.numerics.collapse.from_levels import monotone_root
from regimes.numerics.estimate import Estimate
from regimes.numerics.laws.curie_weiss.levels import solve_magnetisation
from regimes.numerics.predict import predict
from regimes.numerics.quantities.table import get_quantity, quantities
from regimes.theory.errors import DomainError
from regimes.theory.model import get_model

DPS = 25


def spread(low: float, high: float) -> Any:
    """Numbers spread evenly over orders of magnitude."""
    return st.floats(np.log10(low), np.log10(high)).map(lambda u: float(10**u))


def snr(t: Any) -> Any:
    return 1 / mp.expm1(2 * mp.mpf(t))


# The spectra as measures in the eigenvalue itself: (atoms, density, ends, marks), not in the variable that the package integrates over.


def marchenko_pastur(ratio: float) -> Callable[..., Any]:
    y = 1 / mp.mpf(ratio)
    low, high = (1 - mp.sqrt(y)) ** 2, (1 + mp.sqrt(y)) ** 2

    def average(f: Callable[..., Any]) -> Any:
        # w = centre + radius cos(theta): no square roots at the edges, and the trapezoidal rule converges exponentially
        total, count = mp.mpf(0), 1500
        for k in range(count):
            theta = mp.pi * (k + mp.mpf(0.5)) / count
            w = (low + high) / 2 + (high - low) / 2 * mp.cos(theta)
            total += f(w) * ((high - low) / 2 * mp.sin(theta)) ** 2 / (2 * mp.pi * y * w)
        bulk = total * mp.pi / count
        return bulk + (1 - mp.mpf(ratio)) * f(mp.mpf(0)) if ratio < 1 else bulk

    return average


def power_law(exponent: float) -> Callable[..., Any]:
    s = mp.mpf(exponent)
    return lambda f: mp.quad(lambda v: f((1 - s) * mp.exp(s * v)) * mp.exp(-v), [0, 1, 4, 16, 64, mp.inf])  # u = e^{-v}


def atoms(share: float, contrast: float) -> Callable[..., Any]:
    p, c = mp.mpf(share), mp.mpf(contrast)
    mean = p * c + 1 - p
    return lambda f: p * f(c / mean) + (1 - p) * f(1 / mean)


def linear_manifold(ratio: float) -> Callable[..., Any]:
    r = mp.mpf(ratio)
    return lambda f: r * f(1 / r) + (1 - r) * f(mp.mpf(0))


def cumulant(average: Callable[..., Any], gamma: Any, lam: Any) -> Any:
    """log of the mean of exp(-lam E) over a normal coordinate of variance w, averaged over x: from the widths of two convolved normals."""

    def one(w: Any) -> Any:
        signal = gamma * w
        return mp.log(1 / (1 + lam * signal)) / 2 - lam * (1 + signal) / (2 * (1 + lam * signal))

    return average(one)


def information(average: Callable[..., Any], gamma: Any) -> Any:
    return average(lambda w: mp.log(1 + gamma * w)) / 2


def crosses(estimate: Estimate, f: Callable[..., Any], target: Any) -> None:
    """The estimate is where f(gamma(t)), which falls with t, crosses the target: within twelve digits, and within its own error."""
    assert estimate.status == "ok", estimate.reason
    t, error = mp.mpf(float(estimate.value)), mp.mpf(float(estimate.error))
    for reach in (t * mp.mpf(10) ** -12, 4 * error + mp.mpf(2) ** -52 * t):
        assert f(snr(t - reach)) > target > f(snr(t + reach)), (float(t), float(error))


def agrees(estimate: Estimate, exact: Any, digits: float = 1e-12) -> None:
    assert estimate.status == "ok", estimate.reason
    gap = abs(mp.mpf(float(estimate.value)) - exact)
    assert gap <= digits * abs(exact), (float(estimate.value), exact)
    assert gap <= 4 * mp.mpf(float(estimate.error)) + mp.mpf(2) ** -52 * abs(exact), "the reported error is not a bound"


SPECTRA = st.one_of(
    st.tuples(st.just("marchenko-pastur"), st.fixed_dictionaries({"ratio": st.floats(0.2, 4).filter(lambda r: abs(r - 1) > 0.05)})),
    st.tuples(st.just("power-law"), st.fixed_dictionaries({"exponent": st.floats(0.05, 0.9)})),
    st.tuples(st.just("atoms"), st.fixed_dictionaries({"share": st.floats(0.01, 0.99), "contrast": spread(1e-3, 1e3)})),
    st.tuples(st.just("linear-manifold"), st.fixed_dictionaries({"ratio": st.floats(1e-3, 1)})),
)
TWINS: dict[str, Callable[..., Any]] = {
    "marchenko-pastur": marchenko_pastur,
    "power-law": power_law,
    "atoms": atoms,
    "linear-manifold": linear_manifold,
}


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(spectrum=SPECTRA, t=spread(1e-6, 12), lam=spread(1e-3, 30))
def test_information_dispersion_and_cumulant_of_a_spectrum(spectrum: tuple[str, dict[str, Any]], t: float, lam: float) -> None:
    kind, given_ = spectrum
    name = f"spectrum-{kind}"
    with mp.workdps(DPS):
        average, gamma = TWINS[kind](**given_), snr(t)
        info = information(average, gamma)
        agrees(predict(name, "information", t=t, **given_), info)
        agrees(predict(name, "information", method="mmse", t=t, **given_), info, 1e-9)
        agrees(predict(name, "dispersion", t=t, **given_), average(lambda w: gamma * w / (1 + gamma * w)))
        agrees(predict(name, "energy-cumulant", t=t, lam=lam, **given_), cumulant(average, gamma, mp.mpf(lam)))


@settings(max_examples=6, deadline=None)
@given(spectrum=SPECTRA, alpha=spread(1e-9, 3))
def test_critical_times_of_a_spectrum(spectrum: tuple[str, dict[str, Any]], alpha: float) -> None:
    kind, given_ = spectrum
    name = f"spectrum-{kind}"
    if kind == "linear-manifold" and given_["ratio"] < 0.1:
        alpha *= given_["ratio"]  # else t_C is below every float
    conditions = {
        "collapse-time": lambda average, g: information(average, g),
        "condensation-time": lambda average, g: information(average, g),
        "accuracy-time": lambda average, g: cumulant(average, g, mp.mpf(2)) - 2 * cumulant(average, g, mp.mpf(1)),
        "onset-time": lambda average, g: average(lambda w: mp.log(1 + g * w) + g * w / (1 + g * w)) / 2,
    }
    with mp.workdps(DPS + 10):
        average = TWINS[kind](**given_)
        for quantity, f in conditions.items():
            crosses(predict(name, quantity, alpha=alpha, **given_), lambda g, f=f: f(average, g), mp.mpf(alpha))


@settings(max_examples=4, deadline=None)
@given(spectrum=SPECTRA, t=spread(0.01, 1), share=st.floats(0.05, 0.95))
def test_the_glass_minimises_the_free_energy_over_m(spectrum: tuple[str, dict[str, Any]], t: float, share: float) -> None:
    """Against values of [alpha + g(m)]/m around the minimiser: no derivative, no stationarity condition."""
    kind, given_ = spectrum
    name = f"spectrum-{kind}"
    with mp.workdps(DPS):
        average, gamma = TWINS[kind](**given_), snr(t)
        alpha = float(information(average, gamma) * share)

        def free(m: Any) -> Any:
            return (mp.mpf(alpha) + cumulant(average, gamma, m)) / m

        m = mp.mpf(float(predict(name, "rsb-parameter", t=t, alpha=alpha, **given_).value))
        here, left, right = free(m), free(m * (1 - mp.mpf("1e-7"))), free(m * (1 + mp.mpf("1e-7")))
        assert here < left and here < right and abs(left - right) < mp.mpf("1e-4") * (left + right - 2 * here) + mp.mpf("1e-19")
        for method in ("rsb", "lowest-energy"):
            agrees(predict(name, "free-energy", method=method, t=t, alpha=alpha, **given_), here, 1e-12)
        energy = float(predict(name, "free-energy", t=t, alpha=alpha, **given_).value) * -1  # the lowest level: there f = alpha
        agrees(predict(name, "rate-function", t=t, energy=energy, **given_), mp.mpf(alpha), 1e-7)


@pytest.mark.parametrize("kind", ["marchenko-pastur", "linear-manifold"])
def test_spectra_become_isotropic(kind: str) -> None:
    ratio = 1.0 if kind == "linear-manifold" else 1e9
    near = 1e-14 if kind == "linear-manifold" else 1e-8
    for alpha in (1e-6, 0.3, 2.0):
        exact = predict("gaussian", "collapse-time", alpha=alpha)
        found = predict(f"spectrum-{kind}", "collapse-time", ratio=ratio, alpha=alpha)
        assert float(found.value) == pytest.approx(float(exact.value), rel=near)


def test_marchenko_pastur_at_published_ratios() -> None:
    """Collapse at alpha = 0.1 from the closed form of the Shannon transform (Tulino, Verdu 2004, eq. 1.14), evaluated on both sides."""
    for ratio in (0.5, 0.1):
        with mp.workdps(DPS):
            beta = mp.mpf(ratio)  # columns over rows of F: d^-1 log det(1 + gamma F F^T/D) = beta log(...) form of the bulk

            def closed(gamma: Any, beta: Any = beta) -> Any:
                g = gamma / beta  # eigenvalues of F F^T/D are those of F F^T/d over beta
                f = (mp.sqrt(g * (1 + mp.sqrt(beta)) ** 2 + 1) - mp.sqrt(g * (1 - mp.sqrt(beta)) ** 2 + 1)) ** 2
                return (beta * mp.log(1 + g - f / 4) + mp.log(1 + g * beta - f / 4) - f / (4 * g)) / 2

            crosses(predict("spectrum-marchenko-pastur", "collapse-time", ratio=ratio, alpha=0.1), closed, mp.mpf(0.1))


def test_energies_outside_the_levels_have_no_rate() -> None:
    out = predict("spectrum-atoms", "rate-function", t=0.5, energy=[50.0, 0.3])
    assert list(out.status) == ["none", "ok"] and "mean energy" in out.reason[0]


@settings(max_examples=20, deadline=None)
@given(beta=st.one_of(st.floats(0, 1), st.just(1.0), spread(1e-9, 9).map(lambda u: 1 + u)), h=st.one_of(st.just(0.0), spread(1e-12, 2)))
def test_magnetisation_solves_its_equation(beta: float, h: float) -> None:
    (m, error), rare = solve_magnetisation(np.array([beta]), np.array([h]))
    with mp.workdps(60):
        if h == 0 and beta <= 1:
            assert m[0] == 0 and rare[0] == 0.5
            return

        def gap(u: Any) -> Any:
            return mp.tanh(mp.mpf(beta) * u + mp.mpf(h)) - u

        low, high = mp.mpf(m[0]) / 2, mp.mpf(1)  # gap is positive below the largest root and negative above it
        for _ in range(160):
            middle = (low + high) / 2
            low, high = (middle, high) if gap(middle) > 0 else (low, middle)
        assert abs(low - mp.mpf(m[0])) <= 1e-12 * low and abs(low - mp.mpf(m[0])) <= 4 * error[0] + mp.mpf(2) ** -52 * low
        assert abs((1 - low) / 2 / mp.mpf(rare[0]) - 1) < 1e-12


def test_magnetisation_at_the_published_point() -> None:
    assert float(predict("curie-weiss", "magnetisation", beta=1.5).value) == pytest.approx(0.8585596366, abs=1e-10)
    assert float(predict("curie-weiss", "magnetisation", beta=1.5, h=-0.1).value) < 0


def test_each_class_collapses_at_its_own_time() -> None:
    alpha, sds, cost = 0.4, (1.7, 0.6), 0.15
    with mp.workdps(DPS):
        for k, sd in enumerate(sds):
            for method in ("newton", "closed-form"):
                found = predict(
                    "mixture-rare", "class-collapse-time", method=method, cluster=k, alpha=alpha, sigma_a=sds[0], sigma_b=sds[1], cost=cost
                )
                crosses(found, lambda g, sd=sd: mp.log(1 + g * mp.mpf(sd) ** 2) / 2, mp.mpf(alpha) - (mp.mpf(cost) if k else 0))
        unlike: dict[str, Any] = {"sigma_a": 1.7, "sigma_b": 0.6, "weight": 0.3}
        w = mp.mpf(0.3)
        average = predict("mixture-unlike", "collapse-time", alpha=alpha, **unlike)
        crosses(average, lambda g: (w * mp.log(1 + g * mp.mpf(1.7) ** 2) + (1 - w) * mp.log(1 + g * mp.mpf(0.6) ** 2)) / 2, mp.mpf(alpha))
    own = [float(predict("mixture-unlike", "class-collapse-time", cluster=k, alpha=alpha, **unlike).value) for k in (0, 1)]
    assert own[1] < float(average.value) < own[0]


def test_a_class_that_holds_no_datum_does_not_collapse() -> None:
    out = predict("mixture-rare", "class-collapse-time", cluster=1, alpha=0.05, cost=0.2)
    assert out.status == "none" and "fewer than one datum" in str(out.reason)
    with pytest.raises(DomainError, match="clusters 0 to 1"):
        predict("mixture-rare", "class-collapse-time", cluster=2, alpha=0.05)


def test_a_root_is_found_from_either_side_and_its_error_is_a_bound() -> None:
    target = np.array([1e-12, 0.3, 5.0, 30.0])
    for sign, f, slope in ((1, np.log1p, lambda u: 1 / (1 + u)), (-1, lambda u: 1 / u, lambda u: -1 / u**2)):
        exact = np.expm1(target) if sign > 0 else 1 / target
        for known in (lambda u, k, slope=slope: slope(u), None):
            gap: Callable[..., Pair] = lambda u, k, f=f: Pair(f(u), 0 * u)  # noqa: E731
            out = monotone_root(gap, known, target, np.ones(4), sign)
            assert np.all(np.abs(out.value - exact) <= 4 * out.error + 1e-15 * exact) and np.all(out.error < 1e-12 * exact)
    lost = monotone_root(lambda u, k: Pair(u / (1 + u), 0 * u), None, np.array([2.0]), np.ones(1), 1)
    assert np.isnan(lost.value[0])


@pytest.mark.slow
@pytest.mark.parametrize(("beta", "h"), [(0.6, 0.0), (1.5, 0.0), (0.8, -0.2)])
def test_curie_weiss_levels_are_those_of_the_derivation(beta: float, h: float) -> None:
    """The compiled formulas of the derivation: nested integrals and a root found by another solver."""
    given_: dict[str, Any] = {"beta": beta, "h": h}
    more: Any
    for quantity, more in [
        ("energy-cumulant", {"t": 0.4, "lam": [0.4, 2.0]}),
        ("dispersion", {"t": 0.5}),
        ("onset-time", {"alpha": 0.2}),
        ("magnetisation", {}),
        ("information", {"t": 0.2}),
    ]:
        fast, slow = (predict("curie-weiss", quantity, method=m, **given_, **more) for m in (None, "definition"))
        assert np.all(fast.ok) and np.all(slow.ok)
        assert np.all(np.abs(fast.value - slow.value) <= 1e-12 * np.abs(slow.value) + 4 * fast.error)


def test_the_mean_field_of_tilted_levels_moves() -> None:
    """Independent spins of the state's magnetisation are right at tilt one only. By brute force: log E_a exp(-lam E) for given x, an
    integral over the mean field, less the same for independent spins; both from one x, so that the difference hardly fluctuates.

    120 realisations at d = 1000: 5 standard errors and a boundary of log(d)/(7 d) are 2e-3, the difference is 6.7e-3.
    """
    beta, lam, t, d = 1.5, 2.0, 0.5, 1000
    rng, fields = np.random.default_rng(5), np.linspace(-1, 1, 601)
    m = float(predict("curie-weiss", "magnetisation", beta=beta).value)
    gamma = 1 / np.expm1(2 * t)
    spins = np.where(np.arange(d) < round(d * (1 + m) / 2), 1.0, -1.0)
    gaps = []
    for _ in range(120):
        signal = lam * np.sqrt(gamma) * (np.sqrt(gamma) * spins + rng.standard_normal(d))

        def log_sum(signal: Any) -> Any:  # over all states of exp(beta M^2/2d + signal.a)
            exponent = np.array([-d * beta * u * u / 2 + np.logaddexp(beta * u + signal, -beta * u - signal).sum() for u in fields])
            return exponent.max() + np.log(np.exp(exponent - exponent.max()).sum())

        independent = np.logaddexp(np.log((1 + m) / 2) + signal, np.log((1 - m) / 2) - signal).sum()
        gaps.append((log_sum(signal) - log_sum(0 * signal) + np.log(2) - independent) / d)  # log 2: the state is one of two
    free = predict("product-bernoulli", "energy-cumulant", p=(1 + m) / 2, sigma=np.sqrt(1 - m * m), t=t, lam=lam)
    wanted = float(predict("curie-weiss", "energy-cumulant", beta=beta, t=t, lam=lam).value) - float(free.value)
    allowed = 5 * np.std(gaps, ddof=1) / np.sqrt(120) + np.log(d) / d / 7
    assert abs(np.mean(gaps) - wanted) < allowed < wanted / 3


OF_A_CLASS = {
    "dispersion": ("t",),
    "energy-cumulant": ("t", "lam"),
    "free-energy": ("t", "alpha"),
    "rsb-parameter": ("t", "alpha"),
    "participation-ratio": ("t", "alpha"),
    "class-accuracy-time": ("alpha",),
    "class-onset-time": ("alpha",),
    "class-condensation-time": ("alpha",),
    "class-collapse-time": ("alpha",),
}


@settings(max_examples=5, deadline=None)
@given(sd=st.floats(0.3, 3.0), t=spread(1e-3, 3), alpha=spread(0.02, 1.5), lam=spread(0.05, 5), cost=st.floats(0, 0.01))
def test_quantities_of_a_class_are_those_of_gaussian_data_at_its_own_alpha(
    sd: float, t: float, alpha: float, lam: float, cost: Any
) -> None:
    """Against the closed forms derived for `gaussian`, by every method of the mixture; cluster 1 has fewer data."""
    own = {"t": t, "alpha": alpha - cost, "lam": lam}
    given_: dict[str, Any] = {"t": t, "alpha": alpha, "lam": lam}
    for name, needs in OF_A_CLASS.items():
        wanted = predict("gaussian", name.removeprefix("class-"), sigma=sd, **{k: own[k] for k in needs})
        for method in get_quantity(name, get_model("mixture-rare")).methods:
            found = predict("mixture-rare", name, method=method, cluster=1, sigma_b=sd, cost=cost, **{k: given_[k] for k in needs})
            assert found.status == wanted.status
            assert abs(found.value - wanted.value) <= found.error + wanted.error + 1e-12 * abs(wanted.value)


@settings(max_examples=5, deadline=None)
@given(sd=st.floats(0.3, 3.0), t=spread(1e-3, 3), alpha=spread(0.02, 1.5), lam=spread(0.05, 5))
def test_clusters_have_a_second_method_for_everything(sd: float, t: float, alpha: float, lam: float) -> None:
    values: dict[str, Any] = {"t": t, "alpha": alpha, "lam": lam}
    for name, quantity in quantities(get_model("gaussian")).items():
        if quantity.classes or "d" in [p.name for p in quantity.needs] or name == "rate-function":
            continue
        every = [m for m in quantity.methods if m not in ("window", "exact")]
        assert len(every) > 1 or name == "excess-entropy"
        found = [predict("gaussian", name, method=m, sigma=sd, **{p.name: values[p.name] for p in quantity.needs}) for m in every]
        numbers = [float(f.value) for f in found]
        assert max(numbers) - min(numbers) <= 1e-11 * max(1, abs(numbers[0]))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("mixture-unlike", {"sigma_a": 1.7, "sigma_b": 0.6, "weight": 0.3}),
        ("product-ternary", {"rho": 0.4}),
        ("ising-chain", {"beta": 0.8}),
    ],
)
def test_the_entropy_is_that_of_the_energy_cumulant(name: str, values: dict[str, Any]) -> None:
    """s = log(2 pi e Delta)/2 + I by two methods; of the mixture also from the clusters' own entropies."""
    t = np.array([1e-3, 0.3, 2.0, 9.0])
    one, other = (predict(name, "entropy", t=t, method=m, **values) for m in ("quadrature", "energy-cumulant"))
    assert np.all(np.abs(one.value - other.value) <= one.error + other.error)
    if name == "mixture-unlike":
        spread = [1 + (sd**2 - 1) * np.exp(-2 * t) for sd in (1.7, 0.6)]
        wanted = np.log(2 * np.pi * np.e) / 2 + (0.3 * np.log(spread[0]) + 0.7 * np.log(spread[1])) / 2
        assert one.value == pytest.approx(wanted, rel=1e-13)
