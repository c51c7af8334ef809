"""Independent coordinates have no classes: the Landau expansion of one coordinate, and why it speciates nothing."""

from __future__ import annotations

import sympy as sp

from regimes.theory.channel.forward import snr, start
from regimes.theory.channel.prior import ScalarPrior
from regimes.theory.conventions import a, gamma, y
from regimes.theory.derivations import Derivation
from regimes.theory.laws.product.law import Product
from regimes.theory.model import DataModel
from regimes.theory.speciation.landau import ORDER, generic_landau, landau, named_cumulants, theta


def product_landau(model: DataModel, law: Product) -> Derivation:
    """Independent coordinates: one coordinate's expansion, and why it speciates nothing."""
    proof = snr(start(model, "speciation"))
    prior = ScalarPrior.of(law.atoms, law.pieces)
    proof = generic_landau(proof)
    weight = sp.exp(theta * a * y - theta**2 * a**2 / 2)
    raw = [prior.average(a**k) for k in range(1, ORDER + 1)]
    symmetric = _even(law)
    if symmetric:
        raw = [m if k % 2 else sp.S.Zero for k, m in enumerate(raw)]
    names = sp.symbols("k_2:7", real=True)
    proof = named_cumulants(proof, names, [m if law.pieces else sp.simplify(m) for m in raw], "of the prior", prefix="prior_")
    given = [sp.S.Zero if symmetric and k % 2 else symbol for k, symbol in enumerate(names, 2)]
    proof = landau(
        proof,
        y**2 / 2 - sp.log(prior.average(weight)),
        given,
        words="one coordinate of the product",
        exponent=8 if symmetric else 7,
        first=12 if not (symmetric or law.pieces) else None,
        points=1,
    )
    return proof.define(
        "no_speciation",
        gamma,
        proof["landau_quadratic"],
        "Nothing here grows with d: every coordinate splits, if at all, by itself, and there is no class of size d to separate",
        "independence of the coordinates",
    )


def _even(law: Product) -> bool:
    """Whether the prior is its own mirror image."""
    places = {(atom.weight, atom.place) for atom in law.atoms}
    mirrored = {(weight, -sp.sympify(place, strict=True)) for weight, place in places}
    return places == mirrored and all(p.low == -p.high and sp.simplify(p.density - p.density.subs(a, -a)) == 0 for p in law.pieces)
