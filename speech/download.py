"""Downloading a large file so that a cut connection costs nothing: what has come is kept, and the rest is asked for.

Beside the file that grows (`NAME.part`) lies a note (`NAME.note`) of where it comes from and of which version it is, so
that a rest is only ever joined to a beginning of the same file. Source: RFC 9110, sections 13.1.5 (If-Range) and 14.
"""

from __future__ import annotations

import contextlib
import re
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

import msgspec
import urllib3
from urllib3.exceptions import HTTPError, ProtocolError, SSLError

from speech.errors import SpeechError

CHUNK_BYTES: Final = 2**18
CONNECT_S: Final = 10.0
# A server that sends nothing for so long has forgotten us.
READ_S: Final = 30.0
MOST_REDIRECTS: Final = 5
# Tries without a single byte in between, and the pauses between them.
PAUSES_S: Final = (1.0, 3.0, 10.0)
MOST_BYTES: Final = 8 * 2**30
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
TRANSIENT: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})

Progress = Callable[[int, int | None], None]


class DownloadError(SpeechError):
    """The file did not come; the message says why and what to do. What has come of it is kept."""

    code = "speech.download"


class _CutError(Exception):
    """This try ended early; another may do better."""


class _Note(msgspec.Struct, frozen=True):
    url: str
    validator: str | None


def fetch(url: str, most_bytes: int, sleep: Callable[[float], None] = time.sleep) -> bytes:
    """A small file, whole; raises `DownloadError`.

    Where the server is busy or the connection is cut, it is asked again, as for a large file; where nobody answers,
    that is said at once.
    """
    tries = 0
    while True:
        try:
            return _fetch_whole(url, most_bytes)
        except (_CutError, ProtocolError) as error:
            if tries == len(PAUSES_S):
                raise _unavailable(url, error) from None
            sleep(PAUSES_S[tries])
            tries += 1
        except (HTTPError, OSError) as error:
            raise _unavailable(url, error) from None


def _fetch_whole(url: str, most_bytes: int) -> bytes:
    with contextlib.closing(_ask(url, {})) as response:
        if response.status in TRANSIENT:
            raise _CutError(f"the server answers {response.status}")
        if response.status != 200:
            raise DownloadError(f"{url} answers {response.status}")
        body = response.read(most_bytes + 1)
    if len(body) > most_bytes:
        raise DownloadError(f"{url} is larger than {most_bytes} bytes")
    return body


def _unavailable(url: str, error: Exception) -> DownloadError:
    what = "try again later, or give a file that you have with --from"
    return DownloadError(f"{url} cannot be had: {_words(error)}; {what}")


def download(
    url: str,
    part: Path,
    on_progress: Progress = lambda _done, _total: None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Have the file at `part` be all of what lies at `url`; goes on where an earlier download was cut.

    Raises `DownloadError`; then `part` holds what has come so far.
    """
    fruitless = 0
    while True:
        before = _size(part)
        try:
            _fetch_rest(url, part, on_progress)
        except SSLError as error:
            raise DownloadError(f"there is no secure connection to {url}: {_words(error)}") from None
        except (_CutError, HTTPError, TimeoutError, ConnectionError) as error:
            fruitless = 0 if _size(part) > before else fruitless + 1
            if fruitless > len(PAUSES_S):
                kept = f"; {_size(part)} bytes are kept: the same command goes on from there" if _size(part) else ""
                raise DownloadError(f"{url} cannot be had: {_words(error)}{kept}") from None
            sleep(PAUSES_S[max(fruitless - 1, 0)])
        else:
            return


def forget(part: Path) -> None:
    """Throw away what has come of a download."""
    part.unlink(missing_ok=True)
    _note_path(part).unlink(missing_ok=True)


def _fetch_rest(url: str, part: Path, on_progress: Progress) -> None:
    note, have = _read_note(part), _size(part)
    if note is None or note.url != url or note.validator is None:
        have = 0
    headers = {"Range": f"bytes={have}-", "If-Range": str(note.validator)} if note and have else {}
    with contextlib.closing(_ask(url, headers)) as response:
        if response.status == 416 and have:
            if re.fullmatch(rf"bytes \*/{have}", response.headers.get("Content-Range", "")):
                return  # nothing is missing
            forget(part)
            raise _CutError("the file has changed")
        _check_answer(url, response)
        start, total = _extent(response)
        if start not in (0, have) or (response.status == 206 and not have):
            forget(part)
            raise _CutError(f"the server sent bytes from {start} on, which were not asked for")
        if start == 0:
            forget(part)
            _write_note(part, _Note(url, _validator(response)))
        if total is not None and total > MOST_BYTES:
            raise DownloadError(f"{url} has {total} bytes; no model is as large")
        with part.open("r+b" if start else "wb") as file:
            file.seek(start)
            file.truncate()
            done = start
            on_progress(done, total)
            for piece in response.stream(CHUNK_BYTES, decode_content=False):
                done += len(piece)
                if done > MOST_BYTES:
                    raise DownloadError(f"{url} does not end; no model is as large")
                file.write(piece)
                on_progress(done, total)
    if total is not None and done != total:
        raise _CutError(f"{done} of {total} bytes came")


def _ask(url: str, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
    for _ in range(MOST_REDIRECTS + 1):
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise DownloadError(f"{url} is no address that begins with http:// or https://")
        response = _pool(parts.scheme, parts.hostname).request(
            "GET",
            url,
            headers={"Accept-Encoding": "identity", "User-Agent": "zerohold", **headers},
            preload_content=False,
            redirect=False,
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_S, read=READ_S),
        )
        target = response.headers.get("Location")
        if response.status not in REDIRECTS or target is None:
            return response
        response.close()
        safe, url = parts.scheme == "https", urljoin(url, target)
        if safe and not url.startswith("https:"):
            raise DownloadError(f"the server leads from https to {url}, which anybody on the way can change")
    raise DownloadError(f"the server leads on more than {MOST_REDIRECTS} times")


def _pool(scheme: str, host: str) -> urllib3.PoolManager:
    """One for each request: it is rare, and may go through a proxy that the environment names."""
    proxy = urllib.request.getproxies().get(scheme)
    if proxy and host not in LOOPBACK and not urllib.request.proxy_bypass(host):
        return urllib3.ProxyManager(proxy)
    return urllib3.PoolManager()


def _check_answer(url: str, response: urllib3.BaseHTTPResponse) -> None:
    if response.status in TRANSIENT:
        raise _CutError(f"the server answers {response.status}")
    if response.status == 404:
        raise DownloadError(f"there is nothing at {url}; is the name right? See `ivr speech models`, or give --mirror")
    if response.status not in (200, 206):
        raise DownloadError(f"{url} answers {response.status}; give --mirror, or a file that you have with --from")
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise DownloadError(
            f"{url} answers with a web page in place of a file: is a proxy or a log-in page in between? "
            "Fetch the file in a browser, and give it with --from"
        )


def _extent(response: urllib3.BaseHTTPResponse) -> tuple[int, int | None]:
    """From which byte on the answer is, and how long the whole file; None where the server does not say."""
    if response.status == 206:
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
        if found is None:
            return -1, None
        return int(found[1]), int(found[2]) if found[2] != "*" else None
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isdigit() else None


def _validator(response: urllib3.BaseHTTPResponse) -> str | None:
    """What If-Range may name: a strong ETag, else a date. A weak ETag does not say that the bytes are the same."""
    etag = response.headers.get("ETag")
    return etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified")


def _note_path(part: Path) -> Path:
    return part.with_suffix(".note")


def _read_note(part: Path) -> _Note | None:
    try:
        return msgspec.json.decode(_note_path(part).read_bytes(), type=_Note)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _write_note(part: Path, note: _Note) -> None:
    _note_path(part).write_bytes(msgspec.json.encode(note))


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if not isinstance(error, _CutError) else str(error)
