"""Averages over the output of the scalar channel: panels laid out around the marks of the prior, halved where two rules disagree.

Notation: s = sqrt(gamma); x = s*anchor + xi with the nearest mark of the prior as anchor (scalar_posterior).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.arrays import FloatArray
from regimes.numerics.laws.product.posterior import Laws, Outputs

__all__ = ["Panels", "average", "data_panels", "output_panels"]

IndexArray = NDArray[np.intp]

WINDOW = 9.6
"""Noise beyond this is left out: a share of 1e-21."""
STEP = 1.6
"""Width of the panels within that distance of a mark."""
FAR = 38.0
"""Beyond this distance of every atom the output has no density in float64."""
TOLERANCE = 2e-14
"""Error wanted, relative to the average of the modulus."""
MOST_PANELS = 2000
"""Cap on panels per owner."""

# Gauss-Kronrod rule of 10 and 21 nodes (QUADPACK, qk21): nodes from 1 to 0, their weights; every other one belongs to the Gauss rule.
_HALF = (
    (0.995657163025808080735527280689003, 0.011694638867371874278064396062192),
    (0.973906528517171720077964012084452, 0.032558162307964727478818972459390),
    (0.930157491355708226001207180059508, 0.054755896574351996031381300244580),
    (0.865063366688984510732096688423493, 0.075039674810919952767043140916190),
    (0.780817726586416897063717578345042, 0.093125454583697605535065465083366),
    (0.679409568299024406234327365114874, 0.109387158802297641899210590325805),
    (0.562757134668604683339000099272694, 0.123491976262065851077958109585166),
    (0.433395394129247190799265943165784, 0.134709217311473325928054001771707),
    (0.294392862701460198131126603103866, 0.142775938577060080797094273138717),
    (0.148874338981631210884826001129720, 0.147739104901338491374841515972068),
)
NODES = np.array([-n for n, _ in _HALF] + [0.0] + [n for n, _ in _HALF[::-1]])
KRONROD = np.array([w for _, w in _HALF] + [0.149445554002916905664936468389821] + [w for _, w in _HALF[::-1]])
GAUSS = np.polynomial.legendre.leggauss(10)[1]
FINE, COARSE = 16, 12
"""Nodes per panel of the inner integral; the second one measures the error of the first."""


class Panels(NamedTuple):
    """Intervals (left, right) of xi with their anchors and owners, all (B,)."""

    owner: IndexArray
    anchor: FloatArray
    left: FloatArray
    right: FloatArray

    def select(self, index: IndexArray | NDArray[np.bool_]) -> Panels:
        """Some of them."""
        return Panels(self.owner[index], self.anchor[index], self.left[index], self.right[index])

    def outputs(self, s: FloatArray, nodes: FloatArray) -> Outputs:
        """Those nodes of every panel, flattened."""
        xi = (self.left + self.right)[:, None] / 2 + (self.right - self.left)[:, None] / 2 * nodes
        owner = np.repeat(self.owner, nodes.size)
        return Outputs(owner, s[owner], np.repeat(self.anchor, nodes.size), xi.ravel())


def output_panels(laws: Laws, s: FloatArray) -> Panels:
    """Panels that cover the output of the channel."""
    return _panels(laws, s, wide=True)


def data_panels(laws: Laws, s: FloatArray) -> Panels:
    """Panels that cover s a for the part of the prior with a density."""
    densities = laws.densities
    assert densities is not None
    panels = _panels(laws, s, wide=False)
    middle = panels.anchor + (panels.left + panels.right) / 2 / s[panels.owner]
    inside = (densities.low <= middle[:, None]) & (middle[:, None] <= densities.high)
    return panels.select(np.any(inside, axis=1))


def _marks(laws: Laws, s: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Places around which the output's density may vary on the scale of the noise, (N, M) ascending; ends of the prior (N,)."""
    atoms = np.sort(laws.places, 1)
    low, high = atoms.min(1, initial=np.inf), atoms.max(1, initial=-np.inf)
    if laws.densities is not None:
        given = laws.densities.marks if laws.densities.marks.size + laws.places.shape[1] else np.zeros(1)
        low, high = np.minimum(low, laws.densities.low.min()), np.maximum(high, laws.densities.high.max())
        return np.sort(np.concatenate([atoms, np.broadcast_to(given, (s.size, given.size))], 1), 1), low, high
    # between atoms the posterior turns from one to the other where both are as likely
    order = np.argsort(laws.places, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.take_along_axis(laws.weights, order, 1))
        gap = np.diff(atoms, axis=1)
        shift = (logs[:, :-1] - logs[:, 1:]) / (s[:, None] ** 2 * gap)
    shift = np.clip(np.nan_to_num(shift), -gap / 2, gap / 2)
    return np.sort(np.concatenate([atoms, (atoms[:, :-1] + atoms[:, 1:]) / 2 + shift], 1), 1), low, high


def _panels(laws: Laws, s: FloatArray, wide: bool) -> Panels:
    """Panels of width STEP around every mark, wider ones farther out, and those of the prior (with `wide`, if they are not narrow)."""
    marks, low, high = _marks(laws, s)
    kept, last = [], np.full(s.size, -np.inf)
    for mark in marks.T:  # marks closer than the noise can tell are one
        keep = s * (mark - last) >= 0.5
        last = np.where(keep, mark, last)
        kept.append(keep)
    longest = float((s * (high - low)).max()) + WINDOW
    if laws.densities is None:
        longest = min(longest, FAR)
    growth = WINDOW * STEP ** np.arange(1, 2 + max(0, int(np.ceil(np.log(longest / WINDOW) / np.log(STEP)))))
    template = np.concatenate([np.arange(0, WINDOW + STEP / 2, STEP), growth])
    template = np.concatenate([-template[:0:-1], template])
    own = np.zeros(0)
    if laws.densities is not None:
        own = np.unique(np.concatenate([laws.densities.left, laws.densities.right]))
    clear = np.full((s.size, own.size), True)
    if wide and own.size:
        gaps = np.diff(own, prepend=-np.inf, append=np.inf)
        clear = s[:, None] * np.minimum(gaps[:-1], gaps[1:]) >= 1
    pieces = []
    for j, (mark, keep) in enumerate(zip(marks.T, kept, strict=True)):
        here = np.flatnonzero(keep)
        at, size = mark[here], s[here]
        before, after = np.full(here.size, -np.inf), np.full(here.size, np.inf)
        for other, ok in zip(marks.T[:j], kept[:j], strict=True):
            before = np.where(ok[here], other[here], before)
        for other, ok in zip(marks.T[:j:-1], kept[:j:-1], strict=True):
            after = np.where(ok[here], other[here], after)
        left = np.where(np.isinf(before), size * (at - low[here]) + WINDOW, size * (at - before) / 2)
        right = np.where(np.isinf(after), size * (high[here] - at) + WINDOW, size * (after - at) / 2)
        if laws.densities is None:
            left, right = np.minimum(left, FAR), np.minimum(right, FAR)
        edges = np.where(clear[here], size[:, None] * (own - at[:, None]), 0)
        edges = np.concatenate([edges, np.broadcast_to(template, (here.size, template.size))], 1)
        edges = np.concatenate([np.clip(edges, -left[:, None], right[:, None]), -left[:, None], right[:, None]], 1)
        edges.sort(1)
        row, column = np.nonzero(edges[:, 1:] > edges[:, :-1])
        pieces.append(Panels(here[row], at[row], edges[row, column], edges[row, column + 1]))
    return Panels(*(np.concatenate(columns) for columns in zip(*pieces, strict=True)))


def average(
    f: Callable[[Outputs, int], FloatArray], panels: Panels, s: FloatArray, components: int, nodes: int, *, inner: bool
) -> tuple[FloatArray, FloatArray]:
    """Integral over xi of f, and its error, both (C, N).

    Parameters
    ----------
    f : callable
        From outputs (R,) and the number of nodes per inner panel to values (C, R).
    panels : Panels
        Where to integrate, of N owners.
    s : (N,) array
        Root of the signal-to-noise ratio.
    components : int
        C.
    nodes : int
        Nodes of the inner integral per output, roughly: it limits how many outputs are taken at once.
    inner : bool
        Whether f depends on the number of inner nodes.

    The error is what two rules differ by, summed over panels, that of the inner integral, and rounding.
    """
    count, eps = s.size, np.finfo(np.float64).eps
    value, error, size = (np.zeros((components, count)) for _ in range(3))
    spent = np.zeros(count, np.intp)
    block = max(1, 2**18 // (NODES.size * nodes))
    while panels.owner.size:
        parts = []
        for start in range(0, panels.owner.size, block):
            some = panels.select(np.arange(start, min(start + block, panels.owner.size)))
            half = (some.right - some.left) / 2
            fine = f(some.outputs(s, NODES), FINE).reshape(components, half.size, NODES.size)
            gauss = fine[..., 1::2] @ GAUSS
            deep = np.zeros_like(gauss)
            if inner:
                again = f(some.outputs(s, NODES[1::2]), COARSE).reshape(components, half.size, GAUSS.size)
                deep = np.abs(again @ GAUSS - gauss)
            kronrod = fine @ KRONROD
            parts.append(np.stack([kronrod, np.abs(fine) @ KRONROD, np.abs(kronrod - gauss), deep]) * half)
        high, modulus, gap, deep = np.concatenate(parts, -1)
        spent += np.bincount(panels.owner, minlength=count)
        scale = size + _sums(modulus, panels.owner, count)
        split = (gap > TOLERANCE / 8 * scale[:, panels.owner] + 16 * eps * modulus).any(0)
        middle = (panels.left + panels.right) / 2
        split &= (spent[panels.owner] < MOST_PANELS) & (panels.left < middle) & (middle < panels.right)
        done = ~split
        value += _sums(high[:, done], panels.owner[done], count)
        error += _sums((gap + deep)[:, done], panels.owner[done], count)
        size += _sums(modulus[:, done], panels.owner[done], count)
        rest, middle = panels.select(split), middle[split]
        panels = Panels(
            np.repeat(rest.owner, 2),
            np.repeat(rest.anchor, 2),
            np.stack([rest.left, middle], 1).ravel(),
            np.stack([middle, rest.right], 1).ravel(),
        )
    return value, error + 8 * eps * size


def _sums(columns: FloatArray, owner: IndexArray, count: int) -> FloatArray:
    """Sums over the owners, (C, count)."""
    return np.stack([np.bincount(owner, column, count) for column in columns])
