"""Energy levels of centred Gaussian data with a covariance spectrum: averages over eigenvalues of the functions of one coordinate.

Those functions are the ones that the derivation of a single Gaussian computes, compiled; the average is a sum over atoms, and over curves
eigenvalue(u), u in (0, 1), the trapezoidal rule in log(u/(1-u)), which takes algebraic ends and any scale of the eigenvalues alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from regimes.numerics.arrays import EPS, FloatArray, Pair
from regimes.numerics.codegen.compiled import Compiled, compiled
from regimes.theory.errors import DomainError
from regimes.theory.laws import GaussianSpectrum
from regimes.theory.model import DataModel

_BLOCK = 2**20  # numbers in one block of (points, nodes)

Place = Callable[..., Any]


@dataclass(frozen=True)
class Part:
    """A part of the spectrum at P parameter points.

    Attributes
    ----------
    weight : ndarray
        (P,), or (P, M) for M atoms together.
    place : FloatArray or Place
        Eigenvalues of the atoms in the shape of `weight`; for a curve a function (u (N,), rows) -> eigenvalues (len(rows), N).
    density : callable, optional
        None for atoms; the curve's density, as `place`.
    """

    weight: FloatArray
    place: FloatArray | Place
    density: Place | None = None


class SpectrumLevels:
    """`EnergyLevels` of a Gaussian with a spectrum; see there."""

    def __init__(self, parts: tuple[Part, ...], count: int, rows: Any = None) -> None:
        self.parts, self.count = parts, count
        self.rows = np.arange(count) if rows is None else rows

    def select(self, index: Any) -> SpectrumLevels:
        return SpectrumLevels(self.parts, self.count, self.rows[index])

    def cumulant(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        return self._average("cumulant", gamma, lam)

    def reduced(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        return self._average("reduced", gamma, lam)

    def energy(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        return self._average("energy", gamma, lam)

    def fluctuation(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        return self._average("fluctuation", gamma, lam)

    def rate(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        return self._average("rate", gamma, lam)

    def information(self, gamma: FloatArray) -> Pair:
        return self._average("information", gamma)

    def mmse(self, gamma: FloatArray) -> Pair:
        return self._average("mmse", gamma)

    def dispersion(self, gamma: FloatArray) -> Pair:
        return self._average("dispersion", gamma)

    def onset(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        return self._average("onset", gamma, lam)

    def largest_information(self) -> FloatArray:
        return np.full(self.rows.size, np.inf)

    def _average(self, name: str, gamma: FloatArray, lam: FloatArray | None = None) -> Pair:
        one = _one_coordinate(name)
        tilts = () if lam is None else (np.asarray(lam, dtype=float)[:, None],)
        snr = np.asarray(gamma, dtype=float)[:, None]

        def f(variance: FloatArray, rows: Any) -> FloatArray:
            sd = np.sqrt(np.maximum(variance, 0))
            with np.errstate(all="ignore"):
                values = one(snr[rows], *(u[rows] for u in tilts), sd)
                # an eigenvalue of zero: the limit of a small one
                limit = one(snr[rows], *(u[rows] for u in tilts), np.full_like(sd, 1e-170))
            return np.asarray(np.where(sd > 0, values, limit))

        value, error, size = (np.zeros(self.rows.size) for _ in range(3))
        for part in self.parts:
            share = part.weight[self.rows]
            if part.density is None:
                assert isinstance(part.place, np.ndarray)
                mean, scale = self._over_atoms(f, share, part.place)
                value, size = value + mean, size + scale
            else:
                assert callable(part.place)
                mean, off, scale = self._along(f, part.place, part.density)
                value, size, error = value + share * mean, size + share * scale, error + share * off
        return Pair(value, error + 6 * EPS * (size + np.abs(value)))

    def _over_atoms(
        self, f: Callable[[FloatArray, Any], FloatArray], share: FloatArray, place: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Sum over atoms, and sum of moduli; (P,)."""
        share = share.reshape(self.rows.size, -1)
        mean, scale = np.zeros(self.rows.size), np.zeros(self.rows.size)
        for start in range(0, self.rows.size, max(1, _BLOCK // share.shape[1])):
            rows = np.arange(start, min(start + max(1, _BLOCK // share.shape[1]), self.rows.size))
            terms = share[rows] * f(place[self.rows[rows]].reshape(rows.size, -1), rows)
            mean[rows], scale[rows] = terms.sum(1), np.abs(terms).sum(1)
        return mean, scale

    def _along(self, f: Callable[[FloatArray, Any], FloatArray], place: Place, density: Place) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Average over u: mean, change under halving the step plus what the tails may hold, and mean modulus; each (P,)."""
        step, far = 0.25, 60.0
        count = self.rows.size
        mean, error, scale = (np.full(count, np.nan) for _ in range(3))
        open_ = np.arange(count)
        for _ in range(9):
            s = np.arange(-far, 48.0, step)
            u, slope = 1 / (1 + np.exp(-s)), 1 / (np.exp(s) + 2 + np.exp(-s))
            for start in range(0, open_.size, max(1, _BLOCK // s.size)):
                rows = open_[start : start + max(1, _BLOCK // s.size)]
                terms = f(place(u, self.rows[rows]), rows) * density(u, self.rows[rows]) * slope * step
                mean[rows] = terms.sum(1)
                scale[rows] = np.abs(terms).sum(1)
                ends = (np.abs(terms[:, 0]) + np.abs(terms[:, -1])) * 4 * far / step
                error[rows] = np.abs(2 * terms[:, ::2].sum(1) - mean[rows]) ** 1.5 / np.maximum(scale[rows], 1e-300) ** 0.5 + ends
            open_ = open_[~(error[open_] <= 1e-15 * scale[open_])]
            if not open_.size:
                break
            grow = error[open_].size and bool(np.any(ends > 1e-16 * scale[rows]))
            step, far = (step, 2 * far) if grow else (step / 2, far)
        return mean, error, scale


# -- building ----------------------------------------------------------------------------------------------------------------


def levels(model: DataModel, values: Mapping[str, FloatArray]) -> SpectrumLevels:
    """The levels of a model with a spectrum at P parameter points (every entry of `values` has length P)."""
    count = len(next(iter(values.values()))) if values else 1
    many = _many_atoms(model, values, count)
    if many is not None:
        return SpectrumLevels((many,), count)
    parts = []
    for kind, weight, place, density in _functions(model):
        given = {k: np.asarray(v, dtype=float) for k, v in values.items()}
        share = _call(weight, given, count)
        if np.any((share < 0) | (share > 1)):
            raise DomainError(f"{model.name}: a weight of the spectrum is not between 0 and 1")
        if kind == "atom":
            parts.append(Part(share, _call(place, given, count)))
        else:
            parts.append(Part(share, _along_u(place, given, count), _along_u(density, given, count)))
    return SpectrumLevels(tuple(parts), count)


_FEW = 16  # atoms that are compiled one by one


def _many_atoms(model: DataModel, values: Mapping[str, FloatArray], count: int) -> Part | None:
    """All atoms of a law that has many and no curves (a measured spectrum), read off once for every distinct parameter point."""
    names = [p.name for p in model.params]
    points = np.stack([np.asarray(values[name], dtype=float) for name in names], axis=1) if names else np.zeros((count, 0))
    distinct, member = np.unique(points, axis=0, return_inverse=True)
    first = model.law(dict(zip(names, map(float, distinct[0]), strict=True)))
    assert isinstance(first, GaussianSpectrum)
    if len(first.atoms) <= _FEW or first.curves:
        return None
    weight, place = np.empty((2, len(distinct), len(first.atoms)))
    for k, point in enumerate(distinct):
        law = model.law(dict(zip(names, map(float, point), strict=True)))
        assert isinstance(law, GaussianSpectrum)
        weight[k], place[k] = ([float(x) for x in column] for column in zip(*((a.weight, a.place) for a in law.atoms), strict=True))
    index = member.ravel()
    return Part(weight[index], place[index])


def _call(function: Compiled, values: Mapping[str, FloatArray], count: int) -> FloatArray:
    return np.broadcast_to(np.asarray(function(*(values[name] for name in function.args)), dtype=float), (count,)).copy()


def _along_u(function: Compiled, values: Mapping[str, FloatArray], count: int) -> Place:

    def at(u: FloatArray, rows: Any) -> FloatArray:
        given = [u[None] if name == "u" else values[name][rows][:, None] for name in function.args]
        return np.broadcast_to(np.asarray(function(*given), dtype=float), (len(rows), u.size))

    del count
    return at


def _functions(model: DataModel) -> list[tuple[str, Compiled, Compiled, Compiled]]:
    """For every atom and curve of the law its weight, place and density as compiled functions of the parameters (and of u)."""

    def build() -> dict[str, tuple[list[Any], Any]]:
        from regimes.theory.laws import Curve

        law = model.symbolic_law()
        params = [p.symbol for p in model.params]
        found: dict[str, tuple[list[Any], Any]] = {}
        for k, atom in enumerate(law.atoms):
            found |= {f"atom{k}_weight": (params, atom.weight), f"atom{k}_place": (params, atom.place)}
        for k, curve in enumerate(law.curves):
            along = [Curve.variable(), *params]
            found |= {f"curve{k}_weight": (params, curve.weight), f"curve{k}_place": (along, curve.eigenvalue)}
            found[f"curve{k}_density"] = (along, curve.density)
        return found

    made = compiled(model, "spectrum", build)
    parts = []
    for name in made:
        if name.endswith("_weight"):
            stem = name.removesuffix("_weight")
            kind = "atom" if stem.startswith("atom") else "curve"
            parts.append((kind, made[name], made[f"{stem}_place"], made.get(f"{stem}_density", made[name])))
    return parts


def _one_coordinate(name: str) -> Callable[..., Any]:
    """A function of (gamma, [lam], sigma) of one Gaussian coordinate, compiled from the derivation of the model `gaussian`."""
    from regimes.theory.model import get_model

    gaussian = get_model("gaussian")

    def build() -> dict[str, tuple[list[Any], Any]]:
        import sympy as sp

        from regimes.theory.conventions import alpha, gamma, lam, m
        from regimes.theory.derive import derive
        from regimes.theory.symbolic.rules import tidy

        proof = derive(gaussian, "collapse")
        g, sigma = proof["energy_cumulant"], gaussian.params[0].symbol
        without_noise = sp.factor(sp.together(sum(part for part in sp.Add.make_args(sp.expand(g + lam / 2)) if not part.has(sp.log))))
        logs = sum(part for part in sp.Add.make_args(sp.expand(g)) if part.has(sp.log))
        rate = -proof["rsb_condition"].subs(alpha, 0).subs(m, lam)
        tilted = {"cumulant": g, "reduced": without_noise + logs, "energy": proof["energy"], "rate": rate}
        tilted |= {"fluctuation": sp.factor(tidy(sp.diff(g, lam, 2))), "onset": proof["onset_cumulant"]}
        plain = {"information": proof["information"], "mmse": proof["mmse"], "dispersion": proof["dispersion"]}
        return {k: ([gamma, lam, sigma], e) for k, e in tilted.items()} | {k: ([gamma, sigma], e) for k, e in plain.items()}

    return compiled(gaussian, "coordinate", build)[name]
