"""Averages over points x that are counts: randomised quasi-Monte-Carlo, with importance sampling and control variates.

In one or two dimensions, where there are few different counts, all of them are summed instead.

Points of a scrambled Sobol sequence become counts (`counted_draws`); the integral over v at each is exact (`contour`), and what
polynomials in a few sums over coordinates explain of it is replaced by its mean (`control_variates`). Independent scrambles give the
statistical error. The seed is fixed: the same arguments give the same digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import scipy
from numpy.typing import NDArray

from regimes.numerics.arrays import FloatArray
from regimes.numerics.collapse.contour import Form, Grid, inner_integrals, peak_of, tilts_of
from regimes.numerics.collapse.finite_size import Estimator
from regimes.numerics.collapse.gaussian_points import check_time_and_dimension
from regimes.numerics.laws.product.control_variates import control_variates, controlled
from regimes.numerics.laws.product.count_draws import Proposal, dimensions, draw, every_count, is_collapsed, number_of_counts, proposals
from regimes.numerics.laws.product.count_points import Alphabet, CountedPoints
from regimes.theory.errors import DomainError

REPLICATIONS = 32
STANDARD_ERRORS = 5.0  # in the error that is returned: in few dimensions the means of scrambles have long tails (up to 4.6 in 400 seen)

_LOG2_SIZES = (5, 7)  # points of one randomisation
_GRIDS = (Grid(0.3, 0.0, 4.0, 26.0, 512), Grid(0.27, 0.1, 4.0, 30.0, 512))
_SEED = 20240607
_ENUMERATED = 10_000
_LEAST_ERROR = 1e-9  # relative: what the nodes of a coordinate and contours for 1e-11 may miss
_UNSEEN = 1e-5  # relative: points too rare for the sample where controls extrapolate (2e-6 seen, twice five standard errors, at d = 8)


def _values(points: CountedPoints, n: float, form: Form, grid: Grid) -> FloatArray:
    """One form at every point, (X,)."""
    log_others = math.log(n - 1)
    tilts = tilts_of(points, log_others)
    liquid = (tilts.saddle > 1) & (form == "agreement")
    # Chernoff's size of f^e or 1 - phi_C: what no double can hold is left at 0.
    typical = np.clip(np.median(tilts.saddle), 0.5, 1.0)
    size = peak_of(points, tilts, np.array([typical]), log_others)[1]
    values = np.zeros(points.weights.size)
    parts: tuple[tuple[Form, NDArray[np.bool_]], ...] = (
        ("agreement", liquid), ("excess" if form == "excess" else "confusion", ~liquid & (size > -750.0)))  # fmt: skip
    for kind, chosen in parts:
        index = np.flatnonzero(chosen)
        values[index] = inner_integrals(points.select(index), tilts.select(index), n, kind, grid)
    return np.where(liquid, values, 1 - values) if form == "agreement" else values


def _sum(law: Alphabet, n: float, form: Form, grid: Grid) -> float:
    """The average over all counts."""
    counts, weights = every_count(law)
    return float(weights @ _values(CountedPoints(law, counts, weights), n, form, grid))


def _mean(law: Alphabet, choices: list[Proposal], n: float, form: Form, log2_size: int) -> tuple[float, float]:
    """The average and `STANDARD_ERRORS` standard errors of it, with what the contours miss."""
    from scipy.stats import qmc

    rng, total, missed = np.random.default_rng(_SEED), np.zeros(REPLICATIONS), 0.0
    for proposal in choices:
        u = np.concatenate([qmc.Sobol(dimensions(law), rng=rng).random_base2(log2_size) for _ in range(REPLICATIONS)])
        counts, sizes = draw(law, proposal, np.clip(u, 1e-12, 1 - 1e-12))
        ratio = np.exp(
            -scipy.special.logsumexp([counts @ other.psi - other.log_norm for other in choices], axis=0)
        )  # law over sum of the proposals
        points = CountedPoints(law, counts, np.full(len(u), 1 / len(u)))
        values = ratio * _values(points, n, form, _GRIDS[0])
        again = np.arange(2**log2_size)
        missed += abs(float(np.mean(ratio[again] * _values(points.select(again), n, form, _GRIDS[1]) - values[again])))
        total += controlled(values, control_variates(law, proposal, counts, sizes), REPLICATIONS)
    mean = float(total.mean())
    spread = mean * float((total / mean).std(ddof=1)) if mean else 0.0  # squares may underflow
    return mean, STANDARD_ERRORS * abs(spread) / math.sqrt(REPLICATIONS) + missed + _UNSEEN * abs(mean)


def estimator(alphabet_at: Callable[[int, float], Alphabet], t: float, d: int) -> Estimator:
    """The average over x for a law of exchangeable coordinates, at time t in d dimensions.

    Parameters
    ----------
    alphabet_at : callable
        One coordinate of x on nodes, from d and how far apart they are, in units of how far apart they may be.
    t : float
        Forward time.
    d : int
        Dimension.

    Raises
    ------
    DomainError
        t or d outside their domains, d no whole number; too early a time for a prior with a density.
    """
    check_time_and_dimension(t, d)
    if d != int(d):
        raise DomainError(f"d={d} is outside its domain: these laws need a whole number of coordinates")
    d = int(d)
    alphabet, coarse = (alphabet_at(d, spacing) for spacing in (1.0, 1.25))

    def estimate(n: float, form: Form, tol: float) -> tuple[float, float]:
        if number_of_counts(alphabet) <= _ENUMERATED:
            values = [_sum(nodes, n, form, grid) for nodes, grid in ((alphabet, _GRIDS[0]), (coarse, _GRIDS[1]))]
            return values[0], abs(values[0] - values[1]) + _LEAST_ERROR * abs(values[0])
        log_others = math.log(n - 1)
        if form == "agreement" and is_collapsed(alphabet, log_others):
            value, error = estimate(n, "confusion", tol)
            return 1 - value, error
        choices = proposals(alphabet, log_others, form == "agreement")
        value, error = 0.0, math.inf
        for log2_size in _LOG2_SIZES:
            value, error = _mean(alphabet, choices, n, form, log2_size - len(choices) + 1)
            if error <= max(tol * abs(value), 1e-30):
                break
        return value, error + _LEAST_ERROR * abs(value)

    return estimate
