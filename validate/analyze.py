"""The dynamical regimes of a given data set under its exact empirical score.

Notation: Lambda is the largest eigenvalue of the covariance (1/n) sum (a - mean)(a - mean)^T; gamma = 1/(e^{2t} - 1) the
signal-to-noise ratio. Curves come from two roads that have to agree: samples of the forward channel with the exact posterior,
and pairs of clones run by the reverse SDE. The data set is fixed: error bars cover the sampling, not the choice of the data.
"""

from __future__ import annotations

import importlib.util
import json
import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from regimes.validate.dataset import DataSet, read
from regimes.validate.diffusion import Streams, time_grid
from regimes.validate.estimators import Planted, planted
from regimes.validate.halving import clones_on_two_grids
from regimes.validate.observables import nearest
from regimes.validate.sampling import FloatArray, noised
from regimes.validate.scores import EmpiricalCentre

BoolArray = npt.NDArray[np.bool_]
Progress = Callable[[int, int, str], None]

CLONING_LEVEL = 0.7752002453923416  # phi(kappa = 1) of two balanced Gaussian classes: the level that defines the `cloning` time


@dataclass(frozen=True)
class Curve:
    """A measured function of forward time: value and standard error, all (T,); `time_step`, the part of the error that steps leave."""

    name: str
    method: str
    times: FloatArray
    value: FloatArray
    error: FloatArray
    time_step: FloatArray


@dataclass(frozen=True)
class Transition:
    """A critical time. `status` is "ok", or "none" with the reason where it does not exist; `error` is a standard error."""

    name: str
    value: float | None
    error: float | None
    status: str
    reason: str


@dataclass(frozen=True)
class Analysis:
    """What was measured on a data set.

    Attributes
    ----------
    n, d : rows and columns analysed; `distinct`, how many rows differ.
    classes : (name, number of rows) of each class; empty without labels.
    leading_variance : Lambda; `total_variance`, the trace of the covariance.
    transitions : `spectral` and `noise-balance` speciation times, `cloning` with two classes, and `collapse`.
    curves : `excess-entropy` (nats per dimension), `collapse-probability` and, with several classes, `cloning-probability`;
        by `forward` samples and by `reverse` clones.
    settings : seed and sizes of the samples.
    """

    n: int
    d: int
    distinct: int
    classes: tuple[tuple[str, int], ...]
    leading_variance: float
    total_variance: float
    transitions: tuple[Transition, ...]
    curves: tuple[Curve, ...]
    settings: dict[str, int]

    def transition(self, name: str) -> Transition:
        """The transition of that name."""
        return {t.name: t for t in self.transitions}[name]

    def curve(self, name: str, method: str = "forward") -> Curve:
        """The curve of that name and method."""
        return {(c.name, c.method): c for c in self.curves}[name, method]

    def to_json(self) -> str:
        """All of it as JSON text; numbers that do not exist are null."""
        content: dict[str, Any] = {
            "n": self.n, "d": self.d, "distinct": self.distinct, "classes": dict(self.classes),
            "leading_variance": self.leading_variance, "total_variance": self.total_variance,
            "transitions": [vars(t) for t in self.transitions],
            "curves": [{k: v if isinstance(v, str) else v.tolist() for k, v in vars(c).items()} for c in self.curves],
            "settings": self.settings,
        }  # fmt: skip
        return json.dumps(content, indent=2, allow_nan=False) + "\n"

    def table(self) -> str:
        """All of it as text in columns."""
        lines = [f"{self.n} rows ({self.distinct} distinct) in {self.d} dimensions"]
        if self.classes:
            lines.append("classes: " + ", ".join(f"{name} ({size})" for name, size in self.classes))
        lines += [f"largest eigenvalue of the covariance: {self.leading_variance:.6g}  (trace {self.total_variance:.6g})", ""]
        lines += [f"{t.name:<16}{_with_error(t.value, t.error) if t.status == 'ok' else f'none: {t.reason}'}" for t in self.transitions]
        titles = [f"{c.name} ({c.method})" for c in self.curves]
        width = max(map(len, titles)) + 2
        lines += ["", f"{'t':<10}" + "".join(title.ljust(width) for title in titles).rstrip()]
        for t in sorted({float(t) for c in self.curves for t in c.times}):
            cells = [_cell(c, t).ljust(width) for c in self.curves]
            lines.append(f"{t:<10.5g}" + "".join(cells).rstrip())
        return "\n".join(lines) + "\n"


def _cell(curve: Curve, t: float) -> str:
    here = np.flatnonzero(curve.times == t)
    return _with_error(float(curve.value[here[0]]), float(curve.error[here[0]])) if len(here) else ""


def _with_error(value: float | None, error: float | None) -> str:
    return f"{value:.5g}" if error is None else f"{value:.5g} +- {error:.2g}"


def analyze(
    data: Any, labels: Any = None, classes: Sequence[Any] | None = None, out: str | Path | None = None, seed: int = 0,
    progress: Progress | None = None, *, times: Sequence[float] | FloatArray | None = None, samples: int = 1000, pairs: int | None = None,
    steps: int = 100,
) -> Analysis:  # fmt: skip
    """Measure where the dynamical regimes of a data set begin, under its exact empirical score.

    Parameters
    ----------
    data, labels, classes : arrays or paths, as in `dataset.read`. The mean is removed; nothing else is changed.
    out : folder for `analysis.json`, made if need be; nothing is written if None.
    seed : of every random number.
    progress : called as progress(done, total, what).
    times : where the curves are wanted; by default from certain collapse to beyond speciation.
    samples : noised data per time of the forward road, used for all times together.
    pairs : pairs of clones of the reverse road; by default as many as take a few seconds, 20 to 400.
    steps : of the reverse SDE.

    Returns
    -------
    Analysis. `collapse` is the time at which two clones are as likely as not to end on the same datum, phi_C = 1/2: there the
    log-probability ratio of the own datum against all others is distributed around 0, so the volume per datum equals the
    volume of the noise (log n = d I up to the width of the transition).

    Raises
    ------
    InputError : see `dataset.read`.
    """
    with _one_blas_thread():
        analysis = _measure(read(data, labels, classes), seed, progress or (lambda done, total, what: None), times, samples, pairs, steps)
    if out is not None:
        folder = Path(out)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "analysis.json").write_text(analysis.to_json(), encoding="utf-8")
    return analysis


def _one_blas_thread() -> AbstractContextManager[Any]:
    """Products of the size used here gain little from more threads, and lose much to them when the cores are busy."""
    if importlib.util.find_spec("threadpoolctl") is None:
        return nullcontext()
    limits: AbstractContextManager[Any] = importlib.import_module("threadpoolctl").threadpool_limits(1, "blas")
    return limits


def _measure(
    subject: DataSet, seed: int, report: Progress, times: Sequence[float] | FloatArray | None, samples: int, pairs: int | None, steps: int
) -> Analysis:
    report(1, 4, "data read")
    leading, total = _spectrum(subject)
    report(2, 4, "covariance")
    rngs = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(4)]
    scout, end = _scout(subject, leading, total, rngs[0])
    shown = _default_times(scout, leading) if times is None else np.unique(np.asarray(times, dtype=np.float64))
    several = len(subject.names) > 1
    fine = [_around(scout, scout.weight, 0.5)] + ([_around(scout, scout.agreement, CLONING_LEVEL)] if len(subject.names) == 2 else [])
    forward = _sample(subject, np.unique(np.concatenate([shown, *fine])), samples, rngs[1])
    report(3, 4, "forward samples")
    here = np.isin(forward.times, shown)
    named = [("excess-entropy", forward.excess / subject.d), ("collapse-probability", forward.weight)]
    named += [("cloning-probability", forward.agreement)] if several else []
    curves = [
        Curve(name, "forward", shown, each[:, here].mean(axis=0), _standard_error(each[:, here]), np.zeros(len(shown)))
        for name, each in named
    ]
    branches = _branches(scout, several, shown)
    size = _affordable(subject, steps) if pairs is None else pairs
    curves += _reverse(subject, branches, end, steps, size, rngs[2], np.random.SeedSequence(seed, spawn_key=(9,)), several)
    report(4, 4, "clones")
    transitions = [*_spectral_times(leading)]
    sizes = subject.members.sum(axis=0)
    if len(subject.names) == 2:
        transitions.append(_crossing("cloning", "phi", forward.times, forward.agreement, CLONING_LEVEL, sizes / subject.n))
    transitions.append(_crossing("collapse", "phi_C", forward.times, forward.weight, 0.5, subject.counts / subject.n))
    distinct = len(subject.rows)
    return Analysis(
        subject.n, subject.d, distinct, tuple((name, int(size)) for name, size in zip(subject.names, sizes, strict=False)),
        leading, total, tuple(transitions), tuple(curves), {"seed": seed, "samples": samples, "pairs": size, "steps": steps},
    )  # fmt: skip


def _spectrum(subject: DataSet) -> tuple[float, float]:
    """Largest eigenvalue and trace of the covariance, from the smaller of covariance and Gram matrix."""
    scaled = subject.rows * np.sqrt(subject.counts / subject.n)[:, None]
    gram = scaled @ scaled.T if scaled.shape[0] < scaled.shape[1] else scaled.T @ scaled
    from scipy.linalg import eigh

    top = len(gram) - 1
    return float(eigh(gram, eigvals_only=True, subset_by_index=[top, top])[0]), float(np.trace(gram))


def _spectral_times(leading: float) -> tuple[Transition, Transition]:
    """Lambda e^{-2t} = 1 and Lambda e^{-2t} = Delta_t."""
    balance = Transition("noise-balance", 0.5 * math.log1p(leading), None, "ok", "")
    if leading <= 1:
        return Transition("spectral", None, None, "none", f"the largest eigenvalue {leading:.4g} is not above 1"), balance
    return Transition("spectral", 0.5 * math.log(leading), None, "ok", ""), balance


def _sample(subject: DataSet, times: FloatArray, samples: int, rng: np.random.Generator) -> Planted:
    kind = np.float32 if subject.rows.shape[1] >= 16 else np.float64
    origin = rng.choice(len(subject.rows), size=samples, p=subject.counts / subject.n)
    noise = rng.standard_normal((samples, subject.rows.shape[1]))
    counts = None if (subject.counts == 1).all() else subject.counts
    return planted(subject.rows.astype(kind), origin, noise, times, counts=counts, classes=subject.members / subject.counts[:, None])


def _scout(subject: DataSet, leading: float, total: float, rng: np.random.Generator) -> tuple[Planted, float]:
    """A rough look at all times, from no signal to certain collapse, and the last time before 0 of a reverse run."""
    unit = -math.log(total / subject.rows.shape[1])
    low, high = -math.log(leading) - 7.0, unit + 4.0
    while True:
        log_snr = np.arange(high, low, -0.5)
        found = _sample(subject, 0.5 * np.log1p(np.exp(-log_snr)), 200, rng)
        if found.weight[:, 0].mean() > 0.9999 or high > unit + 60.0:
            return found, float(found.times[0]) * 0.05
        high += 4.0


def _default_times(scout: Planted, leading: float, number: int = 24) -> FloatArray:
    """Uniform in log gamma, from where collapse is certain to one unit of time beyond the largest speciation time."""
    weight = scout.weight.mean(axis=0)
    low = float(scout.times[weight >= 0.999 * weight[0]].max())
    settled = float(scout.times[weight <= weight[-1] + 0.02].min())
    high = max(0.5 * math.log1p(leading) + 1.0, settled, 2.0 * low)
    return time_grid(high, low, number - 1, kind="snr", smallest=low)[::-1]


def _around(scout: Planted, curve: FloatArray, level: float) -> FloatArray:
    """Times close to where the scout's falling curve crosses the level."""
    mean = curve.mean(axis=0)
    inside = np.flatnonzero((mean > level - 0.15) & (mean < level + 0.15))
    if len(inside) == 0:
        return np.empty(0)
    return np.linspace(scout.times[max(inside[0] - 1, 0)], scout.times[min(inside[-1] + 1, len(mean) - 1)], 17)


def _standard_error(samples: FloatArray) -> FloatArray:
    error: FloatArray = samples.std(axis=0, ddof=1) / math.sqrt(len(samples))
    return error


def _crossing(name: str, symbol: str, times: FloatArray, samples: FloatArray, level: float, shares: FloatArray) -> Transition:
    """Time at which the mean of falling curves (B, T) crosses a level; standard error from the spread there and the slope.

    The curve falls to the chance agreement of two draws with probabilities `shares`.
    """
    floor = float(np.square(shares).sum())
    if floor >= level:
        reason = f"{symbol} never falls to {level:.4f}: two draws agree by chance with probability {floor:.4f}"
        return Transition(name, None, None, "none", reason)
    gap = samples.mean(axis=0) - level
    falls = np.flatnonzero((gap[:-1] >= 0) & (gap[1:] < 0))
    if len(falls) == 0:
        return Transition(name, None, None, "none", f"{symbol} does not cross {level:.4f} at the times sampled")
    k = int(falls[-1])
    share = float(gap[k] / (gap[k] - gap[k + 1]))
    value = float(times[k] + share * (times[k + 1] - times[k]))
    left, right = max(k - 2, 0), min(k + 3, len(times) - 1)
    slope = float((gap[right] - gap[left]) / (times[right] - times[left]))
    spread = _standard_error((1.0 - share) * samples[:, k] + share * samples[:, k + 1])
    return Transition(name, value, float(spread) / abs(slope), "ok", "")


def _branches(scout: Planted, several: bool, shown: FloatArray) -> FloatArray:
    """A few of the shown times, spread over the collapse and, with classes, over the speciation."""
    curves = [scout.weight.mean(axis=0)] + ([scout.agreement.mean(axis=0)] if several else [])
    wanted = []
    for curve in curves:
        top, bottom = curve.max(), curve.min()
        wanted += [float(scout.times[np.abs(curve - (bottom + share * (top - bottom))).argmin()]) for share in (0.9, 0.5, 0.1)]
    return np.unique([shown[np.abs(np.log(shown) - math.log(t)).argmin()] for t in wanted])


def _affordable(subject: DataSet, steps: int) -> int:
    """Number of clone pairs for about 10^12 floating-point operations, 20 to 400."""
    per_pair = steps * 8 * 4 * subject.rows.size
    return int(min(400, max(20, 10**12 // per_pair)))


def _reverse(
    subject: DataSet, times: FloatArray, end: float, steps: int, pairs: int, rng: np.random.Generator, seed: np.random.SeedSequence,
    several: bool,
) -> list[Curve]:  # fmt: skip
    """phi_C and phi from pairs of clones of the reverse SDE under the empirical score, started from noised data."""
    kind = np.float32 if subject.rows.shape[1] >= 16 else np.float64
    score = EmpiricalCentre(subject.rows, counts=subject.counts, dtype=kind)
    start = float(times.max()) + 1.0
    grid = time_grid(start, 0.0, (steps + 1) // 2, kind="snr", through=times, smallest=min(end, 0.5 * float(times.min())))
    first = subject.rows[rng.choice(len(subject.rows), size=pairs, p=subject.counts / subject.n)]
    streams = Streams.spawn(seed)
    ends = clones_on_two_grids(score, noised(rng, first, start), tuple(times.tolist()), grid, streams, "exponential").clones
    datum = nearest(ends.reshape(-1, ends.shape[-1]), subject.rows).reshape(ends.shape[:-1])  # (level, side, time, pair)
    shares = subject.members / subject.counts[:, None]
    uniform = [side.random((len(times), pairs)) for side in (streams.first, streams.second)]
    below = shares.cumsum(axis=1)[:, :-1][datum] <= np.stack(uniform)[None, ..., None]  # coarse and fine draw with the same numbers
    agree = [datum[:, 0] == datum[:, 1], (below[:, 0] == below[:, 1]).all(axis=-1)]
    named = zip(("collapse-probability", "cloning-probability")[: 1 + several], agree, strict=False)
    return [_counted(name, times, same[0], same[1]) for name, same in named]


def _counted(name: str, times: FloatArray, coarse: BoolArray, fine: BoolArray) -> Curve:
    """Share of pairs (T, B) that agree, from the finer grid; its error is of first order in the step, so what halving changed is left.

    Both errors are those of add-one estimates: never zero, also when all pairs agree or none changed.
    """
    pairs = fine.shape[1]
    smooth = (fine.sum(axis=1) + 1.0) / (pairs + 2.0)
    changed = (coarse != fine).sum(axis=1)
    step = np.abs(fine.mean(axis=1) - coarse.mean(axis=1)) + np.sqrt(changed + 1.0) / pairs
    sampling = np.sqrt(smooth * (1.0 - smooth) / pairs)
    return Curve(name, "reverse", times, fine.mean(axis=1), np.hypot(sampling, step), step)
