"""A new family of laws, as CONTRIBUTING.md shows it: new files only, from nothing to `check`; and the same brought by another package."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYERS = ("theory", "numerics", "validate")
PLACES = [f"{layer}/laws/sphere.py" for layer in LAYERS] + ["theory/models/sphere.py"]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SHOWN = dict(re.findall(r"`([\w/]+\.py)`:\n\n```python\n(.*?)```", PAGE, re.DOTALL))
SOURCES = {place: source for place, source in SHOWN.items() if "sphere" in place}
PACKAGE = "my_spheres"

# Chances of a mistake: each comparison of `check` is one of a run in which any fails by chance with probability 1e-3; the seed is fixed.
CHECK = """
import regimes as rg
report = rg.check("sphere", budget="smoke", seed=1, workers=1, progress=False)
print(len(report.comparisons), report.agrees, *sorted({c.quantity for c in report.comparisons}))
print(rg.check_model("sphere", examples=2))
"""


def run(words: list[str], folder: Path, path: Path) -> subprocess.CompletedProcess[str]:
    """What a command in a new process says, with the packages found in `path` before all others."""
    return subprocess.run(words, cwd=folder, env={**os.environ, "PYTHONPATH": str(path)}, capture_output=True, text=True)


def regimes(folder: Path, path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command line."""
    return run([sys.executable, "-m", "regimes", *words], folder, path)


def collapse_time(alpha: float, radius: float) -> float:
    """The entropy of x per dimension is that of a Gaussian of variance Delta + e^{-2t} r^2: alpha = log(1 + e^{-2t} r^2/Delta)/2."""
    return 0.5 * math.log1p(radius**2 / math.expm1(2 * alpha))


def rate(t: float, radius: float, energy: float) -> float:
    """Volume argument: minus the logarithm of the sine of the angle at which |x - e^{-t} a|^2/(2 d Delta) is the energy."""
    signal = radius**2 / math.expm1(2 * t)
    cosine = (0.5 + signal - energy) / math.sqrt(signal * (1 + signal))
    return -0.5 * math.log(1 - cosine**2)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages with the new files."""
    copy = tmp_path_factory.mktemp("tree")
    for name in ("regimes", *LAYERS):
        shutil.copytree(ROOT / name, copy / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for place, source in SOURCES.items():
        assert not (copy / place).exists(), f"{place} is there: a new family edits no file"
        (copy / place).write_text(source, encoding="utf-8")
    return copy


def test_the_page_shows_one_file_per_layer_and_a_model() -> None:
    assert list(SOURCES) == PLACES


def test_the_page_is_in_the_style_of_the_house(tree: Path) -> None:
    places = [str(tree / place) for place in PLACES]
    for check in (["check"], ["format", "--check"]):
        done = run([sys.executable, "-m", "ruff", *check, "--no-cache", "--config", str(ROOT / "pyproject.toml"), *places], tree, tree)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_new_family_is_described_and_predicted(tree: Path, tmp_path: Path) -> None:
    shown = regimes(tmp_path, tree, "models", "sphere")
    assert shown.returncode == 0 and "uniform on the sphere" in shown.stdout and "rate-function" in shown.stdout, shown.stderr
    for words, wanted in (
        (["collapse-time", "alpha=0.3", "radius=1.4"], collapse_time(0.3, 1.4)),
        (["rate-function", "t=0.4", "radius=1.4", "energy=0.3"], rate(0.4, 1.4, 0.3)),
        (["information", "t=0.7", "--method", "definition"], 0.5 * math.log1p(1 / math.expm1(1.4))),
    ):
        (row,) = json.loads(regimes(tmp_path, tree, "predict", "sphere", *words, "--json").stdout)
        assert float(row["value"]) == pytest.approx(wanted, rel=1e-12), words


def test_the_new_family_says_in_its_own_words_what_it_does_not_answer(tree: Path, tmp_path: Path) -> None:
    refused = regimes(tmp_path, tree, "derive", "sphere", "speciation")
    assert refused.returncode == 1 and "sphere has one class: there is nothing to tell apart" in refused.stderr
    (row,) = json.loads(regimes(tmp_path, tree, "predict", "sphere", "decoding-probability", "t=1", "n=100", "d=20", "--json").stdout)
    assert row["status"] == "none" and row["reason"] == "sphere has no exact finite size: its average over x is not written here"


def test_the_derivation_of_the_new_family_holds_and_its_predictions_agree_with_its_simulation(tree: Path, tmp_path: Path) -> None:
    derived = regimes(tmp_path, tree, "derive", "sphere", "collapse")
    assert derived.returncode == 0 and "[energy_cumulant]" in derived.stdout, derived.stderr
    done = run([sys.executable, "-c", CHECK], tmp_path, tree)
    assert done.returncode == 0, done.stderr
    count, agrees, *quantities = done.stdout.splitlines()[0].split()
    assert int(count) > 20 and agrees == "True"
    assert quantities == ["collapse-probability", "collapse-time", "dispersion", "excess-entropy", "information"]
    assert "sphere: every property holds" in done.stdout


def test_another_package_brings_the_family_and_a_model_of_it(tmp_path: Path) -> None:
    """Installed as far as Python asks: a folder on the path with the package and the entry points of its distribution."""
    (tmp_path / PACKAGE).mkdir()
    (tmp_path / PACKAGE / "__init__.py").write_text('"""Spheres."""\n')
    for place, module in zip(PLACES, (*LAYERS, "model"), strict=True):
        source = SOURCES[place].replace("regimes.theory.laws.sphere", f"{PACKAGE}.theory")
        (tmp_path / PACKAGE / f"{module}.py").write_text(source, encoding="utf-8")
    (table,) = re.findall(r"```toml\n(\[project\.entry-points.*?)```", PAGE, re.DOTALL)
    groups = tomllib.loads(table)["project"]["entry-points"]
    lines = [f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items()) for group, points in groups.items()]
    info = tmp_path / f"{PACKAGE}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("\n".join(lines))
    path = Path(f"{tmp_path}{os.pathsep}{ROOT}")
    (row,) = json.loads(regimes(tmp_path, path, "predict", "sphere", "collapse-time", "alpha=0.3", "radius=1.4", "--json").stdout)
    assert float(row["value"]) == pytest.approx(collapse_time(0.3, 1.4), rel=1e-12)
    drawn = (
        "from regimes.validate.laws import *; import regimes as rg, numpy as np; law = in_numbers(rg.model('sphere').law({'radius': 2.0}));"
    )
    drawn += "law = from_json(as_json(law)); a, _ = draw(np.random.default_rng(0), law, 3, 16); print(np.square(a).sum(axis=1))"
    done = run([sys.executable, "-c", drawn], tmp_path, path)
    assert done.stdout.split() == ["[64.", "64.", "64.]"], done.stderr  # d radius^2
