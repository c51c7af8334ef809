"""The measurements: what one batch of an experiment computes. The first axis of every array counts independent groups.

Those of classes are in `class_measurements`, whose import registers them too.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import rel_entr

from regimes.numerics.arrays import RealArray
from regimes.theory.laws import Law
from regimes.validate.laws import answers, class_centre, class_weights, density, draw, levels
from regimes.validate.runs.class_measurements import grouped, streams
from regimes.validate.runs.experiment import DATA, FORWARD, PATH, Arrays, Experiment, measurement
from regimes.validate.simulation.channel import noised
from regimes.validate.simulation.forward_estimators import information_density, information_moments, planted, window_averages
from regimes.validate.simulation.integrators import Streams, time_grid
from regimes.validate.simulation.observables import freeze_time, nearest
from regimes.validate.simulation.scores import EmpiricalCentre
from regimes.validate.simulation.two_grids import clones_on_two_grids

END_OF_CHOICE = 0.02
"""Smallest time, in units of the largest branch time, at which a reverse run with the empirical score still takes small steps.
There every trajectory has long chosen its datum; one exact step leads on to t = 0."""


@measurement("forward-data")
def forward_data(experiment: Experiment, batch: int) -> Arrays:
    """Excess entropy and collapse probability from the forward channel; a group is a data set.

    ``excess`` (G, T): d f^e(t), nats; ``same`` (G, T): posterior weight of the datum the sample came from.
    With the schemes "window" and "window, quarter" also, with ``_gap`` appended, how much more the collapse window makes of the same
    samples; what is quenched in the law is then drawn anew for every data set, so that none is off the limit's averages. With
    "window, quarter" also, with ``_shift`` appended, how much more the window makes of samples in a quarter of the dimension.
    """
    e = experiment
    data_rng, noise_rng = e.generator(batch, DATA), e.generator(batch, PATH)
    columns: dict[str, list[RealArray]] = {"excess": [], "same": []}
    window, quarter = e.scheme.startswith("window"), e.scheme == "window, quarter"
    renewed = answers(e.law.family).renewal(e.law) if window else None
    for _ in range(e.groups):
        law = e.law if renewed is None else renewed(data_rng, e.d)
        data, _labels = draw(data_rng, law, e.n, e.d, np.float32)
        noise = noise_rng.standard_normal((e.samples, e.d), dtype=np.float32)
        origin = np.arange(e.samples) % e.n  # data are exchangeable: the first are as good as any
        seen = planted(data, origin, noise, e.times)
        columns["excess"].append(seen.excess.mean(axis=0))
        columns["same"].append(seen.weight.mean(axis=0))
        if window:
            seen_so = window_averages(density(law, e.d), data[origin], noise, e.times, e.n)
            for name, values in zip(("excess", "same"), seen_so, strict=True):
                columns.setdefault(f"{name}_gap", []).append(values - columns[name][-1])
        if quarter:
            smaller, _labels = draw(data_rng, law, 4 * e.samples, e.d // 4)
            seen_so = window_averages(density(law, e.d // 4), smaller, noise_rng.standard_normal(smaller.shape), e.times, e.n, 4)
            for name, values in zip(("excess", "same"), seen_so, strict=True):
                columns.setdefault(f"{name}_shift", []).append(values - columns[f"{name}_gap"][-1] - columns[name][-1])
    return {name: np.array(values) for name, values in columns.items()}


@measurement("information")
def information(experiment: Experiment, batch: int) -> Arrays:
    """Information density of the population law: ``total`` (G, T) per dimension, and ``classes`` (G, T), the class's part of it, nats.

    The class's part is the relative entropy of p(c|x) to the weights, over d: its mean is the information of x_t on the class.
    """
    e = experiment
    samples = e.groups * e.samples
    rng = e.generator(batch, PATH)
    total = information_density(rng, density(e.law, e.d), draw(rng, e.law, samples, e.d)[0], e.times)
    rng = e.generator(batch, DATA)
    data, _labels = draw(rng, e.law, samples, e.d)
    centre, weights = class_centre(e.law, e.d), class_weights(e.law, e.d)
    known = [rel_entr(centre.posterior(noised(rng, data, t), t), weights).sum(axis=1) / e.d for t in e.times]
    return {"total": grouped(total, e), "classes": grouped(np.stack(known, axis=1), e)}


@measurement("information-moments")
def populationmoments(experiment: Experiment, batch: int) -> Arrays:
    """``information`` and ``dispersion`` (G, T) of the population law, nats per dimension.

    What is quenched in the law is drawn anew for every group, so that none is off the limit's averages. With the scheme
    "quarter" also how much more each is in a quarter of the dimension, with ``_shift`` appended.
    """
    e = experiment
    rng = e.generator(batch, PATH)
    renewed = answers(e.law.family).renewal(e.law)
    if renewed is not None:
        groups = [moments(rng, renewed(rng, e.d), e.d, e.times, 1, e.samples) for _ in range(e.groups)]
        mean, variance = (np.concatenate(columns) for columns in zip(*groups, strict=True))
    else:
        mean, variance = moments(rng, e.law, e.d, e.times, e.groups, e.samples)
    found = {"information": mean, "dispersion": variance}
    if e.scheme == "quarter":
        smaller = moments(e.generator(batch, DATA), e.law, e.d // 4, e.times, e.groups, 4 * e.samples)
        found |= {f"{name}_shift": other - found[name] for name, other in zip(("information", "dispersion"), smaller, strict=True)}
    return found


def moments(rng: np.random.Generator, law: Law, d: int, times: tuple[float, ...], groups: int, samples: int) -> tuple[RealArray, RealArray]:
    """I(t) and V(t) of the population law by groups of `samples` >= 2, (G, T) each."""
    return information_moments(rng, density(law, d), draw(rng, law, groups * samples, d)[0], times, groups)


@measurement("random-energies")
def random_energies(experiment: Experiment, batch: int) -> Arrays:
    """``free`` and ``entropy`` per d and ``participation``, (G, B), of 2^d drawn levels at the inverse temperatures `times`."""
    e = experiment
    seen = levels(e.generator(batch, DATA), e.law, e.d, e.groups * e.samples, e.times)
    averages = {"free": seen.log_partition, "entropy": seen.entropy, "participation": seen.participation}
    return {name: grouped(values, e) for name, values in averages.items()}


@measurement("clones-data")
def data_clones(experiment: Experiment, batch: int) -> Arrays:
    """Reverse SDE with the exact empirical score in full dimension; a group is a data set with its trajectories.

    All arrays are (G, T), shares of a group's trajectories on the fine grid:
    ``same`` both clones split at t end on the same datum; ``decided`` the datum nearest at t is the final one;
    ``held`` it is the final one at t and ever after (the trajectory froze before t);
    ``held_forward`` an exact forward path that starts on a datum has had it as the nearest one up to t, on the same grid.
    With ``_gain`` appended: what halving every step added to the first three.
    """
    e = experiment
    data_rng, forward_rng, noise = e.generator(batch, DATA), e.generator(batch, FORWARD), streams(e, batch)
    grid = time_grid(e.horizon, 0.0, e.steps, spacing="snr", through=e.times, smallest=END_OF_CHOICE * max(e.times))
    columns: dict[str, list[RealArray]] = {}
    for _ in range(e.groups):
        data, _labels = draw(data_rng, e.law, e.n, e.d, np.float32)
        shares = _one_data_set(e, data, grid, noise)
        shares["held_forward"] = _forward_paths(e, data, grid, forward_rng)
        for name, values in shares.items():
            columns.setdefault(name, []).append(values)
    return {name: np.array(values) for name, values in columns.items()}


def _one_data_set(e: Experiment, data: RealArray, grid: RealArray, noise: Streams) -> dict[str, RealArray]:
    seen = np.empty((2, len(grid), e.samples), dtype=np.intp)

    def watch(fine: int, i: int, t: float, x: RealArray) -> None:
        seen[fine, i] = nearest(x, math.exp(-t) * data)

    start = noised(noise.start, data[noise.start.integers(e.n, size=e.samples)], e.horizon)
    ends = clones_on_two_grids(EmpiricalCentre(data, dtype=np.float32), start, e.times, grid, noise, e.scheme, watch)
    clones = nearest(ends.clones.reshape(-1, e.d), data).reshape(ends.clones.shape[:-1])
    at = [grid.tolist().index(t) for t in e.times]
    outcomes = {
        "same": clones[:, 0] == clones[:, 1],
        "decided": seen[:, at] == seen[:, -1:],
        "held": np.stack([freeze_time(grid, datum) >= np.array(e.times)[:, None] for datum in seen]),
    }
    shares: dict[str, RealArray] = {name: happened[1].mean(axis=-1) for name, happened in outcomes.items()}
    return shares | {f"{name}_gain": shares[name] - happened[0].mean(axis=-1) for name, happened in outcomes.items()}


def _forward_paths(e: Experiment, data: RealArray, grid: RealArray, rng: np.random.Generator) -> RealArray:
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
