"""What is on disk is whole, what is missing is computed, and nobody can tell how many workers there were."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regimes.theory.errors import InputError
from regimes.theory.laws import GaussianClusters
from regimes.validate.runs import store
from regimes.validate.runs.experiment import Experiment
from regimes.validate.runs.store import PATIENCE, SimulationError, load, read
from regimes.validate.runs.worker import write_arrays

LAW = GaussianClusters((1.0,), ((),), 1.0)
COIN = Experiment("coin", LAW, seed=1, batches=6, groups=40, samples=1, d=300)


@pytest.fixture(autouse=True)
def _measures_are_importable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    notes = tmp_path / "notes"
    notes.mkdir()
    monkeypatch.setenv("REGIMES_TEST_NOTES", str(notes))


def run(experiments: list[Experiment], folder: Path, **options: Any) -> list[Any]:
    return store.run(experiments, folder, measures="measures_for_tests", **options)


def bits(folder: Path) -> dict[str, Any]:
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_files_and_results_do_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    results = [run([COIN], tmp_path / str(w), workers=w)[0] for w in (1, 2, 3)]
    assert bits(tmp_path / "1") == bits(tmp_path / "2") == bits(tmp_path / "3")
    for other in results[1:]:
        np.testing.assert_array_equal(other["gram"], results[0]["gram"])
    assert results[0]["value"].shape == (6 * 40,)


def test_results_are_joined_in_batch_order(tmp_path: Path) -> None:
    (arrays,) = run([COIN], tmp_path, workers=2)
    files = sorted((tmp_path / COIN.key).glob("*.npz"))
    np.testing.assert_array_equal(arrays["value"], np.concatenate([(load(f) or {})["value"] for f in files]))


def test_finished_batches_are_not_touched_and_damaged_ones_are_redone(tmp_path: Path) -> None:
    run([COIN], tmp_path, workers=1)
    whole = bits(tmp_path)
    files = sorted((tmp_path / COIN.key).glob("*.npz"))
    files[0].unlink()
    files[1].write_bytes(files[1].read_bytes()[:-200])
    files[2].write_bytes(b"")
    content = bytearray(files[3].read_bytes())
    content[400] ^= 1  # one flipped bit among the numbers
    files[3].write_bytes(content)
    kept = {f: f.stat().st_mtime_ns for f in files[4:]}
    seen = []
    run([COIN], tmp_path, workers=1, progress=lambda *news: seen.append(news))
    assert bits(tmp_path) == whole
    assert seen == [("coin", k, 6) for k in (3, 4, 5, 6)]
    assert {f: f.stat().st_mtime_ns for f in files[4:]} == kept


def test_leftovers_of_a_killed_writer_are_cleaned(tmp_path: Path) -> None:
    run([COIN], tmp_path, workers=1)
    (tmp_path / COIN.key / "batch-00001.npz.123.tmp").write_bytes(b"half")
    run([COIN], tmp_path, workers=1)
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_batch_that_could_not_be_written_whole_does_not_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(file: Any, **arrays: Any) -> None:
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", half)
    with pytest.raises(OSError, match="disk full"):
        write_arrays(tmp_path / "batch.npz", {"x": np.zeros(3)})
    assert not (tmp_path / "batch.npz").exists()


def test_killed_workers_are_replaced_and_leave_no_trace_in_the_results(tmp_path: Path) -> None:
    killed = replace(COIN, measurement="suicide", times=(1.0, 4.0))
    undisturbed = replace(COIN, measurement="suicide")
    (a,), (b,) = run([killed], tmp_path, workers=2), run([undisturbed], tmp_path, workers=2)
    np.testing.assert_array_equal(a["value"], b["value"])


def test_a_batch_that_always_kills_its_worker_ends_in_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match=rf"killed {PATIENCE + 1} times.*the same command goes on"):
        run([replace(COIN, measurement="suicide", times=(2.0,), scheme="always")], tmp_path, workers=2)


def test_an_error_in_a_measurement_is_told_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match="mistake, batch 0: ValueError: the error of batch 0"):
        run([replace(COIN, measurement="mistake")], tmp_path, workers=1)


def test_an_unfinished_experiment_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match="missing or damaged"):
        read(COIN, tmp_path)


def test_a_folder_that_cannot_be_written_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write under"):
        run([COIN], tmp_path / "file")
    with pytest.raises(InputError, match="0 workers"):
        run([COIN], tmp_path, workers=0)


SCRIPT = """
import sys
from pathlib import Path
from regimes.theory.laws import GaussianClusters
from regimes.validate.runs import store
from regimes.validate.runs.experiment import Experiment
slow = Experiment("slow-coin", GaussianClusters((1.0,), ((),), 1.0), seed=1, batches=400, groups=4, samples=1, d=3, horizon=0.2)
store.run([slow], Path(sys.argv[1]), workers=2, measures="measures_for_tests", progress=lambda *n: print(n[1], flush=True))
"""


def processes_with(text: Any) -> Any:
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if text.encode() in entry.read_bytes() and b"Z" not in (entry.parent / "stat").read_bytes().rsplit(b")", 1)[1].split()[:1]:
                found.append(int(entry.parent.name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_keeps_what_is_done_and_leaves_no_process(tmp_path: Path, blow: int) -> None:
    """The script has no __main__ guard and needs none. 400 batches of 0.2 s on two workers; struck after the third."""
    mark = f"REGIMES_TEST_MARK={tmp_path}"
    environment = {**os.environ, "REGIMES_TEST_MARK": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job is started with it ignored
    ) as process:
        assert process.stdout is not None
        for _ in range(3):
            process.stdout.readline()
        process.send_signal(blow)
        process.communicate(timeout=20)
    for _ in range(50):  # workers see the end of their input at once
        if not processes_with(mark):
            break
        time.sleep(0.1)
    assert not processes_with(mark)
    files = list(tmp_path.rglob("*.npz"))
    assert 3 <= len(files) < 400
    assert all(load(f) is not None for f in files)
    if blow == signal.SIGINT:
        assert process.returncode not in (0, None)
        assert not list(tmp_path.rglob("*.tmp"))
