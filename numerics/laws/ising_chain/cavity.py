"""The cavity field of a noised Ising chain: stationary averages of a Markov chain on an interval, by Chebyshev interpolation.

Notation: a chain a is seen as x_i = sqrt(gamma) a_i + z_i. Relative to a itself (spins s_i a_i) the fields
h_i = lam sqrt(gamma) a_i x_i and the bonds tau_i = a_i a_{i+1}, E tau = tanh beta, are independent, and summing out spins from the left

    sum_s exp(v s + beta tau s s') = 2 cosh(beta) exp(phi(v) + u' s'),   v = u + h,   u' = tau U(v),
    U(v) = atanh(tanh(beta) tanh(v)),   phi(v) = log(1 + sinh(v)^2/cosh(beta)^2)/2.

The Lyapunov exponent of these transfer matrices is the stationary mean of phi. For a reward r(u, h) with mean G(u) = E_h r, the mean L
and the potential f solve Poisson's equation f(u) - E f(u') = G(u) - L. U contracts the strip |Im v| < pi/2 into itself, so f is analytic
there whatever the law of h (without noise the law of u is a fractal, f is not): interpolation on Chebyshev nodes and the trapezoidal rule
over the noise converge geometrically, at rates known beforehand.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np
import scipy
from numpy.polynomial import chebyshev

from regimes.numerics.arrays import FloatArray
from regimes.numerics.laws.ising_chain.field_quadrature import external_fields, field_bound


class Sum(NamedTuple):
    """Values (P,), and the mean size (P,) of the terms that add up to them: rounding errors are multiples of it."""

    value: FloatArray
    size: FloatArray


class CavityField:
    """P chains at one resolution.

    Parameters
    ----------
    beta, mean, sd : (P,) array
        Coupling; mean and standard deviation of the external field.
    nodes : int
        Number of Chebyshev nodes.
    noise : int
        Number of nodes of the external field.
    window, exponent
        How those are placed, and how far they reach; see `chain_noise.Resolution`.
    """

    def __init__(self, beta: FloatArray, mean: FloatArray, sd: FloatArray, nodes: int, noise: int, window: bool, exponent: float) -> None:
        self.beta, self.mean = beta[:, None, None], mean[:, None, None]
        self.edge = field_bound(beta, mean, sd, exponent)
        theta = np.pi * (np.arange(nodes) + 0.5) / nodes
        self.basis = np.cos(theta[:, None] * np.arange(nodes))  # T_k at the nodes
        self.u = self.edge[:, None] * np.cos(theta)
        self.h, self.v, self.weight = external_fields(beta, mean, sd, self.u, self.edge, noise, window, exponent)
        self.image = _image(self.beta, self.v)  # U(v)
        self.place = np.clip(self.image / self.edge[:, None, None], -1, 1)
        # E tau^k: what an even and an odd Chebyshev polynomial of u' = tau U(v) keep of the bond.
        self.bond = np.where(np.arange(nodes) % 2, np.tanh(beta)[:, None], 1.0)[:, None, :]
        # In strong fields the reward is phi - h, whose mean L - E h no longer grows with them: its terms are small one by one.
        self.strong = self.mean > 1

    def _noise_average(self, values: FloatArray) -> FloatArray:
        """Of (P, N, Q) over the external field: (P, N)."""
        return np.asarray(np.einsum("pjq,pjq->pj", values, self.weight))

    @cached_property
    def reward(self) -> FloatArray:
        """phi(v), less h where the field is strong; (P, N, Q)."""
        size = np.where(self.strong, self.v, np.abs(self.v))
        both = np.logaddexp(0, -2 * (size + self.beta)) + np.logaddexp(0, -2 * (size - self.beta))
        rest = both / 2 - self.beta - np.log1p(np.exp(-2 * self.beta))  # phi(v) - v
        small = 0.5 * np.log1p((np.sinh(np.minimum(np.abs(size), 1)) / np.cosh(self.beta)) ** 2)
        return np.asarray(np.where(self.strong, self.u[:, :, None] + rest, np.where(size < 1, small, size + rest)))

    @cached_property
    def _system(self) -> FloatArray:
        """Poisson's equation for (L, c_1, c_2, ...), f = sum c_k T_k: the constant part of f is free, its place is L's."""
        system = self.basis - self._transport(self.weight)[0] * self.bond
        system[:, :, 0] = 1
        return np.asarray(system)

    def _transport(self, *weights: FloatArray) -> FloatArray:
        """sum_q weight_q T_k(U(v)/edge) for nodes j and degrees k, for each of the weights (P, N, Q): (W, P, N, N)."""
        out = np.empty((len(weights), *self.u.shape, self.u.shape[1]))
        this, following, twice = np.ones_like(self.place), self.place.copy(), 2 * self.place
        for k in range(self.u.shape[1]):
            for row, weight in zip(out, weights, strict=True):
                row[:, :, k] = np.einsum("pjq,pjq->pj", this, weight)
            this *= -1
            this += twice * following
            this, following = following, this
        return out

    def _solve(self, mean_reward: FloatArray) -> tuple[Sum, FloatArray]:
        """Stationary mean of a reward, given by its mean over the noise at the nodes, and coefficients (P, N) of its potential."""
        solution = np.asarray(np.linalg.solve(self._system, mean_reward[:, :, None])[:, :, 0], dtype=np.float64)
        mean = solution[:, 0].copy()
        solution[:, 0] = 0
        potential = solution @ self.basis.T
        potential -= potential.mean(axis=1, keepdims=True)
        # A rounding error of the transition matrix moves the mean by itself times the potential, wherever on the interval that is large.
        return Sum(mean, self._size(mean_reward) + np.abs(potential).max(axis=1)), solution

    def _size(self, values: FloatArray) -> FloatArray:
        """Stationary mean of the modulus of a function (P, N) given at the nodes."""
        return np.asarray(np.einsum("pj,pj->p", np.abs(self.stationary), np.abs(values)))

    @cached_property
    def _poisson(self) -> tuple[Sum, FloatArray]:
        return self._solve(self._noise_average(self.reward))

    @property
    def exponent(self) -> Sum:
        """L = E phi, or L - E h where the field is strong."""
        return self._poisson[0]

    @cached_property
    def stationary(self) -> FloatArray:
        """Weights (P, N) of the stationary average of a smooth function given at the nodes."""
        first = np.zeros((*self.u.shape, 1))
        first[:, 0] = 1
        return np.asarray(np.linalg.solve(self._system.transpose(0, 2, 1), first)[:, :, 0])

    def _potential_slope(self, coefficients: FloatArray) -> FloatArray:
        slope = np.zeros_like(coefficients)
        slope[:, :-1] = chebyshev.chebder(coefficients, axis=1)
        return slope / self.edge[:, None]

    def _reward_slope(self) -> FloatArray:
        """phi'(v), less one where the field is strong."""
        size = np.abs(self.v)
        weak = -np.expm1(-4 * size) * scipy.special.expit(2 * (size + self.beta)) * scipy.special.expit(2 * (size - self.beta))
        strong = -scipy.special.expit(-2 * (self.v + self.beta)) - scipy.special.expit(-2 * (self.v - self.beta))
        return np.where(self.strong, strong, np.copysign(weak, self.v))

    def _contraction(self) -> FloatArray:
        """U'(v)."""
        return -np.expm1(-4 * self.beta) * scipy.special.expit(2 * (self.beta + self.v)) * scipy.special.expit(2 * (self.beta - self.v))

    @cached_property
    def _first_order(self) -> tuple[Sum, FloatArray]:
        """lam d/dlam, every field growing in proportion, of `exponent` and of the potential's coefficients (P, N)."""
        moved = self.weight * self.h
        (carried,) = self._transport(moved * self._contraction())
        # tau U' f'(tau U): the derivative has the other parity.
        slope = self._potential_slope(self._poisson[1])
        return self._solve(np.einsum("pjk,pk->pj", carried * self._other_bond, slope) + (moved * self._reward_slope()).sum(2))

    @property
    def _other_bond(self) -> FloatArray:
        return self.bond[:, :, 1:2] + 1 - self.bond

    @property
    def slope(self) -> Sum:
        """lam d/dlam of `exponent`."""
        return self._first_order[0]

    def curvature(self) -> Sum:
        """lam^2 d^2/dlam^2 of `exponent`."""
        first, second, contraction = self._poisson[1], self._first_order[1], self._contraction()
        upper, lower = (2 * scipy.special.expit(y) * scipy.special.expit(-y) for y in (2 * (self.v + self.beta), 2 * (self.v - self.beta)))
        h = self.weight * self.h
        bent, stretched, twisted = self._transport(h * self.h * (upper - lower), h * self.h * contraction**2, 2 * h * contraction)
        slope = self._potential_slope(first)
        terms = [
            np.einsum("pjk,pk->pj", bent * self._other_bond, slope),
            np.einsum("pjk,pk->pj", stretched * self.bond, self._potential_slope(slope)),
            np.einsum("pjk,pk->pj", twisted * self._other_bond, self._potential_slope(second)),
            (h * self.h * (upper + lower)).sum(2),
        ]
        value, size = self._solve(np.asarray(sum(terms)))[0]
        # Errors of the potentials: a derivative multiplies their roundings by up to the number of nodes, and solving for them
        # multiplies those of the transition matrix by the ratio of a potential to what it was solved for, a correlation length.
        sizes, nodes = [np.abs(c).sum(1) for c in (first, second)], self.u.shape[1]
        right = np.abs(np.einsum("pjk,pk->pj", self._system[:, :, 1:], second[:, 1:])).max(1) + np.finfo(np.float64).tiny
        noise = self._size((np.abs(h) * contraction).sum(2)) / self.edge * sizes[1] * (nodes + 4 * sizes[1] / right)
        noise += self._size((h * self.h * contraction**2).sum(2)) * (nodes / self.edge) ** 2 * sizes[0]
        return Sum(value, 2 * (size + noise + np.asarray(sum(map(self._size, terms)))))  # found short by half

    def variance(self) -> Sum:
        """Asymptotic variance per site of the sum of phi - h, by its martingale differences: r - L + f(u') - f(u)."""
        mean, coefficients = self._poisson
        even, odd = self._evaluate(coefficients)
        reward = self.reward - np.where(self.strong, 0, self.h - self.mean)
        step = reward - mean.value[:, None, None] - (coefficients @ self.basis.T)[:, :, None]
        squares = (
            scipy.special.expit(2 * self.beta) * (step + even + odd) ** 2 + scipy.special.expit(-2 * self.beta) * (step + even - odd) ** 2
        )
        value, size = self._solve(self._noise_average(squares))[0]
        return Sum(value, size + 2 * np.sqrt(np.abs(value)) * mean.size)

    def _evaluate(self, coefficients: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Even and odd part of sum c_k T_k at U(v), (P, N, Q) each."""
        parts = [np.zeros_like(self.place), np.zeros_like(self.place)]
        this, following, twice = np.ones_like(self.place), self.place.copy(), 2 * self.place
        for k in range(coefficients.shape[1]):
            parts[k % 2] += coefficients[:, k, None, None] * this
            this *= -1
            this += twice * following
            this, following = following, this
        return parts[0], parts[1]

    def posterior_variance(self) -> Sum:
        """E [1 - tanh(field)^2] of a spin, whose field is h plus independent cavity fields from the left and the right."""
        inner = np.empty_like(self.u)
        for j in range(self.u.shape[1]):
            fall = np.exp(-2 * np.abs(self.v + self.u[:, j, None, None]))
            inner[:, j] = np.einsum("pj,pj->p", self.stationary, self._noise_average(4 * fall / (1 + fall) ** 2))
        value, size = self._solve(inner)[0]
        return Sum(value, 2 * size)  # both sides


def _image(beta: FloatArray, v: FloatArray) -> FloatArray:
    """U(v), to relative accuracy."""
    size = np.abs(v)
    ratio = np.expm1(-2 * size) * np.expm1(-2 * beta) * np.exp(2 * np.minimum(size, beta)) / (1 + np.exp(-2 * np.abs(size - beta)))
    return np.asarray(np.copysign(0.5 * np.log1p(ratio), v))
