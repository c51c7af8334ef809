"""Two Ising chains, in numbers."""

from regimes.numerics.laws import NO_HIERARCHY, Answers
from regimes.numerics.laws.ising_chains import odds, quantities

_NO_LEVELS = "has classes of which neither makes up the data: collapse is that of a single chain"

ANSWERS = Answers(
    quantities=quantities.quantities,
    levels=_NO_LEVELS,
    odds=odds.odds,
    points=_NO_LEVELS,
    densities=_NO_LEVELS,
    order_parameter="has no scalar order parameter whose reverse process is closed",
    hierarchy=NO_HIERARCHY,
)
