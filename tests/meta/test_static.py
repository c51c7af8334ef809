"""Linters, types and layers: run as tests, and seen to find what they are there for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("regimes", "theory", "numerics", "validate")
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


def test_mypy_reads_the_folders_behind_the_links(tmp_path: Path) -> None:
    # A small package of the same layout: checking the whole one twice would take too long.
    (tmp_path / "theory").mkdir()
    (tmp_path / "regimes").mkdir()
    (tmp_path / "regimes" / "theory").symlink_to("../theory")
    for folder in ("theory", "regimes"):
        (tmp_path / folder / "__init__.py").write_text("")
    (tmp_path / "theory" / "planted.py").write_text("def double(x):\n    return 2 * x\n")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    done = run([sys.executable, "-m", "mypy"], tmp_path)
    assert done.returncode == 1
    assert "planted.py:1: error: Function is missing a type annotation" in done.stdout


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("theory/planted.py", "import regimes.numerics\n"),
        ("numerics/planted.py", "import regimes.validate\n"),
        ("validate/planted.py", "import regimes.cli\n"),
        ("theory/planted.py", "import scipy.special\n"),
    ],
)
def test_an_import_against_the_direction_is_found(copy: Path, file: str, line: str) -> None:
    (copy / file).write_text(line)
    done = run([LINTER, "--no-cache"], copy)
    assert done.returncode == 1
    assert "BROKEN" in done.stdout
