"""A covariance spectrum in a model file: the table [spectrum], or a file of eigenvalues.

    [spectrum]
    eigenvalues = [[0.5, 2.0], [0.5, 0]]      # [weight, eigenvalue]; or file = "eigenvalues.npy"
    eigenvalue = "1 + u"                      # with the weight they leave: a function of u, which is uniform on (0, 1)

The law is taken as it is written. Unless the file has a parameter sigma of its own, sigma (1 by default) stretches the coordinates: it is a
factor, not the root of the mean eigenvalue.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from regimes.numerics.model_files.checks import check_weights, compiled, integrals, number, sample_points, weights_of
from regimes.numerics.model_files.forms import FileForm, Written, expression, pairs, with_values
from regimes.numerics.model_files.tables import Table, file_bytes, formula
from regimes.theory.errors import InputError
from regimes.theory.laws import Atom, Curve, GaussianSpectrum
from regimes.theory.models.spectrum import SIGMA, SpectrumModel
from regimes.theory.params import Param

SUFFIXES = (".npy", ".csv")
LARGEST_SPECTRUM = 2**23
"""Bytes of a file of eigenvalues."""
MOST_EIGENVALUES = 20_000
"""Distinct ones in a spectrum."""


def _read(top: Table, own: tuple[Param, ...], folder: Path) -> Written:
    return _scaled(with_values(_spectrum(top, own, folder), own), own)


def _read_numbers(path: Path) -> Written:
    return _scaled(with_values(_eigenvalues(path), ()), ())


def _scaled(maker: Callable[[Mapping[str, Any]], GaussianSpectrum], own: tuple[Param, ...]) -> Written:
    if any(p.name == SIGMA.name for p in own):
        return Written(own, maker)
    scale = replace(SIGMA, doc="factor on the data: 1 leaves the eigenvalues as the file has them")
    return Written((*own, scale), SpectrumModel("file", "", maker).law)


def _spectrum(top: Table, own: tuple[Param, ...], folder: Path) -> GaussianSpectrum:
    table = top.table("spectrum", "eigenvalues", "eigenvalue", "file")
    if "file" in table:
        for key in ("eigenvalues", "eigenvalue"):
            if key in table:
                raise InputError(f"[spectrum] has file and {key}: give one of them")
        return _eigenvalues(folder / table.text("file"))
    names = [p.name for p in own]
    masses = pairs(table, "eigenvalues", "[weight, eigenvalue]", names)
    curve = formula(table.get("eigenvalue"), [*names, "u"], "spectrum.eigenvalue") if "eigenvalue" in table or not masses else None

    import sympy as sp

    symbols = {p.name: p.symbol for p in own}
    what = "spectrum.eigenvalues"
    atoms = tuple(Atom(expression(w, symbols, what), expression(place, symbols, what)) for w, place in masses)
    curves: tuple[Curve, ...] = ()
    if curve is not None:
        eigenvalue = expression(curve, {**symbols, "u": Curve.variable()}, "spectrum.eigenvalue")
        curves = (Curve(1 - sum(atom.weight for atom in atoms), eigenvalue, sp.S.One),)
    law = GaussianSpectrum(atoms, curves)
    _check(law, own)
    return law


def _eigenvalues(path: Path) -> GaussianSpectrum:
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path}: unknown kind of file; eigenvalues are read from .npy or .csv")
    raw = file_bytes(path, LARGEST_SPECTRUM)

    import sympy as sp

    try:
        if path.suffix.lower() == ".npy":
            values = np.load(io.BytesIO(raw), allow_pickle=False)  # pickles can run code
        else:
            lines = [re.findall(r"[^\s,;]+", line) for line in raw.decode("utf-8-sig").splitlines()]
            values = np.array([float(word) for line in lines for word in line])
            _refuse_index([line for line in lines if line], path)
    except (ValueError, EOFError, MemoryError, OverflowError, SyntaxError, TypeError) as error:
        shown = "no plain array of numbers" if "pickle" in str(error) else str(error)[:120]
        raise InputError(f"{path} cannot be read as {path.suffix} ({shown}): give the eigenvalues as numbers") from None
    plain = isinstance(values, np.ndarray) and values.dtype.kind in "fiu" and values.size > 0
    if not plain or max(values.shape, default=1) != values.size:
        raise InputError(f"{path} does not hold one column of real numbers: give the eigenvalues, not the covariance")
    values = values.ravel().astype(np.float64)
    if not np.isfinite(values).all() or values.max() <= 0 or values.max() > 1e100 or values.min() < -1e-12 * values.max():
        raise InputError(f"{path}: eigenvalues of a covariance are finite and not negative, and one of them is positive")
    places, counts = np.unique(np.maximum(values, 0.0), return_counts=True)
    if places.size > MOST_EIGENVALUES:
        raise InputError(f"{path} has {places.size} distinct eigenvalues: at most {MOST_EIGENVALUES} are taken; round them")
    pairs = zip(counts.tolist(), places.tolist(), strict=True)
    return GaussianSpectrum(tuple(Atom(sp.Rational(count, values.size), sp.Rational(place)) for count, place in pairs))


def _refuse_index(lines: Sequence[Sequence[str]], path: Path) -> None:
    """An index beside the eigenvalues would be read as eigenvalues."""
    first = [float(line[0]) for line in lines if len(line) == 2]
    if len(first) == len(lines) > 2 and any(first == [float(k + start) for k in range(len(first))] for start in (0, 1)):
        raise InputError(f"{path}: the first of two columns counts the rows: leave the index out")


def _check(law: GaussianSpectrum, own: Sequence[Param]) -> None:
    """Refuse what is not the spectrum of a covariance with a finite, positive trace.

    Raises
    ------
    InputError
        With the value and the parameters.
    """
    curves = [compiled(curve.eigenvalue, own, Curve.variable()) for curve in law.curves]
    for point, shown in sample_points(own):
        weights = [number(w, point) for w in weights_of(law.atoms, law.curves)]
        check_weights(weights, "spectrum.eigenvalues", shown)
        places = [number(atom.place, point) for atom in law.atoms]
        if places and min(places) < 0:
            raise InputError(f"the eigenvalue {min(places):.9g} is negative{shown}: no covariance has it")
        trace = sum(w * place for w, place in zip(weights, places, strict=False))
        for weight, curve in zip(weights[len(places) :], curves, strict=True):
            trace += weight * float(integrals(curve, point, 0.0, 1.0, 1, f"spectrum.eigenvalue{shown}", "u", "the mean eigenvalue")[0])
        if trace <= 0:
            raise InputError(f"all eigenvalues are zero{shown}: one has to be positive")


FILE = FileForm(
    table="spectrum",
    doc="Gaussian data, spectrum of a model file, times sigma^2",
    read=_read,
    hint="""\
kind=FILE.npy or kind=FILE.csv takes eigenvalues of equal weight. A law of your own is a file ./mine.toml, given as the model:

    [model]
    name = "bulk"
    kind = "spectrum"
    [spectrum]
    eigenvalues = [["rho", 0]]
    eigenvalue = "1 + u"
    [parameters.rho]
    low = 0.0
    high = 1.0
""",
    suffixes=SUFFIXES,
    read_numbers=_read_numbers,
)
