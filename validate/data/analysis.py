"""What an analysis of a data set found: numbers with their errors, as JSON, as text, as files."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from regimes.numerics.arrays import RealArray
from regimes.numerics.files import write_whole
from regimes.theory.errors import InputError


@dataclass(frozen=True)
class Curve:
    """A measured function of forward time.

    Attributes
    ----------
    name, method : str
        What was measured, and by which method: "forward" samples or "reverse" clones.
    times, value, error : FloatArray
        (T,) forward times, values, standard errors with everything that is known of them.
    time_step : FloatArray
        (T,) the part of the error that the finite time step leaves; zero for forward samples.
    """

    name: str
    method: str
    times: RealArray
    value: RealArray
    error: RealArray
    time_step: RealArray


@dataclass(frozen=True)
class Transition:
    """A critical time.

    Attributes
    ----------
    name, definition : str
        What it is called, and the condition that it satisfies.
    value, error : float or None
        Forward time and its standard error; the error is None where the time follows from the data without sampling.
    status, reason : str
        "ok", or "none" with the reason why it does not exist.
    """

    name: str
    definition: str
    value: float | None
    error: float | None
    status: str
    reason: str


@dataclass(frozen=True)
class Analysis:
    """What was measured on a data set.

    Attributes
    ----------
    n, d, distinct : int
        Rows and columns analysed, and how many rows differ.
    classes : tuple of (str, int)
        Name and number of rows of each class; empty without labels.
    leading_variance, total_variance : float
        Lambda, the largest eigenvalue of the covariance, and its trace.
    transitions : tuple of Transition
        Speciation times `spectral`, `noise-balance`, `spectral-curvature` and `cloning`, and the `collapse` time.
    curves : tuple of Curve
        `excess-entropy` (nats per dimension), `collapse-probability` and, with several classes, `cloning-probability`;
        by `forward` samples and, the probabilities, by `reverse` clones.
    settings : dict of str to int
        Seed and sizes of the samples.
    command, program, fingerprint : str
        What was asked, versions of what answered, SHA-256 of rows and classes.
    notices : tuple of str
        What was left out of a file, or taken although it looks like something else.
    """

    n: int
    d: int
    distinct: int
    classes: tuple[tuple[str, int], ...]
    leading_variance: float
    total_variance: float
    transitions: tuple[Transition, ...]
    curves: tuple[Curve, ...]
    settings: dict[str, int]
    command: str
    program: str
    fingerprint: str
    notices: tuple[str, ...] = ()

    def transition(self, name: str) -> Transition:
        """The transition of that name."""
        return {t.name: t for t in self.transitions}[name]

    def curve(self, name: str, method: str = "forward") -> Curve:
        """The curve of that name and method."""
        return {(c.name, c.method): c for c in self.curves}[name, method]

    @property
    def alpha(self) -> float:
        """log(n)/d, nats per dimension: what the excess entropy rises to."""
        return math.log(self.n) / self.d

    def deviations(self) -> list[float]:
        """Reverse less forward method in combined standard errors, for every number that both of them measured."""
        found: list[float] = []
        for reverse in (c for c in self.curves if c.method == "reverse"):
            forward = self.curve(reverse.name)
            here = np.searchsorted(forward.times, reverse.times)
            found += ((reverse.value - forward.value[here]) / np.hypot(reverse.error, forward.error[here])).tolist()
        return found

    def to_json(self) -> str:
        """All of it as JSON text; numbers that do not exist are null."""
        content: dict[str, Any] = {
            "command": self.command, "program": self.program, "fingerprint": self.fingerprint, "settings": self.settings,
            "notices": list(self.notices),
            "n": self.n, "d": self.d, "distinct": self.distinct, "classes": dict(self.classes), "alpha": self.alpha,
            "leading_variance": self.leading_variance, "total_variance": self.total_variance,
            "transitions": [vars(t) for t in self.transitions],
            "curves": [{k: v if isinstance(v, str) else v.tolist() for k, v in vars(c).items()} for c in self.curves],
        }  # fmt: skip
        return json.dumps(content, indent=2, allow_nan=False) + "\n"

    def rows(self) -> list[tuple[float, list[tuple[float, float] | None]]]:
        """Every time with (value, error) of each curve that was measured there."""
        places = [dict(zip(c.times.tolist(), zip(c.value.tolist(), c.error.tolist(), strict=True), strict=True)) for c in self.curves]
        return [(t, [place.get(t) for place in places]) for t in sorted({t for place in places for t in place})]

    def table(self) -> str:
        """All of it as text in columns."""
        lines = [f"{self.n} rows ({self.distinct} distinct) in {self.d} dimensions, log(n)/d = {self.alpha:.5g}"]
        lines += [f"note: {notice}" for notice in self.notices]
        if self.classes:
            lines.append("classes: " + ", ".join(f"{name} ({size})" for name, size in self.classes))
        lines += [f"largest eigenvalue of the covariance: {self.leading_variance:.6g}  (trace {self.total_variance:.6g})", ""]
        for t in self.transitions:
            value = f"none: {t.reason}" if t.value is None else f"{t.value:.6g}" if t.error is None else with_error(t.value, t.error)
            lines.append(f"{t.name:<20}{value:<20}{t.definition if t.value is not None else ''}".rstrip())
        titles = [f"{c.name} ({c.method})" for c in self.curves]
        width = max(map(len, titles)) + 2
        lines += ["", f"{'t':<10}" + "".join(title.ljust(width) for title in titles).rstrip()]
        for when, cells in self.rows():
            lines.append(f"{when:<10.5g}" + "".join((with_error(*cell) if cell else "").ljust(width) for cell in cells).rstrip())
        lines += ["", "+- one standard error, for these data: that they are a sample is in none of them"]
        return "\n".join(lines) + "\n"

    def write(self, out: str | Path) -> None:
        """Write analysis.html and analysis.json into the folder `out`, each whole or not at all."""
        from regimes.validate.pages.analysis_page import page

        folder, text = Path(out), page(self)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / "analysis.html", text)
            write_whole(folder / "analysis.json", self.to_json())
        except OSError as problem:
            raise InputError(f"cannot write into {folder} ({problem.strerror}); name a folder that can be written") from None


def with_error(value: float, error: float, sign: str = "+-") -> str:
    """Value and error, both to the error's second digit."""
    if not error > 0:
        return f"{value:.6g} {sign} 0"
    decimals = 1 - math.floor(math.log10(error))
    if 0 <= decimals <= 12 and max(abs(value), error) >= 1e-4:
        return f"{value:.{decimals}f} {sign} {error:.{decimals}f}"
    digits = 1 + decimals + math.floor(math.log10(max(abs(value), error)))
    return f"{value:.{min(digits, 15)}g} {sign} {error:.2g}"
