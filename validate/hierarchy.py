"""The hierarchy of the classes of a mixture: which groups of them part when, on the way back from the noise; as table, JSON and picture."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from regimes.numerics.files import write_whole
from regimes.numerics.laws import answers
from regimes.numerics.speciation.hierarchy import Group, Merge, partition_cloning
from regimes.numerics.speciation.hierarchy import hierarchy as merges_of
from regimes.theory.errors import DomainError, InputError, UnknownNameError
from regimes.theory.model import DataModel, get_model
from regimes.theory.params import DIMENSION, LEVEL, TIME
from regimes.validate.pages.diagram_arrays import PICTURES, require_matplotlib

__all__ = ["Hierarchy", "check_output", "hierarchy"]

Linkage = Literal["single", "average", "complete"]


@dataclass(frozen=True)
class Hierarchy:
    """Nested partitions of the classes of a mixture.

    Attributes
    ----------
    model : str
        Name of the model.
    parameters : mapping
        Its parameters and the dimension.
    count : int
        Number of classes.
    merges : tuple
        From single classes to all in one, with the speciation time of every merge.
    times : tuple
        Forward times at which `cloning` was asked for.
    cloning : tuple
        Per partition, from the finest, its groups and the probabilities that two clones end in the same group: (value, error) at each time.
    """

    model: str
    parameters: Mapping[str, float]
    count: int
    merges: tuple[Merge, ...]
    times: tuple[float, ...]
    cloning: tuple[tuple[tuple[Group, ...], tuple[tuple[float, float], ...]], ...]

    def to_json(self) -> str:
        """The same as JSON; a time that does not exist is null, with the reason."""
        merges = [{k: None if isinstance(v, float) and np.isnan(v) else v for k, v in asdict(m).items()} for m in self.merges]
        cloning = [{"groups": groups, "value": [v for v, _ in found], "error": [e for _, e in found]} for groups, found in self.cloning]
        content = {"model": self.model, "parameters": dict(self.parameters), "merges": merges, "times": self.times, "cloning": cloning}
        return json.dumps(content, indent=1, ensure_ascii=False) + "\n"

    def write(self, path: str | Path) -> None:
        """Leave a dendrogram (.svg, .png, .pdf) or the numbers (.json) at `path`; whole or not at all.

        Raises
        ------
        InputError
            The suffix is none of these.
        MissingExtraError
            A picture without Matplotlib.
        """
        path = Path(path)
        check_output(path)
        if path.suffix.lower() == ".json":
            write_whole(path, self.to_json())
            return
        from regimes.validate.pages.hierarchy_figure import picture

        given = ", ".join(f"{name} = {value:g}" for name, value in self.parameters.items())
        write_whole(path, picture(self.merges, [str(c) for c in range(self.count)], path.suffix.lower(), f"{self.model}: {given}"))


def check_output(path: Path) -> None:
    """Refuse what `Hierarchy.write` cannot make, before anything is computed."""
    suffix = path.suffix.lower()
    if suffix not in (*PICTURES, ".json"):
        raise InputError(f"cannot tell what to write into {path.name}: a picture ends in {', '.join(PICTURES)}, numbers in .json")
    if suffix in PICTURES:
        require_matplotlib()


def hierarchy(
    model: DataModel | str, d: float, *, t: float | Sequence[float] = (), level: float | None = None, linkage: str = "average",
    **values: float,
) -> Hierarchy:  # fmt: skip
    """Nested classes of a mixture, with the times at which they part.

    Parameters
    ----------
    model : DataModel or str
        A mixture of Gaussian clusters, or its name.
    d : float
        Dimension.
    t : float or sequence
        Forward times at which the cloning probability of every partition is wanted.
    level : float, optional
        Cloning probability that defines the speciation of two groups; that of two balanced classes at kappa = 1 by default.
    linkage : str
        Distance of two groups from those of their pairs: "single", "average" or "complete".
    values : float
        Parameters of the model.

    Raises
    ------
    DomainError
        A model that is no mixture of clusters; a parameter outside its domain, or given more than once.
    UnknownNameError
        No such linkage.
    """
    model = get_model(model) if isinstance(model, str) else model
    nested = answers(model.family).hierarchy
    if isinstance(nested, str):
        raise DomainError(f"{model.name} {nested}")
    if linkage not in get_args(Linkage):
        raise UnknownNameError("linkage", linkage, get_args(Linkage))
    for parameter, value in ((DIMENSION, d), (LEVEL, level)):
        if value is not None:
            parameter.check(value)
    times = tuple(map(float, np.atleast_1d(np.asarray(t, dtype=float))))
    TIME.check(np.array(times))
    given = {**model.complete(values), "d": d}
    columns = {name: np.array([float(value)]) for name, value in given.items()}
    merges: list[Merge] = merges_of(nested(model, columns), columns, level=level, linkage=linkage)  # type: ignore[arg-type]
    groups: list[Group] = sorted((c,) for merge in merges[-1:] for c in merge.union)
    cloning = []
    for merge in (None, *merges[:-1]):
        if merge is not None:
            groups = sorted([g for g in groups if g not in (merge.first, merge.second)] + [merge.union])
        repeated = {name: np.repeat(column, len(times)) for name, column in columns.items()} | {"t": np.array(times)}
        found = partition_cloning(nested(model, repeated), repeated, groups) if times else None
        pairs = () if found is None else tuple(zip(found.value.tolist(), found.error.tolist(), strict=True))
        cloning.append((tuple(groups), pairs))
    shown = {name: float(value) for name, value in given.items()}
    return Hierarchy(model.name, shown, len(merges) + 1, tuple(merges), times, tuple(cloning))
