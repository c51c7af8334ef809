"""``regimes models``: the data models, their parameters, and what can be asked of one."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from regimes.commands.arguments import Parser, model_groups, pick_exactly
from regimes.terminal import table

if TYPE_CHECKING:
    from regimes.theory.model import DataModel, Group
    from regimes.theory.params import Param


def run(words: Sequence[str]) -> int:
    """Print every model and group with its parameters, the choices of a group, or the quantities of the models named."""
    parser = Parser("models", "The data models and their parameters; with names, what can be asked of those models.")
    parser.add_argument("models", nargs="*", metavar="MODEL", help="name, GROUP CHOICE=VALUE or file.toml: show what can be asked")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.read(words)

    from regimes.theory.model import all_groups, all_models

    groups = all_groups()
    chosen: list[DataModel | Group] = []
    for name, *choices in model_groups(options.models):
        chosen.append(pick_exactly(name, choices) if choices or name not in groups else groups[name])
    if options.json:
        import json

        shown = [m for entry in chosen for m in (getattr(entry, "variants", None) or {"": entry}).values()]
        print(json.dumps([_describe(model) for model in shown or all_models().values()], indent=2, ensure_ascii=False))
    elif chosen:
        sys.stdout.write("\n".join(_page(entry) for entry in chosen))
    else:
        sys.stdout.write(_overview(all_models().values(), groups.values()))
    return 0


def _overview(models: Iterable[DataModel], groups: Iterable[Group]) -> str:
    """One row per model, and one per group with its choices."""
    grouped = {variant.name for group in groups for variant in group.variants.values()}
    rows = [(m.name, m.doc, ", ".join(p.name for p in m.params)) for m in models if m.name not in grouped]
    rows += [(g.name, g.doc, f"{g.choice}={'|'.join(g.variants)}") for g in groups]
    note = "A group and its choice make a model: product prior=laplace, or product-laplace. A model may also be a file: ./mine.toml\n"
    return table(("MODEL", "DATA DISTRIBUTION", "PARAMETERS"), sorted(rows)) + "\n" + note


def _group_page(group: Group) -> str:
    from regimes.numerics.model_files.forms import file_forms

    rows = [(name, ", ".join(p.name for p in m.params), m.doc) for name, m in group.variants.items()]
    example, model = next(iter(group.variants.items()))
    form = file_forms().get(model.family)
    return (
        f"{group.name}: {group.doc}\na model is {group.name} {group.choice}={example}, or {group.name}-{example}\n\n"
        + table((group.choice.upper(), "PARAMETERS", "DATA DISTRIBUTION"), rows)
        + (f"\n{form.hint}" if form is not None else "")
    )


def _describe_param(param: Param) -> dict[str, Any]:
    return {"name": param.name, "latex": param.latex, "doc": param.doc, "domain": param.domain, "default": param.default}


def _describe(model: DataModel) -> dict[str, Any]:
    from regimes.numerics.predict import quantities

    return {
        "name": model.name,
        "doc": model.doc,
        "source": model.source,
        "parameters": [_describe_param(p) for p in model.params],
        "quantities": [
            {
                "name": q.name,
                "doc": q.doc,
                "unit": q.unit,
                "latex": q.latex,
                "methods": {name: [p.name for p in q.needed(name)] for name in q.methods},
                "methods_doc": {name: method.doc for name, method in q.methods.items()},
                "optional": [p.name for p in q.optional],
            }
            for q in quantities(model).values()
        ],
        "without": _without(model),
    }


def _without(model: DataModel) -> dict[str, list[str]]:
    """What the family of a model says of an answer that it does not have -> the quantities that take this answer."""
    from regimes.numerics.quantities.table import get_quantity, quantities

    found: dict[str, list[str]] = {}
    for name in quantities():
        what = get_quantity(name, model)
        if what.reason and not what.reason.endswith(f"has no {name}"):
            found.setdefault(what.reason, []).append(name)
    return found


def _page(model: DataModel | Group) -> str:
    from regimes.numerics.predict import quantities
    from regimes.theory.model import Group

    if isinstance(model, Group):
        return _group_page(model)

    params = [(p.name, p.domain, "" if p.default is None else f"{p.default:g}", p.doc) for p in model.params]
    asked = [(q.name, ", ".join(p.name for p in q.needs), ", ".join(q.methods), q.doc) for q in quantities(model).values()]
    return (
        f"{model.name}: {model.doc}\nsource: {model.source}\n\n"
        + table(("PARAMETER", "DOMAIN", "DEFAULT", "MEANING"), params)
        + "\n"
        + table(("QUANTITY", "NEEDS", "METHODS", "MEANING"), asked)
        + "\nalpha = log(n)/d: give alpha, or n and d, which the methods window and exact need.\n"
        + "".join(f"\n{reason}: no {', '.join(names)}\n" for reason, names in _without(model).items())
    )
