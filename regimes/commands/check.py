"""``regimes check``: predictions against simulations of the reverse diffusion."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from regimes.commands.arguments import Parser, model_groups, one_of, output_folder, pick_exactly, whole_number

BUDGETS = ("quick", "standard", "thorough")


def run(words: Sequence[str]) -> int:
    """Simulate, compare, print the verdicts; 1 if a prediction and a simulation disagree."""
    parser = Parser("check", "Compare predictions with simulations; exit status 1 if they disagree. Interrupted, it goes on from there.")
    parser.add_argument("models", nargs="*", metavar="MODEL", help="name, GROUP CHOICE=VALUE or file.toml; all models if none is named")
    parser.add_argument("--budget", type=one_of("budget", BUDGETS), default="quick", metavar="BUDGET", help=", ".join(BUDGETS))
    parser.add_argument("--seed", type=whole_number("--seed", 0, 2**63 - 1), default=0, metavar="N", help="0 if not given")
    parser.add_argument("--workers", type=whole_number("--workers", 1, 1024), metavar="N", help="processes; one per core if not given")
    parser.add_argument("-o", dest="out", default="report", metavar="DIR", help="folder for report.html, comparisons.json and the batches")
    parser.add_argument("--json", action="store_true", help="print the comparisons as JSON and show no progress")
    options = parser.read(words)

    from regimes.theory.model import all_models

    named = [pick_exactly(name, choices) for name, *choices in model_groups(options.models)]
    models = list(dict.fromkeys(named)) or list(all_models().values())
    out = output_folder(options.out)

    from regimes.terminal import Progress
    from regimes.validate.check import check

    with Progress(quiet=options.json) as progress:
        report = check(models, budget=options.budget, seed=options.seed, workers=options.workers, out=out, progress=progress)
    if options.json:
        sys.stdout.write(report.to_json().rstrip("\n") + "\n")
    else:
        verdict = "all agree" if report.agrees else "PREDICTION AND SIMULATION DISAGREE"
        sys.stdout.write(f"{report.table().rstrip()}\n\n{verdict}; see {os.path.join(options.out, 'report.html')}\n")
    return 0 if report.agrees else 1
