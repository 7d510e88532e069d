"""The life of a leg: ringing, the task that runs its documents, interruptions, the end and the recording."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Coroutine
from typing import Any

import msgspec

from ivr.localcarrier.interpreter import Interpreter
from ivr.localcarrier.leg import DocumentRequest, Leg
from ivr.localcarrier.machine_detection import Detection, detect
from ivr.localcarrier.person import Person
from ivr.localcarrier.waiting import cancel_and_wait
from ivr.localcarrier.webhook import WebhookError
from speech import wav


async def ring(leg: Leg, timeout_s: float) -> bool:
    """Ring the phone that the leg goes to; True once it is answered, else the leg has ended."""
    exchange = leg.exchange
    leg.set_status("initiated")
    phone = exchange.next_phone(leg.to_number)
    if phone is None:
        message = f"no phone is set up at {leg.to_number}: the call fails"
        exchange.notice("warning", leg.sid, 0, message)
        leg.end("carrier", "failed", sip_code=404)
        return False
    after_s = phone.answer_after_ms / 1000
    if phone.behaviour == "failed":
        await exchange.clock.sleep(after_s)
        leg.end("carrier", "failed", sip_code=404)
        return False
    leg.set_status("ringing")
    if phone.behaviour == "no_answer" or after_s > timeout_s:
        await exchange.clock.sleep(timeout_s)
        leg.end("carrier", "no-answer", sip_code=487)
        return False
    await exchange.clock.sleep(after_s)
    if phone.behaviour == "busy":
        leg.end("callee", "busy", sip_code=486)
        return False
    leg.answerer = phone.answerer
    leg.answer()
    Person.of(leg).follow(phone.steps)
    return True


async def run_documents(leg: Leg) -> None:
    """Run the application's documents from the first one on."""
    await Interpreter(leg).run(leg.handling.first)


async def live(leg: Leg, work: Coroutine[Any, Any, Any]) -> None:
    """Run `work`, and after each REST update the new documents, until the leg has ended."""
    exchange = leg.exchange
    task: asyncio.Task[Any] = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(leg.gone.wait())
    try:
        while not leg.ended:
            await asyncio.wait({task, gone, leg.interrupt}, return_when=asyncio.FIRST_COMPLETED)
            if leg.ended:
                break
            if leg.interrupt.done():
                request = await _interrupted(leg, task)
                if leg.ended:
                    break
                task = asyncio.ensure_future(Interpreter(leg).run(request))
                continue
            failure = task.exception()
            if failure is not None:
                exchange.failed(failure, leg.sid)
            leg.end("application")
    finally:
        gone.cancel()
        await cancel_and_wait(task)
        leg.end("carrier")
        for stream in list(leg.streams):
            stream.stop()
        await Person.of(leg).leave()
        await _write_recording(leg)
        exchange.log.add(
            "call_closed",
            leg.sid,
            script_done=leg.script_done,
            script_error=leg.script_error,
            recording=leg.recording,
        )


async def _verdict(leg: Leg, detection: Detection) -> dict[str, str]:
    """Wait for the verdict on who answered, and return its webhook parameters."""
    verdict = detect(leg.answerer, detection)
    await leg.exchange.clock.sleep(verdict.duration_ms / 1000)
    if not leg.ended:
        leg.answered_by = verdict.answered_by
        fields = {"answered_by": verdict.answered_by, "duration_ms": verdict.duration_ms}
        leg.exchange.log.add("machine_detected", leg.sid, **fields)
    return {"AnsweredBy": verdict.answered_by, "MachineDetectionDuration": str(verdict.duration_ms)}


async def _tell_verdict(leg: Leg, detection: Detection) -> None:
    """Post the verdict to who asked; a call that is over before has none."""
    exchange = leg.exchange
    params = {"CallSid": leg.sid, "AccountSid": exchange.settings.account_sid, **await _verdict(leg, detection)}
    if leg.ended or detection.callback is None:
        return
    try:
        await exchange.webhooks.send(
            "machine_detection", detection.callback, params, method=detection.callback_method, call_sid=leg.sid
        )
    except WebhookError as error:
        exchange.notice("warning", leg.sid, error.code, f"machine detection webhook: {error}", error.url)


async def _interrupted(leg: Leg, task: asyncio.Task[Any]) -> DocumentRequest:
    """Stop the present verb at once and return the document to go on with, a moment later."""
    switches = leg.exchange.switches
    latency_ms = switches.redirect_latency_dial_ms if leg.in_dial else switches.redirect_latency_ms
    await cancel_and_wait(task)
    request = _take_interrupt(leg)
    await leg.exchange.clock.sleep(latency_ms / 1000)
    while leg.interrupt.done():  # updated again meanwhile: the newest wins
        request = _take_interrupt(leg)
    return request


def _take_interrupt(leg: Leg) -> DocumentRequest:
    request = leg.interrupt.result()
    leg.interrupt = asyncio.get_running_loop().create_future()
    return request


async def _write_recording(leg: Leg) -> None:
    folder = leg.exchange.settings.record_dir
    if folder is None or not leg.is_answered:
        return
    said, heard = leg.line.recorded()
    begun = time.strftime("%Y%m%dT%H%M%S", time.gmtime(leg.created_at))
    ends = "_".join(re.sub(r"[^+0-9A-Za-z]", "-", end) for end in (leg.from_number, leg.to_number))
    path = folder / f"{begun}_{ends}_{leg.sid}.wav"

    def write() -> None:
        folder.mkdir(parents=True, exist_ok=True)
        wav.write_stereo(path, said, heard)

    with leg.exchange.elsewhere():
        await asyncio.to_thread(write)
    leg.recording = str(path)


async def inbound(leg: Leg, person: Person, steps: tuple[Any, ...]) -> None:
    """Let a scripted person call the application."""
    person.follow(steps)
    await live(leg, run_documents(leg))


async def outbound(leg: Leg, timeout_s: float, start_after_s: float, detection: Detection | None = None) -> None:
    """Dial a phone for the REST API and run the application's documents once it answers."""

    async def work() -> None:
        await leg.exchange.clock.sleep(start_after_s)
        if not await ring(leg, timeout_s):
            return
        if detection is not None and detection.is_async:
            leg.exchange.in_background(_tell_verdict(leg, detection))
        elif detection is not None:
            params = {**leg.handling.first.params, **await _verdict(leg, detection)}
            leg.handling = msgspec.structs.replace(
                leg.handling, first=msgspec.structs.replace(leg.handling.first, params=params)
            )
        await run_documents(leg)

    await live(leg, work())
