"""Parameters and models answer for themselves."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regimes.theory.errors import DomainError, MissingParameterError, UnknownNameError
from regimes.theory.laws import GaussianClusters, GaussianSpectrum, Law, Mixture, Product
from regimes.theory.model import all_models, get_model
from regimes.theory.models.gaussian import Gaussian
from regimes.theory.params import Param

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
