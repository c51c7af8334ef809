"""The page about the architecture names what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.quick

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
TOP = ("regimes", "theory", "numerics", "validate", "tests", "docs", "benchmarks", ".ci")


def folders() -> set[str]:
    """Folders that hold files of the project, not through the links; below tests/ those that mirror the tree need no line."""
    found = {path.parent.relative_to(ROOT).as_posix() for top in TOP for path in (ROOT / top).glob("**/*") if path.is_file()}
    links = tuple(f"regimes/{top}" for top in TOP)
    real = {name for name in found if "__pycache__" not in name and not name.startswith(links)}
    families = {name for name in real if re.fullmatch(r"\w+/laws/\w+", name)}
    mirrors = {name for name in real if name.startswith("tests/") and (ROOT / name.removeprefix("tests/")).is_dir()}
    return {f"{name}/" for name in real - families - mirrors}


def listed(page: str) -> list[str]:
    """Folders that the tree of the page lists, each with what it holds."""
    (tree,) = re.findall(r"^## The tree\n.*?^```\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    return [line.split(maxsplit=1)[0] for line in tree.splitlines() if len(line.split()) > 1]


def missing(page: str) -> list[str]:
    """Files and folders that the page names and that do not exist."""
    named = re.findall(r"`((?:[\w.]+/)+(?:\w+\.\w+)?)`", page)
    return [name for name in named if not (ROOT / name).exists()]


def test_the_tree_lists_every_folder_once() -> None:
    assert sorted(listed(PAGE)) == sorted(folders())


def test_every_file_that_is_named_exists() -> None:
    assert len(re.findall(r"`[\w/]+\.py`", PAGE)) > 40
    assert missing(PAGE) == []


@pytest.mark.parametrize("name", ["numerics/laws/curie_weis/levels.py", "theory/chanel/", "regimes/commands/predicts.py"])
def test_a_planted_misspelling_is_found(name: str) -> None:
    assert missing(f"{PAGE}\nsee `{name}`") == [name]


def test_a_planted_folder_is_found_in_the_tree() -> None:
    planted = PAGE.replace("validate/runs/  ", "validate/run/   ")
    assert sorted(listed(planted)) != sorted(folders())
