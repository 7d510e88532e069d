"""Runs TwiML on a leg, verb by verb.

Theory of operation: a document's verbs run in order. A verb either lets the next one follow, names the next document,
or hangs up. The next document replaces the rest of the present one; there is no stack. When a document has run out,
the leg is hung up, or bridged after a whisper. A REST update or a hang-up cancels the running verb from outside.

Source: https://www.twilio.com/docs/voice/twiml
"""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import TYPE_CHECKING, Final

from ivr.localcarrier import verbs as v
from ivr.localcarrier.audio_files import AudioError
from ivr.localcarrier.documents import APOLOGY, DocumentError, Loaded, load
from ivr.localcarrier.gathering import collect
from ivr.localcarrier.leg import DocumentRequest
from ivr.localcarrier.recording import Recorded, record
from ivr.localcarrier.streams import start_stream, stop_stream
from ivr.localcarrier.webhook import WebhookError

if TYPE_CHECKING:
    from ivr.localcarrier.leg import Leg

# What a document may contain that runs in a special place. Source: docs/voice/twiml/number and /conference
WHISPER_VERBS: Final = (v.Say, v.Play, v.Pause, v.Gather, v.Redirect, v.Hangup)
WAIT_VERBS: Final = (v.Say, v.Play, v.Pause, v.Redirect)


class Ending(Enum):
    """How the last document of a leg ended."""

    RAN_OUT = "ran out"
    HUNG_UP = "hung up"


class Interpreter:
    """Runs documents on `leg` until there is nothing left to do.

    `allowed` limits the verbs (None = all). A side document (what plays while one waits) has no fallback and no
    apology: when it fails there is silence.
    """

    def __init__(self, leg: Leg, *, allowed: tuple[type, ...] | None = None, is_side_document: bool = False) -> None:
        self._leg = leg
        self._allowed = allowed
        self._is_side_document = is_side_document

    async def run(self, request: DocumentRequest) -> Ending:
        """Fetch the document of `request`, run it and those that follow."""
        fell_back = False
        while True:
            try:
                loaded = await load(self._leg, request)
                following = await self._document(loaded)
            except DocumentError as error:
                following = await self._failed(error, fell_back=fell_back)
                fell_back = True
            else:
                fell_back = False
            if isinstance(following, Ending):
                return following
            request = following

    async def _failed(self, error: DocumentError, *, fell_back: bool) -> DocumentRequest | Ending:
        """Note the error; go on with the fallback document once, else apologise and hang up."""
        leg = self._leg
        leg.exchange.notice("error", leg.sid, error.code, str(error), error.url)
        if self._is_side_document:
            return Ending.RAN_OUT
        if leg.handling.fallback_url and not fell_back:
            params = {"ErrorCode": str(error.code), "ErrorUrl": error.url}
            method = leg.handling.fallback_method
            return DocumentRequest(leg.handling.fallback_url, method, params, purpose="fallback")
        await self._apologise()
        return Ending.HUNG_UP

    async def _apologise(self) -> None:
        """Say what the vendor says when there is no document. Source: docs/errors/11200 and as measured."""
        self._leg.answer()
        say = v.Say(APOLOGY)
        await self._leg.play(await self._leg.exchange.voices.prompt(say), text=APOLOGY, verb="apology")

    async def _document(self, loaded: Loaded) -> DocumentRequest | Ending:
        if loaded.audio is not None:
            self._leg.answer()
            await self._leg.play(loaded.audio, text=loaded.url or "", verb="Play")
            return Ending.HUNG_UP
        self._render_ahead(loaded.document)
        for verb in loaded.document.verbs:
            if self._allowed is not None and not isinstance(verb, self._allowed):
                message = f"<{type(verb).__name__}> is not allowed in this document"
                self._leg.exchange.notice("warning", self._leg.sid, 13238, message, loaded.url or "")
                continue
            following = await self._verb(verb, loaded)
            if following is not None:
                return following
        return Ending.RAN_OUT

    def _render_ahead(self, document: v.Document) -> None:
        """Begin to render everything that will be said, so that no prompt waits for the one before it."""
        exchange = self._leg.exchange
        if not exchange.voices.renders_prompts:
            return
        for verb in document.verbs:
            for prompt in verb.prompts if isinstance(verb, v.Gather) else (verb,):
                if isinstance(prompt, v.Say) and prompt.text:
                    exchange.in_background(exchange.voices.prompt(prompt))

    async def _verb(self, verb: v.Verb, loaded: Loaded) -> DocumentRequest | Ending | None:
        leg = self._leg
        match verb:
            case v.Redirect():
                return DocumentRequest(loaded.resolve(verb.url), verb.method, purpose="redirect")
            case v.Reject():
                return self._reject(verb)
            case v.Pause():
                # As the first verb it delays the answer. Source: docs/voice/twiml/pause
                await leg.exchange.clock.sleep(verb.length_s)
                leg.answer()
                return None
            case v.Dial():
                return await self._dial(verb, loaded)
            case v.Unsupported():
                return None
        leg.answer()
        match verb:
            case v.Say() | v.Play():
                await self._prompt(verb, loaded)
            case v.Gather():
                return await self._gather(verb, loaded)
            case v.Record():
                return await self._record(verb, loaded)
            case v.Hangup():
                return Ending.HUNG_UP
            case v.StartStream():
                return start_stream(leg, verb, loaded)
            case v.StopStream():
                stop_stream(leg, verb.name)
        return None

    def _reject(self, verb: v.Reject) -> Ending:
        """Only an unanswered call can be rejected; a later one is hung up. Source: docs/voice/twiml/reject"""
        if not self._leg.is_answered:
            busy = verb.reason == "busy"
            status, code = ("busy", 486) if busy else ("no-answer", 603)
            self._leg.end("application", status, sip_code=code)
        return Ending.HUNG_UP

    # -- sound

    async def _prompt(self, verb: v.Say | v.Play, loaded: Loaded) -> None:
        codes = await self._codes(verb, loaded)
        await self._play(verb, codes, loaded)

    async def _play(self, verb: v.Say | v.Play, codes: bytes, loaded: Loaded) -> None:
        if not codes:
            return
        text = verb.text if isinstance(verb, v.Say) else loaded.resolve(verb.url) if verb.url else verb.digits
        for _ in range(verb.loop):
            await self._leg.play(codes, text=text, verb=type(verb).__name__)

    async def _codes(self, verb: v.Say | v.Play, loaded: Loaded) -> bytes:
        exchange = self._leg.exchange
        if isinstance(verb, v.Say):
            return await exchange.voices.prompt(verb) if verb.text else b""
        if verb.digits:
            # Tones are not synthesised; their time passes. Source: docs/voice/twiml/play (w = 0.5 s, W = 1 s)
            seconds = sum({"w": 0.5, "W": 1.0}.get(key, 0.2) for key in verb.digits)
            return b"\xff" * int(seconds * 8000)
        url = loaded.resolve(verb.url)
        try:
            return await exchange.audio.fetch(url, self._leg.sid)
        except AudioError as error:
            if exchange.switches.play_errors_are_fatal:
                raise DocumentError(error.code, str(error), url) from error
            exchange.notice("warning", self._leg.sid, error.code, str(error), url)
            return b""

    async def _gather(self, verb: v.Gather, loaded: Loaded) -> DocumentRequest | None:
        # Every nested file is there before the first prompt plays. Source: docs/voice/twiml/gather
        files = {prompt: await self._codes(prompt, loaded) for prompt in verb.prompts if isinstance(prompt, v.Play)}

        async def play_prompts() -> None:
            for prompt in verb.prompts:
                if isinstance(prompt, v.Pause):
                    await self._leg.exchange.clock.sleep(prompt.length_s)
                elif isinstance(prompt, v.Play):
                    await self._play(prompt, files[prompt], loaded)
                else:
                    await self._prompt(prompt, loaded)

        action = self._action_url(verb.action, loaded)
        try:
            submit = await collect(self._leg, verb, play_prompts)
        except asyncio.CancelledError:
            if self._leg.exchange.switches.gather_action_on_redirect and not self._leg.ended:
                self._request_and_ignore(DocumentRequest(action, verb.method, {"Digits": ""}, purpose="gather"))
            raise
        if submit is None:
            return None
        params = {"Digits": submit.digits, "FinishedOnKey": submit.finished_on_key, "msg": "Gather End"}
        return DocumentRequest(action, verb.method, params, purpose="gather")

    async def _record(self, verb: v.Record, loaded: Loaded) -> DocumentRequest | None:
        leg = self._leg
        action = self._action_url(verb.action, loaded)
        leg.recorded = None
        try:
            recorded = await record(leg, verb)
        except asyncio.CancelledError:
            if leg.ended and leg.recorded is not None:
                params = self._recording_parameters(leg.recorded, "hangup")
                self._request_and_ignore(DocumentRequest(action, verb.method, params, purpose="record"))
            raise
        if not recorded.codes:
            return None
        return DocumentRequest(
            action, verb.method, self._recording_parameters(recorded, recorded.key), purpose="record"
        )

    def _recording_parameters(self, recorded: Recorded, digits: str) -> dict[str, str]:
        return {
            "RecordingUrl": self._leg.exchange.recording_url(recorded.sid),
            "RecordingSid": recorded.sid,
            "RecordingDuration": str(recorded.duration_s),
            "Digits": digits,
        }

    def _action_url(self, action: str | None, loaded: Loaded) -> str:
        if action is not None and action != "":
            return loaded.resolve(action)
        if loaded.url is None:
            raise DocumentError(15004, "an inline document has no URL of its own to go back to")
        return loaded.url

    # -- Dial

    async def _dial(self, verb: v.Dial, loaded: Loaded) -> DocumentRequest | None:
        # Imported here because a dialled leg runs documents of its own.
        from ivr.localcarrier.dialling import DialResult, dial

        result = DialResult("completed")
        action = loaded.resolve(verb.action) if verb.action else None
        try:
            await dial(self._leg, verb, loaded, result)
        except asyncio.CancelledError:
            wanted = self._leg.ended or self._leg.exchange.switches.dial_action_on_redirect
            if action is not None and wanted:
                # Source: as measured; the answer to it is ignored.
                self._request_and_ignore(DocumentRequest(action, verb.method, result.parameters(), purpose="dial"))
            raise
        if action is None:
            return None
        return DocumentRequest(action, verb.method, result.parameters(), purpose="dial")

    def _request_and_ignore(self, request: DocumentRequest) -> None:
        """Request an action whose document comes too late to be run."""
        leg = self._leg
        params = {**leg.parameters(), **request.params}

        async def send() -> None:
            try:
                await leg.exchange.webhooks.send(
                    request.purpose,
                    request.url,
                    params,
                    method=request.method,
                    call_sid=leg.sid,
                    cookies=leg.cookies,
                )
            except WebhookError as error:
                leg.exchange.notice("warning", leg.sid, error.code, str(error), error.url)

        leg.exchange.in_background(send())
