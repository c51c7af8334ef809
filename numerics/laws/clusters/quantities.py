"""What can be asked of Gaussian clusters of one width: closed formulas of the derivation, beside which stands the code for any levels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from regimes.numerics.arrays import Values, count_of
from regimes.numerics.collapse import finite_size, window
from regimes.numerics.collapse import quantities as rows
from regimes.numerics.laws.clusters.decoding import decoding_probability
from regimes.numerics.laws.clusters.density import density
from regimes.numerics.laws.clusters.levels import levels
from regimes.numerics.laws.clusters.odds import odds
from regimes.numerics.laws.clusters.points import points
from regimes.numerics.laws.clusters.splitting import ORDER_PARAMETER
from regimes.numerics.quantity import Case, Formula, Method, Numbers, Quantity, step, table
from regimes.numerics.speciation import quantities as classes
from regimes.numerics.speciation.times import default_level
from regimes.theory.laws import GaussianClusters
from regimes.theory.model import DataModel
from regimes.theory.params import DIMENSION, LEVEL, OVERLAP, TIME

collapse = partial(step, "collapse")
speciation = partial(step, "speciation")


def _tilted(name: str, tilt: int) -> Callable[[Any], Any]:
    def build(proof: Any) -> Any:
        from regimes.theory.conventions import lam

        return proof[name].subs(lam, tilt)

    return build


def _information_from_cumulant(proof: Any) -> Any:
    from sympy import Rational

    return -Rational(1, 2) - _tilted("energy_cumulant", 1)(proof)


def _condensation_root(proof: Any) -> Any:
    from sympy import Symbol, oo

    from regimes.theory.conventions import gamma, m
    from regimes.theory.symbolic.averages import LargestRoot

    snr = LargestRoot(proof["rsb_condition"].subs(m, 1), gamma, 0, oo)
    return proof["clock"].subs(Symbol("gamma_c", positive=True), snr)


def _posterior_average(proof: Any) -> Any:
    from regimes.theory.speciation.symbols import kappa

    return proof.step("cloning_curve").left.subs(kappa, proof["kappa"])


# -- cases -------------------------------------------------------------------------------------------------------------------------


def _lopsided(model: DataModel, values: Values) -> Any:
    law = model.law({p.name: values[p.name] for p in model.params})
    assert isinstance(law, GaussianClusters)
    return np.broadcast_to(np.asarray(law.weights[0] != law.weights[1]), (count_of(values),))


def _symmetric_point(model: DataModel, values: Values) -> Sequence[Case]:
    return (Case(_lopsided(model, values), reason="the classes have unequal weights: there is no symmetric point"),)


def _usual_level(model: DataModel, values: Values) -> Sequence[Case]:
    """The default level is the cloning probability of balanced classes at kappa = 1: for them the time is that of kappa = 1."""
    if LEVEL.name in values:
        return ()
    lopsided = _lopsided(model, values)
    return Case(~lopsided, method="snr"), Case(lopsided, also={LEVEL.name: default_level()})


_SMALL = "|m|^2 = d mu^2 is at most sigma^2, so "
_TIMES: dict[str, Method] = {
    "spectral": speciation("spectral_time", positive="the largest eigenvalue of the data covariance is at most 1"),
    "noise-balance": speciation("noise_balance_time", positive="the largest eigenvalue of the data covariance is not positive"),
    "snr": speciation("snr_time", positive=f"{_SMALL}kappa stays below 1 at every t > 0"),
    "balance": speciation("balance_time", positive=f"{_SMALL}the mean of the log-odds stays below their standard deviation"),
    "bimodal": speciation("bimodal_time", positive=f"{_SMALL}-log P_t is curved upwards at every t > 0", cases=_symmetric_point),
    "curvature": speciation(
        "curvature_time", positive="the reverse drift stays stable at the symmetric point at every t > 0", cases=_symmetric_point
    ),
    "cloning": speciation(
        "cloning_time",
        positive="the level is not between the chance value w^2 + (1-w)^2 and the cloning probability at t = 0",
        cases=_usual_level,
    ),
}
"""Definitions of the speciation time that have a formula, with the reason why there may be none."""


# -- rows --------------------------------------------------------------------------------------------------------------------------


def _of_levels() -> dict[str, Quantity]:
    general = rows.quantities_of_levels(levels, derived=False)

    def also(quantity: Quantity, formulas: dict[str, Method]) -> Quantity:
        """Formulas, then the same from the levels."""
        other = next(iter(general[quantity.name].methods.values()))
        return quantity.by({**formulas, "levels": other})

    exact, free = partial(finite_size.method, points=points, doc=rows.EXACT), general["free-energy"].methods
    in_window = partial(window.method, densities=density, doc=rows.WINDOW)
    return general | table(
        rows.INFORMATION.by(
            {"closed-form": collapse("information"), "energy-cumulant": Formula("collapse", _information_from_cumulant, "-1/2 - g(1)")}
        ),
        rows.ENTROPY.by({"energy-cumulant": collapse("entropy"), "closed-form": collapse("entropy_in_time")}),
        rows.EXCESS_ENTROPY.by(
            {
                "asymptotic": collapse("excess_entropy", doc="the limit n, d -> inf at fixed alpha"),
                "window": in_window(window.excess_entropy),
                "exact": exact(finite_size.excess_entropy),
            }
        ),
        also(rows.DISPERSION, {"closed-form": collapse("dispersion")}),
        also(rows.ENERGY_CUMULANT, {"snr": collapse("energy_cumulant"), "closed-form": collapse("energy_cumulant_in_time")}),
        also(rows.RATE_FUNCTION, {"legendre": collapse("rate_function")}),
        rows.FREE_ENERGY.by({"rsb": collapse("free_energy"), "lowest-energy": free["lowest-energy"]}),
        also(rows.RSB_PARAMETER, {"stationarity": collapse("rsb_parameter")}),
        also(rows.PARTICIPATION_RATIO, {"poisson-dirichlet": collapse("participation_ratio")}),
        rows.COLLAPSE_TIME.by(
            {"closed-form": collapse("collapse_time", positive="no collapse"), "root": collapse("collapse_root", positive="no collapse")}
        ),
        rows.CONDENSATION_TIME.by(
            {
                "root": Formula("collapse", _condensation_root, "root of g'(1) - g(1) = alpha", positive="no condensation"),
                "closed-form": collapse("collapse_time", positive="no condensation"),
            }
        ),
        also(rows.ACCURACY_TIME, {"root": collapse("accuracy_time", positive="the second moment is finite at every time")}),
        also(rows.ONSET_TIME, {"root": collapse("onset_time", positive="no onset")}),
        rows.COLLAPSE_PROBABILITY.by({"exact": exact(finite_size.collapse_probability), "window": in_window(window.collapse_probability)}),
        rows.DECODING_PROBABILITY.by({"exact": Numbers(finite_size.by_setting(decoding_probability), rows.EXACT, loosest=np.inf)}),
    )


def _overlap(name: str, doc: str, unit: str, latex: str, *needs: Any) -> Quantity:
    return Quantity(name, doc, unit, latex, needs, {"closed-form": speciation(name.replace("-", "_"))}, classes=True)


def _of_classes() -> dict[str, Quantity]:
    cloning = classes.CLONING_PROBABILITY.by(
        {
            "sech": speciation("cloning_probability", doc="average of a hyperbolic secant over a normal variable"),
            "posterior": Formula("speciation", _posterior_average, "mean of the sum of squared posterior probabilities"),
        },
        classes=True,
    )
    general = classes.quantities_of_classes(odds)
    return table(
        classes.SPECIATION_TIME.by({**general["speciation-time"].methods, **_TIMES}, classes=True),
        classes.CLASS_INFORMATION.by({"divergence": speciation("class_information")}, classes=True),
        classes.KAPPA.by({"closed-form": speciation("kappa")}, classes=True, doc="class signal-to-noise ratio"),
        _overlap("potential", "potential V(q, t) of the overlap q = m.x/sqrt(d), V(0) = 0", "", "V(q, t)", TIME, DIMENSION, OVERLAP),
        _overlap(
            "overlap-drift",
            "drift b(q, t) of the overlap in the reverse process -dq = b dt + noise dW",
            "per unit of time",
            "b(q, t)",
            TIME,
            DIMENSION,
            OVERLAP,
        ),
        _overlap("overlap-noise", "noise amplitude of the overlap in the reverse process", "", r"\sqrt{2}|\nabla q|"),
    ) | classes.splitting_quantities(cloning, ORDER_PARAMETER)


def quantities() -> dict[str, Quantity]:
    """Everything that can be asked, by name."""
    own = _of_levels() | _of_classes()
    return own | {name: row for name, row in classes.quantities_of_classes(odds).items() if name not in own}
