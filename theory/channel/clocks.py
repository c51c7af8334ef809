"""What the clocks of `schedules` rest on: gamma in every schedule's own time, and that time as a function of t."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from regimes.theory.channel.schedules import DDPM_SOURCE, OU_SOURCE, get_schedule
from regimes.theory.params import TIME

if TYPE_CHECKING:
    from regimes.theory.derivations import Derivation

__all__ = ["derive_schedules"]


@cache
def derive_schedules() -> Derivation:
    """gamma in every clock's own time, that time as a function of t, and why nothing else matters."""
    import sympy as sp

    from regimes.theory import conventions as c
    from regimes.theory.conventions import Delta, decay, gamma
    from regimes.theory.derivations import Derivation
    from regimes.theory.symbolic import rules

    alpha, sigma, x, a = sp.symbols("alpha_t sigma_t", positive=True) + sp.symbols("x a", real=True)
    at = {alpha: (0.05, 2.0), sigma: (0.1, 2.0)}
    names = {alpha: r"\alpha_t", sigma: r"\sigma_t", TIME.symbol: TIME.latex, **c.LATEX}
    title = "Clocks of other schedules, mapped to the signal-to-noise ratio"
    proof = Derivation("schedules", "clocks", title, {TIME.symbol: TIME.typical}, names)
    proof = proof.define("decay", decay, c.CHANNEL[decay], "Decay of the datum up to time t", OU_SOURCE, insert=True)
    proof = proof.define("noise_variance", Delta, c.CHANNEL[Delta], "Noise variance at time t", OU_SOURCE, insert=True)
    proof = proof.define("snr", gamma, c.CHANNEL[gamma], "Signal-to-noise ratio at time t", OU_SOURCE, insert=True)

    # The law of x sqrt(Delta)/sigma given a, where alpha = sigma sqrt(gamma).
    scale = sigma / sp.sqrt(Delta)
    channel = c.normal_density(scale * x - alpha * a, sigma**2) * scale
    proof = proof.then(
        rules.rewrite,
        channel.subs(alpha, sigma * sp.sqrt(gamma)),
        target=c.noise_density(x, a),
        name="rescaled_channel",
        title="In units of sigma/sqrt(Delta) any channel alpha a + sigma z of the same signal-to-noise ratio is the one of time t",
        domains={x: (-2.0, 2.0), a: (-2.0, 2.0), sigma: (0.1, 2.0)},
    )
    proof = proof.solve(
        _solve_clock,
        (1 / (sp.exp(2 * TIME.symbol) - 1), alpha**2 / sigma**2),
        TIME.symbol,
        name="time",
        title="The time t of a schedule",
        where=lambda u: u > 0,
        domains=at,
    )

    for schedule in map(get_schedule, ("variance-exploding", "flow-matching")):
        name, own = schedule.name.replace("-", "_"), schedule.time.symbol
        proof = proof.drawing({own: schedule.time.typical}, {own: schedule.time.latex})
        ratio = ((1 - own if name == "flow_matching" else 1) / own) ** 2  # both call their noise by its standard deviation
        proof = proof.define(f"{name}_snr", sp.Symbol(f"gamma_{name}"), ratio, f"{schedule.name}: {schedule.doc}", schedule.source)
        proof = proof.solve(
            rules.solve,
            (ratio, gamma),
            own,
            name=f"{name}_at_snr",
            title=f"{schedule.name}: time at which the signal-to-noise ratio is gamma",
            where=schedule.time.contains,
        )
        proof = proof.then(
            rules.rewrite,
            (ratio / (1 + ratio)).subs(own, proof[f"{name}_at_snr"]),
            target=decay**2,
            name=f"{name}_time",
            title=f"{schedule.name}: at that time alpha^2/(alpha^2 + sigma^2) = e^(-2t)",
        )
    proof = _flow_matching_speciation(proof)
    proof = _ddpm(proof)
    return _variance_preserving(proof)


def _own(name: str) -> Any:
    return get_schedule(name).time.symbol


def _solve_clock(equation: Any, variable: Any, point: Any, where: Any) -> Any:
    """An equation in e^{2t} alone."""
    import sympy as sp

    from regimes.theory.symbolic import rules

    growth = sp.Symbol("G", positive=True)
    root = rules.solve(equation.subs(sp.exp(2 * variable), growth), growth, point, lambda u: u > 1)
    return sp.log(sp.factor(root)) / 2


def _flow_matching_speciation(proof: Derivation) -> Derivation:
    """Two clusters of variance sigma^2 at distance 2 |m|, |m|^2 = d: where kappa = 1."""
    import sympy as sp

    from regimes.theory.conventions import d, gamma
    from regimes.theory.symbolic import rules

    width, s = sp.Symbol("sigma", positive=True), _own("flow-matching")
    at = {d: (10.0, 1000.0), width: (0.5, 2.0)}
    proof = proof.drawing({}, {d: "d", width: r"\sigma"})
    ratio = proof["flow_matching_snr"]
    proof = proof.define(
        "class_snr",
        sp.Symbol("kappa"),
        d * gamma / (1 + gamma * width**2),
        "Class signal-to-noise ratio of two clusters, |m|^2 = d",
        OU_SOURCE,
    )
    proof = proof.solve(
        rules.solve,
        (proof["class_snr"].subs(gamma, ratio), sp.S.One),
        s,
        name="flow_matching_speciation",
        title="flow-matching: time at which it equals one",
        where=lambda u: 0 < u < 1,
        domains=at,
    )
    return proof.then(
        rules.rewrite,
        1 - proof["flow_matching_speciation"],
        target=1 / (1 + sp.sqrt(d - width**2)),
        name="flow_matching_signal",
        title="What is left of the signal then",
        domains=at,
    )


def _ddpm(proof: Derivation) -> Derivation:
    """One step moves the clock by -log(1 - beta)/2."""
    import sympy as sp

    from regimes.theory.conventions import decay
    from regimes.theory.symbolic import rules

    beta, rate, count = sp.symbols("beta b N", positive=True)
    left = sp.sqrt(1 - beta)
    proof = proof.drawing({beta: (0.001, 0.5), rate: (0.1, 20.0)}, {beta: r"\beta_k"})
    proof = proof.define(
        "ddpm_step", sp.Symbol("x_{k+1}"), left * sp.Symbol("x_k") + sp.sqrt(beta) * sp.Symbol("z"), "ddpm: one step", DDPM_SOURCE
    )
    proof = proof.then(
        rules.reduce,
        (left * decay) ** 2 / ((1 - beta) * (1 - decay**2) + beta + (left * decay) ** 2),
        name="ddpm_signal",
        title="ddpm: alpha^2/(alpha^2 + sigma^2) = e^(-2t) after a step that began at time t",
    )
    proof = proof.then(
        rules.rewrite,
        -sp.log(proof["ddpm_signal"] / decay**2) / 2,
        target=-sp.log(1 - beta) / 2,
        name="ddpm_advance",
        title="ddpm: a step moves the clock by this; t is half the sum over the steps",
    )
    return proof.limit(
        _limit,
        count * proof["ddpm_advance"].subs(beta, rate / count),
        name="ddpm_many_steps",
        title="ddpm: N steps of noise b/N become a time of rate b in the limit of many steps",
        variable=count,
        towards="infinity",
        exponent=1,
    )


def _limit(expr: Any, variable: Any) -> Any:
    """What an expression tends to as `variable` grows without bound."""
    import sympy as sp

    return sp.limit(expr, variable, sp.oo)


def _variance_preserving(proof: Derivation) -> Derivation:
    import sympy as sp

    from regimes.theory.symbolic import rules

    schedule = get_schedule("variance-preserving")
    u, low, high = schedule.time.symbol, *(sp.Symbol(p.name, positive=True) for p in schedule.options)
    proof = proof.drawing(
        {u: schedule.time.typical, **{s: p.typical for s, p in zip((low, high), schedule.options, strict=True)}},
        {s: p.latex for s, p in zip((u, low, high), (schedule.time, *schedule.options), strict=True)},
    )
    rate = low + (high - low) * u
    clock = low * u / 2 + (high - low) * u**2 / 4
    proof = proof.define("variance_preserving_rate", sp.Symbol("beta(u)"), rate, f"{schedule.name}: {schedule.doc}", schedule.source)
    proof = proof.define("variance_preserving_clock", sp.Symbol("t(u)"), clock, f"{schedule.name}: the clock", schedule.source)
    proof = proof.then(
        rules.rewrite,
        sp.Derivative(clock, u),
        target=rate / 2,
        name="variance_preserving_speed",
        title="variance-preserving: with dt = beta/2 du the equation is dX = -X dt + sqrt(2) dW",
    )
    proof = proof.solve(
        rules.solve,
        (clock, TIME.symbol),
        u,
        name="variance_preserving_at_time",
        title="variance-preserving: time u at time t",
        where=lambda v: v > 0,
        domains={TIME.symbol: (0.1, 1.0)},
    )
    return proof.then(
        rules.rewrite,
        proof["variance_preserving_at_time"],
        target=4 * TIME.symbol / (low + sp.sqrt(low**2 + 4 * (high - low) * TIME.symbol)),
        name="variance_preserving_time",
        title="variance-preserving: the same without cancellation",
        domains={TIME.symbol: (0.1, 1.0)},
    )
