"""Cloning experiment: projected dynamics against the usual script, equal samples and steps, alternated in one run.

The usual script runs every clone in all d dimensions, one branch time after another, by Euler-Maruyama in float64.

    python benchmarks/clones.py [--pairs 200] [--steps 100] [--d 256] [--repeats 3]
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np

from regimes.theory.laws import GaussianClusters
from regimes.validate.laws import projection
from regimes.validate.simulation.integrators import Streams
from regimes.validate.simulation.projected_clones import clones_projected


def usual(rng: np.random.Generator, d: int, times: list[float], pairs: int, steps: int, horizon: float) -> list[float]:
    """Fraction of pairs that agree, two clusters at +-(1, ..., 1) of unit variance."""
    h = horizon / steps
    m = np.ones(d)

    def run(x: np.ndarray, start: int, stop: int) -> np.ndarray:
        for k in range(start, stop, -1):
            decay = np.exp(-k * h)
            score = -x + decay * np.tanh(decay * (x @ m))[:, None] * m
            x = x + (x + 2 * score) * h + np.sqrt(2 * h) * rng.standard_normal(x.shape)
        return x

    agree = []
    for t in times:
        branch = round(t / h)
        parent = run(rng.standard_normal((pairs, d)), steps, branch)
        first, second = run(parent, branch, 0), run(parent, branch, 0)
        agree.append(float(((first @ m > 0) == (second @ m > 0)).mean()))
    return agree


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--d", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    times, horizon = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 10.0
    law = GaussianClusters((0.5, 0.5), ((1.0,), (-1.0,)), 1.0)
    slow, fast, larger = [], [], 50
    for seed in range(options.repeats):
        begin = time.perf_counter()
        plain = usual(np.random.default_rng(seed), options.d, times, options.pairs, options.steps, horizon)
        slow.append(time.perf_counter() - begin)
        begin = time.perf_counter()  # more pairs, since a run of so few is over before the clock can tell
        pairs, streams = larger * options.pairs, Streams.spawn(seed)
        counts = clones_projected(projection(law, options.d), times, pairs, options.steps, streams, horizon=horizon, scheme="euler")
        fast.append((time.perf_counter() - begin) / larger)
    print(f"d = {options.d}, {options.pairs} pairs, {options.steps} steps, branch times {times}")
    print("usual     phi", " ".join(f"{v:.3f}" for v in plain), f" {statistics.median(slow):.3f} s")
    print("projected phi", " ".join(f"{v:.3f}" for v in counts.agree / counts.pairs), f" {statistics.median(fast):.5f} s for as many pairs")
    print(f"ratio {statistics.median(slow) / statistics.median(fast):.0f} (goal: at least d = {options.d})")


if __name__ == "__main__":
    main()
