"""Two cavity fields of one noised Ising chain: the law of its log-odds against another coupling, by Chebyshev interpolation.

Notation: a datum of the chain `own`, seen as in `chain_cavity` with fields h_i ~ N(gamma, gamma) and bonds tau_i, E tau = tanh(own), is
filtered with both couplings c:

    u_c' = tau U_c(u_c + h),   p_c = tanh u_c,   L = log P_t^own - log P_t^other = sum_i l_i,
    l = log(1 + p_own tanh h) - log(1 + p_other tanh h).

Functions of (u_own, u_other) are polynomials on a grid of nodes, so that E exp(z L) at any d is a power of a matrix, of which a Krylov
space of a few dozen vectors knows all that matters. Given the past e^{-l} has mean one: the mean of L is that of the sum of
l - 1 + e^{-l} >= 0, where nothing cancels in weak fields.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import scipy
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from regimes.numerics.arrays import EPS, FloatArray
from regimes.numerics.laws.ising_chain.field_quadrature import field_bound

__all__ = ["CavityPair", "Moments", "largest_exponent"]

Matrix = NDArray[Any]  # real or complex

_STRIP = np.pi / 2  # singularities of U_c at +-beta +- i pi/2
_PANEL = 4.0
_STEPS = 20_000  # that moments may take to become stationary
_SETTLED = 1e-12
_KRYLOV = 80
_NOTHING = 1e-290


class Moments(NamedTuple):
    """Mean and variance of L in d dimensions, how large their roundings may be, and their growth with d."""

    mean: float
    variance: float
    mean_rounding: float
    variance_rounding: float
    mean_per_site: float
    variance_per_site: float


class _View(NamedTuple):
    """One coupling: interpolation at U(u + h) from the values at the nodes (N, Q, N), and log(1 + p tanh h) (N, Q)."""

    interpolation: FloatArray
    log_factor: FloatArray


def _edges(own: float, other: float, gamma: float, exponent: float) -> FloatArray:
    """Largest cavity fields (2,), with the noise cut where it is negligible."""
    couplings, sd = np.array([own, other]), np.sqrt(gamma)
    edges = couplings
    # `field_bound` leaves weak couplings more room than they need, b = U(largest h + b) from above is slow for strong ones.
    for _ in range(20):
        edges = np.arctanh(np.minimum(np.tanh(couplings) * np.tanh(gamma + np.sqrt(2 * (exponent + 6)) * sd + edges), 1 - EPS))
    edges = np.minimum(edges * (1 + 1e-12), field_bound(couplings, np.full(2, gamma), np.full(2, sd), exponent))
    return np.asarray(np.maximum(edges, 1e-6 * min(gamma + sd, 1.0)))  # an interval also where there is no coupling


def _node_counts(edges: FloatArray, exponent: float) -> NDArray[np.intp]:
    """Odd, so that u = 0, where every chain begins, is a node."""
    need = np.maximum(exponent / np.arcsinh(_STRIP / edges), exponent / 2.5)
    return 2 * np.ceil((need - 1) / 2).astype(np.intp) + 1


def largest_exponent(own: float, other: float, gamma: float, wanted: float, nodes: int) -> float:
    """The largest exponent up to `wanted` for which the grid has no more than so many nodes."""
    exponent = wanted
    while exponent > 1 and _node_counts(_edges(own, other, gamma, exponent), exponent).prod() > nodes:
        exponent -= 0.5
    return exponent


class CavityPair:
    """One parameter point at one resolution.

    Parameters
    ----------
    own, other : float
        Couplings.
    gamma : float
        Signal-to-noise ratio.
    exponent : float
        Errors are of order exp(-exponent).
    """

    def __init__(self, own: float, other: float, gamma: float, exponent: float) -> None:
        edges = _edges(own, other, gamma, exponent)
        counts = _node_counts(edges, exponent)
        self.h, self.weight = _noise(gamma, float((edges + np.array([own, other])).max()) + exponent / 2, exponent)
        self.own, self.other = (self._view(beta, edge, int(count)) for beta, edge, count in zip((own, other), edges, counts, strict=True))
        self.shape = int(counts[0]), int(counts[1])
        self.start = counts.prod() // 2  # u = (0, 0)
        self.flip = 1 / (1 + np.exp(2 * own))

    def _view(self, beta: float, edge: float, count: int) -> _View:
        theta = np.pi * (np.arange(count) + 0.5) / count
        u = edge * np.cos(theta)
        u[count // 2] = 0
        place = np.clip(np.arctanh(np.tanh(beta) * np.tanh(u[:, None] + self.h)) / edge, -1, 1)
        to_coefficients = 2 / count * np.cos(np.arange(count)[:, None] * theta)
        to_coefficients[0] /= 2
        interpolation = chebyshev.chebvander(place, count - 1) @ to_coefficients
        interpolation /= interpolation.sum(axis=2, keepdims=True)  # roundings that would multiply up along the chain
        return _View(interpolation, np.log1p(np.tanh(u)[:, None] * np.tanh(self.h)))

    def _matrix(self, left: Matrix, right: Matrix) -> Matrix:
        """sum_q left (N, Q, N) x right (M, Q, M), averaged over the bond: (N M, N M)."""
        (n, _, _), (m, _, _) = left.shape, right.shape
        whole = left.transpose(0, 2, 1).reshape(n * n, -1) @ right.transpose(1, 0, 2).reshape(-1, m * m)
        whole = whole.reshape(n, n, m, m).transpose(0, 2, 1, 3)
        # The nodes are symmetric: a bond tau = -1 reads the values in the opposite order.
        return np.asarray((1 - self.flip) * whole + self.flip * whole[:, :, ::-1, ::-1]).reshape(n * m, n * m)

    def _weighted(self) -> FloatArray:
        return np.asarray(self.other.interpolation * self.weight[:, None])

    def transform(self, z: complex, d: float) -> complex:
        """log E exp(z L) in d dimensions, up to multiples of 2 pi i."""
        z = z.real if complex(z).imag == 0 else z
        left = self.own.interpolation * np.exp(z * self.own.log_factor)[:, :, None]
        right = self._weighted() * np.exp(-z * self.other.log_factor)[:, :, None]
        return _log_power(self._matrix(left, right), self.start, d)

    @cached_property
    def _log_ratio(self) -> FloatArray:
        """l at the nodes, (N, M, Q)."""
        return self.own.log_factor[:, None] - self.other.log_factor[None]

    @property
    def largest(self) -> float:
        """Largest |l| on the grid."""
        return float(np.abs(self._log_ratio).max())

    def moments(self, d: float) -> Moments:
        """Mean and variance of L, site by site until a site more adds the same everywhere."""
        odds = self._log_ratio
        small = odds**2 / 2 * (1 - odds / 3 * (1 - odds / 4 * (1 - odds / 5 * (1 - odds / 6))))
        reward = (np.where(np.abs(odds) < 1e-2, small, odds + np.expm1(-odds)) @ self.weight).ravel()
        first, second = (odds @ self.weight).ravel(), (odds**2 @ self.weight).ravel()
        transport = self._matrix(self.own.interpolation, self._weighted())
        a, b, right = self.own.interpolation, self.other.interpolation, self._weighted()
        tilted = self._matrix(
            np.concatenate([self.own.log_factor[:, :, None] * a, a], axis=1),
            np.concatenate([right, -self.other.log_factor[:, :, None] * self.weight[:, None] * b], axis=1),
        )
        # Of the part of L that is still to come, given u, all less what they are at u = 0: its mean by both formulas, its variance.
        mean, shape, variance = np.zeros((3, reward.size))
        total, per_site, left = np.zeros(2), np.full(2, np.nan), d
        while left and d - left < _STEPS:
            raised = reward + transport @ mean
            following = first + transport @ shape
            spread = second + 2 * tilted @ shape + transport @ (shape**2 + variance) - following**2
            growth = np.stack([raised - mean, spread - variance])
            shape, step = following - following[self.start], np.array([raised[self.start], spread[self.start]])
            mean, variance, total, left, per_site = raised - step[0], spread - step[1], total + step, left - 1, growth[:, self.start]
            rounding = 16 * EPS * np.array([np.abs(raised).max(), np.abs(spread).max() + 2 * (following**2).max()])
            if (np.ptp(growth, axis=1) <= _SETTLED * np.abs(per_site) + rounding).all():
                break
        else:
            per_site = per_site if not left else np.full(2, np.nan)
        if left:
            total = total + left * per_site
        noise = 4 * EPS * d * np.array([np.abs(reward).max(), np.abs(second).max()])
        return Moments(*map(float, total), *map(float, noise), *map(float, per_site))


def _log_power(matrix: Matrix, start: int, d: float) -> complex:
    """log of entry `start` of matrix^d applied to ones, from a Krylov space."""
    size, kind = matrix.shape[0], matrix.dtype
    most = int(min(_KRYLOV, size, d))
    basis, small = np.zeros((most + 1, size), kind), np.zeros((most + 1, most + 1), kind)
    basis[0], used = 1 / np.sqrt(size), most
    for k in range(most):
        new = matrix @ basis[k]
        length = np.linalg.norm(new)
        for _ in range(2):
            share = (new.conj() @ basis[: k + 1].T).conj()
            new -= share @ basis[: k + 1]
            small[: k + 1, k] += share
        rest = np.linalg.norm(new)
        if rest <= 1e-15 * length:
            used = k
            break
        small[k + 1, k], basis[k + 1] = rest, new / rest
    small = small[: used + 1, : used + 1]
    vector, log = _applied_power(small, np.eye(used + 1, dtype=kind)[0], int(d))
    entry = vector @ basis[: used + 1, start] * np.sqrt(size)
    with np.errstate(divide="ignore"):
        return complex(np.log(complex(entry)) + log)


def _applied_power(matrix: Matrix, vector: Matrix, exponent: int) -> tuple[Matrix, float]:
    """matrix^exponent vector, as a vector and the log of a factor; by squaring."""
    log, shrunk = 0.0, 0.0
    while exponent:
        if exponent & 1:
            vector = matrix @ vector
            norm = float(np.abs(vector).max())
            if norm < _NOTHING:
                return 0 * vector, 0.0
            vector, log = vector / norm, log + shrunk + np.log(norm)
        matrix, exponent = matrix @ matrix, exponent >> 1
        norm = max(float(np.abs(matrix).max()), _NOTHING)
        matrix, shrunk = matrix / norm, 2 * shrunk + np.log(norm)
    return vector, log


def _noise(gamma: float, window: float, exponent: float) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of h ~ N(gamma, gamma), for functions that are constant beyond +-window up to exp(-exponent)."""
    tail, sd = exponent + 6, np.sqrt(gamma)
    reach = np.sqrt(2 * tail)
    step = np.pi * np.sqrt(2 / tail)
    if sd * reach > _STRIP:
        step = min(step, 2 * np.pi * _STRIP / (tail + _STRIP**2 / (2 * gamma)) / sd)
    low, high = max(gamma - reach * sd, -window), min(gamma + reach * sd, window)
    if low >= high:
        return np.array([gamma]), np.ones(1)
    panels, order = int(np.ceil((high - low) / _PANEL)), int(np.ceil(tail / (2 * np.arcsinh(_STRIP / (_PANEL / 2)))))
    if 2 * reach / step + 1 <= panels * order + 2:
        z = np.linspace(-1, 1, int(np.ceil(2 * reach / step)) + 1) * reach
        weight = np.exp(-(z**2) / 2)
        return gamma + sd * z, weight / weight.sum()
    x, w = np.polynomial.legendre.leggauss(order)
    length = (high - low) / panels
    inside = (low + length * (np.arange(panels)[:, None] + (1 + x) / 2)).ravel()
    density = np.exp(-(((inside - gamma) / sd) ** 2) / 2) / (sd * np.sqrt(2 * np.pi)) * np.tile(w, panels) * length / 2
    h = np.concatenate([[low], inside, [high]])
    weight = np.concatenate([[scipy.special.ndtr((low - gamma) / sd)], density, [scipy.special.ndtr((gamma - high) / sd)]])
    return h, weight / weight.sum()
