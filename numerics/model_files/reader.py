"""A user's data distribution from a TOML file, or from a file of eigenvalues. Such a file is data: nothing in it can run.

    [model]
    name = "spike"
    kind = "product"                          # product | spectrum | mixture
    [prior]                                   # of one coordinate a
    density = "exp(-sqrt(2)*Abs(a))/sqrt(2)"  # integrates to one on its support
    support = [-inf, inf]
    breaks = []                               # where it bends or jumps; found where Abs, Max, Min, Heaviside bend at a multiple of a
    atoms = [["1 - rho", 0]]                  # [weight, place]; the density has the weight they leave
    [parameters.rho]
    low = 0.0
    high = 1.0
    typical = [0.1, 0.9]                      # where it is checked; further keys: closed, default, doc, latex
    [spectrum]                                # in place of [prior]: covariance of Gaussian data
    eigenvalues = [[0.5, 2.0], [0.5, 0]]      # [weight, eigenvalue]; or file = "eigenvalues.npy"
    eigenvalue = "1 + u"                      # with the weight they leave: a function of u, which is uniform on (0, 1)

The law is taken as it is written; unless the file has a parameter sigma of its own, sigma (1 by default) stretches the coordinate of a
product and of a spectrum. The table [mixture] is described in `mixture_file`.
"""

from __future__ import annotations

import io
import re
import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from regimes.numerics.model_files.tables import Infinite, Table, file_bytes, formula, parameters
from regimes.theory.errors import InputError, UnknownNameError
from regimes.theory.laws import Atom, Curve, GaussianSpectrum, Law, Mixture, Piece, Product
from regimes.theory.model import DataModel, Group, all_groups, all_models, find_model
from regimes.theory.params import Param
from regimes.theory.symbolic.formula_text import Tree

__all__ = ["FileModel", "choose_model", "get_model", "read_eigenvalues", "read_model"]

LARGEST_FILE, LONGEST_LINE = 2**16, 8000
LARGEST_SPECTRUM = 2**23
MOST_EIGENVALUES = 20_000
"""Distinct ones in a spectrum."""

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
_TABLES = (".npy", ".csv")
_TABLE_OF = {Product.family: "prior", GaussianSpectrum.family: "spectrum", Mixture.family: "mixture"}
"""Kind of a model -> the table that describes its law."""


class FileModel(DataModel):
    """A model that was read from a file.

    Parameters
    ----------
    name, doc, params, family : as for any model.
    make : the law, from values of the parameters that are numbers or SymPy symbols.
    """

    def __init__(self, name: str, doc: str, params: tuple[Param, ...], family: str, make: Callable[[Mapping[str, Any]], Law]) -> None:
        self.name, self.doc, self.params, self.family, self._make = name, doc, params, family, make
        self.source = f"model file '{name}'"

    def law(self, values: Mapping[str, Any]) -> Law:
        return self._make(values)


# -- finding -------------------------------------------------------------------------------------------------------------


def get_model(name: str, **words: str) -> DataModel:
    """The model of a name, of a family and a choice, or of a file: ``model("product", prior="laplace")``, ``model("spike.toml")``.

    Raises
    ------
    UnknownNameError : no such model, with the nearest names; or words that the model does not take.
    MissingParameterError : the name is that of a family and the choice is missing.
    InputError : the file does not describe a model.
    """
    model, left = choose_model(name, words)
    if left:
        raise UnknownNameError(f"choice of {name}", next(iter(left)), [])
    return model


def choose_model(name: str, words: Mapping[str, str]) -> tuple[DataModel, dict[str, str]]:
    """The model that a name and the words beside it stand for, and the words that are left."""
    if name.lower().endswith(".toml"):
        return read_model(name), dict(words)
    found = find_model(name)
    if isinstance(found, Group):
        value = words.get(found.choice, "")
        left = {word: text for word, text in words.items() if word != found.choice}
        if found.name == GaussianSpectrum.family and value.lower().endswith(_TABLES):
            return read_eigenvalues(value), left
        if value.lower().endswith(".toml"):
            model = read_model(value)
            if model.family != found.name:
                raise InputError(f"{value} is of kind {model.family}, not {found.name}: give it as the model")
            return model, left
    return found.choose(words)


# -- reading -------------------------------------------------------------------------------------------------------------


def read_model(path: str | Path) -> DataModel:
    """The model that a TOML file describes.

    Raises
    ------
    InputError : it is no regular file, too large, malformed, or describes no law; in one line.
    """
    raw = file_bytes(path, LARGEST_FILE)
    try:
        text = raw.decode("utf-8")
        if max(map(len, text.splitlines()), default=0) > LONGEST_LINE:  # the parser's time grows with the square of a key's length
            raise InputError(f"{path} has a line of more than {LONGEST_LINE} characters: break it")
        data = tomllib.loads(text, parse_float=Decimal)
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text: a model file is TOML in UTF-8") from None
    except (ValueError, ArithmeticError, RecursionError) as error:  # also numbers too long for Python and tables too deep for it
        raise InputError(f"{path} is not TOML: {str(error)[:160]!a}") from None
    try:
        return _model(Table(data, ""), Path(path).parent)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _model(top: Table, folder: Path) -> DataModel:
    head = top.table("model", "name", "kind", "doc")
    name, kind, doc = head.text("name"), head.text("kind"), head.line("doc")
    if not _NAME.fullmatch(name) or len(name) > 40:
        raise InputError(f"name {name[:40]!a} is no name: use small letters, digits and hyphens, for instance spike-and-slab")
    if name in {*all_models(), *all_groups()}:
        raise InputError(f"name '{name}' is that of a model of this program: choose another")
    if kind not in _TABLE_OF:
        raise InputError(str(UnknownNameError("kind", kind[:40], _TABLE_OF)))
    top.expect("model", "parameters", _TABLE_OF[kind])
    own = parameters(top)
    if kind == Mixture.family:
        from regimes.numerics.model_files.mixture import read_mixture

        return FileModel(name, doc or "Gaussian clusters of a model file", own, kind, read_mixture(top, own))
    if kind == Product.family:
        return _file_model(name, doc or "i.i.d. coordinates, prior of a model file", own, _prior(top, own))
    return _file_model(name, doc or "Gaussian data, spectrum of a model file", own, _spectrum(top, own, folder))


def _prior(top: Table, own: tuple[Param, ...]) -> Product:
    table = top.table("prior", "density", "support", "breaks", "atoms")
    names = [p.name for p in own]
    masses = _pairs(table, "atoms", "[weight, place]", names)
    trees: list[Tree | Infinite] = []
    if "density" in table:
        ends = table.entries("support", 2, "[low, high], for instance [-inf, inf]")
        trees = [formula(table.get("density"), [*names, "a"], "prior.density")]
        trees += [formula(end, names, "prior.support", infinite=True) for end in ends]
        trees += [formula(place, names, "prior.breaks") for place in (table.entries("breaks") if "breaks" in table else ())]
    elif not masses or "support" in table or "breaks" in table:
        table.get("density")

    from regimes.numerics.model_files.checks import check_product, kinks
    from regimes.theory.conventions import a

    symbols = {p.name: p.symbol for p in own}
    atoms = tuple(Atom(_built(w, symbols, "prior.atoms"), _built(place, symbols, "prior.atoms")) for w, place in masses)
    pieces: tuple[Piece, ...] = ()
    if trees:
        density = _built(trees[0], {**symbols, "a": a}, "prior.density")
        low, high = (_built(end, symbols, "prior.support") for end in trees[1:3])
        given = [_built(place, symbols, "prior.breaks") for place in trees[3:]]
        weight = 1 - sum(atom.weight for atom in atoms)
        pieces = (Piece(weight, density, low, high, kinks(density, low, high, given, own)),)
    law = Product(atoms, pieces)
    check_product(law, own)
    return law


def _spectrum(top: Table, own: tuple[Param, ...], folder: Path) -> GaussianSpectrum:
    table = top.table("spectrum", "eigenvalues", "eigenvalue", "file")
    if "file" in table:
        for key in ("eigenvalues", "eigenvalue"):
            if key in table:
                raise InputError(f"[spectrum] has file and {key}: give one of them")
        return _eigenvalues(folder / table.text("file"))
    names = [p.name for p in own]
    masses = _pairs(table, "eigenvalues", "[weight, eigenvalue]", names)
    curve = formula(table.get("eigenvalue"), [*names, "u"], "spectrum.eigenvalue") if "eigenvalue" in table or not masses else None

    import sympy as sp

    from regimes.numerics.model_files.checks import check_spectrum

    symbols = {p.name: p.symbol for p in own}
    what = "spectrum.eigenvalues"
    atoms = tuple(Atom(_built(w, symbols, what), _built(place, symbols, what)) for w, place in masses)
    curves: tuple[Curve, ...] = ()
    if curve is not None:
        eigenvalue = _built(curve, {**symbols, "u": Curve.variable()}, "spectrum.eigenvalue")
        curves = (Curve(1 - sum(atom.weight for atom in atoms), eigenvalue, sp.S.One),)
    law = GaussianSpectrum(atoms, curves)
    check_spectrum(law, own)
    return law


def read_eigenvalues(path: str | Path) -> DataModel:
    """Gaussian data whose covariance has the eigenvalues in a .npy or .csv file, all of equal weight.

    Raises
    ------
    InputError : the file cannot be read, or does not hold non-negative finite numbers, one of them positive.
    """
    stem = Path(path).stem.lower()
    name = f"spectrum-{stem}" if _NAME.fullmatch(stem) and len(stem) <= 30 else "spectrum-file"
    name = "spectrum-file" if name in all_models() else name
    return _file_model(name, "Gaussian data, eigenvalues of a file", (), _eigenvalues(Path(path)))


def _eigenvalues(path: Path) -> GaussianSpectrum:
    if path.suffix.lower() not in _TABLES:
        raise InputError(f"{path}: unknown kind of file; eigenvalues are read from .npy or .csv")
    raw = file_bytes(path, LARGEST_SPECTRUM)

    import numpy as np
    import sympy as sp

    try:
        if path.suffix.lower() == ".npy":
            values = np.load(io.BytesIO(raw), allow_pickle=False)  # pickles can run code
        else:
            values = np.array([float(word) for word in re.split(r"[\s,;]+", raw.decode("utf-8-sig")) if word])
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


# -- building ------------------------------------------------------------------------------------------------------------


def _pairs(table: Table, key: str, hint: str, names: list[str]) -> list[tuple[Tree | Infinite, Tree | Infinite]]:
    what = f"{table.name}.{key}"
    return [(formula(w, names, what), formula(place, names, what)) for w, place in table.pairs(key, hint)]


def _built(tree: Tree | Infinite, symbols: Mapping[str, Any], what: str) -> Any:
    """The SymPy expression of a formula, or an infinity."""
    if isinstance(tree, Tree):
        try:
            return tree.build(symbols)
        except InputError as error:
            raise InputError(f"{what}: {error}") from None
    import sympy as sp

    return sp.oo if tree > 0 else -sp.oo


def _file_model(name: str, doc: str, own: tuple[Param, ...], unit: Product | GaussianSpectrum) -> FileModel:
    """The model of a law in the parameters' symbols, stretched by sigma if the file does not use that name itself."""
    import sympy as sp

    def law(values: Mapping[str, Any]) -> Any:
        given = {p.symbol: sp.sympify(values[p.name], strict=True) for p in own}
        return unit.map(lambda entry: sp.sympify(entry, strict=True).xreplace(given))

    if any(p.name == "sigma" for p in own):
        return FileModel(name, doc, own, unit.family, law)
    if isinstance(unit, Product):
        from regimes.theory.models.product import ProductModel

        product = ProductModel(name, doc, law, *own)
        return FileModel(name, doc, product.params, unit.family, product.law)
    from regimes.theory.models.spectrum import SpectrumModel

    spectrum = SpectrumModel(name, doc, law, *own)
    return FileModel(name, doc, spectrum.params, unit.family, spectrum.law)
