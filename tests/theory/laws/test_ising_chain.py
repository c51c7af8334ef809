"""One Ising chain: planted mistakes, and a limit without a definition."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import mpmath as mp
import pytest
import sympy as sp

from regimes.numerics.codegen.generate import generate
from regimes.theory.conventions import gamma, lam
from regimes.theory.derive import derive
from regimes.theory.errors import DerivationError, UnsupportedExpressionError
from regimes.theory.laws.ising_chain.levels import LyapunovExponent
from regimes.theory.symbolic.evaluate import value

s = sp.Symbol("s", positive=True)


def message(proof: Any) -> Any:
    failures = proof.verify().failures
    assert len(failures) == 1
    return failures[0].outcome.message


def test_a_planted_coupling_in_the_chain_is_found() -> None:
    proof = derive("ising-chain", "collapse")
    step = proof.step("transfer_matrices")
    beta = sp.Symbol("beta", nonnegative=True)
    bad = replace(step, right=step.right.subs(beta, beta * (1 + sp.Rational(1, 10**25))))
    assert "transfer_matrices" in message(replace(proof, steps=(*proof.steps[:4], bad)))


def test_a_limit_without_a_definition_is_refused_by_name() -> None:
    exponent = LyapunovExponent(s, gamma, lam)
    for target in ("numpy", "mpmath"):
        with pytest.raises(UnsupportedExpressionError, match="LyapunovExponent"):
            generate("f", [s, gamma, lam], exponent + 1, target=target)
    with pytest.raises(DerivationError, match="LyapunovExponent"):
        value(exponent, {s: mp.mpf(1), gamma: mp.mpf(1), lam: mp.mpf(1)})
