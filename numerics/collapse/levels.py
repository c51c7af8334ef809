"""What collapse needs to know of a data distribution: the energy levels of the other data, as seen from a noised datum.

One function g(gamma, lam) per family of laws, and what follows from the same averages; everything else (rate function, free energies,
critical times) is derived from it once, in `collapse`. Notation: a level is E = |x - e^{-t} a|^2/(2 Delta_t), per dimension;
gamma = e^{-2t}/Delta_t; g(gamma, lam) = lim (1/d) E_x log E_a exp(-lam E).
"""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import NDArray

from regimes.numerics.arrays import FloatArray, Pair


class EnergyLevels(Protocol):
    """The levels of one law at P parameter points; `gamma` and `lam` are arrays (P,), gamma > 0, lam >= 0, and so are the answers."""

    def select(self, index: NDArray[Any]) -> EnergyLevels:
        """The same at some of the parameter points (an index or a mask)."""

    def cumulant(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        """g(gamma, lam)."""

    def reduced(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        """g(gamma, lam) + lam/2, without cancellation: of order gamma as gamma -> 0."""

    def energy(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        """-dg/dlam: energy selected by the tilt."""

    def fluctuation(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        """d^2 g/dlam^2 >= 0."""

    def rate(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        """lam dg/dlam - g >= 0, without cancellation: the rate function at the energy that lam selects; about lam^2 as lam -> 0."""

    def information(self, gamma: FloatArray) -> Pair:
        """I(gamma) per dimension, nats; about gamma var/2 as gamma -> 0."""

    def mmse(self, gamma: FloatArray) -> Pair:
        """2 dI/dgamma."""

    def dispersion(self, gamma: FloatArray) -> Pair:
        """V(gamma): variance of the information density, per dimension."""

    def onset(self, gamma: FloatArray, lam: FloatArray) -> Pair:
        """The cumulant function seen from a datum, x = e^{-t} a_1."""

    def largest_information(self) -> FloatArray:
        """sup I: entropy per dimension of a discrete law, inf for any other; (P,)."""
