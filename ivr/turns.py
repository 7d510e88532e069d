"""A turn: one webhook in, one document out. Parse, claim, advance, perform, commit, render.

The first result of a turn wins. A key and a spoken word may arrive in the same millisecond, a webhook may be sent
twice or late: whoever does not make the turn gets the document that the caller should hear now.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final

import msgspec
import structlog

from flows import actions, engine, events
from flows.engine.moving import move
from flows.engine.questions import without_sensitive
from flows.engine.steps import Step
from flows.model import Flow
from flows.state import CallState, Ended
from flows.traces.model import NOT_TRACED, Turn
from flows.traces.recording import Performed, entry
from ivr import twilio_twiml
from ivr.after_call import AfterCall
from ivr.documents import Documents
from ivr.effects import Effects
from ivr.logs import where
from ivr.redis_calls import Begun, CallRecord, CallStore
from ivr.redis_flows import FlowStore
from ivr.redis_listen import ListenRecord, ListenStore
from ivr.redis_traces import TraceStore
from ivr.urls import Urls
from speech.echo import prompt_ms
from speech.endpointing import DEFAULT_END_OF_SPEECH_MS
from speech.grammar import Grammar

log = structlog.get_logger()

# A turn that feeds more events back than this is going in circles.
MOST_EVENTS: Final = 20
# What a turn may spend on lookups and texts, however many there are: the webhook answers within two seconds.
EFFECTS_S: Final = 1.6
# Who speaks for longer than that after the timer ran out is not answering; somebody is talking in the room.
MOST_PATIENCE: Final = 3
# How long a request waits for the one that is making the turn, before it tells the carrier to ask again.
BUSY_FOR_S: Final = 1.2
BUSY_STEP_S: Final = 0.03


class Turns:
    """Makes turns. Every method raises `redis.RedisError` where Redis does not answer: nothing is lost then."""

    def __init__(
        self,
        *,
        calls: CallStore,
        listening: ListenStore,
        flows: FlowStore,
        effects: Effects,
        urls: Urls,
        documents: Documents,
        traces: TraceStore,
        after_call: AfterCall,
        now: Callable[[], datetime],
    ) -> None:
        self._calls = calls
        self._listening = listening
        self._flows = flows
        self._effects = effects
        self._urls = urls
        self._documents = documents
        self._traces = traces
        self._after_call = after_call
        self._now = now

    def start(self, call_sid: str, caller_number: str | None, office_number: str) -> str:
        """The first document of a call; for a call that has begun already, the one it is at."""
        known = self._calls.read(call_sid)
        if known is None:
            event = events.CallStarted(
                at=self._now(),
                call_sid=call_sid,
                caller_number=caller_number,
                office_number=office_number,
                # A call for which there is no room runs by keys from its first prompt on.
                speech=self._listening.admit(call_sid),
            )
            flow = self._flows.for_new_call()
            began = time.perf_counter()
            state, verbs, performed = self._settle(flow, engine.start(flow, event), key=f"{call_sid}:0")
            record = CallRecord(
                state=state,
                verbs=verbs,
                media_token=secrets.token_urlsafe(16),
                # A fork that can hear none of the flow's languages would cost and do nothing.
                forked=not set(event.speech).isdisjoint(flow.languages),
            )
            if self._calls.create(call_sid, record, trace_entry(flow, 0, None, event, performed, began)):
                self._keep_trace(state, begun=True)
                self._listen(call_sid, 1, record)
                return self._documents.of_turn(call_sid, 1, record, first=True)
            known = self._calls.read(call_sid)
        if known is None:
            raise RuntimeError(f"call {call_sid} went away while it began")
        return self._documents.of_turn(call_sid, *known, first=True)

    def take(self, call_sid: str, turn: int, event: events.Event, token: str, *, sensitive: bool = False) -> str | None:
        """The document after an event; None for a call that we do not know.

        `token` names the request: the carrier's retry of it continues where the first try stopped. What is in a
        `sensitive` event is kept nowhere: who takes the turn over asks again.
        """
        kept = events.AnswerLost(at=event.at) if sensitive else event
        begun = self._begin(call_sid, turn, event, token, kept)
        if begun.outcome == "unknown" or begun.record is None:
            return None
        if begun.outcome == "busy":
            again = self._urls.turn(turn, "again", language=begun.record.state.language)
            return twilio_twiml.hold(again, pause_s=1)
        if begun.event is None:
            return self._documents.of_turn(call_sid, begun.turn, begun.record)
        began = time.perf_counter()
        record = begun.record
        flow, state, event = self._resume(record.state, begun.event)
        before = self._with_speech(flow, state, forked=record.forked)
        state, verbs, performed = self._settle(flow, _advance(flow, before, event), key=f"{call_sid}:{turn}")
        after = msgspec.structs.replace(record, state=state, verbs=verbs or record.verbs)
        trace = trace_entry(flow, turn, before, event, performed, began)
        if not self._calls.commit(call_sid, turn, token, after, trace):
            return self.current(call_sid)
        self._after_call.confirmed(flow, before, state)
        self._keep_trace(state)
        self._listen(call_sid, turn + 1, after)
        return self._documents.of_turn(call_sid, turn + 1, after)

    def current(self, call_sid: str) -> str | None:
        """The document that the caller should hear now; None for a call that we do not know."""
        known = self._calls.read(call_sid)
        return None if known is None else self._documents.of_turn(call_sid, *known)

    def record_now(self, call_sid: str, turn: int) -> str | None:
        """The document for a caller who cut the prompt of a recording; None where this turn records nothing."""
        known = self._calls.read(call_sid)
        return None if known is None or known[0] != turn else self._documents.of_recording(call_sid, *known)

    def is_recording(self, call_sid: str) -> bool:
        """Whether the document that the caller hears now records them."""
        known = self._calls.read(call_sid)
        return known is not None and any(isinstance(verb, actions.Record) for verb in known[1].verbs)

    def listen_on(self, call_sid: str, turn: int, patience: int) -> str | None:
        """The document for a silence that is none, as the caller is speaking; None where it is a silence indeed.

        The carrier's timer knows of keys alone: it runs out while somebody who thought for a while is answering.
        """
        if patience >= MOST_PATIENCE or not self._listening.is_speaking(call_sid, turn):
            return None
        known = self._calls.read(call_sid)
        if known is None or known[0] != turn:
            return None
        return self._documents.of_listening(call_sid, turn, known[1], patience + 1)

    def end(self, call_sid: str, event: events.Event, token: str) -> None:
        """The call is over: whatever turn it is in, the event ends it; a call that has ended stays as it is."""
        known = self._calls.read(call_sid)
        if known is None or isinstance(known[1].state.stage, Ended):
            return
        self.take(call_sid, known[0], event, token)

    def _begin(self, call_sid: str, turn: int, event: events.Event, token: str, kept: events.Event) -> Begun:
        patience_until = time.monotonic() + BUSY_FOR_S
        while True:
            now_ms = int(self._now().timestamp() * 1000)
            begun = self._calls.begin(call_sid, turn, token, event, now_ms, kept=kept)
            if begun.outcome != "busy" or time.monotonic() > patience_until:
                return begun
            time.sleep(BUSY_STEP_S)

    def _resume(self, state: CallState, event: events.Event) -> tuple[Flow, CallState, events.Event]:
        """The flow that the call goes on in: its own; where that is gone, the current one, on the way to a person."""
        flow = self._flows.of_revision(state.revision)
        if flow.revision == state.revision:
            return flow, state, event
        log.error("a call goes on in another revision", call_sid=state.call_sid, revision=flow.revision)
        return flow, *move(flow, state, event)

    def _with_speech(self, flow: Flow, state: CallState, *, forked: bool) -> CallState:
        """The state, after noticing that speech came or went."""
        heard = forked and self._listening.speech_status(state.call_sid) != "down"
        speech = self._listening.languages() if heard else ()
        if speech == state.speech:
            return state
        return engine.advance(flow, state, events.SpeechChanged(at=self._now(), speech=speech))[0]

    def _keep_trace(self, state: CallState, *, begun: bool = False) -> None:
        """Keep the trace of a call that has ended; a trace that is lost is no reason to lose a caller."""
        try:
            if begun:
                self._traces.begun(state.call_sid, state.at)
            if isinstance(state.stage, Ended):
                self._traces.keep(state.call_sid, self._now())
        except Exception as error:
            log.error("trace not kept", call_sid=state.call_sid, error_type=type(error).__name__, where=where(error))

    def _settle(
        self, flow: Flow, step: Step, key: str
    ) -> tuple[CallState, tuple[actions.Verb, ...], tuple[Performed, ...]]:
        """Perform effects and feed their events back, until only verbs are left; and say what was performed."""
        state, todo = step
        until = time.monotonic() + EFFECTS_S
        verbs: list[actions.Verb] = []
        performed: list[Performed] = []
        for index in range(MOST_EVENTS):
            answer: events.Event | None = None
            for action in todo:
                if isinstance(action, actions.Effect):
                    began = time.perf_counter()
                    left_s = until - time.monotonic()
                    given = self._effects.perform(flow, state.call_sid, f"{key}:{index}", action, left_s=left_s)
                    performed.append(Performed(action, given, (time.perf_counter() - began) * 1000))
                    answer = given or answer
                elif isinstance(action, actions.Verb):
                    verbs.append(action)
            if answer is None:
                # Whatever way the flow went: what must not outlive its turn ends here.
                return without_sensitive(flow, state), tuple(verbs), tuple(performed)
            state, todo = _advance(flow, state, answer)
        raise RuntimeError(f"turn {key} goes in circles")

    def _listen(self, call_sid: str, turn: int, record: CallRecord) -> None:
        collect = next((verb for verb in record.verbs if isinstance(verb, actions.Collect)), None)
        grammar = collect.grammar if collect is not None else None
        self._listening.listen(
            call_sid,
            ListenRecord(
                token=record.media_token,
                turn=turn,
                turn_url=self._urls.turn(turn, "speech", language=record.state.language),
                # Of an open question, the sentences without slots are among the phrases already.
                grammar=None if grammar is None else msgspec.convert(msgspec.to_builtins(grammar), Grammar),
                end_of_speech_ms=DEFAULT_END_OF_SPEECH_MS if grammar is None else grammar.end_of_speech_ms,
                prompt_ms=prompt_ms(record.state.language, _texts(record.verbs)),
            ),
        )


def _texts(verbs: Sequence[actions.Verb]) -> Iterator[str]:
    """What the caller hears before and while we listen."""
    for verb in verbs:
        if isinstance(verb, actions.Say | actions.Play):
            yield verb.text
        elif isinstance(verb, actions.Collect):
            yield from (sound.text for sound in verb.prompts)


def _advance(flow: Flow, state: CallState, event: events.Event) -> Step:
    """The engine's step; a fault in it becomes an apology and a person."""
    try:
        return engine.advance(flow, state, event)
    except Exception as error:
        # Without the error's own words, which may hold what the caller keyed in.
        log.error(
            "the engine failed",
            node=state.node,
            event_type=type(event).__name__,
            error_type=type(error).__name__,
            where=where(error),
        )
        return engine.advance(flow, state, events.Failed(at=event.at, code="engine"))


def trace_entry(
    flow: Flow,
    turn: int,
    before: CallState | None,
    event: events.Event,
    performed: tuple[Performed, ...],
    began: float,
) -> Turn:
    """What one turn did, fit to be kept; one that cannot be traced is a fault in the call's trace."""
    took_ms = (time.perf_counter() - began) * 1000
    try:
        return entry(flow, before, event, performed, number=turn, took_ms=took_ms)
    except Exception as error:
        log.error("turn not traced", turn=turn, error_type=type(error).__name__, where=where(error))
        node, language = (flow.start, flow.languages[0]) if before is None else (before.node, before.language)
        return Turn(
            number=turn,
            event=events.Failed(at=event.at, code=NOT_TRACED),
            flow=flow.name,
            revision=flow.revision,
            language=language,
            to_node=node,
            to_stage="",
            to_language=language,
            faults=(NOT_TRACED,),
        )
