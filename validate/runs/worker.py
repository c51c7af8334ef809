"""A worker process: reads jobs from standard input, one JSON object a line, computes batches and claims, writes them whole.

Started by `regimes.validate.runs.store` as ``python -m regimes.validate.runs.worker MODULE``; MODULE registers the measurements.
When its input ends, so does the process, in the middle of a batch if need be: it never outlives its parent.
"""

from __future__ import annotations

import importlib
import json
import os
import queue
import sys
import threading
from pathlib import Path
from typing import Any

from regimes.numerics.files import save_arrays
from regimes.validate.runs.experiment import MEASUREMENTS, Arrays, Experiment


def write_arrays(path: Path, arrays: Arrays) -> None:
    """Write an .npz whole or not at all; the same arrays give the same bytes."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with open(temporary, "wb") as file:
        save_arrays(file, arrays)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def _arrays(request: dict[str, Any]) -> Arrays:
    if "claim" in request:
        from regimes.validate.runs.claims import Claim, answer

        return answer(Claim(**request["claim"]))
    experiment = Experiment.from_json(request["experiment"])
    return MEASUREMENTS[experiment.measurement](experiment, request["batch"])


def serve(measures: str) -> None:
    """Answer every job with a line once its batch is on disk; a measurement that fails ends the process with its traceback."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a stray print must not look like a reply
    jobs: queue.SimpleQueue[str] = queue.SimpleQueue()

    def listen() -> None:
        for line in sys.stdin:
            jobs.put(line)
        os._exit(0)  # the parent is gone, however it went

    threading.Thread(target=listen, daemon=True).start()
    importlib.import_module(measures)
    while True:
        job = json.loads(jobs.get())
        write_arrays(Path(job["path"]), _arrays(json.loads(job["request"])))
        replies.write("done\n")
        replies.flush()


if __name__ == "__main__":
    serve(sys.argv[1])
