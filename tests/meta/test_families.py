"""A family of laws is one place per layer, under one name."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from regimes.theory import laws
from regimes.theory.law import LAYERS, Law, place_of
from regimes.theory.laws import Answers, answers
from regimes.theory.model import all_models

pytestmark = pytest.mark.quick

ROOT = Path(__file__).parents[2]
FAMILIES = [info.name.replace("_", "-") for info in pkgutil.iter_modules(laws.__path__) if info.name != Answers.__module__.split(".")[-1]]


def test_families_are_found() -> None:
    assert len(FAMILIES) > 5 and {model.family for model in all_models().values()} == set(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("layer", LAYERS)
def test_every_layer_has_a_place_for_every_family_and_each_answer_is_a_function_or_a_reason(layer: str, family: str) -> None:
    place = place_of(layer, family)
    assert place is not None, f"{layer} says nothing of {family}"
    found = place.ANSWERS
    for entry in fields(found):
        answer = getattr(found, entry.name)
        assert answer if isinstance(answer, str) else answer is not None, entry.name
        assert not isinstance(answer, str) or len(answer.split()) > 2, f"{entry.name}: {answer!r} is no reason"


@pytest.mark.parametrize("family", FAMILIES)
def test_a_law_bears_the_name_of_its_place_and_says_how_many_classes_it_has(family: str) -> None:
    law = answers(family).law
    place = place_of("theory", family)
    assert place is not None and issubclass(law, Law) and law.family == family
    if hasattr(place, "__path__"):  # a family that is one module states its law there, and is imported from there
        assert law.__module__ == f"{place.__name__}.law" and getattr(laws, law.__name__) is law
    else:
        assert law.__module__ == place.__name__
    models = [model for model in all_models().values() if model.family == family]
    stated = [model.law(model.complete({p.name: sum(p.typical) / 2 for p in model.params})) for model in models]
    assert stated and all(isinstance(one, law) for one in stated)
    assert [one.class_count for one in stated] == [model.class_count for model in models]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_reason_of_the_theory_names_the_model(family: str) -> None:
    found = answers(family)
    for reason in (found.collapse, found.speciation):
        assert not isinstance(reason, str) or reason.format(model="this-model").startswith("this-model")


def test_an_unknown_family_has_reasons_only() -> None:
    found = answers("no-such-family")
    assert isinstance(found, Answers) and found.law is Law
    assert all(isinstance(reason, str) and "no-such-family" in reason for reason in (found.collapse, found.speciation))


def test_what_the_theory_answers_is_found_without_importing_sympy() -> None:
    code = (
        "import sys; from regimes.theory.laws import answers; from regimes.theory.model import all_models;"
        "assert all(answers(m.family) and m.class_count for m in all_models().values()); assert 'sympy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
