"""Draws of points x that are counts: the law itself, or one changed so that rare points that decide an average are typical.

Where the integral F over v is small or decided by rare points, its size is that of Chernoff's bound: up to smooth factors F(N) grows
like exp(sum_j N_j psi_j) at the counts N that carry the average,

    psi_j = log chi_j(tau)/tau - log chi_j(1),     1/2 <= tau <= 1,    for f^e and 1 - phi_C,
    psi_j = log chi_j(tau) - tau log chi_j(1),       1 <= tau <= 2,    for phi_C before the collapse,

with tau where the levels condense at the counts that this makes typical (at tau = 1 nothing is changed). Nodes are drawn with weights
w_j e^{psi_j}: the exponents of random coding (Gallager, Information Theory and Reliable Communication, section 5.6).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from regimes.numerics.arrays import FloatArray
from regimes.numerics.laws.product.count_points import Alphabet


@dataclass(frozen=True)
class Proposal:
    """What the counts are drawn from.

    Attributes
    ----------
    psi : (J,) array
        log of the change of the weights of the nodes, before they are normalised.
    weights : (J,) array
        Changed weights, normalised in each group.
    size_law : (S,) array
        Changed law of the sizes.
    log_norm : float
        log of the mean of exp(sum_j N_j psi_j) under the law itself.
    tau : float
        The tilt it belongs to.
    """

    psi: FloatArray
    weights: FloatArray
    size_law: FloatArray
    log_norm: float
    tau: float


def _proposal(law: Alphabet, psi: FloatArray, tau: float) -> Proposal:
    weights, log_means = np.empty_like(law.weights), []
    for group in law.groups:
        log_terms = np.log(law.weights[group]) + psi[group]
        log_means.append(scipy.special.logsumexp(log_terms))
        weights[group] = np.exp(log_terms - log_means[-1])
    with np.errstate(divide="ignore"):
        log_sizes = np.log(law.size_law) + law.sizes @ np.array(log_means)
    log_norm = float(scipy.special.logsumexp(log_sizes))
    return Proposal(psi, weights, np.exp(log_sizes - log_norm), log_norm, tau)


def proposals(law: Alphabet, log_others: float, before_collapse: bool) -> list[Proposal]:
    """What to draw from for f^e and 1 - phi_C, or for phi_C before the collapse.

    For a product the bound is concave in the counts, and one proposal covers all of them. A mixture may hide another state from it:
    the law itself is then the other half of the draws.
    """
    tilts = np.linspace(1.0, 2.0, 33) if before_collapse else np.linspace(1.0, 0.5, 33)
    log_one = law.slopes(np.ones(1))[0]

    def at(tau: float) -> tuple[Proposal, float]:
        (log_chi,), (mean,) = (a.T for a in law.slopes(np.array([tau])))
        proposal = _proposal(law, log_chi - tau * log_one[:, 0] if before_collapse else log_chi / tau - log_one[:, 0], tau)
        counts = (
            np.concatenate([np.full(group.stop - group.start, proposal.size_law @ law.sizes[:, g]) for g, group in enumerate(law.groups)])
            * proposal.weights
        )
        share = law.log_share[law.typical]
        if before_collapse:
            return proposal, float(log_others + share + counts @ (log_one[:, 0] + mean))
        return proposal, -float(log_others + share + counts @ (log_chi + tau * mean))

    # Both balances fall from tau = 1 where there is something to change; the first one below 0 will do.
    plain, balance = at(1.0)
    last = plain
    for tau in tilts[1:]:
        if balance <= 0:
            break
        last, balance = at(float(tau))
    return [last] if last is plain or law.log_share.size == 1 else [plain, last]


def is_collapsed(law: Alphabet, log_others: float) -> bool:
    """Whether the levels condense at the typical counts."""
    log_chi, mean = law.slopes(np.ones(1))
    counts = np.concatenate([np.full(group.stop - group.start, law.size_law @ law.sizes[:, g]) for g, group in enumerate(law.groups)])
    return bool(log_others + law.log_share[law.typical] + (counts * law.weights) @ (log_chi + mean)[:, 0] < 0)


def draw(law: Alphabet, proposal: Proposal, u: FloatArray) -> tuple[FloatArray, NDArray[np.int_]]:
    """Counts (X, J) and sizes (X, G) from numbers u (X, `dimensions`) that are uniform in (0, 1)."""
    sizes = np.broadcast_to(law.sizes[0], (u.shape[0], law.sizes.shape[1]))
    if law.size_law.size > 1:
        cumulative = np.cumsum(proposal.size_law)
        sizes, u = law.sizes[np.searchsorted(cumulative[:-1], u[:, 0])], u[:, 1:]
    counts = np.zeros((u.shape[0], law.weights.size))
    if _one_by_one(law):
        _place(law, proposal, u, sizes, counts)
    else:
        column = 0
        for g, group in enumerate(law.groups):
            used = group.stop - group.start - 1
            counts[:, group] = _split(u[:, column : column + used], sizes[:, g], proposal.weights[group])
            column += used
    return counts, sizes


def number_of_counts(law: Alphabet) -> float:
    """How many different counts there are."""
    return sum(
        math.prod(math.comb(int(n) + group.stop - group.start - 1, int(n)) for n, group in zip(size, law.groups, strict=True))
        for size in law.sizes
    )


def every_count(law: Alphabet) -> tuple[FloatArray, FloatArray]:
    """All counts (X, J) and their probabilities (X,)."""
    counts, log_weights = [], []
    for size, probability in zip(law.sizes, law.size_law, strict=True):
        here, log_weight = np.zeros((1, law.weights.size)), np.full(1, np.log(probability))
        for n, group in zip(size, law.groups, strict=True):
            places = itertools.combinations_with_replacement(range(group.start, group.stop), int(n))
            nodes = np.array(list(places), dtype=int).reshape(-1, int(n)) if n else np.zeros((1, 0), dtype=int)
            part = np.zeros((len(nodes), law.weights.size))
            np.add.at(part, (np.repeat(np.arange(len(nodes)), n), nodes.ravel()), 1.0)
            log_part = scipy.special.gammaln(n + 1) + (part * np.log(law.weights) - scipy.special.gammaln(part + 1))[:, group].sum(axis=1)
            here = (here[:, None] + part).reshape(-1, law.weights.size)
            log_weight = (log_weight[:, None] + log_part).ravel()
        counts.append(here)
        log_weights.append(log_weight)
    weights = np.exp(np.concatenate(log_weights))
    keep = weights > 1e-26
    return np.concatenate(counts)[keep], weights[keep]


def _one_by_one(law: Alphabet) -> bool:
    """Whether there are fewer coordinates than nodes."""
    return bool(law.sizes[0].sum() < law.weights.size - len(law.groups))


def dimensions(law: Alphabet) -> int:
    """Uniform numbers that one draw takes."""
    return min(int(law.sizes[0].sum()), law.weights.size - len(law.groups)) + (law.size_law.size > 1)


def _place(law: Alphabet, proposal: Proposal, u: FloatArray, sizes: NDArray[np.int_], counts: FloatArray) -> None:
    """Put every coordinate on a node: the first sizes[:, 0] of them on nodes of the first group, and so on."""
    ends, number = np.cumsum(sizes, axis=1), np.arange(u.shape[1])
    for g, group in enumerate(law.groups):
        node = group.start + np.searchsorted(np.cumsum(proposal.weights[group])[:-1], u)
        start = ends[:, g - 1] if g else np.zeros(len(u), dtype=int)
        row, column = np.nonzero((number >= start[:, None]) & (number < ends[:, g, None]))
        np.add.at(counts, (row, node[row, column]), 1.0)


def _split(u: FloatArray, totals: NDArray[np.int_], weights: FloatArray) -> FloatArray:
    """Multinomial counts (X, J) of totals (X,): binomial splits of the nodes in halves of equal weight, the coarse ones first."""
    from scipy.stats import binom

    counts = np.zeros((u.shape[0], weights.size))
    cumulative = np.concatenate([[0.0], np.cumsum(weights)])
    segments, column = [(0, weights.size, totals)], 0
    while segments:
        later = []
        for start, stop, count in segments:
            if stop - start == 1:
                counts[:, start] = count
                continue
            half = 0.5 * (cumulative[start] + cumulative[stop])
            middle = int(np.clip(np.searchsorted(cumulative[start : stop + 1], half) + start, start + 1, stop - 1))
            part = cumulative[middle] - cumulative[start]
            some = count > 0
            left = np.zeros_like(count)
            share = min(1.0, part / max(cumulative[stop] - cumulative[start], 1e-300))
            left[some] = np.asarray(binom.ppf(u[some, column], count[some], share)).astype(int)
            column += 1
            later += [(start, middle, left), (middle, stop, count - left)]
        segments = later
    return counts


def _centred(law: Alphabet, proposal: Proposal, functions: FloatArray) -> FloatArray:
    """Functions of the node (J, K) less their means in each group."""
    return np.concatenate([functions[group] - proposal.weights[group] @ functions[group] for group in law.groups])
