"""Empirical score and log-density: speed as a share of the matrix product of the same size, alternated in one run.

Two products of B x n x d are the least a dense softmax average can do; the share is their time at sgemm speed over the time used.

    python benchmarks/score.py [--n 8192] [--queries 1024] [--repeats 5]
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np

from regimes.validate.simulation.channel import noised
from regimes.validate.simulation.scores import EmpiricalCentre


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=8192)
    parser.add_argument("--queries", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    print("d      t     us/query  share of sgemm (goal: 0.85 at d >= 256, 0.5 at d = 64)")
    for d in (64, 256, 1024):
        data = rng.standard_normal((options.n, d), dtype=np.float32)
        score = EmpiricalCentre(data, dtype=np.float32)
        for t in (0.01, 0.5, 2.0):
            x, product = noised(rng, data[: options.queries], t), np.empty((options.queries, options.n), dtype=np.float32)
            used, least = [], []
            for _ in range(options.repeats):
                begin = time.perf_counter()
                np.matmul(x, data.T, out=product)
                least.append(2 * (time.perf_counter() - begin))
                begin = time.perf_counter()
                score.log_density(x, t)
                used.append(time.perf_counter() - begin)
            own, bound = statistics.median(used), statistics.median(least)
            print(f"{d:<6} {t:<5} {1e6 * own / options.queries:<9.1f} {bound / own:.2f}")


if __name__ == "__main__":
    main()
