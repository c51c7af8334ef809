"""Averages over a standard normal variable, batched over parameters, with a measured error.

Generated modules hold these functions as the same source text, so each uses NumPy and its siblings only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

__all__ = ["line_integral", "normal_average"]


def normal_average(
    f: Callable[..., Any], *params: Any, features: Sequence[tuple[Any, Any]] = (), tol: float | None = None, max_nodes: int = 20_000
) -> tuple[Any, Any]:
    """`E f(z, *params)` for z ~ N(0, 1), by fixed nodes: trapezoid, and Gauss-Legendre panels where that has not converged.

    Parameters
    ----------
    f : takes z of shape (N,) and parameters of shape (P, 1); returns values (P, N), or a pair (values, their errors).
    params : arrays that broadcast together.
    features : pairs (slope, shift), broadcasting with params: f may vary where `slope*z + shift` is of order one, narrowly
        if the slope is large. A narrow feature that is not named here may fall between all nodes and then goes unseen.
    tol : error wanted relative to E|f|; four units of rounding by default.
    max_nodes : cap on evaluations of f per parameter.

    Returns
    -------
    value, error : arrays of the broadcast shape. The error is the last observed change plus rounding, not the wish.
    """
    return weighted_integral(normal_density, f, params, features, tol, max_nodes)


def normal_density(z: Any) -> Any:
    """exp(-z^2/2)/sqrt(2 pi)."""
    return np.exp(-z * z / 2) / np.sqrt(8 * np.arctan(z.dtype.type(1)))


def line_integral(
    f: Callable[..., Any], *params: Any, features: Sequence[tuple[Any, Any]] = (), tol: float | None = None, max_nodes: int = 20_000
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
    return weighted_integral(np.cosh, lambda s, *values: f(np.sinh(s), *values), params, mapped, tol, max_nodes)


def weighted_integral(
    density: Callable[[Any], Any],
    f: Callable[..., Any],
    params: Sequence[Any],
    features: Sequence[tuple[Any, Any]],
    tol: float | None,
    max_nodes: int,
) -> tuple[Any, Any]:
    """Integral of density(z) f(z, *params) over |z| < 38; the rest as for `normal_average`."""
    arrays = [np.asarray(p) for p in params]
    places = [np.asarray(p) for pair in features for p in pair]
    dtype = np.result_type(np.float64, *arrays)
    shape = np.broadcast_shapes(*(a.shape for a in arrays + places))
    flat = [np.broadcast_to(a, shape).reshape(-1, 1).astype(dtype) for a in arrays]
    spots = [np.broadcast_to(a, shape).reshape(-1).astype(dtype) for a in places]
    eps = np.finfo(dtype).eps
    wish = 4 * eps if tol is None else tol
    count = int(np.prod(shape))
    value, error = np.full(count, np.nan, dtype), np.full(count, np.inf, dtype)

    def weighted(z: Any, rows: Any) -> tuple[Any, Any]:
        # f times the density at nodes z, (N,) or (P, N), for the parameters of those rows
        out = f(z, *(a[rows] for a in flat))
        values, errors = out if isinstance(out, tuple) else (out, 0)
        weight = density(z)
        wide = (len(rows), np.shape(z)[-1])
        with np.errstate(invalid="ignore", over="ignore"):
            return np.broadcast_to(values * weight, wide), np.broadcast_to(errors * weight, wide)

    narrow = np.zeros(count, bool)
    with np.errstate(divide="ignore", invalid="ignore"):  # no slope: no feature, its centre is inf or nan
        marks = [(-b / a, 1 / np.abs(a)) for a, b in zip(spots[::2], spots[1::2], strict=True)]
    for centre, width in marks:
        narrow |= (width < 0.3) & (np.abs(centre) < 40)
    block = max(1, 2**17 // 257)
    for start in range(0, count, block):
        rows = np.arange(start, min(start + block, count))
        rows = rows[~narrow[rows]]
        if rows.size:
            value[rows], error[rows] = trapezoid(weighted, rows, dtype, wish)
    block = max(1, 2**17 // 2000)
    missed = np.flatnonzero(~(error <= 2 * wish * np.maximum(np.abs(value), eps)))
    for start in range(0, missed.size, block):
        rows = missed[start : start + block]
        again, off = panels(weighted, rows, dtype, wish, max_nodes, [(c[rows], w[rows]) for c, w in marks])
        better = ~(off >= error[rows])
        value[rows], error[rows] = np.where(better, again, value[rows]), np.where(better, off, error[rows])
    error = np.where(np.isnan(error), np.inf, error)
    return value.reshape(shape), error.reshape(shape)


def trapezoid(weighted: Callable[..., Any], rows: Any, dtype: Any, tol: float) -> tuple[Any, Any]:
    """Trapezoid rule on [-10, 10], nodes doubled from 33 to 257 until the sum over each row changes by no more than tol."""
    window, eps = 10, np.finfo(dtype).eps
    value, error = np.full(rows.size, np.nan, dtype), np.full(rows.size, np.inf, dtype)
    open_, total = np.arange(rows.size), np.zeros((3, rows.size), dtype)
    for level in (32, 64, 128, 256):
        step = dtype.type(2 * window) / level
        k = np.arange(0, level + 1) if level == 32 else np.arange(1, level, 2)
        y, e = weighted(k * step - window, rows[open_])
        total[:, open_] += np.stack([y.sum(-1), np.abs(y).sum(-1), e.sum(-1)])
        now, size, inner = total[:, open_] * step
        if level == 32:
            edge = (np.abs(y[:, 0]) + np.abs(y[:, -1])) * dtype.type(window)  # what the tails may hold
        change = np.abs(now - value[open_])
        value[open_], error[open_] = now, change + inner + edge[open_] + 4 * eps * size
        done = change <= tol * size
        open_ = open_[~done]
        if not open_.size:
            break
    return value, error


def panels(
    weighted: Callable[..., Any], rows: Any, dtype: Any, tol: float, max_nodes: int, features: Sequence[tuple[Any, Any]]
) -> tuple[Any, Any]:
    """Gauss-Legendre panels graded geometrically towards each feature, halved where a rule of 12 and one of 20 nodes disagree."""
    window, eps = dtype.type(38), np.finfo(dtype).eps
    marks = [np.full(rows.size, x, dtype) for x in (-38, -20, -10, -6, -3, -1.5, 0, 1.5, 3, 6, 10, 20, 38)]
    for centre, width in features:
        narrow = np.maximum(np.where(np.isfinite(width), width, 1), 1e-18)
        levels = int(np.ceil(np.log(2 / narrow.min()) / np.log(3.0))) if narrow.min() < 2 else 0
        offsets = [np.minimum(narrow * 2 * dtype.type(3) ** j, 4) for j in range(levels)]
        spot = np.where(np.isfinite(centre), centre, 0)
        marks += [np.clip(spot + o, -window, window) for o in [0 * spot, *offsets, *(-o for o in offsets)]]
    edges = np.sort(np.stack(marks, -1), -1)
    owner = np.repeat(np.arange(rows.size), edges.shape[1] - 1)
    left, right = edges[:, :-1].ravel(), edges[:, 1:].ravel()
    keep = right > left
    owner, left, right = owner[keep], left[keep], right[keep]
    coarse, fine = legendre(12, dtype), legendre(20, dtype)
    apart = fine[0][:, None] - fine[0] + np.eye(20, dtype=dtype)
    ahead = np.prod(np.where(np.eye(20, dtype=bool), 1, (1 - fine[0]) / apart), -1)  # extrapolates from the nodes to the right end
    margin = 1 - fine[0].max()
    value, error, size = (np.zeros(rows.size, dtype) for _ in range(3))
    spent = np.zeros(rows.size, int)
    scale = np.zeros(rows.size, dtype)
    while owner.size:
        parts = []
        for start in range(0, owner.size, 4096):
            cut = slice(start, start + 4096)
            half, mid = (right[cut] - left[cut])[:, None] / 2, (right[cut] + left[cut])[:, None] / 2
            low = (weighted(mid + half * coarse[0], rows[owner[cut]])[0] * coarse[1]).sum(-1) * half[:, 0]
            y, e = weighted(mid + half * fine[0], rows[owner[cut]])
            # a jump between the last node and the end shows in the value at the end only
            ends = weighted(mid + half * np.array([-1, 1], dtype), rows[owner[cut]])[0]
            unseen = (np.abs(ends - np.stack([y @ ahead[::-1], y @ ahead], -1)).sum(-1)) * margin * half[:, 0]
            high = (y * fine[1]).sum(-1) * half[:, 0]
            parts.append(
                np.stack(
                    [high, (np.abs(y) * fine[1]).sum(-1) * half[:, 0], (e * fine[1]).sum(-1) * half[:, 0], np.abs(high - low) + unseen]
                )
            )
        high, modulus, inner, gap = np.concatenate(parts, -1)
        spent += np.bincount(owner, minlength=rows.size) * (coarse[0].size + fine[0].size + 2)
        estimate = size.copy()
        np.add.at(estimate, owner, modulus)
        scale = np.maximum(scale, np.where(np.isfinite(estimate), estimate, 0))
        centre = (left + right) / 2
        split = (
            ~(gap <= tol * np.maximum(scale[owner], 0) / 8 + eps * modulus)
            & (spent[owner] < max_nodes)
            & (left < centre)
            & (centre < right)
        )
        for total, part in ((value, high), (error, gap + inner), (size, modulus)):
            np.add.at(total, owner[~split], part[~split])
        owner = np.repeat(owner[split], 2)
        left, right = (np.stack(pair, -1).ravel() for pair in ((left[split], centre[split]), (centre[split], right[split])))
    return value, error + 4 * eps * size


def legendre(order: int, dtype: Any) -> tuple[Any, Any]:
    """Gauss-Legendre nodes and weights on [-1, 1] in the precision of dtype (Newton's method from those in float64)."""
    x = np.polynomial.legendre.leggauss(order)[0].astype(dtype)
    for _ in range(3):
        before, now = np.ones_like(x), x
        for k in range(2, order + 1):
            before, now = now, ((2 * k - 1) * x * now - (k - 1) * before) / k
        slope = order * (x * now - before) / (x * x - 1)
        x = x - now / slope
    return x, 2 / ((1 - x * x) * slope**2)
