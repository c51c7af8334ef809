"""The measurements: what one batch of each kind of experiment computes. The first axis of every array counts independent groups."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import rel_entr

from regimes.theory.laws import GaussianSpectrum, Product, RandomEnergies
from regimes.validate.clones import clones_projected
from regimes.validate.diffusion import Streams, probability_flow, time_grid
from regimes.validate.estimators import class_agreement, information_density, information_moments, planted, window_averages
from regimes.validate.experiment import CLONE_A, CLONE_B, DATA, FORWARD, PATH, START, Arrays, Experiment, kind
from regimes.validate.halving import clones_on_two_grids, halved
from regimes.validate.observables import freeze_time, nearest
from regimes.validate.random_energy import sample_levels
from regimes.validate.sampling import FloatArray, IntArray, draw, means, noised, stratified, weights
from regimes.validate.scores import EmpiricalCentre, PopulationCentre

END_OF_CHOICE = 0.02
"""Smallest time, in units of the largest branch time, at which a reverse run with the empirical score still takes small steps.
There every trajectory has long chosen its datum; one exact step leads on to t = 0."""


def _grouped(values: FloatArray, experiment: Experiment) -> FloatArray:
    """(groups * samples, T) -> (groups, T), the mean of every group."""
    return np.asarray(values.reshape(experiment.groups, experiment.samples, -1).mean(axis=1), dtype=np.float64)


def _streams(experiment: Experiment, batch: int) -> Streams:
    return Streams(*(experiment.generator(batch, stream) for stream in (START, PATH, CLONE_A, CLONE_B)))


@kind("forward-data")
def forward_data(experiment: Experiment, batch: int) -> Arrays:
    """Excess entropy and collapse probability from the forward channel; a group is a data set.

    ``excess`` (G, T): d f^e(t), nats; ``same`` (G, T): posterior weight of the datum the sample came from.
    With the scheme "window" also, with ``_gap`` appended, how much more the collapse window makes of the same samples; spectra that are
    spread out then have new eigenvalues in every data set, so that none is off the limit's averages. Coordinates that are not independent
    get, with ``_shift`` appended, how much more the window makes of samples in a quarter of the dimension.
    """
    e = experiment
    data_rng, noise_rng = e.generator(batch, DATA), e.generator(batch, PATH)
    columns: dict[str, list[FloatArray]] = {"excess": [], "same": []}
    for _ in range(e.groups):
        law = stratified(data_rng, e.law, e.d) if e.scheme == "window" and isinstance(e.law, GaussianSpectrum) else e.law
        data, _labels = draw(data_rng, law, e.n, e.d, np.float32)
        noise = noise_rng.standard_normal((e.samples, e.d), dtype=np.float32)
        origin = np.arange(e.samples) % e.n  # data are exchangeable: the first are as good as any
        seen = planted(data, origin, noise, e.times)
        columns["excess"].append(seen.excess.mean(axis=0))
        columns["same"].append(seen.weight.mean(axis=0))
        if e.scheme == "window":
            for name, values in zip(("excess", "same"), window_averages(law, data[origin], noise, e.times, e.n), strict=True):
                columns.setdefault(f"{name}_gap", []).append(values - columns[name][-1])
        if e.scheme == "window" and not isinstance(e.law, (GaussianSpectrum, Product)):
            smaller, _labels = draw(data_rng, law, 4 * e.samples, e.d // 4)
            quarter = window_averages(law, smaller, noise_rng.standard_normal(smaller.shape), e.times, e.n, 4)
            for name, values in zip(("excess", "same"), quarter, strict=True):
                columns.setdefault(f"{name}_shift", []).append(values - columns[f"{name}_gap"][-1] - columns[name][-1])
    return {name: np.array(values) for name, values in columns.items()}


@kind("forward-classes")
def forward_classes(experiment: Experiment, batch: int) -> Arrays:
    """Clone agreement from the forward channel: ``same`` (G, T), the mean of sum_c p(c|x)^2 over the samples of a group."""
    e = experiment
    return {"same": _grouped(class_agreement(e.generator(batch, PATH), e.clusters, e.d, e.times, e.groups * e.samples), e)}


@kind("information")
def information(experiment: Experiment, batch: int) -> Arrays:
    """Information density of the population law: ``total`` (G, T) per dimension, and ``classes`` (G, T), the class's part of it, nats.

    The class's part is the relative entropy of p(c|x) to the weights, over d: its mean is the information of x_t on the class.
    """
    e = experiment
    samples = e.groups * e.samples
    total = information_density(e.generator(batch, PATH), e.law, e.d, e.times, samples)
    rng = e.generator(batch, DATA)
    data, _labels = draw(rng, e.law, samples, e.d)
    centre = PopulationCentre(e.clusters, e.d)
    known = [rel_entr(centre.posterior(noised(rng, data, t), t), weights(e.clusters)).sum(axis=1) / e.d for t in e.times]
    return {"total": _grouped(total, e), "classes": _grouped(np.stack(known, axis=1), e)}


@kind("information-moments")
def population_moments(experiment: Experiment, batch: int) -> Arrays:
    """``information`` and ``dispersion`` (G, T) of the population law, nats per dimension.

    A spectrum that is spread out has new eigenvalues in every group, so that none is off the limit's averages. With the scheme
    "quarter" also how much more each is in a quarter of the dimension, with ``_shift`` appended.
    """
    e = experiment
    rng = e.generator(batch, PATH)
    if isinstance(e.law, GaussianSpectrum) and e.law.curves:
        groups = [information_moments(rng, stratified(rng, e.law, e.d), e.d, e.times, 1, e.samples) for _ in range(e.groups)]
        mean, variance = (np.concatenate(columns) for columns in zip(*groups, strict=True))
    else:
        mean, variance = information_moments(rng, e.law, e.d, e.times, e.groups, e.samples)
    found = {"information": mean, "dispersion": variance}
    if e.scheme == "quarter":
        smaller = information_moments(e.generator(batch, DATA), e.law, e.d // 4, e.times, e.groups, 4 * e.samples)
        found |= {f"{name}_shift": other - found[name] for name, other in zip(("information", "dispersion"), smaller, strict=True)}
    return found


@kind("random-energies")
def random_energies(experiment: Experiment, batch: int) -> Arrays:
    """``free`` and ``entropy`` per d and ``participation``, (G, B), of 2^d drawn levels at the inverse temperatures `times`."""
    e = experiment
    assert isinstance(e.law, RandomEnergies)
    seen = sample_levels(e.generator(batch, DATA), e.d, e.groups * e.samples, e.times, e.law.variance)
    averages = {"free": seen.log_partition, "entropy": seen.entropy, "participation": seen.participation}
    return {name: _grouped(values, e) for name, values in averages.items()}


@kind("clones-projected")
def projected_clones(experiment: Experiment, batch: int) -> Arrays:
    """Clones of the population law in the directions of the means; counts (1, T) on the fine grid, and against the coarse one."""
    e = experiment
    counts = clones_projected(e.clusters, e.d, e.times, e.groups * e.samples, e.steps, _streams(e, batch), horizon=e.horizon,
                              start="exact", scheme=e.scheme, halving=True)
    found = {"same": counts.agree_fine, "gained": counts.gained, "lost": counts.lost}
    return {name: np.asarray(values, dtype=np.float64)[None] for name, values in found.items()}


@kind("clones-full")
def full_clones(experiment: Experiment, batch: int) -> Arrays:
    """Clones of the population law in all d dimensions; counts as in `projected_clones`."""
    e = experiment
    streams, samples = _streams(e, batch), e.groups * e.samples
    centre = PopulationCentre(e.clusters, e.d)
    data, _ = draw(streams.start, e.law, samples, e.d)
    grid = time_grid(e.horizon, 0.0, e.steps, through=e.times)
    ends = clones_on_two_grids(centre, noised(streams.start, data, e.horizon), e.times, grid, streams, e.scheme)
    uniform = np.stack([rng.random((len(e.times), samples)) for rng in (streams.first, streams.second)])
    classes = np.stack([_classes(centre, level.reshape(-1, e.d), uniform.ravel()).reshape(uniform.shape) for level in ends.clones])
    return _counts(classes[:, 0] == classes[:, 1])


def _classes(centre: PopulationCentre, x: FloatArray, uniform: FloatArray) -> IntArray:
    """Class of each final state, drawn from p(c | x_0 = x)."""
    below = centre.posterior(x, 0.0).cumsum(axis=1)[:, :-1] <= uniform[:, None]
    return np.asarray(below.sum(axis=1))


def _counts(happened: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Arrays:
    """(2, T, B) outcomes on the coarse and on the fine grid -> counts (1, T)."""
    coarse, fine = happened
    found = {"same": fine, "gained": fine & ~coarse, "lost": coarse & ~fine}
    return {name: values.sum(axis=-1, dtype=np.float64)[None] for name, values in found.items()}


@kind("shares-sde")
def shares_sde(experiment: Experiment, batch: int) -> Arrays:
    """How often the reverse SDE ends in each class but the last; counts (1, K-1)."""
    e = experiment
    centre, start, streams = _projected_start(e, batch)
    grid = time_grid(e.horizon, 0.0, e.steps)
    ends = clones_on_two_grids(centre, start, (), grid, streams, e.scheme).parents
    return _share_counts(e, centre, ends, streams)


@kind("shares-flow")
def shares_flow(experiment: Experiment, batch: int) -> Arrays:
    """How often the probability flow ends in each class but the last; counts (1, K-1)."""
    e = experiment
    centre, start, streams = _projected_start(e, batch)
    grid = time_grid(e.horizon, 0.0, e.steps)
    ends = np.empty((2, *start.shape))
    for level, times in enumerate((grid, halved(grid))):
        for _t, x in probability_flow(centre, start, times, e.scheme):
            ends[level] = x
    return _share_counts(e, centre, ends, streams)


def _projected_start(e: Experiment, batch: int) -> tuple[PopulationCentre, FloatArray, Streams]:
    """Population score in the directions of the means, and samples of the law P_T of the horizon there."""
    streams, samples = _streams(e, batch), e.groups * e.samples
    labels = streams.start.choice(len(e.clusters.weights), size=samples, p=weights(e.clusters))
    clean = means(e.clusters, e.d)[labels] + float(e.clusters.sd) * streams.start.standard_normal((samples, e.clusters.rank))
    return PopulationCentre(e.clusters, e.d, projected=True), noised(streams.start, clean, e.horizon), streams


def _share_counts(e: Experiment, centre: PopulationCentre, ends: FloatArray, streams: Streams) -> Arrays:
    uniform = streams.first.random(size=ends.shape[1:2])
    classes = np.stack([_classes(centre, level, uniform) for level in ends])
    return _counts(classes[:, None, :] == np.arange(len(e.clusters.weights) - 1)[:, None])


@kind("clones-data")
def data_clones(experiment: Experiment, batch: int) -> Arrays:
    """Reverse SDE with the exact empirical score in full dimension; a group is a data set with its trajectories.

    All arrays are (G, T), shares of a group's trajectories on the fine grid:
    ``same`` both clones split at t end on the same datum; ``decided`` the datum nearest at t is the final one;
    ``held`` it is the final one at t and ever after (the trajectory froze before t);
    ``held_forward`` an exact forward path that starts on a datum has had it as the nearest one up to t, on the same grid.
    With ``_gain`` appended: what halving every step added to the first three.
    """
    e = experiment
    data_rng, forward_rng, streams = e.generator(batch, DATA), e.generator(batch, FORWARD), _streams(e, batch)
    grid = time_grid(e.horizon, 0.0, e.steps, kind="snr", through=e.times, smallest=END_OF_CHOICE * max(e.times))
    columns: dict[str, list[FloatArray]] = {}
    for _ in range(e.groups):
        data, _labels = draw(data_rng, e.law, e.n, e.d, np.float32)
        shares = _one_data_set(e, data, grid, streams)
        shares["held_forward"] = _forward_paths(e, data, grid, forward_rng)
        for name, values in shares.items():
            columns.setdefault(name, []).append(values)
    return {name: np.array(values) for name, values in columns.items()}


def _one_data_set(e: Experiment, data: FloatArray, grid: FloatArray, streams: Streams) -> dict[str, FloatArray]:
    seen = np.empty((2, len(grid), e.samples), dtype=np.intp)

    def watch(level: int, i: int, t: float, x: FloatArray) -> None:
        seen[level, i] = nearest(x, math.exp(-t) * data)

    start = noised(streams.start, data[streams.start.integers(e.n, size=e.samples)], e.horizon)
    ends = clones_on_two_grids(EmpiricalCentre(data, dtype=np.float32), start, e.times, grid, streams, e.scheme, watch)
    clones = nearest(ends.clones.reshape(-1, e.d), data).reshape(ends.clones.shape[:-1])
    at = [grid.tolist().index(t) for t in e.times]
    outcomes = {
        "same": clones[:, 0] == clones[:, 1],
        "decided": seen[:, at] == seen[:, -1:],
        "held": np.stack([freeze_time(grid, datum) >= np.array(e.times)[:, None] for datum in seen]),
    }
    shares: dict[str, FloatArray] = {name: happened[1].mean(axis=-1) for name, happened in outcomes.items()}
    return shares | {f"{name}_gain": shares[name] - happened[0].mean(axis=-1) for name, happened in outcomes.items()}


def _forward_paths(e: Experiment, data: FloatArray, grid: FloatArray, rng: np.random.Generator) -> FloatArray:
    """(T,) share of exact Ornstein-Uhlenbeck paths that still have the datum they started on as the nearest one."""
    origin = rng.integers(e.n, size=e.samples)
    x, held, now = data[origin], np.ones(e.samples, dtype=bool), 0.0
    share = {}
    for t in grid[grid <= max(e.times)][::-1].tolist():
        if t > 0:
            x = noised(rng, x, t - now)
            held &= nearest(x, math.exp(-t) * data) == origin
        now = t
        share[t] = float(held.mean())
    return np.array([share[t] for t in e.times])
