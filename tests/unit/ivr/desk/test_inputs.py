"""What may be asked of the desk, and what is said of what may not."""

from __future__ import annotations

from typing import Any

import pytest

from ivr.desk.errors import DeskError
from ivr.desk.inputs import AgentInput, AnyInput, BookInput, ListInput, MoveInput, StateInput, read


def test_texts_of_an_address_are_read_as_what_they_mean() -> None:
    wanted = read(ListInput, {"limit": "5", "open": "true", "full_numbers": "1"}, texts=True)
    assert (wanted.limit, wanted.open, wanted.full_numbers) == (5, True, True)


def test_a_body_means_what_it_says() -> None:
    with pytest.raises(DeskError):
        read(ListInput, {"limit": "5"})


@pytest.mark.parametrize(
    ("kind", "given", "detail", "allowed"),
    [
        (MoveInput, {}, '"when" is missing', ()),
        (MoveInput, {"when": 5}, "when: expected `str`, got `int`", ()),
        (MoveInput, {"then": "asap"}, 'there is no field "then"', ("when",)),
        (StateInput, {"state": "asleep"}, 'state: "asleep" is not known', ("available", "break", "away")),
        (ListInput, {"limit": 501}, "limit: expected `int` <= 500", ()),
        (AgentInput, {"queues": ["a", ""]}, "queues[1]: expected `str` of length >= 1", ()),
        (AgentInput, {"days_off": ["x"]}, "days_off[0]: invalid RFC3339 encoded date", ()),
        (BookInput, {"number": "1", "values": {"a": []}}, "values[...]", ()),
    ],
)
def test_what_is_wrong_is_named_by_field_with_what_would_be_right(
    kind: type[AnyInput], given: dict[str, Any], detail: str, allowed: tuple[str, ...]
) -> None:
    with pytest.raises(DeskError) as error:
        read(kind, given)
    assert error.value.detail.startswith(detail)
    assert error.value.allowed == allowed


def test_a_state_to_list_by_is_one_of_the_lifecycles() -> None:
    with pytest.raises(DeskError) as error:
        read(ListInput, {"state": "lost"}, texts=True)
    assert "customer_dialling" in error.value.allowed
