"""An answer says of every point whether there is a value, and why not, in a text of any length."""

from __future__ import annotations

import numpy as np
import pytest

from regimes.numerics.arrays import FAILED, NONE, OK, Answer, Pair, count_of, texts

pytestmark = pytest.mark.quick


def test_a_value_that_is_no_number_is_one_that_was_not_computed() -> None:
    answer = Answer.of(Pair(np.array([1.0, np.nan, np.inf]), np.array([0.1, 0.1, 0.1])))
    assert answer.status.tolist() == [OK, FAILED, FAILED]
    assert answer.error[0] > 0.1 and np.isnan(answer.value[1:]).all() and np.isnan(answer.error[1:]).all()


def test_what_does_not_exist_has_its_reason_and_no_value() -> None:
    absent = texts(3)
    absent[1] = "nothing to tell apart " * 20
    answer = Answer.of(Pair(np.ones(3), np.zeros(3)), absent)
    assert answer.status.tolist() == [OK, NONE, OK]
    assert answer.reason[1] == "nothing to tell apart " * 20 and answer.reason[0] == ""
    assert np.isnan(answer.value[1]) and answer.value[0] == 1


def test_a_part_is_put_where_it_belongs() -> None:
    answer = Answer.empty(4)
    assert answer.status.tolist() == [FAILED] * 4
    part = Answer.of(Pair(np.array([2.0, 3.0]), np.zeros(2))).set(1, NONE, "gone")
    answer.put(np.array([3, 0]), part)
    assert answer.status.tolist() == [NONE, FAILED, FAILED, OK] and answer.value[3] == 2 and answer.reason[0] == "gone"
    assert answer.where([3]).value.tolist() == [2.0]


def test_a_model_without_parameters_has_one_point() -> None:
    assert count_of({}) == 1 and count_of({"t": np.ones(7)}) == 7
