"""Linters, types and layers: run as tests, and seen to find what they are there for."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("regimes", "theory", "numerics", "validate")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
LINTER = Path(sys.executable).with_name("lint-imports")


def run(words: Sequence[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(words, cwd=folder, env=clean, capture_output=True, text=True)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packages and their settings, to plant errors in."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, tmp_path / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_ruff_finds_nothing() -> None:
    done = run([sys.executable, "-m", "ruff", "check", "--no-cache", "."], ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_formatter_would_change_nothing() -> None:
    done = run([sys.executable, "-m", "ruff", "format", "--check", "--no-cache", "."], ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_mypy_strict_finds_nothing() -> None:
    done = run([sys.executable, "-m", "mypy"], ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_point_one_way() -> None:
    done = run([LINTER, "--no-cache"], ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_reads_the_folders_behind_the_links(copy: Path) -> None:
    (copy / "theory" / "planted.py").write_text("import os\n")
    done = run([sys.executable, "-m", "ruff", "check", "--no-cache", "."], copy)
    assert done.returncode == 1
    assert "theory/planted.py" in done.stdout


def test_the_formatter_reads_the_folders_behind_the_links(copy: Path) -> None:
    (copy / "theory" / "planted.py").write_text("double = lambda x : 2*x\n")
    done = run([sys.executable, "-m", "ruff", "format", "--check", "--no-cache", "."], copy)
    assert done.returncode == 1
    assert "theory/planted.py" in done.stdout


def test_mypy_reads_the_folders_behind_the_links_and_the_tests(tmp_path: Path) -> None:
    # A small package of the same layout: checking the whole one twice would take too long.
    (tmp_path / "theory").mkdir()
    (tmp_path / "regimes").mkdir()
    (tmp_path / "regimes" / "theory").symlink_to("../theory")
    for folder in ("theory", "regimes"):
        (tmp_path / folder / "__init__.py").write_text("")
    (tmp_path / "theory" / "planted.py").write_text("def double(x):\n    return 2 * x\n")
    (tmp_path / "tests" / "theory").mkdir(parents=True)
    (tmp_path / "tests" / "theory" / "test_planted.py").write_text("def test_planted(seed):\n    assert seed\n")
    (tmp_path / "conftest.py").write_text("def pytest_configure(config):\n    return None\n")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    done = run([sys.executable, "-m", "mypy"], tmp_path)
    assert done.returncode == 1
    for place in ("planted.py:1", "tests/theory/test_planted.py:1", "conftest.py:1"):
        assert f"{place}: error: Function is missing a type annotation" in done.stdout


def layers(contract: dict[str, Any]) -> list[str]:
    """Modules of a layered contract, one of each layer, the highest first."""
    prefix = f"{contract['containers'][0]}." if "containers" in contract else ""
    return [prefix + re.split(r" [|:] ", layer)[0].strip("()") for layer in contract["layers"]]


def against(contract: dict[str, Any]) -> tuple[str, str]:
    """A module and one that it must not import."""
    match contract["type"]:
        case "layers":
            highest, *_, lowest = layers(contract)
            return lowest, highest
        case "forbidden":
            return contract["source_modules"][0], contract["forbidden_modules"][0]
        case "independence":
            return contract["modules"][0], contract["modules"][1]
    raise NotImplementedError(f"no error is planted for a contract of type {contract['type']}")


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract["name"])
def test_an_import_against_a_contract_is_found(copy: Path, contract: dict[str, Any]) -> None:
    module, other = against(contract)
    place = copy.joinpath(*module.split("."))
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    file.write_text(f"{file.read_text(encoding='utf-8')}\nimport {other}\n", encoding="utf-8")
    done = run([LINTER, "--no-cache"], copy)
    assert done.returncode == 1
    assert f"{contract['name']} BROKEN" in " ".join(done.stdout.split())
