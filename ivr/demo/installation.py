"""A whole installation in a folder of its own: private Redis, the Procfile's processes, the local carrier."""

from __future__ import annotations

import re
import secrets
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final

import msgspec

from ivr.localcarrier.client import LocalCarrierClient
from ivr.processes import PROCESSES, Supervisor, free_port
from ivr.redis_server import PrivateRedis
from ivr.services import Services, build
from ivr.settings import EXAMPLE_FLOW, Settings

READY_TIMEOUT_S: Final = 180.0
# A little brisker than people speak: prompts are easy to follow, and the reader of a transcript does not wait long.
SPEECH_RATE_WPM: Final = 180
# Source: Ofcom's numbers for use in drama, London and no area; they ring nobody.
OFFICE_NUMBER: Final = "+442079460000"
PERSON_NUMBER: Final = "+442079460999"


def around_the_clock(flow_file: Path, folder: Path, queue: str = "shop") -> Path:
    """A copy of a flow whose customers may be rung at any hour, with its lookup files, in `folder`.

    The phones here wake nobody: what is shown at noon can be shown at midnight. An operator would say the same in the
    flow, where the linter warns of it.
    """
    text = flow_file.read_text()
    if re.search(r"^queues:", text, re.MULTILINE):
        raise ValueError(f"{flow_file} says already how its queues are called back")
    folder.mkdir(parents=True, exist_ok=True)
    for table in flow_file.parent.glob("*.csv"):
        shutil.copy(table, folder)
    path = folder / flow_file.name
    path.write_text(f'{text}\nqueues:\n  {queue}: {{calling_hours: "00:00-24:00"}}\n')
    return path


class NotReadyError(Exception):
    """The installation did not come up; the message names what is missing and where the logs are."""

    code = "not_ready"
    retryable = False


class Installation:
    """Starts everything on entry, each part as its own process, and stops everything on exit.

    Unless `overrides` (further settings by their environment names) name a flow, it is the shipped example, with
    callbacks at any hour. `record_dir` gets a WAV of each leg. Without `hears`, it is ready without a speech model,
    too.
    """

    def __init__(
        self,
        folder: Path,
        *,
        record_dir: Path | None = None,
        fast_prompts: bool = False,
        overrides: dict[str, str] | None = None,
        hears: bool = True,
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.folder = folder
        self._record_dir = record_dir
        self._fast_prompts = fast_prompts
        self._needed = {"redis", "worker", "model"} if hears else {"redis", "worker"}
        self._report = report
        self.log_dir = folder / "logs"
        self.redis = PrivateRedis(folder / "data")
        web_port, media_port, self._carrier_port = free_port(), free_port(), free_port()
        self.environment = {
            "TWILIO_ACCOUNT_SID": f"AC{secrets.token_hex(16)}",
            "TWILIO_AUTH_TOKEN": secrets.token_hex(16),
            "TWILIO_API_URL": f"http://127.0.0.1:{self._carrier_port}",
            "CALLER_ID_NUMBER": OFFICE_NUMBER,
            "PERSON_NUMBER": PERSON_NUMBER,
            "PUBLIC_URL": f"http://127.0.0.1:{web_port}",
            "MEDIA_URL": f"ws://127.0.0.1:{media_port}/media",
            "WEB_PORT": str(web_port),
            "MEDIA_PORT": str(media_port),
            "REDIS_URL": self.redis.url,
            "DATA_DIR": str(folder / "data"),
            "FLOW_FILE": str(around_the_clock(EXAMPLE_FLOW, folder / "flow")),
            **(overrides or {}),
        }
        self.supervisor = Supervisor(self.environment, folder=folder, log_dir=self.log_dir)
        self.carrier = LocalCarrierClient(
            self.environment["TWILIO_API_URL"],
            self.environment["TWILIO_ACCOUNT_SID"],
            self.environment["TWILIO_AUTH_TOKEN"],
        )

    @property
    def public_url(self) -> str:
        return self.environment["PUBLIC_URL"]

    def services(self) -> Services:
        """The stores of this installation, to look into from outside."""
        names = {name.lower(): value for name, value in self.environment.items()}
        return build(Settings(_env_file=None, **names))  # type: ignore[arg-type]

    def __enter__(self) -> Installation:
        try:
            self._report("starting a private Redis")
            self.redis.start()
            self._report("starting web, media, worker and the local carrier")
            for name, arguments in PROCESSES.items():
                self.supervisor.start(name, arguments)
            self.supervisor.start("localcarrier", self._carrier_arguments())
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop every process that was started here."""
        self.supervisor.stop()
        self.redis.stop()

    def restart_redis(self) -> None:
        """Stop Redis and start it again on the same data."""
        self.redis.stop()
        self.redis.start()

    def _carrier_arguments(self) -> list[str]:
        arguments = ["localcarrier", "--port", str(self._carrier_port), "--events", str(self.folder / "events.jsonl")]
        if self._record_dir is not None:
            arguments += ["--record", str(self._record_dir.resolve())]
        if self._fast_prompts:
            arguments.append("--fast-prompts")
        else:
            arguments += ["--speech-rate", str(SPEECH_RATE_WPM)]
        return arguments

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        checks: dict[str, bool] = {}
        while True:
            checks = self.readiness() or checks
            waiting_for = sorted(name for name in self._needed if not checks.get(name)) if checks else ["web"]
            if not waiting_for:
                break
            ended = [child for child in self.supervisor.children.values() if not child.alive]
            if ended and "model" in self._needed:
                self._fail(f"{ended[0].name} ended with exit status {ended[0].exit_status}")
            if time.monotonic() > deadline:
                self._fail(f"not ready after {READY_TIMEOUT_S:g} s: {', '.join(waiting_for)}")
            self._report(f"waiting for {' and '.join(waiting_for)}")
            time.sleep(0.1)
        self.carrier.wait_until_up(max(1.0, deadline - time.monotonic()))
        self.carrier.set_number(
            OFFICE_NUMBER,
            f"{self.public_url}/voice/incoming",
            status_callback=f"{self.public_url}/voice/status",
        )

    def _fail(self, why: str) -> None:
        raise NotReadyError(f"{why}; the logs are in {self.log_dir}")

    def readiness(self) -> dict[str, bool] | None:
        """What `/readyz` says of each part; None while web does not answer."""
        try:
            with urllib.request.urlopen(f"{self.public_url}/readyz", timeout=10) as answer:  # noqa: S310 - our own URL
                body = answer.read()
        except urllib.error.HTTPError as error:
            body = error.read()
        except OSError:
            return None
        return dict(msgspec.json.decode(body)["checks"])
