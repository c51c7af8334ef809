"""A number is printed with the digits that its error leaves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regimes.cli import main
from regimes.numerics.estimate import decimal
from regimes.numerics.predict import predict

PARAMETERS = {"t": [1.0, 1.5], "n": 1000, "d": 10}
WORDS = "predict product-rademacher excess-entropy t=1,1.5 n=1000 d=10 --method exact"


def excess(text: str, error: float) -> int:
    """How many decimal places the text goes beyond the first digit of the error as it is printed."""
    return Decimal(f"{error:.0e}").adjusted() - int(Decimal(text).as_tuple().exponent)


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.00730216384, 3e-6, "0.0073022"),
        (1.23456789, 3e-6, "1.2345679"),
        (9.9, 1e-6, "9.9000000"),
        (9.99999999, 9.6e-7, "10.000000"),
        (853.88, 30.0, "854"),
        (-0.5, 0.2, "-0.50"),
        (12345.6, 300.0, "1.235e+04"),
        (1 / 3, 1e-17, "0.3333333333333333"),
        (1 / 3, 0.0, "0.3333333333333333"),
        (1e-30, 1e-3, "1e-30"),
        (1.8e-300, 1e-306, "1.8000000e-300"),
    ],
)
def test_a_number_has_one_digit_beyond_its_error(value: float, error: float, text: str) -> None:
    assert decimal(value, error) == text


@given(st.floats(1e-9, 1e9), st.floats(1e-14, 0.1), st.booleans())
def test_what_is_left_out_is_far_below_the_error(value: float, relative: float, negative: bool) -> None:
    value, error = (-value if negative else value), value * relative
    text = decimal(value, error)
    assert abs(Decimal(text) - Decimal(value)) <= Decimal(error) * Decimal("0.06")
    assert excess(text, error) <= 1


def shown(rows: Sequence[Any]) -> None:
    for text, error in rows:
        assert excess(text, error) <= 1
        assert len(text) >= 4


def test_a_prediction_prints_what_its_error_allows_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    estimate = predict("product-rademacher", "excess-entropy", method="exact", **PARAMETERS)  # type: ignore[arg-type]
    assert (estimate.error > 1e-7).all()  # an average over random outputs
    shown(list(zip(estimate.text.tolist(), estimate.error.tolist(), strict=True)))
    assert all(f" {text} +- " in line for text, line in zip(estimate.text, str(estimate).splitlines(), strict=True))
    assert main([*WORDS.split(), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["value"] for row in rows] == estimate.text.tolist()
    assert main(WORDS.split()) == 0
    lines = capsys.readouterr().out.splitlines()[1:3]
    assert [line.split()[-2] for line in lines] == estimate.text.tolist()


def test_digits_that_are_asked_for_are_all_printed() -> None:
    text = str(predict("gaussian", "collapse-time", alpha=0.1, sigma=1, digits=15).text)
    assert text == "0.853885900485260"
