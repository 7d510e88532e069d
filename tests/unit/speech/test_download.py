"""Where a download may lead, and through whom; what a real server does to it is tested with one."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import urllib3

from speech import download as downloading
from speech.download import DownloadError, download, fetch


class Answers:
    """In the place of a pool: one answer for each address."""

    def __init__(self, answers: Mapping[str, urllib3.HTTPResponse]) -> None:
        self._answers = answers

    def request(self, _method: str, url: str, **_options: Any) -> urllib3.HTTPResponse:
        return self._answers[url]


def test_a_secure_address_does_not_lead_to_one_that_is_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    leads = urllib3.HTTPResponse(status=302, headers={"Location": "http://models.example/x.zip"}, preload_content=False)
    monkeypatch.setattr(downloading, "_pool", lambda *_: Answers({"https://models.example/x.zip": leads}))
    with pytest.raises(DownloadError, match="leads from https to http://"):
        download("https://models.example/x.zip", tmp_path / "x.part")


def test_a_small_file_that_is_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    large = urllib3.HTTPResponse(status=200, body=io.BytesIO(b"123456"), preload_content=False)
    monkeypatch.setattr(downloading, "_pool", lambda *_: Answers({"https://models.example/list": large}))
    with pytest.raises(DownloadError, match="larger than 5 bytes"):
        fetch("https://models.example/list", 5)


def test_a_small_file_whose_connection_is_cut_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    address, slept = "https://models.example/list", list[float]()

    def answer(body: bytes) -> Answers:
        response = urllib3.HTTPResponse(
            status=200, headers={"Content-Length": "4"}, body=io.BytesIO(body), preload_content=False
        )
        return Answers({address: response})

    tries = iter([answer(b"[1"), answer(b"[12]")])
    monkeypatch.setattr(downloading, "_pool", lambda *_: next(tries))
    assert fetch(address, 5, slept.append) == b"[12]"
    assert slept == [1.0]


def test_the_proxy_of_the_environment_is_used_and_not_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "inside.example")
    assert isinstance(downloading._pool("https", "models.example"), urllib3.ProxyManager)
    assert not isinstance(downloading._pool("https", "inside.example"), urllib3.ProxyManager)
    assert not isinstance(downloading._pool("http", "127.0.0.1"), urllib3.ProxyManager)
