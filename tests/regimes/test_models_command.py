"""`regimes models`: what there is, what can be asked of one model, what it does not have, and how a file describes one of a group."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from regimes.numerics.model_files.forms import file_forms
from regimes.theory.model import all_groups
from tests.regimes.test_cli import Capture, answer, folder

__all__ = ["folder"]  # a fixture


def test_a_model_says_what_it_does_not_have_and_why(capsys: Capture) -> None:
    """In the words in which a prediction says it."""
    from regimes.numerics.predict import predict

    _, page, _ = answer("models product-laplace", capsys)
    reason = str(predict("product-laplace", "kappa").reason)
    (line,) = (line for line in page.splitlines() if line.startswith(reason))
    assert "cloning-probability" in line and "collapse-time" not in line
    _, listed, _ = answer("models product-laplace --json", capsys)
    (found,) = json.loads(listed)
    assert "kappa" in found["without"][reason]
    (information,) = (q for q in found["quantities"] if q["name"] == "information")
    assert information["unit"] == "nats per dimension" and set(information["methods_doc"]) == set(information["methods"])


def test_models_are_listed_for_people_and_for_programs(capsys: Capture) -> None:
    from regimes.theory.model import all_groups, all_models

    _, text, _ = answer("models", capsys)
    rows = text.split("\n\n")[0].splitlines()[1:]
    variants = {m.name for family in all_groups().values() for m in family.variants.values()}
    assert [line.split()[0] for line in rows] == sorted({*all_models(), *all_groups()} - variants)  # one row per family
    (product,) = [line for line in rows if line.startswith("product ")]
    assert f"prior={'|'.join(all_groups()['product'].variants)}" in product
    _, listed, _ = answer("models --json", capsys)
    found = {entry["name"]: entry for entry in json.loads(listed)}
    assert list(found) == list(all_models())
    assert [p["name"] for p in found["gaussian-mixture"]["parameters"]] == ["mu", "sigma", "weight"]
    assert "collapse-time" in [q["name"] for q in found["gaussian"]["quantities"]]


def test_a_named_model_shows_its_quantities_and_methods(capsys: Capture) -> None:
    status, out, _ = answer("models gaussian", capsys)
    assert status == 0
    assert "0 < sigma < inf" in out
    assert "excess-entropy" in out
    assert "exact" in out


def test_a_named_family_shows_its_choices(capsys: Capture) -> None:
    _, page, _ = answer("models product", capsys)
    assert re.search(r"^gauss-bernoulli +rho, sigma ", page, re.MULTILINE)
    assert "mine.toml" in page
    _, listed, _ = answer("models product --json", capsys)
    assert "product-laplace" in [entry["name"] for entry in json.loads(listed)]
    status, two, _ = answer("models spectrum product prior=laplace", capsys)
    assert status == 0
    assert two.index("marchenko-pastur") < two.index("product-laplace: ")


@pytest.mark.parametrize("family", sorted(file_forms()))
def test_the_file_that_the_page_of_a_group_shows_is_a_model(
    family: str, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sentence, _, text = file_forms()[family].hint.partition("\n\n")
    (group,) = [g for g in all_groups().values() if family in {m.family for m in g.variants.values()}]
    assert sentence in answer(f"models {group.name}", capsys)[1]
    Path("mine.toml").write_text(text)
    assert len(text.splitlines()) <= 11
    status, page, _ = answer("models ./mine.toml", capsys)
    assert status == 0
    assert page.startswith(f"{text.split('name = ')[1].split(chr(10))[0][1:-1]}: ")
    assert " 0 < " in page


def test_the_families_that_a_file_can_describe() -> None:
    assert set(file_forms()) == {"mixture", "product", "spectrum"}
