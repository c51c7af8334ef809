"""The hierarchy of nested classes: its times against closed forms, and as JSON, table and picture."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

import regimes as rg
from regimes.cli import main
from regimes.theory.errors import RegimesError


def test_nested_pairs_part_when_each_is_two_clusters() -> None:
    """kappa = |m|^2 e^{-2t}/Gamma of half the distance is 1 at t = log(|m|^2 + 1 - sigma^2)/2, whatever the rest."""
    found = rg.hierarchy("mixture-nested", d=400, far=2.0, near=0.5, sigma=0.8)
    times = [merge.time for merge in found.merges]
    assert [merge.union for merge in found.merges] == [(0, 1), (2, 3), (0, 1, 2, 3)]
    assert times[:2] == pytest.approx([math.log(400 * 0.25 + 1 - 0.64) / 2] * 2, abs=1e-10)
    assert times[2] == pytest.approx(math.log(400 * 4 + 1 - 0.64) / 2, abs=1e-6)


def test_a_coarser_partition_agrees_more_often_and_is_never_surer_than_one() -> None:
    found = rg.hierarchy("mixture-nested", d=400, t=[1.5, 2.5, 4.0])
    finest, middle, pairs = (row for _, row in found.cloning)
    assert [len(groups) for groups, _ in found.cloning] == [4, 3, 2]
    for fine, half, coarse in zip(finest, middle, pairs, strict=True):
        assert 0.25 < fine[0] < half[0] < coarse[0] < 1 + 1e-12


@pytest.mark.parametrize("suffix", [".png", ".json"])
def test_the_command_leaves_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["hierarchy", "mixture", "kind=simplex", "d=30", "t=1", "-o", f"h{suffix}"]) == 0
    content = Path(f"h{suffix}").read_bytes()
    assert len(content) > 500
    if suffix == ".json":
        assert json.loads(content)["merges"][0]["first"] in ([0], [1])
    assert "written" in capsys.readouterr().out


def test_classes_that_never_part_are_told_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hierarchy", "mixture", "kind=simplex", "d=2", "mu=0.1"]) == 0
    assert "stays below the level" in capsys.readouterr().out
    assert json.loads(rg.hierarchy("mixture-simplex", d=2, mu=0.1).to_json())["merges"][0]["time"] is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("gaussian d=2", "no mixture"),
        ("mixture kind=nested", "needs a dimension"),
        ("mixture kind=nested d=3,4", "only t may be a list"),
        ("mixture kind=nested d=3 foo=1", "unknown parameter 'foo'"),
        ("mixture kind=nested d=3 --linkage sngle", "did you mean single"),
        ("mixture kind=nested d=3 -o x.txt", "cannot tell what to write"),
        ("mixture kind=nested d=0.5", "d="),
    ],
)
def test_what_is_wrong_is_said_in_one_line(words: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hierarchy", *words.split()]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


def test_mixtures_only() -> None:
    with pytest.raises(RegimesError, match="no mixture"):
        rg.hierarchy("curie-weiss", d=10)
