"""Phase diagrams: the critical times of a model over a plane of two parameters, or over the time and one parameter.

A plane with the time as an axis holds lines - collapse, accuracy, onset and speciation times as functions of the other axis - and
the condensation parameter m* everywhere; a plane of two parameters holds the times themselves. One call of `predict` per quantity.
"""

from __future__ import annotations

import csv
import io
import json
import platform
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from regimes._version import __version__
from regimes.numerics.estimate import Estimate
from regimes.numerics.files import save_arrays, write_whole
from regimes.numerics.model_files.reader import get_model
from regimes.numerics.predict import predict, quantities
from regimes.numerics.quantity import Quantity
from regimes.terminal import Callback, shown
from regimes.theory.errors import DomainError, InputError, MissingExtraError, MissingParameterError, RegimesError, UnknownNameError
from regimes.theory.model import DataModel
from regimes.theory.params import ALPHA, DIMENSION, POINTS, TIME, Param

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FloatArray = npt.NDArray[np.float64]

COLLAPSE = ("collapse-time", "condensation-time", "accuracy-time", "onset-time")
SPECIATION = "speciation-time"
GLASS = "rsb-parameter"
PICTURES = (".svg", ".png", ".pdf")
ARRAYS = (".json", ".npz", ".csv")
LARGEST_PLANE = 100_000  # points; their statuses and reasons stay below 300 MB


class PlaneError(RegimesError):
    """Two ranges that do not make a phase diagram. Remedy: one of the planes that the message names."""


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
    model : its data distribution.
    x, y : the axes.
    fixed : every other parameter that entered, by name.
    definition : of the speciation time; None if there is none in the diagram.
    layers : quantity -> estimate, with the statuses and reasons of its elements. Shape (y, x); or, if the time is an axis and the
        quantity does not depend on it, the shape of the other axis.
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
        InputError : the suffix is none of these.
        MissingExtraError : a picture without Matplotlib.
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


def diagram(
    model: DataModel | str, x: tuple[str, Sequence[float] | FloatArray], y: tuple[str, Sequence[float] | FloatArray], *,
    definition: str | None = None, progress: Callback | bool | None = None, **fixed: float,
) -> Diagram:  # fmt: skip
    """Critical times of a model over a plane.

    Parameters
    ----------
    model : a model or its name.
    x, y : name and increasing values of the axes: two of the model's parameters, alpha, t, n and d.
    definition : of the speciation time; "snr" if none is named. There is one only for a model with classes and d given.
    progress : called as ``progress(what, done, total)``; None shows a bar on standard error if that is a terminal, False nothing.
    fixed : numbers for the other parameters; defaults apply. With alpha given, d enters the speciation time only; with n and d given,
        alpha = log(n)/d.

    Raises
    ------
    PlaneError, UnknownNameError, MissingParameterError, DomainError : what is wrong and what would be right.
    """
    return over_plane(get_model(model) if isinstance(model, str) else model, x, y, fixed, definition, progress)


def over_plane(
    model: DataModel, x: tuple[str, Any], y: tuple[str, Any], fixed: Mapping[str, Any], definition: str | None,
    progress: Callback | bool | None = None,
) -> Diagram:  # fmt: skip
    """The same, for parameters of any name."""
    sides = (_axis(model, *x), _axis(model, *y))
    own = _read(model, sides, fixed)
    plane = {sides[0].name: sides[0].values[None, :], sides[1].name: sides[1].values[:, None]}
    along = {a.name: a.values for a in sides if a.param is not TIME}
    timed = len(along) == 1
    wanted = _wanted(model, own.keys() | plane.keys(), timed, definition)
    layers = {}
    with shown(progress) as show:
        for done, (name, options) in enumerate(wanted.items(), 1):
            line = timed and name != GLASS  # a function of the other axis alone
            shape = next(iter(along.values())).shape if line else (sides[1].values.size, sides[0].values.size)
            entering = _entering(model, quantities(model)[name], own | (along if line else plane))
            layers[name] = _spread(predict(model, name, **(entering | options)), shape)
            show(name, done, len(wanted))
    chosen = wanted.get(SPECIATION, {}).get("definition")
    return Diagram(model, *sides, own, chosen, layers)


def parameters(model: DataModel) -> dict[str, Param]:
    """What can be an axis or a fixed number, by name."""
    return {p.name: p for p in (*model.params, ALPHA, TIME, DIMENSION, POINTS)}


def planes(model: DataModel) -> str:
    """Which diagrams there are, in words."""
    return f"a phase diagram of {model.name} has two axes NAME=lo:hi:count out of {', '.join(parameters(model))}; the others are numbers"


def _axis(model: DataModel, name: str, values: Any) -> Axis:
    known = parameters(model)
    if name not in known:
        raise UnknownNameError("axis of a phase diagram", name, known)
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size < 2 or not (np.diff(array) > 0).all():
        raise PlaneError(f"the values of {name} do not make an axis: give at least two, in increasing order, as in {name}=lo:hi:count")
    known[name].check(array)
    return Axis(known[name], array)


def _read(model: DataModel, sides: tuple[Axis, Axis], fixed: Mapping[str, Any]) -> dict[str, float]:
    """The fixed parameters, defaults included, if with the axes they make a diagram."""
    if "collapse-time" not in quantities(model):
        raise PlaneError(f"{model.name} ({model.doc}) has no collapse time: there is no phase diagram of it")
    x, y = (a.name for a in sides)
    if x == y:
        raise PlaneError(f"both axes are {x}: {planes(model)}")
    if sides[0].values.size * sides[1].values.size > LARGEST_PLANE:
        raise PlaneError(f"the plane has {sides[0].values.size * sides[1].values.size} points; at most {LARGEST_PLANE} are computed")
    known = parameters(model)
    for name, value in fixed.items():
        if name not in known:
            raise UnknownNameError("parameter of a phase diagram", name, [*known, "definition"])
        if name in (x, y):
            raise PlaneError(f"{name} is an axis and a number: give it once")
        if isinstance(value, str) or np.ndim(value):
            raise DomainError(f"{name}={value} is not a number: {known[name].domain}")
        known[name].check(float(value))
    if TIME.name in fixed:
        raise PlaneError(f"t={fixed[TIME.name]:g}: a phase diagram shows times; make t an axis, as in t=0.05:2:80, or leave it out")
    names = {x, y, *fixed}
    if ALPHA.name in names and POINTS.name in names:
        raise DomainError("alpha = log(n)/d is given twice: give alpha, or n and d, not both")
    if ALPHA.name not in names and not {POINTS.name, DIMENSION.name} <= names:
        raise MissingParameterError("a phase diagram needs alpha = log(n)/d: give alpha=VALUE or alpha=lo:hi:count, or n and d")
    if DIMENSION.name in names and POINTS.name not in names and model.class_count < 2:
        raise PlaneError(f"d does not enter: {model.name} has one class, so no speciation time; give alpha alone, or n and d")
    own = model.complete({**fixed, **{a.name: a.values for a in sides}})
    completed = {p.name: float(own[p.name]) for p in model.params if p.name not in (x, y)}
    return completed | {name: float(value) for name, value in fixed.items()}


def _wanted(model: DataModel, given: Set[str], timed: bool, definition: str | None) -> dict[str, dict[str, str]]:
    """Quantity -> options of `predict`, in the order of the layers."""
    table = quantities(model)
    wanted: dict[str, dict[str, str]] = {name: {} for name in COLLAPSE if name in table and (timed or name != "condensation-time")}
    speciates = SPECIATION in table and model.class_count > 1
    if speciates and DIMENSION.name in given:
        known = table[SPECIATION].methods
        if definition is not None and definition not in known:
            raise UnknownNameError("definition", definition, known)
        wanted[SPECIATION] = {"definition": definition or "snr"}
    elif definition is not None:
        reason = "give d=VALUE too" if speciates else f"{model.name} has one class and no such time"
        raise MissingParameterError(f"definition={definition} is one of the speciation time, which needs d and classes: {reason}")
    return wanted | ({GLASS: {}} if timed and GLASS in table else {})


def _entering(model: DataModel, what: Quantity, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that this quantity takes."""
    names = {p.name for p in (*model.params, *what.needs)}
    if ALPHA.name in names and ALPHA.name not in given:
        names |= {POINTS.name, DIMENSION.name}
    return {name: value for name, value in given.items() if name in names}


def _spread(estimate: Estimate, shape: tuple[int, ...]) -> Estimate:
    """Over all points of the layer, also those axes that do not enter; without what a diagram does not keep."""
    reason = estimate.reason.astype(f"<U{max(1, int(np.strings.str_len(estimate.reason).max()))}")  # no wider than the longest
    return replace(
        estimate, value=np.broadcast_to(estimate.value, shape), error=np.broadcast_to(estimate.error, shape),
        status=np.broadcast_to(estimate.status, shape), reason=np.broadcast_to(reason, shape), parameters={}, text=np.empty(0, dtype="<U1"),
    )  # fmt: skip
