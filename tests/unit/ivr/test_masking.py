"""Numbers and secrets stay out of logs and traces."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
import structlog

from ivr import logs
from ivr.masking import mask_number, mask_numbers


def test_a_number_is_known_by_its_last_four_digits() -> None:
    assert mask_number("+442079460123") == "…0123"
    assert mask_number(None) is None


def test_numbers_are_found_inside_texts_lists_and_mappings() -> None:
    value = {"text": "call +442079460123 now", "list": ["02079460199", 7], "digits": "4821"}
    assert mask_numbers(value) == {"text": "call …0123 now", "list": ["…0199", 7], "digits": "4821"}


@pytest.fixture
def printed() -> Iterator[io.StringIO]:
    """What a web process logs."""
    stream = io.StringIO()
    logs.configure("web", "info", stream)
    yield stream
    logs.configure("tests", "warning")


def test_log_records_are_json_with_the_process_and_without_numbers(printed: io.StringIO) -> None:
    structlog.get_logger().info("rung", number="+442079460123", call_sid="CA00000000000000000000000000000123")
    record = json.loads(printed.getvalue())
    assert record["process"] == "web"
    assert record["number"] == "…0123"
    assert record["call_sid"].endswith("00123"), "a SID is nobody's number"


def test_the_id_of_a_callback_is_whole_in_the_log(printed: io.StringIO) -> None:
    structlog.get_logger().info("rung", request_id="cb-12345678901234ab")
    assert json.loads(printed.getvalue())["request_id"] == "cb-12345678901234ab"


def test_a_logged_exception_shows_no_number_either(printed: io.StringIO) -> None:
    try:
        raise ValueError("cannot dial +442079460123")
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "ValueError" in printed.getvalue()
    assert "2079460123" not in printed.getvalue()
