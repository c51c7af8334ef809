"""Measurements so small that the machinery around them shows: registered in worker processes by the tests of the store."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from regimes.validate.runs.experiment import PATH, Arrays, Experiment, measurement


@measurement("coin")
def coin(experiment: Experiment, batch: int) -> Arrays:
    """Normal numbers and a matrix product, whose last bits depend on the number of BLAS threads."""
    x = experiment.generator(batch, PATH).normal(size=(experiment.groups, experiment.d))
    return {"value": x.mean(axis=1), "gram": (x @ x.T)[:, :3]}


@measurement("slow-coin")
def slow_coin(experiment: Experiment, batch: int) -> Arrays:
    """The same, after a while."""
    time.sleep(experiment.horizon)
    return coin(experiment, batch)


@measurement("suicide")
def suicide(experiment: Experiment, batch: int) -> Arrays:
    """Killed as by the system, the first time in every batch that `times` names, if a folder for notes is given."""
    notes = Path(os.environ["REGIMES_TEST_NOTES"])
    if batch in experiment.times and not (notes / str(batch)).exists():
        if experiment.scheme != "always":
            (notes / str(batch)).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return coin(experiment, batch)


@measurement("mistake")
def mistake(experiment: Experiment, batch: int) -> Arrays:
    """A measurement with an error in it."""
    raise ValueError(f"the error of batch {batch}")
