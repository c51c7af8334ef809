"""Independent coordinates of one law, the prior: centred, with standard deviation sigma."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from regimes.theory.laws import Atom, Piece, Product
from regimes.theory.model import DataModel, Group
from regimes.theory.params import Param

SIGMA = Param("sigma", r"\sigma", "standard deviation of a coordinate", 0, typical=(0.5, 2.0), default=1.0)


class ProductModel(DataModel):
    """Independent coordinates with a prior of unit variance, scaled by sigma.

    Parameters
    ----------
    prior : str
        Name of the prior; the model is called ``product-PRIOR``.
    doc : str
        One line.
    unit : callable
        The prior at sigma = 1, from the values of its own parameters.
    *params : Param
        Those parameters.
    source : str
        Where it was published or defined.
    """

    family = Product.family
    stretch = SIGMA

    def __init__(self, prior: str, doc: str, unit: Callable[[Mapping[str, Any]], Product], *params: Param, source: str = "") -> None:
        self.name, self.doc, self._unit = f"product-{prior}", f"i.i.d. coordinates, {doc}", unit
        self.params = (*params, SIGMA)
        self.source = source or "definition of the prior"

    def law(self, values: Mapping[str, Any]) -> Product:
        import sympy as sp

        from regimes.theory.conventions import a

        given = {name: sp.sympify(value, strict=True) for name, value in values.items()}
        sigma, unit = given["sigma"], self._unit(given)
        return Product(
            tuple(Atom(atom.weight, atom.place * sigma) for atom in unit.atoms),
            tuple(
                Piece(p.weight, p.density.subs(a, a / sigma) / sigma, p.low * sigma, p.high * sigma, tuple(b * sigma for b in p.breaks))
                for p in unit.pieces
            ),
        )


def _rademacher(values: Mapping[str, Any]) -> Product:
    import sympy as sp

    half = sp.Rational(1, 2)
    return Product((Atom(half, 1), Atom(half, -1)))


def _bernoulli(values: Mapping[str, Any]) -> Product:
    import sympy as sp

    p = values["p"]
    spread = 2 * sp.sqrt(p * (1 - p))
    return Product((Atom(p, 2 * (1 - p) / spread), Atom(1 - p, -2 * p / spread)))


def _ternary(values: Mapping[str, Any]) -> Product:
    import sympy as sp

    rho = values["rho"]
    return Product((Atom(rho / 2, 1 / sp.sqrt(rho)), Atom(1 - rho, 0), Atom(rho / 2, -1 / sp.sqrt(rho))))


def _gauss_bernoulli(values: Mapping[str, Any]) -> Product:
    import sympy as sp

    from regimes.theory.conventions import a, normal_density

    rho = values["rho"]
    return Product((Atom(1 - rho, 0),), (Piece(rho, normal_density(a, 1 / rho), -sp.oo, sp.oo),))


def _uniform(values: Mapping[str, Any]) -> Product:
    import sympy as sp

    return Product((), (Piece(1, 1 / (2 * sp.sqrt(3)), -sp.sqrt(3), sp.sqrt(3)),))


def _laplace(values: Mapping[str, Any]) -> Product:
    import sympy as sp

    from regimes.theory.conventions import a

    return Product((), (Piece(1, sp.exp(-sp.sqrt(2) * sp.Abs(a)) / sp.sqrt(2), -sp.oo, sp.oo, (sp.S.Zero,)),))


def _logistic(values: Mapping[str, Any]) -> Product:
    import sympy as sp

    from regimes.theory.conventions import a

    width = sp.sqrt(3) / sp.pi
    return Product((), (Piece(1, 1 / (4 * width * sp.cosh(a / (2 * width)) ** 2), -sp.oo, sp.oo),))


_P = Param("p", "p", "probability of the upper value", 0, 1, typical=(0.1, 0.9), default=0.3)
_RHO = Param("rho", r"\rho", "share of the coordinates that are not zero", 0, 1, "high", typical=(0.1, 0.9), default=0.3)

MODEL = Group(
    "product",
    "prior",
    "i.i.d. coordinates with a prior of unit variance, times sigma",
    {
        "rademacher": ProductModel("rademacher", "+1 or -1", _rademacher),
        "bernoulli": ProductModel("bernoulli", "two values with probabilities p and 1 - p, centred", _bernoulli, _P),
        "ternary": ProductModel("ternary", "+-1/sqrt(rho) with probability rho/2 each, else 0", _ternary, _RHO),
        "uniform": ProductModel("uniform", "uniform on an interval", _uniform),
        "laplace": ProductModel("laplace", "density exp(-sqrt(2)|a|)/sqrt(2)", _laplace),
        "logistic": ProductModel("logistic", "logistic density", _logistic),
        "gauss-bernoulli": ProductModel("gauss-bernoulli", "N(0, 1/rho) with probability rho, else 0", _gauss_bernoulli, _RHO),
    },
)
