"""Estimators from the forward channel alone, one number per sample, so that the caller forms the error bars.

Samples of one batch share a data set: the spread *between batches*, each with its own data, is the honest error bar of an
average over data sets; the spread within a batch is that of one fixed data set. All times of a batch share data and noise
too: curves are correlated.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regimes.numerics.arrays import IntArray, RealArray
from regimes.theory.errors import DomainError
from regimes.validate.simulation.channel import noise_var, noised
from regimes.validate.simulation.scores import ClassCentre, EmpiricalCentre, NoisedLaw

SAMPLE_BLOCK, DATA_BLOCK = 256, 2048  # one panel of the planted estimator: three arrays of this size


@dataclass(frozen=True)
class Planted:
    """One row per sample x = e^{-t} a_nu + sqrt(Delta_t) z, one column per time.

    Attributes
    ----------
    times : array
        (T,).
    excess : array
        (B, T) log[n P_t^e(x)/N(x; e^{-t} a_nu, Delta_t)] = log(1 + sum over the other data): its mean is d f^e(t), nats.
    weight : array
        (B, T) posterior weight w_nu of the datum the sample came from: its mean is phi_C(t) = E sum_mu w_mu^2.
    nearest : array
        (B, T) whether that datum is also the most probable one (decoding succeeds).
    agreement : array
        (B, T) sum_c p(c|x)^2 over the classes of the data: its mean is phi(t) of the empirical law; 1 without classes.
    """

    times: RealArray
    excess: RealArray
    weight: RealArray
    nearest: npt.NDArray[np.bool_]
    agreement: RealArray


def planted(
    data: RealArray, origin: IntArray, noise: RealArray, times: Sequence[float] | RealArray, *,
    counts: npt.ArrayLike | None = None, classes: RealArray | None = None,
) -> Planted:  # fmt: skip
    """Planted-reference estimator for given data: two matrix products serve all times.

    With s = e^{-t}/sqrt(Delta_t), datum mu is more probable than the planted nu by the factor exp[s (s P + Q)],
    P = -|a_mu - a_nu|^2/2, Q = z.(a_mu - a_nu). The planted term is exactly 1 and nothing cancels as t -> 0.

    Parameters
    ----------
    data : array
        (n, d). Products are formed in float32 if it is float32 (relative error of a factor about 1e-5), else float64; pairs so close that a
        product would lose them are formed by explicit differences.
    origin : array
        (B,) index nu of the datum each sample comes from.
    noise : array
        (B, d) standard normal z.
    times : sequence or array
        All > 0.
    counts : array_like, optional
        (n,) multiplicity of each row, for data with repeated rows; n is then their sum.
    classes : array, optional
        (n, K) probabilities of the classes of each datum; one of them is 1 unless identical rows differ in class.

    Raises
    ------
    DomainError
        For a time that is not positive and finite.
    """
    asked = np.asarray(times, dtype=np.float64)
    if not (np.isfinite(asked).all() and (asked > 0).all()):
        raise DomainError(f"forward-channel estimators need finite times > 0, not {asked.min():g} ... {asked.max():g}")
    speed = np.array([math.exp(-t) / math.sqrt(noise_var(t)) for t in asked])
    multiplicity = np.ones(len(data)) if counts is None else np.asarray(counts, dtype=np.float64)
    square = np.einsum("ij,ij->i", data, data, dtype=np.float64)
    shape = len(origin), len(asked)
    classes = None if classes is None else classes.astype(data.dtype)
    by_class = np.zeros((*shape, 0 if classes is None else classes.shape[1]))
    others, largest = np.zeros(shape), np.full(shape, -math.inf)
    for rows in _blocks(len(origin), SAMPLE_BLOCK):
        own, z = origin[rows], noise[rows].astype(data.dtype, copy=False)
        for columns in _blocks(len(data), DATA_BLOCK):
            near, cross = _panel(data, square, own, z, columns)
            log_count = np.log(multiplicity[columns]).astype(data.dtype) if counts is not None else None
            indicator = None if classes is None else classes[columns]
            _add_factors(near, cross, speed, log_count, indicator, others[rows], largest[rows], by_class[rows])
    own_count = multiplicity[origin][:, None]
    total = own_count + others
    agreement = np.ones(shape)
    if classes is not None:
        by_class += (own_count * classes[origin])[:, None, :]
        agreement = np.square(by_class / total[..., None]).sum(axis=2)
    return Planted(asked, np.log1p(others + (own_count - 1.0)), own_count / total, largest < np.log(own_count), agreement)


def _blocks(length: int, size: int) -> list[slice]:
    return [slice(first, min(first + size, length)) for first in range(0, length, size)]


def _panel(data: RealArray, square: RealArray, own: IntArray, z: RealArray, columns: slice) -> tuple[RealArray, RealArray]:
    """P and Q for one block of samples and one of data; the planted pair itself gets P = -inf."""
    planted_data, block = data[own], data[columns]
    real = data.dtype.type
    near = planted_data @ block.T
    near -= (0.5 * square[columns]).astype(real)
    near -= (0.5 * square[own]).astype(real)[:, None]
    cross = z @ block.T
    cross -= np.einsum("ij,ij->i", z, planted_data)[:, None]
    # a product leaves an error eps |a|^2 in P; where that is not small against P, form the difference
    row, column = np.nonzero(near > -1e4 * float(np.finfo(real).eps) * float(square.max()))
    chunk = max(1, 2**20 // data.shape[1])
    for first in range(0, len(row), chunk):
        r, c = row[first : first + chunk], column[first : first + chunk]
        gap = block[c] - planted_data[r]
        near[r, c] = -0.5 * np.einsum("ij,ij->i", gap, gap)
        cross[r, c] = np.einsum("ij,ij->i", gap, z[r])
    here = np.flatnonzero((own >= columns.start) & (own < columns.stop))
    near[here, own[here] - columns.start] = -math.inf
    return near, cross


def _add_factors(
    near: RealArray, cross: RealArray, speed: RealArray, log_count: RealArray | None, indicator: RealArray | None,
    others: RealArray, largest: RealArray, by_class: RealArray,
) -> None:  # fmt: skip
    """Add one panel's exp[s (s P + Q)] for every time to the sums, in place; keep the largest exponent."""
    real = near.dtype.type
    smallest = math.log(float(np.finfo(real).tiny)) - 16.0  # every factor would be zero in this type
    work = np.empty_like(near)
    for k, s in enumerate(speed):
        np.multiply(near, real(s), out=work)
        work += cross
        work *= real(s)
        if log_count is not None:
            work += log_count
        top = work.max(axis=1)
        np.maximum(largest[:, k], top, out=largest[:, k])
        if top.max() < smallest:
            continue
        np.exp(work, out=work)
        others[:, k] += work.sum(axis=1)
        if indicator is not None:
            by_class[:, k] += work @ indicator


def planted_batch(rng: np.random.Generator, data: RealArray, times: Sequence[float] | RealArray, samples: int) -> Planted:
    """One batch of the planted estimator for a data set (n, d); `samples` <= n use different planted data."""
    real = np.float32 if data.dtype == np.float32 else np.float64
    return planted(data, np.arange(samples) % len(data), rng.standard_normal((samples, data.shape[1]), dtype=real), times)


def plain_excess(rng: np.random.Generator, data: RealArray, times: Sequence[float] | RealArray, samples: int) -> RealArray:
    """The textbook estimator, as a check: log n + log P_t^e(x) + (d/2) log(2 pi e Delta_t) for noised data x, (B, T).

    Its mean is d f^e(t), as that of `Planted.excess`; its variance is larger by that of |z|^2/2.
    """
    (n, d), score = data.shape, EmpiricalCentre(data)
    origin = data[np.arange(samples) % n]
    return np.stack(
        [
            math.log(n) + score.log_density(noised(rng, origin, t), t) + 0.5 * d * math.log(2.0 * math.pi * math.e * noise_var(t))
            for t in map(float, times)
        ],
        axis=1,
    )


def class_agreement(rng: np.random.Generator, score: ClassCentre, data: RealArray, times: Sequence[float] | RealArray) -> RealArray:
    """sum_c p(c|x)^2 for noised data x, (B, T): its mean is the cloning probability phi(t)."""
    return np.stack([np.square(score.posterior(noised(rng, data, t), t)).sum(axis=1) for t in map(float, times)], axis=1)


def information_terms(rng: np.random.Generator, law: NoisedLaw, data: RealArray, times: Sequence[float] | RealArray) -> Iterator[RealArray]:
    """For every time log[P(x|a)/P_t(x)] under the population law, nats, as a sum of independent terms: (B, d) or (B, 1).

    All times share data and noise.
    """
    return _terms(law, data, rng.standard_normal(data.shape), times)


def _terms(law: NoisedLaw, data: RealArray, z: RealArray, times: Sequence[float] | RealArray) -> Iterator[RealArray]:
    for t in map(float, times):
        terms = law.terms(math.exp(-t) * data + math.sqrt(noise_var(t)) * z, t)
        channel = -0.5 * np.square(z) - 0.5 * math.log(2.0 * math.pi * noise_var(t))
        yield channel - terms if terms.shape == z.shape else channel.sum(axis=1, keepdims=True) - terms


def information_density(rng: np.random.Generator, law: NoisedLaw, data: RealArray, times: Sequence[float] | RealArray) -> RealArray:
    """log[P(x|a)/P_t(x)]/d under the population law, nats per dimension, (B, T): mean I(t), variance V(t)/d."""
    return np.stack([terms.sum(axis=1) / data.shape[1] for terms in information_terms(rng, law, data, times)], axis=1)


def information_moments(
    rng: np.random.Generator, law: NoisedLaw, data: RealArray, times: Sequence[float] | RealArray, groups: int
) -> tuple[RealArray, RealArray]:
    """I(t) and V(t) of the population law by groups of at least two data, (G, T) each; both without bias, V term by term."""
    mean, variance = np.empty((2, groups, len(times)))
    d = data.shape[1]
    for k, terms in enumerate(information_terms(rng, law, data, times)):
        grouped = terms.reshape(groups, len(data) // groups, -1)
        mean[:, k] = grouped.mean(axis=1).sum(axis=1) / d
        variance[:, k] = grouped.var(axis=1, ddof=1).sum(axis=1) / d
    return mean, variance


def window_averages(
    law: NoisedLaw, data: RealArray, noise: RealArray, times: Sequence[float] | RealArray, n: int, copies: int = 1
) -> tuple[RealArray, RealArray]:
    """What the collapse window makes of the measured mean and variance of the information density: d f^e and phi_C, (T,) each.

    The window takes zeta = i(a; x) - log(n - 1) to be normal and the other data to add up to their mean: with the planted estimator
    on the same samples, this measures what it misses. The jackknife removes the bias of finitely many samples up to its second order.

    Parameters
    ----------
    data, noise : array
        (B, d) data and standard normal z of the samples x = e^{-t} a + sqrt(Delta_t) z.
    n : int
        Number of data points.
    copies : int
        The averages are those of so many times the dimension, if mean and variance grew in proportion to it.
    """
    excess, same = np.empty((2, len(times)))
    clean, z = data.astype(np.float64), noise.astype(np.float64)
    for k, terms in enumerate(_terms(law, clean, z, times)):
        density = terms.sum(axis=1)
        size = len(density)
        means = np.append((density.sum() - density) / (size - 1), density.mean())
        squares = np.append((np.square(density).sum() - np.square(density)) / (size - 1), np.square(density).mean())
        unbiased = np.append(np.full(size, (size - 1) / (size - 2)), size / (size - 1))
        spreads = np.sqrt(np.maximum(copies * unbiased * (squares - means**2), 0.0))
        for values, found in zip(_normal_averages(copies * means - math.log(n - 1), spreads), (excess, same), strict=True):
            found[k] = size * values[-1] - (size - 1) * values[:-1].mean()
    return excess, same


def _normal_averages(means: RealArray, spreads: RealArray) -> tuple[RealArray, RealArray]:
    """E log(1 + e^{-zeta}) and E 1/(1 + e^{-zeta}) for normal zeta, by the trapezoidal rule."""
    node = np.linspace(-8.0, 8.0, 257)
    weight = np.exp(-0.5 * node**2)
    weight /= weight.sum()
    zeta = means[:, None] + spreads[:, None] * node
    small = np.exp(-np.abs(zeta))
    return (np.maximum(-zeta, 0.0) + np.log1p(small)) @ weight, (np.where(zeta >= 0, 1.0, small) / (1.0 + small)) @ weight
