"""An experiment: everything that decides the numbers of a simulation, and nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regimes.theory.errors import InputError
from regimes.theory.law import Law, place_of
from regimes.validate.laws import as_json, from_json

DATA, START, PATH, CLONE_A, CLONE_B, FORWARD = range(6)
"""Streams of random numbers of one batch: data, starting point, trajectory, first and second clone, forward path."""

Arrays = dict[str, NDArray[Any]]
Measure = Callable[["Experiment", int], Arrays]


@dataclass(frozen=True)
class Experiment:
    """One simulation, as a value.

    Attributes
    ----------
    measurement : str
        Name of the measurement (a function registered with `measurement`).
    law : Law
        Law of the data, in numbers (`regimes.validate.laws.in_numbers`).
    seed : int
        Whole number >= 0; batch i draws from ``SeedSequence(seed, spawn_key=(i, stream))``.
    batches : int
        Number of batches, the units that are computed, written and resumed.
    groups : int
        Independent units in one batch (data sets, or bundles of trajectories).
    samples : int
        Samples in one group.
    d, n : int
        Dimension, and number of data points (0: the population law).
    times : tuple
        Forward times at which something is measured; inverse temperatures of random energies.
    horizon, steps : float or int
        Forward time at which the reverse process starts, and its number of time steps.
    scheme : str
        Integrator, or another variant of the measurement.
    """

    measurement: str
    law: Law
    seed: int
    batches: int
    groups: int
    samples: int
    d: int
    n: int = 0
    times: tuple[float, ...] = ()
    horizon: float = 0.0
    steps: int = 0
    scheme: str = ""

    @property
    def json(self) -> str:
        """The experiment as canonical JSON: sorted keys, no blanks, numbers in their shortest exact form."""
        entries = {f.name: getattr(self, f.name) for f in fields(self)} | {"law": as_json(self.law)}
        return json.dumps(entries, sort_keys=True, separators=(",", ":"), allow_nan=False)

    @property
    def key(self) -> str:
        """Name of its folder: measurement and SHA-256 prefix of the experiment and of the program that runs it."""
        digest = hashlib.sha256(f"{self.json}\n{program()}{_brought(self.law.family)}".encode()).hexdigest()
        return f"{self.measurement}-{digest[:16]}"

    def generator(self, batch: int, stream: int) -> np.random.Generator:
        """Random numbers of one stream of one batch; independent of all others, whoever computes them and when."""
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(batch, stream)))

    @classmethod
    def from_json(cls, text: str) -> Experiment:
        """The experiment that `json` describes; `InputError` if it does not describe one."""
        try:
            entries = json.loads(text)
            law = from_json(entries.pop("law"))
            entries["times"] = tuple(entries["times"])
            if set(entries) != {f.name for f in fields(cls)} - {"law"}:
                raise ValueError(f"fields {sorted(entries)}")
            return cls(law=law, **entries)
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise InputError(f"not an experiment ({problem}); expected the JSON object that Experiment.json writes") from None


MEASUREMENTS: dict[str, Measure] = {}
"""Name -> measurement of one batch: arrays whose first axis counts the batch's groups."""


def measurement(name: str) -> Callable[[Measure], Measure]:
    """Register a function ``(experiment, batch index) -> arrays`` as the measurement of that name."""

    def register(measure: Measure) -> Measure:
        if name in MEASUREMENTS and MEASUREMENTS[name].__qualname__ != measure.__qualname__:
            raise ValueError(f"two measurements are called {name!r}")
        MEASUREMENTS[name] = measure
        return measure

    return register


def seed_for(seed: int, label: str) -> int:
    """Seed of the experiment `label` in a run with one `seed`: differently labelled experiments share no numbers."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{label}".encode()).digest()[:8], "big") >> 1


@cache
def program() -> str:
    """What computes the numbers: versions of NumPy and SciPy, digest of the simulation's source.

    Part of every key, so that batches of an older program are never mistaken for this one's.
    """
    digest = hashlib.sha256()
    root = Path(__file__).parents[1]
    for path in sorted(p for part in SIMULATION for p in root.glob(part)):
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return f"{versions()}, simulation {digest.hexdigest()[:12]}"


def _brought(family: str) -> str:
    """Digest of the source of a family that another package brings; nothing for one of this package, which `program` covers."""
    place = place_of("validate", family)
    if place is None or place.__name__.startswith("regimes.") or place.__file__ is None:
        return ""
    files = sorted(Path(place.__file__).parent.rglob("*.py"))
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()


def versions() -> str:
    """Versions of NumPy and SciPy."""
    import scipy

    return f"numpy {np.__version__}, scipy {scipy.__version__}"


SIMULATION = ("laws/**/*.py", "simulation/*.py", "runs/experiment.py", "runs/measurements.py", "runs/class_measurements.py")
"""Files whose code decides the numbers."""
