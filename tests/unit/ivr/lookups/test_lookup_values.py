"""Which values are equal, and which may be saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.events import Value
from ivr.lookups.errors import LookupFailedError
from ivr.lookups.values import asks_for_nothing, cell_key, is_empty, pick, saved, value_key


@pytest.mark.parametrize(
    ("value", "cell", "same"),
    [
        ("7", "7", True),
        ("007", "7", False),
        ("7", "007", False),
        (7, "7", True),
        (7, "7.0", True),
        (7, "007", False),
        (12.5, "12.50", True),
        (0.1, "0.1", True),
        (-3, "-3", True),
        (7, "seven", False),
        (7, "", False),
        (7, "1e400000000", False),
        ("Desk", " desk ", True),
        ("4821", "٤٨٢١", True),
        ("4821", "۴۸۲۱", True),
        ("straße", "STRASSE", True),
        ("desk", "till", False),
        (True, "TRUE", True),
        (True, "yes", True),
        (False, "no", True),
        (True, "1", False),
        (1, "true", False),
        (False, "", False),
    ],
)
def test_a_value_equals_a_cell_as_a_person_would_say(value: Value, cell: str, same: bool) -> None:
    assert (value_key(value) == cell_key(cell, value)) is same


@given(st.text(), st.sampled_from(["text", 7, 1.5, True]))
def test_whatever_a_cell_holds_can_be_compared(cell: str, like: Value) -> None:
    assert isinstance(hash(cell_key(cell, like)), int)


@given(st.integers(-(10**12), 10**12))
def test_a_whole_number_equals_itself_as_people_write_it(number: int) -> None:
    assert cell_key(f" {number} ", number) == value_key(number)
    assert cell_key(f"{number}.00", number) == value_key(number)
    assert cell_key(str(number), str(number)) == value_key(str(number))


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_nothing_is_looked_for_by_an_empty_value(nothing: Value) -> None:
    assert asks_for_nothing({"number": "4821", "phone": nothing})


def test_zero_and_false_are_values_to_look_for() -> None:
    assert not asks_for_nothing({"number": 0, "open": False})


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("sent", "sent"),
        (3, 3),
        (3.0, 3),
        (2.5, 2.5),
        (True, True),
        (None, None),
        (10**12 + 1, "1000000000001"),
        ("x" * 2000, "x" * 2000),
    ],
)
def test_a_value_that_a_flow_can_hold_is_kept(value: object, kept: Value) -> None:
    result = saved(value, "column state")
    assert result == kept
    assert type(result) is type(kept)


@pytest.mark.parametrize(
    "value", ["x" * 2001, float("inf"), float("nan"), 1e13, 10**41, {"a": 1}, ["secret"], b"secret", object()]
)
def test_a_value_that_a_flow_cannot_hold_is_refused_without_being_named(value: object) -> None:
    with pytest.raises(LookupFailedError, match=r"^column state") as refused:
        saved(value, "column state")
    assert "secret" not in str(refused.value)
    assert refused.value.code == "answer"
    assert not refused.value.retryable


ORDER: Mapping[str, Any] = {"order": {"items": [{"state": "sent", "count": 2}], "email": None}, "0": "zero"}


def test_a_dotted_path_leads_through_objects_and_lists() -> None:
    save = {"state": "order.items.0.state", "count": "order.items.0.count", "zero": "0"}
    assert pick(ORDER, save) == {"state": "sent", "count": 2, "zero": "zero"}
    assert pick([{"name": "desk"}], {"name": "0.name"}) == {"name": "desk"}


@pytest.mark.parametrize("path", ["order.phone", "order.items.1.state", "order.items.-1.state", "order.items.٠.state"])
def test_a_field_that_is_left_out_is_none(path: str) -> None:
    assert pick(ORDER, {"count": "order.items.0.count", "other": path}) == {"count": 2, "other": None}


@pytest.mark.parametrize("path", ["order.stat", "orders.items.0.state", "", "..", "order.items." + "9" * 5000])
def test_an_answer_that_holds_none_of_the_paths_is_not_the_one_expected(path: str) -> None:
    with pytest.raises(LookupFailedError, match="the answer has no"):
        pick(ORDER, {"state": path})


def test_an_object_or_a_list_at_the_end_of_a_path_cannot_be_saved() -> None:
    for path in ("order", "order.items"):
        with pytest.raises(LookupFailedError, match=f"the answer's {path} holds"):
            pick(ORDER, {"state": path})


def test_nothing_to_save_asks_only_whether_there_is_something() -> None:
    assert pick(ORDER, {}) == {}


@pytest.mark.parametrize("document", [None, {}, []])
def test_null_an_empty_object_and_an_empty_list_mean_not_found(document: object) -> None:
    assert is_empty(document)


class LazyMapping(Mapping[str, object]):
    def __getitem__(self, key: str) -> object:
        return {"state": "sent"}[key]

    def __iter__(self) -> Iterator[str]:
        return iter(("state",))

    def __len__(self) -> int:
        return 1


@pytest.mark.parametrize("document", [0, False, "", {"a": None}, [None], LazyMapping()])
def test_everything_else_means_found(document: object) -> None:
    assert not is_empty(document)
