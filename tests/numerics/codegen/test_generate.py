"""Kernels: the same function on both targets, stand-alone sources that test themselves, errors that cover the truth."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp

from regimes.numerics.codegen.generate import Kernel, generate, module
from regimes.numerics.codegen.reference_values import oracle
from regimes.theory.symbolic.averages import LargestRoot, LineIntegral, NormalAverage
from regimes.theory.symbolic.functions import LogCosh, Softplus

t, mu, sigma, alpha, kappa = sp.symbols("t mu sigma alpha kappa", positive=True)
z, y, m = sp.symbols("z y m", real=True)
delta, gamma_ = sp.symbols("Delta Gamma", positive=True)

CLONING = 1 - sp.exp(-kappa / 2) / 2 * NormalAverage(sp.sech(sp.sqrt(kappa) * z), z)
COLLAPSE = LargestRoot(sp.log(1 + sigma**2 * sp.exp(-2 * t) / (1 - sp.exp(-2 * t))) / 2 - alpha, t, 0, sp.oo)
KAPPA_DEFINITIONS = {delta: 1 - sp.exp(-2 * t), gamma_: delta + sigma**2 * sp.exp(-2 * t)}
KAPPA = mu**2 * sp.exp(-2 * t) / gamma_
BATHTUB = LargestRoot(sp.tanh(alpha) - m + sp.log(sigma) / 9, m, 0, 1)
NESTED = NormalAverage(Softplus(mu * z + COLLAPSE), z)

CASES: dict[str, tuple[list[Any], Any, dict[Any, Any]]] = {
    "kappa": ([t, mu, sigma], KAPPA, KAPPA_DEFINITIONS),
    "cloning": ([kappa], CLONING, {}),
    "collapse": ([alpha, sigma], COLLAPSE, {}),
    "capped": ([alpha, sigma], BATHTUB, {}),
    "nested": ([alpha, sigma, mu], NESTED, {}),
    "log_cosh": ([mu, sigma], NormalAverage(LogCosh(mu * z + sigma), z), {}),
    "line": ([sigma], LineIntegral(sp.exp(-(z**2) / (2 * sigma**2)) * sp.sech(z), z), {}),
}


@pytest.mark.parametrize("name", CASES)
def test_targets_agree_with_each_other_and_error_covers_the_difference(name: str) -> None:
    args, expr, definitions = CASES[name]
    numpy, mpmath = (generate(name, args, expr, target=target, definitions=definitions) for target in ("numpy", "mpmath"))
    pair, exact = numpy.load_with_error(), mpmath.load()

    @settings(max_examples=3 if name in ("nested", "line") else 6, deadline=None, derandomize=True, database=None)
    @given(st.tuples(*(st.floats(0.05, 2.5) for _ in args)))
    def agree(point: tuple[float, ...]) -> None:
        value, error = pair(*point)
        with mp.workdps(20):
            true = exact(*point)
            if mp.isnan(true):
                assert np.isnan(value) and np.isnan(error)
                return
            assert abs(float(value - true)) <= 2 * error + 1e-300 and error <= 1e-13 * max(abs(value), 1e-3)

    agree()


def test_published_values_are_reproduced() -> None:
    collapse = generate("collapse", [alpha, sigma], COLLAPSE, target="numpy").load()
    closed = -np.log1p(-np.exp(-2 * np.array([0.1, 0.25, 0.5, 1]))) / 2
    np.testing.assert_allclose(collapse([0.1, 0.25, 0.5, 1], 1.0), closed, rtol=4e-16)
    cloning = generate("cloning", [kappa], CLONING, target="mpmath").load()
    with mp.workdps(15):
        assert mp.nstr(cloning(1), 11) == "0.7752002454" and mp.nstr(cloning("0.25"), 11) == "0.60202713282"


@pytest.mark.parametrize("point", [(1e-12, 3.0), (50.0, 0.5), (0.1, 1e-9), (2.0, 1e6), (300.0, 1.0)])
def test_extreme_parameters_keep_twelve_digits(point: tuple[float, float]) -> None:
    value, error = generate("collapse", [alpha, sigma], COLLAPSE, target="numpy").load_with_error()(*point)
    # t = log(1 + sigma^2/(exp(2 alpha) - 1))/2
    with mp.workdps(300):
        true = mp.log1p(mp.mpf(point[1]) ** 2 / mp.expm1(2 * mp.mpf(point[0]))) / 2
    assert abs(value / true - 1) < 1e-12 and abs(value - true) <= 2 * error


@pytest.mark.parametrize("target", ["numpy", "mpmath"])
@pytest.mark.parametrize("name", ["kappa", "cloning", "collapse"])
def test_a_written_module_tests_itself_without_this_package(name: str, target: str, tmp_path: Path) -> None:
    args, expr, definitions = CASES[name]
    points = [("0.3", "1.5", "0.7")[: len(args)], (1,) * len(args)]
    kernel = generate(name, args, expr, target=target, definitions=definitions, doc="a quantity", reference="somewhere", selftest=points)
    path = kernel.write(tmp_path / "kernel.py")
    done = subprocess.run([sys.executable, "-I", path.name], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "2 checks passed" in done.stdout and "tolerance" in done.stdout
    assert "regimes" not in kernel.source and "somewhere" in kernel.source


def test_self_test_of_a_damaged_module_fails(tmp_path: Path) -> None:
    source = generate("kappa", *CASES["kappa"][:2], target="numpy", definitions=KAPPA_DEFINITIONS, selftest=[("0.3", 1, 2)]).source
    assert "sigma**2" in source
    (tmp_path / "k.py").write_text(source.replace("Gamma = sigma**2", "Gamma = sigma**3"))
    done = subprocess.run([sys.executable, "-I", "k.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and "self-test failed" in done.stderr


def test_several_kernels_share_one_module(tmp_path: Path) -> None:
    kernels = [
        generate(n, CASES[n][0], CASES[n][1], target="numpy", definitions=CASES[n][2], selftest=[(1,) * len(CASES[n][0])])
        for n in ("kappa", "cloning", "collapse")
    ]
    (tmp_path / "all.py").write_text(module(kernels))
    done = subprocess.run([sys.executable, "-I", "all.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout.count("1 checks passed") == 3, done.stderr


def test_source_names_definitions_and_reserved_words_do_not_break() -> None:
    lam, one, np_ = sp.symbols("lambda one np", positive=True)
    kernel = generate("class", [lam, one, np_], lam + 2 * one - np_, target="numpy")
    assert kernel.name == "class_" and kernel.args == ("lambda_", "one_", "np_")
    assert kernel.load()(1.0, 2.0, 3.0) == 2
    source = generate("kappa", [t, mu, sigma], KAPPA, target="numpy", definitions=KAPPA_DEFINITIONS).source
    assert "    Delta = -np.expm1(-2*t)" in source and "    Gamma = " in source


def test_arguments_broadcast_and_dtype_is_kept() -> None:
    f = generate("collapse", [alpha, sigma], COLLAPSE, target="numpy")
    assert f.load()(np.ones((3, 1)), np.ones(4)).shape == (3, 4)
    assert f.load()(np.ones(2, np.float32), 1).dtype == np.float64
    assert f.load()(1, 1).dtype == np.float64
    value, error = f.load_with_error()(np.ones((3, 1)), np.ones(4))
    assert value.shape == error.shape == (3, 4)


def test_kernels_of_pairs_of_doubles_have_their_digits() -> None:
    for name in ("kappa", "cloning", "collapse", "log_cosh"):
        args, expr, definitions = CASES[name]
        kernel = generate(name, args, expr, target="numpy", definitions=definitions)
        pair = kernel.namespace().DoubleDouble
        third = pair(1.0) / 3
        value = kernel.load()(*[third] * len(args))
        with mp.workdps(30):
            number = mp.mpf(float(third.hi)) + mp.mpf(float(third.lo))
            true = generate(name, args, expr, target="mpmath", definitions=definitions).load()(*[number] * len(args))
            assert abs((mp.mpf(float(value.hi)) + mp.mpf(float(value.lo))) / true - 1) < 40 * mp.mpf(2) ** -63, name


def test_a_name_that_generated_code_uses_itself_gets_an_underscore() -> None:
    for name in ("log_cosh", "point", "evaluate", "np"):
        kernel = generate(name, [mu], LogCosh(mu), target="numpy")
        assert kernel.name == f"{name}_"
        assert abs(kernel.load()(1.0) - np.log(np.cosh(1))) < 2e-16


def test_total_cancellation_is_not_reported_as_exact() -> None:
    value, error = generate("f", [t], (sp.cosh(t) - 1 - t**2 / 2), target="numpy").load_with_error()(1e-12)
    assert abs(value - 1e-48 / 24) <= error <= 1e-15


def test_missing_root_is_nan_with_nan_error_on_both_targets() -> None:
    args, expr, _ = CASES["capped"]
    for target, nan in (("numpy", np.isnan), ("mpmath", mp.isnan)):
        value, error = generate("capped", args, expr, target=target).load_with_error()(0.01, 1e-9)
        assert nan(value) and nan(error)
        assert generate("capped", args, expr, target=target).load()(5, 10) == 1


def test_mpmath_delivers_the_digits_asked_for_despite_cancellation() -> None:
    f = generate("f", [t], (sp.cosh(t) - 1 - t**2 / 2) / t**4, target="mpmath").load()
    for digits in (15, 50):
        with mp.workdps(digits):
            assert abs(f(mp.mpf("1e-12")) * 24 - (1 + mp.mpf("1e-24") / 30)) < 100 * mp.eps


def test_oracle_agrees_with_closed_forms() -> None:
    with mp.workdps(30):
        assert abs(oracle(NormalAverage(sp.exp(mu * z), z), {mu: 1}) - mp.exp(0.5)) < mp.mpf(10) ** -28
        assert abs(oracle(LargestRoot(alpha - m**3, m, 0, sp.oo), {alpha: 2}) - mp.cbrt(2)) < mp.mpf(10) ** -28
        assert mp.isnan(oracle(LargestRoot(-alpha - m, m, 0, 1), {alpha: 2}))


def test_key_depends_on_everything_that_decides_the_source() -> None:
    base = generate("f", [t, mu], t + mu, target="numpy")
    others = [
        generate("g", [t, mu], t + mu, target="numpy"),
        generate("f", [mu, t], t + mu, target="numpy"),
        generate("f", [t, mu], t - mu, target="numpy"),
        generate("f", [t, mu], t + mu, target="mpmath"),
        generate("f", [t, mu], t + mu, target="numpy", definitions={delta: t}),
    ]
    assert len({k.key for k in [base, *others]}) == 6
    assert base == generate("f", [t, mu], t + mu, target="numpy") and isinstance(base, Kernel)
