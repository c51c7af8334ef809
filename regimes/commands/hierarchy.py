"""``regimes hierarchy``: which classes of a mixture part when."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from regimes.commands.arguments import Parser, UsageError, output_file, pick_model, read_assignments
from regimes.terminal import table

if TYPE_CHECKING:
    from regimes.numerics.speciation.hierarchy import Group
    from regimes.validate.hierarchy import Hierarchy

LINKAGES = ("single", "average", "complete")


def run(words: Sequence[str]) -> int:
    """Print the merges of the classes of a mixture, or leave a dendrogram in a file."""
    parser = Parser("hierarchy", "Nested classes of a mixture and their speciation times, as a table or as a dendrogram.")
    parser.add_argument("model", metavar="MODEL", help="a mixture: name, group or file.toml; see regimes models")
    parser.add_argument(
        "values", nargs="*", metavar="NAME=VALUE", help="parameters of the model; d, the dimension; t, times of cloning probabilities"
    )
    parser.add_argument("--linkage", default="average", metavar="NAME", help=f"distance of two groups: {', '.join(LINKAGES)}")
    parser.add_argument("-o", dest="out", type=output_file, metavar="FILE", help="write here: .svg .png .pdf or .json")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.read(words)

    from regimes.validate.hierarchy import check_output, hierarchy

    if options.out is not None:
        check_output(options.out)
    model, assignments = pick_model(options.model, options.values)
    values = read_assignments(assignments, frozenset({*(p.name for p in model.params), "d", "t", "level"}))
    if "d" not in values:
        raise UsageError("a hierarchy needs a dimension: give d=VALUE")
    several = [name for name, value in values.items() if isinstance(value, list) and name != "t"]
    if several:
        raise UsageError(f"{several[0]} has several values: a hierarchy is that of one model; only t may be a list")
    unknown = sorted(set(values) - {p.name for p in model.params} - {"d", "t", "level"})
    if unknown:
        raise UsageError(f"unknown parameter '{unknown[0]}': a hierarchy takes {', '.join(p.name for p in model.params)}, d, t and level")
    found = hierarchy(model, linkage=options.linkage, **values)  # type: ignore[arg-type]
    if options.out is not None:
        found.write(options.out)
    if options.json:
        sys.stdout.write(found.to_json())
    elif options.out is None:
        sys.stdout.write(_text(found))
    else:
        print(f"written to {options.out}")
    return 0


def _name(group: Group) -> str:
    return "+".join(map(str, group))


def _text(found: Hierarchy) -> str:
    """The merges, and below them the cloning probabilities of the partitions."""
    from regimes.numerics.estimate import decimal

    rows = []
    for m in found.merges:
        cells = (decimal(m.time, m.error), f"{m.error:.0e}", "") if m.time == m.time else ("-", "-", m.reason)
        rows.append([_name(m.first), _name(m.second), *cells])
    text = table(["classes", "and", "part at t", "error", ""], rows)
    if found.times:
        lines = [[" | ".join(map(_name, groups)), *(f"{decimal(value, error)} +- {error:.0e}" for value, error in pairs)]
                 for groups, pairs in found.cloning]  # fmt: skip
        text += "\n" + table(["same group of", *(f"at t = {t:g}" for t in found.times)], lines)
    return text
