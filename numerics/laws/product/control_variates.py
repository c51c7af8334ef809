"""Control variates for averages over counts: monomials to second order in a few sums over coordinates, less their exact means.

The means are those given the sizes of the groups, where variances add over coordinates; the coefficients come from the other half of the
randomisations, so that nothing is biased. (Higher orders fit the points drawn better, and what they lack worse: seen in error bars that
were too small.)
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.arrays import FloatArray
from regimes.numerics.laws.product.count_draws import Proposal
from regimes.numerics.laws.product.count_points import Alphabet

_SUMS = 3


def control_variates(law: Alphabet, proposal: Proposal, counts: FloatArray, sizes: NDArray[np.int_]) -> FloatArray:
    """Variables (X, C) of mean zero and unit spread, for counts (X, J) and sizes (X, G) drawn from the proposal."""
    functions = _functions(law, proposal)
    size = sizes[:, 0] - proposal.size_law @ law.sizes[:, 0]
    variance = proposal.size_law @ (law.sizes[:, 0] - proposal.size_law @ law.sizes[:, 0]) ** 2
    sums = counts @ functions
    columns = [*sums.T, *(sums * size[:, None]).T, size, size**2 - variance]
    for i, j in itertools.combinations_with_replacement(range(sums.shape[1]), 2):
        products = [proposal.weights[group] @ (functions[group, i] * functions[group, j]) for group in law.groups]
        columns.append(sums[:, i] * sums[:, j] - sizes @ products)
    table = np.stack(columns, axis=1)
    spread = table.std(axis=0)
    # A sample that does not show the mean lacks the rare points that decide it.
    shown = (spread > 1e-12 * (1 + np.abs(table).max(axis=0))) & (np.abs(table.mean(axis=0)) < 6 * spread / math.sqrt(len(table)))
    return np.asarray(table[:, shown] / spread[shown])


def controlled(values: FloatArray, controls: FloatArray, replications: int) -> FloatArray:
    """Means of the randomisations (R,), less what the controls explain by the coefficients of the other half of them."""
    largest = np.abs(values).max()
    if largest == 0:
        return np.zeros(replications)
    half, explained, values = len(values) // 2, np.empty(len(values)), values / largest  # squares of values may underflow
    for own, other in ((slice(0, half), slice(half, None)), (slice(half, None), slice(0, half))):
        design, target = controls[other] - controls[other].mean(axis=0), values[other] - values[other].mean()
        # Directions that a sample hardly shows would be extrapolated to the points that it lacks.
        explained[own] = controls[own] @ np.linalg.lstsq(design, target, rcond=1e-3)[0]
    plain, less = (a.reshape(replications, -1).mean(axis=1) for a in (values, values - explained))
    return np.asarray(largest * (less if less.std() < plain.std() else plain))


def _functions(law: Alphabet, proposal: Proposal) -> FloatArray:
    """Up to `_SUMS` functions of the node (J, K), orthogonal, of mean zero and variance 1/d: what transforms of levels vary by."""
    log_chi, mean = law.slopes(np.array([0.5, 1.0, max(proposal.tau, 1.5)]))
    functions = _centred(law, proposal, np.column_stack([log_chi[:, 1], mean[:, 1], log_chi[:, 0], log_chi[:, 2]]))
    root = np.sqrt(proposal.weights)[:, None]
    lengths = np.linalg.norm(root * functions, axis=0)
    varied = lengths > 1e-9 * np.abs(functions).max(axis=0)
    basis, sizes, _ = np.linalg.svd(root * functions[:, varied] / lengths[varied], full_matrices=False)
    kept = basis[:, sizes > 1e-6][:, :_SUMS] / np.maximum(root, 1e-150)
    return _centred(law, proposal, kept) / math.sqrt(int(law.sizes[0].sum()))


def _centred(law: Alphabet, proposal: Proposal, functions: FloatArray) -> FloatArray:
    """Functions of the node (J, K) less their means in each group."""
    return np.concatenate([functions[group] - proposal.weights[group] @ functions[group] for group in law.groups])
