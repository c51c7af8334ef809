"""What can be predicted, what it needs, and by which methods. Nothing is computed here and SymPy is not imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from regimes.theory.errors import UnknownNameError
from regimes.theory.model import DataModel
from regimes.theory.params import ALPHA, DIMENSION, ENERGY, LEVEL, OVERLAP, POINTS, TILT, TIME, Param


@dataclass(frozen=True)
class Formula:
    """A method given by an expression of a derivation: `build(derivation)`."""

    kind: str
    build: Callable[[Any], Any]
    positive: str = ""
    """If not empty: only a positive value is meant, and this says why there may be none."""
    symmetric: bool = False
    """Whether the definition presupposes classes of equal weight."""


@dataclass(frozen=True)
class Numeric:
    """A method given by a function (law, **parameters) -> (value, error)."""

    module: str
    function: str


@dataclass(frozen=True)
class Batched:
    """A method given by a function (model, {name: (P,) array}) -> `estimate.Answer` for all P parameter points at once."""

    module: str
    function: str
    loosest: float = 1e-3
    """Relative error up to which an answer is one."""


Recipe = Formula | Numeric | Batched


@dataclass(frozen=True)
class Quantity:
    """One name of the command line.

    Attributes
    ----------
    name, doc : what it is and in which unit.
    needs : parameters besides the model's own. `alpha` may be given as n and d.
    recipes : method name -> how; the first is the default.
    optional : parameters that may be left out.
    classes : whether it asks about classes, of which there must be two.
    """

    name: str
    doc: str
    needs: tuple[Param, ...]
    recipes: Mapping[str, Recipe]
    optional: tuple[Param, ...] = ()
    classes: bool = False
    needs_by_method: Mapping[str, tuple[Param, ...]] = field(default_factory=dict)

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the methods, the default first."""
        return tuple(self.recipes)

    def needed(self, method: str) -> tuple[Param, ...]:
        """Parameters that this method needs."""
        return self.needs_by_method.get(method, self.needs)


def _step(kind: str, name: str, **options: Any) -> Formula:
    return Formula(kind, lambda proof: proof[name], **options)


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


NO_ROOT = {
    "spectral": "the largest eigenvalue of the data covariance is at most 1",
    "noise-balance": "the largest eigenvalue of the data covariance is not positive",
    "snr": "|m|^2 = d mu^2 is at most sigma^2, so kappa stays below 1 at every t > 0",
    "balance": "|m|^2 = d mu^2 is at most sigma^2, so the mean of the log-odds stays below their standard deviation",
    "bimodal": "|m|^2 = d mu^2 is at most sigma^2, so -log P_t is curved upwards at every t > 0",
    "curvature": "the reverse drift stays stable at the symmetric point at every t > 0",
    "cloning": "the level is not between the chance value w^2 + (1-w)^2 and the cloning probability at t = 0",
}

_TIMES = {
    name: _step("speciation", f"{name.replace('-', '_')}_time", positive=reason, symmetric=name in ("bimodal", "curvature"))
    for name, reason in NO_ROOT.items()
}
_EXACT = (TIME, POINTS, DIMENSION)
_SPLITTING = "regimes.numerics.speciation.splitting"


def splitting_probability(place: Param, *, classes: bool = False) -> Quantity:
    """Of a model whose reverse process has a scalar order parameter, called `place`."""
    recipes: dict[str, Recipe] = {
        "kolmogorov": Batched(_SPLITTING, "splitting_probability"),
        "posterior": Batched(_SPLITTING, "posterior"),
    }
    doc = f"probability that the reverse process, at time t with {place.name} = {place.doc}, ends in the first class"
    return Quantity("splitting-probability", doc, (TIME, DIMENSION, place), recipes, classes=classes)


QUANTITIES: dict[str, Quantity] = {
    q.name: q
    for q in (
        Quantity(
            "information",
            "mutual information I(t) per dimension, nats",
            (TIME,),
            {"closed-form": _step("collapse", "information"), "energy-cumulant": Formula("collapse", _information_from_cumulant)},
        ),
        Quantity(
            "entropy",
            "differential entropy s(t) per dimension, nats",
            (TIME,),
            {"energy-cumulant": _step("collapse", "entropy"), "closed-form": _step("collapse", "entropy_in_time")},
        ),
        Quantity(
            "excess-entropy",
            "excess entropy density f(t) of the empirical law, nats per dimension",
            (TIME, ALPHA),
            {
                "asymptotic": _step("collapse", "excess_entropy"),
                "window": Numeric("regimes.numerics.collapse.window", "excess_entropy"),
                "exact": Numeric("regimes.numerics.collapse.finite_size", "excess_entropy"),
            },
            needs_by_method={"window": _EXACT, "exact": _EXACT},
        ),
        Quantity(
            "dispersion",
            "variance V(t) of the information density per dimension",
            (TIME,),
            {"closed-form": _step("collapse", "dispersion")},
        ),
        Quantity(
            "energy-cumulant",
            "energy cumulant function g_t(lam)",
            (TIME, TILT),
            {"snr": _step("collapse", "energy_cumulant"), "closed-form": _step("collapse", "energy_cumulant_in_time")},
        ),
        Quantity(
            "rate-function", "rate function f_t(energy) of the levels", (TIME, ENERGY), {"legendre": _step("collapse", "rate_function")}
        ),
        Quantity("free-energy", "free energy psi of the levels per dimension", (TIME, ALPHA), {"rsb": _step("collapse", "free_energy")}),
        Quantity(
            "rsb-parameter", "replica-symmetry-breaking parameter m*", (TIME, ALPHA), {"stationarity": _step("collapse", "rsb_parameter")}
        ),
        Quantity(
            "participation-ratio",
            "participation ratio 1 - m* of the levels",
            (TIME, ALPHA),
            {"poisson-dirichlet": _step("collapse", "participation_ratio")},
        ),
        Quantity(
            "collapse-time",
            "collapse time t_C",
            (ALPHA,),
            {
                "closed-form": _step("collapse", "collapse_time", positive="no collapse"),
                "root": _step("collapse", "collapse_root", positive="no collapse"),
            },
        ),
        Quantity(
            "condensation-time",
            "time at which the levels condense, m* = 1",
            (ALPHA,),
            {
                "root": Formula("collapse", _condensation_root, positive="no condensation"),
                "closed-form": _step("collapse", "collapse_time", positive="no condensation"),
            },
        ),
        Quantity(
            "accuracy-time",
            "largest time at which E Z^2/(E Z)^2 is not finite",
            (ALPHA,),
            {"root": _step("collapse", "accuracy_time", positive="the second moment is finite at every time")},
        ),
        Quantity(
            "onset-time",
            "largest time at which a datum dominates at its own position",
            (ALPHA,),
            {"root": _step("collapse", "onset_time", positive="no onset")},
        ),
        Quantity(
            "collapse-probability",
            "probability phi_C(t) that two clones end on the same datum",
            _EXACT,
            {
                "exact": Numeric("regimes.numerics.collapse.finite_size", "collapse_probability"),
                "window": Numeric("regimes.numerics.collapse.window", "collapse_probability"),
            },
        ),
        Quantity(
            "decoding-probability",
            "probability that the datum nearest to x_t is the datum of origin",
            _EXACT,
            {"exact": Numeric("regimes.numerics.collapse.finite_size", "decoding_probability")},
        ),
        Quantity(
            "speciation-time", "speciation time t_S; the method is the definition", (DIMENSION,), _TIMES, optional=(LEVEL,), classes=True
        ),
        Quantity(
            "cloning-probability",
            "probability phi(t) that two clones end in the same class",
            (TIME, DIMENSION),
            {
                "sech": _step("speciation", "cloning_probability"),
                "posterior": Formula("speciation", _posterior_average),
                "splitting": Batched(_SPLITTING, "cloning_probability"),
            },
            classes=True,
        ),
        Quantity(
            "class-information",
            "mutual information of class and x_t, nats",
            (TIME, DIMENSION),
            {"divergence": _step("speciation", "class_information")},
            classes=True,
        ),
        Quantity("kappa", "class signal-to-noise ratio", (TIME, DIMENSION), {"closed-form": _step("speciation", "kappa")}, classes=True),
        Quantity(
            "potential",
            "potential V(q, t) of the overlap q = m.x/sqrt(d), V(0) = 0",
            (TIME, DIMENSION, OVERLAP),
            {"closed-form": _step("speciation", "potential")},
            classes=True,
        ),
        Quantity(
            "overlap-drift",
            "drift b(q, t) of the overlap in the reverse process -dq = b dt + noise dW",
            (TIME, DIMENSION, OVERLAP),
            {"closed-form": _step("speciation", "overlap_drift")},
            classes=True,
        ),
        Quantity(
            "overlap-noise",
            "noise amplitude of the overlap in the reverse process",
            (),
            {"closed-form": _step("speciation", "overlap_noise")},
            classes=True,
        ),
        splitting_probability(OVERLAP, classes=True),
    )
}


def quantities(model: DataModel | None = None) -> dict[str, Quantity]:
    """The quantities of a model by name; without a model, those of Gaussian clusters, which have them all but a few."""
    from regimes.numerics.quantities.of_levels import TABLES

    return dict(QUANTITIES if model is None else TABLES.get(model.family, QUANTITIES))


def known_names() -> list[str]:
    """Names of all quantities of all models."""
    from regimes.numerics.quantities.of_levels import TABLES

    return list(dict.fromkeys(name for table in (QUANTITIES, *TABLES.values()) for name in table))


def get_quantity(name: str, model: DataModel | None = None) -> Quantity:
    """The quantity of that name; `UnknownNameError` with the nearest names otherwise.

    One that the model does not have, but another has, comes without methods: what was asked for does not exist for this model.
    """
    own = quantities(model)
    if name in own:
        return own[name]
    known = known_names()
    if name not in known:
        raise UnknownNameError("quantity", name, known)
    return Quantity(name, "not defined for this model", (), {})
