"""Curie-Weiss: magnetisation, and the energy levels inside a state.

Notation: m solves m = tanh(beta m + h) with the sign of the field (at h = 0 and beta > 1 either sign: the states mirror each other, and
collapse is the same in both).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.arrays import EPS, Answer, FloatArray, Pair, Values, count_of
from regimes.numerics.collapse.levels import EnergyLevels
from regimes.numerics.runtime.functions import log_cosh, odd_tail
from regimes.numerics.runtime.quadrature import normal_average
from regimes.theory.laws import CurieWeiss
from regimes.theory.model import DataModel


def solve_magnetisation(beta: FloatArray, h: FloatArray) -> tuple[Pair, FloatArray]:
    """The largest root m >= 0 of m = tanh(beta m + |h|), and the smaller weight (1 - m)/2, each to relative accuracy; arrays (P,).

    The equation is solved as (beta - 1) m + |h| = atanh(m) - m, whose sides do not cancel near the critical point.
    """
    field, gain = np.abs(h), beta - 1

    def excess(m: FloatArray) -> FloatArray:
        # atanh(m) - m, by its series where it cancels
        return np.where(m < 1 / 3, odd_tail(np.minimum(m, 1 / 3)), np.arctanh(np.minimum(m, 1 - EPS / 2)) - m)

    # In w = atanh(m) the root is unique: beta tanh(w) + |h| - w falls through zero once for w > 0 (unless h = 0 and beta <= 1).
    low, high = np.full_like(beta, 1e-300), beta + field + 1e-300
    y_low, y_high = np.log(low), np.log(high)
    for _ in range(1100):
        middle = 0.5 * (y_low + y_high)
        w = np.exp(middle)
        m = np.tanh(w)
        up = np.where(m < 1 / 3, gain * m + field - excess(m), beta * m + field - w) > 0
        y_low, y_high = np.where(up, middle, y_low), np.where(up, y_high, middle)
        if np.all(y_high - y_low <= 2 * EPS * np.maximum(1, np.abs(y_high))):
            break
    w = np.exp(y_low)
    m = np.tanh(w)
    ordered = (field > 0) | (gain > 0)
    m, w = np.where(ordered, m, 0.0), np.where(ordered, w, 0.0)
    # Rounding of the equation's terms over its slope in m, which vanishes at the critical point
    slope = np.abs(gain - m**2 / (1 - np.minimum(m**2, 1 - EPS))) + 1e-300
    error = np.where(ordered, np.minimum(16 * EPS * (np.abs(gain) * m + field + excess(m)) / slope, 1.0) + 2 * EPS * m, 0.0)
    return Pair(m, error), 1 / (1 + np.exp(2 * w))


def coupling_and_field(model: DataModel, values: Values) -> tuple[FloatArray, FloatArray]:
    """beta and h of the law at P parameter points."""
    law, count = model.law({p.name: values[p.name] for p in model.params}), count_of(values)
    assert isinstance(law, CurieWeiss)
    beta, h = (np.array(np.broadcast_to(np.asarray(entry, dtype=float), (count,))) for entry in (law.beta, law.h))
    return beta, h


def magnetisation(model: DataModel, values: Values) -> Answer:
    """Magnetisation of the state that the field selects; positive at h = 0."""
    beta, h = coupling_and_field(model, values)
    (m, error), _ = solve_magnetisation(beta, h)
    return Answer.of(Pair(np.where(h < 0, -m, m), error))


def levels(model: DataModel, values: Values) -> EnergyLevels:
    """The levels inside the state, seen from a point of its own."""
    beta, h = coupling_and_field(model, values)
    return MeanFieldLevels(beta, np.abs(h))


class MeanFieldLevels:
    """`EnergyLevels` of coupled spins in their state.

    At tilt one the levels are those of independent spins with the magnetisation M of the state; at any other tilt the mean field u
    answers (data of other magnetisations outnumber, or lie lower): with F = beta u + h + lam sqrt(gamma) x,

        g = max_u {-beta u^2/2 + E_x log 2cosh F} - lam (1 + 2 gamma)/2 - {the same at lam = 0, u = M}.

    Derived in `regimes.theory.laws.curie_weiss.levels`. The field h is taken to be positive: its sign only mirrors the state.
    """

    def __init__(self, beta: FloatArray, h: FloatArray) -> None:
        from regimes.numerics.laws.product.levels import ScalarLevels

        self._beta, self._h = beta, h
        self._state, self._rare = solve_magnetisation(beta, h)
        self._ordered = (beta > 1) | (h > 0)
        spins = np.broadcast_to(np.array([1.0, -1.0]), (beta.size, 2))
        self._spins = ScalarLevels.discrete(np.stack([1 - self._rare, self._rare], axis=1), spins)

    def select(self, index: NDArray[Any]) -> MeanFieldLevels:
        return MeanFieldLevels(self._beta[index], self._h[index])

    def cumulant(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        value, error = self.reduced(gamma, lam)
        return Pair(value - lam / 2, error + EPS * lam)

    def reduced(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        field = self._field(gamma, lam)
        value, error = self._over_outputs(_log_cosh_gap, gamma, lam, field, self._base())
        entropy = -self._beta * (field - self._state.value) * (field + self._state.value) / 2
        # the value is stationary in the field
        return Pair(entropy + value - lam * gamma, error + 4 * EPS * (np.abs(entropy) + np.abs(value) + lam * gamma + self._base()))

    def energy(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        slope, error = self._over_outputs(_response, gamma, lam, self._field(gamma, lam))
        return Pair((1 + 2 * gamma) / 2 - slope, error + 4 * EPS * (1 + gamma))

    def fluctuation(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        u = self._field(gamma, lam)
        own, first, second = (self._over_outputs(f, gamma, lam, u) for f in (_spread, _coupling, _stiffness))
        rest = 1 - self._beta * second.value
        value = own.value + np.where(self._ordered, self._beta * first.value**2 / np.maximum(rest, EPS), 0)
        error = own.error + np.where(self._ordered, 2 * self._beta * np.abs(first.value) * first.error / np.maximum(rest, EPS), 0)
        return Pair(value, error + 16 * EPS * value / np.maximum(rest, EPS))

    def rate(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        (g, g_error), (energy, energy_error) = self.reduced(gamma, lam), self.energy(gamma, lam)
        by_cumulant = Pair(lam * (0.5 - energy) - g, lam * energy_error + g_error)
        at_one = self._spins.rate(gamma, lam)  # independent spins: exact at tilt one, and at every tilt without order
        free = (lam == 1) | ~self._ordered
        return Pair(np.where(free, at_one.value, by_cumulant.value), np.where(free, at_one.error, by_cumulant.error))

    def information(self, gamma: FloatArray) -> Pair:
        return self._spins.information(gamma)

    def mmse(self, gamma: FloatArray) -> Pair:
        return self._spins.mmse(gamma)

    def dispersion(self, gamma: FloatArray) -> Pair:
        own = self._spins.dispersion(gamma)
        # The fluctuating magnetisation, of variance (1 - M^2)/(1 - beta (1 - M^2))/d, moves the information density with it.
        by_spin = [_spin_average(_log_mixture, sign, gamma, 1 - self._rare, self._rare) for sign in (1.0, -1.0)]
        both = self._rare * (1 - self._rare)
        covariance = 2 * both * (by_spin[1].value - by_spin[0].value)
        softness = np.where(self._ordered, self._beta / np.maximum(1 - 4 * self._beta * both, EPS), 0)
        error = 4 * both * np.abs(covariance) * softness * (by_spin[0].error + by_spin[1].error + 4 * EPS)
        return Pair(own.value + covariance**2 * softness, own.error + error)

    def onset(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        shift, plus, minus = lam * gamma, 1 - self._rare, self._rare

        def response(u: FloatArray) -> tuple[FloatArray, FloatArray]:
            fields = [self._beta * u + self._h + sign * shift for sign in (1, -1)]
            tanh = [np.tanh(f) for f in fields]
            value = plus * tanh[0] + minus * tanh[1]
            return value, self._beta * (plus * (1 - tanh[0] ** 2) + minus * (1 - tanh[1] ** 2))

        u = self._largest(response)
        fields = [self._beta * u + self._h + sign * shift for sign in (1, -1)]
        value = plus * _log_cosh_difference(fields[0], self._base()) + minus * _log_cosh_difference(fields[1], self._base())
        value = value - self._beta * (u - self._state.value) * (u + self._state.value) / 2 - shift
        return Pair(value, 8 * EPS * (1 + shift + np.abs(self._base()) + self._beta))

    def largest_information(self) -> FloatArray:
        return self._spins.largest_information()

    def _base(self) -> FloatArray:
        return np.asarray(self._beta * self._state.value + self._h)

    def _field(self, gamma: FloatArray, lam: FloatArray) -> FloatArray:
        def response(u: FloatArray) -> tuple[FloatArray, FloatArray]:
            value, slope = (self._over_outputs(f, gamma, lam, u).value for f in (_magnetisation, _stiffness))
            return value, self._beta * slope

        return self._largest(response)

    def _largest(self, response: Callable[[FloatArray], tuple[FloatArray, FloatArray]]) -> FloatArray:
        """The largest u with u = response(u), by Newton's method from above; zero without order."""
        u = np.where(self._ordered, 1.0, 0.0)
        for _ in range(80):
            value, slope = response(u)
            step = np.where(self._ordered, (u - value) / np.maximum(1 - slope, 1e-3), 0.0)
            u = np.clip(u - step, -1.0, 1.0)
            if np.all(np.abs(step) <= 2 * EPS * np.maximum(np.abs(u), 1e-3)):
                break
        return u

    def _over_outputs(self, f: Callable[..., Any], gamma: FloatArray, lam: FloatArray, u: FloatArray, *more: FloatArray) -> Pair:
        """Mean of f(field, x sqrt(gamma), ...) over outputs x = sqrt(gamma) s + z of the state's spins s."""
        root = np.sqrt(gamma)
        slope, total, error = lam * root, np.zeros_like(gamma), np.zeros_like(gamma)
        for sign, weight in ((1.0, 1 - self._rare), (-1.0, self._rare)):
            shift = self._beta * u + self._h + sign * lam * gamma

            def integrand(z: Any, slope: Any, shift: Any, root: Any, sign: Any, *rest: Any) -> Any:
                return f(shift + slope * z, root * (sign * root + z), *rest)

            value, off = normal_average(integrand, slope, shift, root, np.full_like(gamma, sign), *more, features=[(slope, shift)])
            total, error = total + weight * value, error + weight * off
        return Pair(total, error)


def _magnetisation(field: Any, at: Any) -> Any:
    del at
    return np.tanh(field)


def _stiffness(field: Any, at: Any) -> Any:
    del at
    return 1 / np.cosh(np.clip(field, -350, 350)) ** 2


def _response(field: Any, at: Any) -> Any:
    return at * np.tanh(field)


def _coupling(field: Any, at: Any) -> Any:
    return at / np.cosh(np.clip(field, -350, 350)) ** 2


def _spread(field: Any, at: Any) -> Any:
    return (at / np.cosh(np.clip(field, -350, 350))) ** 2


def _log_cosh_gap(field: Any, at: Any, base: Any) -> Any:
    del at
    return _log_cosh_difference(field, base)


def _log_cosh_difference(field: Any, base: Any) -> Any:
    return log_cosh(np.asarray(field)) - log_cosh(np.asarray(base))


def _spin_average(f: Callable[..., Any], sign: float, gamma: FloatArray, plus: FloatArray, minus: FloatArray) -> Pair:
    """Mean of f over outputs of one spin."""
    root = np.sqrt(gamma)
    value, error = normal_average(lambda z, r, p, q: f(sign, z, r, p, q), root, plus, minus, features=[(2 * root, 2 * sign * gamma)])
    return Pair(value, error)


def _log_mixture(sign: float, z: Any, root: Any, plus: Any, minus: Any) -> Any:
    """log of the output density of both spins over that of the spin `sign`, at x = sign root + z."""
    own, other = (plus, minus) if sign > 0 else (minus, plus)
    return np.log(own) + np.logaddexp(0, np.log(other / own) - 2 * root * (root + sign * z))
