"""A user's file goes through every command; a hostile one is answered like any other mistake."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest

import regimes as rg
from regimes.cli import main

ROOT = Path(__file__).parents[2]
SPIKE = """\
[model]
name = "spike"
kind = "product"
[prior]
density = "exp(-sqrt(2*rho)*Abs(a))*sqrt(rho/2)"
support = [-inf, inf]
atoms = [["1 - rho", 0]]
[parameters.rho]
low = 0.0
high = 1.0
"""
LAPLACE = SPIKE.replace("exp(-sqrt(2*rho)*Abs(a))*sqrt(rho/2)", "exp(-sqrt(2)*Abs(a))/sqrt(2)").partition("atoms")[0]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with two models and a list of eigenvalues in it."""
    monkeypatch.chdir(tmp_path)
    Path("spike.toml").write_text(SPIKE)
    Path("laplace.toml").write_text(LAPLACE)
    np.save("eigenvalues.npy", [2.0, 0.5, 0.5, 0.0])
    return tmp_path


def answer(command: str, capsys: Capture) -> tuple[int, str, str]:
    status = main(command.split())
    return status, *capsys.readouterr()


def rows(command: str, capsys: Capture) -> list[dict[str, object]]:
    status, out, err = answer(f"{command} --json", capsys)
    assert (status, err) == (0, "")
    found: list[dict[str, object]] = json.loads(out)
    return found


def information_of_spike(rho: float, gamma: float) -> float:
    """I = E log P(x|a)/P(x) by mpmath, the density of the noised Laplace part in closed form: nothing shared with the program."""
    rho, gamma, c = mp.mpf(rho), mp.mpf(gamma), mp.sqrt(2 * rho)
    b = c / mp.sqrt(gamma)  # rate of sqrt(gamma) a

    def noised(x: mp.mpf) -> mp.mpf:
        tails = [mp.exp(s * b * x) * mp.ncdf(-s * x - b) for s in (1, -1)]
        return (1 - rho) * mp.npdf(x) + rho * b / 2 * mp.exp(b**2 / 2) * sum(tails)

    far = 12 + 40 / b
    entropy = mp.quad(lambda x: -noised(x) * mp.log(noised(x)), [-far, -8, -3, 0, 3, 8, far])
    return float(entropy - mp.log(2 * mp.pi * mp.e) / 2)


# -- through the commands ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rho", "t"), [(0.3, 0.1), (0.7, 0.02), (0.3, 0.8)])
def test_predict_agrees_with_the_formula_of_the_file(rho: float, t: float, folder: Path, capsys: Capture) -> None:
    (row,) = rows(f"predict ./spike.toml information rho={rho} t={t}", capsys)
    assert float(str(row["value"])) == pytest.approx(information_of_spike(rho, 1 / np.expm1(2 * t)), rel=1e-10)


def test_a_file_that_spells_a_shipped_model_predicts_the_same(folder: Path, capsys: Capture) -> None:
    ours = rows("predict laplace.toml collapse-time alpha=0.1:0.5:5 sigma=0.5", capsys)
    theirs = rows("predict product collapse-time prior=laplace alpha=0.1:0.5:5 sigma=0.5", capsys)
    joined = rows("predict product-laplace collapse-time alpha=0.1:0.5:5 sigma=0.5", capsys)
    for row, other, again in zip(ours, theirs, joined, strict=True):
        assert float(str(row["value"])) == pytest.approx(float(str(other["value"])), rel=1e-13)
        assert other == again


def test_a_spectrum_from_a_file_has_the_information_of_its_eigenvalues(folder: Path, capsys: Capture) -> None:
    (row,) = rows("predict spectrum information kind=eigenvalues.npy t=0.5 sigma=2", capsys)
    snr = 4 * np.array([2.0, 0.5, 0.5, 0.0]) / np.expm1(1.0)
    assert float(str(row["value"])) == pytest.approx(np.mean(np.log1p(snr)) / 2, rel=1e-14)


@pytest.mark.slow
def test_derive_verifies_a_file(folder: Path, capsys: Capture) -> None:
    status, out, _ = answer("derive ./spike.toml collapse", capsys)
    assert status == 0
    assert "FAILED" not in out


@pytest.mark.slow
def test_generate_writes_code_for_a_file_that_needs_nothing_else(folder: Path, capsys: Capture) -> None:
    assert answer("generate ./spike.toml information -o information.py", capsys)[0] == 0
    code = (
        "import inspect, sys; sys.path.insert(0, '.'); from information import information as f\n"
        "print(repr(float(f(*({'rho': 0.3, 'sigma': 1.0, 't': 0.1}[name] for name in inspect.signature(f).parameters)))))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) == pytest.approx(information_of_spike(0.3, 1 / np.expm1(0.2)), rel=1e-10)


def test_files_are_models_in_python(folder: Path) -> None:
    assert rg.model("spike.toml").name == "spike"
    assert rg.model("product", prior="laplace") is rg.model("product-laplace")
    found = rg.predict(rg.model("spike.toml"), "information", rho=[0.3, 0.7], t=0.1)
    assert found.value == pytest.approx([information_of_spike(rho, 1 / np.expm1(0.2)) for rho in (0.3, 0.7)], rel=1e-10)


@pytest.mark.slow
def test_a_simulation_of_a_file_agrees_with_its_prediction(folder: Path) -> None:
    assert rg.check(rg.model("laplace.toml"), budget="smoke", seed=1).agrees


# -- hostile files -------------------------------------------------------------------------------------------------------

HOSTILE = {
    "attribute": SPIKE.replace("exp(", "a.__class__("),
    "import": SPIKE.replace("exp(", "__import__('os').system('touch pwned')+exp("),
    "powers": SPIKE.replace("exp(", "9**9**9**9*exp("),
    "digits": SPIKE.replace("exp(", "exp(1000000000*log(7))*exp("),
    "nesting": SPIKE.replace("exp(", "(" * 5_000),
    "lists": SPIKE.replace("[-inf, inf]", "[\n" * 20_000),
    "integer": SPIKE.replace("[-inf, inf]", f"[0, {'9' * 7_000}]"),
    "size": SPIKE + "#" * 100_000,
}


@pytest.mark.parametrize("command", ["predict FILE information t=1", "derive FILE collapse", "generate FILE information -o out.py",
                                     "check FILE -o report", "models FILE"])  # fmt: skip
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_one_line_by_every_command(name: str, command: str, folder: Path, capsys: Capture) -> None:
    Path("hostile.toml").write_text(HOSTILE[name])
    before = sorted(os.listdir())
    began = time.process_time()
    status, out, err = answer(command.replace("FILE", "./hostile.toml"), capsys)
    assert time.process_time() - began < 1
    assert (status, out) == (2, "")
    assert err.startswith("regimes: ./hostile.toml")
    assert err.count("\n") == 1
    assert sorted(os.listdir()) == before


@pytest.mark.parametrize("target", ["/dev/zero", "pipe", "sparse"])
def test_what_never_ends_is_not_read(target: str, folder: Path) -> None:
    if target == "pipe":
        os.mkfifo("hostile.toml")
    elif target == "sparse":
        with Path("hostile.toml").open("wb") as file:
            file.truncate(2**30)
    else:
        Path("hostile.toml").symlink_to(target)
    words = [sys.executable, "-m", "regimes", "predict", "hostile.toml", "information", "t=1"]
    done = subprocess.run(words, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
