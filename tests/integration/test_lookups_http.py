"""Lookups over HTTP, against real servers that misbehave."""

from __future__ import annotations

import json
import logging
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

import pytest

from flows import actions
from flows.sources import HttpSource
from ivr.lookups import LookupFailedError, Lookups, service
from ivr.lookups.breaker import FAILURES_TO_REST
from ivr.lookups.cuttable import Cut
from ivr.lookups.deadline import Deadline
from ivr.lookups.http_sources import HttpLookups
from tests.integration.lookup_rig import FOUND, SECRET, SLACK_S, Behaviour, Server, ask, ask_server, http
from tests.patience import PATIENCE_S


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that finds the order, until told otherwise."""
    started = Server()
    yield started
    started.close()


@pytest.fixture
def lookups() -> Lookups:
    """The lookups of a process of its own."""
    return Lookups()


# ---------------------------------------------------------------- http: what works


def test_values_come_out_of_a_json_answer_and_the_connection_is_used_again(server: Server, lookups: Lookups) -> None:
    for _ in range(3):
        assert ask_server(lookups, server).values == {"order_state": "sent"}
    assert server.requests[0].startswith(f"GET /orders?number={SECRET} HTTP/1.1\r\n")
    assert server.connections == 1


def test_an_answer_in_chunks_is_read_and_the_connection_used_again(server: Server, lookups: Lookups) -> None:
    body = b'{"order": {"items"', b': [{"state": "sent"}]}}', b""
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in body)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    server.behaviour = lambda peer, _: peer.sendall(head + chunks)
    for _ in range(2):
        assert ask_server(lookups, server).values == {"order_state": "sent"}
    assert server.connections == 1


def test_post_sends_json_and_headers_with_secrets_of_the_environment(
    server: Server, lookups: Lookups, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_TOKEN", "t0ken")
    lookup = actions.Lookup(
        source=HttpSource(type="http", url=server.url, method="POST", headers={"X-Key": "${CRM_TOKEN}"}),
        where={"number": "007", "count": 2},
        save={"order_state": "order.items.0.state"},
        timeout_s=1.5,
    )
    bodies: list[bytes] = []

    def answer(peer: socket.socket, request: bytes) -> None:
        body = request.partition(b"\r\n\r\n")[2]
        bodies.append(body or peer.recv(65_536))  # it may come in a segment of its own
        peer.sendall(FOUND)

    server.behaviour = answer
    assert lookups.look_up(lookup, folder=Path("/")).values == {"order_state": "sent"}
    assert "X-Key: t0ken\r\n" in server.requests[0]
    assert json.loads(bodies[0]) == {"number": "007", "count": 2}


@pytest.mark.parametrize(
    "answer",
    [
        http("<html>", status="404 Not Found", content_type="text/html"),
        http("", status="204 No Content"),
        http(""),
        http("null"),
        http("{}"),
        http("[]"),
    ],
)
def test_404_and_an_empty_answer_mean_not_found(server: Server, lookups: Lookups, answer: bytes) -> None:
    server.behaviour = lambda peer, _: peer.sendall(answer)
    for _ in range(2):
        assert ask_server(lookups, server).values is None
    assert server.connections == 1


def test_a_connection_that_the_server_has_closed_meanwhile_does_no_harm(server: Server, lookups: Lookups) -> None:
    def answer_once(peer: socket.socket, _: bytes) -> None:
        peer.sendall(FOUND)
        peer.shutdown(socket.SHUT_RDWR)

    server.behaviour = answer_once
    for _ in range(3):
        assert ask_server(lookups, server).values == {"order_state": "sent"}
    assert server.connections == 3


def test_proxies_of_the_environment_are_not_used(
    server: Server, lookups: Lookups, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert ask_server(lookups, server).values == {"order_state": "sent"}


def test_cookies_of_one_caller_are_not_sent_for_the_next(server: Server, lookups: Lookups) -> None:
    server.behaviour = lambda peer, _: peer.sendall(http('{"order": 1}', "Set-Cookie: session=desk; Path=/"))
    for _ in range(2):
        ask(lookups, HttpSource(type="http", url=server.url), save={})
    assert "cookie" not in server.requests[1].lower()


# ---------------------------------------------------------------- http: what does not


def hang(server: Server) -> Behaviour:
    def run(_: socket.socket, __: bytes) -> None:
        server.over.wait()

    return run


def drip_body(server: Server) -> Behaviour:
    return lambda peer, _: server.drip(peer, FOUND)


def drip_fast(server: Server) -> Behaviour:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 200000\r\n\r\n"

    def run(peer: socket.socket, _: bytes) -> None:
        peer.sendall(head)
        server.drip(peer, b" " * 200_000, every_s=0.01)

    return run


def drip_headers(server: Server) -> Behaviour:
    return lambda peer, _: server.drip(peer, b"HTTP/1.1 200 OK\r\n" + b"X-Slow: 1\r\n" * 90, every_s=0.01)


@pytest.mark.parametrize("behaviour", [hang, drip_body, drip_fast, drip_headers])
def test_a_server_that_is_slow_costs_its_time_out_and_no_more(
    server: Server, lookups: Lookups, behaviour: Callable[[Server], Behaviour]
) -> None:
    server.behaviour = behaviour(server)
    with pytest.raises(LookupFailedError, match=r"no answer within 0\.2 s") as failed:
        ask_server(lookups, server, timeout_s=0.2)
    assert failed.value.code == "timeout"
    assert 190 <= failed.value.took_ms < 200 + SLACK_S * 1000
    server.over.set()


def test_a_connection_that_drips_is_cut_so_that_its_thread_ends(server: Server, lookups: Lookups) -> None:
    server.behaviour = drip_headers(server)
    with pytest.raises(LookupFailedError, match="no answer within"):
        ask_server(lookups, server, timeout_s=0.1)
    assert server.dropped.wait(PATIENCE_S)
    for thread in threading.enumerate():
        if thread.name == "lookup":
            thread.join(PATIENCE_S)
    assert all(known.crew.idle() for known in lookups._sources.values())


def test_a_body_that_drips_meets_the_clock_though_nobody_cuts_it(server: Server) -> None:
    server.behaviour = drip_fast(server)
    source = HttpSource(type="http", url=server.url)
    lookup = actions.Lookup(source=source, where={}, save={}, timeout_s=0.1)
    with pytest.raises(LookupFailedError, match="no answer within"):
        HttpLookups().find(lookup, source, Deadline.after(0.1), Cut())


def test_a_host_that_takes_no_connection_costs_the_time_out(lookups: Lookups) -> None:
    with socket.socket() as full:
        # A listener whose queue is full: the system drops what comes.
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}/"
        with pytest.raises(LookupFailedError) as failed:
            ask(lookups, HttpSource(type="http", url=url), timeout_s=0.2)
        for one in waiting:
            one.close()
    assert failed.value.code == "timeout"
    assert failed.value.took_ms < 200 + SLACK_S * 1000


def test_the_time_out_is_never_longer_than_a_webhook_can_wait(
    server: Server, lookups: Lookups, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert service.MAX_TIMEOUT_S == 1.5
    monkeypatch.setattr(service, "MAX_TIMEOUT_S", 0.2)
    server.behaviour = hang(server)
    with pytest.raises(LookupFailedError, match=r"no answer within 0\.2 s"):
        ask_server(lookups, server, timeout_s=30.0)


MEGABYTE: Final = b'{"order": "' + b"x" * 1_000_000 + b'"}'


@pytest.mark.parametrize(
    ("answer", "says", "code", "retryable"),
    [
        (http(MEGABYTE), "larger than 262144 bytes", "answer", False),
        (http("<html>" + SECRET, content_type="text/html"), "is not application/json", "answer", False),
        (http("<html>" + SECRET), "no valid JSON", "answer", False),
        (http('{"order": NaN}'), "no valid JSON", "answer", False),
        (http("[" * 60_000 + "]" * 60_000), "no valid JSON", "answer", False),
        (http("سلام".encode("windows-1256")), "no valid JSON", "answer", False),
        (http("{}", content_type="application/json; charset=windows-1256"), "not in UTF-8", "answer", False),
        (http(b"\x1f\x8b", "Content-Encoding: gzip"), "compressed", "answer", False),
        (http('{"error": "' + SECRET + '"}'), "has no order.items.0.state", "answer", False),
        (http('{"order": {"items": [{"state": {"a": 1}}]}}'), "holds an object", "answer", False),
        (http('{"order": {"items": [{"state": "' + "x" * 2001 + '"}]}}'), "more than 2000", "answer", False),
        (http(SECRET, status="500 Internal Server Error"), "status 500", "unreachable", True),
        (http("{}", status="429 Too Many Requests"), "status 429", "unreachable", True),
        (http("{}", status="401 Unauthorized"), "status 401", "answer", False),
        (http("{}", status="304 Not Modified"), "status 304", "answer", False),
        (b"", "no answer: ProtocolError", "unreachable", True),
        (b"HTTP/1.1 200 OK\r\nContent-Ty", "broke off", "unreachable", True),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "no answer: ProtocolError", "unreachable", True),
        (FOUND[:-5], "no answer: IncompleteRead|no answer: ProtocolError", "unreachable", True),
    ],
)
def test_an_answer_that_cannot_be_used_fails_and_says_why(
    server: Server,
    lookups: Lookups,
    caplog: pytest.LogCaptureFixture,
    answer: bytes,
    says: str,
    code: str,
    retryable: bool,
) -> None:
    def once(peer: socket.socket, _: bytes) -> None:
        peer.sendall(answer)
        peer.shutdown(socket.SHUT_RDWR)

    server.behaviour = once
    with caplog.at_level(logging.DEBUG), pytest.raises(LookupFailedError, match=says) as failed:
        ask_server(lookups, server)
    assert (failed.value.code, failed.value.retryable) == (code, retryable)
    assert SECRET not in str(failed.value)
    assert SECRET not in caplog.text
    assert failed.value.__context__ is None or failed.value.__suppress_context__


def test_nobody_listening_is_a_failure_at_once(lookups: Lookups) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}/"
    with pytest.raises(LookupFailedError, match="no answer: NewConnectionError") as failed:
        ask(lookups, HttpSource(type="http", url=url))
    assert failed.value.retryable
    assert failed.value.took_ms < SLACK_S * 1000


def test_headers_that_are_broken_put_no_value_into_a_log(
    server: Server, lookups: Lookups, caplog: pytest.LogCaptureFixture
) -> None:
    server.behaviour = lambda peer, _: peer.sendall(FOUND.replace(b"Content-Type", b"no header\r\nContent-Type"))
    with caplog.at_level(logging.DEBUG), suppress(LookupFailedError):
        ask_server(lookups, server, timeout_s=0.2)
    assert server.requests
    assert SECRET not in caplog.text


def redirect(location: str) -> bytes:
    return http("", f"Location: {location}", status="302 Found")


def test_a_redirect_within_the_host_is_followed_twice_at_most(server: Server, lookups: Lookups) -> None:
    answers = [redirect("/orders/"), redirect("orders?there=1"), FOUND]
    server.behaviour = lambda peer, _: peer.sendall(answers[len(server.requests) - 1])
    assert ask_server(lookups, server).values == {"order_state": "sent"}
    server.behaviour = lambda peer, _: peer.sendall(redirect("/orders"))
    with pytest.raises(LookupFailedError, match="leads on more than 2 times"):
        ask_server(lookups, server)


def test_a_redirect_to_another_host_is_not_followed(server: Server, lookups: Lookups) -> None:
    other = Server()
    for location in (
        other.url,
        f"//localhost:{server.port}/",
        f"https://127.0.0.1:{server.port}/",
        "file:///etc/passwd",
    ):
        server.behaviour = lambda peer, _, to=location: peer.sendall(redirect(to))  # type: ignore[misc]
        with pytest.raises(LookupFailedError, match="leads to another address"):
            ask_server(lookups, server)
    assert not other.requests
    other.close()


def test_a_post_is_neither_redirected_nor_repeated(server: Server, lookups: Lookups) -> None:
    server.behaviour = lambda peer, _: peer.sendall(redirect("/other"))
    with pytest.raises(LookupFailedError, match="leads to another address"):
        ask_server(lookups, server, method="POST")
    before = server.connections
    server.behaviour = lambda peer, _: peer.shutdown(socket.SHUT_RDWR)
    with pytest.raises(LookupFailedError, match="no answer"):
        ask_server(lookups, server, method="POST")
    assert server.connections - before <= 1


def test_a_dead_server_stops_costing_callers_time(server: Server, lookups: Lookups) -> None:
    server.behaviour = hang(server)
    for _ in range(FAILURES_TO_REST):
        with pytest.raises(LookupFailedError, match="no answer within"):
            ask_server(lookups, server, timeout_s=0.05)
    with pytest.raises(LookupFailedError, match="rests") as failed:
        ask_server(lookups, server)
    assert failed.value.took_ms < SLACK_S * 1000
    assert len(server.requests) <= FAILURES_TO_REST


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost with its key in one file, known to nobody."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl command to make a certificate")
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    new = [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(
        [openssl, *new, *name, "-keyout", path, "-out", f"{path}.crt"], check=True, capture_output=True, timeout=30
    )
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


@pytest.fixture
def tls_url(server: Server, certificate: Path) -> str:
    """The address of the server over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.wrap = lambda peer: context.wrap_socket(peer, server_side=True)
    return f"https://localhost:{server.port}/orders"


def test_a_certificate_that_nobody_vouches_for_is_refused(tls_url: str, server: Server, lookups: Lookups) -> None:
    with pytest.raises(LookupFailedError, match="is the certificate valid"):
        ask(lookups, HttpSource(type="http", url=tls_url))
    assert not server.requests


def test_a_certificate_that_the_operator_vouches_for_is_accepted_and_a_drip_is_cut(
    tls_url: str, server: Server, lookups: Lookups, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
    for _ in range(2):
        assert ask(lookups, HttpSource(type="http", url=tls_url)).values == {"order_state": "sent"}
    assert server.connections == 1
    server.behaviour = drip_headers(server)
    with pytest.raises(LookupFailedError, match="no answer within"):
        ask(lookups, HttpSource(type="http", url=tls_url), timeout_s=0.2)
    assert server.dropped.wait(PATIENCE_S)


def test_a_server_that_never_begins_tls_costs_the_time_out(server: Server, lookups: Lookups) -> None:
    server.behaviour = hang(server)
    with pytest.raises(LookupFailedError, match="no answer within"):
        ask(lookups, HttpSource(type="http", url=f"https://localhost:{server.port}/"), timeout_s=0.2)
