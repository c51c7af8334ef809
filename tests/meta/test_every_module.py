"""Every module of the packages is imported: read from the folders, so that a new one is taken up by itself."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path

import pytest

import regimes

pytestmark = pytest.mark.quick

ROOT = Path(__file__).parents[2]
MODULES = sorted(found.name for found in pkgutil.walk_packages(regimes.__path__, "regimes."))


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("__main__")])
def test_a_module_is_imported_and_says_what_it_is(name: str) -> None:
    assert import_module(name).__doc__


def test_every_file_of_the_packages_is_such_a_module() -> None:
    found = set()
    for folder in ("regimes", "theory", "numerics", "validate"):
        for path in (ROOT / folder).rglob("*.py"):
            inside = path.relative_to(ROOT).with_suffix("")
            parts = inside.parts if folder == "regimes" else ("regimes", *inside.parts)
            found.add(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    assert {name for name in found if name != "regimes" and "__pycache__" not in name} == set(MODULES)
