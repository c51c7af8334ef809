"""Sums over spins a_i = +-1 in given fields."""

from __future__ import annotations

import math

import numpy as np

from regimes.numerics.arrays import RealArray
from regimes.validate.simulation.channel import noise_var


def spin_factor(x: RealArray, t: float) -> RealArray:
    """(B,) log of prod N(x_i; e^{-t} a_i, Delta_t) without the terms odd in a_i = +-1."""
    noise, d = noise_var(t), x.shape[1]
    square = np.einsum("ij,ij->i", x, x) + d * math.exp(-2.0 * t)
    return np.asarray(-square / (2.0 * noise) - 0.5 * d * math.log(2.0 * math.pi * noise))


def log_cosh(x: RealArray) -> RealArray:
    """log cosh x, without overflow."""
    size = np.abs(x)
    return np.asarray(size + np.log1p(np.exp(-2.0 * size)) - math.log(2.0))


def log_cosh_sums(field: RealArray, y: RealArray) -> RealArray:
    """sum_i log[2 cosh(y + f_i)], (B, len(y)), f = field (B, d).

    2 cosh(y + f) = e^{|f| - y} (b + a w) with w = e^{2y}, a = e^{f - |f|}, b = e^{-f - |f|}: sixteen coordinates make a polynomial
    in w with positive coefficients, evaluated at every y by a matrix product before the logarithm.
    """
    block = int(max(1, min(16, 300.0 / max(float(np.abs(y).max()), 1e-9))))  # powers of w must not overflow
    count, d = field.shape
    size = np.abs(field)
    a, b = np.zeros((2, count, -(-d // block) * block))
    b[:, d:] = 1.0  # what fills the last block up
    a[:, :d], b[:, :d] = np.exp(field - size), np.exp(-field - size)
    a, b = a.reshape(count, -1, block), b.reshape(count, -1, block)
    coefficients = np.ones((*a.shape[:2], 1))
    for j in range(block):
        longer = np.zeros((*a.shape[:2], j + 2))
        longer[..., :-1] = coefficients * b[..., j, None]
        longer[..., 1:] += coefficients * a[..., j, None]
        coefficients = longer
    powers = np.exp(2.0 * np.outer(np.arange(block + 1), y))
    total = size.sum(axis=1)[:, None] - d * y
    for k in range(coefficients.shape[1]):
        total += np.log(coefficients[:, k] @ powers)
    return np.asarray(total)
