"""What a call leaves behind: values for the next one, who talked with whom, and what becomes of promises."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from callbacks.booking import Refusal, Wish
from callbacks.model import CallbackRequest
from callbacks.service import Callbacks
from flows import nodes
from flows.engine.dossier import dossier_of
from flows.events import Value
from flows.model import Flow
from flows.state import CallState
from ivr.redis_calls import CallStore
from ivr.redis_client import RedisError
from ivr.redis_contexts import Contexts

log = structlog.get_logger()

DROPPED: Final = "the line dropped"


class AfterCall:
    """Every method may be called again for the same call, and changes nothing then.

    Those that change promises raise `redis.RedisError` and `callbacks.errors.ConflictError`; nothing is lost then, as
    what was put off for a call goes on by itself after `Policy.put_off_s`.
    """

    def __init__(
        self,
        callbacks: Callbacks,
        calls: CallStore,
        contexts: Contexts,
        *,
        end_legs: Callable[[CallbackRequest], None],
        now: Callable[[], datetime],
    ) -> None:
        self._callbacks = callbacks
        self._calls = calls
        self._contexts = contexts
        self._end_legs = end_legs
        self._now = now

    def confirmed(self, flow: Flow, before: CallState | None, after: CallState) -> None:
        """A turn is made: keep what the caller has confirmed. Without Redis the next call asks again, no more."""
        number, names = after.caller_number, asked_for(flow)
        if number is None:
            return
        known = {} if before is None else _told(before, names)
        told = {name: value for name, value in _told(after, names).items() if known.get(name) != value}
        doubted = set() if before is None else set(before.remembered) - set(after.remembered) - told.keys()
        wrong = [name for name in doubted if name not in after.values]
        if not told and not wrong:
            return
        try:
            self._contexts.keep(number, told, self._now(), fresh(flow), wrong=wrong)
        except RedisError as error:
            log.error("a caller's context was not kept", call_sid=after.call_sid, error=type(error).__name__)

    def talked(self, flow: Flow, state: CallState, person_id: str) -> None:
        """The caller has talked with a person: so a promise in whose place they were is kept."""
        self._note_agent(flow, (state.caller_number,), person_id)
        promise_id = self._calls.place_of(state.call_sid)
        if promise_id is None:
            return
        kept = self._callbacks.promises.answered_live(promise_id, state.call_sid, self._now())
        if kept is not None:
            self._end_legs(kept)
            log.info("a promise was kept in a call of its customer's own", request_id=promise_id)

    def talked_back(self, flow: Flow, request: CallbackRequest) -> None:
        """The two of a callback have been joined."""
        agent_id = "" if request.attempt is None else request.attempt.agent_id
        self._note_agent(flow, (request.number, request.caller_number), agent_id)

    def dropped(self, flow: Flow, state: CallState, person_id: str) -> None:
        """The caller's line broke while they talked with a person: they are called back, at once.

        A promise in whose place they were is kept open for that; else there is a new one, in the place of this call.
        """
        self._note_agent(flow, (state.caller_number,), person_id)
        promise_id, now = self._calls.place_of(state.call_sid), self._now()
        if promise_id is not None:
            moved = self._callbacks.promises.move(promise_id, None, now)
            if not isinstance(moved, Refusal) or moved.reason != "gone":
                log.info("a line dropped; its promise stays open", request_id=promise_id)
                return
        if state.caller_number is None:
            log.info("a line dropped, and nobody knows its number", call_sid=state.call_sid)
            return
        wish = Wish(
            key=f"{state.call_sid}:dropped",
            number=state.caller_number,
            country=flow.country,
            queue=state.queue,
            language=state.language,
            topic=state.queue,
            dossier={**dossier_of(flow, state), "reason": DROPPED},
            arrived_at=state.started_at,
            caller_number=state.caller_number,
            preferred_agent=self.preferred_agent(state.caller_number, state.queue, state.language),
        )
        promised = self._callbacks.promises.book(wish, now)
        if isinstance(promised, Refusal):
            log.warning("a line dropped, and its caller cannot be called", why=promised.detail or promised.reason)
        else:
            log.info("a line dropped; its caller is called back", request_id=promised.request.id)

    def over(self, state: CallState) -> None:
        """The call is over: a promise that was put off for it goes on."""
        if state.caller_number is not None:
            self._callbacks.promises.call_over(state.caller_number, state.call_sid, self._now())

    def preferred_agent(self, number: str | None, queue: str, language: str) -> str | None:
        """Who talked with this number last, if they still are here and serve the line; nobody is waited for else."""
        if number is None:
            return None
        agent_id = self._contexts.agent_of(number)
        known = None if agent_id is None else self._callbacks.store.agent(agent_id)
        return None if known is None or not known.record.serves(queue, language) else known.record.id

    def _note_agent(self, flow: Flow, numbers: tuple[str | None, ...], agent_id: str) -> None:
        if not agent_id or self._callbacks.store.agent(agent_id) is None:
            return  # the person of last resort, or a plain number
        try:
            for number in {number for number in numbers if number is not None}:
                self._contexts.talked(number, agent_id, fresh(flow))
        except RedisError as error:
            log.error("who talked with a caller was not kept", error=type(error).__name__)


def fresh(flow: Flow) -> timedelta:
    """How long what a caller has confirmed is not asked again."""
    return timedelta(hours=flow.fresh_hours)


def asked_for(flow: Flow) -> frozenset[str]:
    """What the flow asks its callers for: neither what it looks up for them, nor what is sensitive."""
    names: set[str] = set()
    for node in flow.all_nodes.values():
        match node:
            case nodes.Ask(save_as=name):
                names.add(name)
            case nodes.OpenQuestion(intents=intents):
                names.update(slot for intent in intents.values() for slot in intent.slots)
            case _:
                pass
    return frozenset(names - flow.sensitive_names)


def _told(state: CallState, names: frozenset[str]) -> dict[str, Value]:
    """What the caller has confirmed in this call."""
    told = names - set(state.remembered)
    return {name: value for name, value in state.values.items() if name in told and value is not None}
