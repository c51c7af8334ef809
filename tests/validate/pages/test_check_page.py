"""The page stands alone, shows every comparison with its error bars, and is a function of the report."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from regimes.theory import derive as pipeline
from regimes.theory.model import get_model
from regimes.validate.evidence.compare import Comparison, Curve, Measurement, judge
from regimes.validate.evidence.intervals import Counts, PairedCounts
from regimes.validate.pages.check_page import page
from regimes.validate.pages.figures import all_series, figure, styled
from regimes.validate.pages.report import Report
from regimes.validate.plans.study import CLONING, FREE, FREEZING, TIMES

GIVEN = {"mu": 1.0, "sigma": 1.0, "weight": 0.5}


def comparisons(wrong: bool = False) -> tuple[Comparison, ...]:
    rng = np.random.default_rng(0)
    found, predictions = [], []
    for d in (64, 256):
        for way in ("forward samples", "reverse SDE <b>"):
            for t in (1.5, 2.0, 2.5):
                p = 0.5 + 0.5 / (1 + np.exp(2 * t - 0.5 * np.log(d) - 1))
                step = PairedCounts(12, 9, 4000) if way != "forward samples" else None
                found.append(
                    Measurement(
                        "gaussian-mixture",
                        CLONING,
                        f"{way}, d = {d}",
                        "cloning-probability",
                        {"t": t, "d": d, **GIVEN},
                        t,
                        4000,
                        Counts(int(rng.binomial(4000, p)), 4000),
                        step,
                    )
                )
                predictions.append((p + 0.2 * (wrong and d == 64 and t == 2.0), 1e-12))
    found.append(Measurement("gaussian-mixture", FREEZING, "frozen", "freeze-time", {"t": 1.0}, 1.0, 4000, Counts(0, 4000), expected=0.0))
    found.append(replace(found[-1], position=2.0))
    found.append(Measurement("gaussian-mixture", TIMES, "volume", "collapse-time", {"alpha": 0.25}, 0.25, 4000, Counts(1865, 4000)))
    return judge(found, [*predictions, (0.0, 0.0), (0.0, 0.0), (0.466, 0.0)], 1e-3)


def make(wrong: bool = False) -> Report:
    grid = tuple(np.linspace(1.5, 2.5, 11).tolist())
    curve = Curve("gaussian-mixture", "cloning-probability", {"d": 64, **GIVEN}, grid, tuple(0.9 - 0.1 * t for t in grid))
    return Report((get_model("gaussian-mixture"),), "quick", 0, 1e-3, comparisons(wrong), (curve,), derivations=())


@pytest.fixture(scope="module")
def html() -> str:
    return page(make())


def test_the_page_needs_nothing_from_anywhere(html: str) -> None:
    assert not re.search(r"<(script|link|img|iframe|object)\b", html)
    assert not re.search(r"""(src|href|url)\s*[=(]\s*["']?(https?:)?//""", html)
    assert "@import" not in html


def test_the_page_is_a_function_of_the_report(html: str) -> None:
    assert page(make()) == html


def test_figures_are_well_formed(html: Any) -> None:
    drawings = re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL)
    assert len(drawings) == 3
    for drawing in drawings:
        ElementTree.fromstring(drawing)


def test_every_comparison_has_its_line(html: Any) -> None:
    assert html.count('<td class="text">agrees</td>') == len(comparisons())
    assert "All 15 predictions agree" in html


def test_names_cannot_inject_markup(html: str) -> None:
    assert "SDE <b>" not in html
    assert "SDE &lt;b&gt;" in html


def test_a_disagreement_is_named_at_the_top() -> None:
    report = make(wrong=True)
    html = page(report)
    assert not report.agrees
    assert "2 of 15 predictions disagree" in html
    assert html.index("<h2>Disagreements</h2>") < html.index("<h3>")
    assert html.count('<td class="text">disagrees</td>') == 2


def test_the_page_says_how_it_was_made_and_holds_no_date(html: Any) -> None:
    assert "regimes check gaussian-mixture --budget quick --seed 0" in html
    assert "numpy" in html and "scipy" in html
    assert not re.search(r"<dc:date>|20\d\d-\d\d-\d\dT", html)


def test_error_bars_are_the_intervals_and_bands_the_granted_errors() -> None:
    shown = [c for c in comparisons() if c.chart == CLONING]
    made = figure(shown, ())
    axes: list[Any] = made.axes
    values, *deviations = axes
    drawn = sorted(round(float(y), 12) for bars in values.containers for segment in bars.lines[2][0].get_segments() for y in segment[:, 1])
    assert drawn == sorted(round(end, 12) for c in shown for end in (c.low, c.high))
    assert len(deviations) == len(all_series(shown)) == 2
    heights = sorted(patch.get_height() for below in deviations for patch in below.patches)
    np.testing.assert_allclose(heights, sorted(2 * c.granted for c in shown))


def test_curves_are_drawn_through_the_predictions_when_none_is_given() -> None:
    shown = [c for c in comparisons() if c.chart == CLONING]
    line: Any = figure(shown, ()).axes[0].lines[0]
    known = {c.position: c.prediction for c in all_series(shown)[0]}
    np.testing.assert_allclose(np.interp(list(known), line.get_xdata(), line.get_ydata()), list(known.values()), atol=1e-4)


def test_single_points_are_intervals_also_where_they_lie_at_different_places() -> None:
    """Collapse times of two couplings, each at the alpha that it has a collapse for."""
    found = [
        Measurement("curie-weiss", TIMES, f"beta = {beta}", "collapse-time", {"alpha": alpha}, alpha, 100, Counts(40, 100))
        for alpha, beta in ((0.25, 0.5), (0.1, 1.5))
    ]
    made = figure(judge(found, [(0.4, 0.0)] * 2, 1e-3), ())
    assert [label.get_text() for label in made.axes[0].get_yticklabels()] == ["beta = 0.5", "beta = 1.5"]


def test_different_charts_have_different_identifiers() -> None:
    """Identifiers inside one page must not collide: clip paths of one figure would cut another."""
    shown = comparisons()
    first, second = (styled([c for c in shown if c.chart == chart], (), chart.name) for chart in (CLONING, FREEZING))
    clips = [set(re.findall(r'<clipPath id="([^"]+)"', text)) for text in (first, second)]
    assert clips[0] and clips[1] and not clips[0] & clips[1]


class Proof:
    """Stands for a derivation: what matters here is whether it is checked and shown."""

    failures = ()

    def __init__(self, model: Any, kind: str) -> None:
        self.text = f"[{model.name} {kind}]"

    def verify(self) -> Any:
        self.text = self.text.replace("]", " checked]")
        return self

    def render(self, target: Any, fragment: Any) -> Any:
        return self.text


def test_one_derivation_stands_for_its_family(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather one without a density, whose checks integrate within integrals; clusters with and without classes are derived apart."""
    monkeypatch.setattr(pipeline, "derive", Proof)
    names = ("gaussian", "gaussian-mixture", "product-laplace", "product-ternary", "product-uniform", "spectrum-power-law")
    html = page(replace(make(), models=tuple(map(get_model, names)), derivations=None))
    shown = re.findall(r"\[([a-z -]+)\]", html)
    assert shown == [
        "gaussian collapse checked",
        "gaussian-mixture collapse checked",
        "gaussian-mixture speciation checked",
        "product-ternary collapse checked",
        "spectrum-power-law collapse checked",
    ]
    for other in ("product-laplace", "product-uniform"):
        assert f"Derived like <code>product-ternary</code>: <code>regimes derive {other} collapse</code>" in html


def test_a_derivation_whose_checks_take_long_is_shown_unchecked_and_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "derive", Proof)
    html = page(replace(make(), models=(get_model("product-laplace"),), derivations=None))
    assert "[product-laplace collapse]" in html and "steps not checked for this page" in html
    assert "<code>regimes derive product-laplace collapse</code> checks every step" in html


def test_the_abscissa_of_random_energies_is_the_inverse_temperature() -> None:
    found = [
        Measurement(
            "random-energy-model", FREE, "levels", "free-energy", {"beta": b, "d": 8}, b, 100, Counts(int(40 * b), 100), along="beta"
        )
        for b in (0.5, 1.0, 1.5)
    ]
    shown = judge(found, [(0.4 * b, 0.0) for b in (0.5, 1.0, 1.5)], 1e-3)
    assert len(all_series(shown)) == 1
    made = figure(shown, ())
    assert {axes.get_xlabel() for axes in made.axes} == {r"inverse temperature  $\beta$"}
