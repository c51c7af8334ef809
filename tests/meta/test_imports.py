"""The modules import each other in one direction: no circles, late imports included (those for types only load nothing)."""

from __future__ import annotations

import graphlib
from pathlib import Path

import grimp
import pytest

pytestmark = pytest.mark.quick

LATE = {
    ("regimes.numerics.laws.product.count_points", "regimes.numerics.laws.product.density_points"): "densities need what counts do not",
    ("regimes.validate.data.analysis", "regimes.validate.pages.analysis_page"): "plots are loaded when a page is written",
    ("regimes.validate.pages.diagram_arrays", "regimes.validate.pages.diagram_figure"): "plots are loaded when a picture is drawn",
}
"""Imports that close a circle, each inside a function, with the reason: start-up time."""

Graph = dict[str, set[str]]


def imports(package: str) -> Graph:
    """Every module with those it imports."""
    graph = grimp.build_graph(package, cache_dir=None, exclude_type_checking_imports=True)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def circle(graph: Graph, without: set[tuple[str, str]] | None = None) -> list[str]:
    """One circle of a graph less some of its imports; empty if there is none."""
    kept = {module: {other for other in found if (module, other) not in (without or set())} for module, found in graph.items()}
    try:
        graphlib.TopologicalSorter(kept).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


@pytest.fixture(scope="module")
def graph() -> Graph:
    return imports("regimes")


def test_no_module_imports_itself_by_way_of_others(graph: Graph) -> None:
    assert " <- ".join(circle(graph, set(LATE))) == ""


@pytest.mark.parametrize(("module", "other"), LATE)
def test_every_exception_is_needed(graph: Graph, module: str, other: str) -> None:
    assert other in graph[module]
    assert circle(graph, set(LATE) - {(module, other)})


def test_a_circle_is_found_also_where_an_import_is_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "planted"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "first.py").write_text("import planted.second\n")
    (package / "second.py").write_text("def late():\n    from planted import third\n    return third\n")
    (package / "third.py").write_text("def late():\n    from planted.first import second\n    return second\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = circle(imports("planted"))
    assert {"planted.first", "planted.second", "planted.third"} == set(found)
    assert not circle(imports("planted"), {("planted.second", "planted.third")})
