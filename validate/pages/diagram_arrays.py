"""A phase diagram as arrays, and the files it leaves: a picture or numbers."""

from __future__ import annotations

import csv
import io
import json
import platform
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from regimes._version import __version__
from regimes.numerics.arrays import FloatArray
from regimes.numerics.estimate import Estimate
from regimes.numerics.files import save_arrays, write_whole
from regimes.theory.errors import InputError, MissingExtraError
from regimes.theory.model import DataModel
from regimes.theory.params import ALPHA, DIMENSION, POINTS, TIME, Param

if TYPE_CHECKING:
    from matplotlib.figure import Figure


SPECIATION = "speciation-time"
GLASS = "rsb-parameter"
PICTURES = (".svg", ".png", ".pdf")
ARRAYS = (".json", ".npz", ".csv")


@dataclass(frozen=True)
class Axis:
    """One side of the plane: a parameter and its increasing values (N,)."""

    param: Param
    values: FloatArray

    @property
    def name(self) -> str:
        """Name of the parameter."""
        return self.param.name


@dataclass(frozen=True)
class Diagram:
    """A phase diagram as arrays.

    Attributes
    ----------
    model : DataModel
        Its data distribution.
    x, y : Axis
        The axes.
    fixed : mapping
        Every other parameter that entered, by name.
    definition : str, optional
        Of the speciation time; None if there is none in the diagram.
    layers : mapping
        Quantity -> estimate, with the statuses and reasons of its elements. Shape (y, x); or, if the time is an axis and the quantity does
        not depend on it, the shape of the other axis.
    """

    model: DataModel
    x: Axis
    y: Axis
    fixed: Mapping[str, float]
    definition: str | None
    layers: Mapping[str, Estimate]

    @property
    def timed(self) -> bool:
        """Whether the time is an axis."""
        return TIME in (self.x.param, self.y.param)

    @property
    def along(self) -> Axis:
        """The axis that is not the time (if none is: x)."""
        return self.y if self.x.param is TIME else self.x

    @property
    def failed(self) -> bool:
        """Whether something could not be computed."""
        return any((layer.status == "failed").any() for layer in self.layers.values())

    def axes_of(self, quantity: str) -> tuple[Axis, ...]:
        """The axes of a layer's array, in their order."""
        return (self.along,) if self.layers[quantity].value.ndim == 1 else (self.y, self.x)

    def gaps(self) -> list[str]:
        """One line per quantity and reason for which values are missing."""
        lines = []
        for name, layer in self.layers.items():
            missing = Counter(zip(layer.status[~layer.ok].tolist(), layer.reason[~layer.ok].tolist(), strict=True))
            lines += [f"{name}: {status} at {n} of {layer.value.size} points: {reason}" for (status, reason), n in missing.items()]
        return lines

    def to_json(self) -> str:
        """All arrays and what they are of, as JSON; a value is null where the status is not ok."""
        layers = {
            name: {"axes": [a.name for a in self.axes_of(name)], "method": layer.method, "value": _nested(layer.value),
                   "error": _nested(layer.error), "status": layer.status.tolist(), "reason": layer.reason.tolist()}
            for name, layer in self.layers.items()
        }  # fmt: skip
        axes = {side: {"name": a.name, "doc": a.param.doc, "values": a.values.tolist()} for side, a in (("x", self.x), ("y", self.y))}
        return json.dumps(self.description() | axes | {"quantities": layers}, ensure_ascii=False, allow_nan=False) + "\n"

    def description(self) -> dict[str, Any]:
        """Model, fixed parameters, definition and versions."""
        versions = {"regimes": __version__, "python": platform.python_version(), "numpy": np.__version__}
        return {"model": self.model.name, "fixed": dict(self.fixed), "definition": self.definition, "versions": versions}

    def to_csv(self) -> str:
        """Long format: one row per quantity and point; the time is left empty where a quantity does not depend on it."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        names = [self.x.name, self.y.name]
        writer.writerow(["model", "quantity", "method", *names, *self.fixed, "value", "error", "status", "reason"])
        for name, layer in self.layers.items():
            for index, at in self.points(name):
                ok = layer.status[index] == "ok"
                numbers = [repr(float(v[index])) if ok else "" for v in (layer.value, layer.error)]
                where = [repr(at[n]) if n in at else "" for n in names]
                fixed = [repr(float(v)) for v in self.fixed.values()]
                writer.writerow([self.model.name, name, layer.method, *where, *fixed, *numbers, layer.status[index], layer.reason[index]])
        return text.getvalue()

    def points(self, name: str) -> Iterator[tuple[tuple[int, ...], dict[str, float]]]:
        """Every index of a layer's array, and where it lies."""
        axes = self.axes_of(name)
        for index in np.ndindex(self.layers[name].value.shape):
            yield index, {a.name: float(a.values[k]) for a, k in zip(axes, index, strict=True)}

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What an .npz holds: the axes by name, and per quantity values, errors, statuses and reasons; no objects, so no pickle."""
        held: dict[str, npt.NDArray[Any]] = {a.name: a.values for a in (self.x, self.y)}
        for name, layer in self.layers.items():
            held |= {name: layer.value, f"{name}.error": layer.error, f"{name}.status": layer.status, f"{name}.reason": layer.reason}
        axes = {name: [a.name for a in self.axes_of(name)] for name in self.layers}
        methods = {name: layer.method for name, layer in self.layers.items()}
        about = self.description() | {"x": self.x.name, "y": self.y.name, "axes": axes, "methods": methods}
        return held | {"description": np.array(json.dumps(about, ensure_ascii=False))}

    def figure(self) -> Figure:
        """The picture, a Matplotlib figure."""
        require_matplotlib()
        from regimes.validate.pages.diagram_figure import figure

        return figure(self)

    def write(self, path: str | Path) -> None:
        """Leave the diagram at `path`: a picture (.svg, .png, .pdf) or the arrays (.json, .npz, .csv); whole or not at all.

        Raises
        ------
        InputError
            The suffix is none of these.
        MissingExtraError
            A picture without Matplotlib.
        """
        path = Path(path)
        check_output(path)
        suffix = path.suffix.lower()
        if suffix in PICTURES:
            from regimes.validate.pages.diagram_figure import picture

            write_whole(path, picture(self, suffix))
        elif suffix == ".npz":
            packed = io.BytesIO()
            save_arrays(packed, self.arrays(), compressed=True)
            write_whole(path, packed.getvalue())
        else:
            write_whole(path, self.to_json() if suffix == ".json" else self.to_csv())


def check_output(path: Path) -> None:
    """Refuse what `Diagram.write` cannot make, before anything is computed."""
    suffix = path.suffix.lower()
    if suffix not in (*PICTURES, *ARRAYS):
        kinds = f"a picture ends in {', '.join(PICTURES)}, arrays in {', '.join(ARRAYS)}"
        raise InputError(f"cannot tell what to write into {path.name}: {kinds}")
    if suffix in PICTURES:
        require_matplotlib()


def require_matplotlib() -> None:
    """Refuse a picture where Matplotlib is not installed."""
    if find_spec("matplotlib") is None:
        raise MissingExtraError("a picture needs matplotlib: pip install matplotlib; .json, .npz and .csv need nothing")


def _nested(array: FloatArray) -> Any:
    """Nested lists with None for nan, which JSON does not have."""
    kept = array.astype(object)
    kept[np.isnan(array)] = None
    return kept.tolist()


def parameters(model: DataModel) -> dict[str, Param]:
    """What can be an axis or a fixed number, by name."""
    return {p.name: p for p in (*model.params, ALPHA, TIME, DIMENSION, POINTS)}
