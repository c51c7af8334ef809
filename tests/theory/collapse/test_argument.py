"""Collapse by family: the rules and objects of each against numbers of another kind, planted mistakes found, refusals named."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from scipy.special import ndtri

from regimes.numerics.codegen.generate import generate
from regimes.numerics.quantities.kernels import build
from regimes.numerics.quantity import Formula, Quantity
from regimes.theory.channel.information_functions import ScalarCumulant, ScalarDispersion, ScalarInformation, ScalarMmse, ScalarOnset
from regimes.theory.channel.prior import PriorAverage, ScalarPrior, components, log_transform
from regimes.theory.conventions import gamma, lam, x
from regimes.theory.derivations import Derivation
from regimes.theory.derive import derive
from regimes.theory.errors import DerivationError, UnsupportedExpressionError
from regimes.theory.laws import Atom, Piece
from regimes.theory.laws.ising_chain.levels import LyapunovExponent
from regimes.theory.model import get_model
from regimes.theory.params import ALPHA, TILT, TIME
from regimes.theory.symbolic import rules
from regimes.theory.symbolic.averages import Defined, LargestRoot, LineIntegral, written_out
from regimes.theory.symbolic.evaluate import value

REQUIRED = [
    "energy_cumulant",
    "information",
    "entropy",
    "dispersion",
    "rate_function",
    "rsb_condition",
    "rsb_parameter",
    "m_star",
    "free_energy",
    "participation_ratio",
    "collapse_root",
    "clock",
    "condensation",
    "accuracy_time",
    "onset_cumulant",
    "onset_time",
    "excess_entropy",
    "energy",
    "selected_rate",
    "second_moment",
]
FAMILIES = ("gaussian-mixture", "spectrum-atoms", "spectrum-power-law", "product-ternary", "product-logistic", "curie-weiss", "ising-chain")

y, u, v = sp.symbols("y u v", real=True)
s = sp.Symbol("s", positive=True)
d = sp.Symbol("d", positive=True)


def kernel(model: Any, step: Any, *params: Any, target: Any = "numpy") -> Any:
    what = Quantity("value", "", "", "", params, {"definition": Formula("collapse", lambda proof: proof[step])})
    return build(get_model(model), what, "definition", target)


def message(proof: Any) -> Any:
    failures = proof.verify().failures
    assert len(failures) == 1
    return failures[0].outcome.message


def empty(**domains: Any) -> Any:
    return Derivation("none", "test", "planted mistakes", {s: (0.5, 2.0)} | {sp.Symbol(n, real=True): r for n, r in domains.items()})


@pytest.mark.parametrize("name", FAMILIES)
def test_quantities_find_their_steps_in_every_family(name: str) -> None:
    proof = derive(name, "collapse")
    assert not [step for step in REQUIRED if step not in proof]


# -- rules --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("low", "high"), [(0, sp.oo), (-sp.oo, sp.Rational(-1, 3)), (-1, 2), (sp.Rational(7, 2), 4)])
@pytest.mark.parametrize("where", [-40, -3, 0, 2, 60])
def test_an_interval_of_a_bell_equals_quadrature(low: Any, high: Any, where: float) -> None:
    closed = rules.log_gaussian_between(sp.exp(-s * (u - y) ** 2 + u), u, sp.sympify(low), sp.sympify(high))
    with mp.workdps(40):
        point = {s: mp.mpf(7) / 5, y: mp.mpf(where)}
        ends = [mp.mpf(e.p) / e.q if e.is_finite else (mp.inf if e > 0 else -mp.inf) for e in map(sp.sympify, (low, high))]
        nearest = min(max(mp.mpf(where), ends[0]), ends[1])
        cuts = sorted({*ends, *(c for c in (nearest + k for k in (-2, -0.5, -0.05, 0, 0.05, 0.5, 2)) if ends[0] < c < ends[1])})

        def exponent(w: float) -> Any:
            return -point[s] * (w - where) ** 2 + w

        # quad stops at an absolute error: the integrand is scaled to one
        direct = exponent(nearest) + mp.log(mp.quad(lambda w: mp.exp(exponent(w) - exponent(nearest)), cuts))
        assert abs(value(closed, point) - direct) < mp.mpf(10) ** -25 * max(1, abs(direct))


def test_an_interval_of_what_is_no_bell_is_refused() -> None:
    for f in (sp.exp(u**2), sp.exp(u), u * sp.exp(-(u**2)), sp.exp(-(u**4))):
        with pytest.raises(DerivationError):
            rules.log_gaussian_between(f, u, sp.S.Zero, sp.oo)


def test_hubbard_stratonovich_makes_a_square_linear_and_refuses_one_that_is_negative() -> None:
    field = rules.hubbard_stratonovich(sp.exp(s * y**2 / 2 + y), y)
    with mp.workdps(35):
        assert abs(value(field, {s: mp.mpf(2), y: mp.mpf("0.7")}) / mp.exp(mp.mpf("0.49") + mp.mpf("0.7")) - 1) < mp.mpf(10) ** -24
    with pytest.raises(DerivationError, match="positive"):
        rules.hubbard_stratonovich(sp.exp(-s * y**2), y)


def test_a_wrong_field_is_found() -> None:
    def wrong(f: Any, total: Any) -> Any:
        return rules.hubbard_stratonovich(f.subs(s, 2 * s), total)

    assert "left" in message(empty(y=(-1.0, 1.0)).then(wrong, sp.exp(s * y**2), total=y, name="bad", title=""))


def test_laplace_refuses_a_peak_of_something_else() -> None:
    exact = sp.log(LineIntegral(sp.exp(d * (-s * (u - 1) ** 2)), u)) / d
    with pytest.raises(DerivationError, match="vanishes"):
        rules.laplace(exact, d, LargestRoot(2 - u, u, 0, 5))


def test_laplace_at_a_point_that_is_no_peak_is_found() -> None:
    bell = sp.sqrt(d) * LineIntegral(sp.exp(-d * (s * u**2 + u**4)), u)

    def wrong(exact: Any, large: Any, **_: Any) -> Any:
        return sp.Rational(1, 50)

    proof = empty().limit(wrong, sp.log(bell) / d, name="bad", title="", variable=d, towards="infinity", exponent=1, first=6, points=1)
    assert "exponent" in message(proof)
    right = empty().limit(
        rules.laplace,
        sp.log(bell) / d,
        name="good",
        title="",
        variable=d,
        towards="infinity",
        exponent=1,
        first=6,
        points=1,
        peak=LargestRoot(-2 * s * u - 4 * u**3, u, -1, 1),
    )
    assert right.verify().verified


def test_transfer_matrices_sum_over_all_states() -> None:
    fields = [sp.Rational(k, 3) for k in (1, -2, 4, 0, 1)]
    with mp.workdps(25):
        b, h = mp.mpf("0.6"), [mp.mpf(f.p) / f.q for f in fields]
        states = list(product((1, -1), repeat=5))
        direct = sum(mp.exp(b * sum(a[i] * a[i + 1] for i in range(4)) + mp.fdot(h, a)) for a in states)
        assert abs(value(rules.transfer_matrices(s, fields), {s: b}) / direct - 1) < mp.mpf(10) ** -22


def test_a_planted_coupling_in_the_chain_is_found() -> None:
    proof = derive("ising-chain", "collapse")
    step = proof.step("transfer_matrices")
    beta = sp.Symbol("beta", nonnegative=True)
    bad = replace(step, right=step.right.subs(beta, beta * (1 + sp.Rational(1, 10**25))))
    assert "transfer_matrices" in message(replace(proof, steps=(*proof.steps[:4], bad)))


# -- priors -------------------------------------------------------------------------------------------------------------


def test_everything_that_holds_given_x_is_checked_for_a_density_with_a_kink() -> None:
    proof = derive("product-laplace", "collapse")
    given = "energy_given_output", "fluctuation_given_output"
    names = ["law_mass", "log_level_transform", *given, "forward_density", "score", "planted_tilt"]
    checked = replace(proof, steps=tuple(step for step in proof if step.name in names)).verify()
    assert checked.verified and all(step.outcome and step.outcome.witness == "20 random points, 30 digits" for step in checked)


def test_fewer_points_and_digits_are_said() -> None:
    proof = derive("product-gauss-bernoulli", "collapse")
    only = replace(proof, steps=(proof.step("energy_cumulant"),)).verify().step("energy_cumulant")
    assert only.outcome and only.outcome.ok and only.outcome.witness == "1 random point, 8 digits"


@pytest.mark.parametrize("change", [lambda w: w, lambda w: w * (1 + sp.Rational(1, 10**7))])
def test_a_density_that_is_no_probability_is_found(change: Callable[..., Any]) -> None:
    half = sp.Rational(1, 2)
    density = sp.exp(-sp.Abs(sp.Symbol("a", real=True))) / 2
    prior = ScalarPrior.of((Atom(half, sp.S.One),), (Piece(change(half), density, -sp.oo, sp.oo, (sp.S.Zero,)),))
    proof = empty().then(rules.rewrite, PriorAverage(prior, sp.S.One), target=sp.S.One, name="mass", title="").verify()
    assert proof.verified == (change(half) == half)


def spread(kind: str) -> Any:
    """A density, and nodes and weights of it: closed over an interval, or open."""
    if kind == "uniform":
        nodes, weights = np.polynomial.legendre.leggauss(200)
        return Piece(sp.Rational(2, 3), sp.Rational(1, 2), -sp.S.One, sp.S.One), nodes, weights / 2
    a, grid = sp.Symbol("a", real=True), np.linspace(-4.5, 4.5, 400)
    nodes = np.sinh(grid)
    weights = np.cosh(grid) * 9 / 399 / (4 * np.cosh(nodes / 2) ** 2)
    return Piece(sp.Rational(2, 3), 1 / (4 * sp.cosh(a / 2) ** 2), -sp.oo, sp.oo), nodes, weights


@pytest.mark.parametrize("kind", ["uniform", "logistic"])
def test_scalar_functions_of_a_mixed_prior_equal_double_sums(kind: str) -> None:
    piece, nodes, weights = spread(kind)
    prior = ScalarPrior.of((Atom(sp.Rational(1, 3), sp.Rational(3, 2)),), (piece,))
    assert prior.nested == (kind == "logistic") and len(components(prior)) == 2
    data, mass = np.append(nodes, 1.5), np.append(weights * 2, 1) / 3
    reach = 30 if kind == "uniform" else 40
    out, step = np.linspace(-reach, reach, 1601, retstep=True)
    g, tilt = 0.8, 1.3
    energy = (out[:, None] - np.sqrt(g) * data) ** 2 / 2
    chi = {k: np.exp(-k * energy) @ mass for k in (1.0, tilt)}
    p = chi[1.0] / np.sqrt(2 * np.pi) * step
    density = -energy - np.log(chi[1.0])[:, None]
    joint = p[:, None] * mass * np.exp(-energy) / chi[1.0][:, None]
    mean = [(np.exp(-energy) * data**k) @ mass / chi[1.0] for k in (1, 2)]
    info = (joint * density).sum()
    onset = np.log(np.exp(-tilt * (np.sqrt(g) * (data[:, None] - data)) ** 2 / 2) @ mass) @ mass
    expected = {
        ScalarCumulant(prior, gamma, lam): p @ np.log(chi[tilt]),
        ScalarInformation(prior, gamma): info,
        ScalarMmse(prior, gamma): p @ (mean[1] - mean[0] ** 2),
        ScalarDispersion(prior, gamma): (joint * density**2).sum() - info**2,
        ScalarOnset(prior, gamma, lam): onset,
    }
    for node, direct in list(expected.items())[: 1 if prior.nested else None]:  # integrals within integrals take seconds
        run = generate("f", [gamma, lam], written_out(node), target="numpy").load_with_error()
        found, error = run(g, tilt)
        assert abs(found - direct) < 1e-9 and error < 1e-12, type(node).__name__


@pytest.mark.parametrize("at", [-1e4, -30.0, 0.0, 0.4, 1e4])
def test_logarithms_of_transforms_neither_overflow_nor_cancel(at: float) -> None:
    law: Any = get_model("product-laplace").law({"sigma": sp.S.One})
    prior = ScalarPrior.of(law.atoms, law.pieces)
    form = log_transform(components(prior), gamma, lam, x, reference=int(at > 0))
    run = generate("f", [x, gamma, lam], form, target="numpy").load()
    with mp.workdps(40):
        exact = value(form, {x: mp.mpf(at), gamma: mp.mpf("0.3"), lam: mp.mpf(2)})
    assert abs(run(at, 0.3, 2.0) / float(exact) - 1) < 1e-14


def test_collapse_time_of_spins_is_where_the_textbook_information_equals_alpha() -> None:
    k = kernel("product-rademacher", "collapse_root", ALPHA)
    given = {"sigma": 1.0, "alpha": 0.3}
    found, error = k.load_with_error()(*(given[n] for n in k.args))

    def information(g: Any) -> Any:  # Shannon: one binary input of the Gaussian channel
        return g - mp.quad(lambda w: mp.npdf(w) * mp.log(mp.cosh(g + mp.sqrt(g) * w)), [-12, -4, -1, 0, 1, 4, 12])

    g = mp.findroot(lambda g: information(g) - mp.mpf("0.3"), 0.8)
    assert abs(found - float(mp.log1p(1 / g) / 2)) < 1e-14 and error < 1e-15


# -- Curie-Weiss --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("beta", "h", "expected"),
    [(0.5, 0.0, 0.0), (1.0, 0.0, 0.0), (1.5, 0.0, 0.8585596366401103), (1.5, -0.2, None), (0.7, 0.3, None)],
)
def test_magnetisation_below_at_and_above_the_critical_point(beta: float, h: float, expected: float | None) -> None:
    run = kernel("curie-weiss", "magnetisation", target="mpmath").load()
    with mp.workdps(20):
        m = run(beta, h)
        assert abs(m - mp.tanh(beta * m + h)) < mp.mpf(10) ** -18 and (m * h > 0 or h == 0)
        assert expected is None or abs(m - expected) < 1e-15


def test_levels_of_coupled_spins_answer_to_the_tilt() -> None:
    """Against the exact integral over the mean field of 2000 spins, x at the quantiles of its law."""
    beta, tilt, g, count = 1.5, 2.0, 1.0, 2000
    m = 0.8585596366401103
    z = ndtri((np.arange(2000) + 0.5) / 2000)
    z /= np.sqrt((z**2).mean())
    sites = np.concatenate([z + 1, z - 1])
    weight = np.repeat([(1 + m) / 2, (1 - m) / 2], z.size) / z.size
    field = np.linspace(-1.3, 1.3, 1001)

    def log_cosh(w: Any) -> Any:
        return np.logaddexp(w, -w) - np.log(2)

    def log_integral(exponent: Any) -> Any:
        top = exponent.max()
        return (top + np.log(np.exp(exponent - top).sum())) / count

    coupled = count * (-beta * field**2 / 2 + np.array([weight @ log_cosh(beta * f + tilt * sites) for f in field]))
    free = count * (-beta * field**2 / 2 + log_cosh(beta * field))
    exact = log_integral(coupled) - log_integral(free) - tilt * 1.5
    k = kernel("curie-weiss", "energy_cumulant", TIME, TILT)
    given = {"beta": beta, "h": 0.0, "t": np.log(2) / 2, "lam": tilt}
    derived = k.load()(*(given[n] for n in k.args))
    independent = weight @ np.log((1 + m) / 2 * np.exp(-tilt * (sites - 1) ** 2 / 2) + (1 - m) / 2 * np.exp(-tilt * (sites + 1) ** 2 / 2))
    assert abs(derived - exact) < 1e-3 < abs(independent - exact)
    assert np.isclose(g, 1 / np.expm1(2 * given["t"]))


def test_dispersion_of_coupled_spins_without_noise_is_the_variance_of_log_probability() -> None:
    beta, h, count = 1.3, 0.1, 4000
    up = np.arange(count + 1)
    total = 2.0 * up - count
    log_count = np.array([float(mp.log(mp.binomial(count, int(k)))) for k in up])
    weight = log_count + beta * total**2 / (2 * count) + h * total
    p = np.exp(weight - weight.max())
    p /= p.sum()
    log_p = beta * total**2 / (2 * count) + h * total
    exact = (p @ log_p**2 - (p @ log_p) ** 2) / count
    k = kernel("curie-weiss", "dispersion", TIME)
    given = {"beta": beta, "h": h, "t": 0.005}
    assert abs(k.load()(*(given[n] for n in k.args)) / exact - 1) < 0.02


# -- what is refused, what is shown ---------------------------------------------------------------------------------------


def test_a_limit_without_a_definition_is_refused_by_name() -> None:
    exponent = LyapunovExponent(s, gamma, lam)
    for target in ("numpy", "mpmath"):
        with pytest.raises(UnsupportedExpressionError, match="LyapunovExponent"):
            generate("f", [s, gamma, lam], exponent + 1, target=target)
    with pytest.raises(DerivationError, match="LyapunovExponent"):
        value(exponent, {s: mp.mpf(1), gamma: mp.mpf(1), lam: mp.mpf(1)})


def test_a_root_that_fails_inside_a_formula_is_not_taken_for_one_that_does_not_exist() -> None:
    c = sp.Symbol("c", positive=True)
    blind = sp.Piecewise((sp.log(c - u), u < c / 2), (sp.log(-u), True))  # nan, not negative, beyond c/2
    run = generate("f", [c], sp.log(1 + 1 / LargestRoot(blind, u, 0, sp.oo)), target="numpy").load_with_error()
    found, error = run(5.0)
    assert np.isnan(found) and np.isinf(error)
    found, error = generate("f", [c], sp.log(1 + 1 / LargestRoot(-c - u, u, 0, sp.oo)), target="numpy").load_with_error()(5.0)
    assert np.isnan(found) and np.isnan(error)


def test_a_root_is_sought_outwards_from_the_middle() -> None:
    c = sp.Symbol("c", positive=True)
    f = sp.Piecewise((sp.log(-u), u < sp.Rational(1, 10**9)), (c - u, True))  # nan far below
    assert abs(generate("f", [c], LargestRoot(f, u, 0, sp.oo), target="numpy").load()(0.01) - 0.01) < 1e-16


@pytest.mark.parametrize("name", ["product-laplace", "curie-weiss", "ising-chain", "spectrum-marchenko-pastur"])
def test_objects_render_in_the_field_s_notation(name: str) -> None:
    proof = derive(name, "collapse")
    steps = json.loads(proof.render("json"))["steps"]
    assert len(steps) == len(proof.steps)
    latex = proof.render("latex", fragment=True)
    assert "Scalar" not in latex and "Lyapunov" not in latex.replace("lyapunov", "") and "Piecewise" not in latex
    assert ("\\mathbb{E}_{a}" in latex) == (name == "product-laplace")
    assert proof.render("html", fragment=True).count("<math") >= len(proof.steps)


def test_definitions_hold_no_named_object() -> None:
    for name in ("product-gauss-bernoulli", "curie-weiss"):
        assert not written_out(derive(name, "collapse")["information"]).has(Defined)
