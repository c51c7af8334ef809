"""Empirical excess entropy over 20 times: planted-reference estimator against the usual one, alternated in one run.

The usual one draws noised data anew at each time and takes the log-density from all squared distances in float64: sample by
sample as a script would ("differences"), or by one matrix product per time ("products"). All use one data set a repeat; the
comparison at equal error bar multiplies by the ratio of the variances, averaged over the times at which f^e is between 10 %
and 90 % of log(n)/d.

    python benchmarks/excess_entropy.py [--n 4000] [--d 256] [--samples 400] [--repeats 3]
"""

from __future__ import annotations

import argparse
import math
import statistics
import time

import numpy as np

from regimes.theory.laws import GaussianClusters
from regimes.validate.laws import draw
from regimes.validate.simulation.channel import noise_var
from regimes.validate.simulation.forward_estimators import planted


def usual(rng: np.random.Generator, data: np.ndarray, times: np.ndarray, samples: int, products: bool) -> np.ndarray:
    """log n + log P_t^e(x) + (d/2) log(2 pi e Delta_t), (samples, T)."""
    n, d = data.shape
    columns = []
    for t in times:
        x = math.exp(-t) * data[rng.integers(0, n, samples)] + math.sqrt(noise_var(t)) * rng.standard_normal((samples, d))
        centres = math.exp(-t) * data
        if products:
            square = (x**2).sum(1)[:, None] + (centres**2).sum(1) - 2 * x @ centres.T
        else:
            square = np.stack([((row - centres) ** 2).sum(1) for row in x])
        logits = -square / (2 * noise_var(t))
        top = logits.max(1)
        columns.append(top + np.log(np.exp(logits - top[:, None]).sum(1)) + d / 2)
    return np.stack(columns, axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=4000)
    parser.add_argument("--d", type=int, default=256)
    parser.add_argument("--samples", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    law = GaussianClusters((0.5, 0.5), ((1.0,), (-1.0,)), 1.0)
    times = np.linspace(0.5, 6.0, 20)
    few = max(1, options.samples // 20)
    slow, product, fast, plain, good = [], [], [], [], []
    for seed in range(options.repeats):
        rng = np.random.default_rng(seed)
        data, _ = draw(rng, law, options.n, options.d)
        begin = time.perf_counter()
        usual(rng, data, times, few, products=False)
        slow.append((time.perf_counter() - begin) * options.samples / few)
        begin = time.perf_counter()
        plain.append(usual(rng, data, times, options.samples, products=True))
        product.append(time.perf_counter() - begin)
        single, noise = data.astype(np.float32), rng.standard_normal((options.samples, options.d), dtype=np.float32)
        begin = time.perf_counter()
        good.append(planted(single, rng.integers(0, options.n, options.samples), noise, times).excess)
        fast.append(time.perf_counter() - begin)
    mean = np.concatenate(good).mean(axis=0)
    shown = (mean > 0.1 * math.log(options.n)) & (mean < 0.9 * math.log(options.n))
    variances = (np.concatenate(plain).var(axis=0) / np.concatenate(good).var(axis=0))[shown]
    by_difference, by_product, by_planted = (statistics.median(each) for each in (slow, product, fast))
    print(f"n = {options.n}, d = {options.d}, {options.samples} samples, {len(times)} times")
    print(f"planted {by_planted:.3f} s; variance of the usual one is {variances.mean():.0f} times larger")
    for name, seconds in (("differences", by_difference), ("products", by_product)):
        ratio = seconds / by_planted
        print(f"usual by {name} {seconds:.3f} s: ratio {ratio:.1f}, at equal error bar {ratio * variances.mean():.0f}")
    print("goal: at least 30 against differences, 400 at equal error bar")


if __name__ == "__main__":
    main()
