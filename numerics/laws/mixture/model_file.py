"""A mixture in a model file: the table [mixture], Gaussian clusters by their means or by the Gram matrix of the means.

[mixture]
weights = [0.5, "w", "1/2 - w"]       # those without a cost sum to one
gram = [[1, 0, -1], [0, 1, 0], ...]   # products of the means per d, positive semidefinite; or
means = [[1, 0], ["mu", 0], ...]      # one row for each cluster, in an orthonormal frame, in units of sqrt(d)
sds = [1, 1, "s"]                     # inside the clusters; or sd = 1 for all
costs = [0, 0, 0.1]                   # if given: a weight is that of the list times e^{-d cost}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from regimes.numerics.model_files.forms import FileForm, Written, expression
from regimes.numerics.model_files.tables import Table, formula
from regimes.theory.errors import DomainError, InputError
from regimes.theory.laws import Cluster, Mixture
from regimes.theory.params import Param
from regimes.theory.symbolic.formula_text import Tree

MOST_CLUSTERS, MOST_IN_FORMULAS = 32, 6
"""Clusters of a mixture; of one whose Gram matrix has parameters in it."""
_SUM, _SEMIDEFINITE = 1e-12, 1e-10  # what weights and eigenvalues may miss, for they are written with finitely many digits

Matrix = list[list[Any]]


def _read(top: Table, own: tuple[Param, ...], folder: Path) -> Written:
    del folder
    table = top.table("mixture", "weights", "gram", "means", "sds", "sd", "costs")
    trees = _trees(table, [p.name for p in own])
    symbols = {p.name: p.symbol for p in own}
    built = {key: [[expression(tree, symbols, f"mixture.{key}") for tree in row] for row in rows] for key, rows in trees.items()}
    maker = _Maker(built, own)
    _check(maker, own)
    return Written(own, maker)


def _trees(table: Table, names: list[str]) -> dict[str, list[list[Tree]]]:
    """The lists of the table, rows of formulas, each of the right length."""
    weights = table.entries("weights", hint="a list with a weight for every cluster")
    count = len(weights)
    if not 2 <= count <= MOST_CLUSTERS:
        raise InputError(f"mixture.weights has {count} entries: a mixture has 2 to {MOST_CLUSTERS} clusters")
    for one, other, words in (("gram", "means", "the means"), ("sd", "sds", "the standard deviations")):
        if (one in table) == (other in table):
            raise InputError(f"[mixture] has {'both' if one in table else 'neither'} {one} and {other}: give {words} by one of them")
    rows = {"weights": [weights]}
    rows["sds"] = [table.entries("sds", count, f"a list of {count}, one for every weight") if "sds" in table else [table.get("sd")] * count]
    rows["costs"] = [table.entries("costs", count, f"a list of {count}, one for every weight") if "costs" in table else [0] * count]
    centres = "gram" if "gram" in table else "means"
    rows[centres] = table.entries(centres, count, f"a list of {count} rows, one for every weight")
    first = rows[centres][0]
    length = count if centres == "gram" else len(first) if isinstance(first, list) else 0
    if not all(isinstance(row, list) and len(row) == length for row in rows[centres]) or not 1 <= length <= MOST_CLUSTERS:
        shape = f"{count} rows of {count}" if centres == "gram" else f"{count} rows of one length, 1 to {MOST_CLUSTERS}"
        raise InputError(f"mixture.{centres} has to be {shape}")
    found = {}
    for key, lists in rows.items():
        what = "mixture.sd" if key == "sds" and "sd" in table else f"mixture.{key}"
        found[key] = [[_tree(entry, names, what) for entry in row] for row in lists]
    return found


def _tree(entry: Any, names: list[str], what: str) -> Tree:
    tree = formula(entry, names, what)
    assert isinstance(tree, Tree)
    return tree


class _Maker:
    """The mixture from values of the parameters."""

    def __init__(self, built: Mapping[str, Matrix], own: tuple[Param, ...]) -> None:
        self.own, self.count = own, len(built["weights"][0])
        self.weights, self.sds, self.costs = (built[key][0] for key in ("weights", "sds", "costs"))
        self.gram = built.get("gram")
        if self.gram is not None:
            _check_symmetric(self.gram)
        self.varied = self.gram is not None and any(entry.free_symbols for row in self.gram for entry in row)
        if self.varied and self.count > MOST_IN_FORMULAS:
            raise InputError(f"mixture.gram with parameters in it is taken for at most {MOST_IN_FORMULAS} clusters: give the means")
        self.means = built["means"] if self.gram is None else [] if self.varied else _factor(self.gram)
        self._kernels: dict[Any, Callable[..., Any]] = {}

    def __call__(self, values: Mapping[str, Any]) -> Mixture:
        import sympy as sp

        given = {p: values[p.name] for p in self.own}
        if any(isinstance(value, sp.Basic) for value in given.values()):
            numbers = {p.symbol: sp.sympify(value, strict=True) for p, value in given.items()}
            means = _factor([[x.xreplace(numbers) for x in row] for row in self.gram]) if self.varied and self.gram else self.means

            def entry(expr: Any) -> Any:
                return expr.xreplace(numbers)
        else:

            def entry(expr: Any) -> Any:
                return self._number(expr, list(given.values()))

            means = self._spectral_factor(entry) if self.varied else self.means

        centres = [tuple(entry(x) if isinstance(x, sp.Basic) else x for x in row) for row in means]
        columns = zip(self.weights, centres, self.sds, self.costs, strict=True)
        return Mixture(tuple(Cluster(entry(w), centre, entry(sd), entry(cost)) for w, centre, sd, cost in columns))

    def _number(self, expr: Any, arrays: Sequence[Any]) -> Any:
        """Value at numbers or arrays; an exact number stays one."""
        if not expr.free_symbols:
            return expr
        if expr not in self._kernels:
            from regimes.numerics.codegen.generate import generate

            self._kernels[expr] = generate("entry", [p.symbol for p in self.own], expr, target="numpy").load()
        return self._kernels[expr](*arrays)

    def _spectral_factor(self, entry: Callable[[Any], Any]) -> Matrix:
        """Means of a Gram matrix that depends on parameters: eigenvectors times roots of eigenvalues, columns that vanish left out."""
        import numpy as np

        assert self.gram is not None
        entries = np.broadcast_arrays(*(np.asarray(entry(x), dtype=float) for row in self.gram for x in row))
        gram = np.stack(entries, axis=-1).reshape(*entries[0].shape, self.count, self.count)
        eigenvalues, vectors = np.linalg.eigh(gram)
        scale = np.abs(eigenvalues).max(-1, keepdims=True, initial=0.0)
        if np.any(eigenvalues < -_SEMIDEFINITE * scale):
            lowest = eigenvalues.min()
            raise DomainError(f"mixture.gram has the eigenvalue {lowest:.6g} at these parameters: no means have such products")
        columns = vectors * np.sqrt(np.where(eigenvalues > 1e-13 * scale, eigenvalues, 0))[..., None, :]
        kept = [k for k in range(self.count) if np.any(columns[..., k])] or [0]
        plain = [[columns[..., c, k] for k in kept] for c in range(self.count)]
        return plain if gram.ndim > 2 else [[float(x) for x in row] for row in plain]


def _check_symmetric(gram: Matrix) -> None:
    for i, row in enumerate(gram):
        for j in range(i):
            if row[j] != gram[j][i]:
                raise InputError(f"mixture.gram is not symmetric: {row[j]} in row {i + 1}, {gram[j][i]} in column {i + 1}")


def _factor(gram: Matrix) -> Matrix:
    """Means with these products, exact: L sqrt(D) of the decomposition L D L^T.

    Raises
    ------
    InputError
        The matrix is not positive semidefinite.
    """
    import sympy as sp

    count, rest = len(gram), [[sp.sympify(x, strict=True) for x in row] for row in gram]
    scale = max((float(abs(rest[k][k])) for k in range(count) if rest[k][k].is_number), default=1.0)
    columns: Matrix = []
    for k in range(count):
        pivot = rest[k][k]
        if pivot.is_number:
            size = float(pivot)
            if size < -_SEMIDEFINITE * scale or (size <= _SEMIDEFINITE * scale and any(abs(x) > 1e-5 * scale for x in _numbers(rest[k]))):
                raise InputError("mixture.gram is not positive semidefinite: no means have such products")
            if size <= _SEMIDEFINITE * scale:
                rest = [[sp.S.Zero if k in (i, j) else x for j, x in enumerate(row)] for i, row in enumerate(rest)]
                continue
        root = sp.sqrt(pivot)
        columns.append([rest[i][k] / root for i in range(count)])
        column = [rest[i][k] for i in range(count)]
        rest = [[_less(x, column[i] * column[j] / pivot) for j, x in enumerate(row)] for i, row in enumerate(rest)]
    columns = columns or [[sp.S.Zero] * count]
    return [[column[i] for column in columns] for i in range(count)]


def _less(x: Any, y: Any) -> Any:
    import sympy as sp

    return x - y if x.is_Rational and y.is_Rational else sp.cancel(x - y)


def _numbers(row: Sequence[Any]) -> list[float]:
    return [float(x) for x in row if x.is_number]


def _check(maker: _Maker, own: Sequence[Param]) -> None:
    """Refuse weights that are no probabilities, widths and costs of the wrong sign, at the ends and the middle of typical intervals."""
    from regimes.numerics.model_files.checks import sample_points

    for point, shown in sample_points(own):
        try:
            law = maker({p.name: point[p.symbol] for p in own})
        except DomainError as error:
            raise InputError(f"{error}{shown}") from None
        weights, sds, costs = (
            [_real(getattr(c, name), f"mixture.{name}s", shown) for c in law.clusters] for name in ("weight", "sd", "cost")
        )
        for cluster in law.clusters:
            for x in cluster.centre:
                _real(x, "mixture.means", shown)
        if min(weights) <= 0:
            raise InputError(f"mixture.weights: {min(weights):.9g}{shown} is no weight; leave out a cluster that has none")
        if min(sds) <= 0 or min(costs) < 0:
            name, value = ("sds", min(sds)) if min(sds) <= 0 else ("costs", min(costs))
            raise InputError(f"mixture.{name}: {value:.9g}{shown} has to be {'positive' if name == 'sds' else 'zero or positive'}")
        total = sum(w for w, cost in zip(weights, costs, strict=True) if cost == 0)
        if abs(total - 1) > _SUM:
            raise InputError(f"mixture.weights: those without a cost are probabilities that sum to one; they sum to {total:.12g}{shown}")


def _real(value: Any, what: str, shown: str) -> float:
    import math

    try:
        number = float(value)
    except TypeError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{what} has an entry that is not a real number{shown}")
    return number


FILE = FileForm(
    table="mixture",
    doc="Gaussian clusters of a model file",
    read=_read,
    hint="""\
A mixture of your own is a file ./mine.toml, given as the model:

    [model]
    name = "three"
    kind = "mixture"
    [mixture]
    weights = [0.5, "w", "1/2 - w"]
    gram = [[1, 0, -1], [0, 1, 0], [-1, 0, 1]]
    sd = 1
    [parameters.w]
    low = 0.0
    high = 0.5
""",
)
