"""Numeric form of a coordinate's law: atoms, and densities cut into panels that Gauss-Legendre nodes resolve.

Everything is kept for the centred prior of unit variance u = (a - mean)/sd; mean and variance stand beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.arrays import FloatArray
from regimes.theory.errors import DomainError
from regimes.theory.model import DataModel

if TYPE_CHECKING:
    from regimes.numerics.codegen.generate import Kernel

__all__ = ["ORDER", "Densities", "Prior", "RawPiece", "discrete_priors", "law_functions", "unit_priors"]


ORDER = 16
"""Nodes per panel that resolve a density."""
RESOLVED = 1e-17
"""Share of mass and variance that the nodes of a panel may miss, as the decay of its Legendre coefficients tells."""
NEGLIGIBLE = 1e-21
"""Share of mass and variance of a panel that is left out."""


@dataclass(frozen=True)
class RawPiece:
    """A share of a law with a density on (low, high), smooth between `breaks`; `density` integrates to one."""

    weight: float
    density: Callable[[FloatArray], FloatArray]
    low: float
    high: float
    breaks: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Densities:
    """The part of a unit prior that has a density.

    Attributes
    ----------
    pieces, mean, sd
        The raw pieces and the map a = mean + sd u.
    left, right, piece : (J,) array
        Panels in u, and the piece that each belongs to.
    low, high : (M,) array
        Ends of the pieces after negligible tails are cut.
    marks : ndarray
        Ends and breaks in u at which a density is not smooth.
    mass : float
        Of all pieces together.
    """

    pieces: tuple[RawPiece, ...]
    mean: float
    sd: float
    left: FloatArray
    right: FloatArray
    piece: NDArray[np.intp]
    low: FloatArray
    high: FloatArray
    marks: FloatArray
    mass: float

    def at(self, u: FloatArray, panel: NDArray[np.intp]) -> FloatArray:
        """Density of u (weights included), (Q, n), at nodes of the panels `panel` (Q,)."""
        np.clip(u, self.left[panel][:, None], self.right[panel][:, None], out=u)  # rounding may step over an end
        if len(self.pieces) == 1:
            return self._one(0, u)
        values, owner = np.empty_like(u), self.piece[panel]
        for k in range(len(self.pieces)):
            values[owner == k] = self._one(k, u[owner == k])
        return values

    def total(self, u: FloatArray) -> FloatArray:
        """Density of u, all pieces added; zero outside of their ends."""
        sums = np.zeros_like(u)
        for k, (low, high) in enumerate(zip(self.low, self.high, strict=True)):
            inside = (low <= u) & (u <= high)
            sums[inside] += self._one(k, u[inside])
        return sums

    def _one(self, k: int, u: FloatArray) -> FloatArray:
        piece, least = self.pieces[k], 1e-17 * self.sd
        a = self.mean + self.sd * u
        # rounding must not put a node on an end, where a density may be infinite
        low, high = max(piece.low + least, np.nextafter(piece.low, np.inf)), min(piece.high - least, np.nextafter(piece.high, -np.inf))
        np.clip(a, low, high, out=a)
        return np.asarray(piece.density(a) * (piece.weight * self.sd))


@dataclass(frozen=True, eq=False)
class Prior:
    """A coordinate's law.

    Attributes
    ----------
    mean, var : float
        Of the coordinate.
    weights, places : (K,) array
        Atoms of the unit prior.
    densities : Densities, optional
        The rest of it, if any.
    """

    mean: float
    var: float
    weights: FloatArray
    places: FloatArray
    densities: Densities | None

    @classmethod
    def of(cls, weights: Sequence[float], places: Sequence[float], pieces: Sequence[RawPiece] = (), name: str = "the prior") -> Prior:
        """The prior with these atoms and pieces.

        Raises
        ------
        DomainError
            The masses do not add up to one, or there is no finite variance.
        """
        w, b = np.asarray(weights, float), np.asarray(places, float)
        cut = [resolved(piece, name) for piece in pieces]
        mass = w.sum() + sum(c.moment(lambda a: np.ones_like(a)) for c in cut)
        if not abs(mass - 1) < 1e-9:
            raise DomainError(f"weights and densities of {name} add up to {mass:.12g}, not to 1")
        rough = float(w @ b + sum(c.moment(lambda a: a) for c in cut))
        mean = rough + float(w @ (b - rough) + sum(c.moment(lambda a: a - rough) for c in cut))
        var = float(w @ (b - mean) ** 2 + sum(c.moment(lambda a: (a - mean) ** 2) for c in cut))
        sd = float(np.sqrt(var))
        if not cut:
            return cls(mean, var, w, (b - mean) / sd if sd > 0 else 0 * b, None)
        left, right = (np.concatenate([(getattr(c, side) - mean) / sd for c in cut]) for side in ("left", "right"))
        densities = Densities(
            tuple(pieces),
            mean,
            sd,
            left,
            right,
            np.repeat(np.arange(len(cut)), [c.left.size for c in cut]),
            np.array([(c.left[0] - mean) / sd for c in cut]),
            np.array([(c.right[-1] - mean) / sd for c in cut]),
            np.array([(end - mean) / sd for p in pieces for end in (p.low, *p.breaks, p.high) if np.isfinite(end)]),
            float(mass - w.sum()),
        )
        return cls(mean, var, w, (b - mean) / sd, densities)


@dataclass(frozen=True)
class _Cut:
    """The panels of one piece, in order."""

    piece: RawPiece
    left: FloatArray
    right: FloatArray

    def moment(self, f: Callable[[FloatArray], FloatArray]) -> float:
        a, weights = legendre_nodes(self.left, self.right)
        return float(self.piece.weight * np.sum(weights * self.piece.density(a) * f(a)))


@cache
def legendre_rule() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Nodes and weights of ORDER points on [-1, 1], and the matrix that turns values there into Legendre coefficients."""
    nodes, weights = np.polynomial.legendre.leggauss(ORDER)
    transform = np.polynomial.legendre.legvander(nodes, ORDER - 1) * weights[:, None] * (np.arange(ORDER) + 0.5)
    return nodes, weights, transform


def legendre_nodes(left: FloatArray, right: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights (J, ORDER) of panels."""
    nodes, weights, _ = legendre_rule()
    half = (right - left)[:, None] / 2
    return (right + left)[:, None] / 2 + half * nodes, half * weights


def resolved(piece: RawPiece, name: str) -> _Cut:
    """Panels of a piece on which ORDER nodes resolve its density; negligible ones are left out.

    Panels are halved until their Legendre coefficients have decayed, then neighbours are merged as long as they stay so.
    """
    scale, centre = np.zeros(2), np.zeros(1)

    def examine(left: FloatArray, right: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
        # mass and second moment of each panel, and whether its nodes suffice
        a, weights = legendre_nodes(left, right)
        values = piece.density(a)
        if not np.all(np.isfinite(values)) or np.any(values < 0):
            raise DomainError(f"a density of {name} is negative or not finite inside ({piece.low:g}, {piece.high:g})")
        moments = np.stack([(weights * values).sum(1), (weights * values * (a - centre) ** 2).sum(1)])
        scale[:] = np.maximum(scale, moments.sum(1))
        coefficients = np.abs(values @ legendre_rule()[2])
        decay = coefficients[:, -2:].max(1) / np.maximum(coefficients.max(1), np.finfo(float).tiny)
        share = (moments / np.maximum(scale, np.finfo(float).tiny)[:, None]).max(0)
        narrow = right - left <= least_width(left, right)
        return share, (decay**2 * share <= RESOLVED) | narrow

    def least_width(left: FloatArray, right: FloatArray) -> FloatArray:
        spread = np.sqrt(scale[1] / max(scale[0], np.finfo(float).tiny))
        return np.asarray(1e-15 * np.maximum(np.maximum(np.abs(left), np.abs(right)), spread))

    left, right = first_panels(piece)
    a, weights = legendre_nodes(left, right)
    values = piece.density(a)
    with np.errstate(invalid="ignore", divide="ignore"):
        centre[:] = np.nan_to_num(np.sum(weights * values * a) / np.sum(weights * values))
    examine(left, right)
    while True:
        share, good = examine(left, right)
        if good.all():
            break
        if left.size > 4000:
            raise DomainError(f"a density of {name} varies too much for quadrature; name its breaks")
        middle = np.where(good, right, (left + right) / 2)
        left, right = np.stack([left, middle], 1).ravel(), np.stack([middle, right], 1).ravel()
        keep = right > left
        left, right = left[keep], right[keep]
    if (np.isinf(piece.high) and share[-1] > 1e-14) or (np.isinf(piece.low) and share[0] > 1e-14):
        raise DomainError(f"{name} has no finite variance: its density decays too slowly")
    pole = (right - left <= least_width(left, right)) & (share > 1e-12)
    if pole.any():
        raise DomainError(f"a density of {name} has a pole near {left[pole][0]:g} that is too strong for quadrature")
    kept = share > NEGLIGIBLE
    if not kept.any():
        raise DomainError(f"a density of {name} vanishes everywhere on ({piece.low:g}, {piece.high:g})")
    left, right = left[kept], right[kept]
    breaks = set(piece.breaks)
    merged = [(left[0], right[0])]
    for start, stop in zip(left[1:], right[1:], strict=True):
        begin, end = merged[-1]
        joined = end == start and end not in breaks and examine(np.array([begin]), np.array([stop]))[1][0]
        merged[-1:] = [(begin, stop)] if joined else [(begin, end), (start, stop)]
    return _Cut(piece, np.array([p[0] for p in merged]), np.array([p[1] for p in merged]))


def first_panels(piece: RawPiece) -> tuple[FloatArray, FloatArray]:
    """Panels between the breaks, in powers of four towards an infinite end."""
    powers = np.concatenate([[0.0], 4.0 ** np.arange(-20, 31)])
    inner = list(piece.breaks)
    if np.isinf(piece.low) and np.isinf(piece.high) and not inner:
        inner = [0.0]
    low = piece.low if np.isfinite(piece.low) else (inner[0] if inner else piece.high)
    high = piece.high if np.isfinite(piece.high) else (inner[-1] if inner else piece.low)
    corners = sorted({low, *inner, high})
    edges = [np.linspace(start, stop, 17) for start, stop in pairwise(corners)]
    edges += [] if np.isfinite(piece.low) else [low - powers[::-1]]
    edges += [] if np.isfinite(piece.high) else [high + powers]
    line = np.unique(np.concatenate(edges))
    return line[:-1], line[1:]


def discrete_priors(weights: FloatArray, places: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Variances (N,) and places of the unit priors (N, K) of N laws with atoms; weights and places are (N, K)."""
    centred = places - (weights * places).sum(1, keepdims=True)
    var = (weights * centred**2).sum(1)
    return var, centred / np.sqrt(np.where(var > 0, var, 1))[:, None]


def law_functions(model: DataModel) -> dict[str, Callable[..., Any]]:
    """Generated functions of a product law: weight_k, place_k, and for pieces share_k, low_k, high_k, break_k_j, density_k.

    All take the model's parameters; a density takes the coordinate before them. The scale sigma of a shipped prior is set to one.
    For shipped models they come from the user's cache, without SymPy; for others they are made once per process.
    """
    from regimes.numerics.codegen.cache import cached_kernel

    if model.shipped:
        kernel = cached_kernel((model.name, "law", "numpy"), lambda: _law_kernel(model))
    else:
        kernel = _fresh_kernel(model)
    space = vars(kernel.namespace())
    return {name: space[name] for name in kernel.doc.split()}


@cache
def _fresh_kernel(model: DataModel) -> Kernel:
    return _law_kernel(model)


def _law_kernel(model: DataModel) -> Kernel:
    import sympy as sp

    from regimes.numerics.codegen import generate as codegen
    from regimes.theory.conventions import a

    symbols = {p.name: p.symbol for p in model.params}
    unit = model.law(symbols | dict.fromkeys(_scale(model), 1))
    law: Any = unit.map(lambda entry: sp.sympify(entry, strict=True))
    formulas: dict[str, Any] = {}
    for k, atom in enumerate(law.atoms):
        formulas |= {f"weight_{k}": atom.weight, f"place_{k}": atom.place}
    for k, piece in enumerate(law.pieces):
        formulas |= {f"share_{k}": piece.weight, f"low_{k}": piece.low, f"high_{k}": piece.high, f"density_{k}": piece.density}
        formulas |= {f"break_{k}_{j}": place for j, place in enumerate(piece.breaks)}
    own = [p.symbol for p in model.params if p.name not in _scale(model)]
    # numbers of a law are meant as they are: a float is the binary fraction that it holds
    formulas = {n: f.xreplace({number: sp.Rational(number) for number in f.atoms(sp.Float)}) for n, f in formulas.items()}
    kernels = [codegen.generate(n, ([a] if n.startswith("density") else []) + own, f, target="numpy") for n, f in formulas.items()]
    return replace(kernels[0], source=codegen.module(kernels), doc=" ".join(formulas))


def _scale(model: DataModel) -> tuple[str, ...]:
    """Name of the parameter that only scales the coordinates, if the model says so."""
    return (model.stretch.name,) if model.stretch else ()


def unit_priors(
    model: DataModel, values: Mapping[str, FloatArray]
) -> tuple[NDArray[np.intp], FloatArray, FloatArray, FloatArray, list[Prior]]:
    """The distinct priors of a model at P parameter points.

    Returns
    -------
    which
        (P,) index of the prior of each point.
    var
        (P,) variance of a coordinate.
    weights, places
        (N, K) atoms of the N unit priors.
    priors
        The N priors if they have densities; empty if they are discrete.
    """
    functions = law_functions(model)
    scale = _scale(model)
    names = [p.name for p in model.params if p.name not in scale]
    count = len(next(iter(values.values()))) if values else 1
    columns = np.stack([np.asarray(values[n], float) for n in names], 1) if names else np.zeros((count, 0))
    if names:
        distinct, which = np.unique(columns, axis=0, return_inverse=True)
    else:
        distinct, which = columns[:1], np.zeros(count, np.intp)
    which = which.reshape(-1)
    size = values[scale[0]] ** 2 if scale else np.ones(count)
    atoms = sum(n.startswith("weight") for n in functions)
    if not any(n.startswith("density") for n in functions):
        given = [distinct[:, k] for k in range(distinct.shape[1])]
        weights, places = (
            np.stack([np.broadcast_to(functions[f"{n}_{k}"](*given), len(distinct)) for k in range(atoms)], 1) for n in ("weight", "place")
        )
        var, places = discrete_priors(weights, places)
        return which, var[which] * size, weights, places, []
    priors = [_continuous(model, tuple(row)) for row in distinct.tolist()]
    weights, places = np.stack([p.weights for p in priors]), np.stack([p.places for p in priors])
    return which, np.array([p.var for p in priors])[which] * size, weights, places, priors


@lru_cache(maxsize=256)
def _continuous(model: DataModel, values: tuple[float, ...]) -> Prior:
    functions = law_functions(model)
    atoms, pieces = (sum(n.startswith(kind) for n in functions) for kind in ("weight", "density"))

    def number(name: str) -> float:
        return float(functions[name](*values))

    def piece(k: int) -> RawPiece:
        density = functions[f"density_{k}"]
        breaks = tuple(sorted(number(n) for n in functions if n.startswith(f"break_{k}_")))
        return RawPiece(number(f"share_{k}"), lambda a: density(a, *values), number(f"low_{k}"), number(f"high_{k}"), breaks)

    return Prior.of(
        [number(f"weight_{k}") for k in range(atoms)],
        [number(f"place_{k}") for k in range(atoms)],
        [piece(k) for k in range(pieces)],
        model.name,
    )
