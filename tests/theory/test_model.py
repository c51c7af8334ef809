"""Parameters and models answer for themselves."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from regimes.theory.errors import DomainError, MissingParameterError, UnknownNameError
from regimes.theory.laws import GaussianClusters, GaussianSpectrum, Law, Mixture, Product, ZeroMeanMixture
from regimes.theory.model import DataModel, FixedLaw, all_models, get_model
from regimes.theory.models.gaussian import Gaussian
from regimes.theory.params import Param

pytestmark = pytest.mark.quick

MODELS = sorted(all_models())


def shares(law: Law) -> Any:
    """Weights that sum to one: of classes, or of the parts of a prior or a spectrum; none where the law is given by an energy."""
    if isinstance(law, GaussianClusters):
        return law.weights
    if isinstance(law, Mixture):
        return [c.weight for c in law.clusters if c.cost == 0]
    if isinstance(law, (Product, GaussianSpectrum)):
        return [part.weight for part in (*law.atoms, *(law.pieces if isinstance(law, Product) else law.curves))]
    return [getattr(law, "weight", 1), 1 - getattr(law, "weight", 1)]


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_a_law_is_a_probability_for_all_parameters(name: str, data: Any) -> None:
    model = get_model(name)
    values = {p.name: data.draw(st.floats(*p.typical)) for p in model.params}
    law = model.law(model.complete(values))
    weights = [float(w) for w in shares(law)]
    assert law.family == model.family
    assert math.isclose(sum(weights), 1) and all(w >= 0 for w in weights)
    assert len(model.class_names) == model.class_count >= 1
    if isinstance(law, GaussianClusters):
        assert law.sd > 0 and len(law.centres) == len(law.weights) == model.class_count and {len(c) for c in law.centres} == {law.rank}
    if isinstance(law, Mixture):
        assert all(c.sd > 0 and len(c.centre) == law.rank for c in law.clusters) and len(law.clusters) == model.class_count


@pytest.mark.parametrize("name", MODELS)
def test_typical_intervals_lie_in_the_domains(name: str) -> None:
    for p in get_model(name).params:
        assert all(map(p.contains, p.typical)) and (p.default is None or p.contains(p.default))


@pytest.mark.parametrize(("closed", "inside"), [("", []), ("low", [0.0]), ("high", [1.0]), ("both", [0.0, 1.0])])
def test_ends_belong_to_the_domain_only_where_said(closed: str, inside: list[float]) -> None:
    p = Param("u", "u", "test", 0, 1, closed)
    assert [v for v in (0.0, 1.0) if p.contains(v)] == inside
    assert not any(map(p.contains, (-1e-300, math.nextafter(1, 2), math.nan, math.inf)))


def test_a_bad_value_is_named_with_the_domain() -> None:
    with pytest.raises(DomainError, match=r"sigma=-1.* is outside its domain: 0 < sigma < inf"):
        get_model("gaussian").complete({"sigma": -1.0})


def test_a_missing_parameter_is_asked_for() -> None:
    class Needy(Gaussian):
        params = (Param("sigma", "s", "needed", 0),)

    with pytest.raises(MissingParameterError, match="sigma=VALUE"):
        Needy().complete({})


def test_an_unknown_model_gets_the_nearest_names() -> None:
    with pytest.raises(UnknownNameError, match="gaussian-mixture"):
        get_model("gaussian-mixtur")


def test_models_are_listed_without_importing_sympy() -> None:
    code = "import sys; from regimes.theory.model import all_models; assert all_models(); assert 'sympy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


class Bare(DataModel):
    """A model that says no more than it must."""

    name, doc, source = "bare", "two clusters", "this test"
    params = (Param("far", "f", "distance", 0),)

    def law(self, values: Mapping[str, Any]) -> GaussianClusters:
        return GaussianClusters((0.5, 0.5), ((values["far"],), (-values["far"],)), 1.0)


def test_family_and_classes_are_found_from_the_law() -> None:
    model = Bare()
    assert (model.family, model.class_count, model.class_names, model.shipped) == ("clusters", 2, ("0", "1"), False)
    assert get_model("gaussian").shipped and get_model("product-laplace").shipped


def test_a_family_of_one_class_states_no_law_to_say_so() -> None:
    class Slow(Bare):
        family = "product"

        def law(self, values: Mapping[str, Any]) -> Any:
            raise AssertionError("stated")

    assert Slow().class_count == 1


def test_a_fixed_law_is_a_model_without_parameters_whose_doubles_are_the_fractions_that_they_are() -> None:
    law = ZeroMeanMixture(0.1, (1.5, 2.0))
    model = FixedLaw(law)
    assert model.complete({}) == {} and model.law({}) is law and (model.family, model.class_count) == (law.family, 2)
    assert model.symbolic_law() == ZeroMeanMixture(sp.Rational(0.1), (sp.Rational(3, 2), sp.Integer(2)))


@pytest.mark.parametrize("name", MODELS)
def test_the_parameter_that_stretches_the_coordinates_does_nothing_else(name: str) -> None:
    model = get_model(name)
    if model.stretch is None:
        return
    assert model.stretch in model.params
    values = {p.name: sp.Rational(p.typical[0]) for p in model.params}
    wide, unit = (model.law({**values, model.stretch.name: size}) for size in (3, 1))
    power = {"product": 1, "spectrum": 2}[model.family]  # of a coordinate, or of its variance
    assert isinstance(wide, (Product, GaussianSpectrum)) and isinstance(unit, (Product, GaussianSpectrum))
    for a, b in zip(wide.atoms, unit.atoms, strict=True):
        assert a.weight == b.weight and sp.simplify(a.place - 3**power * b.place) == 0
