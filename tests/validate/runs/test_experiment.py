"""An experiment is a value: its JSON says everything, its key follows from it, its random streams are its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import regimes.validate
from regimes.theory.errors import InputError
from regimes.theory.laws import GaussianClusters
from regimes.validate.runs.experiment import CLONE_A, CLONE_B, DATA, FORWARD, PATH, SIMULATION, START, Experiment, measurement, seed_for

LAW = GaussianClusters((0.3, 0.7), ((1.0,), (-1.0,)), 0.5)
ONE = Experiment("coin", LAW, seed=3, batches=2, groups=4, samples=5, d=6, n=7, times=(0.1, 1 / 3), horizon=2.0, steps=8, scheme="em")
OTHER: dict[str, Any] = {"measurement": "toss", "law": replace(LAW, sd=0.6), "scheme": "exponential", "times": (0.1,)}


def test_json_describes_an_experiment_completely() -> None:
    assert Experiment.from_json(ONE.json) == ONE


@pytest.mark.parametrize("field", [f.name for f in fields(Experiment)])
def test_every_field_decides_the_key(field: str) -> None:
    assert replace(ONE, **{field: OTHER.get(field, 11)}).key != ONE.key


def test_equal_experiments_have_equal_keys() -> None:
    assert Experiment.from_json(ONE.json).key == ONE.key


@pytest.mark.parametrize("text", ["", "[]", "{}", "3", ONE.json.replace('"d"', '"e"'), ONE.json.replace('"steps":8,', "")])
def test_text_that_is_no_experiment_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not an experiment"):
        Experiment.from_json(text)


def test_streams_and_batches_are_different_and_reproducible() -> None:
    draws = {(i, s): ONE.generator(i, s).random(4).tobytes() for i in range(3) for s in (DATA, START, PATH, CLONE_A, CLONE_B, FORWARD)}
    assert len(set(draws.values())) == 18
    assert ONE.generator(1, PATH).random(4).tobytes() == draws[1, PATH]


def test_streams_are_the_documented_seed_sequence() -> None:
    expected = np.random.default_rng(np.random.SeedSequence(3, spawn_key=(1, CLONE_A))).random(4)
    np.testing.assert_array_equal(ONE.generator(1, CLONE_A).random(4), expected)


def test_seeds_of_labels_differ_and_are_stable() -> None:
    assert seed_for(0, "a") == seed_for(0, "a")
    assert len({seed_for(s, x) for s in range(3) for x in "abc"}) == 9
    assert all(0 <= seed_for(s, "x") < 2**63 for s in range(20))


def test_every_file_that_decides_the_numbers_is_part_of_the_key() -> None:
    """A fresh interpreter imports the measurements; whatever it loads from this layer has to be named."""
    code = "import sys, regimes.validate.runs.measurements; print(*(m for m in sys.modules if m.startswith('regimes.validate.')))"
    loaded = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    root = Path(regimes.validate.__file__ or "").parent
    named = {path.relative_to(root).with_suffix("").as_posix() for part in SIMULATION for path in root.glob(part)}
    parts = {name.removeprefix("regimes.validate.").replace(".", "/") for name in loaded}
    assert {part for part in parts if not (root / part).is_dir()} <= named | {"runs/store"}


def test_the_source_of_a_family_from_another_package_decides_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = []
    for text in ("# one", "# other"):
        (tmp_path / "validate.py").write_text(text)
        place = ModuleType("my_package.validate")
        place.__file__ = str(tmp_path / "validate.py")
        monkeypatch.setattr("regimes.validate.runs.experiment.place_of", lambda layer, family, place=place: place)
        keys.append(ONE.key)
    assert keys[0] != keys[1]


def test_two_measurements_cannot_share_a_name() -> None:
    @measurement("only-one")
    def first(experiment: Any, batch: Any) -> Any:
        return {}

    with pytest.raises(ValueError, match="two measurements"):

        @measurement("only-one")
        def second(experiment: Any, batch: Any) -> Any:
            return {}
