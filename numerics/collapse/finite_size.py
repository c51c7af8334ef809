"""Excess entropy, collapse and decoding probabilities at finite n and d, by one-dimensional integrals.

Notation: a point x = e^{-t} a_1 + sqrt(Delta_t) z sees the other data as levels E_mu = |x - e^{-t} a_mu|^2/(2 Delta_t),
independent given x, with transform M_x(lam) = E exp(-lam E). Smear every level by l = log Exp(1), a Gumbel variable:

    P_x(v) = P(E + l <= v) = 1 - E exp(-e^{v-E}) = -(1/2 pi i) int Gamma(-lam) e^{lam v} M_x(lam) dlam,  0 < Re lam < 1.

The level of the datum behind x has the law of E tilted by e^{-E} (Bayes), so the same transform gives its smeared law
C_x(v) = P(E_1 + l > v) = e^{-v} P_x'(v)/M_x(1). With P = P_x(v), C = C_x(v), every term positive:

    d f^e     = E log(1 + sum_mu e^{E_1-E_mu})     = E_x int dv C [1 - (1-P)^{n-1}]
    1 - phi_C = 1 - E 1/(1 + sum_mu e^{E_1-E_mu})  = E_x int dv C (n-1) (1-P)^{n-2} P'
    phi_C     =                                      E_x int dv (-C') (1-P)^{n-1}

The integrals over v are exact up to rounding for every law (`contour`). The average over x is a Gauss rule where x enters through one or
few numbers (`gaussian_levels`), and a randomised quasi-Monte-Carlo average with an error bar where it enters through its empirical
distribution (`counted_levels`).

Source: the Laplace-transform integral of a random energy model, int ds/s (e^{-s} - e^{-sZ}) = log Z, with s = e^v.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from regimes.numerics.collapse.contour import DROP, FloatArray, Form, Grid, LevelPoints, inner_integrals, peak_of, tilts_of
from regimes.numerics.laws.clusters.points import Blocks, Channel, block_points, blocks, channel, outer_points
from regimes.theory.errors import DomainError
from regimes.theory.laws import CurieWeiss, GaussianClusters, GaussianSpectrum, Product

_GRIDS = (Grid(0.31, 0.15), Grid(0.28, 0.0), Grid(0.27, 0.1), Grid(0.26, 0.0), Grid(0.25, 0.1))
_LINE_NODES = ((12, 56), (20, 84), (36, 160), (72, 360), (128, 800))  # radial, axial
_BLOCK_NODES = ((10, 16, 24, 40, 72), (8, 12, 18, 26, 36))  # of each radius, for two and three of them

Estimator = Callable[[float, Form, float], tuple[float, float]]
"""An average over x and its error, from n, a form and a relative error that is enough."""


def _average(points: LevelPoints, n: float, form: Form, grid: Grid) -> float:
    """Average of one form over x."""
    weights, log_others = points.weights, math.log(n - 1)
    tilts = tilts_of(points, log_others)
    # Chernoff's size of the integral at a point (of 1 - phi_C, if phi_C is asked for): what cannot show is left at 0.
    size = np.log(weights) + peak_of(points, tilts, np.clip(tilts.saddle, 0.5, 1.0), log_others)[1]
    if form != "agreement":
        index = np.flatnonzero(size > max(size.max() - DROP, -750.0))
        return float(weights[index] @ inner_integrals(points.select(index), tilts.select(index), n, form, grid))
    liquid = tilts.saddle > 1
    total = float(weights[~liquid].sum())
    parts: tuple[tuple[Form, int, Any], ...] = (("agreement", 1, liquid), ("confusion", -1, ~liquid & (size > -DROP - log_others)))
    for kind, sign, chosen in parts:
        index = np.flatnonzero(chosen)
        total += sign * float(weights[index] @ inner_integrals(points.select(index), tilts.select(index), n, kind, grid))
    return total


def _refined(rules: Sequence[Callable[[], LevelPoints]]) -> Estimator:
    """The average and its change from the previous resolution, refined until that is below tol or the rules end."""

    def estimate(n: float, form: Form, tol: float) -> tuple[float, float]:
        value, error = _average(rules[0](), n, form, _GRIDS[0]), math.inf
        for rule, grid in zip(rules[1:], _GRIDS[1:], strict=True):
            value, previous = _average(rule(), n, form, grid), value
            error = abs(value - previous) + 1e-14 * abs(value)
            if error <= max(tol * abs(value), 1e-30):
                break
        return value, error

    return estimate


def _on_line(ch: Channel) -> Estimator:
    return _refined([partial(outer_points, ch, *nodes) for nodes in _LINE_NODES])


def _in_blocks(parts: Blocks) -> Estimator:
    return _refined([partial(block_points, parts, nodes) for nodes in _BLOCK_NODES[len(parts.dimensions) - 2]])


def _estimator(law: Any, t: float, d: int) -> Estimator:
    """How the average over x is taken for this law at time t; `DomainError` for a law that has none."""
    line = _line_channel(law, t, d)
    if line is not None:
        return _on_line(line)
    if isinstance(law, GaussianSpectrum):
        return _in_blocks(blocks(law, t, d))
    if isinstance(law, Product | CurieWeiss):
        from regimes.numerics.laws.product.sampled_average import estimator

        return estimator(law, t, d)
    raise DomainError(
        "levels have a one-dimensional law given x for Gaussian clusters on a line, spectra of few distinct eigenvalues, "
        f"products and the Curie-Weiss model, not for {getattr(law, 'family', type(law).__name__)}"
    )


def _line_channel(law: Any, t: float, d: int) -> Channel | None:
    """The channel of clusters on a line, or of Gaussian data with one positive eigenvalue; None for other laws."""
    if isinstance(law, GaussianClusters):
        return channel(law, t, d)
    if isinstance(law, GaussianSpectrum) and len((parts := blocks(law, t, d)).dimensions) == 1:
        return Channel(float(parts.q[0]), np.zeros(1), np.ones(1), parts.dimensions[0])
    return None


def _over_times(t: ArrayLike, n: float, one: Callable[[float], tuple[float, float]]) -> tuple[FloatArray, FloatArray]:
    if not (math.isfinite(n) and n >= 2):
        raise DomainError(f"n={n} is outside its domain: 2 <= n < inf (number of data points)")
    times = np.asarray(t, dtype=float)
    pairs = np.array([one(float(s)) for s in times.ravel()]).reshape(-1, 2)
    return pairs[:, 0].reshape(times.shape), pairs[:, 1].reshape(times.shape)


def excess_entropy(law: Any, t: ArrayLike, n: float, d: int, *, tol: float = 1e-9) -> tuple[FloatArray, FloatArray]:
    """Empirical excess entropy per dimension, exact at finite n and d.

    Parameters
    ----------
    law : clusters whose centres lie on one line, a spectrum of few distinct eigenvalues, a product or a Curie-Weiss law, with numbers in.
    t : forward times, any shape.
    n : number of data points, n >= 2.
    d : dimension.
    tol : relative error at which refining stops (or 1e-30, absolute).

    Returns
    -------
    value, error : arrays of the shape of t, nats per dimension. For Gaussian data the error is the change under refinement of every
        grid and a shift of the contour; for products and Curie-Weiss five standard errors of independent randomisations (see
        `sampled_average`). It may exceed tol where the finest grid, or the largest sample, is not enough.

    Raises
    ------
    DomainError
        Any other law; more centres or eigenvalues than that; t, n or d outside their domains.
    """
    value, error = _over_times(t, n, lambda s: _estimator(law, s, d)(n, "excess", tol))
    return np.asarray(value / d), np.asarray(error / d)


def collapse_probability(law: Any, t: ArrayLike, n: float, d: int, *, tol: float = 1e-9) -> tuple[FloatArray, FloatArray]:
    """Probability that two clones split at t end on the same datum, exact at finite n and d; arguments as `excess_entropy`."""
    if n > 1000:
        return _over_times(t, n, lambda s: _estimator(law, s, d)(n, "agreement", tol))
    # With few levels 1 - phi_C keeps all digits of phi_C >= 1/n.
    value, error = _over_times(t, n, lambda s: _estimator(law, s, d)(n, "confusion", tol))
    return np.asarray(1 - value), error


def decoding_probability(law: Any, t: ArrayLike, n: float, d: int, *, tol: float = 1e-6) -> tuple[FloatArray, FloatArray]:
    """Probability that the datum nearest to x_t is the one it came from, at finite n and d; arguments as `excess_entropy`.

    Raises
    ------
    DomainError
        A law that is neither Gaussian clusters on a line nor Gaussian with one positive eigenvalue; t, n or d outside their domains.
    """
    from regimes.numerics.laws.clusters.decoding import probability  # which is built on this module

    def one(time: float) -> tuple[float, float]:
        line = _line_channel(law, time, d)
        if line is None:
            raise DomainError(
                "decoding probabilities at finite n and d are there for Gaussian clusters on a line and for Gaussian data "
                f"with one positive eigenvalue, not for this {law.family} law"
            )
        return probability(line, n, tol)

    return _over_times(t, n, one)
