"""Draws the picture of the README: predictions of the program as lines, its own simulations as points.

    python docs/figure.py [--budget quick] [--batches report] [-o docs/regimes.svg]

Batches that `regimes check` left in a folder are not simulated again.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np

import regimes as rg

MODEL = "gaussian-mixture"
PANELS = {  # quantity -> (title, label of the axis, methods whose lines are drawn)
    "cloning-probability": ("Speciation: do two clones end in one class?", "cloning probability φ(t)", {"sech": "-"}),
    "collapse-probability": ("Collapse: do they end on one datum?", "collapse probability φ$_C$(t)", {"exact": "-", "window": ":"}),
    "excess-entropy": ("Collapse: how much room is left per datum?", "excess entropy f(t), nats per d", {"exact": "-", "asymptotic": "--"}),
}


def curves(report: Any, quantity: str) -> dict[str, list[Any]]:
    """Comparisons of one quantity by parameters other than the time; only at the model's default parameters."""
    defaults = rg.model(MODEL).complete({})
    found: dict[str, list[Any]] = {}
    for c in report.comparisons:
        if c.quantity == quantity and all(c.parameters[name] == value for name, value in defaults.items()):
            given = {name: c.parameters[name] for name in ("n", "d") if name in c.parameters}
            if given.get("d", 0) != 32:  # the full-dimensional runs check the program; they are in the report
                found.setdefault(", ".join(f"{name} = {value}" for name, value in given.items()), []).append(c)
    return found


def draw(axes: Any, report: Any, quantity: str) -> None:
    """One panel."""
    title, label, methods = PANELS[quantity]
    for colour, (name, comparisons) in enumerate(curves(report, quantity).items()):
        given = {key: value for key, value in comparisons[0].parameters.items() if key not in ("t", "method")}
        times = np.array([c.parameters["t"] for c in comparisons])
        for method, style in methods.items():
            # An exact finite-size value takes seconds and its curve is smooth.
            grid = np.geomspace(times.min() * 0.9, times.max() * 1.1, 24 if method == "exact" else 200)
            line = rg.predict(MODEL, quantity, t=grid, method=method, **given)
            axes.plot(grid, line.value, style, color=f"C{colour}", label=f"{name}, {method}" if len(methods) > 1 else name)
        measured = np.array([c.measured for c in comparisons])
        arms = np.abs([[c.low for c in comparisons] - measured, [c.high for c in comparisons] - measured])
        axes.errorbar(times, measured, arms, fmt="o", markersize=3.5, color=f"C{colour}", capsize=2, linewidth=1)
    axes.set(title=title, xlabel="forward time t", ylabel=label)
    axes.legend(frameon=False, fontsize=8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", default="quick")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batches", type=Path, help="folder of a report whose batches are used")
    parser.add_argument("-o", dest="out", type=Path, default=Path(__file__).with_name("regimes.svg"))
    options = parser.parse_args()
    report = rg.check(MODEL, budget=options.budget, seed=options.seed, out=options.batches)
    matplotlib.rcParams.update({"svg.hashsalt": "regimes", "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 10})
    figure, panels = plt.subplots(1, len(PANELS), figsize=(13, 3.9), layout="constrained")
    for axes, quantity in zip(panels, PANELS, strict=True):
        draw(axes, report, quantity)
    # The same numbers give the same file: no date, and names of elements that do not change.
    figure.savefig(options.out, metadata={"Date": None})


if __name__ == "__main__":
    main()
