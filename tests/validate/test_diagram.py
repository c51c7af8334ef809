"""Phase diagrams: the arrays are the critical times by other means, the pictures show them where they are."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from regimes.theory.errors import DomainError, InputError, MissingExtraError, MissingParameterError, RegimesError, UnknownNameError
from regimes.theory.model import get_model
from regimes.theory.params import Param
from regimes.validate.diagram import PlaneError, diagram
from regimes.validate.pages.diagram_arrays import Diagram
from regimes.validate.pages.diagram_figure import picture
from regimes.validate.pages.labels import CELL, Labels

ALPHAS, TIMES, SIGMAS = np.linspace(0.05, 1, 9), np.linspace(0.05, 2, 12), np.linspace(0.5, 2, 5)
FEW = np.linspace(0.01, 0.3, 9)
SUFFIXES = (".svg", ".png", ".pdf", ".json", ".npz", ".csv")


def cluster(lam: float, s: float) -> float:
    """g of an isotropic Gaussian of variance sigma^2, s = gamma sigma^2: its definition, a Gaussian integral done by hand."""
    return -0.5 * (math.log1p(lam * s) + lam * (1 + s) / (1 + lam * s))


def time(s: float, sigma: float) -> float:
    return 0.5 * math.log1p(sigma**2 / s)


def closed(alpha: float, sigma: float) -> float:
    """alpha = log(1 + gamma sigma^2)/2."""
    return time(math.expm1(2 * alpha), sigma)


def root(f: Any, alpha: float, sigma: float) -> float:
    return time(brentq(lambda s: f(s) - alpha, 1e-12, 1e12, xtol=1e-300, rtol=1e-13), sigma)


@pytest.fixture(scope="module")
def mixture() -> Diagram:
    return diagram("gaussian-mixture", ("alpha", ALPHAS), ("t", TIMES), d=20, sigma=1.2)


@pytest.fixture(scope="module")
def plane() -> Diagram:
    return diagram("gaussian-mixture", ("sigma", SIGMAS), ("alpha", FEW), d=10, mu=1.5)


@pytest.fixture(scope="module")
def discrete() -> Diagram:
    return diagram("product-ternary", ("rho", np.linspace(0.1, 0.9, 9)), ("alpha", np.linspace(0.1, 1.4, 14)))


# -- arrays -----------------------------------------------------------------------------------------------------------


def test_times_over_alpha_are_those_of_the_definitions(mixture: Diagram) -> None:
    layers = mixture.layers
    assert list(layers) == [f"{q}-time" for q in ("collapse", "condensation", "accuracy", "onset", "speciation")] + ["rsb-parameter"]
    for name in ("collapse-time", "condensation-time"):
        assert layers[name].value == pytest.approx([closed(a, 1.2) for a in ALPHAS], rel=1e-11)
    accuracy = [root(lambda s: cluster(2, s) - 2 * cluster(1, s), a, 1.2) for a in ALPHAS]
    assert layers["accuracy-time"].value == pytest.approx(accuracy, rel=1e-9)
    onset = [root(lambda s: 0.5 * (math.log1p(s) + s / (1 + s)), a, 1.2) for a in ALPHAS]
    assert layers["onset-time"].value == pytest.approx(onset, rel=1e-11)
    assert layers["speciation-time"].value == pytest.approx(np.full(9, 0.5 * math.log(20 + 1 - 1.44)), rel=1e-12)
    assert mixture.axes_of("collapse-time") == (mixture.x,)
    assert mixture.definition == "snr"


def test_the_glass_lies_below_the_collapse_time_and_nowhere_else(mixture: Diagram) -> None:
    m = mixture.layers["rsb-parameter"].value
    assert [a.name for a in mixture.axes_of("rsb-parameter")] == ["t", "alpha"]
    collapse = np.array([closed(a, 1.2) for a in ALPHAS])
    assert np.array_equal(m < 1, TIMES[:, None] < collapse)
    j, i = 1, 2
    s = 1.44 / math.expm1(2 * TIMES[j])

    def stationary(u: float) -> float:
        h = 1e-6
        return ALPHAS[i] + cluster(u, s) - u * (cluster(u + h, s) - cluster(u - h, s)) / (2 * h)

    assert m[j, i] == pytest.approx(brentq(stationary, 1e-3, 1), rel=1e-6)


def test_turning_the_plane_turns_the_arrays(mixture: Diagram) -> None:
    turned = diagram("gaussian-mixture", ("t", TIMES), ("alpha", ALPHAS), d=20, sigma=1.2)
    for name, layer in mixture.layers.items():
        assert np.array_equal(turned.layers[name].value, layer.value.T)


def test_a_plane_without_the_time_holds_the_times(plane: Diagram) -> None:
    assert plane.layers["collapse-time"].value == pytest.approx(np.array([[closed(a, s) for s in SIGMAS] for a in FEW]), rel=1e-11)
    speciation = 0.5 * np.log(10 * 1.5**2 + 1 - SIGMAS**2)  # the same at every alpha
    assert plane.layers["speciation-time"].value == pytest.approx(np.tile(speciation, (9, 1)), rel=1e-12)
    assert plane.fixed == {"mu": 1.5, "weight": 0.5, "d": 10.0}


def test_numbers_of_data_and_dimensions_are_axes_too() -> None:
    n, d = np.array([10.0, 1e3, 1e6]), np.array([16.0, 64.0])
    found = diagram("gaussian-mixture", ("n", n), ("d", d))
    assert found.layers["collapse-time"].value == pytest.approx(np.array([[closed(math.log(u) / v, 1) for u in n] for v in d]), rel=1e-11)
    assert found.layers["speciation-time"].value == pytest.approx(np.tile(0.5 * np.log(d)[:, None], 3), rel=1e-12)
    along = diagram("gaussian-mixture", ("d", d), ("t", TIMES), n=1e3, definition="noise-balance")
    assert along.layers["collapse-time"].value == pytest.approx([closed(math.log(1e3) / v, 1) for v in d], rel=1e-11)
    assert along.layers["speciation-time"].value == pytest.approx(0.5 * np.log(d + 2), rel=1e-12)


def test_a_spectrum_over_its_parameter_and_alpha() -> None:
    """I(t_C) = alpha, with I by quadrature of the Marchenko-Pastur density."""
    ratios, alphas = np.array([0.4, 0.7, 1.5]), np.array([0.05, 0.3])
    found = diagram("spectrum-marchenko-pastur", ("ratio", ratios), ("alpha", alphas)).layers["collapse-time"]
    for (j, i), t in np.ndenumerate(found.value):
        r, snr = ratios[i], 1 / math.expm1(2 * t)
        low, high = (1 - r**-0.5) ** 2, (1 + r**-0.5) ** 2

        def integrand(w: float, snr: Any = snr, r: Any = r, low: Any = low, high: Any = high) -> Any:
            return 0.5 * math.log1p(snr * w) * r * math.sqrt((high - w) * (w - low)) / (2 * math.pi * w)

        assert quad(integrand, float(low), float(high), epsabs=1e-13)[0] == pytest.approx(alphas[j], rel=1e-7)


def test_there_is_no_collapse_where_alpha_reaches_the_entropy(discrete: Diagram) -> None:
    rho, alpha = discrete.x.values, discrete.y.values[:, None]
    entropy = -(1 - rho) * np.log(1 - rho) - rho * np.log(rho / 2)
    assert np.array_equal(discrete.layers["collapse-time"].status == "none", alpha >= entropy)
    (gap,) = (line for line in discrete.gaps() if line.startswith("collapse-time"))
    assert f"none at {int((alpha >= entropy).sum())} of 126 points: alpha is at least the entropy" in gap


# -- files --------------------------------------------------------------------------------------------------------------


def test_json_says_what_is_known_and_why_the_rest_is_not(discrete: Diagram) -> None:
    read = json.loads(discrete.to_json())
    assert (read["model"], read["x"]["name"], read["y"]["name"]) == ("product-ternary", "rho", "alpha")
    assert read["fixed"] == {"sigma": 1.0}
    assert {"regimes", "numpy", "python"} <= set(read["versions"])
    entry = read["quantities"]["collapse-time"]
    assert entry["axes"] == ["alpha", "rho"]
    layer = discrete.layers["collapse-time"]
    for index in np.ndindex(layer.value.shape):
        j, i = index
        value, status, reason = (entry[key][j][i] for key in ("value", "status", "reason"))
        assert (value is None) == (status != "ok") == bool(reason)
        assert value is None or value == layer.value[index]


def test_npz_needs_no_pickle(mixture: Diagram, tmp_path: Path) -> None:
    mixture.write(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as held:
        assert np.array_equal(held["alpha"], ALPHAS)
        assert np.array_equal(held["t"], TIMES)
        for name, layer in mixture.layers.items():
            assert np.array_equal(held[name], layer.value, equal_nan=True)
            assert np.array_equal(held[f"{name}.status"], layer.status)
        about = json.loads(str(held["description"]))
    assert about["axes"]["rsb-parameter"] == ["t", "alpha"]
    assert about["fixed"]["d"] == 20


def test_csv_has_a_row_per_value(discrete: Diagram) -> None:
    rows = list(csv.DictReader(io.StringIO(discrete.to_csv())))
    assert len(rows) == 126 * len(discrete.layers)
    for row in rows:
        i, j = (int(np.flatnonzero(a.values == float(row[a.name]))[0]) for a in (discrete.x, discrete.y))
        layer = discrete.layers[row["quantity"]]
        assert row["status"] == layer.status[j, i]
        assert (float(row["value"]) == layer.value[j, i]) if row["status"] == "ok" else row["value"] == ""


def test_csv_leaves_the_time_empty_where_it_does_not_enter(mixture: Diagram) -> None:
    rows = list(csv.DictReader(io.StringIO(mixture.to_csv())))
    assert {(row["quantity"] == "rsb-parameter", row["t"] != "") for row in rows} == {(True, True), (False, False)}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_diagram_is_the_same_file(suffix: str, mixture: Diagram, tmp_path: Path) -> None:
    starts = {".svg": b"<svg", ".png": b"\x89PNG", ".pdf": b"%PDF", ".json": b"{", ".npz": b"PK", ".csv": b"model,"}
    for name in ("a", "b"):
        mixture.write(tmp_path / f"{name}{suffix}")
    one, other = ((tmp_path / f"{name}{suffix}").read_bytes() for name in ("a", "b"))
    assert one.startswith(starts[suffix])
    assert one == other or suffix == ".npz"  # a zip file holds the time at which it was made


def test_letters_of_a_pdf_are_no_type_3_font(mixture: Diagram) -> None:
    made = picture(mixture, ".pdf")
    assert b"/Type3" not in made and b"/CIDFontType2" in made


def test_a_file_of_an_unknown_kind_is_refused(mixture: Diagram, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a picture ends in"):
        mixture.write(tmp_path / "a.jpg")
    assert list(tmp_path.iterdir()) == []


def test_arrays_do_not_need_what_pictures_need(mixture: Diagram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regimes.validate.pages.diagram_arrays.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="needs matplotlib: pip install matplotlib;"):
        mixture.write(tmp_path / "a.png")
    mixture.write(tmp_path / "a.json")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


# -- pictures -------------------------------------------------------------------------------------------------------------


def words(found: Diagram) -> str:
    return " ".join(text.get_text().replace("\n", " ") for text in found.figure().axes[0].texts)


@pytest.mark.parametrize("upright", [True, False])
def test_lines_and_regions_are_drawn_and_named(upright: bool, mixture: Diagram) -> None:
    turned = {name: replace(layer, value=layer.value.T) for name, layer in mixture.layers.items()}
    found = mixture if upright else replace(mixture, x=mixture.y, y=mixture.x, layers=turned)
    shown = words(found)
    for name in ("$t_C$", "$t_A$", "$t_O$", "$t_S$", "collapsed", "memorising", "accurate"):
        assert name in shown
    collapse = found.figure().axes[0].lines[0]
    along, t = collapse.get_data() if upright else collapse.get_data()[::-1]
    for a in ALPHAS:
        assert np.asarray(t)[along == a] == pytest.approx(closed(a, 1.2), rel=1e-11)
    between = np.asarray(t) / [closed(a, 1.2) for a in np.asarray(along).tolist()]
    assert np.abs(between - 1).max() < 0.06  # drawn through nine points


def test_contours_are_named_and_what_comes_first(plane: Diagram) -> None:
    shown = words(plane)
    for name in ("$t_S = t_C$", "class first", "datum first", "0.5"):
        assert name in shown


def test_where_there_is_no_collapse_the_picture_says_why(discrete: Diagram) -> None:
    assert "no collapse: alpha is at least the entropy of the data" in words(discrete)
    cut = diagram("product-ternary", ("alpha", discrete.y.values), ("t", TIMES), rho=0.3)
    assert "no collapse: alpha is at least the entropy of the data" in words(cut)


def _with_gaps(found: Diagram, status: str) -> Iterator[Diagram]:
    """All values gone, and only some."""
    for some in (slice(None), slice(1, 3)):
        layers = {}
        for name, layer in found.layers.items():
            value, states = layer.value.copy(), layer.status.astype("<U8")
            value[some], states[some] = np.nan, status
            layers[name] = replace(layer, value=value, status=states, reason=np.full(value.shape, "said so"))
        yield replace(found, layers=layers)


@pytest.mark.parametrize("status", ["none", "failed"])
def test_gaps_are_drawn_without_complaint(status: str, mixture: Diagram, plane: Diagram) -> None:
    for found in (*_with_gaps(mixture, status), *_with_gaps(plane, status)):
        assert picture(found, ".png").startswith(b"\x89PNG")
        assert found.failed == (status == "failed")


def test_one_time_everywhere_is_drawn_without_complaint() -> None:
    assert picture(diagram("gaussian-mixture", ("mu", SIGMAS), ("weight", [0.2, 0.4]), alpha=0.3), ".png")


def test_a_symbol_that_cannot_be_set_becomes_the_name(plane: Diagram) -> None:
    hostile = Param("my_rate", r"\frac{", "rate", 0)
    made = replace(plane, x=replace(plane.x, param=hostile)).figure()
    assert made.axes[0].get_xlabel() == r"rate   $\mathrm{my\_rate}$"
    assert picture(replace(plane, x=replace(plane.x, param=hostile)), ".png")


def test_names_stay_inside_their_region_and_off_each_other() -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    x = np.linspace(0, 1, 50)
    labels = Labels(axes)
    labels.add_line(x, 0.5 + 0.4 * x, "k", ("a line",))
    labels.name_lines(needed=("a line",))
    across, up = labels.cells()
    below = up < 0.5 + 0.4 * across
    assert labels.name_region(below, ("far too long a name " * 9, "below"), "k")
    assert labels.name_region(~below, ("above",), "k")
    assert not labels.name_region(below & (up > 0.48 + 0.4 * across), ("sliver",), "k")
    assert labels.point_to(below & (up > 0.4 + 0.4 * across), "pointed", "k", from_cells=below)
    texts = {text.get_text(): text for text in axes.texts if text.get_text()}
    assert set(texts) == {"a line", "below", "above", "pointed"}
    for name, side in (("below", -1), ("above", 1), ("pointed", -1)):
        box = texts[name].get_window_extent()
        corners = axes.transData.inverted().transform([(u, v) for u in (box.x0, box.x1) for v in (box.y0, box.y1)])
        assert (side * (corners[:, 1] - 0.5 - 0.4 * corners[:, 0]) > 0).all()
    boxes = [text.get_window_extent().padded(-CELL) for name, text in texts.items() if name != "a line"]
    assert not any(one.overlaps(other) for k, one in enumerate(boxes) for other in boxes[:k])


# -- errors ---------------------------------------------------------------------------------------------------------------

A, T, S = ("alpha", [0.1, 0.2]), ("t", [0.1, 0.2]), ("sigma", [1.0, 2.0])


@pytest.mark.parametrize(
    ("model", "x", "y", "options", "error", "says"),
    [
        ("gaussian", ("lam", [1, 2]), T, {}, UnknownNameError, "unknown axis of a phase diagram 'lam'"),
        ("gaussian", A, A, {}, PlaneError, "both axes are alpha: a phase diagram of gaussian has two axes"),
        ("gaussian", A, ("t", [0.2, 0.1]), {}, PlaneError, "in increasing order"),
        ("gaussian", A, ("t", [0.2]), {}, PlaneError, "at least two"),
        ("gaussian", A, ("t", [0.0, 1.0]), {}, DomainError, "0 < t < inf"),
        ("gaussian", A, ("t", [0.1, math.nan]), {}, PlaneError, "do not make an axis"),
        ("gaussian", S, T, {}, MissingParameterError, "needs alpha"),
        ("gaussian", S, T, {"n": 100}, MissingParameterError, "or n and d"),
        ("gaussian", S, T, {"n": 100, "d": 10, "alpha": 1}, DomainError, "given twice"),
        ("gaussian", S, A, {"t": 0.3}, PlaneError, "make t an axis"),
        ("gaussian", S, T, {"alpha": 0.3, "d": 10}, PlaneError, "d does not enter: gaussian has one class"),
        ("gaussian", S, T, {"alpha": 0.3, "definition": "snr"}, MissingParameterError, "gaussian has one class"),
        ("gaussian", S, T, {"alpha": 0.3, "sigma": 1}, PlaneError, "sigma is an axis and a number"),
        ("gaussian", S, T, {"alpha": -1}, DomainError, "0 < alpha"),
        ("gaussian", S, T, {"alpha": [0.1]}, DomainError, "is not a number"),
        ("gaussian", S, T, {"alpha": 0.3, "lam": 1}, UnknownNameError, "'lam'"),
        ("gaussian-mixture", S, T, {"alpha": 0.3, "definition": "snr"}, MissingParameterError, "give d=VALUE too"),
        ("gaussian-mixture", S, T, {"alpha": 0.3, "d": 9, "definition": "srn"}, UnknownNameError, "did you mean snr"),
        ("gaussian", ("alpha", np.arange(1, 502)), ("t", np.arange(1, 202)), {}, PlaneError, "at most 100000"),
        ("random-energy-model", ("beta", [1, 2]), ("variance", [1, 2]), {}, PlaneError, "no collapse time"),
    ],
)
def test_what_is_no_plane_is_refused_in_one_line(model: str, x: Any, y: Any, options: Any, error: type[RegimesError], says: str) -> None:
    with pytest.raises(error) as caught:
        diagram(model, x, y, **options)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_progress_counts_the_quantities() -> None:
    steps: list[tuple[str, int, int]] = []
    diagram(get_model("gaussian"), A, T, progress=lambda *step: steps.append(step))
    assert [(done, total) for _, done, total in steps] == [(k, 5) for k in range(1, 6)]
    assert steps[-1][0] == "rsb-parameter"
