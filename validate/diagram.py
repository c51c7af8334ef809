"""Phase diagrams: the critical times of a model over a plane of two parameters, or over the time and one parameter.

A plane with the time as an axis holds lines - collapse, accuracy, onset and speciation times as functions of the other axis - and
the condensation parameter m* everywhere; a plane of two parameters holds the times themselves. One call of `predict` per quantity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from regimes.numerics.arrays import FloatArray
from regimes.numerics.estimate import Estimate
from regimes.numerics.model_files.reader import get_model
from regimes.numerics.predict import predict, quantities
from regimes.numerics.quantity import Quantity
from regimes.terminal import Callback, shown
from regimes.theory.errors import DomainError, MissingParameterError, RegimesError, UnknownNameError
from regimes.theory.model import DataModel
from regimes.theory.params import ALPHA, DIMENSION, POINTS, TIME
from regimes.validate.pages.diagram_arrays import GLASS, SPECIATION, Axis, Diagram, parameters

if TYPE_CHECKING:
    pass


COLLAPSE = ("collapse-time", "condensation-time", "accuracy-time", "onset-time")
LARGEST_PLANE = 100_000  # points; their statuses and reasons stay below 300 MB


class PlaneError(RegimesError):
    """Two ranges that do not make a phase diagram. Remedy: one of the planes that the message names."""


def diagram(
    model: DataModel | str, x: tuple[str, Sequence[float] | FloatArray], y: tuple[str, Sequence[float] | FloatArray], *,
    definition: str | None = None, progress: Callback | bool | None = None, **fixed: float,
) -> Diagram:  # fmt: skip
    """Critical times of a model over a plane.

    Parameters
    ----------
    model : DataModel or str
        A model or its name.
    x, y : tuple
        Name and increasing values of the axes: two of the model's parameters, alpha, t, n and d.
    definition : str, optional
        Of the speciation time; "snr" if none is named. There is one only for a model with classes and d given.
    progress : callable or bool, optional
        Called as ``progress(what, done, total)``; None shows a bar on standard error if that is a terminal, False nothing.
    fixed : float
        Numbers for the other parameters; defaults apply. With alpha given, d enters the speciation time only; with n and d given, alpha =
        log(n)/d.

    Raises
    ------
    PlaneError, UnknownNameError, MissingParameterError, DomainError
        What is wrong and what would be right.
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
