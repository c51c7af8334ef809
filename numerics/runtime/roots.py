"""The largest root of a decreasing function, batched over parameters, with a status and a measured error.

Generated modules hold these functions as the same source text, so each uses NumPy and its siblings only.
Bisection with a sign change cannot be led astray by poles or flat stretches; SciPy's `elementwise.find_root`
would need an import that takes longer than everything else a cached prediction does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from regimes.numerics.runtime.double_double import DoubleDouble, broadcast_to, double, joined, numbers, unit

__all__ = ["RootResult", "largest_root"]


class RootResult(NamedTuple):
    """Outcome per element: `value`, absolute `error`, and `status`: "ok", "none" (f < 0 throughout) or "failed"."""

    value: Any
    error: Any
    status: Any


def largest_root(f: Callable[..., Any], *params: Any, lower: Any, upper: Any) -> RootResult:
    """`sup {x in (lower, upper): f(x, *params) >= 0}` for f decreasing in x.

    Parameters
    ----------
    f : callable
        Takes x and parameters of shape (P,); returns values, or a pair (values, their errors).
    params, lower, upper : Any
        Arrays that broadcast together; an end may be infinite.

    Returns
    -------
    RootResult of arrays of the broadcast shape. The value is `upper` where f >= 0 throughout ("ok", possibly inf), nan where
    f < 0 throughout ("none") and where f is nan before a change of sign is met, or the change of sign is a pole ("failed",
    error inf). The error is the residual and the rounding noise of f at the root, both measured, over the slope there.
    """
    arrays = [numbers(p) for p in (lower, upper, *params)]
    wide = any(isinstance(a, DoubleDouble) for a in arrays)
    shape = np.broadcast_shapes(*(a.shape for a in arrays))
    low, high, *args = (broadcast_to(a if isinstance(a, DoubleDouble) else DoubleDouble(a), shape).reshape(-1) for a in arrays)
    value, error, status = DoubleDouble(np.empty(low.size)), np.empty(low.size), np.empty(low.size, "<U6")

    def result() -> RootResult:
        return RootResult((value if wide else value.hi).reshape(shape), error.reshape(shape), status.reshape(shape))

    if not low.size:
        return result()

    def value_at(y: Any, rows: Any) -> Any:
        # f in doubles, at the point that y in the real line stands for
        out = f(point(y, low.hi[rows], high.hi[rows]), *(a.hi[rows] for a in args))
        return np.broadcast_to(double(out[0] if isinstance(out, tuple) else out), rows.shape)

    def fine_value_at(y: Any, rows: Any) -> Any:
        out = f(point(y, low[rows], high[rows]), *(a[rows] for a in args))
        return np.broadcast_to(double(out[0] if isinstance(out, tuple) else out), rows.shape)

    with np.errstate(all="ignore"):
        ends = bracket(value_at, low.hi, high.hi)
        if wide:  # a sign in doubles may be rounding: a bracket shows in the end whether it is one, no bracket does not
            lost = np.flatnonzero(ends[2] != "ok")
            again = bracket(lambda y, rows: fine_value_at(y, lost[rows]), low.hi[lost], high.hi[lost])
            for column, part in zip(ends, again, strict=True):
                column[lost] = part
        left, right, status = ends
        found = np.flatnonzero(status == "ok")
        # near 0 the map of the whole line has no resolution of its own: there y itself is resolved
        floor = np.where(np.isinf(low.hi) & np.isinf(high.hi), 1e-290, 0.25)

        def refined(rows: Any, evaluate: Callable[..., Any]) -> Any:
            x = point(bisect(evaluate, left, right, rows, floor), low[rows], high[rows])
            return polish(f, x, [a[rows] for a in args], low[rows], high[rows])

        edge = np.flatnonzero(status == "upper")
        value[edge], error[edge], status[edge] = high[edge], 0, "ok"
        lost = np.flatnonzero((status == "none") | (status == "failed"))
        value[lost] = np.nan
        error[lost] = np.where(status[lost] == "none", np.nan, np.inf)
        if found.size:
            x, off, sound = refined(found, value_at)
            if wide and not sound.all():  # doubles may not see the change of sign
                rough = np.flatnonzero(~sound)
                x[rough], off[rough], sound[rough] = refined(found[rough], fine_value_at)
            value[found] = np.where(sound, x, np.nan)
            error[found] = np.where(sound, off + (unit(value) if wide else unit(1.0)) / 2 * np.abs(x.hi), np.inf)
            status[found] = np.where(sound, "ok", "failed")
        return result()


def point(y: Any, low: Any, high: Any) -> Any:
    """An increasing map of y in the real line onto (low, high), of constant relative step next to a finite end."""
    span = np.where(np.isinf(low) | np.isinf(high), 1, high - low)
    start, stop = np.where(np.isinf(low), 0, low), np.where(np.isinf(high), 0, high)
    inner = start + span / (1 + np.exp(-y))
    return np.where(
        np.isinf(low), np.where(np.isinf(high), np.sinh(y), stop - np.exp(-y)), np.where(np.isinf(high), start + np.exp(y), inner)
    )


def bracket(value_at: Callable[..., Any], low: Any, high: Any) -> tuple[Any, Any, Any]:
    """Points with f(left) >= 0 > f(right), sought outwards from y = 0; the status is "ok", "none", "upper" or "failed"."""
    count = low.size
    far = 700.0  # exp(700) is a float64
    # Inside a finite interval the upper end is reached, to rounding, much earlier.
    stop = np.where(np.isinf(high), far, np.where(np.isinf(low), far, 37.0))
    left, right, status = np.zeros(count), np.zeros(count), np.full(count, "failed", "<U6")
    first = value_at(np.zeros(count), np.arange(count))
    for sign in (1, -1):
        rows = np.flatnonzero(first >= 0 if sign > 0 else first < 0)
        here, step = np.zeros(rows.size), 0.5
        while rows.size:
            end = stop[rows] if sign > 0 else np.full(rows.size, -far)
            there = np.clip(here + sign * step, -far, stop[rows])
            f = value_at(there, rows)
            crossed = f < 0 if sign > 0 else f >= 0
            lost, done = np.isnan(f), ~crossed & (there == end)
            left[rows], right[rows] = (here, there) if sign > 0 else (there, here)
            status[rows[crossed]] = "ok"
            status[rows[done]] = "upper" if sign > 0 else "none"
            goes_on = ~(crossed | lost | done)
            rows, here, step = rows[goes_on], there[goes_on], 2 * step
    return left, right, status


def bisect(value_at: Callable[..., Any], left: Any, right: Any, rows: Any, floor: Any) -> Any:
    """Chandrupatla's method (inverse quadratic steps where they are safe, else bisection) until the bracket is a few ulps wide."""
    a, b = left[rows], right[rows]
    fa, fb = value_at(a, rows), value_at(b, rows)
    c, fc, at = a, fa, np.full(rows.size, 0.5)
    best = np.where(np.abs(fa) < np.abs(fb), a, b)
    open_ = np.arange(rows.size)
    for _ in range(200):
        if not open_.size:
            break
        x = a + at * (b - a)
        fx = value_at(x, rows)
        same = (fx >= 0) == (fa >= 0)
        c, fc = np.where(same, a, b), np.where(same, fa, fb)
        b, fb = np.where(same, b, a), np.where(same, fb, fa)
        a, fa = x, fx
        best[open_] = np.where(np.abs(fa) < np.abs(fb), a, b)
        width = np.abs(b - a)
        tol = 4e-16 * np.maximum(np.abs(best[open_]), floor[rows])
        goes_on = (width > tol) & (fx != 0)
        xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
        quadratic = (phi**2 < xi) & ((1 - phi) ** 2 < 1 - xi)
        guess = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
        margin = np.minimum(0.5, 0.5 * tol / width)
        at = np.where(quadratic & np.isfinite(guess), np.clip(guess, margin, 1 - margin), 0.5)
        open_, rows, a, b, c, fa, fb, fc, at = (v[goes_on] for v in (open_, rows, a, b, c, fa, fb, fc, at))
    return best


def polish(f: Callable[..., Any], x: Any, args: list[Any], low: Any, high: Any) -> tuple[Any, Any, Any]:
    """Newton steps in pairs of doubles from x; root, absolute error, and whether f really vanishes there."""

    def at(points: Any, pick: Callable[[Any], Any] = lambda u: u) -> tuple[Any, Any]:
        # f at several points (K, P) of each parameter, in one call
        shape = points.shape
        out = f(pick(points).reshape(-1), *(pick(np.broadcast_to(a, shape).reshape(-1)) for a in args))
        pair = out if isinstance(out, tuple) else (out, 0)
        return np.broadcast_to(one * pair[0], (points.size,)).reshape(shape), np.broadcast_to(double(pair[1]), (points.size,)).reshape(
            shape
        )

    one, tiny = DoubleDouble(1.0), unit(x)
    from_low, from_high = np.abs(double(x - low)), np.abs(double(high - x))  # infinite for an infinite end
    size = np.minimum(from_low, from_high)
    size = np.where(np.isinf(size), np.abs(x.hi), size)
    reach = np.maximum(np.where(size == 0, 1, size) * tiny ** (1 / 3), 8 * tiny * np.abs(x.hi))
    sides = np.array([[1.0], [-1.0], [0.125], [-0.125]])
    for _ in range(2):
        ahead, behind, here = at(joined([x + reach * sides[:2], x.reshape(1, -1)]))[0]
        move = here / double(ahead - behind) * (2 * reach)  # the slope alone may be no double
        # a step that leaves the neighbourhood is no refinement of a bracketed root
        x = np.where(np.abs(move.hi) <= 1e-6 * np.maximum(np.abs(x.hi), size), x - move, x)
    # Rounding noise of f: its change from doubles to pairs, at the root and at neighbouring points.
    shares = np.array([[0.0], [1.0], [-0.53], [0.29], [-0.13], [0.017]])
    places = DoubleDouble((x + reach * shares).hi)
    fine, own = at(joined([x.reshape(1, -1), places, x + reach * sides]))
    here, around = np.abs(double(fine[0])), double(fine[-4:])
    noise = np.max(np.abs(double(at(places, double)[0] - fine[1:-4])), axis=0) * (tiny / unit(1.0))
    rise = double(fine[-4] - fine[-3]) / 2
    error = (here + noise + own[0]) / np.abs(rise) * reach
    # At a pole or jump f does not shrink towards the change of sign, at a root it does.
    shrinks = (np.abs(around[2:]) <= 0.9 * np.abs(around[:2])).all(0)
    return x, error, np.isfinite(error) & (rise < 0) & (here + noise <= np.abs(rise)) & shrinks
