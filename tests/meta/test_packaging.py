"""What is shipped is what is in the checkout, and works far from it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SETUPTOOLS = PROJECT["tool"]["setuptools"]
FOLDERS = ("regimes", "theory", "numerics", "validate")


def run(words: Sequence[str | Path], folder: Path) -> str:
    """Output of a command that must succeed, without this checkout on its path."""
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(words, cwd=folder, env=clean, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def real_files(folder: str, pattern: str) -> list[Path]:
    """Files below a top-level folder, not through the symlinks."""
    return [Path(top, name).relative_to(ROOT) for top, _, names in os.walk(ROOT / folder) for name in names if Path(name).match(pattern)]


def imported_as(path: Path) -> Path:
    """Where a file of the checkout lies in the installed package."""
    return path if path.parts[0] == "regimes" else Path("regimes", path)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel made from the source archive made from the checkout, built with what is installed here."""
    copy = tmp_path_factory.mktemp("source")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, copy / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    run([sys.executable, "-m", "build", "--no-isolation", "--outdir", copy / "dist", copy], copy)
    (built,) = (copy / "dist").glob("*.whl")
    return built


def test_the_list_of_packages_is_the_folders_that_hold_an_init() -> None:
    found = {imported_as(p.parent).as_posix().replace("/", ".") for folder in FOLDERS for p in real_files(folder, "__init__.py")}
    assert found == set(SETUPTOOLS["packages"])


def test_every_package_is_mapped_to_its_folder() -> None:
    for package, folder in SETUPTOOLS["package-dir"].items():
        assert imported_as(Path(folder)).as_posix().replace("/", ".") == package
    roots = {package for package in SETUPTOOLS["packages"] if package.count(".") < 2} - {
        "regimes.commands"
    }  # below them setuptools follows the names
    assert roots <= set(SETUPTOOLS["package-dir"])


def test_the_links_of_the_checkout_are_relative_and_lead_to_the_folders() -> None:
    for name in FOLDERS[1:]:
        assert os.readlink(ROOT / "regimes" / name) == f"../{name}"


def test_the_wheel_holds_every_module_template_and_marker_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    kinds = ("*.py", "py.typed", "*.j2")
    assert held == {imported_as(p).as_posix() for folder in FOLDERS for kind in kinds for p in real_files(folder, kind)}


def test_the_installed_wheel_predicts_a_number_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    python = tmp_path / "venv" / "bin" / "python"
    run([sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", wheel], tmp_path)
    # The dependencies are those of this environment: a path line, so that its own .pth files (an editable regimes) stay unread.
    packages = Path(run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], tmp_path).strip())
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    where = run([python, "-c", "import regimes.numerics; print(regimes.numerics.__file__)"], tmp_path)
    assert Path(where.strip()).is_relative_to(packages)
    command: list[str | Path] = [
        tmp_path / "venv" / "bin" / "regimes",
        "predict",
        "gaussian",
        "collapse-time",
        "alpha=0.25",
        "sigma=1",
        "--json",
    ]
    (row,) = json.loads(run(command, tmp_path))
    # alpha = I(t) with I = log(1 + e^{-2t}/Delta_t)/2 is solved by e^{-2t} = 1 - e^{-2 alpha}; here t = 0.466376...
    assert row["value"].startswith("0.466376")
