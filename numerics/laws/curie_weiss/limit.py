"""Curie-Weiss at large d: two states of magnetisations m_+ > 0 > m_-, told apart as two Gaussian clusters are.

On the scale of speciation, t - log(d)/2 fixed, the log-odds are Gaussian with kappa = d [(m_+ - m_-)/2]^2 e^{-2t}; the weights of the
states are exp(d phi(m))/sqrt(1 - beta (1 - m^2)) by Laplace's method, phi(m) = beta m^2/2 + h m + entropy of spins of mean m.
"""

from __future__ import annotations

import numpy as np
import scipy

from regimes.numerics.arrays import EPS, Answer, FloatArray, Pair, TextArray, Values
from regimes.numerics.laws.curie_weiss.levels import coupling_and_field, solve_magnetisation
from regimes.numerics.laws.curie_weiss.odds import ONE_STATE, odds
from regimes.numerics.speciation.from_odds import agreement, divergence
from regimes.numerics.speciation.line_average import normal_averages
from regimes.numerics.speciation.odds import OddsFunction
from regimes.theory.model import DataModel

SPINODAL = "the field leaves one state: the other is not even metastable"


def states(beta: FloatArray, h: FloatArray) -> tuple[FloatArray, FloatArray, TextArray]:
    """m_+, m_- and, where there are not two states, why, (P,) each."""
    field = np.abs(h)
    (favoured, _), _ = solve_magnetisation(beta, h)
    turn = np.arccosh(np.sqrt(np.maximum(beta, 1)))  # of beta tanh w - w, whose second root is the other state's w = atanh |m|
    low, high = turn.copy(), np.maximum(beta, turn)
    there = (beta > 1) & (beta * np.tanh(turn) - turn > field)
    for _ in range(80):
        middle = (low + high) / 2
        up = beta * np.tanh(middle) - middle > field
        low, high = np.where(up, middle, low), np.where(up, high, middle)
    other = np.where(h == 0, favoured, np.tanh(low))
    sign = np.where(h < 0, -1, 1)
    plus, minus = np.where(sign > 0, favoured, other), -np.where(sign > 0, other, favoured)
    reason = np.where(beta > 1, np.where(there | (h == 0), "", SPINODAL), ONE_STATE).astype(object)
    return plus, minus, reason


def _log_shares(beta: FloatArray, h: FloatArray, d: FloatArray, m: FloatArray) -> FloatArray:
    w = np.arctanh(m)
    # at the state the entropy is log 2cosh(w) - m w
    free = beta * m**2 / 2 + h * m + np.log(2 * np.cosh(w)) - m * w
    return np.asarray(d * free - np.log1p(-beta * (1 - m**2)) / 2)


def weighted_states(model: DataModel, values: Values) -> tuple[FloatArray, FloatArray, FloatArray, TextArray]:
    """m_+, m_-, the log-odds of their weights and, where there are not two states, why, (P,) each."""
    (beta, h), d = coupling_and_field(model, values), values["d"]
    plus, minus, reason = states(beta, h)
    with np.errstate(invalid="ignore", divide="ignore"):
        bias = np.where(h == 0, 0.0, _log_shares(beta, h, d, plus) - _log_shares(beta, h, d, minus))
    return plus, minus, bias, reason


def _two(model: DataModel, values: Values) -> tuple[FloatArray, FloatArray, TextArray]:
    """Strength d [(m_+ - m_-)/2]^2, log-odds of the weights of + and -, reasons."""
    plus, minus, bias, reason = weighted_states(model, values)
    return values["d"] * ((plus - minus) / 2) ** 2, bias, reason


def kappa(model: DataModel, values: Values) -> Answer:
    """d [(m_+ - m_-)/2]^2 e^{-2t}."""
    strength, _, reason = _two(model, values)
    value = strength * np.exp(-2 * values["t"])
    return Answer.of(Pair(value, 63 * EPS * value), reason)


def class_weight(model: DataModel, values: Values) -> Answer:
    """Weight of the state of positive magnetisation, by Laplace's method."""
    _, bias, reason = _two(model, values)
    value = 1 / (1 + np.exp(-bias))
    _, h = coupling_and_field(model, values)
    return Answer.of(Pair(value, 8 * EPS * (1 + values["d"] * np.abs(h)) * value * (1 - value)), reason)


def _universal(model: DataModel, values: Values, f: OddsFunction) -> Answer:
    strength, bias, reason = _two(model, values)
    value, error = np.full(bias.size, np.nan), np.full(bias.size, np.nan)
    rows = np.flatnonzero(reason == "")
    if rows.size:
        weight = 1 / (1 + np.exp(-bias[rows]))
        weights = np.stack([weight, 1 / (1 + np.exp(bias[rows]))], axis=1)
        found: Pair = normal_averages((strength * np.exp(-2 * values["t"]))[rows], weights, f)
        value[rows], error[rows] = ((weights * part[..., 0]).sum(1) for part in found)
    return Answer.of(Pair(value, error), reason)


def cloning_probability(model: DataModel, values: Values) -> Answer:
    """The universal curve phi(kappa) with the weights of the states."""
    return _universal(model, values, agreement)


def class_information(model: DataModel, values: Values) -> Answer:
    """The universal curve of the class information with the weights of the states."""
    return _universal(model, values, divergence)


def _confusion(log_odds: FloatArray, weights: FloatArray, own: int) -> FloatArray:
    """Posterior probability that two draws of the class differ: 2 p (1 - p)."""
    return 1 - agreement(log_odds, weights, own)


def class_information_rate(model: DataModel, values: Values) -> Answer:
    """-dI(class; x_t)/dt = 2 kappa (1 - phi): dI/dkappa is half the mean squared error of the sign, and kappa falls as e^{-2t}."""
    strength, apart = kappa(model, values), _universal(model, values, _confusion)
    value = 2 * strength.value * apart.value
    return Answer(value, 2 * strength.value * apart.error + 2 * strength.error * apart.value, apart.status, apart.reason)


def class_weight_exact(model: DataModel, values: Values) -> Answer:
    """Weight of the positive sign of the magnetisation at finite d."""
    weights = odds(model, values).weights(values["d"])
    rounding = 8 * EPS * (4 + np.asarray(scipy.special.gammaln(values["d"] + 1)))
    return Answer.of(Pair(weights[:, 0], rounding * weights[:, 0] * weights[:, 1]))
