"""The dynamical regimes of a given data set under its exact empirical score.

Notation: Lambda is the largest eigenvalue of the covariance (1/n) sum (a - mean)(a - mean)^T; gamma = 1/(e^{2t} - 1) the
signal-to-noise ratio. Curves come from two methods that have to agree: samples of the forward channel with the exact posterior,
and pairs of clones run by the reverse SDE. The data set is fixed: error bars cover the sampling, not the choice of the data.
"""

from __future__ import annotations

import importlib.util
import math
import os
import shlex
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from regimes._version import __version__
from regimes.numerics.arrays import BoolArray, RealArray
from regimes.terminal import Callback, shown
from regimes.theory.errors import DomainError, InputError
from regimes.validate.data.analysis import Analysis, Curve, Transition
from regimes.validate.data.reading import DataSet, read
from regimes.validate.runs.experiment import program
from regimes.validate.simulation.channel import noised
from regimes.validate.simulation.forward_estimators import Planted, planted
from regimes.validate.simulation.integrators import Streams, time_grid
from regimes.validate.simulation.observables import nearest
from regimes.validate.simulation.scores import EmpiricalCentre
from regimes.validate.simulation.two_grids import clones_on_two_grids

SAMPLES, STEPS = 1000, 100  # if nothing else is asked for


def analyze(
    data: Any, labels: Any = None, classes: Sequence[Any] | None = None, out: str | Path | None = None, seed: int = 0,
    progress: Callback | bool | None = None, *, times: Sequence[float] | RealArray | None = None, samples: int = SAMPLES,
    pairs: int | None = None, steps: int = STEPS,
) -> Analysis:  # fmt: skip
    """Measure where the dynamical regimes of a data set begin, under its exact empirical score.

    Parameters
    ----------
    data, labels, classes : array_like or path, optional but for the data
        As in `reading.read`. The mean is removed; nothing else is changed.
    out : path, optional
        Folder for `analysis.html` and `analysis.json`, made if need be; nothing is written if None.
    seed : int
        Of every random number.
    progress : callable, optional
        Called as ``progress(what, done, total)``; None shows a bar on standard error if that is a terminal, False nothing.
    times : sequence of float, optional
        Where the curves are wanted; by default from certain collapse to beyond speciation.
    samples : int
        Noised data per time of the forward method, used for all times together.
    pairs : int, optional
        Pairs of clones of the reverse method; by default as many as take a few seconds, 20 to 400.
    steps : int
        Of the reverse SDE; it also runs with half as many on the same noise, to measure what the time step changes.

    Returns
    -------
    Analysis
        `collapse` is the time at which two clones are as likely as not to end on the same datum, phi_C = 1/2: there the
        log-probability ratio of the own datum against all others is distributed around 0, so the volume per datum equals the
        volume of the noise (log n = d I up to the width of the transition).

    Raises
    ------
    InputError
        See `reading.read`; or a folder that cannot be written.
    DomainError
        For a time or a size of a sample that is not positive.
    MissingExtraError
        `out` is given, and what draws the page is not installed.
    """
    for name, number, low in (("seed", seed, 0), ("samples", samples, 2), ("pairs", 1 if pairs is None else pairs, 1), ("steps", steps, 1)):
        if number < low:
            raise DomainError(f"{name}={number}: give a whole number from {low} on")
    if times is not None and len(times) == 0:
        raise DomainError("no times to show: give at least one, or None for a choice that fits the data")
    if out is not None:
        from regimes.validate.pages.check_page import require_extras

        require_extras()
        _probe(Path(out))
    with _one_blas_thread(), shown(progress) as show:
        subject = read(data, labels, classes)
        others = {"samples": (samples, SAMPLES), "pairs": (pairs, None), "steps": (steps, STEPS)}
        chosen: dict[str, Any] = {} if times is None else {"times": [float(t) for t in times]}
        chosen |= {name: value for name, (value, default) in others.items() if value != default}
        command = _command(data, labels, classes, seed, chosen)
        analysis = _measure(subject, command, seed, show, times, samples, pairs, steps)
    if out is not None:
        analysis.write(out)
    return analysis


def _probe(folder: Path) -> None:
    """Refuse a folder that cannot be written before anything is computed; leaves no trace."""
    home = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    try:
        tempfile.TemporaryFile(dir=home).close()
    except OSError as problem:
        raise InputError(f"cannot write into {folder} ({problem.strerror}: {home}); name a folder that can be written") from None


def _command(data: Any, labels: Any, classes: Sequence[Any] | None, seed: int, others: Mapping[str, Any]) -> str:
    """The command, or the call where there are arrays or `others` were chosen, that makes these numbers."""
    sources = {"data": data} | ({} if labels is None else {"labels": labels})
    typed = {name: _text(source) for name, source in sources.items() if isinstance(source, (str, os.PathLike))}
    if others or len(typed) < len(sources):
        given = [repr(typed[name]) if name in typed else name for name in sources]
        given += [f"classes={tuple(map(str, classes))}"] if classes is not None else []
        return f"regimes.analyze({', '.join([*given, f'seed={seed}', *(f'{name}={value}' for name, value in others.items())])})"
    words = ["regimes", "analyze", typed["data"]]
    words += ["--labels", typed["labels"]] if labels is not None else []
    words += ["--classes", ",".join(map(str, classes))] if classes is not None else []
    return shlex.join([*words, "--seed", str(seed)])


def _text(path: str | os.PathLike[str]) -> str:
    """A path as text; a name that is no UTF-8 cannot stand in a page as it is."""
    return os.fsencode(path).decode("utf-8", "replace")


def _one_blas_thread() -> AbstractContextManager[Any]:
    """Products of the size used here gain little from more threads, and lose much to them when the cores are busy."""
    if importlib.util.find_spec("threadpoolctl") is None:
        return nullcontext()
    limits: AbstractContextManager[Any] = importlib.import_module("threadpoolctl").threadpool_limits(1, "blas")
    return limits


def _measure(
    subject: DataSet, command: str, seed: int, report: Callback, times: Sequence[float] | RealArray | None, samples: int,
    pairs: int | None, steps: int,
) -> Analysis:  # fmt: skip
    report("data read", 1, 4)
    eigenvalues = _spectrum(subject)
    leading, total = float(eigenvalues[-1]), float(eigenvalues.sum())
    report("covariance", 2, 4)
    rngs = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(4)]
    scout, end = _scout(subject, leading, total, rngs[0])
    shown = _default_times(scout, leading) if times is None else np.unique(np.asarray(times, dtype=np.float64))
    several, threshold = len(subject.names) > 1, _cloning_threshold() if len(subject.names) == 2 else math.nan
    fine = [_around(scout, scout.weight, 0.5), _around(scout, scout.agreement, threshold)]
    forward = _sample(subject, np.unique(np.concatenate([shown, *fine])), samples, rngs[1])
    report("forward samples", 3, 4)
    here = np.isin(forward.times, shown)
    named = [("excess-entropy", forward.excess / subject.d, math.log(2) / subject.d), ("collapse-probability", forward.weight, 0.5)]
    named += [("cloning-probability", forward.agreement, 0.5)] if several else []
    curves = [_averaged(name, shown, each[:, here], unseen) for name, each, unseen in named]
    branches = _branches(scout, several, shown)
    size = _affordable(subject, steps) if pairs is None else pairs
    curves += _reverse(subject, branches, end, steps, size, rngs[2], np.random.SeedSequence(seed, spawn_key=(9,)), several)
    report("clones", 4, 4)
    sizes = subject.members.sum(axis=0).tolist()
    collapse = _crossing("collapse", "φ_C", forward.times, forward.weight, 0.5, subject.counts / subject.n)
    given = _gaussian_collapse(subject, eigenvalues)
    transitions = (*_spectral_times(leading), _cloning_time(subject, forward, threshold), collapse, given)
    return Analysis(
        subject.n, subject.d, len(subject.rows), tuple(zip(subject.names, sizes, strict=False)), leading, total, transitions,
        tuple(curves), {"seed": seed, "samples": samples, "pairs": size, "steps": steps},
        command, f"regimes {__version__}, {program()}", subject.fingerprint, subject.notices,
    )  # fmt: skip


def _cloning_threshold() -> float:
    """The threshold of phi that defines the `cloning` time; computed, so not at import."""
    from regimes.numerics.speciation.times import default_level

    return default_level()


def _spectrum(subject: DataSet) -> RealArray:
    """Eigenvalues of the covariance, rising, from the smaller of covariance and Gram matrix; the others are zero."""
    scaled = subject.rows * np.sqrt(subject.counts / subject.n)[:, None]
    gram = scaled @ scaled.T if scaled.shape[0] < scaled.shape[1] else scaled.T @ scaled
    from scipy.linalg import eigh

    found: RealArray = eigh(gram, eigvals_only=True)
    return np.maximum(found, 0.0)


def _gaussian_collapse(subject: DataSet, eigenvalues: RealArray) -> Transition:
    """Collapse time of Gaussian data with this covariance and as many points, by the volume argument at large d.

    Notation: d I = sum_i log(1 + gamma lambda_i)/2 over the eigenvalues of the covariance. The leading one alone bounds gamma from above,
    log(1 + y) <= y from below.
    """
    from scipy.optimize import brentq

    wanted, leading, total = math.log(subject.n), float(eigenvalues[-1]), float(eigenvalues.sum())

    def missing(log_gamma: float) -> float:
        return 0.5 * float(np.log1p(math.exp(log_gamma) * eigenvalues).sum()) - wanted

    low, high = math.log(2 * wanted / total), math.log((subject.n - 1.0) * (subject.n + 1.0) / leading)
    root = brentq(missing, low - 1e-6, high + 1e-6, xtol=1e-15, rtol=1e-15)
    definition = "log n = d I, Gaussian data of this covariance"
    return Transition("gaussian-collapse", definition, 0.5 * math.log1p(math.exp(-root)), None, "ok", "")


def _spectral_times(leading: float) -> list[Transition]:
    """Speciation times that need the largest eigenvalue only.

    Notation: u = e^{-2t}. To second order in e^{-t}, -log P_t = x.(I - (u/Delta_t) C) x/(2 Delta_t): flat along the leading direction
    where Lambda u = Delta_t, while the drift x + 2 S loses its linear term there where 1 - 2/Delta_t + 2 Lambda u/Delta_t^2 = 0,
    that is Lambda = sinh 2t.
    """
    spectral = Transition("spectral", "Λ e^{-2t} = 1", None, None, "none", f"the largest eigenvalue {leading:.4g} is not above 1")
    if leading > 1:
        spectral = Transition("spectral", spectral.definition, 0.5 * math.log(leading), None, "ok", "")
    balance = Transition("noise-balance", "Λ e^{-2t} = 1 - e^{-2t}", 0.5 * math.log1p(leading), None, "ok", "")
    curvature = Transition("spectral-curvature", "Λ = sinh 2t", 0.5 * math.asinh(leading), None, "ok", "")
    return [spectral, balance, curvature]


def _cloning_time(subject: DataSet, forward: Planted, threshold: float) -> Transition:
    """Where two clones agree on the class as often as those of two balanced Gaussian classes do at kappa = 1."""
    number = len(subject.names)
    if number != 2:
        given = {0: "there are no labels: give the class of every row", 1: "all rows are of one class: name two"}
        reason = given.get(number, f"there are {number} classes: name two, for which its threshold is defined")
        return Transition("cloning", "φ = threshold", None, None, "none", reason)
    return _crossing("cloning", "φ", forward.times, forward.agreement, threshold, subject.members.sum(axis=0) / subject.n)


def _sample(subject: DataSet, times: RealArray, samples: int, rng: np.random.Generator) -> Planted:
    precision = np.float32 if subject.rows.shape[1] >= 16 else np.float64
    origin = rng.choice(len(subject.rows), size=samples, p=subject.counts / subject.n)
    noise = rng.standard_normal((samples, subject.rows.shape[1]))
    counts = None if (subject.counts == 1).all() else subject.counts
    return planted(subject.rows.astype(precision), origin, noise, times, counts=counts, classes=subject.members / subject.counts[:, None])


def _scout(subject: DataSet, leading: float, total: float, rng: np.random.Generator) -> tuple[Planted, float]:
    """A rough look at all times, from no signal to certain collapse, and a time below which the datum of a reverse run is settled."""
    unit = -math.log(total / subject.rows.shape[1])
    low, high = -math.log(leading) - 7.0, unit + 4.0
    while True:
        log_snr = np.arange(high, low, -0.5)
        found = _sample(subject, 0.5 * np.log1p(np.exp(-log_snr)), 200, rng)
        if found.weight[:, 0].mean() > 0.9999 or high > unit + 60.0:
            return found, 0.5 * float(found.times[found.weight.mean(axis=0) > 0.9999].max(initial=found.times[0]))
        high += 4.0


def _default_times(scout: Planted, leading: float, number: int = 24) -> RealArray:
    """Uniform in log gamma, from where collapse is certain to one unit of time beyond the largest speciation time."""
    weight = scout.weight.mean(axis=0)
    low = float(scout.times[weight >= 0.999 * weight[0]].max())
    settled = float(scout.times[weight <= weight[-1] + 0.02].min())
    high = max(0.5 * math.log1p(leading) + 1.0, settled, 2.0 * low)
    return time_grid(high, low, number - 1, spacing="snr", smallest=low)[::-1]


def _around(scout: Planted, curve: RealArray, threshold: float) -> RealArray:
    """Times close to where the scout's falling curve crosses the threshold."""
    mean = curve.mean(axis=0)
    inside = np.flatnonzero((mean > threshold - 0.15) & (mean < threshold + 0.15))
    if len(inside) == 0:
        return np.empty(0)
    return np.linspace(scout.times[max(inside[0] - 1, 0)], scout.times[min(inside[-1] + 1, len(mean) - 1)], 17)


def _averaged(name: str, times: RealArray, samples: RealArray, unseen: float) -> Curve:
    """Mean of samples (B, T), none of whose errors is zero: one more, with another datum as probable as the own, moves it by `unseen`/B."""
    error = np.hypot(_standard_error(samples), unseen / len(samples))
    return Curve(name, "forward", times, samples.mean(axis=0), error, np.zeros(len(times)))


def _standard_error(samples: RealArray) -> RealArray:
    error: RealArray = samples.std(axis=0, ddof=1) / math.sqrt(len(samples))
    return error


def _crossing(name: str, symbol: str, times: RealArray, samples: RealArray, threshold: float, shares: RealArray) -> Transition:
    """Time at which the mean of falling curves (B, T) crosses a threshold; standard error from the spread there and the slope.

    The curve falls to the chance agreement of two draws with probabilities `shares`.
    """
    definition = f"{symbol} = {threshold:.10g}"

    def none(reason: str) -> Transition:
        return Transition(name, definition, None, None, "none", reason)

    floor = float(np.square(shares).sum())
    if floor >= threshold:
        return none(f"{symbol} never falls to {threshold:.4f}: two draws agree by chance with probability {floor:.4f}")
    gap = samples.mean(axis=0) - threshold
    falls = np.flatnonzero((gap[:-1] >= 0) & (gap[1:] < 0))
    if len(falls) == 0:
        return none(f"{symbol} does not cross {threshold:.4f} at the times sampled")
    k = int(falls[-1])
    share = float(gap[k] / (gap[k] - gap[k + 1]))
    left, right = max(k - 2, 0), min(k + 3, len(times) - 1)
    slope = float((gap[right] - gap[left]) / (times[right] - times[left]))
    spread = float(_standard_error((1.0 - share) * samples[:, k] + share * samples[:, k + 1]))
    return Transition(name, definition, float(times[k] + share * (times[k + 1] - times[k])), spread / abs(slope), "ok", "")


def _branches(scout: Planted, several: bool, shown: RealArray) -> RealArray:
    """A few of the shown times, spread over the collapse and, with classes, over the speciation."""
    curves = [scout.weight.mean(axis=0)] + ([scout.agreement.mean(axis=0)] if several else [])
    wanted = []
    for curve in curves:
        top, bottom = curve.max(), curve.min()
        wanted += [float(scout.times[np.abs(curve - (bottom + share * (top - bottom))).argmin()]) for share in (0.9, 0.5, 0.1)]
    return np.unique([shown[np.abs(np.log(shown) - math.log(t)).argmin()] for t in wanted])


def _affordable(subject: DataSet, steps: int) -> int:
    """Number of clone pairs for about 10^12 floating-point operations, 20 to 400."""
    per_pair = 3 * steps // 2 * 13 * 4 * subject.rows.size  # both grids; parents and pairs at six times; two products
    return int(min(400, max(20, 10**12 // per_pair)))


def _reverse(
    subject: DataSet, times: RealArray, end: float, steps: int, pairs: int, rng: np.random.Generator, seed: np.random.SeedSequence,
    several: bool,
) -> list[Curve]:  # fmt: skip
    """phi_C and phi from pairs of clones of the reverse SDE under the empirical score, started from noised data."""
    precision = np.float32 if subject.rows.shape[1] >= 16 else np.float64
    score = EmpiricalCentre(subject.rows, counts=subject.counts, dtype=precision)
    start = float(times.max())
    grid = time_grid(start, 0.0, (steps + 1) // 2, spacing="snr", through=times, smallest=min(end, 0.5 * float(times.min())))
    first = subject.rows[rng.choice(len(subject.rows), size=pairs, p=subject.counts / subject.n)]
    streams = Streams.spawn(seed)
    ends = clones_on_two_grids(score, noised(rng, first, start), tuple(times.tolist()), grid, streams, "exponential").clones
    datum = nearest(ends.reshape(-1, ends.shape[-1]), subject.rows).reshape(ends.shape[:-1])  # (grid, side, time, pair)
    shares = subject.members / subject.counts[:, None]
    uniform = [side.random((len(times), pairs)) for side in (streams.first, streams.second)]
    below = shares.cumsum(axis=1)[:, :-1][datum] <= np.stack(uniform)[None, ..., None]  # coarse and fine draw with the same numbers
    agree = [datum[:, 0] == datum[:, 1], (below[:, 0] == below[:, 1]).all(axis=-1)]
    named = zip(("collapse-probability", "cloning-probability")[: 1 + several], agree, strict=False)
    return [_counted(name, times, same[0], same[1]) for name, same in named]


def _counted(name: str, times: RealArray, coarse: BoolArray, fine: BoolArray) -> Curve:
    """Share of pairs (T, B) that agree, from the finer grid; its error is of first order in the step, so what halving changed is left.

    Both errors are those of add-one estimates: never zero, also when all pairs agree or none changed.
    """
    pairs = fine.shape[1]
    smooth = (fine.sum(axis=1) + 1.0) / (pairs + 2.0)
    changed = (coarse != fine).sum(axis=1)
    step = np.abs(fine.mean(axis=1) - coarse.mean(axis=1)) + np.sqrt(changed + 1.0) / pairs
    sampling = np.sqrt(smooth * (1.0 - smooth) / pairs)
    return Curve(name, "reverse", times, fine.mean(axis=1), np.hypot(sampling, step), step)
