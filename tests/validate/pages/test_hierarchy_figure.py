"""The dendrogram shows every merge at its time, without branches that cross."""

from __future__ import annotations

from typing import Any

import pytest

from regimes.numerics.speciation.hierarchy import Merge
from regimes.validate.pages.hierarchy_figure import figure, picture

NAN = float("nan")
MERGES = [
    Merge((0,), (2,), NAN, NAN, NAN, "kappa stays below 1"),
    Merge((1,), (3,), 0.9, 1.0, 1e-12, ""),
    Merge((0, 2), (1, 3), 2.2, NAN, NAN, "the level is not above the chance of agreement"),
]
NAMES = ("a", "b", "c", "d")


def test_classes_that_merge_are_neighbours() -> None:
    axes = figure(MERGES, NAMES).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "c", "b", "d"]


def test_every_merge_is_drawn_at_its_time_or_at_that_of_the_linkage() -> None:
    axes: Any = figure(MERGES, NAMES).axes[0]
    upright = [line for line in axes.lines if len(set(line.get_xdata())) == 1 and line.get_linewidth() > 2]
    assert [line.get_xdata()[0] for line in upright] == [0.0, 1.0, 2.2]
    assert [line.get_linestyle() for line in upright] == ["--", "-", "--"]
    assert [text.get_text() for text in axes.texts][:3] == ["never apart", "$1.000$", r"$\kappa=1$: $2.200$"]


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_the_same_merges_give_the_same_bytes(suffix: str) -> None:
    first = picture(MERGES, NAMES, suffix, "four classes")
    assert first == picture(MERGES, NAMES, suffix, "four classes")
    assert len(first) > 1000


def test_letters_of_a_pdf_are_no_type_3_font() -> None:
    made = picture(MERGES, NAMES, ".pdf")
    assert b"/Type3" not in made and b"/CIDFontType2" in made
