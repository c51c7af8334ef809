"""Every shipped derivation: verified, honest about its sources, and equal to independent statements."""

from __future__ import annotations

from functools import cache

import pytest

from regimes.theory.conventions import d
from regimes.theory.derivations import Derivation
from regimes.theory.derivations.step import Identity, Limit
from regimes.theory.derive import KINDS, derive
from regimes.theory.errors import DerivationError
from regimes.theory.laws import answers
from regimes.theory.model import all_models

EVERY: list[tuple[str, str]] = []
REFUSED: list[tuple[str, str]] = []
for _name, _model in all_models().items():
    _found = answers(_model.family)
    for _kind, _answer in zip(KINDS, (_found.collapse, _found.speciation), strict=True):
        (REFUSED if isinstance(_answer, str) else EVERY).append((_name, _kind))
# A check of these takes from three seconds to half a minute; others like them are cheap.
DEAR = {(f"product-{prior}", "collapse") for prior in ("uniform", "laplace", "logistic", "gauss-bernoulli", "ternary")}
DEAR |= {("curie-weiss", "collapse"), ("curie-weiss", "speciation"), ("product-bernoulli", "collapse"), ("zero-mean-mixture", "speciation")}
DEAR |= {(f"spectrum-{kind}", "collapse") for kind in ("marchenko-pastur", "power-law", "atoms")}
DEAR |= {(f"mixture-{kind}", "speciation") for kind in ("unlike", "rare", "simplex")}
CASES = [pytest.param(*case, marks=[pytest.mark.slow] * (case in DEAR)) for case in EVERY]


@cache
def verified(name: str, kind: str) -> Derivation:
    return derive(name, kind).verify()


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_every_step_holds(name: str, kind: str) -> None:
    proof = verified(name, kind)
    assert proof.verified, [s.outcome for s in proof.failures]
    for step in proof:
        if step.kind == "identity":
            assert step.outcome and isinstance(step.details, Identity)
            assert step.outcome.error <= 10.0**-step.details.digits, step.name


@pytest.mark.parametrize(("name", "kind"), REFUSED)
def test_what_is_not_derived_is_refused_with_the_reason(name: str, kind: str) -> None:
    with pytest.raises(DerivationError, match=name):
        derive(name, kind)


@pytest.mark.parametrize("name", [name for name, model in all_models().items() if model.class_count > 1 or model.family == "curie-weiss"])
def test_every_model_with_classes_has_its_time_derived_and_the_step_to_large_dimensions(name: str) -> None:
    steps = [step for step in derive(name, "speciation") if "_time" in step.name]
    assert any(step.name.endswith("snr_time") for step in steps)
    assert any(isinstance(step.details, Limit) and "snr_time" in step.name and step.details.variable == d for step in steps)


@pytest.mark.parametrize(("name", "kind"), EVERY)
def test_every_definition_and_conjecture_names_its_source(name: str, kind: str) -> None:
    for step in derive(name, kind):
        if step.kind in ("definition", "conjecture"):
            assert step.reference, step.name
