"""What is sent to an HTTP source, and what is accepted from it."""

from __future__ import annotations

import pytest

from flows.events import Value
from flows.sources import HttpSource
from ivr.lookups.errors import LookupFailedError
from ivr.lookups.http_messages import check_json, filled_headers, parsed, question, same_origin


def source(url: str = "https://crm.example/orders", **fields: object) -> HttpSource:
    return HttpSource.model_validate({"type": "http", "url": url, **fields})


@pytest.mark.parametrize(
    ("url", "where", "sent"),
    [
        ("https://crm.example/o", {"number": "4821"}, "https://crm.example/o?number=4821"),
        ("https://crm.example/o?k=1", {"number": "4821"}, "https://crm.example/o?k=1&number=4821"),
        ("https://crm.example/o#top", {"a": 7, "b": True}, "https://crm.example/o?a=7&b=true"),
        ("https://crm.example/o", {"name": "a&b=ü +#"}, "https://crm.example/o?name=a%26b%3D%C3%BC+%2B%23"),
        ("https://crm.example/o", {}, "https://crm.example/o"),
    ],
)
def test_get_sends_the_values_as_a_query(url: str, where: dict[str, Value], sent: str) -> None:
    asked = question(source(url), where)
    assert asked.method == "GET"
    assert asked.url == sent
    assert asked.body is None


def test_post_sends_the_values_as_json() -> None:
    asked = question(source(method="POST"), {"number": "007", "count": 2, "open": True})
    assert asked.url == "https://crm.example/orders"
    assert asked.body == b'{"number":"007","count":2,"open":true}'
    assert asked.headers["Content-Type"] == "application/json"


def test_secrets_in_headers_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_TOKEN", "t0ken")
    assert filled_headers({"Authorization": "Bearer ${CRM_TOKEN}", "X-Fixed": "$5 {x}"}) == {
        "Authorization": "Bearer t0ken",
        "X-Fixed": "$5 {x}",
    }


@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv("CRM_TOKEN", raising=False)
    if value is not None:
        monkeypatch.setenv("CRM_TOKEN", value)
    with pytest.raises(LookupFailedError, match="Authorization needs the environment variable CRM_TOKEN") as failed:
        filled_headers({"Authorization": "Bearer ${CRM_TOKEN}"})
    assert failed.value.code == "setup"


@pytest.mark.parametrize("value", ["t0ken\r\nX-Other: 1", "t0ken\n", "tökén"])
def test_a_variable_cannot_smuggle_a_header_in_and_is_never_shown(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("CRM_TOKEN", value)
    with pytest.raises(LookupFailedError, match="CRM_TOKEN") as failed:
        filled_headers({"Authorization": "${CRM_TOKEN}"})
    assert value not in str(failed.value)


def test_a_password_in_the_address_is_refused_and_not_shown() -> None:
    with pytest.raises(LookupFailedError, match="in a header") as failed:
        question(source("https://desk:secret@crm.example/o"), {"number": "7"})
    assert "secret" not in str(failed.value)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("https://crm.example/other?x=1", True),
        ("https://CRM.example:443/other", True),
        ("http://crm.example/orders", False),
        ("https://crm.example:8443/orders", False),
        ("https://crm.example.evil.example/orders", False),
        ("https://crm.example:x/orders", False),
        ("//evil.example/orders", False),
    ],
)
def test_only_scheme_host_and_port_together_make_an_address_the_same(other: str, same: bool) -> None:
    assert same_origin(other, "https://crm.example/orders") is same


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=UTF-8", "APPLICATION/JSON", "application/problem+json"],
)
def test_json_is_accepted_by_any_of_its_names(content_type: str) -> None:
    check_json(content_type, "")


@pytest.mark.parametrize(
    ("content_type", "encoding", "says"),
    [
        ("text/html; charset=utf-8", "", "is not application/json"),
        ("", "", "is not application/json"),
        ("application/jsonp", "", "is not application/json"),
        ("application/json; charset=windows-1256", "", "is not in UTF-8"),
        ("application/json", "gzip", "compressed"),
    ],
)
def test_other_content_is_refused(content_type: str, encoding: str, says: str) -> None:
    with pytest.raises(LookupFailedError, match=says):
        check_json(content_type, encoding)


def test_a_byte_order_mark_before_json_does_no_harm() -> None:
    assert parsed(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(
    "body",
    [
        b"<html>secret</html>",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b'{"a": "secret\xff"}',
        b'{"a": "secret',
        b'{"a": 1} secret',
        b"[" * 100_000,
        b"[" * 50_000 + b"]" * 50_000,
        b'{"a": ' + b"9" * 100_000 + b"}",
        "{}".encode("utf-16"),
    ],
)
def test_what_is_no_json_is_refused_without_being_shown(body: bytes) -> None:
    with pytest.raises(LookupFailedError, match="no valid JSON") as failed:
        parsed(body)
    assert "secret" not in str(failed.value)
    assert failed.value.__suppress_context__
