"""What speciation needs to know of a data distribution with classes: the log-odds of the classes, at any dimension.

One protocol per family of laws; everything else (cloning probability, class information, speciation times) is derived from it once, in
`speciation`. Notation: P_t^c the law of x_t given class c, in d dimensions; w_c its weight; the log-odds of class c' seen from class c are
log P_t^c'(x) - log P_t^c(x), a number for the whole datum, not per dimension.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from numpy.typing import NDArray

from regimes.numerics.arrays import FloatArray, Pair, TextArray, texts

OddsFunction = Callable[[FloatArray, FloatArray, int], FloatArray]
"""f(log_odds, weights, own): log_odds (R, N, K) at N points x of R parameter points, seen from the class number `own`, whose entry is 0;
weights (R, 1, K) of those parameter points; answers (R, N, M). f is smooth on the scale one of the log-odds, varies where two of
log w + log_odds are equal and largest, and grows at most like their square."""


class Curvatures(NamedTuple):
    """Along the class direction at the symmetric point, both (P,), nan where a parameter point has no symmetric point."""

    curvature: FloatArray
    """Second derivative of -log P_t."""
    drift_slope: FloatArray
    """Slope of the reverse drift x + 2 S_t(x): 1 - 2*curvature."""


class ClassOdds(Protocol):
    """The classes of one law at P parameter points; t and d are arrays (P,), t > 0, d >= 1; `DomainError` for a d that makes no sense.

    Attributes
    ----------
    count : int
        Number of classes K.
    no_symmetric_point : str
        Why `curvatures` has no value (where it is None or nan); empty where it always has one.
    """

    count: int
    no_symmetric_point: str

    @property
    def rough(self) -> ClassOdds | None:
        """Classes near these whose averages are much cheaper, to look for roots with; None where these are cheap."""
        return None

    def absent(self, d: FloatArray) -> TextArray:
        """Why there are no classes at a parameter point, (P,); empty where there are."""
        return texts(d.size)

    def select(self, index: NDArray[Any]) -> ClassOdds:
        """The same at some of the parameter points (an index or a mask)."""

    def weights(self, d: FloatArray) -> FloatArray:
        """Probabilities of the classes in d dimensions, (P, K); rows sum to one."""

    def averages(self, t: FloatArray, d: FloatArray, f: OddsFunction) -> Pair:
        """For every class c the mean over x ~ P_t^c of f(log_odds, weights, c), at this d: values and measured errors, (P, K, M).

        The log-odds that f is given have relative accuracy (no cancellation at large t), so that an f of second order in them keeps its
        digits.
        """

    def moments(self, t: FloatArray, d: FloatArray) -> Pair:
        """Mean and variance over x ~ P_t^c of L = log P_t^c(x) - log P_t^c'(x), at [p, c, c', 0] and [p, c, c', 1]: (P, K, K, 2)."""

    def largest_eigenvalue(self, d: FloatArray) -> FloatArray:
        """Largest eigenvalue of the covariance of the data (of the whole mixture), (P,)."""

    def curvatures(self, t: FloatArray, d: FloatArray) -> Curvatures | None:
        """Curvatures at the symmetric point, to rounding; None for a law that has no such point at any parameters."""
