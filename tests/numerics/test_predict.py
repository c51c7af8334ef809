"""Predictions against slow twins written from the definitions, over the whole domain; statuses; messages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from regimes.numerics.estimate import Estimate
from regimes.numerics.predict import generate, predict, quantities
from regimes.numerics.quantity import Formula
from regimes.theory.errors import DomainError, MissingParameterError, RegimesError, UnknownNameError
from regimes.theory.model import get_model
from tests.numerics import twins

DIGITS_12 = 1e-12


def spread(low: float, high: float) -> Any:
    """Numbers spread evenly over orders of magnitude."""
    return st.floats(np.log10(low), np.log10(high)).map(lambda u: float(10**u))


times, sigmas, mus, dims, weights = spread(1e-9, 40), spread(1e-3, 1e3), spread(1e-2, 1e2), spread(1, 1e12), spread(1e-6, 0.5)


def agree(estimate: Estimate, twin: Callable[..., Any]) -> None:
    assert estimate.status == "ok", estimate.reason
    with mp.workdps(twins.DPS):
        exact = twin()
        error = abs(mp.mpf(float(estimate.value)) - exact)
        assert error <= DIGITS_12 * abs(exact), (float(estimate.value), exact)
        assert error <= 4 * mp.mpf(float(estimate.error)) + mp.mpf(2) ** -52 * abs(exact), "the reported error is not a bound"


@settings(max_examples=15, deadline=None)
@given(t=times, sigma=sigmas)
def test_information_dispersion_and_entropy(t: float, sigma: float) -> None:
    agree(predict("gaussian", "information", t=t, sigma=sigma), lambda: twins.information(t, sigma))
    q = lambda: mp.mpf(sigma) ** 2 * twins.snr(t)  # noqa: E731
    agree(predict("gaussian", "dispersion", t=t, sigma=sigma), lambda: q() / (1 + q()))
    agree(
        predict("gaussian", "entropy", t=t, sigma=sigma),
        lambda: twins.information(t, sigma) + mp.log(2 * mp.pi * mp.e * (1 - mp.exp(-2 * mp.mpf(t)))) / 2,
    )


@settings(max_examples=15, deadline=None)
@given(t=times, sigma=sigmas, lam=spread(1e-6, 1e3))
def test_energy_cumulant(t: float, sigma: float, lam: float) -> None:
    for method in ("snr", "closed-form"):
        agree(predict("gaussian", "energy-cumulant", t=t, sigma=sigma, lam=lam, method=method), lambda: twins.cumulant(t, sigma, lam))


@settings(max_examples=6, deadline=None)
@given(t=spread(1e-3, 3), sigma=spread(0.1, 10), energy=spread(0.01, 0.4))
def test_rate_function_is_the_numerical_legendre_transform(t: float, sigma: float, energy: float) -> None:
    agree(predict("gaussian", "rate-function", t=t, sigma=sigma, energy=energy), lambda: twins.rate_function(t, sigma, mp.mpf(energy)))


@settings(max_examples=6, deadline=None)
@given(t=spread(1e-9, 40), sigma=spread(0.01, 100), alpha=spread(1e-12, 5))
def test_free_energy_and_its_minimiser_in_both_phases(t: float, sigma: float, alpha: float) -> None:
    agree(predict("gaussian", "rsb-parameter", t=t, sigma=sigma, alpha=alpha), lambda: twins.rsb_parameter(t, sigma, mp.mpf(alpha)))
    agree(predict("gaussian", "free-energy", t=t, sigma=sigma, alpha=alpha), lambda: twins.free_energy(t, sigma, mp.mpf(alpha)))


@settings(max_examples=8, deadline=None)
@given(sigma=spread(1e-2, 1e2), alpha=spread(1e-12, 15))
def test_critical_times_of_collapse(sigma: float, alpha: float) -> None:
    for method in ("closed-form", "root"):
        for name in ("collapse-time", "condensation-time"):
            agree(predict("gaussian", name, sigma=sigma, alpha=alpha, method=method), lambda: twins.collapse_time(sigma, mp.mpf(alpha)))
    agree(predict("gaussian", "accuracy-time", sigma=sigma, alpha=alpha), lambda: twins.accuracy_time(sigma, mp.mpf(alpha)))
    agree(predict("gaussian", "onset-time", sigma=sigma, alpha=alpha), lambda: twins.onset_time(sigma, mp.mpf(alpha)))


@settings(max_examples=8, deadline=None)
@given(t=times, d=dims, mu=mus, sigma=sigmas, w=weights)
def test_cloning_probability_and_class_information(t: float, d: float, mu: float, sigma: float, w: float) -> None:
    at: dict[str, Any] = {"t": t, "d": d, "mu": mu, "sigma": sigma, "weight": w}
    agree(predict("gaussian-mixture", "kappa", **at), lambda: twins.class_snr(t, d, mu, sigma))
    with mp.workdps(twins.DPS):
        kappa = twins.class_snr(t, d, mu, sigma)
    if kappa < 1e4:  # beyond, both are their limits to more digits than the twin resolves
        agree(predict("gaussian-mixture", "cloning-probability", **at), lambda: twins.cloning_probability(kappa, w))
        if kappa > 1e-12:
            agree(predict("gaussian-mixture", "class-information", **at), lambda: twins.class_information(kappa, w))
    else:
        assert predict("gaussian-mixture", "cloning-probability", **at).value == pytest.approx(1, abs=1e-12)


@settings(max_examples=8, deadline=None)
@given(t=spread(1e-3, 10), d=spread(1, 1e4), q=spread(1e-6, 3), mu=spread(0.3, 3), sigma=spread(0.3, 3), w=spread(0.05, 0.5))
def test_potential_is_minus_the_integral_of_the_drift(t: float, d: float, q: float, mu: float, sigma: float, w: float) -> None:
    estimate = predict("gaussian-mixture", "potential", t=t, d=d, q=q, mu=mu, sigma=sigma, weight=w)
    assert estimate.status == "ok", estimate.reason
    with mp.workdps(30):
        exact = twins.potential(t, d, q, mu, sigma, w)
        assert abs(mp.mpf(float(estimate.value)) - exact) <= 1e-11 * abs(exact) + mp.mpf(10) ** -25


@pytest.mark.parametrize(("alpha", "digits"), [("0.1", "0.853886"), ("0.25", "0.466376"), ("0.5", "0.22933757269354"), ("1", "0.072707")])
def test_published_collapse_times(alpha: str, digits: str) -> None:
    text = str(predict("gaussian", "collapse-time", alpha=float(alpha), sigma=1, digits=15).text)
    assert abs(float(text) - float(digits)) < 10.0 ** -(len(digits) - 2)
    assert len(text.lstrip("0.")) >= 15 or len(text) >= 17


@pytest.mark.parametrize(("kappa", "phi"), [(1, 0.77520024539), (0.25, 0.60202713281)])
def test_published_points_of_the_universal_curve(kappa: float, phi: float) -> None:
    estimate = predict("gaussian-mixture", "cloning-probability", d=256, t=0.5 * np.log(256 / kappa))
    assert abs(float(estimate.value) - phi) < 1e-11


def test_digits_beyond_double_precision() -> None:
    text = str(predict("gaussian", "collapse-time", alpha=0.1, sigma=1, digits=50).text)
    with mp.workdps(60):
        exact = mp.log(1 + 1 / (mp.exp(mp.mpf(2) / 10) - 1)) / 2
        assert abs(mp.mpf(text) - exact) < mp.mpf(10) ** -49


@pytest.mark.parametrize(("alpha", "digits"), [(0.1, 1200), (400.0, 40), (1e-12, 30)])
def test_no_digit_of_a_decimal_string_is_cut_off(alpha: float, digits: int) -> None:
    text = str(predict("gaussian", "collapse-time", alpha=alpha, sigma=1, digits=digits).text)
    with mp.workdps(digits + 20):
        exact = mp.log1p(1 / mp.expm1(2 * mp.mpf(repr(alpha)))) / 2
        assert abs(mp.mpf(text) / exact - 1) < mp.mpf(10) ** (1 - digits)


def test_a_large_grid_takes_little_memory_for_its_strings() -> None:
    assert predict("gaussian", "information", t=np.linspace(0.1, 1, 50)).text.nbytes <= 50 * 4 * 48


def test_methods_of_one_quantity_agree() -> None:
    at: dict[str, Any] = {"t": 0.4, "lam": 1.3, "energy": 0.3, "alpha": 0.2, "d": 40.0, "q": 0.7}
    for what in quantities(get_model("gaussian-mixture")).values():
        methods = [m for m, r in what.methods.items() if isinstance(r, Formula)]
        if what.name == "speciation-time" or len(methods) < 2:
            continue
        values = [predict("gaussian-mixture", what.name, method=m, **{p.name: at[p.name] for p in what.needed(m)}).value for m in methods]
        assert_allclose(values, values[0], rtol=1e-13, err_msg=what.name)


def test_free_energy_is_continuous_with_continuous_slope_at_collapse() -> None:
    """Below t_C the condensed branch, psi = -eps_min < -1/2; at t_C the value is -1/2 and the slopes from both sides meet."""
    t_c = float(predict("gaussian", "collapse-time", alpha=0.3, sigma=1.2).value)
    h = 1e-5
    psi = predict("gaussian", "free-energy", alpha=0.3, sigma=1.2, t=[t_c - 2 * h, t_c - h, t_c, t_c + h, t_c + 2 * h]).value
    assert psi[2] == pytest.approx(-0.5, abs=1e-14)
    assert (psi[:2] < -0.5).all() and (psi[3:] > -0.5).all()
    left, right = (3 * psi[2] - 4 * psi[1] + psi[0]) / (2 * h), (-3 * psi[2] + 4 * psi[3] - psi[4]) / (2 * h)
    assert left == pytest.approx(right, rel=1e-6)


def test_what_does_not_exist_has_status_none_and_a_reason() -> None:
    cases = [
        predict("gaussian", "speciation-time", d=10, definition="snr"),
        predict("gaussian", "cloning-probability", d=10, t=1),
        predict("gaussian-mixture", "speciation-time", d=4, mu=0.5, sigma=1.5, definition="snr"),
        predict("gaussian-mixture", "speciation-time", d=4, mu=0.5, sigma=1, definition="bimodal"),  # exactly marginal
        predict("gaussian-mixture", "speciation-time", d=4, weight=0.3, definition="curvature"),
        predict("gaussian-mixture", "speciation-time", d=4, weight=0.1, definition="cloning"),
        predict("gaussian-mixture", "speciation-time", d=1, mu=0.5, sigma=0.5, definition="spectral"),
        predict("gaussian-mixture", "speciation-time", d=100, level=0.4, definition="cloning"),
    ]
    for estimate in cases:
        assert estimate.status == "none" and str(estimate.reason), estimate
        assert np.isnan(estimate.value) and not str(estimate.text)


def test_a_value_below_the_smallest_double_is_refused_and_given_with_digits() -> None:
    assert predict("gaussian", "collapse-time", alpha=400, sigma=1).status == "failed"
    assert str(predict("gaussian", "collapse-time", alpha=400, sigma=1, digits=6).text) == "1.83394e-348"


def test_cloning_definition_inverts_the_cloning_probability() -> None:
    for level in (0.56, 0.7, 0.95):
        t = predict("gaussian-mixture", "speciation-time", d=300, mu=0.8, sigma=1.3, weight=0.4, definition="cloning", level=level).value
        back = predict("gaussian-mixture", "cloning-probability", d=300, mu=0.8, sigma=1.3, weight=0.4, t=t).value
        assert back == pytest.approx(level, abs=1e-13)


def test_alpha_may_be_given_as_n_and_d() -> None:
    one = predict("gaussian", "collapse-time", n=20000, d=256)
    assert one.value == pytest.approx(float(predict("gaussian", "collapse-time", alpha=np.log(20000) / 256).value), rel=1e-15)


def test_arrays_broadcast() -> None:
    estimate = predict("gaussian", "free-energy", t=np.linspace(0.1, 1, 4)[:, None], alpha=[0.1, 0.2, 0.3])
    assert estimate.value.shape == (4, 3) and estimate.ok.all()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        ({"model": "gausian", "quantity": "information", "t": 1}, UnknownNameError, "gaussian"),
        ({"model": "gaussian", "quantity": "informations", "t": 1}, UnknownNameError, "information"),
        ({"model": "gaussian", "quantity": "information", "t": 1, "sgima": 2}, UnknownNameError, "sigma"),
        ({"model": "gaussian", "quantity": "information"}, MissingParameterError, "t=VALUE"),
        ({"model": "gaussian", "quantity": "information", "t": -1}, DomainError, "0 < t"),
        ({"model": "gaussian", "quantity": "information", "t": float("nan")}, DomainError, "t=nan"),
        ({"model": "gaussian", "quantity": "information", "t": "one"}, DomainError, "not a number"),
        ({"model": "gaussian-mixture", "quantity": "kappa", "t": 1, "d": 4, "weight": 1}, DomainError, "weight"),
        ({"model": "gaussian-mixture", "quantity": "speciation-time", "d": 4}, MissingParameterError, "definition=NAME"),
        ({"model": "gaussian-mixture", "quantity": "speciation-time", "d": 4, "definition": "snrr"}, UnknownNameError, "snr"),
        ({"model": "gaussian", "quantity": "collapse-time", "alpha": 0.1, "n": 10, "d": 4}, DomainError, "not both"),
        ({"model": "gaussian", "quantity": "collapse-time", "alpha": 0.1, "method": "rot"}, UnknownNameError, "root"),
        (
            {"model": "gaussian", "quantity": "excess-entropy", "t": 1, "n": 10, "d": 4, "method": "exact", "digits": 20},
            DomainError,
            "digits",
        ),
        ({"model": "gaussian", "quantity": "excess-entropy", "t": 1, "n": 10, "d": 4.5, "method": "exact"}, DomainError, "whole number"),
    ],
)
def test_bad_input_is_refused_in_one_line_that_says_what_would_be_right(call: dict[str, Any], error: Any, words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        predict(call.pop("model"), call.pop("quantity"), **call)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("target", ["numpy", "mpmath"])
def test_generated_source_stands_alone_for_every_formula(target: str, tmp_path: Path) -> None:
    import subprocess
    import sys

    for name, method in [("free-energy", None), ("cloning-probability", None), ("speciation-time", "curvature"), ("collapse-time", "root")]:
        path = generate("gaussian-mixture", name, target=target, method=method).write(tmp_path / f"{name.replace('-', '_')}.py")
        source = path.read_text()
        assert "regimes" not in "".join(line for line in source.splitlines() if line.lstrip().startswith(("import", "from")))
        done = subprocess.run([sys.executable, "-I", str(path)], capture_output=True, text=True, cwd=tmp_path, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_an_integral_is_not_generated_as_a_formula() -> None:
    with pytest.raises(RegimesError, match="integral"):
        generate("gaussian", "collapse-probability")


def test_two_models_of_one_name_do_not_share_kernels() -> None:
    """The disk cache knows shipped sources only: a user's model is derived anew in every process."""
    from regimes.theory.laws import GaussianClusters
    from regimes.theory.models.gaussian import Gaussian

    class Mine(Gaussian):
        name = "mine"

    class MineWider(Gaussian):
        name = "mine"

        def law(self, values: Any) -> Any:
            return GaussianClusters(weights=(1,), centres=((),), sd=3 * values["sigma"])

    narrow, wide = (predict(model, "collapse-time", alpha=0.3).value for model in (Mine(), MineWider()))
    assert wide == pytest.approx(float(predict("gaussian", "collapse-time", alpha=0.3, sigma=3).value), rel=1e-14)
    assert narrow == pytest.approx(float(predict("gaussian", "collapse-time", alpha=0.3, sigma=1).value), rel=1e-14)


@pytest.mark.slow
def test_a_model_with_fixed_equal_weights_has_every_definition() -> None:
    from fractions import Fraction

    from regimes.theory.laws import GaussianClusters
    from regimes.theory.models.gaussian import Gaussian

    class Touching(Gaussian):
        name = "touching"

        def law(self, values: Any) -> Any:
            return GaussianClusters((Fraction(1, 2), Fraction(1, 2)), ((values["sigma"],), (-values["sigma"],)), values["sigma"])

    for definition in quantities()["speciation-time"].methods:
        ours = predict(Touching(), "speciation-time", d=50, sigma=1.2, definition=definition).value
        same = predict("gaussian-mixture", "speciation-time", d=50, mu=1.2, sigma=1.2, definition=definition).value
        assert ours == pytest.approx(float(same), rel=1e-13), definition


def test_ordinary_points_need_no_arbitrary_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounding is measured in pairs of doubles: where longdouble is a double, every point took the slow method."""
    from regimes.numerics.quantities import evaluate as module

    def refuse(*_: object) -> None:
        raise AssertionError("a point went to arbitrary precision")

    monkeypatch.setattr(module, "_slowly", refuse)
    t = np.linspace(0.2, 4, 40)
    for name in ("cloning-probability", "class-information"):
        assert predict("gaussian-mixture", name, t=t, d=100.0).ok.all()
    assert predict("gaussian", "rsb-parameter", t=t, alpha=0.2).ok.all()
    assert predict("gaussian", "rate-function", t=0.3, energy=np.linspace(0.05, 3, 40)).ok.all()
    assert predict("gaussian", "collapse-time", alpha=np.linspace(0.05, 2, 40), method="root").ok.all()


@pytest.mark.quick
def test_definitions_may_be_an_array_that_broadcasts() -> None:
    d, definitions = [100.0, 1000.0], ["snr", "spectral"]
    pairs = predict("gaussian-mixture", "speciation-time", d=d, definition=definitions)
    grid = predict("gaussian-mixture", "speciation-time", d=d, definition=np.array(definitions)[:, None])
    assert grid.value.shape == (2, 2) and grid.parameters["definition"].tolist() == [["snr", "snr"], ["spectral", "spectral"]]
    for k, (one, name) in enumerate(zip(d, definitions, strict=True)):
        alone = predict("gaussian-mixture", "speciation-time", d=one, definition=name)
        assert alone.value == pairs.value[k] == grid.value[k, k] and pairs.parameters["definition"][k] == name
    with pytest.raises(UnknownNameError, match="definition 'snrr'"):
        predict("gaussian-mixture", "speciation-time", d=d, definition=["snr", "snrr"])


@pytest.mark.quick
def test_a_reason_is_told_to_its_end() -> None:
    """What a model does not have is said in the words of its family, however long they are."""
    found = predict("zero-mean-mixture", "collapse-time", alpha=[0.1, 0.2])
    assert found.status.tolist() == ["none", "none"]
    assert found.reason[0].startswith("zero-mean-mixture has classes at one place") and found.reason[0].endswith("the same widths")
    every = predict("product-laplace", "cloning-probability", t=1.0, d=4)
    assert str(every.reason) == "product-laplace has one class: there is nothing to tell apart"
