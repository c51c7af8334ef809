"""Reading the words of a command."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regimes.commands import arguments
from regimes.theory.errors import RegimesError, UnknownNameError

pytestmark = pytest.mark.quick

finite = st.floats(allow_nan=False, allow_infinity=False)


@given(finite)
def test_a_number_is_read_as_python_prints_it(x: float) -> None:
    assert arguments.read_value("t", repr(x), numeric=True) == x


@given(st.lists(finite, min_size=2, max_size=6))
def test_a_list_keeps_order_and_repetitions(numbers: list[float]) -> None:
    assert arguments.read_value("t", ",".join(map(repr, numbers)), numeric=True) == numbers


@given(finite, finite, st.integers(2, 50))
def test_a_range_has_both_ends_and_correctly_rounded_points(low: float, high: float, count: int) -> None:
    points = arguments.read_value("t", f"{low!r}:{high!r}:{count}", numeric=True)
    start, end = Fraction(repr(low)), Fraction(repr(high))
    assert points == [float(start + (end - start) * k / (count - 1)) for k in range(count)]
    assert (points[0], points[-1]) == (low, high)


def test_words_are_kept_for_parameters_that_are_no_numbers() -> None:
    assert arguments.read_value("definition", "snr", numeric=False) == "snr"
    assert arguments.read_value("definition", "noise-balance,snr", numeric=False) == ["noise-balance", "snr"]


@pytest.mark.parametrize(
    "word",
    ["", "a", "0.1;0.2", "0.1,", ",", "nan", "inf", "-inf", "1e99999999", "0x10", "1_000", "1:2", "1:2:", "1:2:3:4", "1:2:0", "1:2:1",
     "1:2:2.5", "1:2:-3", "1:x:3", "1:2:99999999999999999999", "1e999:2:3", "1" * 5000, "0.1 0.2", "--1", "\u0661", "1:2:\u0663"],
)  # fmt: skip
def test_a_value_that_is_no_number_list_or_range_is_refused_in_one_line(word: str) -> None:
    with pytest.raises(RegimesError, match=r"^alpha=.*") as caught:
        arguments.read_value("alpha", word, numeric=True)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("words", [["alpha"], ["=1"], ["al pha=1"], ["alpha=1", "alpha=2"], ["t=0:1:1000000", "alpha=1,2"]])
def test_words_that_assign_nothing_twice_or_too_much_are_refused(words: list[str]) -> None:
    with pytest.raises(arguments.UsageError):
        arguments.read_assignments(words, frozenset({"alpha", "t"}))


def test_assignments_keep_the_order_given() -> None:
    assert list(arguments.read_assignments(["t=1", "alpha=2", "d=3"], frozenset())) == ["t", "alpha", "d"]


def test_options_may_stand_between_positional_words() -> None:
    parser = arguments.Parser("predict", "")
    parser.add_argument("model")
    parser.add_argument("values", nargs="*")
    parser.add_argument("--digits")
    options = parser.read(["gaussian", "--digits", "15", "alpha=1", "sigma=-2"])
    assert (options.model, options.values, options.digits) == ("gaussian", ["alpha=1", "sigma=-2"], "15")


def test_an_unknown_option_is_answered_with_the_nearest() -> None:
    parser = arguments.Parser("predict", "")
    parser.add_argument("--digits")
    with pytest.raises(UnknownNameError, match="--digits"):
        parser.read(["--digit", "3"])


@pytest.mark.parametrize("word", ["0", "1025", "1.0", "two", "", "1e3", "9" * 40])
def test_a_whole_number_outside_its_interval_is_refused(word: str) -> None:
    with pytest.raises(arguments.UsageError, match="from 1 to 1024"):
        arguments.whole_number("--workers", 1, 1024)(word)
