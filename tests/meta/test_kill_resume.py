"""Killed at any moment and started again, a check ends with the bits of an undisturbed one, whatever the number of workers."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

# It does not matter here what the theory says, only that simulation, table and figures are the same again.
SCRIPT = """
import sys
import numpy as np
from regimes.numerics.estimate import Estimate
from regimes.validate.check import check

def predict(model, quantity, **given):
    shape = np.shape(given.get("t", 0.0))
    words = np.full(shape, "")
    return Estimate(np.full(shape, 0.4), np.zeros(shape), np.full(shape, "ok"), words, "none", {}, words)

check("gaussian", budget="smoke", seed=3, workers=int(sys.argv[1]), out=sys.argv[2], predict=predict)
"""


def start(workers: Any, out: Any) -> Any:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(workers), str(out)], env=environment, start_new_session=True, stderr=subprocess.PIPE, text=True
    )


def finish(workers: Any, out: Any) -> Any:
    with start(workers, out) as process:
        _, complaints = process.communicate(timeout=120)
    assert process.returncode == 0, complaints
    return bits(out)


def bits(out: Any) -> Any:
    return {str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(out.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    out = tmp_path_factory.mktemp("undisturbed")
    begun = time.monotonic()
    return finish(2, out), time.monotonic() - begun


@pytest.mark.parametrize("workers", [1, *(pytest.param(count, marks=pytest.mark.slow) for count in (2, 4))])
def test_a_killed_check_resumes_to_the_same_bits(tmp_path: Path, undisturbed: Any, workers: int) -> None:
    """The moment is random within the run of two workers (seeded by the number of workers); all files are compared."""
    whole, duration = undisturbed
    assert {"report.html", "comparisons.json"} <= set(whole)
    with start(workers, tmp_path) as process:
        time.sleep(random.Random(workers).uniform(0.3, 0.9) * duration)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert finish(workers, tmp_path) == whole
