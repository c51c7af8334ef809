"""Two centred Gaussian classes of different widths: in numbers, where everything is simulated, a mixture of two clusters."""

from __future__ import annotations

from dataclasses import replace

from regimes.theory.laws import Cluster, Mixture, ZeroMeanMixture
from regimes.validate.laws import mixture


def _in_numbers(law: ZeroMeanMixture) -> Mixture:
    share, (first, second) = float(law.weight), law.sds
    return Mixture((Cluster(share, (), float(first), 0.0), Cluster(1 - share, (), float(second), 0.0)))


ANSWERS = replace(
    mixture.ANSWERS,
    in_numbers=_in_numbers,
    invariants="has classes but no energy levels of its own: the invariants of data models do not apply",
)
