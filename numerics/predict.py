"""`predict(model, quantity, ...)`: numbers with errors, from generated kernels or finite-size integrals.

A kernel is evaluated in double and in extended precision: the difference measures what rounding did to the value. Points that
miss twelve digits are computed again in arbitrary precision, so the digits promised hold on the whole domain.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.arguments import choose_method, read_parameters
from regimes.numerics.codegen.generate import Kernel
from regimes.numerics.estimate import Estimate, Filling, decimal
from regimes.numerics.model_files.reader import get_model
from regimes.numerics.quantities.kernels import build, kernel
from regimes.numerics.quantities.table import Batched, Formula, Numeric, Quantity, get_quantity, quantities
from regimes.numerics.schedules.clock import Clock
from regimes.theory.errors import DomainError, RegimesError
from regimes.theory.laws import GaussianClusters
from regimes.theory.model import DataModel
from regimes.theory.params import ALPHA, DIMENSION, POINTS

__all__ = ["Estimate", "Quantity", "generate", "predict", "quantities"]

PROMISED = 1e-12  # relative error below which a value is given without arbitrary precision
Values = dict[str, NDArray[np.float64]]


def predict(
    model: DataModel | str,
    quantity: str,
    *,
    method: str | None = None,
    digits: int | None = None,
    schedule: str | None = None,
    **values: Any,
) -> Estimate:
    """Predict a quantity of a model.

    Parameters
    ----------
    model : a model or its name.
    quantity : see `quantities()`.
    method : one of the quantity's methods; the default is the first.
    digits : number of correct digits; values then come as decimal strings in `Estimate.text`, and decimal
        parameters such as 0.1 are read as that decimal.
    schedule : a name out of `regimes.theory.channel.schedules.SCHEDULES`, whose options may stand among `values`: the parameter t and every
        quantity that is a time are in its own clock. Everything else is that of the Ornstein-Uhlenbeck process at the same
        signal-to-noise ratio.
    values : the model's parameters (defaults apply) and the quantity's, numbers or arrays that broadcast;
        `definition=` for the speciation time.

    Returns
    -------
    Estimate : arrays of the broadcast shape. Twelve correct digits, or more as asked for, or a status that says why not.

    Raises
    ------
    UnknownNameError, MissingParameterError, DomainError : what is wrong and what would be right.
    """
    model = get_model(model) if isinstance(model, str) else model
    if schedule is not None:
        if digits is not None:
            raise DomainError("the clock of a schedule is computed in double precision: leave out --digits, the error is reported")
        clock, values = Clock.read(schedule, model, values)
        return clock.outwards(predict(model, quantity, method=method, **clock.inwards(values)), quantity, values)
    what = get_quantity(quantity, model)
    words = {k: v for k, v in values.items() if isinstance(v, str)}
    if not what.recipes:
        return _undefined(model, what, {k: v for k, v in values.items() if k not in words})
    method = choose_method(what, method, words, exact=digits is not None)
    params = read_parameters(model, what, method, {k: v for k, v in values.items() if k not in words}, words)
    shape = np.broadcast_shapes(*(np.shape(v) for v in params.values())) if params else ()
    arrays = {k: np.broadcast_to(np.asarray(v, dtype=np.float64), shape) for k, v in params.items()}
    recipe = what.recipes[method]
    result = Filling(shape, digits or 17)
    if what.classes and model.class_count < 2:
        result.none(np.ones(shape, dtype=bool), f"{model.name} has one class: there is nothing to tell apart")
    elif isinstance(recipe, Batched):
        _batched(result, model, what, recipe, arrays, digits)
    elif isinstance(recipe, Numeric):
        _numeric(result, model, recipe, arrays, digits)
    else:
        _formula(result, model, what, method, recipe, arrays, digits)
    shown: dict[str, NDArray[Any]] = dict(arrays)
    if what.name == "speciation-time":
        shown["definition"] = np.full(shape, method)
    return Estimate(result.value, result.error, result.status, result.reason, method, shown, result.text)


def _undefined(model: DataModel, what: Quantity, values: Mapping[str, Any]) -> Estimate:
    """What the model does not have: status "none" everywhere, with the reason."""
    given = {k: np.asarray(v, dtype=np.float64) for k, v in values.items()}
    shape = np.broadcast_shapes(*(v.shape for v in given.values())) if given else ()
    result = Filling(shape, 17)
    result.none(np.ones(shape, dtype=bool), f"{model.name} ({model.doc}) has no {what.name}"[:160])
    shown = {k: np.broadcast_to(v, shape) for k, v in given.items()}
    return Estimate(result.value, result.error, result.status, result.reason, "none", shown, result.text)


# -- formulas -----------------------------------------------------------------------------------------------------------


def generate(model: DataModel | str, quantity: str, *, target: str = "numpy", method: str | None = None) -> Kernel:
    """Stand-alone source for a quantity: `.load()` for the function, `.write(path)` for a file.

    Parameters
    ----------
    model, quantity, method : as in `predict`; for the speciation time the method is the definition ("snr" if none is named).
    target : "numpy" or "mpmath".
    """
    model = get_model(model) if isinstance(model, str) else model
    what = get_quantity(quantity, model)
    if what.name == "speciation-time" and method is None:
        method = "snr"
    if what.classes and model.class_count < 2:
        raise RegimesError(f"{model.name} has one class: {what.name} does not exist for it")
    if not what.recipes:
        raise RegimesError(f"{model.name} has no {what.name}")
    return build(model, what, choose_method(what, method, {}, exact=True), target, selftest=True)


def _formula(result: Filling, model: DataModel, what: Quantity, method: str, recipe: Formula, arrays: Values, digits: int | None) -> None:
    todo = np.ones(result.value.shape, dtype=bool)
    if recipe.symmetric:
        lopsided = _unequal_weights(model, arrays, result.value.shape)
        result.none(lopsided, "the classes have unequal weights: there is no symmetric point")
        todo &= ~lopsided
    if what.name == "speciation-time" and method == "cloning" and "level" not in arrays:
        lopsided = _unequal_weights(model, arrays, result.value.shape)
        _formula_default_level(result, model, what, arrays, todo, lopsided, digits)
        return
    _evaluate(result, model, what, method, recipe, arrays, todo, digits)


def _formula_default_level(
    result: Filling,
    model: DataModel,
    what: Quantity,
    arrays: Values,
    todo: NDArray[np.bool_],
    lopsided: NDArray[np.bool_],
    digits: int | None,
) -> None:
    """The default level is the cloning probability of balanced classes at kappa = 1: for them the time is that of kappa = 1."""
    from regimes.numerics.speciation.default_level import default_level

    snr, cloning = (what.recipes[name] for name in ("snr", "cloning"))
    assert isinstance(snr, Formula) and isinstance(cloning, Formula)
    _evaluate(result, model, what, "snr", snr, arrays, todo & ~lopsided, digits)
    if (todo & lopsided).any():
        level = np.full(result.value.shape, default_level())
        _evaluate(result, model, what, "cloning", cloning, {**arrays, "level": level}, todo & lopsided, digits)


def _unequal_weights(model: DataModel, arrays: Values, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    law = model.law({p.name: arrays[p.name] for p in model.params})
    assert isinstance(law, GaussianClusters)
    weights = law.weights
    return np.broadcast_to(np.asarray(weights[0] != weights[1]), shape).copy()


def _with_alpha(arrays: Mapping[str, Any], log: Any) -> dict[str, Any]:
    """Parameters with alpha = log(n)/d where n and d were given."""
    if ALPHA.name in arrays or POINTS.name not in arrays or DIMENSION.name not in arrays:
        return dict(arrays)
    return {**arrays, ALPHA.name: log(arrays[POINTS.name]) / arrays[DIMENSION.name]}


def _evaluate(
    result: Filling,
    model: DataModel,
    what: Quantity,
    method: str,
    recipe: Formula,
    arrays: Values,
    todo: NDArray[np.bool_],
    digits: int | None,
) -> None:
    left = np.array(todo)  # also where the arithmetic of 0-d arrays has made it a scalar
    extended = np.finfo(np.longdouble).eps < np.finfo(np.float64).eps
    if digits is None and extended and todo.any():
        fast = kernel(model, what.name, method, "numpy")
        run = fast.load_with_error()
        picked = {k: v[todo] for k, v in arrays.items()}
        with np.errstate(all="ignore"):
            wide = {k: v.astype(np.longdouble) for k, v in picked.items()}
            value, spread = run(*_arguments(fast, _with_alpha(wide, np.log)))
            count = int(todo.sum())
            value, spread = (np.broadcast_to(u, (count,)) for u in (value, spread))
            error = 4 * np.abs(spread) + np.abs(value) * 2.0**-53  # measured by two formats; a factor for what they share
            good = np.isfinite(value) & (error <= PROMISED * np.abs(value)) & (np.abs(value) > np.finfo(np.float64).tiny)
            # nan with a nan error is a kernel's word for "no root"; a time that is negative beyond its error does not exist either.
            absent = bool(recipe.positive) & ((np.isnan(value) & np.isnan(error)) | (value + error < 0))
            good &= ~((value <= 0) & bool(recipe.positive))
        where = np.argwhere(todo)
        for k in np.flatnonzero(absent):
            at = tuple(where[k])
            result.none(at, recipe.positive)
            left[at] = False
        for k in np.flatnonzero(good):
            at = tuple(where[k])
            result.fill(at, float(value[k]), float(error[k]), f"{float(value[k]):#.16g}")
            left[at] = False
    if left.any():
        _evaluate_slowly(result, kernel(model, what.name, method, "mpmath"), recipe, arrays, left, digits)


def _arguments(k: Kernel, values: Mapping[str, Any]) -> list[Any]:
    return [values[name.rstrip("_") if name not in values else name] for name in k.args]


def _evaluate_slowly(result: Filling, k: Kernel, recipe: Formula, arrays: Values, left: NDArray[np.bool_], digits: int | None) -> None:
    """Arbitrary precision, point by point: more digits until two precisions agree on those that were asked for."""
    import mpmath as mp

    wanted = digits or 16
    target = mp.mpf(10) ** (-wanted if digits else -14)
    run = k.load_with_error()
    for index in map(tuple, np.argwhere(left)):
        # With `digits` a decimal parameter means that decimal; without, the double it was rounded to.
        given = {name: repr(float(v[index])) if digits else float(v[index]) for name, v in arrays.items()}
        before, work, reason = None, wanted + 12, "the digits did not settle"
        while work <= 4 * (wanted + 60):
            with mp.workdps(work):
                try:
                    value, spread = run(*_arguments(k, _with_alpha({name: mp.mpf(u) for name, u in given.items()}, mp.log)))
                except (ValueError, ZeroDivisionError, ArithmeticError) as failure:
                    reason, value, spread = str(failure) or type(failure).__name__, mp.nan, mp.nan
                if recipe.positive and (mp.im(value) != 0 or mp.isnan(value) or mp.re(value) <= 0) and before is not None:
                    result.none(index, f"{recipe.positive}")
                    break
                if before is not None and not mp.isnan(value) and mp.im(value) == 0:
                    error = abs(value - before) + abs(spread)
                    if error <= target * abs(value):
                        text = mp.nstr(value, wanted, strip_zeros=False, min_fixed=-5, max_fixed=max(wanted, 17))
                        result.fill(
                            index, float(value), float(error + abs(value) * mp.mpf(10) ** (-wanted)), text, decimal=digits is not None
                        )
                        break
                before = value
            work = work * 3 // 2 + 10
        else:
            result.failed(index, f"not computed to {wanted} digits: {reason}"[:160])


# -- batched numerics -----------------------------------------------------------------------------------------------------


def _batched(result: Filling, model: DataModel, what: Quantity, recipe: Batched, arrays: Values, digits: int | None) -> None:
    """One call for all points; twelve digits where the error allows, else as many as there are (at least three)."""
    if digits is not None:
        formulas = [name for name, r in what.recipes.items() if isinstance(r, Formula)]
        also = f"; method {' or '.join(formulas)} gives any number of digits" if formulas else ""
        raise DomainError(f"this method computes in double precision: leave out --digits, its error is reported{also}")
    function = getattr(import_module(recipe.module), recipe.function)
    count = result.value.size
    flat = {k: np.ascontiguousarray(v, dtype=np.float64).ravel() for k, v in _with_alpha(arrays, np.log).items()}
    answer = function(model, flat or {"": np.zeros(count)})
    for k, index in enumerate(np.ndindex(result.value.shape)):
        value, error, reason = float(answer.value[k]), float(answer.error[k]), str(answer.reason[k])
        if math.isfinite(value) and (error <= recipe.loosest * abs(value) or (value == 0 and error < 1e-13)):
            result.fill(index, value, error, decimal(value, error))
        elif math.isnan(value) and reason:
            result.none(index, reason)
        else:
            result.failed(index, reason or f"the digits did not settle: {value:.6g} with an error of {error:.1g}")


# -- integrals ------------------------------------------------------------------------------------------------------------


def _numeric(result: Filling, model: DataModel, recipe: Numeric, arrays: Values, digits: int | None) -> None:
    """Finite-size integrals: one call per distinct setting of everything but the time."""
    if digits is not None:
        raise DomainError("an integral over finite n and d is computed in double precision: leave out --digits, its error is reported")
    function = getattr(import_module(recipe.module), recipe.function)
    flat = {k: v.ravel() for k, v in arrays.items()}
    others = [k for k in flat if k != "t"]
    rows = np.stack([flat[k] for k in others], axis=1) if others else np.zeros((result.value.size, 0))
    settings, member = np.unique(rows, axis=0, return_inverse=True)
    values, errors = np.empty(result.value.size), np.empty(result.value.size)
    for j, row in enumerate(settings):
        at = np.flatnonzero(member.ravel() == j)
        given = dict(zip(others, map(float, row), strict=True))
        dimension = given["d"]
        if dimension != math.floor(dimension):
            raise DomainError(f"d={dimension:g} is not a whole number: the finite-size integrals need one")
        law = model.law({p.name: given[p.name] for p in model.params})
        values[at], errors[at] = function(law, flat["t"][at], given["n"], int(dimension))
    for k, index in enumerate(np.ndindex(result.value.shape)):
        if math.isfinite(values[k]):
            result.fill(index, float(values[k]), float(errors[k]), f"{float(values[k]):#.12g}")
        else:
            result.failed(index, "the integral did not settle")
