"""What the README and the guide show is what the program does."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from regimes.cli import COMMANDS

ROOT = Path(__file__).parents[2]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
CHECKER = doctest.OutputChecker()
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "docs/guide.md", "docs/architecture.md")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def sessions() -> list[tuple[str, str]]:
    """Commands of the README's console blocks and what they are shown to print."""
    blocks = re.findall(r"```console\n(.*?)```", text("README.md"), re.DOTALL)
    return [(command, shown) for block in blocks for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)]


@pytest.mark.parametrize(("command", "shown"), sessions(), ids=[command for command, _ in sessions()])
def test_a_command_of_the_readme_prints_what_is_shown(command: str, shown: str, tmp_path: Path) -> None:
    program, *words = shlex.split(command)
    assert program == "regimes"
    done = subprocess.run(
        [sys.executable, "-m", "regimes", *words], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert CHECKER.check_output(shown, done.stdout, FLAGS), done.stdout


def test_the_python_of_the_readme_gives_what_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    results = doctest.testfile(str(ROOT / "README.md"), module_relative=False, optionflags=FLAGS)
    assert results.attempted > 0
    assert results.failed == 0


def lines_of_code(document: str) -> list[str]:
    """Lines of the blocks of a document, fenced or indented, and its `spans`."""
    fenced = re.findall(r"^```\w*\n(.*?)^```", document, re.DOTALL | re.MULTILINE)
    rest = re.sub(r"^```\w*\n.*?^```", "", document, flags=re.DOTALL | re.MULTILINE)
    indented = re.findall(r"^ {4}(\S.*)$", rest, re.MULTILINE)
    return [*(line for block in fenced for line in block.splitlines()), *indented, *re.findall(r"`([^`]+)`", rest)]


def mistakes(document: str) -> list[str]:
    """Commands of a document that the program does not have, or not with these options."""
    found = []
    for line in lines_of_code(document):
        for command, rest in re.findall(r"(?:^|[\s/])(?<!import )regimes (?!COMMAND)([A-Za-z][\w-]*)([^|#]*)", line):
            if command not in COMMANDS:
                found.append(f"regimes {command}")
                continue
            source = Path(import_module(f"regimes.commands.{command}").__file__ or "").read_text(encoding="utf-8")
            options = re.findall(r"(?<=[ \[])--?[a-z]+", rest)
            found += [f"regimes {command} {option}" for option in options if f'"{option}"' not in source and option != "--help"]
    return found


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_in_a_document_exists_with_these_options(name: str) -> None:
    assert any("regimes " in line for line in lines_of_code(text(name)))
    assert mistakes(text(name)) == []


def test_every_command_is_in_a_document() -> None:
    shown = "\n".join(line for name in ("README.md", "docs/guide.md") for line in lines_of_code(text(name)))
    assert [command for command in COMMANDS if f"regimes {command}" not in shown] == []


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ("`regimes hierachy mixture d=4`", "regimes hierachy"),
        ("```sh\nregimes predcit gaussian\n```", "regimes predcit"),
        ("    regimes analyse data.npy", "regimes analyse"),
        ("```console\n$ regimes hierarchy mixture --linkages single\n```", "regimes hierarchy --linkages"),
        ("run `.venv/bin/regimes chekc --budget quick`", "regimes chekc"),
    ],
)
def test_a_planted_misspelling_in_a_document_is_found(planted: str, found: str) -> None:
    assert mistakes(f"The regimes of diffusion models.\n\n{planted}\n") == [found]


def test_the_guide_names_what_the_program_has() -> None:
    from regimes.theory.channel.schedules import SCHEDULES

    guide = text("docs/guide.md")
    assert [name for name in SCHEDULES if f"`{name}`" not in guide and name != "ornstein-uhlenbeck"] == []


def test_links_of_the_documents_lead_to_files() -> None:
    for name in DOCUMENTS:
        for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", text(name)):
            assert (ROOT / name).parent.joinpath(link).is_file(), f"{name}: {link}"


def test_the_model_of_the_contributing_page_is_a_model() -> None:
    import regimes as rg

    (source,) = re.findall(r"`theory/models/touching_clusters\.py`:\n\n```python\n(.*?)```", text("CONTRIBUTING.md"), re.DOTALL)
    space: dict[str, object] = {"__name__": "touching"}
    exec(compile(source, "CONTRIBUTING.md", "exec"), space)
    model = space["MODEL"]
    assert isinstance(model, rg.DataModel)
    # alpha = I(t): the cluster's information does not depend on the centres.
    ours = rg.predict(model, "collapse-time", alpha=0.3, sigma=1.2)
    assert ours.value == pytest.approx(rg.predict("gaussian", "collapse-time", alpha=0.3, sigma=1.2).value, rel=1e-12)
