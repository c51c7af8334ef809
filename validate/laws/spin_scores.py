"""Exact scores of spins with classes: Curie-Weiss, whose classes are the signs of the magnetisation, and Ising chains at two couplings.

The centre is the posterior mean of the spins (reference variance 0). Notation: u = e^{-t} x/Delta_t the field of x on the spins,
P(a|x) proportional to P_0(a) e^{u.a}; M the sum of all spins.
"""

from __future__ import annotations

import math

import numpy as np

from regimes.theory.laws import CurieWeiss, IsingChains
from regimes.validate.simulation.channel import FloatArray, delta, magnetisation
from regimes.validate.simulation.scores import log_sum_exp, softmax

PANEL = 2**14  # entries of the largest block of fields: it stays in the cache


def sign_probabilities(law: CurieWeiss, d: int) -> FloatArray:
    """(2,) probabilities of a positive and a negative magnetisation; a tie counts by half."""
    total, log_weight = magnetisation(law, d)
    return np.asarray(softmax(log_weight) @ sign_shares(total))


def sign_shares(total: FloatArray) -> FloatArray:
    """To which of the signs + and - each value of the magnetisation belongs, a tie by half to both: (N, 2)."""
    return np.stack([(total > 0) + 0.5 * (total == 0), (total < 0) + 0.5 * (total == 0)], axis=1)


class MeanFieldCentre:
    """Curie-Weiss spins. Given one Gaussian field y ~ N(0, beta/d) the spins are independent: the mean is an average of tanh(y + h + u_i).

    What is averaged over y is a mixture of Gaussians of variance beta/d; the trapezoidal rule with a spacing of 0.8 standard deviations
    is right to 2 exp(-2 pi^2/0.64) = 8e-14 of it.
    """

    variance = 0.0
    SPACING = 0.8

    def __init__(self, law: CurieWeiss, d: int) -> None:
        self._law, self.d = law, d
        spread = math.sqrt(law.beta / d)
        steps = math.ceil((law.beta / spread + 9.0) / self.SPACING) if spread else 0
        place = self.SPACING * np.arange(-steps, steps + 1)
        self._y = spread * place
        self._log_weight = -0.5 * place**2 + (math.log(self.SPACING) - 0.5 * math.log(2.0 * math.pi) if steps else 0.0)
        self._log_sum = float(log_sum_exp(magnetisation(law, d)[1]))
        total = 2.0 * np.arange(d + 1) - d
        self._log_pull = law.beta * total**2 / (2 * d)
        self._signs = sign_shares(total)

    def _fields(self, x: FloatArray, t: float) -> tuple[FloatArray, FloatArray]:
        """Fields h + u (B, d), and logarithms of the weights of y given x, unnormalised (B, nodes)."""
        field = math.exp(-t) / delta(t) * x.astype(np.float64, copy=False) + self._law.h
        return field, self._log_weight + log_cosh_sums(field, self._y)

    def log_density(self, x: FloatArray, t: float) -> FloatArray:
        """log P_t(x) in nats, (B,)."""
        return np.asarray(spin_factor(x, t) + log_sum_exp(self._fields(x, t)[1]) - self._log_sum)

    def __call__(self, x: FloatArray, t: float) -> FloatArray:
        """Posterior mean of the spins, same shape and type as `x` (B, d)."""
        field, exponent = self._fields(x, t)
        share = softmax(exponent)
        mean = np.empty_like(field)
        rows = max(1, PANEL // self.d)
        for first in range(0, len(x), rows):
            part = slice(first, first + rows)
            mean[part] = self._averaged(np.exp(-2.0 * np.clip(field[part], -300.0, 300.0)), share[part])
        return np.asarray(mean, dtype=x.dtype)

    def _averaged(self, tilt: FloatArray, share: FloatArray) -> FloatArray:
        """sum_y share(y) tanh(y + f), tilt = e^{-2 f}, as 2 sum_y share(y)/(1 + e^{-2y} tilt) - 1: a division for each node."""
        up, one = np.zeros_like(tilt), np.empty_like(tilt)
        for node in np.flatnonzero(share.max(axis=0) > 1e-17):
            np.multiply(tilt, math.exp(-2.0 * self._y[node]), out=one)
            one += 1.0
            np.divide(share[:, node, None], one, out=one)
            up += one
        return np.asarray(2.0 * up - 1.0)

    def posterior(self, x: FloatArray, t: float) -> FloatArray:
        """Probabilities of M > 0 and M < 0 given x_t = x, a tie by half, (B, 2); at t = 0 of the signs of x.

        The law of M is that of independent spins in the fields h + u times e^{beta M^2/(2d)}: a sum of positive terms.
        """
        if t == 0:
            return np.asarray(self._signs[np.count_nonzero(x > 0, axis=1)])
        chance = 1.0 / (1.0 + np.exp(-2.0 * np.clip(math.exp(-t) / delta(t) * x.T.astype(np.float64) + self._law.h, -300.0, 300.0)))
        law = np.zeros((self.d + 1, len(x)))
        law[0] = 1.0
        for i, p in enumerate(chance):
            moved = law[: i + 1] * p
            law[: i + 1] *= 1.0 - p
            law[1 : i + 2] += moved
        with np.errstate(divide="ignore"):
            joint = softmax(np.log(law.T) + self._log_pull)
        return np.asarray(joint @ self._signs)


class ChainsCentre:
    """Open Ising chains at two couplings, by forward and backward passes in the magnetisations that one side exerts on the next spin.

    With b = tanh(beta) and tau_i = tanh(u_i): m_{i+1} = b (m_i + tau_i)/(1 + m_i tau_i), m_1 = 0, and the average of e^{u.a} over a chain
    is the product of cosh(u_i) (1 + m_i tau_i).
    """

    variance = 0.0

    def __init__(self, law: IsingChains) -> None:
        self._turn = math.tanh(law.beta_a), math.tanh(law.beta_b)
        with np.errstate(divide="ignore"):
            self._log_weights = np.log([law.weight, 1.0 - law.weight])

    def _passes(self, tau: FloatArray) -> tuple[list[FloatArray], FloatArray]:
        """For either coupling the magnetisations from the left (d, B); and log sums less those of cosh(u), with the weights (B, 2)."""
        found, logs = [], []
        for turn, log_weight in zip(self._turn, self._log_weights, strict=True):
            left, log = _from_left(tau, turn)
            found.append(left)
            logs.append(log_weight + log)
        return found, np.stack(logs, axis=1)

    def _fields(self, x: FloatArray, t: float) -> FloatArray:
        return np.asarray(math.exp(-t) / delta(t) * x.T.astype(np.float64), order="C")  # row by row below

    def posterior(self, x: FloatArray, t: float) -> FloatArray:
        """Probability of either chain given x_t = x, (B, 2); at t = 0 given the spins that are the signs of x."""
        if t == 0:
            bond = np.sign(x[:, 1:]) * np.sign(x[:, :-1])
            logs = [w + np.log1p(turn * bond).sum(axis=1) for w, turn in zip(self._log_weights, self._turn, strict=True)]
            return softmax(np.stack(logs, axis=1))
        return softmax(self._passes(np.tanh(self._fields(x, t)))[1])

    def log_density(self, x: FloatArray, t: float) -> FloatArray:
        """log P_t(x) in nats, (B,)."""
        field = self._fields(x, t)
        logs = self._passes(np.tanh(field))[1]
        return np.asarray(spin_factor(x, t) + log_cosh(field).sum(axis=0) + log_sum_exp(logs))

    def __call__(self, x: FloatArray, t: float) -> FloatArray:
        """Posterior mean of the spins, same shape and type as `x` (B, d)."""
        tau = np.tanh(self._fields(x, t))
        lefts, logs = self._passes(tau)
        share = softmax(logs)
        mean = np.zeros_like(tau)
        for k, (left, turn) in enumerate(zip(lefts, self._turn, strict=True)):
            right = _from_left(tau[::-1], turn)[0][::-1]
            both = left * right  # the three magnetisations on a spin add up like velocities
            mean += share[:, k] * ((left + right + tau * (1.0 + both)) / (1.0 + both + tau * (left + right)))
        return np.asarray(mean.T, dtype=x.dtype)


def _from_left(tau: FloatArray, turn: float) -> tuple[FloatArray, FloatArray]:
    """Magnetisation on each spin by those before it (d, B), and sum_i log(1 + m_i tau_i), (B,)."""
    left = np.zeros_like(tau)
    norm = np.ones_like(tau)
    for i in range(len(tau) - 1):
        norm[i] += left[i] * tau[i]
        np.divide(left[i] + tau[i], norm[i], out=left[i + 1])
        left[i + 1] *= turn
    norm[-1] += left[-1] * tau[-1]
    return left, np.asarray(np.log(norm).sum(axis=0))


def spin_factor(x: FloatArray, t: float) -> FloatArray:
    """(B,) log of prod N(x_i; e^{-t} a_i, Delta_t) without the terms odd in a_i = +-1."""
    noise, d = delta(t), x.shape[1]
    square = np.einsum("ij,ij->i", x, x) + d * math.exp(-2.0 * t)
    return np.asarray(-square / (2.0 * noise) - 0.5 * d * math.log(2.0 * math.pi * noise))


def log_cosh(x: FloatArray) -> FloatArray:
    """log cosh x, without overflow."""
    size = np.abs(x)
    return np.asarray(size + np.log1p(np.exp(-2.0 * size)) - math.log(2.0))


def log_cosh_sums(field: FloatArray, y: FloatArray) -> FloatArray:
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
