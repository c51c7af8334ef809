"""`check` as a user meets it: what it refuses, what it leaves, and what decides its numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regimes.numerics.estimate import Estimate
from regimes.theory.errors import InputError, MissingExtraError, RegimesError, UnknownNameError
from regimes.theory.model import get_model
from regimes.theory.models.gaussian import Gaussian
from regimes.validate.check import check
from regimes.validate.laws import class_weights
from regimes.validate.pages import check_page as report_module
from regimes.validate.pages.report import Report
from regimes.validate.plans import plan
from regimes.validate.plans.study import BUDGETS
from regimes.validate.runs import measurements as _registered  # noqa: F401
from regimes.validate.runs.experiment import MEASUREMENTS


def opinion(value: float = 0.4, status: str = "ok", reason: str = "") -> Callable[..., Any]:
    """A theory that says the same of everything."""

    def predict(model: Gaussian, quantity: str, **given: Any) -> Estimate:
        shape = np.shape(given.get("t", 0.0))
        words = np.full(shape, reason)
        return Estimate(np.full(shape, value), np.zeros(shape), np.full(shape, status), words, "none", {}, words)

    return predict


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("left")


@pytest.fixture(scope="module")
def report(folder: Path) -> Report:
    return check("gaussian", budget="smoke", seed=3, out=folder, predict=opinion())


def test_it_leaves_page_table_and_batches(report: Report, folder: Path) -> None:
    assert {p.name for p in folder.iterdir()} == {"report.html", "comparisons.json", "batches"}
    assert len(list((folder / "batches").glob("*/batch-*.npz"))) == 6  # another theory than the program's own is not kept
    assert (folder / "comparisons.json").read_text() == report.to_json()


def test_json_holds_every_comparison_with_prediction_measurement_budget_and_verdict(report: Report) -> None:
    record = json.loads(report.to_json())
    assert record["agrees"] is report.agrees is False
    assert len(record["comparisons"]) == len(report.comparisons) > 20
    wanted = {
        "model",
        "quantity",
        "parameters",
        "prediction",
        "prediction_error",
        "measured",
        "low",
        "high",
        "statistical",
        "time_step",
        "finite_size",
        "p_value",
        "level",
        "detectable",
        "assumption",
        "agrees",
    }
    assert all(wanted <= set(c) for c in record["comparisons"])


def test_the_table_has_a_line_per_comparison(report: Any) -> None:
    lines = report.table().splitlines()
    assert len(lines) == len(report.comparisons) + 1
    assert sum("DISAGREES" in line for line in lines) == sum(not c.agrees for c in report.comparisons)


def test_identities_are_checked_whatever_the_theory_says(report: Any) -> None:
    """Freeze times against exact forward paths: right even though this theory is nonsense."""
    frozen = [c for c in report.comparisons if c.quantity == "freeze-time"]
    assert frozen and all(c.agrees and c.prediction == 0 for c in frozen)


def test_what_is_there_is_not_simulated_again_and_another_theory_meets_the_same_simulation(report: Report, folder: Path) -> None:
    news = []
    again = check("gaussian", budget="smoke", seed=3, out=folder, predict=opinion(0.3), progress=lambda *what: news.append(what))
    assert news and not {what for what, *_ in news} & set(MEASUREMENTS)
    assert [c.measured for c in again.comparisons] == [c.measured for c in report.comparisons]


@pytest.mark.slow
def test_progress_covers_everything_to_its_end(tmp_path: Path) -> None:
    """Predictions, derivations and the page too: the bar once stood at its end while they were made."""
    news: list[tuple[str, int, int]] = []
    check("product-rademacher", budget="smoke", seed=4, workers=2, out=tmp_path, progress=lambda *what: news.append(what))
    done = [k for _, k, _ in news]
    assert done == sorted(done) and done[-1] == 100 and {total for *_, total in news} == {100}
    said = [what for what, *_ in news]
    kinds = ["clones-data", "product-rademacher excess-entropy", "product-rademacher collapse, derivation", "product-rademacher page"]
    assert [said.index(kind) for kind in kinds] == sorted(said.index(kind) for kind in kinds)
    assert max(k for what, k, _ in news if what in MEASUREMENTS) <= 60


@pytest.mark.slow
def test_what_theory_says_is_kept_and_does_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    """Worked out in worker processes; a second run of the same check asks none."""
    found = {}
    for workers in (1, 2):
        check("random-energy-model", budget="smoke", seed=4, workers=workers, out=tmp_path / str(workers), progress=False)
        found[workers] = {p.name: p.read_bytes() for p in (tmp_path / str(workers) / "theory").iterdir()}
    assert found[1] == found[2] and found[1]
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "1").rglob("*.npz")}
    check("random-energy-model", budget="smoke", seed=4, out=tmp_path / "1", progress=False)
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "1").rglob("*.npz")} == before


def test_the_recorded_command_has_every_option_that_decides_the_numbers() -> None:
    model = get_model("gaussian")
    usual = Report((model,), "quick", 3, 1e-3, ())
    assert usual.command == "regimes check gaussian --budget quick --seed 3"
    assert replace(usual, family_error=0.01).command == "regimes.check(['gaussian'], budget='quick', seed=3, family_error=0.01)"
    assert replace(usual, derived=False).command == "regimes.check(['gaussian'], budget='quick', seed=3, predict=predict)"


def test_a_prediction_that_does_not_exist_ends_the_check_with_its_reason(folder: Any, report: Any) -> None:
    with pytest.raises(RegimesError, match=r"gaussian gives no excess-entropy .*: no such thing"):
        check("gaussian", budget="smoke", seed=3, out=folder, predict=opinion(np.nan, "none", "no such thing"))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"models": "gausian"}, UnknownNameError, "did you mean gaussian"),
        ({"budget": "slow"}, UnknownNameError, "unknown budget 'slow'; did you mean quick"),
        ({"seed": -1}, InputError, "seed >= 0"),
        ({"family_error": 0.0}, InputError, "0 < family_error < 1"),
        ({"workers": 0}, InputError, "0 workers"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_written(tmp_path: Path, arguments: dict[str, Any], error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        check(**{"models": "gaussian", "budget": "smoke", "out": tmp_path / "new", **arguments})
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write under"):
        check("gaussian", budget="smoke", out=tmp_path / "file")


def test_a_missing_extra_is_told_before_anything_is_simulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_module, "find_spec", lambda name: None if name == "jinja2" else object())
    with pytest.raises(MissingExtraError, match=r"needs jinja2: pip install jinja2$"):
        check("gaussian", budget="smoke", out=tmp_path / "new", predict=opinion())
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("model", ["gaussian", "gaussian-mixture", "ising-chain", "product-laplace", "random-energy-model"])
def test_larger_budgets_simulate_more_and_step_finer(model: str) -> None:
    quick, standard, thorough = (plan(get_model(model), BUDGETS[name], 0) for name in ("quick", "standard", "thorough"))
    for a, b, c in zip(quick, standard, thorough, strict=True):
        sizes = [s.experiment.batches * s.experiment.samples for s in (a, b, c)]
        assert sizes[1] >= 10 * sizes[0] and sizes[2] >= 100 * sizes[0]
        assert a.experiment.steps <= b.experiment.steps <= c.experiment.steps


def test_the_seed_decides_every_experiment_and_none_share_numbers() -> None:
    zero, one = ([s.experiment for s in plan(get_model("gaussian-mixture"), BUDGETS["quick"], seed)] for seed in (0, 1))
    assert len({e.seed for e in zero + one}) == len(zero) + len(one)
    assert [e.key for e in zero] == [s.experiment.key for s in plan(get_model("gaussian-mixture"), BUDGETS["quick"], 0)]


def test_the_plan_follows_the_law() -> None:
    """One class: nothing about classes; several: clones, shares, both integrators, and an uneven weight."""
    single = {s.experiment.measurement for s in plan(get_model("gaussian"), BUDGETS["quick"], 0)}
    double = [s.experiment for s in plan(get_model("gaussian-mixture"), BUDGETS["quick"], 0)]
    assert single == {"forward-data", "information", "clones-data"}
    assert {e.scheme for e in double if e.measurement == "clones-full"} == {"euler", "exponential"}
    assert {tuple(class_weights(e.law, e.d).tolist()) for e in double} == {(0.5, 0.5), (0.3, 0.7)}


@pytest.mark.parametrize(
    ("model", "studies"),
    [
        ("product-rademacher", {("information-moments", ""), ("forward-data", ""), ("clones-data", "exponential")}),
        ("product-laplace", {("information-moments", ""), ("forward-data", "window")}),
        ("spectrum-linear-manifold", {("information-moments", ""), ("forward-data", ""), ("clones-data", "exponential")}),
        ("spectrum-power-law", {("information-moments", ""), ("forward-data", "window")}),
        (
            "curie-weiss",
            {
                ("information-moments", "quarter"),
                ("forward-data", "window, quarter"),
                ("forward-classes", ""),
                ("clones-full", "exponential"),
                ("clones-overlap", "exponential"),
                ("shares-sde", "exponential"),
            },
        ),
        ("ising-chains", {("forward-classes", ""), ("clones-full", "exponential")}),
        (
            "zero-mean-mixture",
            {
                ("forward-classes", ""),
                ("clones-full", "exponential"),
                ("clones-overlap", "exponential"),
                ("shares-sde", "exponential"),
                ("shares-flow", "heun"),
                ("shares-reversed", "exponential"),
            },
        ),
        ("random-energy-model", {("random-energies", "")}),
    ],
)
def test_every_family_has_its_studies(model: str, studies: set[Any]) -> None:
    """Exact at finite n and d where that is quick, else the window with what it misses; finite sizes measured where they matter."""
    planned = plan(get_model(model), BUDGETS["quick"], 0)
    assert {(s.experiment.measurement, s.experiment.scheme) for s in planned} == studies


def test_parameters_without_a_default_are_taken_on_either_side() -> None:
    """beta of the Curie-Weiss model: below and above one; where data of little entropy do not collapse, a smaller alpha is taken."""
    planned = [s.experiment for s in plan(get_model("curie-weiss"), BUDGETS["quick"], 0)]
    laws: set[Any] = {e.law for e in planned if e.measurement == "information-moments"}
    assert len(laws) == 2 and min(law.beta for law in laws) < 1 < max(law.beta for law in laws)


@pytest.mark.parametrize(
    ("model", "quantities", "along"),
    [
        ("ising-chain", {"information", "dispersion", "collapse-time", "excess-entropy", "collapse-probability"}, {"t"}),
        ("random-energy-model", {"free-energy", "entropy", "participation-ratio"}, {"beta"}),
        ("mixture-unlike", {"information", "collapse-time", "cloning-probability", "class-frequency"}, {"t"}),
    ],
)
def test_what_is_compared_and_along_which_parameter(model: str, quantities: set[str], along: set[str]) -> None:
    seen = []

    def predict(model: Any, quantity: str, **given: Any) -> Any:
        seen.append((quantity, {k for k, v in given.items() if np.ndim(v)}))
        shape = np.broadcast_shapes(*(np.shape(v) for v in given.values()))
        words = np.full(shape, "")
        return Estimate(np.full(shape, 0.4), np.zeros(shape), np.full(shape, "ok"), words, "none", {}, words)

    found = check(model, budget="smoke", seed=1, predict=predict).comparisons
    assert {c.quantity for c in found} == quantities
    assert {c.along for c in found} == along
    assert all(varied == (along if quantity != "collapse-time" else set()) for quantity, varied in seen)
    assert all(c.finite_size > 0 for c in found) == (model == "ising-chain")
