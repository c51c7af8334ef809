"""``regimes diagram``: the phase diagram over a plane of two parameters."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from regimes.commands.arguments import Parser, UsageError, output_file, pick_model, read_assignments
from regimes.terminal import Progress, table

if TYPE_CHECKING:
    from regimes.validate.pages.diagram_arrays import Diagram


def run(words: Sequence[str]) -> int:
    """Compute the critical times over the plane, print them or leave them in a file; 1 if a value could not be computed."""
    parser = Parser("diagram", "Collapse, accuracy, onset and speciation times over a plane, as a picture, as arrays, or as a table.")
    parser.add_argument("model", metavar="MODEL", help="name, group or file.toml; see regimes models")
    parser.add_argument(
        "values", nargs="*", metavar="NAME=VALUE", help="two ranges lo:hi:count, x and y, among the model's parameters, alpha, t, n, d; "
        "numbers for the others; definition=NAME of the speciation time, which needs d (snr if not given)",
    )  # fmt: skip
    parser.add_argument("-o", dest="out", type=output_file, metavar="FILE", help="write here: .svg .png .pdf, or arrays: .json .npz .csv")
    parser.add_argument("--json", action="store_true", help="print the arrays as JSON and show no progress")
    options = parser.read(words)

    from regimes.validate.diagram import over_plane, planes
    from regimes.validate.pages.diagram_arrays import check_output, parameters

    if options.out is not None:
        check_output(options.out)
    model, assignments = pick_model(options.model, options.values)
    values = read_assignments(assignments, frozenset(parameters(model)))
    axes = [name for name, value in values.items() if isinstance(value, list)]
    definition = values.pop("definition", None)
    if definition is not None and not isinstance(definition, str):
        raise UsageError(f"definition={definition} is not one name: give for instance definition=snr")
    if len(axes) != 2:
        raise UsageError(f"a diagram needs two ranges, not {len(axes)} ({', '.join(axes) or 'none'}): {planes(model)}")
    x, y = ((name, values.pop(name)) for name in axes)
    with Progress(quiet=options.json) as progress:
        found = over_plane(model, x, y, values, definition, progress)
    if options.out is not None:
        found.write(options.out)
    if options.json:
        sys.stdout.write(found.to_json())
    elif options.out is None:
        sys.stdout.write(_table(found))
    else:
        sys.stdout.write("".join(f"{line}\n" for line in found.gaps()) + f"written to {options.out}\n")
    return 1 if found.failed else 0


def _table(found: Diagram) -> str:
    """The times in columns, one row per point; what is missing, and why, below."""
    from regimes.numerics.estimate import decimal

    times = [name for name in found.layers if name.endswith("-time")]
    rows = []
    for index, at in found.points(times[0]):
        layers = [found.layers[name] for name in times]
        cells = [decimal(float(layer.value[index]), float(layer.error[index])) if layer.ok[index] else "-" for layer in layers]
        rows.append([*(f"{value:.10g}" for value in at.values()), *cells])
    headers = [*(axis.name for axis in found.axes_of(times[0])), *times]
    return table(headers, rows) + "".join(f"{line}\n" for line in found.gaps())
