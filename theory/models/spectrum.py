"""Centred Gaussian data with a covariance spectrum: trace per dimension sigma^2."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from regimes.theory.laws import Atom, Curve, GaussianSpectrum, MarchenkoPastur
from regimes.theory.model import DataModel, Group
from regimes.theory.params import Param

SIGMA = Param("sigma", r"\sigma", "root of the mean eigenvalue", 0, typical=(0.5, 2.0), default=1.0)


class SpectrumModel(DataModel):
    """Gaussian data whose eigenvalues have mean sigma^2.

    Parameters
    ----------
    spectrum : str
        Its name; the model is called ``spectrum-SPECTRUM``.
    doc : str
        One line.
    unit : callable
        The spectrum of mean one, from the values of its own parameters.
    *params : Param
        Those parameters.
    source : str
        Where it was published or defined.
    """

    family = GaussianSpectrum.family
    stretch = SIGMA

    def __init__(
        self, spectrum: str, doc: str, unit: Callable[[Mapping[str, Any]], GaussianSpectrum], *params: Param, source: str = ""
    ) -> None:
        self.name, self.doc, self._unit = f"spectrum-{spectrum}", f"Gaussian data, {doc}", unit
        self.params = (*params, SIGMA)
        self.source = source or "definition of the spectrum"

    def law(self, values: Mapping[str, Any]) -> GaussianSpectrum:
        import sympy as sp

        given = {name: sp.sympify(value, strict=True) for name, value in values.items()}
        unit, var = self._unit(given), given["sigma"] ** 2
        return replace(
            unit,
            atoms=tuple(Atom(atom.weight, atom.place * var) for atom in unit.atoms),
            curves=tuple(Curve(c.weight, c.eigenvalue * var, c.density) for c in unit.curves),
        )


def _atoms(values: Mapping[str, Any]) -> GaussianSpectrum:
    share, spike = values["share"], values["contrast"]
    mean = share * spike + 1 - share
    return GaussianSpectrum((Atom(share, spike / mean), Atom(1 - share, 1 / mean)))


def _linear_manifold(values: Mapping[str, Any]) -> GaussianSpectrum:
    ratio = values["ratio"]
    return GaussianSpectrum((Atom(ratio, 1 / ratio), Atom(1 - ratio, 0 * ratio)))


def _marchenko_pastur(values: Mapping[str, Any]) -> MarchenkoPastur:
    """Covariance F F^T/D, F of d x D independent unit-variance entries, D = ratio d; edges (1 +- 1/sqrt(ratio))^2."""
    import sympy as sp

    ratio, u = values["ratio"], Curve.variable()
    y, bulk = 1 / ratio, sp.Min(1, ratio)
    # In half angles from the lower edge, where u is resolved: nothing cancels, also where that edge is at zero.
    eigenvalue = (1 - sp.sqrt(y)) ** 2 + 4 * sp.sqrt(y) * sp.sin(sp.pi * u / 2) ** 2
    density = 8 * sp.sin(sp.pi * u / 2) ** 2 * sp.cos(sp.pi * u / 2) ** 2 / (eigenvalue * bulk)
    return MarchenkoPastur((Atom(1 - bulk, sp.S.Zero),), (Curve(bulk, eigenvalue, density),))


def _power_law(values: Mapping[str, Any]) -> GaussianSpectrum:
    """Eigenvalues fall as k^-exponent: the k-th of d is that of u = k/d."""
    import sympy as sp

    exponent, u = values["exponent"], Curve.variable()
    return GaussianSpectrum((), (Curve(sp.S.One, (1 - exponent) * u**-exponent, sp.S.One),))


_RATIO = Param("ratio", "r", "dimension of the manifold over d", 0, 1, "high", typical=(0.1, 0.9), default=0.5)
_DEGREES = Param("ratio", "r", "number of samples or features over d", 0, typical=(0.2, 4.0), default=0.5)
_EXPONENT = Param("exponent", "s", "decay of the eigenvalues, k^-exponent", 0, 1, "low", typical=(0.1, 0.9), default=0.5)
_SHARE = Param("share", "p", "share of the larger or smaller eigenvalue", 0, 1, typical=(0.1, 0.9), default=0.5)
_CONTRAST = Param("contrast", "c", "that eigenvalue over the other", 0, typical=(0.1, 10.0), default=4.0)

MODEL = Group(
    "spectrum",
    "kind",
    "centred Gaussian data with a covariance spectrum of mean sigma^2",
    {
        "atoms": SpectrumModel("atoms", "two eigenvalues", _atoms, _SHARE, _CONTRAST),
        "linear-manifold": SpectrumModel("linear-manifold", "on a linear manifold of dimension r d", _linear_manifold, _RATIO),
        "marchenko-pastur": SpectrumModel(
            "marchenko-pastur",
            "covariance F F^T/D with random F, d x D, D = r d",
            _marchenko_pastur,
            _DEGREES,
            source="Marchenko, Pastur, Math. USSR Sb. 1, 457 (1967)",
        ),
        "power-law": SpectrumModel("power-law", "eigenvalues k^-s", _power_law, _EXPONENT),
    },
)
