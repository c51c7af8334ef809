"""Speciation of Gaussian clusters with their own centres, widths and weights: every pair by its log-odds, every direction by itself."""

from __future__ import annotations

from typing import Any

import sympy as sp

from regimes.theory import conventions as c
from regimes.theory.channel.forward import start
from regimes.theory.conventions import Delta, a, d, decay, gamma, z
from regimes.theory.derivations import Derivation
from regimes.theory.errors import DerivationError
from regimes.theory.laws.mixture.law import Mixture
from regimes.theory.laws.mixture.pair import SOURCE, closed_time, distance_sq, in_signal, pair, widths
from regimes.theory.laws.mixture.widths import own_widths
from regimes.theory.model import DataModel
from regimes.theory.params import DIMENSION
from regimes.theory.speciation.symbols import decay_sq, kappa, posterior
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import LineIntegral, NormalAverage


def mixture_speciation(model: DataModel, law: Mixture) -> Derivation:
    """The pair of classes, the covariance, then what the arrangement of the clusters makes of them."""
    if law.class_count == 1:
        raise DerivationError(f"{model.name} has one class: there is nothing to tell apart")
    names = {d: DIMENSION.latex, kappa: r"\kappa", decay_sq: "e^{-2t}"}
    proof = pair(start(model, "speciation").drawing({d: DIMENSION.typical}, names), model.source)
    proof = _covariance(proof, law)
    if len({cluster.sd for cluster in law.clusters}) > 1 or any(cluster.cost != 0 for cluster in law.clusters):
        return own_widths(proof, law)
    if _is_product(law):
        return _nested(_symmetric_point(proof, law), law)
    return _equal_pairs(_symmetric_point(proof, law), law)


def _title(law: Mixture, j: int) -> str:
    return f" along direction {j} of the centres" if law.rank > 1 else ""


def _name(law: Mixture, j: int) -> str:
    return f"direction_{j}_" if law.rank > 1 else ""


def _covariance(proof: Derivation, law: Mixture) -> Derivation:
    """Variance of the data along every axis of the centres' frame, and the two definitions that use it."""
    present = [(sp.sympify(cluster.weight, strict=True), cluster) for cluster in law.clusters if cluster.cost == 0]
    if len(present) < 2:
        return proof.define(
            "no_spectral",
            sp.Symbol("Lambda"),
            present[0][1].sd ** 2,
            "Largest eigenvalue of the covariance of the one class that makes up the data: definitions 'spectral' and 'noise-balance' do "
            "not see a class whose weight falls like e^(-d cost)",
            "law of the data",
        )
    if not _aligned(law):
        title = (
            "The axes of the centres' frame are not those of their covariance: its eigenvalues have no short form, and so have their times"
        )
        return proof.define("no_eigenvalue", sp.Symbol("Lambda"), sp.Symbol("Lambda"), title, "largest root of a characteristic polynomial")
    for j in range(law.rank):
        name, words = _name(law, j), _title(law, j)
        mean = sum(w * cluster.centre[j] for w, cluster in present)
        parts = [(w, sp.sqrt(d) * (cluster.centre[j] - mean), cluster.sd) for w, cluster in present]
        proof = proof.then(
            rules.complete_the_square,
            LineIntegral(sp.Add(*(w * a**2 * c.normal_density(a - centre, sd**2) for w, centre, sd in parts)), a),
            name=f"{name}raw_eigenvalue",
            title=f"Variance of the data{words or ' along the direction of the centres'}",
        )
        top = sp.Add(*(w * sd**2 for w, _, sd in parts)) + sp.factor(sp.expand(sum(w * centre**2 for w, centre, _ in parts)))
        proof = proof.then(rules.rewrite, proof[f"{name}raw_eigenvalue"], target=top, name=f"{name}eigenvalue", title="simplified")
        for definition, right, title in (
            ("spectral", sp.S.One, "Largest eigenvalue of the signal equals one"),
            ("noise-balance", 1 - decay_sq, "Largest eigenvalue of the signal equals the noise variance"),
        ):
            proof = closed_time(proof, f"{name}{definition.replace('-', '_')}", definition, (top * decay_sq, right), title + words)
    return proof


def _aligned(law: Mixture) -> bool:
    """Whether the centres vary along every axis of their frame, and along different axes independently."""
    present = [(sp.sympify(cluster.weight, strict=True), cluster.centre) for cluster in law.clusters if cluster.cost == 0]
    middle = [sum(w * x[j] for w, x in present) for j in range(law.rank)]
    spread = {
        (j, k): sp.simplify(sum(w * x[j] * x[k] for w, x in present) - middle[j] * middle[k]) for j in range(law.rank) for k in range(j + 1)
    }
    return all((square == 0) == (j != k) for (j, k), square in spread.items())


def _symmetric_point(proof: Derivation, law: Mixture) -> Derivation:
    """Curvature of -log P_t and slope of the reverse drift at the centre of classes of equal weights at equal distances from it."""
    clusters = law.clusters
    radii = {sp.simplify(sum(p**2 for p in cluster.centre)) for cluster in clusters}
    middle = [sp.simplify(sum(cluster.centre[j] for cluster in clusters)) for j in range(law.rank)]
    if len({cluster.weight for cluster in clusters}) > 1 or any(middle) or len(radii) > 1 or not _aligned(law):
        return proof
    var = Delta + decay**2 * clusters[0].sd ** 2
    y = sp.Symbol("y", real=True)
    for j in range(law.rank):
        name, words = _name(law, j), _title(law, j)
        density = sp.Add(
            *(
                cluster.weight
                * sp.Mul(*(c.normal_density((y if k == j else 0) - decay * sp.sqrt(d) * p, var) for k, p in enumerate(cluster.centre)))
                for cluster in clusters
            )
        )
        square = sp.factor(sp.expand(sum(sp.sympify(cluster.weight, strict=True) * cluster.centre[j] ** 2 for cluster in clusters)))
        proof = proof.then(
            rules.rewrite,
            sp.Subs(-sp.Derivative(sp.log(density), y, y), y, 0),
            target=1 / var - d * square * decay**2 / var**2,
            name=f"{name}bend",
            title=f"Curvature of -log P_t at the symmetric point{words}",
            domains={d: (1.0, 8.0)},
            points=5,
        )
        bend = sp.factor(sp.together(in_signal(proof[f"{name}bend"])))
        proof = closed_time(proof, f"{name}bimodal", "bimodal", (sp.numer(bend), sp.S.Zero), f"-log P_t has zero curvature there{words}")
        drift = sp.numer(sp.factor(sp.together(1 - 2 * bend)))
        title = f"The linear coefficient of the reverse drift, 1 - 2 times the curvature, vanishes there{words}"
        proof = closed_time(proof, f"{name}curvature", "curvature", (drift, sp.S.Zero), title)
    return proof


def _class_snr(proof: Derivation, square: Any, sd: Any) -> Any:
    """kappa of a pair at that squared distance."""
    return sp.factor(proof["pair_kappa"].subs({distance_sq: square, widths[0]: sd}, simultaneous=True))


def _equal_pairs(proof: Derivation, law: Mixture) -> Derivation:
    """Every distance that occurs between two clusters, and the time at which classes so far apart separate."""
    sd = law.clusters[0].sd
    squares: dict[Any, str] = {}
    for i, one in enumerate(law.clusters):
        for j, other in enumerate(law.clusters[:i]):
            square = sp.simplify(sum((p - q) ** 2 for p, q in zip(one.centre, other.centre, strict=True)))
            squares.setdefault(square, f"classes {j} and {i}")
    for k, (square, words) in enumerate(squares.items()):
        name = f"pair_{k}_" if len(squares) > 1 else ""
        signal = _class_snr(proof, square, sd)
        proof = proof.define(f"{name}kappa", kappa, signal, f"Class signal-to-noise ratio of {words} and of all pairs as far apart", SOURCE)
        equation = sp.together(in_signal(signal)), sp.S.One
        title = f"Class signal-to-noise ratio of {words} equals one: mean and standard deviation of their log-odds are equal"
        proof = closed_time(proof, f"{name}snr", "snr", equation, title)
    return proof


def _is_product(law: Mixture) -> bool:
    """Whether the centres are all combinations of +- one number along every direction, with equal weights."""
    axes = [{cluster.centre[j] for cluster in law.clusters} for j in range(law.rank)]
    balanced = all(len(axis) == 2 and sum(axis) == 0 for axis in axes) and len({cluster.weight for cluster in law.clusters}) == 1
    return law.rank > 1 and balanced and len(set(law.clusters)) == 2**law.rank


def _nested(proof: Derivation, law: Mixture) -> Derivation:
    """Centres at all combinations of signs: the directions are independent, each splits the data in two at its own time."""
    sd, rank = law.clusters[0].sd, law.rank
    places = sp.symbols(f"x_1:{rank + 1}", real=True)
    var = Delta + decay**2 * sd**2

    def bump(j: int, centre: Any) -> Any:
        return c.normal_density(places[j] - decay * sp.sqrt(d) * centre, var)

    whole = sp.Add(*(cluster.weight * sp.Mul(*(bump(j, p) for j, p in enumerate(cluster.centre))) for cluster in law.clusters))
    lengths = [law.clusters[0].centre[j] for j in range(rank)]
    proof = proof.then(
        rules.rewrite,
        whole,
        target=sp.Mul(*((bump(j, p) + bump(j, -p)) / 2 for j, p in enumerate(lengths))),
        name="factorised",
        title="The density is a product over the directions: the posterior of one partition does not depend on the others",
        domains={**dict.fromkeys(places, (-2.0, 2.0)), d: (1.0, 8.0)},
    )
    proof = proof.define("snr", gamma, c.CHANNEL[gamma], "Signal-to-noise ratio of the channel", "clock of the process", insert=True)
    curve = NormalAverage(posterior(sp.S.Half, 2 * kappa + 2 * sp.sqrt(kappa) * z), z)
    both = sp.S.One
    for j, length in enumerate(lengths):
        signal = _class_snr(proof, (2 * length) ** 2, sd)
        words = f"Class signal-to-noise ratio of the partition along direction {j}, centres +-{length} sqrt(d)"
        proof = proof.define(f"direction_{j}_kappa", sp.Symbol(f"kappa_{j}"), signal, words, SOURCE)
        proof = closed_time(proof, f"direction_{j}_snr", "snr", (sp.together(in_signal(signal)), sp.S.One), f"{words}, equals one")
        phi = curve.subs(kappa, signal)
        both *= phi
        title = f"Probability that two clones end on the same side along direction {j}"
        proof = proof.define(f"direction_{j}_cloning_probability", sp.Symbol(f"phi_{j}"), phi, title, "universal curve of two classes")
    proof = proof.define(
        "cloning_probability", sp.Symbol("phi"), both, "Probability that they end in the same cluster: all partitions agree", "independence"
    )
    for j in range(1, rank):
        proof = proof.limit(
            difference_of_times,
            proof["direction_0_snr_time"] - proof[f"direction_{j}_snr_time"],
            name=f"successive_{j}",
            title=f"Between the times of directions 0 and {j}: the longer one splits first",
            variable=d,
            towards="infinity",
            exponent=1,
        )
    return proof


def difference_of_times(expr: Any, variable: Any) -> Any:
    """Leading order of a difference of times."""
    return sp.logcombine(sp.simplify(rules.leading_order(expr, variable)), force=True)
