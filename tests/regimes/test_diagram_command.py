"""`regimes diagram` as its users meet it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regimes.cli import main

PLANE = "diagram gaussian sigma=0.5:2:4 t=0.1:2:5 alpha=0.3"
Capture = pytest.CaptureFixture[str]


def answer(command: str, capsys: Capture) -> tuple[int, str, str]:
    status = main(command.split())
    return status, *capsys.readouterr()


def closed(sigma: float) -> float:
    return float(0.5 * np.log1p(sigma**2 / np.expm1(0.6)))


def test_without_a_file_a_table_is_printed(capsys: Capture) -> None:
    status, out, err = answer(PLANE, capsys)
    lines = [line.split() for line in out.splitlines()]
    assert status == 0
    assert lines[0] == ["sigma", "collapse-time", "condensation-time", "accuracy-time", "onset-time"]
    assert [float(line[1]) for line in lines[1:]] == pytest.approx([closed(s) for s in (0.5, 1, 1.5, 2)], rel=1e-9)
    assert err.splitlines()[-1] == "[5/5] rsb-parameter"


def test_json_is_printed_without_progress(capsys: Capture) -> None:
    status, out, err = answer(f"{PLANE} --json", capsys)
    assert (status, err) == (0, "")
    assert json.loads(out)["quantities"]["collapse-time"]["value"] == pytest.approx([closed(s) for s in (0.5, 1, 1.5, 2)], rel=1e-11)


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf", "json", "npz", "csv"])
def test_a_file_is_written_by_its_suffix(suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.chdir(tmp_path)
    assert answer(f"{PLANE} -o a.{suffix}", capsys)[:2] == (0, f"written to a.{suffix}\n")
    assert [path.name for path in tmp_path.iterdir()] == [f"a.{suffix}"]
    assert (tmp_path / f"a.{suffix}").stat().st_size > 300


def test_a_family_and_its_choice(capsys: Capture) -> None:
    status, out, _ = answer("diagram spectrum kind=linear-manifold ratio=0.2:0.8:3 alpha=0.1,0.3 --json", capsys)
    assert status == 0
    assert json.loads(out)["model"] == "spectrum-linear-manifold"


def test_what_does_not_exist_is_said_below_the_table(capsys: Capture) -> None:
    status, out, _ = answer("diagram product-rademacher sigma=0.5,1 alpha=0.3,0.8", capsys)
    rows = [line.split() for line in out.splitlines()]
    assert status == 0
    assert rows[2][:2] == ["0.3", "1"]
    snr = 1 / np.expm1(2 * float(rows[2][2]))
    z = np.linspace(-12, 12, 2401)  # I = snr - E log cosh(snr + sqrt(snr) z), by the trapezoid rule
    log_cosh = np.sum(np.exp(-(z**2) / 2) * np.log(np.cosh(snr + np.sqrt(snr) * z))) * 0.01 / np.sqrt(2 * np.pi)
    assert snr - log_cosh == pytest.approx(0.3, rel=1e-8)
    assert rows[3][2:] == ["-", "-", "-"]
    assert "collapse-time: none at 2 of 4 points: alpha is at least the entropy" in out


def test_a_value_that_could_not_be_computed_is_status_1(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    from regimes.numerics.predict import predict as whole

    def predict(model: Any, quantity: str, **values: Any) -> Any:
        found = whole(model, quantity, **values)
        first = np.arange(found.value.size).reshape(found.value.shape) == 0
        return replace(
            found, value=np.where(first, np.nan, found.value), status=np.where(first, "failed", found.status),
            reason=np.where(first, "no digits", found.reason),
        )  # fmt: skip

    monkeypatch.setattr("regimes.validate.diagram.predict", predict)
    status, out, _ = answer(PLANE, capsys)
    assert status == 1
    assert "collapse-time: failed at 1 of 4 points: no digits" in out


BAD = {
    "diagram": "MODEL",
    "diagram gausian alpha=1:2:3 t=1:2:3": "did you mean gaussian",
    "diagram gaussian": "a diagram needs two ranges, not 0",
    "diagram gaussian alpha=0.1:1:5": "two axes NAME=lo:hi:count out of sigma, alpha, t, d, n",
    "diagram gaussian alpha=1:2:3 t=1:2:3 sigma=1:2:3": "not 3 (alpha, t, sigma)",
    "diagram gaussian alpha=1:2:3 t=1:2": "lo:hi:count",
    "diagram gaussian alpha=1:2:3 t=0:2:3": "0 < t",
    "diagram gaussian alpha=1:2:3 t=2:1:3": "in increasing order",
    "diagram gaussian alpha=1:2:3 lam=1:2:3": "'lam'",
    "diagram gaussian alpha=1:2:3 t=1:2:3 x=1": "'x'",
    "diagram gaussian alpha=1:2:3 t=1:2:3 model=1": "'model'",
    "diagram gaussian alpha=1:2:3 t=1:2:3 sigma=wide": "sigma=wide is not a number",
    "diagram gaussian alpha=1:2:3 t=1:2:3 definition=snr,cloning": "is not one name",
    "diagram gaussian alpha=1:2:3 t=1:2:3 definition=2": "is not one name",
    "diagram gaussian alpha=1:2:3 t=1:2:3 definition=snr": "gaussian has one class",
    "diagram gaussian alpha=1:2:3 t=1:2:3 -o a.jpg": "a picture ends in .svg, .png, .pdf",
    "diagram gaussian alpha=1:2:3 t=1:2:3 -o missing/a.png": "there is no folder missing",
    "diagram gaussian alpha=1:2:3 t=1:2:3 -o .": "it is a folder",
    "diagram product alpha=1:2:3 t=1:2:3": "product needs prior",
    "diagram random-energy-model beta=1:2:3 variance=1:2:3": "no collapse time",
}


@pytest.mark.parametrize("command", BAD)
def test_bad_input_is_answered_in_one_line_before_anything_is_computed(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def computed(*words: Any, **values: Any) -> Any:
        raise AssertionError("computed")

    monkeypatch.setattr("regimes.validate.diagram.predict", computed)
    monkeypatch.chdir(tmp_path)
    status, out, err = answer(command, capsys)
    assert (status, out) == (2, "")
    assert err.startswith("regimes: ")
    assert err.count("\n") == 1
    assert BAD[command] in err
    assert list(tmp_path.iterdir()) == []
