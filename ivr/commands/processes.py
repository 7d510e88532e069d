"""`ivr serve`, `ivr web`, `ivr media`, `ivr worker`, `ivr localcarrier`."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ivr.commands.common import settings_with_redis
from ivr.processes import check_port_free
from ivr.redis_client import RedisError, connect
from ivr.redis_durability import check as check_durability
from ivr.services import flow_source
from ivr.settings import load_settings

WEB_PROCESSES = 2
WEB_THREADS = 8


def serve() -> None:
    """Run everything on this machine: web, media, worker, and a private Redis where REDIS_URL is not set."""
    from ivr import serve as serving

    serving.run(load_settings())


def web() -> None:
    """Run the carrier's webhooks under gunicorn."""
    settings = settings_with_redis()
    client = connect(settings.redis_url or "")
    # Here it is one message; in a child of gunicorn it would be a traceback for each of them.
    flow_source(client, settings)
    # Without an answer there is nothing to object to, and callers are better off with us than without.
    with contextlib.suppress(RedisError):
        check_durability(client, settings.durability)
    check_port_free(settings.web_host, settings.web_port, "WEB_PORT")
    arguments = [
        *("--bind", f"{settings.web_host}:{settings.web_port}"),
        *("--worker-class", "gthread", "--workers", str(WEB_PROCESSES), "--threads", str(WEB_THREADS)),
        *("--timeout", "30", "--graceful-timeout", "10", "--log-level", "warning", "--no-control-socket"),
        "ivr.web.app:create_app()",
    ]
    os.environ["REDIS_URL"] = settings.redis_url or ""
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *arguments])  # noqa: S606 - no shell is involved


def media() -> None:
    """Run the server of media sockets, with its recognisers."""
    from ivr import logs
    from ivr.media import app

    settings = settings_with_redis()
    logs.configure("media", settings.log_level)
    app.run(settings)


def worker() -> None:
    """Run a worker, which keeps the callbacks; any number may run."""
    from ivr import worker as working

    working.run(settings_with_redis())


def localcarrier(
    account_sid: Annotated[str, typer.Option(envvar="TWILIO_ACCOUNT_SID")],
    auth_token: Annotated[str, typer.Option(envvar="TWILIO_AUTH_TOKEN")],
    port: int = 8090,
    record: Annotated[Path | None, typer.Option(help="Write each leg as a WAV file into this folder.")] = None,
    events: Annotated[Path | None, typer.Option(help="Append the event log to this file, as JSON lines.")] = None,
    fast_prompts: Annotated[bool, typer.Option(help="Render prompts as short silences, for tests.")] = False,
    speech_rate: Annotated[int, typer.Option(help="How fast prompts are spoken, in words per minute.")] = 165,
) -> None:
    """Run a carrier on this machine: it speaks as Twilio does, and the people on it follow scripts."""
    from ivr.localcarrier.server import run
    from ivr.localcarrier.settings import CarrierSettings

    settings = CarrierSettings(
        account_sid=account_sid,
        auth_token=auth_token,
        port=port,
        record_dir=record,
        events_file=events,
        fast_prompts=fast_prompts,
        speech_rate_wpm=speech_rate,
    )
    raise typer.Exit(run(settings))
