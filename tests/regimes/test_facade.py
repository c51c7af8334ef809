"""``import regimes as rg``: everything at hand, nothing loaded before it is used."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import regimes as rg
from regimes.theory.errors import UnknownNameError

pytestmark = pytest.mark.quick

ROOT = Path(__file__).parents[2]


def loaded_by(code: str) -> set[str]:
    """Top-level packages in memory after some code ran in a fresh interpreter."""
    show = "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code + show], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_importing_it_loads_nothing_heavy() -> None:
    assert not {"numpy", "scipy", "sympy", "mpmath"} & loaded_by("import regimes as rg; rg.all_models(); rg.models.GaussianMixture()")


@pytest.mark.parametrize("name", rg.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(rg, name) is not None
    assert name in dir(rg)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="prdict"):
        rg.prdict  # noqa: B018
    with pytest.raises(AttributeError, match="GaussianMixture"):
        rg.models.GausianMixture  # noqa: B018


def test_models_are_found_by_name_and_by_class() -> None:
    assert type(rg.model("gaussian-mixture")) is rg.models.GaussianMixture
    assert {type(model).__name__ for model in rg.all_models().values()} == set(dir(rg.models))
    with pytest.raises(UnknownNameError, match="gaussian"):
        rg.model("gausian")


def test_models_of_one_class_are_interchangeable() -> None:
    values: dict[str, Any] = {"alpha": [0.1, 0.2], "sigma": 1.0}
    by_name = rg.predict("gaussian-mixture", "collapse-time", **values)
    by_class = rg.predict(rg.models.GaussianMixture(), "collapse-time", **values)
    assert by_name.value.tolist() == by_class.value.tolist()
    assert by_name.value.shape == (2,)


def test_a_kernel_is_written_and_runs_without_this_project(tmp_path: Path) -> None:
    path = tmp_path / "collapse_time.py"
    rg.generate(rg.model("gaussian"), "collapse-time", target="numpy").write(path)
    assert not re.search(r"^\s*(import|from) regimes", path.read_text(), re.MULTILINE)
    subprocess.run([sys.executable, "-I", path], cwd=tmp_path, check=True)
