"""Times at which two Ising chains separate, by their log-odds and by their covariance."""

from __future__ import annotations

import itertools
from typing import Any

import sympy as sp

from regimes.theory import conventions as c
from regimes.theory.conventions import d, decay, gamma, y
from regimes.theory.derivations import Derivation
from regimes.theory.laws.ising_chains.law import IsingChains
from regimes.theory.symbolic import rules

SPINS = 3
"""Length of the chain on which sums over all spins are written out."""


def neighbours(beta: Any) -> Any:
    """Correlation of neighbours."""
    return sp.sinh(beta) / sp.cosh(beta)


def chain_times(proof: Derivation, law: IsingChains) -> Derivation:
    """Times by the log-odds at weak signals and by the covariance; the definitions that do not apply."""
    at = {d: (100.0, 1000.0)}
    contrast = sp.Symbol("C", positive=True)
    proof = proof.drawing({contrast: (0.1, 2.0)}, {})
    proof = proof.solve(
        rules.solve,
        (proof["kappa"].subs(proof["contrast"], contrast), sp.S.One),
        gamma,
        name="speciation_snr",
        title="Signal-to-noise ratio at which the classes separate, C the sum above",
        where=lambda u: u > 0,
        domains=at,
    )
    clock = sp.log(1 + 1 / gamma) / 2
    proof = proof.then(
        rules.rewrite,
        clock.subs(gamma, c.CHANNEL[gamma]),
        target=c.t,
        name="clock",
        title="Time at a signal-to-noise ratio",
    )
    proof = proof.limit(
        rules.leading_order,
        clock.subs(gamma, proof["speciation_snr"]),
        name="snr_time_large_d",
        title="Speciation time of a long chain: log(d)/4 and its constant",
        variable=d,
        towards="infinity",
        exponent=0.5,
    )
    proof = proof.then(
        rules.rewrite,
        proof["snr_time_large_d"].subs(contrast, proof["contrast"]),
        target=sp.log(d * proof["contrast"] / 4) / 4,
        name="snr_time",
        title="The same in the couplings",
        domains=at,
    )
    wanted = sp.Symbol("kappa_c", positive=True)
    proof = proof.drawing({wanted: (0.5, 1.5)}, {wanted: r"\kappa_c"})
    proof = proof.solve(
        rules.solve,
        (proof["kappa"].subs(proof["contrast"], contrast), wanted),
        gamma,
        name="cloning_snr",
        title="Definition 'cloning': the class signal-to-noise ratio reaches kappa_c, where the universal curve reaches the threshold",
        where=lambda u: u > 0,
        domains=at,
    )
    proof = proof.limit(
        rules.leading_order,
        clock.subs(gamma, proof["cloning_snr"]),
        name="cloning_time_large_d",
        title="Speciation time of a long chain, definition 'cloning' for a given kappa_c",
        variable=d,
        towards="infinity",
        exponent=0.5,
    )
    return _by_covariance(proof, law)


def _by_covariance(proof: Derivation, law: IsingChains) -> Derivation:
    """The largest eigenvalue belongs to the uniform direction: one and twice the sum of the correlations."""
    x = sp.Symbol("q", positive=True)
    sums = [1 + 2 * proof["geometric_sum"].subs(x, neighbours(beta)) for beta in (law.beta_a, law.beta_b)]
    proof = proof.then(
        rules.rewrite,
        law.weight * sums[0] + (1 - law.weight) * sums[1],
        target=law.weight * sp.exp(2 * law.beta_a) + (1 - law.weight) * sp.exp(2 * law.beta_b),
        name="largest_eigenvalue",
        title="Largest eigenvalue of the covariance of a long chain",
    )
    top = proof["largest_eigenvalue"]
    for name, equation, title in (
        ("spectral", (top * decay**2, sp.S.One), "Largest eigenvalue of the signal equals one"),
        ("noise_balance", (top * decay**2, 1 - decay**2), "Largest eigenvalue of the signal equals the noise variance"),
    ):
        proof = proof.solve(rules.solve, equation, decay, name=f"{name}_decay", title=f"{title}: e^(-t)", where=lambda u: 0 < u < 1)
        proof = proof.then(
            rules.take_the_logarithm,
            -sp.log(proof[f"{name}_decay"]),
            name=f"{name}_time",
            title=f"Speciation time of a long chain, definition '{name.replace('_', '-')}': it does not grow with d",
        )
    return _no_direction(proof, law)


def _no_direction(proof: Derivation, law: IsingChains) -> Derivation:
    """Why two definitions do not apply: at the symmetric point they see the covariance of the mixture, not the classes."""
    spins = list(itertools.product((1, -1), repeat=SPINS))
    height = sp.sqrt(gamma / SPINS) * y
    evidence, square = sp.S.Zero, sp.S.Zero
    for weight, beta in ((law.weight, law.beta_a), (1 - law.weight, law.beta_b)):
        for chain in spins:
            share = weight * sp.exp(beta * sum(p * q for p, q in itertools.pairwise(chain))) / (2 * (2 * sp.cosh(beta)) ** (SPINS - 1))
            evidence += share * sp.exp(height * sum(chain))
            square += share * sp.Integer(sum(chain)) ** 2 / SPINS
    return proof.then(
        rules.rewrite,
        sp.Subs(sp.Derivative(y**2 / 2 - sp.log(evidence), y, y), y, 0),
        target=1 - gamma * square,
        name="no_bimodal",
        title=f"Curvature of -log P_t at x = 0 along the uniform direction, in units of 1/Delta, {SPINS} spins: it knows the variance "
        "of the mixture only, and both classes are symmetric about it, so definitions 'bimodal' and 'curvature' say nothing of the classes",
        points=5,
    )
