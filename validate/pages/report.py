"""The outcome of `check`, as a table, JSON and a page."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from regimes._version import __version__
from regimes.numerics.files import write_whole
from regimes.terminal import Callback, shown
from regimes.theory.errors import InputError
from regimes.theory.model import DataModel, all_models
from regimes.validate.evidence.compare import Comparison, Curve
from regimes.validate.evidence.intervals import POWER
from regimes.validate.runs.claims import Claim, Said
from regimes.validate.runs.experiment import program

FALSE_ALARM = 1e-3
"""Probability of any false alarm in one run."""


@dataclass(frozen=True)
class Report:
    """Outcome of `check`; `write` leaves it as a page and as JSON."""

    models: tuple[DataModel, ...]
    budget: str
    seed: int
    family_error: float
    comparisons: tuple[Comparison, ...]
    curves: tuple[Curve, ...] = ()
    derived: bool = True
    """Whether the theory that was checked is the one that this program derives (the page then shows the derivations)."""
    derivations: tuple[tuple[Claim, Said], ...] | None = field(default=None, repr=False)
    """What is shown of them; derived when the page is written, if None."""

    @property
    def agrees(self) -> bool:
        """Whether every prediction agrees with its measurement."""
        return all(c.agrees for c in self.comparisons)

    @property
    def command(self) -> str:
        """The command that makes these numbers, in any folder and with any number of workers; a call where there is no such command."""
        usual = self.derived and self.family_error == FALSE_ALARM and self.budget != "smoke"  # which is for tests
        if usual and all(all_models().get(m.name) is m for m in self.models):
            return f"regimes check {' '.join(m.name for m in self.models)} --budget {self.budget} --seed {self.seed}"
        given = [f"[{', '.join(repr(m.name) for m in self.models)}]", f"budget={self.budget!r}", f"seed={self.seed}"]
        given += [f"family_error={self.family_error!r}"] if self.family_error != FALSE_ALARM else []
        return f"regimes.check({', '.join([*given, *([] if self.derived else ['predict=predict'])])})"

    @property
    def program(self) -> str:
        """Versions of what made the numbers."""
        return f"regimes {__version__}, {program()}"

    def to_json(self) -> str:
        """Everything as JSON; the same run gives the same bytes."""
        head = {"command": self.command, "program": self.program, "family_error": self.family_error, "power": POWER, "agrees": self.agrees}
        return json.dumps({**head, "comparisons": [c.as_json() for c in self.comparisons]}, indent=1, allow_nan=False) + "\n"

    def table(self) -> str:
        """One line per comparison, aligned."""
        head = ("model", "quantity", "at", "measured by", "prediction", "measured", "+-", "granted", "detects", "verdict")
        rows: list[tuple[str, ...]] = [head]
        for c in self.comparisons:
            numbers = (f"{x:.5f}" for x in (c.prediction, c.measured, c.statistical, c.granted, c.detectable))
            rows.append((c.model, c.quantity, f"{c.position:g}", c.measured_by, *numbers, "agrees" if c.agrees else "DISAGREES"))
        widths = [max(len(row[k]) for row in rows) for k in range(len(head))]
        return "".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n" for row in rows)

    def write(self, out: str | Path, progress: Callback | bool | None = None) -> None:
        """Write report.html and comparisons.json into the folder `out`, each whole or not at all."""
        from regimes.validate.pages.check_page import page

        with shown(progress) as show:
            folder, text = Path(out), page(self, show)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / "report.html", text)
            write_whole(folder / "comparisons.json", self.to_json())
        except OSError as problem:
            raise InputError(f"cannot write into {folder} ({problem.strerror}); name a folder that can be written") from None
