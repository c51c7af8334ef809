"""Independent coordinates: what is checked at every x, what a dear check says of itself, reference values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import mpmath as mp
import pytest
import sympy as sp

from regimes.numerics.quantities.kernels import build
from regimes.numerics.quantity import Formula, Quantity
from regimes.theory.derivations import Derivation
from regimes.theory.derive import derive
from regimes.theory.model import get_model
from regimes.theory.params import ALPHA
from regimes.theory.symbolic.evaluate import value


def kernel(model: Any, step: Any, *params: Any, target: Any = "numpy") -> Any:
    what = Quantity("value", "", "", "", params, {"definition": Formula("collapse", lambda proof: proof[step])})
    return build(get_model(model), what, "definition", target)


@pytest.mark.slow
def test_everything_that_holds_given_x_is_checked_for_a_density_with_a_kink() -> None:
    proof = derive("product-laplace", "collapse")
    given = "energy_given_output", "fluctuation_given_output"
    names = ["law_mass", "log_level_transform", *given, "forward_density", "score", "planted_tilt"]
    checked = replace(proof, steps=tuple(step for step in proof if step.name in names)).verify()
    assert checked.verified and all(step.outcome and step.outcome.witness == "20 random points, 30 digits" for step in checked)


def test_fewer_points_and_digits_are_said() -> None:
    proof = derive("product-gauss-bernoulli", "collapse")
    only = replace(proof, steps=(proof.step("energy_cumulant"),)).verify().step("energy_cumulant")
    assert only.outcome and only.outcome.ok and only.outcome.witness == "1 random point, 8 digits"


def test_collapse_time_of_spins_is_where_the_textbook_information_equals_alpha() -> None:
    k = kernel("product-rademacher", "collapse_root", ALPHA)
    given = {"sigma": 1.0, "alpha": 0.3}
    found, error = k.load_with_error()(*(given[n] for n in k.args))

    def information(g: Any) -> Any:  # Shannon: one binary input of the Gaussian channel
        return g - mp.quad(lambda w: mp.npdf(w) * mp.log(mp.cosh(g + mp.sqrt(g) * w)), [-12, -4, -1, 0, 1, 4, 12])

    g = mp.findroot(lambda g: information(g) - mp.mpf("0.3"), 0.8)
    assert abs(found - float(mp.log1p(1 / g) / 2)) < 1e-14 and error < 1e-15


@pytest.mark.parametrize(
    ("prior", "fourth", "sixth"),
    [
        ("rademacher", -2, 16),
        ("uniform", sp.Rational(-6, 5), sp.Rational(48, 7)),
        ("laplace", 3, 30),
        ("logistic", sp.Rational(6, 5), sp.Rational(48, 7)),
    ],
)
def test_cumulants_of_priors_have_their_textbook_values(prior: str, fourth: Any, sixth: Any) -> None:
    """Kurtosis and sixth standardised cumulant of the laws, from tables of distributions."""
    proof = derive(f"product-{prior}", "speciation")
    at = {sp.Symbol("sigma", positive=True): mp.mpf(1)}
    with mp.workdps(25):
        found = [value(proof[f"prior_cumulant_{k}"], at | _lower(proof, at)) for k in (4, 6)]
        assert mp.almosteq(found[0], mp.mpf(sp.Rational(fourth).p) / sp.Rational(fourth).q, 1e-14)
        assert mp.almosteq(found[1], mp.mpf(sp.Rational(sixth).p) / sp.Rational(sixth).q, 1e-14)


def _lower(proof: Derivation, at: dict[Any, Any]) -> dict[Any, Any]:
    return {s: value(e, at) for s, e in proof.definitions.items() if s.name.startswith("k_")}
