"""Things this project does without, and agreements between its files."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import regimes

pytestmark = pytest.mark.quick

ROOT = Path(__file__).parents[2]
FOLDERS = ("regimes", "theory", "numerics", "validate")
FORBIDDEN_CALLS = {"eval", "exec", "parse_expr", "parse_latex"}
BROAD = {"Exception", "BaseException"}
FORBIDDEN_MODULES = {"pickle", "cloudpickle", "dill", "marshal", "shelve"}
ALLOWED = {"numerics/codegen/generate.py": "exec() can run text as code"}  # loads the source it has just generated
README_COMMAND = re.compile(r"```sh\n(python3 -m venv .*)\n```")


def sources(*folders: str) -> list[Path]:
    """Python files below top-level folders, not through the symlinks."""
    walks = (walk for folder in folders for walk in os.walk(ROOT / folder))
    return sorted(Path(top, name) for top, _, names in walks for name in names if name.endswith(".py"))


def words(node: ast.AST) -> set[str]:
    """Every name in an expression."""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def complaints(source: str) -> Iterator[str]:
    """What a file of the packages must not hold, with its line."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.ExceptHandler(type=caught, body=body) if caught is None or BROAD & words(caught):
                if not (isinstance(body[-1], ast.Raise) and body[-1].exc is None):
                    yield f"line {node.lineno}: a broad except that does not raise again"
            case ast.Call(func=ast.Name(id="suppress") | ast.Attribute(attr="suppress"), args=caught) if any(
                BROAD & words(e) for e in caught
            ):
                yield f"line {node.lineno}: a broad except that does not raise again"
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(value=ast.Name(id="builtins"), attr=name)) if name in FORBIDDEN_CALLS:
                yield f"line {node.lineno}: {name}() can run text as code"
            case ast.Call(func=ast.Name(id="sympify") | ast.Attribute(attr="sympify" | "S"), keywords=keywords):
                if not any(k.arg == "strict" and isinstance(k.value, ast.Constant) and k.value.value is True for k in keywords):
                    yield f"line {node.lineno}: sympify without strict=True runs text as code"
            case ast.Import(names=names) if any(a.name.split(".")[0] in FORBIDDEN_MODULES for a in names):
                yield f"line {node.lineno}: unpickling runs code"
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in FORBIDDEN_MODULES:
                yield f"line {node.lineno}: unpickling runs code"
            case ast.keyword(arg="allow_pickle", value=ast.Constant(value=True)):
                yield f"line {node.lineno}: unpickling runs code"
            case ast.Attribute(value=ast.Attribute(value=ast.Name(id="np" | "numpy"), attr="random"), attr=attr):
                if attr[0].islower() and attr != "default_rng":
                    yield f"line {node.lineno}: np.random.{attr} draws from the global generator"
            case ast.ImportFrom(module="numpy.random", names=names):
                if any(a.name[0].islower() and a.name != "default_rng" for a in names):
                    yield f"line {node.lineno}: np.random draws from the global generator"


@pytest.mark.parametrize("path", sources(*FOLDERS), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_a_module_holds_nothing_that_is_forbidden(path: Path) -> None:
    allowed = ALLOWED.get(path.relative_to(ROOT).as_posix(), "nothing")
    assert [c for c in complaints(path.read_text(encoding="utf-8")) if allowed not in c] == []


@pytest.mark.parametrize(
    "source",
    [
        "sp.sympify(text)",
        "sympify(text, strict=False)",
        "try:\n    f()\nexcept Exception:\n    pass",
        "try:\n    f()\nexcept:\n    return",
        "try:\n    f()\nexcept (OSError, Exception):\n    return",
        "with contextlib.suppress(Exception):\n    f()",
        "builtins.eval(text)",
        "from pickle import loads",
        "np.load(file, allow_pickle=True)",
        "from numpy.random import seed",
        "eval(text)",
        "exec(text)",
        "import pickle",
        "np.random.seed(0)",
        "np.random.normal(size=3)",
    ],
)
def test_forbidden_things_are_found(source: str) -> None:
    assert len(list(complaints(source))) == 1


def test_ci_ends_with_the_test_command_of_the_readme() -> None:
    _, tests = README_COMMAND.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1] == tests


@pytest.mark.parametrize(
    "words",
    ["set -euo pipefail", "--resolution lowest-direct", "-m pytest -q -m quick", "python_of_version 3.13", "-p tests.longdouble_is_double"],
)
def test_ci_takes_the_first_look_in_every_surrounding(words: str) -> None:
    assert words in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_first_look_without_longdouble_is_one() -> None:
    code = "import tests.longdouble_is_double, numpy as np; assert np.finfo(np.longdouble).eps == np.finfo(np.float64).eps"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_the_readme_has_the_main_job_in_one_command() -> None:
    main_job, _ = README_COMMAND.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert main_job.endswith("regimes check --budget quick -o report")


def test_one_version_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == regimes.__version__
    assert f"version: {regimes.__version__}" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"## {regimes.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
