"""Averages over a standard normal variable, batched over parameters, with a measured error.

Generated modules hold these functions as the same source text, so each uses NumPy and its siblings only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from regimes.numerics.runtime.double_double import DoubleDouble, broadcast_to, double, numbers, pi_of, unit, where

__all__ = ["line_integral", "normal_average"]


def normal_average(
    f: Callable[..., Any], *params: Any, features: Sequence[tuple[Any, Any]] = (), units: float = 4, max_nodes: int = 20_000
) -> tuple[Any, Any]:
    """`E f(z, *params)` for z ~ N(0, 1), by fixed nodes: trapezoid, and Gauss-Legendre panels where that has not converged.

    Parameters
    ----------
    f : callable
        Takes z of shape (N,) and parameters of shape (P, 1); returns values (P, N), or a pair (values, their errors).
    params : Any
        Arrays that broadcast together.
    features : sequence
        Pairs (slope, shift), broadcasting with params: f may vary where `slope*z + shift` is of order one, narrowly
        if the slope is large. A narrow feature that is not named here may fall between all nodes and then goes unseen.
    units : float
        Error wanted relative to E|f|, in units of rounding of the parameters' numbers.
    max_nodes : int
        Cap on evaluations of f per parameter.

    Returns
    -------
    value, error
        Arrays of the broadcast shape. The error is the last observed change plus rounding, not the wish.
    """
    return weighted_integral(normal_density, f, params, features, units, max_nodes)


def normal_density(z: Any) -> Any:
    """exp(-z^2/2)/sqrt(2 pi)."""
    return np.exp(-z * z / 2) / np.sqrt(2 * pi_of(z))


def line_integral(
    f: Callable[..., Any], *params: Any, features: Sequence[tuple[Any, Any]] = (), units: float = 4, max_nodes: int = 20_000
) -> tuple[Any, Any]:
    """Integral of `f(z, *params)` over the real line for an f that decays; arguments and result as for `normal_average`.

    The line is mapped by z = sinh(s), and the features of f with it, so that slow decay costs few nodes.
    """
    mapped = []
    for slope, shift in features:
        with np.errstate(divide="ignore", invalid="ignore"):
            spot = np.arcsinh(-np.asarray(shift) / slope)
            steep = slope * np.cosh(spot)
        mapped.append((steep, -steep * spot))
    return weighted_integral(np.cosh, lambda s, *values: f(np.sinh(s), *values), params, mapped, units, max_nodes)


def weighted_integral(
    density: Callable[[Any], Any],
    f: Callable[..., Any],
    params: Sequence[Any],
    features: Sequence[tuple[Any, Any]],
    units: float,
    max_nodes: int,
) -> tuple[Any, Any]:
    """Integral of density(z) f(z, *params) over |z| < 38; the rest as for `normal_average`."""
    arrays = [numbers(p) for p in params]
    places = [double(p) for pair in features for p in pair]
    shape = np.broadcast_shapes(*(a.shape for a in arrays + places))
    flat = [broadcast_to(a if isinstance(a, DoubleDouble) else double(a), shape).reshape(-1, 1) for a in arrays]
    spots = [np.broadcast_to(a, shape).reshape(-1) for a in places]
    one: Any = DoubleDouble(1.0) if any(isinstance(a, DoubleDouble) for a in flat) else np.float64(1)
    if not flat:  # the numbers of constants in f
        out = f(np.zeros(1))
        one = DoubleDouble(1.0) if isinstance(out[0] if isinstance(out, tuple) else out, DoubleDouble) else one
    wish = units * unit(one)
    count = int(np.prod(shape))
    value, error = DoubleDouble(np.full(count, np.nan)), np.full(count, np.inf)

    def weighted(z: Any, rows: Any) -> tuple[Any, Any]:
        # f times the density at nodes z, (N,) or (P, N), for the parameters of those rows, in the numbers that z is made of
        number = numbers if isinstance(z, DoubleDouble) else double
        out = f(z, *(number(a[rows]) for a in flat))
        values, errors = out if isinstance(out, tuple) else (out, 0)
        weight = density(z)
        wide = (len(rows), z.shape[-1])
        with np.errstate(invalid="ignore", over="ignore"):
            return np.broadcast_to(number(values) * weight, wide), np.broadcast_to(double(errors) * double(weight), wide)

    narrow = np.zeros(count, bool)
    with np.errstate(divide="ignore", invalid="ignore"):  # no slope: no feature, its centre is inf or nan
        marks = [(-b / a, 1 / np.abs(a)) for a, b in zip(spots[::2], spots[1::2], strict=True)]
    for centre, width in marks:
        narrow |= (width < 0.3) & (np.abs(centre) < 40)
    block = (2**15 if isinstance(one, DoubleDouble) else 2**17) // 257  # numbers that caches hold
    for start in range(0, count, block):
        rows = np.arange(start, min(start + block, count))
        rows = rows[~narrow[rows]]
        if rows.size:
            value[rows], error[rows] = trapezoid(weighted, rows, one, wish)
    block = 2**17 // 2000
    missed = np.flatnonzero(~(error <= 2 * wish * np.maximum(np.abs(value.hi), unit(one))))
    for start in range(0, missed.size, block):
        rows = missed[start : start + block]
        again, off = panels(weighted, rows, one, wish, max_nodes, [(c[rows], w[rows]) for c, w in marks])
        better = ~(off >= error[rows])
        value[rows], error[rows] = where(better, again, value[rows]), np.where(better, off, error[rows])
    error = np.where(np.isnan(error), np.inf, error)
    return (value if isinstance(one, DoubleDouble) else value.hi).reshape(shape), error.reshape(shape)


def trapezoid(weighted: Callable[..., Any], rows: Any, one: Any, tol: float) -> tuple[Any, Any]:
    """Trapezoid rule on [-10, 10], nodes doubled from 33 to 257 until the sum over each row changes by no more than tol."""
    window, eps = 10, unit(one)
    value, error = DoubleDouble(np.full(rows.size, np.nan)), np.full(rows.size, np.inf)
    open_, total, edge = np.arange(rows.size), DoubleDouble(np.zeros(rows.size)), np.zeros(rows.size)
    moduli = np.zeros((2, rows.size))
    for count in (32, 64, 128, 256):
        step = 2 * window / count  # a fraction of few bits: nodes are exact
        k = np.arange(0, count + 1) if count == 32 else np.arange(1, count, 2)
        y, e = weighted(one * (k * step - window), rows[open_])
        rough = np.abs(double(y))
        total[open_] = total[open_] + y.sum(-1)
        moduli[:, open_] += np.stack([rough.sum(-1), e.sum(-1)])
        now, (size, inner) = total[open_] * step, moduli[:, open_] * step
        if count == 32:
            edge = (rough[:, 0] + rough[:, -1]) * window  # what the tails may hold
        change = np.abs((now - value[open_]).hi)
        value[open_], error[open_] = now, change + inner + edge[open_] + 4 * eps * size
        open_ = open_[~(change <= tol * size)]
        if not open_.size:
            break
    return value, error


def panels(
    weighted: Callable[..., Any], rows: Any, one: Any, tol: float, max_nodes: int, features: Sequence[tuple[Any, Any]]
) -> tuple[Any, Any]:
    """Gauss-Legendre panels graded geometrically towards each feature, halved where a rule of 12 and one of 20 nodes disagree."""
    window, eps = 38.0, unit(one)
    marks = [np.full(rows.size, x, np.float64) for x in (-38, -20, -10, -6, -3, -1.5, 0, 1.5, 3, 6, 10, 20, 38)]
    for centre, width in features:
        narrow = np.maximum(np.where(np.isfinite(width), width, 1), 1e-18)
        levels = int(np.ceil(np.log(2 / narrow.min()) / np.log(3.0))) if narrow.min() < 2 else 0
        offsets = [np.minimum(narrow * 2 * 3.0**j, 4) for j in range(levels)]
        spot = np.where(np.isfinite(centre), centre, 0)
        marks += [np.clip(spot + o, -window, window) for o in [0 * spot, *offsets, *(-o for o in offsets)]]
    edges = np.sort(np.stack(marks, -1), -1)
    owner = np.repeat(np.arange(rows.size), edges.shape[1] - 1)
    left, right = edges[:, :-1].ravel(), edges[:, 1:].ravel()
    keep = right > left
    owner, left, right = owner[keep], left[keep], right[keep]
    rules = [legendre(order, isinstance(one, DoubleDouble)) for order in (12, 20)]
    nodes, shares = map(double, rules[1])
    apart = nodes[:, None] - nodes + np.eye(20)
    ahead = np.prod(np.where(np.eye(20, dtype=bool), 1, (1 - nodes) / apart), -1)  # extrapolates from the nodes to the right end
    margin = 1 - nodes.max()

    def applied(rule: Any, own: Any, left: Any, right: Any, who: Any) -> tuple[Any, Any, Any]:
        # sums of a rule over panels, in numbers like `own`; values and errors at its nodes
        half, mid = ((own * right - left) / 2).reshape(-1, 1), ((own * right + left) / 2).reshape(-1, 1)
        y, e = weighted(mid + half * rule[0], who)
        return (y * rule[1]).sum(-1) * half[:, 0], y, e

    def screened(left: Any, right: Any, who: Any) -> Any:
        # in doubles: the sum, that of moduli and of errors, and the gap between the rules
        low = applied(tuple(map(double, rules[0])), np.float64(1), left, right, who)[0]
        high, y, e = applied((nodes, shares), np.float64(1), left, right, who)
        reach = (right - left) / 2
        # a jump between the last node and the end shows in the value at the end only
        guess, noise = (np.stack([u @ w[::-1], u @ w], -1) for u, w in ((y, ahead), (np.abs(y), np.abs(ahead))))
        jump = np.abs(weighted(np.stack([left, right], -1), who)[0] - guess)
        unseen = np.where(jump <= noise * 2.0**-50, 0, jump).sum(-1) * margin * reach
        return np.stack([high, (np.abs(y) * shares).sum(-1) * reach, (e * shares).sum(-1) * reach, np.abs(high - low) + unseen])

    value, error, size = DoubleDouble(np.zeros(rows.size)), np.zeros(rows.size), np.zeros(rows.size)
    spent, scale = np.zeros(rows.size, int), np.zeros(rows.size)
    while owner.size:
        cuts = [slice(start, start + 4096) for start in range(0, owner.size, 4096)]
        rough, modulus, inner, gap = np.concatenate([screened(left[c], right[c], rows[owner[c]]) for c in cuts], -1)
        high = DoubleDouble(rough)
        spent += np.bincount(owner, minlength=rows.size) * (12 + 20 + 2)
        estimate = size.copy()
        np.add.at(estimate, owner, modulus)
        scale = np.maximum(scale, np.where(np.isfinite(estimate), estimate, 0))
        wish = tol * np.maximum(scale[owner], 0) / 8
        if isinstance(one, DoubleDouble):
            # Where doubles do not suffice and the rules agree in them, pairs of doubles; where they do not agree, pairs would not.
            close = np.flatnonzero(~(np.maximum(gap, 2.0**-48 * modulus) <= wish) & (gap <= 2.0**-30 * modulus))
            for start in range(0, close.size, 512):
                at = close[start : start + 512]
                high[at], gap[at] = finer(applied, rules, one, (left[at], right[at], rows[owner[at]]), gap[at], modulus[at])
        centre = (left + right) / 2
        split = ~(gap <= wish + eps * modulus) & (spent[owner] < max_nodes) & (left < centre) & (centre < right)
        done = owner[~split]
        for total, part in ((error, gap + inner), (size, modulus)):
            np.add.at(total, done, part[~split])
        value = value + gathered(high[~split], done, rows.size)
        owner = np.repeat(owner[split], 2)
        left, right = (np.stack(pair, -1).ravel() for pair in ((left[split], centre[split]), (centre[split], right[split])))
    return value, error + 4 * eps * size


def finer(applied: Callable[..., Any], rules: Any, one: Any, panel: Any, gap: Any, modulus: Any) -> tuple[Any, Any]:
    """Sums over panels in pairs of doubles, and their errors, from the gap between both rules in doubles.

    The rule of 20 nodes converges with the power 5/3 of the rule of 12; 3/2 is claimed, once they agree to 2^-40. The rules are
    compared in pairs only where rounding of doubles may be what they differ by.
    """
    high = applied(rules[1], one, *panel)[0]
    noisy = np.flatnonzero(~(gap <= 2.0**-43 * modulus))
    gap = np.maximum(gap, 2.0**-43 * modulus)
    if noisy.size:
        low = applied(rules[0], one, *(part[noisy] for part in panel))[0]
        gap[noisy] = np.abs(double(high[noisy] - low))
    return high, np.where(gap <= 2.0**-40 * modulus, gap * np.sqrt(gap / np.where(modulus > 0, modulus, 1)), gap)


def gathered(terms: Any, owner: Any, count: int) -> Any:
    """Sum of the terms of each owner: heads cut at one place for all add up exactly, the rest apart."""
    place = np.zeros(count)
    np.maximum.at(place, owner, np.abs(terms.hi))
    place = np.ldexp(1.0, np.frexp(place * 2 * max(1, owner.size))[1])[owner]
    heads = (place + terms.hi) - place
    total, rest = np.zeros(count), np.zeros(count)
    np.add.at(total, owner, heads)
    np.add.at(rest, owner, (terms.hi - heads) + terms.lo)
    return DoubleDouble(total) + rest


@cache
def legendre(order: int, pairs: bool) -> tuple[Any, Any]:
    """Gauss-Legendre nodes and weights on [-1, 1], in pairs of doubles or in doubles (Newton's method from those in doubles)."""
    start = np.polynomial.legendre.leggauss(order)[0]
    x: Any = DoubleDouble(start) if pairs else start
    for _ in range(3):
        before, now = np.ones_like(x), x
        for k in range(2, order + 1):
            before, now = now, ((2 * k - 1) * x * now - (k - 1) * before) / k
        slope = order * (x * now - before) / (x * x - 1)
        x = x - now / slope
    return x, 2 / ((1 - x * x) * slope**2)
