"""The page of an analysis: alone in the world, the same twice, and honest about what does not exist."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from regimes.theory.errors import MissingExtraError
from regimes.validate.data.analysis import Analysis, Curve, Transition, with_error
from regimes.validate.pages.analysis_page import page

TIMES = np.array([0.1, 0.5, 2.0])


def curve(name: str, method: str, values: list[float], step: float = 0.0) -> Curve:
    return Curve(name, method, TIMES, np.array(values), np.full(3, 0.02), np.full(3, step))


def transition(name: str, value: float | None = None, error: float | None = None, reason: str = "") -> Transition:
    return Transition(name, "φ_C = 0.5" if name == "collapse" else "Λ e^{-2t} = 1", value, error, "none" if value is None else "ok", reason)


PLAIN = Analysis(
    100, 10, 99, (("<b>", 60), ("8", 40)), 7.5, 40.0,
    (
        transition("spectral", 1.0074), transition("noise-balance", 1.07), transition("spectral-curvature", 1.36),
        Transition("cloning", "φ = 0.775", 0.9, 0.03, "ok", ""), transition("collapse", 0.5, 0.012),
        transition("gaussian-collapse", 0.45),
    ),
    (
        curve("excess-entropy", "forward", [0.0, 0.1, 0.4]), curve("collapse-probability", "forward", [1.0, 0.5, 0.1]),
        curve("cloning-probability", "forward", [1.0, 0.9, 0.6]), curve("collapse-probability", "reverse", [0.98, 0.52, 0.1], 0.015),
        curve("cloning-probability", "reverse", [1.0, 0.9, 0.6], 0.01),
    ),
    {"seed": 3, "samples": 1000, "pairs": 100, "steps": 50}, "regimes analyze 'a <b> & c.npy' --seed 3", "regimes 0", "ab" * 32,
)  # fmt: skip


class Elements(HTMLParser):
    """Names and attributes of all elements, and whether they close in order."""

    VOID = frozenset({"meta", "br", "use", "path", "rect", "line", "image", "link"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing() -> None:
    elements = Elements(page(PLAIN))
    assert elements.open == []
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in elements.found}
    for _, attributes in elements.found:
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in ("href", "src", "xlink:href"):
                assert value is not None and value.startswith("#")


def test_the_same_analysis_gives_the_same_bytes_without_a_date() -> None:
    text = page(PLAIN)
    assert text == page(PLAIN)
    assert not re.search(r"\b20[2-9]\d-\d\d-\d\d", text)


def test_every_number_is_on_the_page_with_its_error() -> None:
    text = page(PLAIN)
    for shown in ("1.0074", "0.900 ± 0.030", "0.500 ± 0.012", "7.5", "0.520 ± 0.020", "adds at most 0.015", "seed 3", "abab"):
        assert shown in text, shown


def test_names_from_outside_are_text() -> None:
    text = page(PLAIN)
    assert "&lt;b&gt; (60)" in text and "a &lt;b&gt; &amp; c.npy" in text
    assert ("b", {}) not in Elements(text).found


def test_methods_that_agree_are_said_to_and_methods_that_do_not_as_well() -> None:
    assert "as chance allows" in page(PLAIN)
    far = dataclasses.replace(PLAIN, curves=(*PLAIN.curves[:4], curve("cloning-probability", "reverse", [0.8, 0.9, 0.6])))
    assert "one of them is wrong" in page(far) and "7.1 combined" in page(far)


def test_what_does_not_exist_is_said_with_its_reason() -> None:
    missing = tuple(transition(t.name, reason=f"no {t.name} here") for t in PLAIN.transitions)
    bare = dataclasses.replace(PLAIN, classes=(), transitions=missing, curves=tuple(c for c in PLAIN.curves if "cloning" not in c.name))
    text = page(bare)
    assert "none: no spectral-curvature here" in text and "No collapse: no collapse here" in text and "No speciation" in text


def test_figures_hold_every_error_bar() -> None:
    """One path with caps per bar: more times, more of them."""
    fewer = dataclasses.replace(PLAIN, curves=(*PLAIN.curves[:2], PLAIN.curves[3]))
    assert page(PLAIN).count("<svg") == 1
    assert page(PLAIN).count("<path") > page(fewer).count("<path") + 9


@pytest.mark.parametrize("name", ["matplotlib", "jinja2"])
def test_a_missing_package_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from regimes.validate import analyze
    from regimes.validate.pages import check_page as report

    def find(wanted: str, *more: Any) -> object:
        return None if wanted == name else importlib.util.find_spec(wanted, *more)

    monkeypatch.setattr(report, "find_spec", find)
    with pytest.raises(MissingExtraError, match=name):
        page(PLAIN)
    with pytest.raises(MissingExtraError, match=f"needs {name}: pip install {name}$"):
        analyze.analyze("missing.npy", out="folder")


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.4997, 0.0123, "0.500 +- 0.012"),
        (1.0000000000014, 5e-4, "1.00000 +- 0.00050"),
        (2.37e-7, 1.3e-7, "2.4e-07 +- 1.3e-07"),
        (1.23456789e-10, 2e-12, "1.235e-10 +- 2e-12"),
        (123.4, 5.0, "123.4 +- 5.0"),
        (2.2e-7, 1.1e-5, "2.2e-07 +- 1.1e-05"),
        (12345.0, 250.0, "1.234e+04 +- 2.5e+02"),
        (0.0, 0.1, "0.00 +- 0.10"),
        (0.5, 0.0, "0.5 +- 0"),
    ],
)
def test_numbers_have_the_digits_that_their_errors_leave(value: float, error: float, text: str) -> None:
    assert with_error(value, error) == text
