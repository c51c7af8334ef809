"""The measurements that concern classes: clones, and how often the reverse process ends in each class.

Classes of final states are drawn from the posterior given x_0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from regimes.numerics.arrays import IntArray, RealArray
from regimes.theory.laws import Law
from regimes.validate.laws import answers, class_centre, class_weights, draw, order_parameter, projection, reversed_weights
from regimes.validate.runs.experiment import CLONE_A, CLONE_B, FORWARD, PATH, START, Arrays, Experiment, measurement
from regimes.validate.simulation.channel import noised
from regimes.validate.simulation.forward_estimators import class_agreement
from regimes.validate.simulation.integrators import Streams, probability_flow, time_grid
from regimes.validate.simulation.projected_clones import clones_projected
from regimes.validate.simulation.scores import ClassCentre
from regimes.validate.simulation.two_grids import clones_on_two_grids, halved

LAST_CHOICE = 0.01
"""Smallest time at which a reverse run still takes small steps if the law has no width (spins): a spin of x then is misread with
probability 1e-12, and one exact step leads on to t = 0."""


def grouped(values: RealArray, experiment: Experiment) -> RealArray:
    """(groups * samples, T) -> (groups, T), the mean of every group."""
    return np.asarray(values.reshape(experiment.groups, experiment.samples, -1).mean(axis=1), dtype=np.float64)


def streams(experiment: Experiment, batch: int) -> Streams:
    """Random numbers of the reverse process in one batch."""
    return Streams(*(experiment.generator(batch, stream) for stream in (START, PATH, CLONE_A, CLONE_B)))


@measurement("forward-classes")
def forward_classes(experiment: Experiment, batch: int) -> Arrays:
    """Clone agreement from the forward channel: ``same`` (G, T), the mean of sum_c p(c|x)^2 over the samples of a group."""
    e = experiment
    return {"same": grouped(agreement(e.generator(batch, PATH), e.law, e.d, e.times, e.groups * e.samples), e)}


def agreement(rng: np.random.Generator, law: Law, d: int, times: Sequence[float] | RealArray, samples: int) -> RealArray:
    """sum_c p(c|x)^2 of samples of P_t, (B, T), in the few directions that tell the classes where there are such."""
    score, data = class_data(rng, law, law, d, samples)
    return class_agreement(rng, score, data, times)


def class_data(rng: np.random.Generator, law: Law, believed: Law, d: int, samples: int) -> tuple[ClassCentre, RealArray]:
    """Data of a law, and the score of the one that is believed, in the few directions that tell the classes where there are such."""
    if isinstance(answers(law.family).projection, str):
        return class_centre(believed, d), draw(rng, law, samples, d)[0]
    return projection(believed, d).centre, projection(law, d).draw(rng, samples)


@measurement("clones-projected")
def projected_clones(experiment: Experiment, batch: int) -> Arrays:
    """Clones of the population law in the directions of the means; counts (1, T) on the fine grid, and against the coarse one."""
    e = experiment
    counts = clones_projected(
        projection(e.law, e.d),
        e.times,
        e.groups * e.samples,
        e.steps,
        streams(e, batch),
        horizon=e.horizon,
        start="exact",
        scheme=e.scheme,
        halving=True,
    )
    found = {"same": counts.agree_fine, "gained": counts.gained, "lost": counts.lost}
    return {name: np.asarray(values, dtype=np.float64)[None] for name, values in found.items()}


@measurement("clones-full")
def full_clones(experiment: Experiment, batch: int) -> Arrays:
    """Clones of the population law in all d dimensions; counts (G, T) on the fine grid, and against the coarse one."""
    e = experiment
    noise = streams(e, batch)
    data, _ = draw(noise.start, e.law, e.groups * e.samples, e.d)
    return _clone_counts(e, class_centre(e.law, e.d), noised(noise.start, data, e.horizon), noise)


@measurement("clones-overlap")
def overlap_clones(experiment: Experiment, batch: int) -> Arrays:
    """Clones by the reverse SDE of the order parameter; counts as in `full_clones`.

    Where the order parameter leaves something out also ``gap`` (G, T): how much more of sum_c p(c|x)^2 there is in all of x, of an eighth
    as many forward samples.
    """
    e = experiment
    noise, centre = streams(e, batch), order_parameter(e.law, e.d)
    data, _ = draw(noise.start, e.law, e.groups * e.samples, e.d)
    found = _clone_counts(e, centre, centre.read(noised(noise.start, data, e.horizon)), noise)
    if not centre.complete:
        rng, full = e.generator(batch, FORWARD), class_centre(e.law, e.d)
        gaps = []
        for t in e.times:
            x = noised(rng, data[::8], t)
            gaps.append(np.square(full.posterior(x, t)).sum(axis=1) - np.square(centre.posterior(centre.read(x), t)).sum(axis=1))
        found["gap"] = np.stack(gaps, axis=1).reshape(e.groups, -1, len(e.times)).mean(axis=1)
    return found


def _clone_counts(e: Experiment, centre: ClassCentre, start: RealArray, noise: Streams) -> Arrays:
    ends = clones_on_two_grids(centre, start, e.times, _grid(e, centre, e.times), noise, e.scheme)
    uniform = np.stack([rng.random(ends.clones.shape[2:4]) for rng in (noise.first, noise.second)])
    finals = (states.reshape(-1, start.shape[1]) for states in ends.clones)
    classes = np.stack([_classes(centre, x, uniform.ravel()).reshape(uniform.shape) for x in finals])
    return _counts(e, classes[:, 0] == classes[:, 1])


def _grid(e: Experiment, centre: ClassCentre, through: tuple[float, ...] = ()) -> RealArray:
    """Times from the horizon to 0; even in log gamma for a law without width, whose choices fall at ever smaller times."""
    return time_grid(e.horizon, 0.0, e.steps, spacing="uniform" if centre.variance else "snr", through=through, smallest=LAST_CHOICE)


def _classes(centre: ClassCentre, x: RealArray, uniform: RealArray) -> IntArray:
    """Class of each final state, drawn from p(c | x_0 = x)."""
    below = centre.posterior(x, 0.0).cumsum(axis=1)[:, :-1] <= uniform[:, None]
    return np.asarray(below.sum(axis=1))


def _counts(e: Experiment, happened: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Arrays:
    """(2, T, B) outcomes on the coarse and on the fine grid -> counts (G, T)."""
    coarse, fine = happened
    found = {"same": fine, "gained": fine & ~coarse, "lost": coarse & ~fine}
    return {name: values.reshape(len(values), e.groups, -1).sum(axis=-1, dtype=np.float64).T for name, values in found.items()}


@measurement("shares-sde")
def shares_sde(experiment: Experiment, batch: int) -> Arrays:
    """How often the reverse SDE ends in each class but the last; counts (G, K-1)."""
    e = experiment
    noise = streams(e, batch)
    centre, start = _shares_start(e, e.law, e.horizon, noise)
    ends = clones_on_two_grids(centre, start, (), _grid(e, centre), noise, e.scheme).parents
    return _share_counts(e, centre, ends, noise)


@measurement("shares-flow")
def shares_flow(experiment: Experiment, batch: int) -> Arrays:
    """How often the probability flow ends in each class but the last; counts (G, K-1)."""
    e = experiment
    noise = streams(e, batch)
    centre, start = _shares_start(e, e.law, e.horizon, noise)
    grid = _grid(e, centre)
    ends = np.empty((2, *start.shape))
    for k, times in enumerate((grid, halved(grid))):
        for _t, x in probability_flow(centre, start, times, e.scheme):
            ends[k] = x
    return _share_counts(e, centre, ends, noise)


@measurement("shares-reversed")
def shares_reversed(experiment: Experiment, batch: int) -> Arrays:
    """How often the reverse SDE ends in the first class if the score is right until t and has the weights in reverse order below t.

    Counts (G, T). A right score leads to the law P_t, so that is where these runs start.
    """
    e = experiment
    noise, columns = streams(e, batch), []
    for t in e.times:
        centre, start = _shares_start(e, reversed_weights(e.law), t, noise)
        ends = clones_on_two_grids(centre, start, (), time_grid(t, 0.0, e.steps), noise, e.scheme).parents
        columns.append(_share_counts(e, centre, ends, noise))
    return {name: np.concatenate([column[name][:, :1] for column in columns], axis=1) for name in columns[0]}


def _shares_start(e: Experiment, believed: Law, t: float, noise: Streams) -> tuple[ClassCentre, RealArray]:
    """Score of the law that is believed, and samples of the true P_t."""
    score, data = class_data(noise.start, e.law, believed, e.d, e.groups * e.samples)
    return score, noised(noise.start, data, t)


def _share_counts(e: Experiment, centre: ClassCentre, ends: RealArray, noise: Streams) -> Arrays:
    uniform = noise.first.random(size=ends.shape[1:2])
    classes = np.stack([_classes(centre, states, uniform) for states in ends])
    return _counts(e, classes[:, None, :] == np.arange(len(class_weights(e.law, e.d)) - 1)[:, None])
