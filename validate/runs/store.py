"""Run jobs in worker processes, keep every finished one, resume, read.

A batch is the unit: an .npz written whole or not at all. What is on disk and intact is never computed
again, so a run that was killed ends, started again, with the bits of an undisturbed one. Every batch is computed in a
worker process with one BLAS thread, whatever the number of workers, and results are joined in batch order.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import zipfile
import zlib
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from regimes.terminal import Callback
from regimes.theory.errors import InputError, RegimesError
from regimes.validate.runs.experiment import Arrays, Experiment

PATIENCE = 3
"""Deaths of worker processes that one call of `run` survives."""


class SimulationError(RegimesError):
    """A simulation could not be carried out. Finished batches stay on disk; the same command goes on from there."""


class Job(NamedTuple):
    """What a worker does: its name, the request as JSON, and the file that holds the arrays afterwards."""

    what: str
    request: str
    path: Path


def run(
    experiments: Sequence[Experiment],
    folder: Path,
    *,
    workers: int | None = None,
    progress: Callback | None = None,
    measures: str = "regimes.validate.runs.measurements",
) -> list[Arrays]:
    """Compute what is missing of `experiments` under `folder`, then read everything.

    Parameters
    ----------
    experiments : sequence
        Each has its own folder, named by its key.
    folder : Path
        Created if need be.
    workers : int, optional
        Number of processes; by default the number of cores this process may use. It does not change the results.
    progress : callable, optional
        Called after every batch.
    measures : str
        Module whose import registers the measurements.

    Returns
    -------
    list of dict
        For every experiment its arrays, joined over batches along the first axis.

    Raises
    ------
    SimulationError
        A measurement failed, or workers died more than `PATIENCE` times.
    """
    if workers is not None and workers < 1:
        raise InputError(f"{workers} workers cannot compute anything; give a whole number from 1 on")
    missing: list[Job] = []
    distinct = list(dict.fromkeys(experiments))
    for experiment in distinct:
        home = folder / experiment.key
        try:
            home.mkdir(parents=True, exist_ok=True)
            (home / "experiment.json").write_text(experiment.json + "\n")
        except OSError as problem:
            raise InputError(f"cannot write under {folder} ({problem.strerror}); name a folder that can be written") from None
        _sweep(home)
        missing += [_job(experiment, batch, path) for batch, path in _paths(experiment, folder) if load(path) is None]
    compute(missing, workers, progress, sum(e.batches for e in distinct), measures)
    return [read(experiment, folder) for experiment in experiments]


def read(experiment: Experiment, folder: Path) -> Arrays:
    """Arrays of a finished experiment, joined in batch order."""
    batches = []
    for batch, path in _paths(experiment, folder):
        arrays = load(path)
        if arrays is None:
            raise SimulationError(
                f"batch {batch} of {experiment.measurement} is missing or damaged in {path.parent}; run the experiment again"
            )
        batches.append(arrays)
    return {name: np.concatenate([b[name] for b in batches]) for name in batches[0]}


def load(path: Path) -> Arrays | None:
    """The arrays of one batch, or None if the file is missing, cut short or damaged (every member carries a checksum)."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error):
        return None


def _paths(experiment: Experiment, folder: Path) -> list[tuple[int, Path]]:
    return [(i, folder / experiment.key / f"batch-{i:05d}.npz") for i in range(experiment.batches)]


class _Worker:
    """A worker process that does one job at a time."""

    def __init__(self, measures: str) -> None:
        single = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1")
        environment = {**os.environ, **single, "PYTHONPATH": os.pathsep.join(os.path.abspath(p) for p in sys.path)}
        # -P: a file in the working folder must not shadow a module. A session of its own: Ctrl-C reaches the parent alone.
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "regimes.validate.runs.worker", measures],
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._complaints: deque[str] = deque(maxlen=20)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        self._complaints.extend(line.rstrip() for line in self.process.stderr)

    def do(self, job: Job) -> bool:
        """Whether the job's batch is on disk; if not, the process is dead."""
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps({"request": job.request, "path": str(job.path.absolute())}) + "\n")
            self.process.stdin.flush()
            return self.process.stdout.readline() == "done\n"
        except (OSError, ValueError):
            return False

    def kill(self) -> None:
        """End the process; the thread that waits for its reply reads the end of the pipe."""
        self.process.kill()

    def bury(self) -> tuple[int, str]:
        """Exit status (negative: killed by that signal) and last words of a process that is dead or dying."""
        status = self.process.wait()
        self._listener.join()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):  # a job that was never read
                    pipe.close()
        return status, self._complaints[-1] if self._complaints else f"exit status {status}"


class _Crew:
    """Threads that each look after one worker, hand it jobs and replace it when it was killed."""

    def __init__(self, jobs: Sequence[Job], workers: int, measures: str) -> None:
        self.news: queue.SimpleQueue[Job | str] = queue.SimpleQueue()
        """A job that is done, or the text of a failure."""
        self._measures = measures
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        for job in jobs:
            self._jobs.put(job)
        self._lock = threading.Lock()
        self._workers: set[_Worker] = set()
        self._deaths = 0
        self._over = False
        self._threads = [threading.Thread(target=self._attend, daemon=True) for _ in range(min(workers, len(jobs)))]
        for thread in self._threads:
            thread.start()

    def _hire(self) -> _Worker | None:
        with self._lock:
            if self._over:
                return None
            worker = _Worker(self._measures)
            self._workers.add(worker)
            return worker

    def _attend(self) -> None:
        worker = self._hire()
        while worker is not None:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                worker.kill()
                worker.bury()
                return
            if worker.do(job):
                self.news.put(job)
                continue
            status, words = worker.bury()
            with self._lock:
                self._workers.discard(worker)
                self._deaths += 1
                deaths = self._deaths
            if status > 0:  # an exception in the measurement: it would come again
                self.news.put(f"{job.what}{_place(job)}: {words}")
                return
            if deaths > PATIENCE:
                self.news.put(f"worker processes were killed {deaths} times (out of memory?): {words}")
                return
            self._jobs.put(job)
            worker = self._hire()

    def dismiss(self) -> None:
        """End every process and thread."""
        with self._lock:
            self._over = True
            for worker in self._workers:
                worker.kill()
        for thread in self._threads:
            thread.join()


def compute(
    jobs: Sequence[Job], workers: int | None, progress: Callback | None, total: int, measures: str = "regimes.validate.runs.measurements"
) -> None:
    """Do all jobs, in any order; `total` counts those too that are done already."""
    if not jobs:
        return
    crew = _Crew(jobs, workers or _cores(), measures)
    try:
        for done in range(total - len(jobs) + 1, total + 1):
            news = crew.news.get()
            if isinstance(news, str):
                raise SimulationError(f"{news}; finished batches are kept, the same command goes on from there")
            if progress is not None:
                progress(news.what, done, total)
    finally:  # on Ctrl-C too: no process and no half-written file outlives this call
        crew.dismiss()
        for home in {job.path.parent for job in jobs}:
            _sweep(home)


def _job(experiment: Experiment, batch: int, path: Path) -> Job:
    return Job(experiment.measurement, json.dumps({"experiment": experiment.json, "batch": batch}), path)


def _place(job: Job) -> str:
    batch = json.loads(job.request).get("batch")
    return "" if batch is None else f", batch {batch}"


def _sweep(home: Path) -> None:
    for leftover in home.glob("*.tmp"):
        leftover.unlink(missing_ok=True)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
