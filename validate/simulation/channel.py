"""Data sets drawn from a law, and the forward Ornstein-Uhlenbeck channel.

Notation: x_t = e^{-t} a + sqrt(Delta_t) z, Delta_t = 1 - e^{-2t}, z ~ N(0, I); Gamma_t = Delta_t + sd^2 e^{-2t}
is the variance of one noised cluster of standard deviation sd.
"""

from __future__ import annotations

import math
from functools import cache, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from regimes.theory.errors import DomainError
from regimes.theory.laws import Atom, CurieWeiss, GaussianClusters, GaussianSpectrum, IsingChain, IsingChains, Law, Mixture, Product
from regimes.validate.laws.panels import Panels

FloatArray = npt.NDArray[np.floating[Any]]
IntArray = npt.NDArray[np.integer[Any]]
Real = type[np.float32] | type[np.float64]


def delta(t: float) -> float:
    """Variance Delta_t = 1 - e^{-2t} of the noise at forward time `t`, without cancellation at small `t`."""
    return -math.expm1(-2.0 * t)


def gamma(t: float, variance: float) -> float:
    """Variance Gamma_t = Delta_t + variance e^{-2t} of one coordinate of a noised cluster."""
    return delta(t) + variance * math.exp(-2.0 * t)


def frame(rank: int, d: int) -> FloatArray:
    """Orthonormal rows (rank, d): the first `rank` vectors of the discrete cosine basis.

    The first row is (1, ..., 1)/sqrt(d), so that a centre of coordinate mu is the vector m = mu (1, ..., 1).

    Raises
    ------
    DomainError : if `rank` directions do not fit into `d` dimensions.
    """
    if d < 1 or rank > d:
        raise DomainError(f"the means span {rank} directions: the dimension must be at least {max(rank, 1)}, not {d}")
    k = np.arange(rank)[:, None]
    rows: FloatArray = np.sqrt(2.0 / d) * np.cos(np.pi * k * (np.arange(d) + 0.5) / d)
    rows[:1] = 1.0 / math.sqrt(d)
    return rows


def weights(law: GaussianClusters) -> FloatArray:
    """Probabilities of the clusters, (K,)."""
    return np.array([float(w) for w in law.weights])


def means(law: GaussianClusters, d: int) -> FloatArray:
    """Means of the clusters in the coordinates of `frame`, (K, r), in data units (lengths of order sqrt(d))."""
    centres = np.array([[float(c) for c in row] for row in law.centres]).reshape(len(law.weights), law.rank)
    return math.sqrt(d) * centres


def draw(rng: np.random.Generator, law: Law, n: int, d: int, dtype: Real = np.float64) -> tuple[FloatArray, IntArray]:
    """`n` independent data in `d` dimensions.

    Parameters
    ----------
    law : a law in numbers (`regimes.validate.laws.in_numbers`).

    Returns
    -------
    data : (n, d) of `dtype`.
    labels : (n,) the cluster each datum came from; 0 for a law without clusters.

    Raises
    ------
    DomainError : the law has no data (`RandomEnergies`).
    """
    labels = np.zeros(n, dtype=np.intp)
    match law:
        case GaussianClusters():
            labels = rng.choice(len(law.weights), size=n, p=weights(law))
            data: FloatArray = rng.standard_normal((n, d), dtype=dtype)
            data *= dtype(law.sd)
            if law.rank:
                centres: FloatArray = (means(law, d) @ frame(law.rank, d)).astype(dtype)
                data += centres[labels]
        case Mixture():
            labels = rng.choice(len(law.clusters), size=n, p=np.exp(cluster_log_weights(law, d)))
            spreads = np.array([c.sd for c in law.clusters])[labels, None]
            places = math.sqrt(d) * np.array([c.centre for c in law.clusters]).reshape(len(law.clusters), law.rank)
            data = (spreads * rng.standard_normal((n, d)) + (places @ frame(law.rank, d))[labels]).astype(dtype, copy=False)
        case GaussianSpectrum():
            data = rng.standard_normal((n, d), dtype=dtype)
            data *= np.sqrt(eigenvalues(law, d)).astype(dtype)
        case Product():
            data = coordinates(rng, law, n * d).reshape(n, d).astype(dtype, copy=False)
        case CurieWeiss():
            data = _curie_weiss(rng, law, n, d).astype(dtype, copy=False)
        case IsingChain():
            data = _chains(rng, np.full(n, law.beta), d).astype(dtype)
        case IsingChains():
            labels = np.where(rng.random(n) < law.weight, 0, 1)
            data = _chains(rng, np.array([law.beta_a, law.beta_b])[labels], d).astype(dtype)
        case _:
            raise DomainError(f"{law.family} is no law of data: nothing can be drawn from it")
    return data, labels


def _chains(rng: np.random.Generator, beta: FloatArray, d: int) -> IntArray:
    """(n, d) spins of open chains at couplings beta (n,): a spin is its neighbour's, turned or not."""
    spin = np.where(rng.random((len(beta), d)) < 1.0 / (1.0 + np.exp(-2.0 * beta[:, None])), 1, -1).astype(np.int8)
    spin[:, 0] = np.where(rng.random(len(beta)) < 0.5, 1, -1)
    return np.asarray(np.multiply.accumulate(spin, axis=1))


def cluster_log_weights(law: Mixture, d: int) -> FloatArray:
    """(K,) logarithms of the probabilities of the clusters in `d` dimensions, where those with a cost are rare."""
    exponent = np.array([math.log(c.weight) - d * c.cost for c in law.clusters])
    return np.asarray(exponent - np.logaddexp.reduce(exponent))


@lru_cache(maxsize=64)
def eigenvalues(law: GaussianSpectrum, d: int, offset: float = 0.5) -> FloatArray:
    """(d,) eigenvalues of the covariance: of quantile (i + offset)/d for coordinate i, atoms and curves laid end to end."""
    share = (np.arange(d) + offset) / d
    total = sum(part.weight for part in law.atoms) + sum(part.weight for part in law.curves)
    share *= total  # one, but for rounding
    found, start = np.empty(d), 0.0
    for atom in law.atoms:
        stop = start + atom.weight
        found[(share >= start) & (share < stop)] = atom.place
        start = stop
    for curve in law.curves:
        stop = start + curve.weight
        inside = (share >= start) & (share < stop)
        found[inside] = curve.eigenvalue.at(curve.density.quantile((share[inside] - start) / curve.weight))
        start = stop
    return np.maximum(found, 0.0)


def stratified(rng: np.random.Generator, law: GaussianSpectrum, d: int) -> GaussianSpectrum:
    """The law with d eigenvalues, one at random in each of d equal shares: their sums of functions have the averages of the law."""
    return GaussianSpectrum(tuple(Atom(1.0 / d, place) for place in eigenvalues(law, d, float(rng.random())).tolist()))


REACH, CELLS = 7.25, 2**10
"""A smooth piece of a prior is a function of a normal variable z, linear between 2^10 points per unit; |z| > 7.25 has probability 4e-13."""


@cache
def _warp(density: Panels) -> FloatArray:
    """The coordinate of the law with this density as an increasing function of a normal variable, at the points of its grid.

    Linear interpolation misplaces a coordinate by less than 2^-23 times the function's second derivative.
    """
    from scipy.special import ndtr

    return density.quantile(ndtr(np.arange(-REACH * CELLS, REACH * CELLS + 1) / CELLS))


def coordinates(rng: np.random.Generator, law: Product, count: int) -> FloatArray:
    """(count,) independent draws from the prior of a product law."""
    weights_of_parts = [*(atom.weight for atom in law.atoms), *(piece.weight for piece in law.pieces)]
    edges = np.cumsum(weights_of_parts)[:-1]
    chosen = np.searchsorted(edges, rng.random(count), side="right") if len(edges) else np.zeros(count, dtype=np.intp)
    if not law.pieces:
        return np.asarray(np.array([atom.place for atom in law.atoms])[chosen])
    table = np.stack([_warp(piece.density) for piece in law.pieces])
    if law.atoms:
        found = np.array([*(atom.place for atom in law.atoms), *np.zeros(len(law.pieces))])[chosen]
        smooth = np.flatnonzero(chosen >= len(law.atoms))
        found[smooth] = _warped(rng, table, chosen[smooth] - len(law.atoms))
        return np.asarray(found)
    return _warped(rng, table, chosen)


def _warped(rng: np.random.Generator, table: FloatArray, piece: IntArray) -> FloatArray:
    """One draw from each of the pieces whose rows in `table` are given."""
    place = rng.standard_normal(len(piece))
    place += REACH
    place *= CELLS
    np.clip(place, 0.0, table.shape[1] - 1.5, out=place)
    cell = place.astype(np.intp)
    place -= cell
    cell += piece * table.shape[1]
    low, high = table.ravel().take(cell), table.ravel().take(cell + 1)
    return np.asarray(low + place * (high - low))


@cache
def magnetisation(law: CurieWeiss, d: int) -> tuple[FloatArray, FloatArray]:
    """Values of the sum of all spins, -d, -d + 2 ... d, and their logarithmic weights; both (d + 1,), unnormalised."""
    from scipy.special import gammaln

    up = np.arange(d + 1)
    total = 2.0 * up - d
    log_weight = gammaln(d + 1) - gammaln(up + 1) - gammaln(d - up + 1) + law.beta * total**2 / (2 * d) + law.h * total
    return total, np.asarray(log_weight)


def _curie_weiss(rng: np.random.Generator, law: CurieWeiss, n: int, d: int) -> FloatArray:
    """Exact at every d, by the Hubbard-Stratonovich field.

    Given the spins the field y is N(beta M/d, beta/d), M their sum; given y the spins are independent in the field y + h. So M from
    its exact law, y given M and new spins given y are data of the law.
    """
    total, log_weight = magnetisation(law, d)
    weight = np.exp(log_weight - log_weight.max())
    field = law.beta / d * rng.choice(total, size=n, p=weight / weight.sum()) + math.sqrt(law.beta / d) * rng.standard_normal(n)
    up = 1.0 / (1.0 + np.exp(-2.0 * (field + law.h)))
    return np.where(rng.random((n, d)) < up[:, None], 1.0, -1.0)


def normal(rng: np.random.Generator, like: FloatArray) -> FloatArray:
    """Standard normal numbers in the shape of `like`, float32 if it is float32, else float64."""
    kind: Real = np.float32 if like.dtype == np.float32 else np.float64
    return rng.standard_normal(like.shape, dtype=kind)


def noised(rng: np.random.Generator, data: FloatArray, t: float) -> FloatArray:
    """The forward channel: e^{-t} data + sqrt(Delta_t) z, same shape and type as `data`."""
    noise = normal(rng, data)
    noise *= noise.dtype.type(math.sqrt(delta(t)))
    noise += noise.dtype.type(math.exp(-t)) * data
    return noise
