"""From NAME=VALUE to rows: lists make a grid, and each row says what is known at its point."""

from __future__ import annotations

import json
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from regimes.cli import main

Rows = list[dict[str, Any]]


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A `predict` that answers with the number 100 a + 10 b + c, fails where it is negative, and notes its calls."""
    calls: list[dict[str, Any]] = []

    def predict(model: Any, quantity: str, *, method: str | None, digits: int | None, **values: Any) -> Any:
        calls.append({"quantity": quantity, "method": method, "digits": digits, **values})
        arrays = dict(zip(values, np.broadcast_arrays(*values.values()), strict=True))
        number = 100 * arrays["alpha"] + 10 * arrays["sigma"] + arrays.get("t", np.zeros(()))
        status = np.where(number < 0, "failed", np.where(number == 0, "none", "ok"))
        return SimpleNamespace(
            value=number, error=np.full(number.shape, 2.2e-16), status=status, reason=np.where(status == "ok", "", "because"),
            method="closed", parameters=arrays, text=np.vectorize("{:.3f}".format)(number),
        )  # fmt: skip

    module = ModuleType("regimes.numerics.predict")
    module.predict = predict  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "regimes.numerics.predict", module)
    return calls


def rows(capsys: pytest.CaptureFixture[str], *words: str) -> Rows:
    status = main(["predict", "gaussian", "q", "--json", *words])
    found: Rows = json.loads(capsys.readouterr().out)
    assert status == int(any(row["status"] == "failed" for row in found))
    return found


def test_lists_and_ranges_make_their_outer_product_in_the_order_given(computed: Rows, capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(capsys, "alpha=1,2", "t=3", "sigma=4:6:3")
    points = [(row["parameters"]["alpha"], row["parameters"]["sigma"]) for row in found]
    assert points == [(a, s) for a in (1, 2) for s in (4, 5, 6)]
    assert [row["value"] for row in found] == [f"{100 * a + 10 * s + 3:.3f}" for a, s in points]
    assert all(row["parameters"]["t"] == 3 for row in found)
    assert len(computed) == 1  # numbers are batched, never looped over


def test_lists_of_words_take_their_place_in_the_grid(computed: Rows, capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(capsys, "alpha=1,2", "definition=snr,bimodal", "sigma=4,5")
    points = [(row["parameters"]["alpha"], row["parameters"]["definition"], row["parameters"]["sigma"]) for row in found]
    assert points == [(a, w, s) for a in (1, 2) for w in ("snr", "bimodal") for s in (4, 5)]
    assert [row["value"] for row in found] == [f"{100 * a + 10 * s:.3f}" for a, _, s in points]


def test_one_point_is_one_row(computed: Rows, capsys: pytest.CaptureFixture[str]) -> None:
    assert rows(capsys, "alpha=1", "sigma=2") == [
        {"parameters": {"alpha": 1.0, "sigma": 2.0}, "value": "120.000", "error": "2e-16", "status": "ok", "method": "closed"}
    ]


def test_where_there_is_no_value_the_row_says_why(computed: Rows, capsys: pytest.CaptureFixture[str]) -> None:
    none, ok, failed = rows(capsys, "alpha=0,1,-1", "sigma=0")
    assert (none["value"], none["status"], none["reason"]) == (None, "none", "because")
    assert (failed["value"], failed["status"], failed["reason"]) == (None, "failed", "because")
    assert "reason" not in ok
    assert main(["predict", "gaussian", "q", "alpha=0,1", "sigma=0"]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].split() == ["alpha", "sigma", "q", "error", "status"]
    assert table[1].split() == ["0", "0", "-", "-", "none:", "because"]
    assert table[2].split() == ["1", "0", "100.000", "2e-16", "ok"]


def test_method_and_digits_reach_the_computation(computed: Rows, capsys: pytest.CaptureFixture[str]) -> None:
    rows(capsys, "--method", "exact", "alpha=1", "sigma=2", "--digits", "30")
    assert (computed[0]["quantity"], computed[0]["method"], computed[0]["digits"]) == ("q", "exact", 30)
