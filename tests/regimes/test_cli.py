"""The command line as its users meet it: answers, one-line complaints, exit statuses."""

from __future__ import annotations

import json
import os
import pkgutil
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, get_args

import pytest

from regimes.cli import COMMANDS, main
from regimes.commands import models
from regimes.theory.errors import DerivationError

ROOT = Path(__file__).parents[2]
HEAVY = ("numpy", "scipy", "sympy", "mpmath", "matplotlib", "rich")
PREDICT = [sys.executable, "-m", "regimes", "predict", "gaussian", "collapse-time", "alpha=0.1,0.2", "sigma=1"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty current folder that must stay empty."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    assert list(tmp_path.iterdir()) == []


def answer(command: str, capsys: Capture) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of one command line."""
    try:
        status = main(command.split())
    except SystemExit as end:  # argparse answers --help itself
        status = int(end.code or 0)
    return status, *capsys.readouterr()


# -- help and start-up -----------------------------------------------------------------------------------------------


def test_without_arguments_all_commands_are_shown_in_a_screenful(capsys: Capture) -> None:
    status, out, _ = answer("", capsys)
    assert status == 0
    assert all(f"  regimes {command} " in out for command in COMMANDS)
    assert len(out.splitlines()) <= 24
    assert answer("--help", capsys)[1] == out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_a_command_is_explained(command: str, capsys: Capture) -> None:
    status, out, err = answer(f"{command} --help", capsys)
    assert (status, err) == (0, "")
    assert out.startswith(f"usage: regimes {command} ")


def test_the_commands_are_the_files_of_their_folder() -> None:
    from regimes import commands

    found = [info.name for info in pkgutil.iter_modules(commands.__path__)]
    assert sorted(COMMANDS) == [name for name in found if hasattr(import_module(f"regimes.commands.{name}"), "run")]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_and_a_command_is_the_help_of_the_command(command: str, capsys: Capture) -> None:
    status, out, _ = answer(f"help {command}", capsys)
    assert status == 0
    assert out == answer(f"{command} --help", capsys)[1]


def test_help_alone_is_the_overview_and_of_no_command_an_error(capsys: Capture) -> None:
    assert answer("help", capsys) == answer("--help", capsys)
    assert answer("help predcit", capsys) == (2, "", "regimes: unknown command 'predcit'; did you mean predict?\n")


def test_names_in_the_help_are_those_of_the_program(capsys: Capture) -> None:
    """What is too heavy to be imported for the sake of a help text is listed in the command: the same names, here."""
    from regimes.commands import check, derive, generate, hierarchy
    from regimes.numerics.codegen.generate import RUNTIMES
    from regimes.theory.channel.schedules import SCHEDULES
    from regimes.theory.derive import KINDS
    from regimes.validate.hierarchy import Linkage
    from regimes.validate.plans.study import BUDGETS

    shown = "".join(answer("predict --help", capsys)[1].split())  # lines are broken inside words, too
    assert [name for name in SCHEDULES if name not in shown] == []
    assert {*check.BUDGETS, "smoke"} == set(BUDGETS)
    assert derive.KINDS == KINDS
    assert set(generate.TARGETS) == set(RUNTIMES)
    assert get_args(Linkage) == hierarchy.LINKAGES


@pytest.mark.parametrize("words", [[], ["--help"], *([command, "--help"] for command in COMMANDS)])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    code = f"import sys; sys.argv[1:] = {words}\ntry:\n    from regimes.cli import main; main()\nexcept SystemExit:\n    pass\n"
    code += f"sys.stderr.write(' '.join(set({HEAVY}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def processor_time(words: list[str], environment: dict[str, str], runs: int) -> float:
    """Seconds of processor time of a command, the least of several runs: the clock on the wall would show the load of the machine."""
    taken = []
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(words, env=environment, stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(taken)


@pytest.mark.parametrize("words", [["--help"], ["predict", "--help"]])
def test_help_answers_at_once(words: list[str]) -> None:
    assert processor_time([sys.executable, "-m", "regimes", *words], ENVIRONMENT, runs=7) < 0.15


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment whose cache of kernels holds one."""
    environment = {**ENVIRONMENT, "REGIMES_CACHE": str(tmp_path_factory.mktemp("cache"))}
    subprocess.run(PREDICT, env=environment, capture_output=True, check=True)
    return environment


def test_a_cached_prediction_does_not_load_sympy(warm: dict[str, str]) -> None:
    code = f"import sys; from regimes.cli import main; sys.exit(main({PREDICT[3:]}) or 'sympy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], env=warm, capture_output=True, check=True)


def test_a_cached_prediction_is_quick(warm: dict[str, str]) -> None:
    assert processor_time(PREDICT, warm, runs=5) < 0.6


def test_version_is_printed(capsys: Capture) -> None:
    import regimes

    assert answer("--version", capsys) == (0, f"regimes {regimes.__version__}\n", "")


# -- bad input -------------------------------------------------------------------------------------------------------


BAD = {
    "modls": "did you mean models?",
    "models gausian": "did you mean gaussian",
    "models --jsn": "did you mean --json?",
    "models gaussian-mixtur": "did you mean gaussian-mixture",
    "derive": "MODEL",
    "derive gaussian": "KIND",
    "derive gaussian colapse": "did you mean collapse?",
    "derive gaussain collapse": "did you mean gaussian",
    "derive gaussian collapse more": "too many arguments: 'more'",
    "derive gaussian collapse --format latx": "latex",
    "derive gaussian collapse --format": "--format",
    "derive gaussian collapse --format json --fragment": "--fragment",
    "derive gaussian collapse -o missing/file.txt": "there is no folder missing",
    "derive gaussian collapse -o .": "it is a folder",
    "derive gaussian collapse prior=laplace": "unknown choice of gaussian 'prior'; it takes none",
    "derive product collapse": "give prior=NAME, one of rademacher",
    "derive product collapse prior=lapalce": "did you mean laplace?",
    "derive product collapse prior=laplace prior=uniform": "prior is given twice",
    "predict product collapse-time alpha=1": "give prior=NAME",
    "predict product collapse-time alpha=1 prior=0.3": "unknown prior of product '0.3'",
    "predict product collapse-time alpha=1 pior=laplace": "give prior=NAME",
    "predict product-lapalce collapse-time alpha=1": "did you mean product-laplace",
    "predict missing.toml collapse-time alpha=1": "missing.toml cannot be read: No such file",
    "predict spectrum information t=1 kind=missing.npy": "missing.npy cannot be read: No such file",
    "predict spectrum information t=1 kind=missing.txt": "unknown kind of spectrum",
    "predict product information t=1 prior=missing.toml": "missing.toml cannot be read: No such file",
    "generate product information": "give prior=NAME",
    "generate product information prior=laplace t=1": "unknown choice of product 't'",
    "check prior=laplace": "stands before any model",
    "check product": "give prior=NAME",
    "models product prior=": "unknown prior of product ''",
    "predict gaussian": "QUANTITY",
    "predict gaussin collapse-time alpha=1": "did you mean gaussian",
    "predict gaussian collapse-tim alpha=1": "did you mean collapse-time",
    "predict gaussian collapse-time alhpa=1": "alpha",
    "predict gaussian collapse-time": "alpha",
    "predict gaussian collapse-time 0.1": "NAME=VALUE",
    "predict gaussian collapse-time alpha=x": "alpha=x is not a number",
    "predict gaussian collapse-time alpha=nan": "alpha=nan is not a number",
    "predict gaussian collapse-time alpha=-1": "0 < alpha",
    "predict gaussian collapse-time alpha=1 sigma=0": "0 < sigma",
    "predict gaussian collapse-time alpha=1 sigma=1,0": "0 < sigma",
    "predict gaussian collapse-time alpha=1e999": "alpha=inf",
    "predict gaussian collapse-time alpha=1:2": "lo:hi:count",
    "predict gaussian collapse-time alpha=1 alpha=2": "given twice",
    "predict gaussian collapse-time alpha=1 --digits 0": "--digits 0",
    "predict gaussian collapse-time alpha=1 --method exat": "exat",
    "predict gaussian collapse-time alpha=1 --schedule flow": "did you mean ddpm or flow-matching",
    "predict gaussian collapse-time alpha=1 schedule=ddpm --schedule ddpm": "schedule is given twice",
    "predict gaussian collapse-time alpha=1 --schedule ddpm steps=1.5": "steps=1.5 is outside its domain",
    "predict gaussian collapse-time alpha=1 --schedule ddpm steps=10,20": "steps of schedule ddpm is one number",
    "predict gaussian collapse-time alpha=1 --schedule ddpm stpes=10": "unknown parameter 'stpes'",
    "predict gaussian collapse-time alpha=1 steps=10": "unknown parameter 'steps'",
    "predict gaussian collapse-time alpha=1 --schedule ddpm --digits 20": "leave out --digits",
    "predict gaussian information t=2 --schedule flow-matching": "s=2.0 is outside its domain",
    "predict gaussian-mixture speciation-time d=100 definition=srn": "snr",
    "predict gaussian-mixture speciation-time d=100 definition=1": "definition",
    "predict gaussian-mixture collapse-time alpha=1 weight=1": "0 < weight < 1",
    "generate gaussian collapse-time --target fortran": "numpy",
    "generate gaussian colapse-time": "did you mean collapse-time",
    "generate gaussian collapse-time -o missing/file.py": "there is no folder missing",
    "check gaussian-mixtrue": "did you mean gaussian-mixture",
    "check --budget quik": "did you mean quick?",
    "check --seed -1": "--seed -1",
    "check --seed 1.5": "--seed 1.5",
    "check --workers 0": "--workers 0",
    "check -o /dev/null": "is a file",
    "analyze": "DATA",
    "analyze missing.npy": "missing.npy",
    "analyze missing.npy --classes 1": "--classes 1",
    "analyze missing.npy --classes 1,1": "--classes 1,1",
    "analyze missing.npy --seed x": "--seed x",
}


@pytest.mark.parametrize("command", BAD)
def test_bad_input_is_answered_in_one_line_and_leaves_nothing(command: str, folder: Path, capsys: Capture) -> None:
    status, out, err = answer(command, capsys)
    assert (status, out) == (2, "")
    assert err.startswith("regimes: ")
    assert err.count("\n") == 1
    assert BAD[command] in err


# -- commands --------------------------------------------------------------------------------------------------------


def test_a_reader_that_leaves_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-m", "regimes", "models"], env=ENVIRONMENT, stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


def test_an_interrupt_ends_quietly(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def interrupted(words: Any) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(models, "run", interrupted)
    status, _, err = answer("models", capsys)
    assert status == 130
    assert err.count("\n") == 1


def test_a_file_that_cannot_be_written_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def full(words: Any) -> int:
        raise OSError(28, "No space left on device", "out.txt")

    monkeypatch.setattr(models, "run", full)
    assert answer("models", capsys) == (2, "", "regimes: out.txt: No space left on device\n")


def put(monkeypatch: pytest.MonkeyPatch, name: str, **attributes: Any) -> None:
    """Stand a module with these attributes in the place of another."""
    module = ModuleType(name)
    vars(module).update(attributes)
    monkeypatch.setitem(sys.modules, name, module)


def test_a_failed_step_is_printed_with_both_values_and_status_1(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    import sympy as sp

    from regimes.theory.derivations import Derivation, Step

    x = sp.Symbol("x", positive=True)
    planted = Step("doubled", "twice x is three times x", "planted", 2 * x, 3 * x, 3 * x)
    derivation = Derivation("gaussian", "collapse", "planted", {x: (1, 2)}, steps=(planted,))
    put(monkeypatch, "regimes.theory.derive", derive=lambda model, kind: derivation)
    status, out, err = answer("derive gaussian collapse", capsys)
    assert status == 1
    (line,) = [line for line in err.splitlines() if line.startswith("regimes: ")]
    assert "'doubled'" in line
    point = float(re.search(r"x=([0-9.]+)", line)[1])  # type: ignore[index]
    left, right = (float(re.search(rf"{side} ([0-9.]+)", line)[1]) for side in ("left", "right"))  # type: ignore[index]
    assert (left, right) == pytest.approx((2 * point, 3 * point), rel=1e-5)  # six digits are printed
    assert "doubled" in out


def test_a_rule_that_does_not_apply_is_a_failed_derivation(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def derive(model: Any, kind: str) -> Any:
        raise DerivationError("complete_square: not quadratic in z")

    put(monkeypatch, "regimes.theory.derive", derive=derive)
    assert answer("derive gaussian collapse", capsys) == (1, "", "regimes: gaussian collapse: complete_square: not quadratic in z\n")


@pytest.mark.parametrize(("agrees", "expected"), [(True, 0), (False, 1)])
def test_disagreement_is_the_exit_status_of_check(
    agrees: bool, expected: int, monkeypatch: pytest.MonkeyPatch, capsys: Capture, folder: Path
) -> None:
    def check(chosen: Any, **options: Any) -> Any:
        called.append(([model.name for model in chosen], options.pop("budget"), options.pop("seed"), options.pop("workers")))
        return SimpleNamespace(agrees=agrees, table=lambda: "a table", to_json=lambda: '{"agrees": true}')

    called: list[Any] = []
    put(monkeypatch, "regimes.validate.check", check=check)
    status, out, _ = answer("check --seed 7 gaussian --workers 3 --budget standard", capsys)
    assert status == expected
    assert ("DISAGREE" in out) is not agrees
    assert answer("check --json", capsys) == (expected, '{"agrees": true}\n', "")
    from regimes.theory.model import all_models

    assert called == [(["gaussian"], "standard", 7, 3), (list(all_models()), "quick", 0, None)]
    answer("check product prior=laplace gaussian product-laplace spectrum kind=atoms gaussian", capsys)
    assert called[-1][0] == ["product-laplace", "gaussian", "spectrum-atoms"]  # each once


def test_the_choice_of_a_family_may_stand_before_the_quantity(capsys: pytest.CaptureFixture[str]) -> None:
    answers = []
    for words in ("product prior=ternary information rho=0.3 t=0.4", "product information t=0.4 rho=0.3 prior=ternary"):
        assert main(["predict", *words.split(), "--json"]) == 0
        answers.append(json.loads(capsys.readouterr().out))
    assert answers[0][0]["value"] == answers[1][0]["value"]


def test_times_of_a_schedule_are_printed_with_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    """|m|^2 = d mu^2 and flow matching: 1 - s = 1/(1 + sqrt(d mu^2 - sigma^2)); ten steps of DDPM end before any speciation."""
    words = "gaussian-mixture speciation-time d=64 sigma=2 definition=snr"
    assert main(["predict", *words.split(), "--schedule", "flow-matching", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["parameters"]["schedule"] == "flow-matching" and row["status"] == "ok"
    assert 1 - float(row["value"]) == pytest.approx(1 / (1 + 60**0.5), rel=1e-13)
    assert main(["predict", *words.split(), "--schedule", "ddpm", "steps=10", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["parameters"]["steps"] == 10 and row["status"] == "none" and row["reason"].startswith("schedule ddpm ends at t = ")
    assert main(["predict", *words.split(), "schedule=ddpm,variance-exploding"]) == 0
    assert "variance-exploding" in capsys.readouterr().out
