"""What can be asked of the random energy model: in the limit of many levels, and exactly at any number."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from regimes.numerics.arrays import Answer, Values, count_of
from regimes.numerics.laws.random_energy import limit
from regimes.numerics.laws.random_energy.broken_sticks import SHARE, participation_distribution
from regimes.numerics.quantity import Method, Numbers, Quantity, step, table
from regimes.theory.laws import RandomEnergies
from regimes.theory.model import DataModel
from regimes.theory.params import Param

_LIMIT = "limit of many levels"
_EXACT = "exact at 2^d levels, by one-dimensional integrals"

Function = Callable[[Values], Answer]


def _numbers(function: Function, doc: str, *, loosest: float = 1e-3) -> Numbers:
    def compute(model: DataModel, values: Values) -> Answer:
        law, count = model.law({p.name: values[p.name] for p in model.params}), count_of(values)
        assert isinstance(law, RandomEnergies)
        own = {name: np.broadcast_to(np.asarray(u, float), (count,)) for name, u in (("variance", law.variance), ("beta", law.beta))}
        return function({**values, **own})

    return Numbers(compute, doc, loosest)


def _row(
    name: str,
    doc: str,
    unit: str,
    latex: str,
    *,
    limit: Function | None = None,
    exact: Function | None = None,
    more: dict[str, Method] | None = None,
    needs: tuple[Param, ...] = (),
    formula: str = "",
    first: str = "limit",
) -> Quantity:
    """A quantity; the methods that start with `exact` or `corrected` hold at a finite number of levels 2^d."""
    methods: dict[str, Method] = {} if limit is None else {first: _numbers(limit, _LIMIT)}
    methods |= {} if exact is None else {"exact": _numbers(exact, _EXACT)}
    methods |= more or {}
    methods |= {"definition": step("collapse", formula)} if formula else {}
    finite = {method: (*needs, LEVELS) for method in methods if method in ("exact", "corrected")}
    return Quantity(name, doc, unit, latex, needs, methods, needs_by_method=finite)


LEVELS = limit.LEVELS


def quantities() -> dict[str, Quantity]:
    """Everything that can be asked, by name."""
    return table(
        _row(
            "free-energy",
            "E log Z per d",
            "nats per dimension",
            r"\psi",
            limit=limit.free_energy,
            exact=limit.free_energy_exact,
            formula="free_energy",
        ),
        _row(
            "entropy", "entropy of the Gibbs weights per d, nats", "nats per dimension", "s", limit=limit.entropy, exact=limit.entropy_exact
        ),
        _row("energy", "mean energy per d", "", "e", limit=limit.energy, exact=limit.energy_exact),
        _row(
            "rsb-parameter",
            "replica-symmetry-breaking parameter m*",
            "",
            "m^*",
            limit=limit.rsb_parameter,
            first="stationarity",
            formula="rsb_parameter",
        ),
        _row(
            "participation-ratio",
            "participation ratio E sum w^2",
            "",
            "Y",
            limit=limit.participation_ratio,
            exact=limit.participation_ratio_exact,
            formula="participation_ratio",
        ),
        _row(
            "participation-moment",
            "E (sum w^2)^order of the Poisson-Dirichlet law",
            "",
            r"\overline{Y^r}",
            limit=limit.participation_moment,
            needs=(limit.ORDER,),
        ),
        Quantity(
            "participation-distribution",
            "probability that sum w^2 is at most share, for the Poisson-Dirichlet law",
            "",
            "P(Y)",
            (SHARE,),
            {"broken-sticks": _numbers(participation_distribution, "sampled sticks; five standard errors", loosest=1.0)},
        ),
        _row("participation-square", "E (sum w^2)^2", "", r"\overline{Y^2}", exact=limit.participation_square_exact),
        _row(
            "condensation-beta",
            "inverse temperature beta_c at which the levels condense",
            "",
            r"\beta_c",
            limit=limit.condensation_beta,
        ),
        _row(
            "lowest-level",
            "lowest level per d",
            "",
            r"e_{\min}",
            limit=limit.lowest_level,
            exact=limit.lowest_level_exact,
            more={"corrected": _numbers(limit.lowest_level_corrected, "limit with its first correction, of relative size log(d)/d")},
        ),
    )
