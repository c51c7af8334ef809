"""The length of x under two centred classes: its reverse drift against that of |x|^2 in numbers, and a planted mistake."""

from __future__ import annotations

import inspect
from dataclasses import replace

import mpmath as mp
import numpy as np
import pytest

from regimes.numerics.laws.zero_mean_mixture.splitting import setting
from regimes.theory.conventions import Delta, d, decay
from regimes.theory.derive import derive
from regimes.theory.laws.zero_mean_mixture import length as dynamics
from regimes.theory.model import get_model
from regimes.theory.symbolic.evaluate import value

GIVEN = {"sigma_a": 1.4, "sigma_b": 0.6, "weight": 0.3, "d": 12.0}


@pytest.mark.parametrize("t", [0.2, 0.9])
def test_the_drift_of_the_length_is_that_of_its_square(t: float) -> None:
    """d(R^2) = 2 R dR + 2 dt by Ito, against the drift that the backward Kolmogorov equation is given."""
    proof, model = derive("zero-mean-mixture", "speciation"), get_model("zero-mean-mixture")
    process = setting(model, GIVEN | {"t": t}).process(t)
    point = {p.symbol: mp.mpf(GIVEN[p.name]) for p in model.params} | {d: mp.mpf(12), decay: mp.exp(-t), Delta: 1 - mp.exp(-2 * t)}
    for r in (1.5, 3.0, 4.5):
        drift = value(proof["length_drift"], point | {dynamics.length: mp.mpf(r)})
        assert float(2 * r * drift + 2) == pytest.approx(process.drift(np.array([r * r]), t)[0], rel=1e-12)


def test_a_sphere_of_the_wrong_curvature_is_found() -> None:
    """With d/|x| instead of (d-1)/|x| in the forward drift, the forward equation and the time reversal fail."""
    model, right = get_model("zero-mean-mixture"), derive("zero-mean-mixture", "speciation")
    before = replace(right, steps=right.steps[: right.steps.index(right.step("length_density"))])
    source = inspect.getsource(dynamics.length_dynamics)
    space = dict(vars(dynamics))
    exec(source.replace("forward = (d - 1) / length", "forward = d / length"), space)
    assert dynamics.length_dynamics(before, model.symbolic_law()).verify().verified
    wrong = space["length_dynamics"](before, model.symbolic_law()).verify()
    assert {step.name for step in wrong.failures} == {"length_forward", "length_time_reversal"}
