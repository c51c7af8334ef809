"""What a family of laws answers where it is simulated, and where these answers are found.

A law in numbers has plain floats for its entries, and tables (`Panels`) for the functions in it: the density of a piece between its
breaks, density and eigenvalue of a curve. That is what an experiment holds and a worker process rebuilds from JSON: the numbers of a
simulation depend on its record alone, whoever wrote the law: a model of this package, one registered by another, or a file.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_type_hints

import numpy as np

from regimes.numerics.arrays import IntArray, RealArray
from regimes.theory import laws as theory
from regimes.theory.errors import DomainError, RegimesError
from regimes.theory.law import place_of
from regimes.theory.laws import Law
from regimes.validate.laws.panels import Panels
from regimes.validate.simulation.channel import Real
from regimes.validate.simulation.energy_levels import Sampled
from regimes.validate.simulation.projected_clones import Projection
from regimes.validate.simulation.scores import ClassCentre, NoisedLaw, OrderParameter

if TYPE_CHECKING:
    from regimes.theory.model import DataModel
    from regimes.validate.plans.study import Budget, Study

Answer = TypeVar("Answer", bound=Callable[..., object])
Renew = Callable[[np.random.Generator, int], Law]

NO_CLASSES = "has no classes: there is no class whose probability could be given"
NO_ORDER_PARAMETER = "has no order parameter: no one-dimensional reverse process is known here"


@dataclass(frozen=True)
class Invariants:
    """What `check_model` cannot say alike of every law of data.

    Attributes
    ----------
    weights : function of a law
        Weights that sum to one; a text for a law that is given by its energy.
    finite_size : function of (law in numbers, dimension)
        Bound on what boundary, field or class can change in an information of order one per dimension, nats.
    free : function of a law in numbers
        Whether the variance of a coordinate is the mmse without signal.
    independent : bool
        Whether coordinates are independent: the posterior mean of one is then a function of it alone.
    one_law_of_levels : bool
        Whether all classes have the same energy levels; what holds of these need not hold of an average over classes.
    """

    weights: Callable[[Any], Sequence[Any]] | str
    finite_size: Callable[[Any, int], float] = lambda law, d: 0.0
    free: Callable[[Any], bool] = lambda law: True
    independent: bool = True
    one_law_of_levels: bool = True


@dataclass(frozen=True)
class Answers:
    """What one family of laws answers where it is simulated; a text, after the name of the family, says why there is no answer.

    Wherever a law is an argument it is one in numbers, but for `in_numbers` itself.

    Attributes
    ----------
    draw : function of (generator, law, n, d, type)
        Independent data (n, d), and the label (n,) of each: the cluster it came from, 0 for a law without clusters.
    density : function of (law, d)
        The noised law in `d` dimensions.
    score : function of (law, d)
        Its exact score, which knows the classes.
    plan : function of (model, budget, seed)
        What `check` simulates and compares.
    invariants : Invariants
        For `check_model`.
    in_numbers : function of a law
        The law with floats for its entries and tables for its functions; atoms and pieces of no weight are left out.
    class_weights : function of (law, d)
        Probabilities of the classes, (K,).
    levels : function of (generator, law, d, samples, inverse temperatures)
        Gibbs averages over drawn energy levels.
    order_parameter : function of (law, d)
        Score of the one number that tells the classes apart.
    projection : function of (law, d)
        The same law in the few directions in which its score moves x.
    reversed_weights : function of a law
        The law with the weights of its classes in reverse order.
    renewal : function of a law
        What draws new quenched parts of the law for a group of samples, such as eigenvalues; None if it has none.
    slow : function of a model
        Names of quantities that take seconds for every point, and "derivation" if its checks take half a minute and more.
    """

    draw: Callable[[np.random.Generator, Any, int, int, Real], tuple[RealArray, IntArray]] | str
    density: Callable[[Any, int], NoisedLaw] | str
    score: Callable[[Any, int], ClassCentre] | str
    plan: Callable[[DataModel, Budget, int], list[Study]]
    invariants: Invariants | str
    in_numbers: Callable[[Any], Law] = lambda law: law.map(float)
    class_weights: Callable[[Any, int], RealArray] = lambda law, d: np.ones(1)
    levels: Callable[[np.random.Generator, Any, int, int, Sequence[float]], Sampled] | str = "has data: its energy levels are not drawn"
    order_parameter: Callable[[Any, int], OrderParameter] | str = NO_ORDER_PARAMETER
    projection: Callable[[Any, int], Projection] | str = "has no few directions that tell its classes: this needs clusters of one width"
    reversed_weights: Callable[[Any], Law] | str = "has no weights to be reversed: this needs clusters"
    renewal: Callable[[Any], Renew | None] = lambda law: None
    slow: Callable[[DataModel], Collection[str]] = lambda model: ()


@cache
def answers(family: str) -> Answers:
    """What the family of this name answers; imported when first asked.

    Raises
    ------
    RegimesError
        There is no such family, or it cannot be simulated.
    """
    place = place_of("validate", family)
    if place is None:
        raise RegimesError(f"nothing is known here of how to simulate laws of the family {family}")
    found: Answers = place.ANSWERS
    return found


def given(law: Law, answer: Answer | str) -> Answer:
    """The function that a family answers with; `DomainError` with the reason where there is none."""
    if isinstance(answer, str):
        raise DomainError(f"{law.family} {answer}")
    return answer


def in_numbers(law: Law) -> Law:
    """The law with floats for its entries and tables for its functions; atoms and pieces of no weight are left out.

    Raises
    ------
    DomainError
        A density does not integrate to one, as far as a table of it can tell.
    """
    return answers(law.family).in_numbers(law)


def as_json(law: Law) -> dict[str, Any]:
    """A law in numbers as a JSON object."""
    return {"family": law.family, **asdict(law)}


def from_json(record: Mapping[str, Any]) -> Law:
    """The law that `as_json` describes.

    Raises
    ------
    KeyError, TypeError, ValueError
        The record describes no law.
    """
    entries = dict(record)
    family = str(entries.pop("family"))
    law = theory.answers(family).law
    if law is Law:
        raise ValueError(f"unknown family {family!r}")
    found: Law = _rebuilt(law, entries)
    return found


def _rebuilt(stated: Any, entry: Any) -> Any:
    """What a dataclass stated so, or a tuple of them, was before it became JSON."""
    if isinstance(entry, list):
        inside = next(iter(get_args(stated)), Any)
        return tuple(_rebuilt(inside, each) for each in entry)
    if not isinstance(entry, dict):
        return entry
    own = Panels if stated is Any else stated  # tables stand where the law of a model has any expression
    hints = get_type_hints(own)
    if set(entry) != {f.name for f in fields(own)}:
        raise ValueError(f"{own.__name__} with the entries {sorted(entry)}")
    return own(**{name: _rebuilt(hints[name], value) for name, value in entry.items()})


def draw(rng: np.random.Generator, law: Law, n: int, d: int, dtype: Real = np.float64) -> tuple[RealArray, IntArray]:
    """`n` independent data in `d` dimensions.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of every random number.
    law : Law
        A law in numbers.
    n, d : int
        Number of data, dimension.
    dtype : type
        Of the data.

    Returns
    -------
    data : (n, d) array
    labels : (n,) array
        The cluster each datum came from; 0 for a law without clusters.

    Raises
    ------
    DomainError
        The law has no data.
    """
    return given(law, answers(law.family).draw)(rng, law, n, d, dtype)


def density(law: Law, d: int) -> NoisedLaw:
    """The noised law in `d` dimensions of a law in numbers; `DomainError` if it has no data."""
    return given(law, answers(law.family).density)(law, d)


def class_centre(law: Law, d: int) -> ClassCentre:
    """Exact score of a law with classes, in numbers, in `d` dimensions; `DomainError` if it has no classes."""
    return given(law, answers(law.family).score)(law, d)


def class_weights(law: Law, d: int) -> RealArray:
    """(K,) probabilities of the classes; of one class for a law that has none."""
    return answers(law.family).class_weights(law, d)


def order_parameter(law: Law, d: int) -> OrderParameter:
    """The order parameter of a law in numbers and its score in `d` dimensions; `DomainError` if no one number tells the classes."""
    return given(law, answers(law.family).order_parameter)(law, d)


def projection(law: Law, d: int) -> Projection:
    """A law in numbers in the few directions in which its score moves x; `DomainError` if it moves x in all of them."""
    return given(law, answers(law.family).projection)(law, d)


def reversed_weights(law: Law) -> Law:
    """Classes that are the same but for their weights, which stand in reverse order; `DomainError` for a law without weights."""
    return given(law, answers(law.family).reversed_weights)(law)


def levels(rng: np.random.Generator, law: Law, d: int, samples: int, betas: Sequence[float]) -> Sampled:
    """Gibbs averages over drawn energy levels, `samples` times; `DomainError` for a law of data."""
    return given(law, answers(law.family).levels)(rng, law, d, samples, betas)
