"""`check_model`: what every model obeys, whatever its law, at random parameters of the model.

The claims are identities that tie the law, the sampler and the energy cumulant function together; no expected value comes from
the code that is tested. Statistical claims use one-sided error rates of 1e-6 each and state what they can detect.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from regimes.numerics.arrays import FloatArray
from regimes.numerics.collapse.levels import EnergyLevels
from regimes.numerics.estimate import Estimate
from regimes.numerics.laws import levels_at
from regimes.numerics.model_files.reader import get_model
from regimes.numerics.predict import predict as theory
from regimes.theory.errors import RegimesError
from regimes.theory.laws import Law
from regimes.theory.model import DataModel
from regimes.validate.laws import Invariants, answers, density, draw, in_numbers
from regimes.validate.simulation.channel import noise_var

__all__ = ["ModelReport", "Property", "check_model"]

MISTAKE = 1e-6
"""Probability with which one statistical claim fails for a right model."""
SIGMAS = 5.0  # two-sided, a little beyond MISTAKE

Levels = Callable[[DataModel, Mapping[str, FloatArray]], EnergyLevels]
Draw = Callable[..., tuple[Any, Any]]
Predict = Callable[..., Estimate]


@dataclass(frozen=True)
class Property:
    """A claim, whether it held, and what was seen."""

    name: str
    claim: str
    ok: bool
    message: str


@dataclass(frozen=True)
class ModelReport:
    """Outcome of `check_model`."""

    model: str
    properties: tuple[Property, ...]

    @property
    def holds(self) -> bool:
        """Whether every property held."""
        return all(p.ok for p in self.properties)

    @property
    def failures(self) -> list[Property]:
        """Properties that did not hold."""
        return [p for p in self.properties if not p.ok]

    def __str__(self) -> str:
        lines = [f"{self.model}: {'every property holds' if self.holds else f'{len(self.failures)} properties FAIL'}"]
        return "\n".join(lines + [f"  {'ok  ' if p.ok else 'FAIL'}  {p.name}: {p.claim} ({p.message})" for p in self.properties])


@dataclass(frozen=True)
class Subject:
    """A model under test at one parameter point, and the parts that may be put in place of the program's own."""

    model: DataModel
    values: dict[str, float]
    levels: Levels
    draw: Draw
    predict: Predict
    seed: int

    def at(self, gamma: FloatArray) -> EnergyLevels:
        """Energy levels, one for every entry of `gamma`."""
        return self.levels(self.model, {name: np.full(gamma.size, v) for name, v in self.values.items()} or {"": np.zeros(gamma.size)})

    @property
    def law(self) -> Law:
        """The law at this point."""
        return self.model.law(self.model.complete(self.values))

    @property
    def family(self) -> Invariants:
        """What is particular to the family of the law."""
        return _invariants(self.model)


GAMMAS = np.geomspace(1e-3, 1e3, 13)
_STEP = 1e-3


def _close(left: FloatArray, right: FloatArray, tolerance: FloatArray | float, what: str) -> str:
    """The largest deviation, in words; AssertionError beyond the tolerance."""
    gap = np.abs(np.asarray(left) - np.asarray(right))
    worst = int(np.argmax(gap - tolerance))
    assert bool(np.all(gap <= tolerance)), f"{what}: {np.ravel(left)[worst]:.12g} against {np.ravel(right)[worst]:.12g}"
    return f"to {gap.max():.1e}"


# -- claims about the energy cumulant function ----------------------------------------------------------------------------------


def nishimori(s: Subject) -> str:
    """a datum behind x has the typical energy of tilt one: g'(1) = -1/2"""
    energy = s.at(GAMMAS).energy(GAMMAS, np.ones_like(GAMMAS))
    return _close(energy.value, np.full_like(GAMMAS, 0.5), 1e-10 + 4 * energy.error, "mean energy at tilt 1")


def derivatives(s: Subject) -> str:
    """the energy and its fluctuation are the first two derivatives of g, and g is convex with g(0) = 0"""
    lam = np.geomspace(0.2, 3, GAMMAS.size)[::-1].copy()
    law, h = s.at(GAMMAS), _STEP * lam
    below, here, above = (law.cumulant(GAMMAS, u).value for u in (lam - h, lam, lam + h))
    energy, bend = law.energy(GAMMAS, lam), law.fluctuation(GAMMAS, lam)
    assert bool(np.all(bend.value >= -bend.error)), "g is not convex"
    assert bool(np.all(np.abs(law.cumulant(GAMMAS, 0 * GAMMAS).value) <= 1e-12)), "g(0) is not zero"
    slopes = (law.energy(GAMMAS, lam - h).value - law.energy(GAMMAS, lam + h).value) / (2 * h)
    size = np.maximum(np.abs(here), 1)
    _close((below - above) / (2 * h), energy.value, 1e-5 * np.maximum(energy.value, 1) + 1e-12 * size / h, "-dg/dlam")
    return _close(slopes, bend.value, 1e-4 * np.maximum(bend.value, 1e-3) + 1e-12 * size / h, "d^2g/dlam^2")


def legendre(s: Subject) -> str:
    """the rate function is the Legendre transform of g, and its own transform is g again"""
    some, lam = GAMMAS[3:11:2], np.array([0.3, 0.8, 1.0, 1.7])
    distinct = s.at(some).fluctuation(some, lam).value > 1e-3  # where the signal resolves discrete data every tilt selects one energy
    some, lam = some[distinct], lam[distinct]
    law = s.at(some)
    energy, rate, g = law.energy(some, lam), law.rate(some, lam), law.cumulant(some, lam)
    _close(rate.value, -g.value - lam * energy.value, 1e-10 * np.maximum(np.abs(g.value), 1), "rate at the selected energy")
    # back: min over eps of f(eps) + lam eps, over the energies that neighbouring tilts select
    for factor in (0.9, 1.1):
        other, higher = law.energy(some, factor * lam), law.rate(some, factor * lam)
        assert bool(np.all(higher.value + lam * other.value >= -g.value - 1e-10)), "f(eps) + lam eps is not smallest where lam selects"
    given = {**s.values, "t": 0.5 * np.log1p(1 / some), "energy": energy.value}
    found = s.predict(s.model, "rate-function", **given)
    assert bool(np.all(found.ok)), str(found.reason)
    return _close(found.value, rate.value, 1e-9 * np.maximum(rate.value, 1e-3), "predicted rate function")


def information(s: Subject) -> str:
    """I = rate(1) = -1/2 - g(1), between 0 and the entropy, increasing and concave in gamma"""
    law = s.at(GAMMAS)
    info, rate, g = law.information(GAMMAS), law.rate(GAMMAS, np.ones_like(GAMMAS)), law.cumulant(GAMMAS, np.ones_like(GAMMAS))
    assert bool(np.all(np.diff(info.value) > -1e-12)) and bool(np.all(info.value > 0)), "I is not increasing from zero"
    assert bool(np.all(info.value <= law.largest_information() * (1 + 1e-12))), "I exceeds the entropy"
    slopes = np.diff(info.value) / np.diff(GAMMAS)
    assert bool(np.all(np.diff(slopes) < 1e-9)), "I is not concave in gamma"
    _close(info.value, rate.value, 1e-10 * np.maximum(info.value, 1e-2), "rate(1)")
    return _close(info.value, -0.5 - g.value, 1e-10 * np.maximum(info.value, 1), "-1/2 - g(1)")


def i_mmse(s: Subject) -> str:
    """dI/dgamma = mmse/2"""
    law, h = s.at(GAMMAS), _STEP * GAMMAS
    slope = (law.information(GAMMAS + h).value - law.information(GAMMAS - h).value) / (2 * h)
    mmse = law.mmse(GAMMAS)
    return _close(slope, mmse.value / 2, 1e-5 * np.maximum(mmse.value, 1e-6) + 1e-11 / h, "dI/dgamma")


def limits(s: Subject) -> str:
    """little signal: 2 I/gamma and V/gamma fall from the data's variance to the mmse, and t_C grows without bound as alpha falls"""
    small = np.array([1e-9, 1e-7])
    law = s.at(small)
    info, spread, error = (f(small).value for f in (law.information, law.dispersion, law.mmse))
    assert bool(np.all(2 * info / small >= error * (1 - 1e-4))), f"2 I/gamma: {2 * info / small} is below the mmse {error}"
    times = s.predict(s.model, "collapse-time", **s.values, alpha=np.array([1e-6, 1e-4, 1e-2]))
    assert bool(np.all(times.ok)) and bool(np.all(np.diff(times.value) < 0)), "t_C does not fall with alpha"
    if error[1] < (1 - 1e-5) * error[0]:  # the tail of a spectrum is felt at any signal
        return "the variance is not reached"
    _close(2 * info / small, error, 1e-4 * error, "2 I/gamma against the mmse")
    _close(spread / small, error, 1e-4 * error, "V/gamma against the mmse")
    return _close(np.exp(-2 * times.value[:1]), 2e-6 / error[:1], 1e-3 * 2e-6 / error[:1], "e^(-2 t_C) at small alpha")


def collapse(s: Subject) -> str:
    """at t_C the information is alpha and m* reaches one; f^e vanishes below and rises monotonically above"""
    alpha = np.array([0.05, 0.2]) * min(1.0, float(s.at(GAMMAS[:1]).largest_information()[0]) / 0.3)
    time = s.predict(s.model, "collapse-time", **s.values, alpha=alpha)
    assert bool(np.all(time.ok)), str(time.reason)
    info = s.predict(s.model, "information", **s.values, t=time.value)
    seen = _close(info.value, alpha, 1e-9 * alpha, "I(t_C)")
    m = s.predict(s.model, "rsb-parameter", **s.values, t=np.outer([0.9, 1.1], time.value), alpha=alpha)
    assert bool(np.all(m.value[0] < 1)) and bool(np.all(m.value[1] == 1)), f"m* around t_C: {m.value}"
    excess = s.predict(s.model, "excess-entropy", **s.values, t=np.outer([0.9, 1.1, 1.5, 3], time.value), alpha=alpha)
    assert bool(np.all(excess.value[0] == 0)) and bool(np.all(np.diff(excess.value, axis=0) > 0)), f"f^e around t_C: {excess.value}"
    return seen


# -- claims that need samples -----------------------------------------------------------------------------------------------------


def normalised(s: Subject) -> str:
    """the weights of the law sum to one, and so do its densities"""
    law, parts = s.law, s.family.weights
    if isinstance(parts, str):
        return parts
    weights = [float(w) for w in parts(law)]
    assert min(weights) >= 0, f"a weight is negative: {weights}"
    assert abs(math.fsum(weights) - 1) < 1e-12, f"the weights sum to {math.fsum(weights):.15g}"
    in_numbers(law)  # refuses a density that does not integrate to one
    return f"{len(weights)} parts"


def _sample(s: Subject, d: int, n: int, gamma: float) -> tuple[Law, FloatArray, FloatArray, float, FloatArray]:
    """Law in numbers, data, noised data, forward time and noise."""
    rng = np.random.default_rng(np.random.SeedSequence(s.seed, spawn_key=(d, n)))
    law, t = in_numbers(s.law), 0.5 * math.log1p(1 / gamma)
    data, _ = s.draw(rng, law, n, d)
    noise = rng.standard_normal(data.shape)
    return law, np.asarray(data, dtype=np.float64), math.exp(-t) * data + math.sqrt(noise_var(t)) * noise, t, noise


def _within(values: FloatArray, wanted: float, granted: float, what: str) -> str:
    """Mean of independent values against a number: SIGMAS standard errors and what is granted."""
    arm = SIGMAS * float(values.std(ddof=1)) / math.sqrt(values.size) + granted
    gap = float(values.mean()) - wanted
    assert abs(gap) <= arm, f"{what}: measured {values.mean():.6g}, predicted {wanted:.6g}, allowed {arm:.2g}"
    return f"measured {values.mean():.5g}, detects {2 * arm:.1g}"


def sampler(s: Subject) -> str:
    """the measured mean of log p(x|a)/P_t(x) over samples is d I(t): law, sampler and g belong together"""
    gamma, d, n = 1.5, 256, 600
    law, _, x, t, noise = _sample(s, d, n, gamma)
    log_channel = -0.5 * np.einsum("ij,ij->i", noise, noise) - 0.5 * d * math.log(2 * math.pi * noise_var(t))
    found = (log_channel - density(law, d).terms(x, t).sum(axis=1)) / d
    wanted = float(s.at(np.array([gamma])).information(np.array([gamma])).value[0])
    return _within(found, wanted, s.family.finite_size(law, d), "information density per dimension")


def spread(s: Subject) -> str:
    """the second moment of the samples is that of the law: mmse without signal is their variance"""
    law, data, _, _, _ = _sample(s, 256, 600, 1.0)
    centre, small = data.mean(axis=0), np.array([1e-9])
    if not s.family.free(law):
        return "no free coordinate"
    wanted = float(s.at(small).mmse(small).value[0])
    return _within(np.square(data - centre).mean(axis=1) * (1 + 1 / len(data)), wanted, 0.0, "variance per coordinate")


def denoising(s: Subject) -> str:
    """the measured squared error of the posterior mean (x + Delta score) e^t is the predicted mmse"""
    gamma, d, n = 0.8, 64, 800
    law, data, x, t, _ = _sample(s, d, n, gamma)
    if not s.family.independent:
        return "coordinates are not independent"
    h, noised = 1e-3 * math.sqrt(noise_var(t)), density(law, d)
    score = (noised.terms(x + h, t) - noised.terms(x - h, t)) / (2 * h)
    error = np.square(data - (x + noise_var(t) * score) * math.exp(t)).mean(axis=1)
    wanted = float(s.at(np.array([gamma])).mmse(np.array([gamma])).value[0])
    return _within(error, wanted, 1e-4 * wanted, "denoising error per coordinate")


def targets(s: Subject) -> str:
    """independent methods of the same quantity agree: quadrature, energy cumulant, mmse integral, the derivation's own formula"""
    from regimes.numerics.quantities.table import get_quantity
    from regimes.numerics.quantity import Formula

    what = get_quantity("information", s.model)
    cheap = [name for name, method in what.methods.items() if not isinstance(method, Formula)]
    slow = [name for name in what.methods if name not in cheap]
    t = np.array([0.3, 1.1])
    first = s.predict(s.model, "information", method=next(iter(what.methods)), **s.values, t=t)
    for method in [*cheap, *slow]:
        times = t if method in cheap else t[:1]
        other = s.predict(s.model, "information", method=method, **s.values, t=times)
        assert bool(np.all(other.ok)), f"{method}: {other.reason}"
        sampled = 0.0 if np.all(other.error < 1e-6 * other.value) else other.error  # a method with an error bar is held to it
        _close(other.value, first.value[: times.size], 1e-9 * first.value[: times.size] + sampled, method)
    return ", ".join([*cheap, *slow])


CHEAP = (normalised, nishimori, derivatives, legendre, information, i_mmse, limits, collapse)
ONCE = (sampler, spread, denoising, targets)
"""Claims that simulate or integrate at length: fewer examples."""


def check_model(
    model: DataModel | str, *, examples: int = 10, seed: int = 0, levels: Levels | None = None, draw: Draw = draw, predict: Predict = theory
) -> ModelReport:
    """Every invariant of a model with data, over random parameters from the typical intervals of its parameters.

    Parameters
    ----------
    model : DataModel or str
        A model, its name or a model file.
    examples : int
        Parameter points of each deterministic claim; a fifth of it (at least one) of each that simulates.
    seed : int
        Of the examples and of the samples.
    levels, draw, predict : callable
        Energy cumulant function, sampler and predictions to be tested, by default the program's own.

    Returns
    -------
    ModelReport
        One property per claim; `.holds` is the verdict, a failed one comes with a point where it fails.

    Raises
    ------
    RegimesError
        The model has no data (the random energy model by itself), or no energy levels.
    """
    model = get_model(model) if isinstance(model, str) else model
    family = _invariants(model)
    parts = (levels or levels_at, draw, predict)
    claims = [(claim, examples) for claim in CHEAP] + [(claim, max(1, examples // 5)) for claim in ONCE]
    if not family.one_law_of_levels:  # what holds of one law of levels does not hold of the average over classes
        claims = [(claim, count) for claim, count in claims if claim in (normalised, information, i_mmse)]
    return ModelReport(model.name, tuple(_tried(claim, count, model, parts, seed) for claim, count in claims))


def _invariants(model: DataModel) -> Invariants:
    found = answers(model.family).invariants
    if isinstance(found, str):
        raise RegimesError(f"{model.name} {found}")
    return found


def _tried(claim: Callable[[Subject], str], count: int, model: DataModel, parts: tuple[Levels, Draw, Predict], seed: int) -> Property:
    """One claim at `count` points of the parameters' typical box; if it fails, at one with as few digits as still show it."""
    said, seen = (claim.__doc__ or "").strip(), []
    for values in _points(model, count if model.params else 1, seed):
        try:
            seen.append(claim(Subject(model, values, *parts, seed)))
        except RegimesError as failure:
            return Property(claim.__name__, said, False, str(failure))
        except AssertionError as failure:
            told = f"{failure} at {_shown(values)}"
            for plain in _rounded(model, values):
                try:
                    claim(Subject(model, plain, *parts, seed))
                except RegimesError:
                    continue
                except AssertionError as simpler:
                    told = f"{simpler} at {_shown(plain)}"
                    break
            return Property(claim.__name__, said, False, told.splitlines()[0])
    return Property(claim.__name__, said, True, f"{len(seen)} points; {seen[-1]}")


def _points(model: DataModel, count: int, seed: int) -> Iterator[dict[str, float]]:
    """The middle of the typical box, and points drawn from it, the same for every claim."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
    for k in range(count):
        shares = rng.random(len(model.params)) if k else np.full(len(model.params), 0.5)
        yield {p.name: float((1 - u) * p.typical[0] + u * p.typical[1]) for p, u in zip(model.params, shares, strict=True)}


def _rounded(model: DataModel, values: Mapping[str, float]) -> Iterator[dict[str, float]]:
    """The same point with one, two and three digits."""
    for digits in (1, 2, 3):
        plain = {name: float(f"{value:.{digits}g}") for name, value in values.items()}
        if all(p.typical[0] <= plain[p.name] <= p.typical[1] for p in model.params):
            yield plain


def _shown(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name}={value:g}" for name, value in values.items()) or "its only point"
