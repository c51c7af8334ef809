"""Log-odds of data between two Ising chains, datum by datum: two random-field transfer matrices side by side.

Notation: x_i = e^{-t} a_i + sqrt(Delta_t) z_i enters through the field h_i = e^{-t} x_i/Delta_t on spin i. Filtered from the left, chain
c expects spin i up with probability u_c before it sees h_i, and what it sees is worth N_c = u_c e^h + (1 - u_c) e^{-h}:

    log P_t^a(x) - log P_t^b(x) = sum_i log(N_a/N_b),   N_a - N_b = 2 (u_a - u_b) sinh h.

The difference u_a - u_b has a recursion of its own, in which nothing cancels: the log-odds keep their digits also where they are small.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from regimes.numerics.arrays import FloatArray

__all__ = ["log_odds", "sampled_log_odds"]


def log_odds(x: FloatArray, t: float, beta_a: float, beta_b: float) -> FloatArray:
    """log P_t^a(x) - log P_t^b(x) of data x (N, d) at time t: (N,)."""
    return _log_odds((x * (np.exp(-t) / -np.expm1(-2 * t))).T, x.shape[0], beta_a, beta_b)


def sampled_log_odds(own: float, other: float, gamma: float, d: int, count: int, rng: np.random.Generator) -> FloatArray:
    """log P_t^own(x) - log P_t^other(x) for `count` independent x ~ P_t^own: (count,)."""

    def fields() -> Iterable[FloatArray]:
        spin, flip = np.where(rng.random(count) < 0.5, 1.0, -1.0), 1 / (1 + np.exp(2 * own))
        for _ in range(d):
            yield gamma * spin + np.sqrt(gamma) * rng.standard_normal(count)
            spin = np.where(rng.random(count) < flip, -spin, spin)

    return _log_odds(fields(), count, own, other)


def _log_odds(fields: Iterable[FloatArray], count: int, beta_a: float, beta_b: float) -> FloatArray:
    flips = 1 / (1 + np.exp(2 * np.array([beta_a, beta_b])))
    tanh_a, tanh_b = np.tanh([beta_a, beta_b])
    gap = np.tanh(beta_a - beta_b) * (2 * flips[0] + tanh_a * 2 * flips[1])  # tanh beta_a - tanh beta_b
    up = np.full((2, count), 0.5)
    down, total = up.copy(), np.zeros(count)
    difference, mean = np.zeros(count), np.zeros(count)  # u_a - u_b; what b expects of the spin
    for h in fields:
        low, rising = np.exp(-2 * np.abs(h)), h >= 0
        up, down = np.where(rising, up, up * low), np.where(rising, down * low, down)
        worth = up + down  # N_c e^{-|h|}
        excess = difference * np.copysign(1 - low, h) / worth[1]
        total += np.where(np.abs(excess) < 0.5, np.log1p(np.maximum(excess, -0.5)), np.log(worth[0] / worth[1]))
        up, down, difference = up / worth, down / worth, difference * low / worth[0] / worth[1]
        force = np.tanh(h)
        mean = (mean + force) / np.maximum(1 + mean * force, np.finfo(float).tiny)
        up, down = up + flips[:, None] * (down - up), down + flips[:, None] * (up - down)
        difference, mean = tanh_a * difference + gap / 2 * mean, tanh_b * mean
    return total
