"""The media server with a real recogniser, a real Redis and real sockets; only the carrier's REST is played.

Long, because every test needs the same server, and together they are the list of what a socket may do to it.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import http.client
import json
import os
import signal
import threading
import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

import pytest
import structlog
from media_fixtures import (
    TOKEN,
    Caller,
    CarrierApi,
    Rig,
    carrier_api,
    media_rig,
    needs_model,
    needs_redis,
    needs_voice,
    private_redis,
    quiet,
    spoken,
)
from websockets.exceptions import InvalidStatus

from ivr import logs
from ivr.redis_client import connect
from ivr.redis_listen import ListenStore
from ivr.redis_server import PrivateRedis
from speech.grammar import Digits, Grammar
from tests.patience import PATIENCE_S, eventually

__all__ = ["carrier_api", "private_redis"]
pytestmark = [needs_model, needs_redis, needs_voice]

PIN = Grammar(language="en", phrases={"agent": "person", "operator": "person"}, digits=Digits(min=4, max=4))
MENU = Grammar(language="en", phrases={"order": "order", "hours": "hours", "agent": "person", "yes": "yes"})
FOUR_DIGITS = "five, one, eight, two"


class NewRig(Protocol):
    def __call__(self, **changes: Any) -> AbstractAsyncContextManager[Rig]: ...


@pytest.fixture
def new_rig(private_redis: PrivateRedis, carrier_api: CarrierApi, tmp_path: Path) -> NewRig:
    return lambda **changes: media_rig(private_redis.url, carrier_api, tmp_path, **changes)


async def test_digits_are_stored_before_the_carrier_is_asked_and_do_not_wait_for_silence(new_rig: NewRig) -> None:
    async with new_rig() as rig, rig.call(grammar=PIN) as caller:
        stored_before: list[bool] = []
        rig.api.before_answer = lambda: stored_before.append(rig.store.heard(caller.call_sid, 1) is not None)
        await caller.audio(spoken(FOUR_DIGITS) + quiet(1000))
        assert await rig.api.next() == (caller.call_sid, {"Url": "https://ivr.example/turn/1", "Method": "POST"})
        assert stored_before == [True]
        heard = await rig.heard(caller.call_sid, 1)
        assert (heard["intent"], heard["value"], heard["band"]) == ("digits", "5182", "accept")
        assert heard["early"]
        assert heard["committed_ms"] - heard["speech_ended_ms"] < 400
        assert heard["started_ms"] >= 600
        assert abs(heard["at"] - time.time()) < 60
        assert [word["text"] for word in heard["words"]] == ["five", "one", "eight", "two"]


async def test_a_menu_phrase_is_committed_after_silence(new_rig: NewRig) -> None:
    async with new_rig() as rig, rig.call(turn=7, grammar=MENU) as caller:
        await caller.audio(spoken("agent") + quiet(1500))
        assert (await rig.api.next())[1]["Url"] == "https://ivr.example/turn/7"
        heard = await rig.heard(caller.call_sid, 7)
        assert (heard["intent"], heard["value"], heard["early"]) == ("person", None, False)
        assert 300 <= heard["committed_ms"] - heard["speech_ended_ms"] <= 500


async def test_what_is_not_understood_is_a_result_and_silence_is_none(new_rig: NewRig) -> None:
    async with new_rig() as rig, rig.call(grammar=PIN) as caller:
        await caller.audio(quiet(8000))
        await caller.audio(spoken("one two") + quiet(2500))
        await rig.api.next()
        heard = await rig.heard(caller.call_sid, 1)
        assert (heard["intent"], heard["band"]) == (None, "reject")
        assert rig.api.asked.empty()


async def test_after_a_result_the_turn_is_deaf_and_the_next_one_hears(new_rig: NewRig) -> None:
    async with new_rig() as rig, rig.call(grammar=PIN) as caller:
        await caller.audio(spoken(FOUR_DIGITS) + quiet(1000) + spoken("four, one, eight, two") + quiet(1000))
        await rig.api.next()
        await rig.turn(caller.call_sid, 2, MENU)
        await caller.audio(spoken("agent") + quiet(1500))
        assert (await rig.api.next())[1]["Url"] == "https://ivr.example/turn/2"
        assert (await rig.heard(caller.call_sid, 2))["intent"] == "person"
        assert (await rig.heard(caller.call_sid, 1))["value"] == "5182"


async def test_a_turn_that_changes_in_the_middle_of_an_utterance_hears_only_what_follows(new_rig: NewRig) -> None:
    async with new_rig() as rig, rig.call(grammar=PIN) as caller:
        digits = spoken(FOUR_DIGITS)
        half = len(digits) // 2 // 160 * 160
        await caller.audio(digits[:half])
        await rig.turn(caller.call_sid, 2, PIN)
        await caller.audio(digits[half:] + quiet(2000))
        await rig.api.next()
        heard = await rig.heard(caller.call_sid, 2)
        assert (heard["value"], heard["band"]) == (None, "reject")
        assert rig.store.heard(caller.call_sid, 1) is None


async def test_a_turn_without_a_grammar_hears_nothing(new_rig: NewRig) -> None:
    async with new_rig() as rig, rig.call(grammar=None) as caller:
        await caller.audio(spoken("agent") + quiet(1500))
        await rig.turn(caller.call_sid, 2, MENU)
        await caller.audio(spoken("agent") + quiet(1500))
        assert (await rig.api.next())[1]["Url"] == "https://ivr.example/turn/2"
        assert rig.store.heard(caller.call_sid, 1) is None


async def test_a_result_of_another_process_stays_and_the_carrier_is_not_asked_twice(new_rig: NewRig) -> None:
    async with new_rig() as rig, rig.call(grammar=MENU) as caller:
        rig.redis.set(f"zh:heard:{{{caller.call_sid}}}:1", json.dumps({"intent": "hours"}))
        await caller.audio(spoken("agent") + quiet(1500))
        await rig.turn(caller.call_sid, 2, MENU)
        await caller.audio(spoken("agent") + quiet(1500))
        assert (await rig.api.next())[1]["Url"] == "https://ivr.example/turn/2"
        assert rig.store.heard(caller.call_sid, 1) == {"intent": "hours"}


async def test_a_carrier_that_refuses_costs_nothing_but_the_redirect(new_rig: NewRig) -> None:
    async with new_rig() as rig, rig.call(grammar=MENU) as caller:
        rig.api.status = 500
        await caller.audio(spoken("agent") + quiet(1500))
        await rig.api.next()
        await rig.api.next()
        rig.api.status = 200
        await rig.turn(caller.call_sid, 2, MENU)
        await caller.audio(spoken("agent") + quiet(1500))
        assert (await rig.api.next())[1]["Url"] == "https://ivr.example/turn/2"


async def test_a_slow_carrier_does_not_hold_up_another_call(new_rig: NewRig) -> None:
    release = threading.Event()
    async with new_rig() as rig, rig.call(grammar=MENU) as slow, rig.call(grammar=MENU) as other:
        first = threading.Lock()

        def hold_the_first() -> None:
            if first.acquire(blocking=False):
                release.wait(PATIENCE_S)

        rig.api.before_answer = hold_the_first
        await slow.audio(spoken("agent") + quiet(1500))
        await rig.heard(slow.call_sid, 1)
        await other.audio(spoken("agent") + quiet(1500))
        await rig.heard(other.call_sid, 1)
        release.set()
        assert {(await rig.api.next())[0], (await rig.api.next())[0]} == {slow.call_sid, other.call_sid}


# ---------------------------------------------------------------------------------------------------- who may speak


@pytest.mark.parametrize("signature", [None, "bm90IGEgc2lnbmF0dXJl", "\u20ac".encode().decode("latin-1")])
async def test_a_wrong_signature_is_refused_before_the_upgrade(new_rig: NewRig, signature: str | None) -> None:
    async with new_rig() as rig:
        with pytest.raises(InvalidStatus) as caught:
            async with rig.socket("CA1", signature):
                pass
        assert caught.value.response.status_code == 403


async def test_the_signature_may_be_over_the_address_with_a_slash(new_rig: NewRig) -> None:
    async with new_rig() as rig:
        await rig.turn("CA77", 1, None)
        async with rig.socket("CA77", url=rig.settings.media_socket_url + "/") as caller:
            await caller.start(TOKEN)
            await rig.speech_is("CA77", "up")


@pytest.mark.parametrize("token", ["another-token", "", "call-token2", "tökén"])
async def test_a_wrong_token_is_closed_with_1008_and_does_not_touch_the_call(new_rig: NewRig, token: str) -> None:
    async with new_rig() as rig, rig.call(grammar=MENU) as caller:
        async with rig.socket(caller.call_sid) as impostor:
            await impostor.start(token)
            assert await impostor.closed() == 1008
        assert rig.store.speech_status(caller.call_sid) == "up"
        await caller.audio(spoken("agent") + quiet(1500))
        assert (await rig.api.next())[0] == caller.call_sid


async def test_a_call_that_nobody_told_us_about_is_closed_with_1008(new_rig: NewRig) -> None:
    async with new_rig() as rig, rig.socket("CA404") as caller:
        await caller.start(TOKEN)
        assert await caller.closed() == 1008
        assert rig.store.speech_status("CA404") is None


async def test_audio_that_we_cannot_read_is_refused_and_the_call_goes_by_keys(new_rig: NewRig) -> None:
    async with new_rig() as rig, rig.socket("CA16") as caller:
        await rig.turn("CA16", 1, MENU)
        await caller.start(TOKEN, mediaFormat={"encoding": "audio/l16", "sampleRate": 16000, "channels": 1})
        assert await caller.closed() == 1003
        await rig.speech_is("CA16", "down")


async def test_garbage_before_the_start_closes_and_garbage_after_it_is_ignored(new_rig: NewRig) -> None:
    async with new_rig() as rig:
        async with rig.socket("CA1") as nobody:
            await nobody.connection.send("}{")
            assert await nobody.closed() == 1007
        async with rig.call(grammar=MENU) as caller:
            for message in ("}{", "[]", '{"event":"media","media":{"timestamp":"x","payload":"AA=="}}', b"\xff\x00"):
                await caller.connection.send(message)
            await caller.send("mark", mark={"name": "x"})
            await caller.audio(spoken("agent") + quiet(1500))
            assert (await rig.api.next())[0] == caller.call_sid


async def test_a_message_without_bounds_closes_the_socket_and_no_other(new_rig: NewRig) -> None:
    async with new_rig() as rig, rig.call(grammar=MENU) as caller, rig.call(grammar=MENU) as flood:
        await flood.connection.send(base64.b64encode(bytes(100_000)).decode())
        assert await flood.closed() == 1009
        await rig.speech_is(flood.call_sid, "down")
        await caller.audio(spoken("agent") + quiet(1500))
        assert (await rig.api.next())[0] == caller.call_sid


async def test_the_process_says_that_it_lives_and_knows_no_other_address(new_rig: NewRig) -> None:
    async with new_rig() as rig:

        def status(path: str) -> int:
            connection = http.client.HTTPConnection("127.0.0.1", rig.settings.media_port, timeout=PATIENCE_S)
            connection.request("GET", path)
            return connection.getresponse().status

        assert await asyncio.to_thread(status, "/livez") == 200
        assert await asyncio.to_thread(status, "/elsewhere") == 404
        assert await asyncio.to_thread(status, "/media") == 403


# -------------------------------------------------------------------------------------------------------- failures


async def test_a_stream_that_stops_or_drops_is_down(new_rig: NewRig) -> None:
    async with new_rig() as rig:
        async with rig.call(grammar=MENU) as caller:
            await caller.send("stop", stop={"accountSid": "AC1", "callSid": caller.call_sid})
            await rig.speech_is(caller.call_sid, "down")
        async with rig.call(grammar=MENU) as caller:
            caller.connection.transport.abort()
            await rig.speech_is(caller.call_sid, "down")


async def test_the_newest_of_two_streams_of_a_call_wins(new_rig: NewRig) -> None:
    async with new_rig() as rig, rig.call(grammar=MENU) as older, rig.socket(older.call_sid) as newer:
        await newer.start(TOKEN)
        assert await older.closed() == 1000
        await newer.audio(spoken("agent") + quiet(1500))
        assert (await rig.api.next())[0] == older.call_sid
        assert rig.store.speech_status(older.call_sid) == "up"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGSTOP])
async def test_a_recogniser_that_dies_or_hangs_in_the_middle_of_a_number_costs_the_caller_nothing(
    new_rig: NewRig, number: signal.Signals
) -> None:
    async with new_rig() as rig, rig.call(grammar=PIN) as caller:
        digits = spoken(FOUR_DIGITS)
        half = len(digits) // 2 // 160 * 160
        await caller.audio(digits[:half])
        os.kill(rig.media.recogniser_pids[0], number)
        await caller.audio(digits[half:] + quiet(1000), pace=1.5)
        assert (await rig.api.next())[0] == caller.call_sid
        assert (await rig.heard(caller.call_sid, 1))["value"] == "5182"
        assert rig.store.speech_status(caller.call_sid) == "up"


async def test_a_call_for_which_there_is_no_room_goes_by_keys_and_the_others_are_unharmed(new_rig: NewRig) -> None:
    async with new_rig(recogniser_load=1e-6) as rig, rig.call(grammar=MENU) as admitted:
        await eventually(lambda: rig.store.admit("CA4") == ())
        # A second stream of a call that is there takes the room of the first.
        async with rig.socket(admitted.call_sid) as newer:
            await newer.start(TOKEN)
            assert await admitted.closed() == 1000
            admitted.connection = newer.connection
            await no_room_for_others(rig, admitted)


async def no_room_for_others(rig: Rig, admitted: Caller) -> None:
    await rig.turn("CA5", 1, MENU)
    async with rig.socket("CA5") as caller:
        await caller.start(TOKEN)
        assert await caller.closed() == 1013
    await rig.speech_is("CA5", "down")
    assert rig.store.languages() == ("en",)
    await admitted.audio(spoken("agent") + quiet(1500))
    assert (await rig.api.next())[0] == admitted.call_sid


async def test_before_a_stop_a_sentence_that_has_begun_is_heard_to_its_end(new_rig: NewRig) -> None:
    async with new_rig() as rig, rig.call(grammar=PIN) as caller:
        digits = spoken(FOUR_DIGITS)
        half = len(digits) // 2 // 160 * 160
        await caller.audio(digits[:half])
        await eventually(lambda: rig.store.is_speaking(caller.call_sid, 1))
        draining = asyncio.create_task(rig.media.drain(30))
        await eventually(lambda: rig.store.languages() == ())
        await rig.turn("CA5", 1, MENU)
        async with rig.socket("CA5") as late:
            await late.start(TOKEN)
            assert await late.closed() == 1013
        assert not draining.done()
        await caller.audio(digits[half:] + quiet(1000))
        await draining
        assert (await rig.heard(caller.call_sid, 1))["value"] == "5182"


async def test_redis_may_go_and_come_back_in_the_middle_of_a_stream(
    new_rig: NewRig, private_redis: PrivateRedis
) -> None:
    async with new_rig() as rig, rig.call(grammar=PIN) as caller:
        await caller.audio(quiet(300))
        private_redis.stop()
        await caller.audio(quiet(1000), pace=1.0)
        private_redis.start()
        await asyncio.to_thread(rig.store.listen, caller.call_sid, rig.record(2, MENU))
        await eventually(lambda: rig.media.turn_now(caller.call_sid) == 2)
        await caller.audio(spoken("agent") + quiet(1500))
        assert (await rig.api.next())[1]["Url"] == "https://ivr.example/turn/2"
        await eventually(rig.store.media_is_up)


async def test_a_record_that_changed_while_redis_was_away_is_found(
    new_rig: NewRig, private_redis: PrivateRedis
) -> None:
    async with new_rig() as rig, rig.call(grammar=PIN) as caller:
        # Without the message on the channel: as if it had been sent while the subscription was broken.
        key = f"zh:listen:{{{caller.call_sid}}}"
        changed = json.loads(rig.redis.get(key)) | {"turn": 2}  # type: ignore[arg-type]
        rig.redis.set(key, json.dumps(changed))
        private_redis.stop()
        private_redis.start()
        await eventually(lambda: rig.media.turn_now(caller.call_sid) == 2)


async def test_stopping_tells_every_call_that_it_goes_by_keys(new_rig: NewRig, private_redis: PrivateRedis) -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with new_rig() as rig:
            caller = await stack.enter_async_context(rig.call(grammar=MENU))
        assert await caller.closed() == 1001
        client = connect(private_redis.url)
        stack.callback(client.close)
        assert ListenStore(client).speech_status(caller.call_sid) == "down"


async def test_lost_audio_in_the_middle_of_a_number_is_no_number(new_rig: NewRig) -> None:
    async with new_rig() as rig, rig.call(grammar=PIN) as caller:
        digits = spoken(FOUR_DIGITS)
        half = len(digits) // 2 // 160 * 160
        await caller.audio(digits[:half])
        caller.at_ms += 4000
        await caller.audio(digits[half:] + quiet(2000))
        await rig.api.next()
        assert (await rig.heard(caller.call_sid, 1))["value"] is None


async def test_many_calls_at_once_are_each_heard(new_rig: NewRig) -> None:
    async with new_rig(recogniser_children=2) as rig:
        agent = spoken("agent") + quiet(1500)

        async def one_call() -> str:
            async with rig.call(grammar=MENU) as caller:
                await caller.audio(agent, pace=3.0)
                return str((await rig.heard(caller.call_sid, 1))["intent"])

        assert await asyncio.gather(*(one_call() for _ in range(8))) == ["person"] * 8


async def test_no_number_and_no_secret_reaches_the_log(new_rig: NewRig) -> None:
    logs.configure("tests", "debug")
    try:
        with structlog.testing.capture_logs() as lines:
            await log_of_a_call(new_rig)
    finally:
        logs.configure("tests", "warning")
    log = json.dumps(lines)
    assert "media.heard" in log
    assert "# # # #" in log
    for secret in ("call-token", "another-token", "a-token-of-the-tests", "5182", "five", "+1415"):
        assert secret not in log


async def log_of_a_call(new_rig: NewRig) -> None:
    async with new_rig() as rig, rig.call(grammar=PIN) as caller:
        async with rig.socket(caller.call_sid) as impostor:
            await impostor.start("another-token", from_number="+14155550199")
            await impostor.closed()
        await caller.audio(spoken(FOUR_DIGITS) + quiet(1000))
        await rig.api.next()
