"""``regimes predict``: numbers with their errors, over a grid of parameters."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from regimes.commands.arguments import Parser, UsageError, pick_model, read_assignments, whole_number
from regimes.terminal import table

if TYPE_CHECKING:
    from regimes.numerics.estimate import Estimate
    from regimes.theory.model import DataModel


def run(words: Sequence[str]) -> int:
    """Predict and print a table or JSON; 1 if a value could not be computed."""
    from regimes.theory.channel.schedules import SCHEDULES

    *names, last = SCHEDULES
    parser = Parser("predict", "Predict a quantity; VALUE is a number, a list 0.1,0.2 or a range lo:hi:count; lists make a grid.")
    parser.add_argument("model", metavar="MODEL", help="name, group or file.toml; see regimes models")
    parser.add_argument("quantity", metavar="QUANTITY", help="see regimes models MODEL")
    parser.add_argument("values", nargs="*", metavar="NAME=VALUE", help="parameters of model and quantity, choice of a group")
    parser.add_argument("--method", metavar="NAME", help="how to compute it; see regimes models MODEL")
    parser.add_argument("--digits", type=whole_number("--digits", 1, 1000), metavar="N", help="compute with N correct digits")
    parser.add_argument(
        "--schedule",
        metavar="NAME",
        help=f"give and print times in the clock of {', '.join(names)} or {last}; options as steps=1000",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON list with one object per point of the grid")
    options = parser.read(words)

    model, assignments = pick_model(options.model, options.values)
    values = read_assignments(assignments, _numeric_names(model))
    if options.schedule is not None:
        if "schedule" in values:
            raise UsageError("schedule is given twice: as an option and as a value")
        values["schedule"] = options.schedule
    rows = list(grid(model, options.quantity, values, method=options.method, digits=options.digits))
    if options.json:
        import json

        print(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        sys.stdout.write(_table(options.quantity, rows))
    return 1 if any(row["status"] == "failed" for row in rows) else 0


def _numeric_names(model: DataModel) -> frozenset[str]:
    from regimes.theory import params as shared
    from regimes.theory.params import Param

    common = (p for p in vars(shared).values() if isinstance(p, Param))
    return frozenset(p.name for p in (*model.params, *common))


def grid(
    model: DataModel, quantity: str, values: Mapping[str, Any], method: str | None = None, digits: int | None = None
) -> Iterator[dict[str, Any]]:
    """One row per point of the outer product of all lists, the last list running fastest.

    Lists of numbers are handed to ``predict`` as arrays with one axis each; lists of words (definitions) one by one.
    """
    import itertools

    import numpy as np

    from regimes.numerics.predict import predict

    axes = [name for name, value in values.items() if isinstance(value, list)]
    wordy = [name for name in axes if isinstance(values[name][0], str)]
    numeric = [name for name in axes if name not in wordy]
    arguments: dict[str, Any] = {
        name: np.reshape(value, [-1 if name == axis else 1 for axis in numeric]) if name in numeric else value
        for name, value in values.items()
        if name not in wordy
    }
    estimates = {
        words: predict(model, quantity, method=method, digits=digits, **arguments, **dict(zip(wordy, words, strict=True)))
        for words in itertools.product(*(values[name] for name in wordy))
    }
    for point in itertools.product(*(range(len(values[name])) for name in axes)):
        at = dict(zip(axes, point, strict=True))
        yield _row(estimates[tuple(values[name][at[name]] for name in wordy)], tuple(at[name] for name in numeric))


def _row(estimate: Estimate, index: tuple[int, ...]) -> dict[str, Any]:
    """What the estimate says at one point of its grid, as JSON holds it."""
    status = str(estimate.status[index])
    row = {
        "parameters": {name: array[index].item() for name, array in estimate.parameters.items()},
        "value": str(estimate.text[index]) if status == "ok" else None,
        "error": f"{estimate.error[index]:.0e}" if status == "ok" else None,
        "status": status,
        "method": estimate.method,
    }
    if status != "ok":
        row["reason"] = str(estimate.reason[index])
    return row


def _table(quantity: str, rows: Sequence[Mapping[str, Any]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row["parameters"]))  # each schedule has its own options
    troubled = any(row["status"] != "ok" for row in rows)
    headers = [*names, quantity, "error", *(["status"] if troubled else [])]
    lines = []
    for row in rows:
        cells = [_short(row["parameters"].get(name, "-")) for name in names]
        cells += [row["value"], row["error"]] if row["status"] == "ok" else ["-", "-"]
        if troubled:
            cells.append(row["status"] if row["status"] == "ok" else f"{row['status']}: {row['reason']}")
        lines.append(cells)
    return table(headers, lines) + f"method: {', '.join(dict.fromkeys(row['method'] for row in rows))}\n"


def _short(value: Any) -> str:
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
