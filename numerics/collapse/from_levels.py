"""Everything about collapse that follows from a law's energy levels, batched over parameters: theory.md, written once for all laws.

Each public function takes the levels of a law at P parameter points and the parameters, arrays (P,), and returns an
`Answer`. Notation: gamma = 1/(e^{2t} - 1); g, I and the rest as in `levels.EnergyLevels`.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from regimes.numerics.arrays import EPS, Answer, FloatArray, Pair, Rows, TextArray, Values, texts
from regimes.numerics.collapse.levels import EnergyLevels

_FAR = 690.0  # exp(690) is a float64, with room for a factor

NO_COLLAPSE = "alpha is at least the entropy of the data per dimension: log n data never outweigh it, t_C = 0"


def snr(t: FloatArray) -> FloatArray:
    """gamma(t)."""
    return np.asarray(1 / np.expm1(2 * t))


# -- functions of t ---------------------------------------------------------------------------------------------------


def information(levels: EnergyLevels, values: Values) -> Answer:
    """I(t) per dimension."""
    return Answer.of(levels.information(snr(values["t"])))


def information_from_cumulant(levels: EnergyLevels, values: Values) -> Answer:
    """I = -1/2 - g(1)."""
    g = levels.cumulant(snr(values["t"]), np.ones_like(values["t"]))
    return Answer.of(Pair(-0.5 - g.value, g.error + EPS))


def information_from_mmse(levels: EnergyLevels, values: Values) -> Answer:
    """I = integral of mmse/2 over the signal-to-noise ratio, up to that of t: Gauss-Legendre panels in log gamma."""
    ends = snr(values["t"])
    low = np.minimum(1e-8 * ends, 1e-8)  # below it mmse is nearly constant: one panel in gamma itself
    totals = []
    for order in (12, 16):
        x, w = np.polynomial.legendre.leggauss(order)
        total = np.zeros_like(ends)
        count = int(np.ceil(np.log(ends / low).max()))
        edges = np.log(low) + np.log(ends / low) * np.linspace(0, 1, count + 1)[:, None]
        for left, right in pairwise(edges):
            for node, weight in zip(x, w, strict=True):
                gamma = np.exp((left + right) / 2 + node * (right - left) / 2)
                total += weight * (right - left) / 2 * gamma * levels.mmse(gamma).value / 2
        for node, weight in zip(x, w, strict=True):
            total += weight * low / 2 * levels.mmse(low * (1 + node) / 2).value / 2
        totals.append(total)
    return Answer.of(Pair(totals[1], np.abs(totals[1] - totals[0]) + 1e-13 * np.abs(totals[1])))


def entropy(levels: EnergyLevels, values: Values) -> Answer:
    """s = I + log(2 pi e Delta)/2."""
    info = levels.information(snr(values["t"]))
    noise = 0.5 * np.log(2 * np.pi * np.e * -np.expm1(-2 * values["t"]))
    return Answer.of(Pair(info.value + noise, info.error + 2 * EPS * (np.abs(info.value) + np.abs(noise))))


def entropy_from_cumulant(levels: EnergyLevels, values: Values) -> Answer:
    """s = log(2 pi Delta)/2 - g(1)."""
    g = levels.cumulant(snr(values["t"]), np.ones_like(values["t"]))
    noise = 0.5 * np.log(2 * np.pi * -np.expm1(-2 * values["t"]))
    return Answer.of(Pair(noise - g.value, g.error + 2 * EPS * (np.abs(g.value) + np.abs(noise))))


def dispersion(levels: EnergyLevels, values: Values) -> Answer:
    """V(t)."""
    return Answer.of(levels.dispersion(snr(values["t"])))


def energy_cumulant(levels: EnergyLevels, values: Values) -> Answer:
    """g_t(lam)."""
    return Answer.of(levels.cumulant(snr(values["t"]), values["lam"]))


def excess_entropy(levels: EnergyLevels, values: Values) -> Answer:
    """max(alpha - I, 0)."""
    info = levels.information(snr(values["t"]))
    gap = values["alpha"] - info.value
    return Answer.of(Pair(np.maximum(gap, 0), np.where(gap > -info.error, info.error + EPS * values["alpha"], 0)))


def rate_function(levels: EnergyLevels, values: Values) -> Answer:
    """max over lam of -g(lam) - lam eps, for energies below the mean one."""
    gamma, eps = snr(values["t"]), values["energy"]
    zero = np.zeros_like(gamma)
    mean = levels.energy(gamma, zero)
    far, reason = np.full_like(gamma, 1e9), texts(gamma.size)
    reason[eps >= mean.value] = "the energy is not below the mean energy of the levels, where the rate function is zero"
    lowest = levels.energy(gamma, far).value
    reason[eps <= lowest] = "no level lies that low at any number of data: the rate function is infinite"
    value, error, here = np.full_like(gamma, np.nan), np.full_like(gamma, np.nan), np.flatnonzero(reason == "")
    if here.size:
        some, g, e = levels.select(here), gamma[here], eps[here]
        lam = monotone_root(
            lambda u, k: some.select(k).energy(g[k], u), lambda u, k: -some.select(k).fluctuation(g[k], u).value, e, np.ones_like(e), -1
        )
        rate, off = some.rate(g, lam.value), some.energy(g, lam.value).value - e
        # -g - lam eps is stationary at the root: what is left of the root's error enters as a product of two small numbers
        value[here] = rate.value + lam.value * off
        error[here] = rate.error + lam.error * np.abs(off) + 2 * EPS * lam.value * e
    return Answer.of(Pair(value, error), reason)


# -- the replica-symmetry-breaking parameter -----------------------------------------------------------------------------


def _parameter(levels: EnergyLevels, gamma: FloatArray, alpha: FloatArray) -> Pair:
    """m*: one in the liquid; in the glass the root of m g'(m) - g(m) = alpha."""
    value, error = np.ones_like(gamma), np.zeros_like(gamma)
    info = levels.information(gamma)
    glass = np.flatnonzero(alpha < info.value)
    value[np.isnan(info.value)] = np.nan
    if glass.size:
        some, g, a = levels.select(glass), gamma[glass], alpha[glass]
        root = monotone_root(
            lambda m, k: some.select(k).rate(g[k], m), lambda m, k: m * some.select(k).fluctuation(g[k], m).value, a,
            np.sqrt(a / info.value[glass]), 1,
        )  # fmt: skip
        value[glass], error[glass] = np.minimum(root.value, 1), root.error
    return Pair(value, error)


def rsb_parameter(levels: EnergyLevels, values: Values) -> Answer:
    """m*(t, alpha)."""
    return Answer.of(_parameter(levels, snr(values["t"]), values["alpha"]))


def participation_ratio(levels: EnergyLevels, values: Values) -> Answer:
    """1 - m*."""
    m = rsb_parameter(levels, values)
    return Answer(1 - m.value, m.error + EPS, m.status, m.reason)


def free_energy(levels: EnergyLevels, values: Values) -> Answer:
    """psi = [alpha + g(m*)]/m*; stationary in m, so the error of m* enters squared."""
    gamma, alpha = snr(values["t"]), values["alpha"]
    m = _parameter(levels, gamma, alpha)
    g = levels.cumulant(gamma, np.where(np.isfinite(m.value), m.value, 1))
    value = (alpha + g.value) / m.value
    return Answer.of(Pair(value, (g.error + 2 * EPS * (alpha + np.abs(g.value))) / m.value + (m.error / m.value) ** 2 * np.abs(value)))


def free_energy_from_energy(levels: EnergyLevels, values: Values) -> Answer:
    """psi = -eps(m*) in the glass, alpha + g(1) in the liquid."""
    gamma, alpha = snr(values["t"]), values["alpha"]
    m = _parameter(levels, gamma, alpha)
    at = np.where(np.isfinite(m.value), m.value, 1)
    energy, g, slope = levels.energy(gamma, at), levels.cumulant(gamma, at), levels.fluctuation(gamma, at)
    glass = m.value < 1
    value = np.where(glass, -energy.value, alpha + g.value)
    return Answer.of(Pair(np.where(np.isnan(m.value), np.nan, value), np.where(glass, energy.error + slope.value * m.error, g.error + EPS)))


# -- critical times --------------------------------------------------------------------------------------------------------


def _time(gamma: Pair, reason: TextArray) -> Answer:
    """t = log(1 + 1/gamma)/2; the error given with `gamma` is relative."""
    t = 0.5 * np.log1p(1 / gamma.value)
    return Answer.of(Pair(t, gamma.error * 0.5 / (1 + gamma.value) + EPS * t), reason)


def _critical(
    levels: EnergyLevels, alpha: FloatArray, f: Callable[[EnergyLevels, FloatArray], Pair],
    slope: Callable[[EnergyLevels, FloatArray], FloatArray] | None,
) -> Answer:  # fmt: skip
    """The time at which f(gamma), which grows from 0 to the entropy of the law, reaches alpha."""
    reason = texts(alpha.size)
    reason[alpha >= levels.largest_information()] = NO_COLLAPSE
    value, error, here = np.full_like(alpha, np.nan), np.full_like(alpha, np.nan), np.flatnonzero(reason == "")
    if here.size:
        some, a = levels.select(here), alpha[here]
        root = monotone_root(
            lambda u, k: f(some.select(k), u), None if slope is None else lambda u, k: slope(some.select(k), u), a,
            np.where(a < 1, a, np.exp(np.minimum(2 * a, 600))), 1,
        )  # fmt: skip
        value[here], error[here] = root.value, root.error / root.value
    return _time(Pair(value, error), reason)


def collapse_time(levels: EnergyLevels, values: Values) -> Answer:
    """t_C(alpha): I(gamma) = alpha, by Newton's method with dI/dgamma = mmse/2."""
    return _critical(levels, values["alpha"], lambda some, u: some.information(u), lambda some, u: some.mmse(u).value / 2)


def accuracy_time(levels: EnergyLevels, values: Values) -> Answer:
    """t_A(alpha): g(2) - 2 g(1) = alpha: second moment of the partition function."""

    def second(some: EnergyLevels, u: FloatArray) -> Pair:
        g1, g2 = some.reduced(u, np.ones_like(u)), some.reduced(u, np.full_like(u, 2.0))
        return Pair(g2.value - 2 * g1.value, g2.error + 2 * g1.error)

    return _critical(levels, values["alpha"], second, None)


def onset_time(levels: EnergyLevels, values: Values) -> Answer:
    """t_O(alpha): -g(1) seen from a datum = alpha."""

    def depth(some: EnergyLevels, u: FloatArray) -> Pair:
        g = some.onset(u, np.ones_like(u))
        return Pair(-g.value, g.error)

    return _critical(levels, values["alpha"], depth, None)


def condensation_time(levels: EnergyLevels, values: Values) -> Answer:
    """g'(1) - g(1) = alpha: the levels condense at m* = 1."""
    return _critical(levels, values["alpha"], lambda some, u: some.rate(u, np.ones_like(u)), None)


# -- roots -------------------------------------------------------------------------------------------------------------------


def monotone_root(
    f: Callable[[FloatArray, Rows], Pair], slope: Callable[[FloatArray, Rows], FloatArray] | None, target: FloatArray,
    start: FloatArray, sign: int,
) -> Pair:  # fmt: skip
    """u > 0 with f(u) = target for a positive f that rises (sign 1) or falls (-1) with u: the first crossing met going from `start`.

    Newton's method for log f in log u inside a bracket, bisection where it leaves the bracket.

    Parameters
    ----------
    f, slope
        Called with points u and the rows (indices into target) they belong to; without `slope` differences are taken.
    target, start : ndarray
        (P,), positive.

    Returns
    -------
    Pair of (P,)
        Roots and absolute errors: error and rounding of f at the root over its slope. nan where none was found.
    """
    y = np.log(start)
    low, high = np.full_like(y, -np.inf), np.full_like(y, np.inf)
    error = np.full_like(y, np.nan)
    rows = np.arange(y.size)
    lost = ~np.isfinite(y)
    rows = rows[~lost]
    for _ in range(200):
        if not rows.size:
            break
        u, want = np.exp(y[rows]), target[rows]
        now = f(u, rows)
        gap = sign * (now.value - want)
        bend = np.abs(u * (slope(u, rows) if slope is not None else _difference(f, u, rows)))
        low[rows] = np.where(gap < 0, np.maximum(low[rows], y[rows]), low[rows])
        high[rows] = np.where(gap >= 0, np.minimum(high[rows], y[rows]), high[rows])
        with np.errstate(all="ignore"):
            noise = (now.error + EPS * np.abs(now.value)) / bend
            in_logs = -sign * np.log(now.value / want) * now.value / bend
            step = np.where(now.value > 0, in_logs, 1.0)
        step = np.clip(np.nan_to_num(step, nan=1.0, posinf=1.5, neginf=-1.5), -1.5, 1.5)
        proposal = y[rows] + step
        inside = (proposal > low[rows]) & (proposal < high[rows])
        middle = 0.5 * (low[rows] + high[rows])
        both = np.isfinite(middle)
        proposal = np.where(inside, proposal, np.where(both, middle, y[rows] + np.where(gap < 0, 1.5, -1.5)))
        small = 4 * EPS * np.maximum(1, np.abs(y[rows]))
        closed = (high[rows] - low[rows]) <= small
        # Newton's step is the best estimate of what is left; it is taken once more, then the point is done.
        done = (np.abs(step) <= np.maximum(small, 0.5 * noise)) | closed | (gap == 0)
        flat = done & ~(noise < 0.5) & (gap != 0)  # no root to be seen above the rounding
        failed = np.isnan(now.value) | (np.abs(proposal) > _FAR) | flat
        done &= ~failed
        final = np.where(inside & ~closed, proposal, y[rows])
        error[rows] = np.where(done, noise + small / 4 + np.where(closed, small, 0), np.nan)
        y[rows] = np.where(done, final, proposal)
        y[rows[failed]] = np.nan
        rows = rows[~(done | failed)]
    y[rows] = np.nan
    u = np.exp(y)
    return Pair(u, error * u)


def _difference(f: Callable[[FloatArray, Rows], Pair], u: FloatArray, rows: Rows) -> FloatArray:
    reach = 1e-4
    ahead, behind = f(u * np.exp(reach), rows).value, f(u * np.exp(-reach), rows).value
    return np.asarray((ahead - behind) / (2 * reach * u))
