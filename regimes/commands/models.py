"""``regimes models``: the data models, their parameters, and what can be asked of one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from regimes.commands.arguments import Parser
from regimes.terminal import table

if TYPE_CHECKING:
    from regimes.theory.model import DataModel
    from regimes.theory.params import Param


def run(words: Sequence[str]) -> int:
    """Print every model with its parameters, or the quantities of the models named."""
    parser = Parser("models", "The data models and their parameters; with names, what can be asked of those models.")
    parser.add_argument("models", nargs="*", metavar="MODEL", help="show the quantities and methods of these")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.read(words)

    from regimes.theory.model import all_models, get_model

    chosen = [get_model(name) for name in options.models]
    if options.json:
        import json

        print(json.dumps([_describe(model) for model in chosen or all_models().values()], indent=2, ensure_ascii=False))
    elif chosen:
        sys.stdout.write("\n".join(_page(model) for model in chosen))
    else:
        rows = [(m.name, m.doc, ", ".join(p.name for p in m.params)) for m in all_models().values()]
        sys.stdout.write(table(("MODEL", "DATA DISTRIBUTION", "PARAMETERS"), rows))
    return 0


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
                "methods": {name: [p.name for p in q.needed(name)] for name in q.methods},
                "optional": [p.name for p in q.optional],
            }
            for q in quantities(model).values()
        ],
    }


def _page(model: DataModel) -> str:
    from regimes.numerics.predict import quantities

    params = [(p.name, p.domain, "" if p.default is None else f"{p.default:g}", p.doc) for p in model.params]
    asked = [(q.name, ", ".join(p.name for p in q.needs), ", ".join(q.methods), q.doc) for q in quantities(model).values()]
    return (
        f"{model.name}: {model.doc}\nsource: {model.source}\n\n"
        + table(("PARAMETER", "DOMAIN", "DEFAULT", "MEANING"), params)
        + "\n"
        + table(("QUANTITY", "NEEDS", "METHODS", "MEANING"), asked)
        + "\nalpha = log(n)/d: give alpha, or n and d, which the methods window and exact need.\n"
    )
