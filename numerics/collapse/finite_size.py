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
few numbers (`gaussian_points`), and a randomised quasi-Monte-Carlo average with an error bar where it enters through its empirical
distribution (products and Curie-Weiss spins).

Source: the Laplace-transform integral of a random energy model, int ds/s (e^{-s} - e^{-sZ}) = log Z, with s = e^v.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from regimes.numerics.arrays import FAILED, Answer, FloatArray, Pair, Values
from regimes.numerics.collapse.contour import DROP, Form, Grid, LevelPoints, inner_integrals, peak_of, tilts_of
from regimes.numerics.quantity import Numbers
from regimes.theory.errors import DomainError, NotCoveredError
from regimes.theory.model import DataModel

_GRIDS = (Grid(0.31, 0.15), Grid(0.28, 0.0), Grid(0.27, 0.1), Grid(0.26, 0.0), Grid(0.25, 0.1))

Estimator = Callable[[float, Form, float], tuple[float, float]]
"""An average over x and its error, from n, a form and a relative error that is enough."""
At = Callable[[float, int], Estimator]
"""How the average over x is taken, at a time and a dimension."""
Points = Callable[[Any, float, int], Estimator]
"""The same from a law with numbers in it; `DomainError` for laws that have none."""


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


def refined(rules: Sequence[Callable[[], LevelPoints]]) -> Estimator:
    """The average over points x and its change from the previous resolution, refined until that is below tol or the rules end."""

    def estimate(n: float, form: Form, tol: float) -> tuple[float, float]:
        value, error = _average(rules[0](), n, form, _GRIDS[0]), math.inf
        for rule, grid in zip(rules[1:], _GRIDS[1:], strict=True):
            value, previous = _average(rule(), n, form, grid), value
            error = abs(value - previous) + 1e-14 * abs(value)
            if error <= max(tol * abs(value), 1e-30):
                break
        return value, error

    return estimate


def over_times(t: ArrayLike, n: float, one: Callable[[float], tuple[float, float]]) -> tuple[FloatArray, FloatArray]:
    """Value and error of `one` at times of any shape; `DomainError` for an n that makes no sense."""
    if not (math.isfinite(n) and n >= 2):
        raise DomainError(f"n={n} is outside its domain: 2 <= n < inf (number of data points)")
    times = np.asarray(t, dtype=float)
    pairs = np.array([one(float(s)) for s in times.ravel()]).reshape(-1, 2)
    return pairs[:, 0].reshape(times.shape), pairs[:, 1].reshape(times.shape)


def excess_entropy(points: At, t: ArrayLike, n: float, d: int, *, tol: float = 1e-9) -> tuple[FloatArray, FloatArray]:
    """Empirical excess entropy per dimension, exact at finite n and d.

    Parameters
    ----------
    points : callable
        How the average over x is taken, at a time and a dimension.
    t : array_like
        Forward times, any shape.
    n : float
        Number of data points, n >= 2.
    d : int
        Dimension.
    tol : float
        Relative error at which refining stops (or 1e-30, absolute).

    Returns
    -------
    value, error : ndarray
        Of the shape of t, nats per dimension. For Gaussian data the error is the change under refinement of every grid and a shift of the
        contour; for products and Curie-Weiss spins five standard errors of independent randomisations. It may exceed tol where the
        finest grid, or the largest sample, is not enough.

    Raises
    ------
    DomainError
        A law that has too many centres or eigenvalues; t, n or d outside their domains.
    """
    value, error = over_times(t, n, lambda s: points(s, d)(n, "excess", tol))
    return np.asarray(value / d), np.asarray(error / d)


def collapse_probability(points: At, t: ArrayLike, n: float, d: int, *, tol: float = 1e-9) -> tuple[FloatArray, FloatArray]:
    """Probability that two clones split at t end on the same datum, exact at finite n and d; arguments as `excess_entropy`."""
    if n > 1000:
        return over_times(t, n, lambda s: points(s, d)(n, "agreement", tol))
    # With few levels 1 - phi_C keeps all digits of phi_C >= 1/n.
    value, error = over_times(t, n, lambda s: points(s, d)(n, "confusion", tol))
    return np.asarray(1 - value), error


def by_setting(function: Callable[[Any, FloatArray, float, int], tuple[FloatArray, FloatArray]]) -> Callable[[DataModel, Values], Answer]:
    """A function of a law, times, n and d for whole columns of parameters: one call per distinct setting of everything but the time."""

    def compute(model: DataModel, values: Values) -> Answer:
        others = [name for name in values if name != "t"]
        settings, member = np.unique(np.stack([values[name] for name in others], axis=1), axis=0, return_inverse=True)
        found = Answer.empty(values["t"].size)
        for j, row in enumerate(settings):
            rows = np.flatnonzero(member.ravel() == j)
            given = dict(zip(others, map(float, row), strict=True))
            if given["d"] != math.floor(given["d"]):
                raise DomainError(f"d={given['d']:g} is not a whole number: the finite-size integrals need one")
            law = model.law({p.name: given[p.name] for p in model.params})
            try:
                found.put(rows, Answer.of(Pair(*function(law, values["t"][rows], given["n"], int(given["d"])))))
            except NotCoveredError as reason:
                found.set(rows, FAILED, str(reason))
        return found.set((found.status == FAILED) & (found.reason == ""), FAILED, "the integral did not settle")

    return compute


def method(function: Callable[[At, FloatArray, float, int], tuple[FloatArray, FloatArray]], points: Points, doc: str) -> Numbers:
    """The method that computes an average over x as `points` takes it."""
    return Numbers(by_setting(lambda law, t, n, d: function(partial(points, law), t, n, d)), doc, loosest=math.inf)
