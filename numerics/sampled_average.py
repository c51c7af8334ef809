"""Averages over points x that are counts: randomised quasi-Monte-Carlo, with importance sampling and control variates.

Points of a scrambled Sobol sequence become counts (`counted_draws`); the integral over v at each is exact (`contour`), and what
polynomials in a few sums over coordinates explain of it is replaced by its mean (`control_variates`). Independent scrambles give the
statistical error. The seed is fixed: the same arguments give the same digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import logsumexp

from regimes.numerics.contour import FloatArray, Form, Grid, inner_integrals, tilts_of
from regimes.numerics.control_variates import control_variates, controlled
from regimes.numerics.counted_draws import Proposal, dimensions, draw, is_collapsed, proposals
from regimes.numerics.counted_levels import Alphabet, CountedPoints, curie_weiss_alphabet, product_alphabet
from regimes.numerics.gaussian_levels import check_time_and_dimension
from regimes.theory.laws import CurieWeiss, Product

REPLICATIONS = 16
STANDARD_ERRORS = 3.0  # in the error that is returned: Student's t with 15 degrees of freedom exceeds it with probability 0.9 %

_LOG2_SIZES = (5, 8)  # points of one randomisation
_GRIDS = (Grid(0.3, 0.0, 4.0, 26.0, 1024), Grid(0.27, 0.1, 4.0, 30.0, 1024))
_SEED = 20240607


def _values(points: CountedPoints, n: float, form: Form, grid: Grid) -> FloatArray:
    """One form at every point, (X,)."""
    tilts = tilts_of(points, math.log(n - 1))
    if form != "agreement":
        return inner_integrals(points, tilts, n, form, grid)
    values, liquid = np.empty(points.weights.size), tilts.saddle > 1
    for kind, chosen in (("agreement", liquid), ("confusion", ~liquid)):
        index = np.flatnonzero(chosen)
        values[index] = inner_integrals(points.select(index), tilts.select(index), n, kind, grid)  # type: ignore[arg-type]
    return np.where(liquid, values, 1 - values)


def _mean(law: Alphabet, choices: list[Proposal], n: float, form: Form, log2_size: int) -> tuple[float, float]:
    """The average and `STANDARD_ERRORS` standard errors of it, with what the contours miss."""
    from scipy.stats import qmc

    rng, total, missed = np.random.default_rng(_SEED), np.zeros(REPLICATIONS), 0.0
    for proposal in choices:
        u = np.concatenate([qmc.Sobol(dimensions(law), rng=rng).random_base2(log2_size) for _ in range(REPLICATIONS)])
        counts, sizes = draw(law, proposal, np.clip(u, 1e-12, 1 - 1e-12))
        ratio = np.exp(-logsumexp([counts @ other.psi - other.log_norm for other in choices], axis=0))  # law over sum of the proposals
        points = CountedPoints(law, counts, np.full(len(u), 1 / len(u)))
        values = ratio * _values(points, n, form, _GRIDS[0])
        again = np.arange(2**log2_size)
        missed += abs(float(np.mean(ratio[again] * _values(points.select(again), n, form, _GRIDS[1]) - values[again])))
        total += controlled(values, control_variates(law, proposal, counts, sizes), REPLICATIONS)
    return float(total.mean()), STANDARD_ERRORS * float(total.std(ddof=1)) / math.sqrt(REPLICATIONS) + missed


def estimator(law: Product | CurieWeiss, t: float, d: int) -> Callable[[float, Form, float], tuple[float, float]]:
    """The average over x for a product of a discrete prior or a Curie-Weiss law, at time t in d dimensions.

    Raises
    ------
    DomainError : a prior with a density; t or d outside their domains.
    """
    check_time_and_dimension(t, d)
    alphabet = product_alphabet(law, t, d) if isinstance(law, Product) else curie_weiss_alphabet(law, t, d)

    def estimate(n: float, form: Form, tol: float) -> tuple[float, float]:
        log_others = math.log(n - 1)
        liquid = not is_collapsed(alphabet, log_others)
        if form == "agreement" and not liquid:
            value, error = estimate(n, "confusion", tol)
            return 1 - value, error
        choices = proposals(alphabet, log_others, form == "agreement")
        value, error = 0.0, math.inf
        for log2_size in _LOG2_SIZES:
            value, error = _mean(alphabet, choices, n, form, log2_size - len(choices) + 1)
            if error <= max(tol * abs(value), 1e-30):
                break
        return value, error

    return estimate
