"""What the finite-size integrals assume of one coordinate is what the derivation derives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regimes.numerics.collapse.gaussian_points import Channel, Points
from regimes.numerics.collapse.window import gaussian_information
from regimes.numerics.predict import predict
from regimes.theory.derive import derive
from regimes.theory.symbolic.evaluate import value


@given(t=st.floats(0.05, 3), sigma=st.floats(0.2, 5), lam=st.floats(0.05, 5), x=st.floats(-3, 3))
def test_transform_of_a_level_is_the_derived_one(t: float, sigma: float, lam: float, x: float) -> None:
    proof = derive("gaussian", "collapse")
    noise, signal = -math.expm1(-2 * t), sigma**2 * math.exp(-2 * t)
    numbers = {"lam": lam, "x": x, "sigma": sigma, "r": math.exp(-t), "Delta": noise}
    expr = proof["log_level_transform"]
    derived = float(value(expr, {s: numbers[s.name] for s in expr.free_symbols}))
    points = Points(Channel(signal / noise, np.zeros(1), np.ones(1), 1), np.array([[x**2 / (noise + signal)]]), np.ones(1))
    assert points.log_transform(np.array([[lam + 0j]])).real.item() == pytest.approx(derived, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("t", [1e-6, 0.3, 2.0, 20.0])
def test_mean_and_variance_of_the_window_are_the_derived_ones(t: float) -> None:
    mean, var = gaussian_information(4.0 / math.expm1(2 * t))
    assert mean == pytest.approx(float(predict("gaussian", "information", t=t, sigma=2).value), rel=1e-13)
    assert var == pytest.approx(float(predict("gaussian", "dispersion", t=t, sigma=2).value), rel=1e-13)
