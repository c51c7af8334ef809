"""Collapse times of product priors over a grid of alpha: one call against quadrature and root finding in a loop, in one run.

The usual script nests scipy.integrate.quad (posterior normaliser inside, output outside) in scipy.optimize.brentq, one alpha after
another; a few of its points are timed and stand for all. For atoms the inner quadrature is a sum. Times are those of the processor;
the first call builds the table of the prior, the second one finds it.

    python benchmarks/collapse_times.py [--points 10000] [--usual 3]
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq

from regimes.numerics.predict import predict


def evidence_laplace(s: float) -> Callable[[float], float]:
    """E_a exp(-(x - s a)^2/2) by quadrature over a, cut at the kink and around the likelihood's peak."""

    def evidence(x: float) -> float:
        low, high = (x - 9) / s, (x + 9) / s
        marks = sorted({max(low, -40.0), min(max(0.0, low), high), min(max(x / s, -40.0), 40.0), min(high, 40.0)})
        total = 0.0
        for start, stop in pairwise(marks):
            total += quad(
                lambda a: math.exp(-math.sqrt(2) * abs(a) - (x - s * a) ** 2 / 2) / math.sqrt(2), start, stop, epsabs=1e-15, epsrel=1e-12
            )[0]
        return total

    return evidence


def evidence_rademacher(s: float) -> Callable[[float], float]:
    """The same for a = +1 or -1."""
    return lambda x: (math.exp(-((x - s) ** 2) / 2) + math.exp(-((x + s) ** 2) / 2)) / 2


def usual(evidence: Callable[[float], Callable[[float], float]], reach: float, alpha: float) -> float:
    """t_C of one alpha for a symmetric prior that ends at `reach`."""

    def excess(t: float) -> float:
        s = 1 / math.sqrt(math.expm1(2 * t))
        normaliser = evidence(s)

        def integrand(x: float) -> float:
            p = normaliser(x)
            return p * math.log(p) if p > 0 else 0.0

        value = quad(integrand, 0, s * reach + 9, points=[s, s + 4], epsabs=1e-13, epsrel=1e-12, limit=200)[0]
        return alpha + 0.5 + 2 * value / math.sqrt(2 * math.pi)

    return float(brentq(excess, 0.01, 3.0, xtol=1e-12, rtol=1e-12))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--usual", type=int, default=4)
    options = parser.parse_args()
    cases = {"laplace": (evidence_laplace, 25.0, 0.05, 1.5, 100), "rademacher": (evidence_rademacher, 1.0, 0.02, 0.66, 300)}
    for prior, (evidence, reach, low, high, goal) in cases.items():
        model, alpha = f"product-{prior}", np.linspace(low, high, options.points)
        predict(model, "collapse-time", alpha=0.3)  # imports, and the kernels of the law
        begin = time.process_time()
        fast = predict(model, "collapse-time", alpha=alpha)
        first = time.process_time() - begin
        begin = time.process_time()
        predict(model, "collapse-time", alpha=alpha)
        again = time.process_time() - begin
        chosen = np.linspace(0, options.points - 1, options.usual + 2).astype(int)[1:-1]
        begin = time.process_time()
        slow = np.array([usual(evidence, reach, float(alpha[k])) for k in chosen])
        each = (time.process_time() - begin) / options.usual
        apart = np.abs(slow - fast.value[chosen]).max()
        print(f"{prior}: {options.points} collapse times in {first:.2f} s, once more {again:.2f} s; errors at most {fast.error.max():.0e}")
        print(f"    usual {each:.4f} s a point, from {options.usual} points, apart by at most {apart:.0e}")
        print(f"    ratio {each * options.points / first:.0f}, once more {each * options.points / again:.0f} (goal: at least {goal})")


if __name__ == "__main__":
    main()
