"""Quadrature over the external field of a chain: nodes and weights whose number is known beforehand from the singularities.

Notation: v = u + h, h normal with mean `mean` and standard deviation `sd`; functions of v are analytic for |Im v| < pi/2, and for
|v| > beta + 20 linear up to rounding.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

from regimes.numerics.arrays import FloatArray

_STRIP = np.pi / 2  # singularities of U and phi are at +-beta +- i pi/2
_PANEL = 4.0  # length of a Gauss-Legendre panel


class Resolution(NamedTuple):
    """What P chains need for errors of order exp(-exponent).

    Attributes
    ----------
    nodes : (P,) array
        Chebyshev nodes of the cavity field.
    noise : (P,) array
        Nodes of the external field.
    window : (P,) array
        Whether they cover only the window where functions of v bend, the rest in closed form.
    exponent : float
        As asked for.
    """

    nodes: FloatArray
    noise: FloatArray
    window: NDArray[np.bool_]
    exponent: float


def resolution(beta: FloatArray, mean: FloatArray, sd: FloatArray, exponent: float) -> Resolution:
    """What chains with couplings `beta` (P,) and fields N(mean, sd^2) (P,) need."""
    tail = _tail(exponent)
    reach = np.sqrt(2 * tail)
    edge = field_bound(beta, mean, sd, exponent)
    saturated = mean - reach * sd - edge > beta + exponent / 2  # up to rounding U = beta and phi is linear: polynomials
    nodes = np.where(saturated, 0, exponent / np.arcsinh(_STRIP / edge))
    # The trapezoidal rule is limited by the strip where the noise is broad, by the Gaussian itself where it is narrow.
    broad = sd * reach > _STRIP
    width = np.where(broad, sd, 1.0)
    step = np.where(broad & ~saturated, 2 * np.pi * _STRIP / (tail + _STRIP**2 / (2 * width**2)) / width, np.pi * np.sqrt(2 / tail))
    noise = np.where(sd > 0, np.ceil(2 * reach / step) + 1, 1)
    inside = np.ceil(2 * _window(beta, edge, exponent) / _PANEL) * _order(exponent) + 2
    # Rounded up, and still more nodes for an exponent of 40 than for 32.
    return Resolution(np.ceil(np.maximum(nodes, exponent / 4) / 2) * 2, np.minimum(noise, inside), noise > inside, exponent)


def field_bound(beta: FloatArray, mean: FloatArray, sd: FloatArray, exponent: float) -> FloatArray:
    """Largest cavity field (P,), with the noise cut where it is negligible: the fixed point of b = U(largest h + b)."""
    largest = mean + np.sqrt(2 * _tail(exponent)) * sd
    rise, gap = np.expm1(2 * beta), -np.expm1(-2 * largest)
    half = 1 - gap * (1 + rise) / 2  # w = e^{2b} - 1 is the positive root of w^2 + 2 half w = gap rise
    root = np.hypot(half, np.sqrt(gap * rise))
    fixed = 0.5 * np.log1p(np.where(half > 0, gap * rise / (np.abs(half) + root), root - half))
    # Not less than rounding of U reaches; and an interval also where there is no coupling.
    return np.asarray(np.maximum(fixed * (1 + 1e-12), np.minimum(largest, 1) / 8))


def external_fields(
    beta: FloatArray, mean: FloatArray, sd: FloatArray, u: FloatArray, edge: FloatArray, count: int, window: bool, exponent: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """External fields h, total fields v = u + h and their weights, each broadcasting to (P, N, Q), Q = `count`.

    Parameters
    ----------
    beta, mean, sd, edge : (P,) array
        Coupling; mean and standard deviation of h; bound of u.
    u : (P, N) array
        Cavity fields.
    count, window, exponent
        Number of nodes and how they are placed, as in `Resolution`.
    """
    mean, sd, u = mean[:, None, None], sd[:, None, None], u[:, :, None]
    if not window:
        z = np.linspace(-1, 1, count) * np.sqrt(2 * _tail(exponent)) if count > 1 else np.zeros(1)
        weight = np.exp(-(z**2) / 2)
        h = mean + sd * z
        return h, u + h, (weight / weight.sum())[None, None, :]
    x, w = _gauss_legendre(_order(exponent))
    panels = (count - 2) // x.size
    half = _window(beta, edge, exponent)[:, None, None]
    places = ((np.arange(panels)[:, None] + (1 + x) / 2) / panels * 2 - 1).ravel()
    v = np.empty((*u.shape[:2], count))
    weight = np.empty_like(v)
    v[:, :, 2:] = half * places
    weight[:, :, 2:] = np.exp(-(((v[:, :, 2:] - u - mean) / sd) ** 2) / 2) * (half * np.tile(w, panels) / panels / sd / np.sqrt(2 * np.pi))
    for side, sign in enumerate((1, -1)):
        centre, start = (u + mean)[:, :, 0], half[:, :, 0]
        far = (start - sign * centre) / sd[:, :, 0]
        weight[:, :, side] = scipy.special.ndtr(-far)
        beyond = sd[:, :, 0] * np.exp(-(far**2) / 2) / np.sqrt(2 * np.pi)
        mass = weight[:, :, side]
        average = sign * centre + beyond / np.where(mass > 0, mass, 1)
        v[:, :, side] = sign * np.where(mass > 0, np.maximum(average, start), start)
    return v - u, v, weight


def _tail(exponent: float) -> float:
    """Of the noise: powers of h and growth of the potential take the rest."""
    return exponent + 6


def _window(beta: FloatArray, edge: FloatArray, exponent: float) -> FloatArray:
    """Beyond this |v|, functions of v and of v plus a second cavity field are linear up to exp(-exponent); (P,)."""
    return np.asarray(beta + edge + exponent / 2)


def _order(exponent: float) -> int:
    return int(np.ceil(_tail(exponent) / (2 * np.arcsinh(_STRIP / (_PANEL / 2)))))


@cache
def _gauss_legendre(order: int) -> tuple[NDArray[Any], NDArray[Any]]:
    return np.polynomial.legendre.leggauss(order)
