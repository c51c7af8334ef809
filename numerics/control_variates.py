"""Control variates for averages over counts: monomials to fourth order in a few sums over coordinates, less their exact means.

The means are those given the sizes of the groups, where cumulants add over coordinates; the coefficients come from the other half of the
randomisations, so that nothing is biased.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.contour import FloatArray
from regimes.numerics.counted_draws import Proposal
from regimes.numerics.counted_levels import Alphabet

_ORDER = 4
_SUMS = 3


def control_variates(law: Alphabet, proposal: Proposal, counts: FloatArray, sizes: NDArray[np.int_]) -> FloatArray:
    """Variables (X, C) of mean zero and unit spread, for counts (X, J) and sizes (X, G) drawn from the proposal."""
    functions = _functions(law, proposal, len(counts))
    sums = counts @ functions
    size, size_means = _size_powers(law, proposal, sizes, len(counts))
    columns = [size**power - mean for power, mean in enumerate(size_means) if power]
    for index, mean in _means(law, proposal, functions, sizes).items():
        monomial = np.prod(sums[:, index], axis=1) - mean
        columns += [monomial * size**power for power in range(len(size_means)) if power + len(index) <= _ORDER]
    if not columns:
        return np.empty((len(counts), 0))
    table = np.stack(columns, axis=1)
    spread = table.std(axis=0)
    # A sample that does not show the mean lacks the rare points that decide it.
    shown = (spread > 1e-12) & (np.abs(table.mean(axis=0)) < 6 * spread / math.sqrt(len(table)))
    return np.asarray(table[:, shown] / spread[shown])


def controlled(values: FloatArray, controls: FloatArray, replications: int) -> FloatArray:
    """Means of the randomisations (R,), less what the controls explain by the coefficients of the other half of them."""
    half, explained = len(values) // 2, np.empty(len(values))
    for own, other in ((slice(0, half), slice(half, None)), (slice(half, None), slice(0, half))):
        design = np.column_stack([np.ones(half), controls[other]])
        explained[own] = controls[own] @ np.linalg.lstsq(design, values[other], rcond=1e-12)[0][1:]
    plain, less = (a.reshape(replications, -1).mean(axis=1) for a in (values, values - explained))
    return np.asarray(less if less.std() < plain.std() else plain)


def _functions(law: Alphabet, proposal: Proposal, sample: int) -> FloatArray:
    """Up to `_SUMS` functions of the node (J, K), orthogonal, of mean zero and variance 1/d: what transforms of levels vary by."""
    log_chi, mean = law.slopes(np.array([0.5, 1.0, max(proposal.tau, 1.5)]))
    functions = _centred(law, proposal, np.column_stack([log_chi[:, 1], mean[:, 1], log_chi[:, 0], log_chi[:, 2]]))
    root = np.sqrt(proposal.weights)[:, None]
    lengths = np.linalg.norm(root * functions, axis=0)
    varied = lengths > 1e-9 * np.abs(functions).max(axis=0)
    basis, sizes, _ = np.linalg.svd(root * functions[:, varied] / lengths[varied], full_matrices=False)
    kept = basis[:, sizes > 1e-6][:, :_SUMS] / np.maximum(root, 1e-150)
    d = int(law.sizes[0].sum())
    for column in kept.T:
        column[:] = _clipped(column, proposal.weights, min(4.0 / (d * sample), 0.1))
    return _centred(law, proposal, kept) / math.sqrt(d)


def _centred(law: Alphabet, proposal: Proposal, functions: FloatArray) -> FloatArray:
    """Functions of the node (J, K) less their means in each group."""
    return np.concatenate([functions[group] - proposal.weights[group] @ functions[group] for group in law.groups])


def _clipped(values: FloatArray, weights: FloatArray, rare: float) -> FloatArray:
    """Values with both tails of that probability cut: powers of what a sample never shows would mislead it."""
    order = np.argsort(values)
    cumulative = np.cumsum(weights[order]) / weights.sum()
    low, high = np.searchsorted(cumulative, [rare, 1 - rare])
    return np.asarray(np.clip(values, values[order[low]], values[order[min(high, values.size - 1)]]))


def _size_powers(law: Alphabet, proposal: Proposal, sizes: NDArray[np.int_], sample: int) -> tuple[FloatArray, list[float]]:
    """The size of the first group in standard units (X,), and the means of its powers; of the power 0 alone if it is fixed."""
    known = _clipped(law.sizes[:, 0].astype(float), proposal.size_law, 4 / sample)
    known = known - proposal.size_law @ known
    spread = math.sqrt(proposal.size_law @ known**2)
    if spread == 0:
        return np.zeros(sample), [1.0]
    known = known / spread
    return known[np.searchsorted(law.sizes[:, 0], sizes[:, 0])], [float(proposal.size_law @ known**power) for power in range(_ORDER + 1)]


def _means(law: Alphabet, proposal: Proposal, functions: FloatArray, sizes: NDArray[np.int_]) -> dict[tuple[int, ...], FloatArray]:
    """Mean given the sizes (X,) of each monomial in the sums; a monomial is the tuple of its factors."""

    def total(*index: int, less: tuple[tuple[int, ...], ...] = ()) -> FloatArray:
        """Sum over coordinates of the mean of a product of functions, less products of the means of pairs."""
        value = np.zeros(len(sizes))
        for g, group in enumerate(law.groups):
            weights, values = proposal.weights[group], functions[group]
            pairs = sum((weights @ (values[:, a] * values[:, b])) * (weights @ (values[:, c] * values[:, e])) for a, b, c, e in less)
            value += sizes[:, g] * (weights @ np.prod(values[:, index], axis=1) - pairs)
        return value

    order = range(functions.shape[1])
    means: dict[tuple[int, ...], FloatArray] = {(i,): np.zeros(len(sizes)) for i in order}
    means |= {index: total(*index) for k in (2, 3) for index in itertools.combinations_with_replacement(order, k)}
    for i, j, k, m in itertools.combinations_with_replacement(order, 4):
        pairs = ((i, j, k, m), (i, k, j, m), (i, m, j, k))
        products = [means[a, b] * means[min(c, e), max(c, e)] for a, b, c, e in pairs]
        means[i, j, k, m] = np.asarray(total(i, j, k, m, less=pairs) + np.sum(products, axis=0))
    return means
