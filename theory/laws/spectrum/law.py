"""The law of centred Gaussian data with any covariance spectrum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from regimes.theory.law import Atom, Law

if TYPE_CHECKING:
    from regimes.theory.derivations import Derivation


@dataclass(frozen=True)
class Curve:
    """A share `weight` of the spectrum that is spread out: eigenvalue(u) for u in (0, 1) with density(u), which integrates to one.

    Both are SymPy expressions in the symbol `Curve.variable()`.
    """

    weight: Any
    eigenvalue: Any
    density: Any

    @staticmethod
    def variable() -> Any:
        """The symbol u."""
        import sympy as sp

        return sp.Symbol("u", positive=True)


@dataclass(frozen=True)
class GaussianSpectrum(Law):
    """Centred Gaussian data whose covariance has this spectrum; the weights of atoms and curves sum to one."""

    atoms: tuple[Atom, ...] = ()
    curves: tuple[Curve, ...] = ()

    family: ClassVar[str] = "spectrum"

    def closed_information(self, proof: Derivation, average: Callable[[Any], Any]) -> Derivation:
        """The steps that follow if the information has a closed form: none, for spectra in general.

        Parameters
        ----------
        proof : Derivation
            The derivation up to the information.
        average : callable
            ``average(f)`` is the mean of f(omega) over the spectrum.
        """
        del average
        return proof


class MarchenkoPastur(GaussianSpectrum):
    """The spectrum of F F^T/D for a d x D matrix F of independent entries."""

    def closed_information(self, proof: Derivation, average: Callable[[Any], Any]) -> Derivation:
        """From the quadratic equation of the resolvent."""
        from regimes.theory.laws.spectrum.marchenko_pastur import closed_information

        return closed_information(proof, average)
