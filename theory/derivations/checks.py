"""The check of each kind of step."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import mpmath as mp

from regimes.theory.derivations.step import DIGITS, Conjecture, Definition, Identity, Limit, Outcome, Sampler, Stationarity, Step
from regimes.theory.errors import DerivationError
from regimes.theory.symbolic.evaluate import along, value

_GUARD = 12  # extra working digits, so that 30 survive differences and sums


def check(derivation: Sampler, step: Step, rng: random.Random) -> Outcome:
    """Check one step; a step that cannot be evaluated has failed, and the message says why."""
    try:
        with mp.workdps(DIGITS + _GUARD):
            match step.details:
                case Definition():
                    return Outcome(True, f"definition ({step.reference or 'notation'})")
                case Identity() as details:
                    return _identity(derivation, step, details, rng)
                case Limit() as details:
                    return _limit(derivation, step, details, rng)
                case Stationarity() as details:
                    with mp.workdps(details.digits + _GUARD):
                        return _stationary_points(derivation, step, details, rng)
                case Conjecture(covered_by):
                    return Outcome(True, f"large-d argument, covered by the simulation of '{covered_by}'")
    except (DerivationError, ZeroDivisionError, ValueError) as error:
        return Outcome(False, "not evaluated", message=f"rule '{step.rule}' of step '{step.name}': {error}")


def _points(derivation: Sampler, step: Step, rng: random.Random, count: int) -> Iterator[dict[Any, Any]]:
    tries = 0
    while count:
        tries += 1
        if tries > 2000:
            raise DerivationError("no point of the domain satisfies the step's condition")
        point = derivation.point(rng, step)
        if step.where is None or step.where(point):
            count -= 1
            yield point


def _show(point: Mapping[Any, Any]) -> str:
    return ", ".join(f"{s}={mp.nstr(u, 12)}" for s, u in sorted(point.items(), key=lambda item: str(item[0])))


def _failure(step: Step, point: Mapping[Any, Any], left: Any, right: Any) -> str:
    return (
        f"rule '{step.rule}' of step '{step.name}' fails at {_show(point)}: left {mp.nstr(left, 20)}, right {mp.nstr(right, 20)}; "
        f"left side {step.left}; right side {step.right}"
    )


def _identity(derivation: Sampler, step: Step, details: Identity, rng: random.Random) -> Outcome:
    count, digits = details.points, details.digits
    worst = 0.0
    with mp.workdps(digits + _GUARD):
        for point in _points(derivation, step, rng, count):
            left, right = value(step.left, point), value(step.right, point)
            scale = max(abs(left), abs(right))
            error = float(abs(left - right) / scale) if scale > mp.mpf(10) ** -digits else float(abs(left - right))
            worst = max(worst, error)
            if not error <= 10.0**-digits:
                return Outcome(False, "numbers", worst, _failure(step, point, left, right))
    return Outcome(True, f"{count} random point{'s' if count > 1 else ''}, {digits} digits", worst)


def _limit(derivation: Sampler, step: Step, details: Limit, rng: random.Random) -> Outcome:
    variable, exponent = details.variable, details.exponent
    sign = 1 if details.towards == "infinity" else -1
    first = details.first or min(20, int(24 / (0.302 * exponent)))  # the error must stay visible above the working precision
    worst = 0.0
    for point in _points(derivation, step, rng, details.points):
        errors = []
        for k in range(first, first + 3):
            at = derivation.insert({**point, variable: mp.mpf(2) ** (sign * k)}, step)
            left, right = value(step.left, at), value(step.right, at)
            errors.append(abs(left - right))
        if any(e < mp.mpf(10) ** -(DIGITS + _GUARD - 6) for e in errors):
            return Outcome(
                False, "limit", message=f"step '{step.name}': the two sides are equal at {_show(at)}; declare an identity instead"
            )
        slopes = [float(mp.log(errors[k] / errors[k + 1], 2)) for k in (0, 1)]
        worst = max(worst, *(abs(s - exponent) for s in slopes))
        if worst > 0.05:
            return Outcome(
                False,
                "limit",
                worst,
                _failure(step, at, left, right) + f"; error falls with exponent {slopes[-1]:.3f}, declared {exponent}",
            )
    return Outcome(True, f"error falls with exponent {exponent} (measured to {worst:.1e}) along powers of two from 2^{first}", worst)


def _stationary_points(derivation: Sampler, step: Step, details: Stationarity, rng: random.Random) -> Outcome:
    objective, u, count, digits = details.objective, details.variable, details.points, details.digits
    worst = 0.0
    for point in _points(derivation, step, rng, count):
        root = value(step.value, point)
        height = along(objective, u, point)
        slope, bend = mp.diff(height, root), mp.diff(height, root, 2)
        error = float(abs(slope) / (abs(bend) * max(abs(root), mp.mpf(10) ** -digits)))
        worst = max(worst, error)
        if error > 10.0 ** (-digits // 2):
            return Outcome(False, "stationarity", worst, _failure(step, point, slope, mp.mpf(0)))
        if mp.sign(bend) != details.curvature:
            return Outcome(
                False, "stationarity", worst, f"step '{step.name}': curvature {mp.nstr(bend, 8)} has the wrong sign at {_show(point)}"
            )
        low, high = (value(end, {**point, u: root}) for end in details.interval)
        with mp.workdps(22):
            heights = [height(low + (high - low) * k / 64) for k in range(65)]
            signs = [mp.sign(after - before) for before, after in pairwise(heights) if after != before]
        turns = sum(1 for s, r in pairwise(signs) if s != r)
        if turns != details.count:
            return Outcome(
                False,
                "stationarity",
                worst,
                f"step '{step.name}': {turns} stationary points in ({mp.nstr(low, 6)}, {mp.nstr(high, 6)}), "
                f"{details.count} declared, at {_show(point)}",
            )
    return Outcome(True, f"gradient, curvature and number of stationary points at {count} random points, {digits // 2} digits", worst)
