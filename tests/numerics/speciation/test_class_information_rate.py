"""Every model with classes has the rate at which the class is forgotten: against differences of the information, and I-MMSE."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from regimes.numerics.predict import predict

CASES = [
    ("gaussian-mixture", {"mu": 1.3, "sigma": 0.7, "weight": 0.3, "d": 40}, {}),
    ("zero-mean-mixture", {"sigma_a": 1.5, "sigma_b": 0.5, "weight": 0.4, "d": 40}, {}),
    ("mixture-unlike", {"mu": 0.4, "sigma_a": 1.2, "sigma_b": 0.7, "weight": 0.4, "d": 9}, {}),
    ("curie-weiss", {"beta": 1.5, "h": 0.0, "d": 1e4}, {"method": "limit"}),
    ("curie-weiss", {"beta": 1.3, "h": 1e-5, "d": 1e4}, {"method": "limit"}),
]


@pytest.mark.parametrize(("name", "values", "method"), CASES)
@pytest.mark.parametrize("offset", [-0.6, 0.0, 0.7])
def test_the_rate_is_the_slope_of_the_information(name: str, values: dict[str, Any], method: dict[str, Any], offset: float) -> None:
    """Six points of the information, whose errors are below 1e-12: the difference rule is right to 1e-7 of its size."""
    t = {"gaussian-mixture": 2.0, "zero-mean-mixture": 0.9, "mixture-unlike": 0.8}.get(name, 4.4) + offset
    step = 0.02
    info = predict(name, "class-information", t=t + step * np.array([-3, -2, -1, 1, 2, 3]), **values, **method).value
    slope = float(np.array([-1, 9, -45, 45, -9, 1]) @ info / (60 * step))
    rate = predict(name, "class-information-rate", t=t, **values)
    assert rate.status == "ok"
    assert float(rate.value) == pytest.approx(-slope, rel=1e-6, abs=1e-10)


def test_the_rate_of_two_clusters_is_that_of_the_sign_in_noise() -> None:
    """I-MMSE: dI/dkappa = 1 - phi, and kappa(t) of two clusters of unit variance is d mu^2 e^{-2t}."""
    t = np.array([1.0, 2.0, 3.0])
    given: dict[str, Any] = {"mu": 1.0, "sigma": 1.0, "weight": 0.5, "d": 100, "t": t}
    phi, kappa = (predict("gaussian-mixture", name, **given).value for name in ("cloning-probability", "kappa"))
    assert predict("gaussian-mixture", "class-information-rate", **given).value == pytest.approx(2 * kappa * (1 - phi), rel=1e-9)
