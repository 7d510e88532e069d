"""What a desk does with callbacks: list, show, book, move, cancel, and tell which windows there are."""

from __future__ import annotations

import heapq
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from callbacks import numbers
from callbacks.booking import Refusal, Wish
from callbacks.errors import IllegalEventError
from callbacks.model import CallbackRequest
from callbacks.rules import NumberRules
from callbacks.store import Versioned
from flows.parts import in_language
from ivr.desk import views
from ivr.desk.desk import Desk
from ivr.desk.errors import DeskError, refused
from ivr.desk.inputs import BookInput, ListInput, MoveInput, SlotsInput
from ivr.desk.when import parse_when

LAST_DIGITS: Final = 4
SUGGESTED: Final = 5


class CallbackPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of callbacks, the newest first; `next` is the `after` of the following one, null behind the last."""

    callbacks: tuple[views.CallbackView, ...]
    next: str | None


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """A promise; `already_booked` where there was one for this number and topic, which stays as it was."""

    callback: views.CallbackDetail
    already_booked: bool


class Slots(msgspec.Struct, frozen=True, kw_only=True):
    """Windows that can be promised, in order."""

    queue: str
    language: str
    slots: tuple[views.SlotView, ...]


def list_callbacks(desk: Desk, wanted: ListInput) -> CallbackPage:
    """A page of the callbacks that were asked for. Raises `DeskError`."""
    clock = desk.clock()
    if wanted.queue is not None:
        _check(wanted.queue, desk.queues(), "queue")
    since = None if wanted.since is None else parse_when(wanted.since, clock.zone, clock.now)
    e164, ending = _number_filter(desk, wanted.number)

    def fits(request: CallbackRequest) -> bool:
        return (
            (wanted.state is None or request.state == wanted.state)
            and (wanted.queue is None or request.queue == wanted.queue)
            and (request.is_open or not wanted.open)
            and (ending is None or request.number.endswith(ending))
            and (since is None or request.created_at >= since)
        )

    if e164 is not None:
        # Who has one number has few callbacks: one page.
        found = [known for known in reversed(desk.store.requests_of(e164)) if fits(known.record)]
        after = None
    else:
        try:
            page = desk.reads.page(fits, most=wanted.limit, since=since, after=wanted.after)
        except ValueError:
            raise DeskError("invalid", f'after: "{wanted.after}" is not the "next" of any page') from None
        found, after = page.requests, page.after
    shown = (views.view(known, clock, full_numbers=wanted.full_numbers) for known in found)
    return CallbackPage(callbacks=tuple(shown), next=after)


def show(desk: Desk, request_id: str) -> views.CallbackDetail:
    """One callback with all that is known of it. Raises `DeskError`."""
    return views.detail(_known(desk, request_id), desk.clock())


def book(desk: Desk, wanted: BookInput, *, by: str, key: str | None = None) -> Booked:
    """Make a promise by hand, under the same rules as for a caller; the same `by` and `key` book once. Raises
    `DeskError`.

    `by` is who books, for the dossier and the key.
    """
    clock, flow = desk.clock(), desk.flow()
    queue, language = wanted.queue or flow.queue, wanted.language or flow.languages[0]
    _check(queue, desk.queues(), "queue")
    _check(language, flow.languages, "language")
    if wanted.preferred_agent is not None:
        _check(wanted.preferred_agent, tuple(known.record.id for known in desk.store.agents()), "preferred_agent")
    starts = parse_when(wanted.when, clock.zone, clock.now)
    dossier: dict[str, Any] = {
        "caller_number": wanted.number,
        "organisation": in_language(flow.organisation, language),
        "language": language,
        "reason": wanted.reason,
        "values": wanted.values,
        "said": [],
        "path": [],
        "booked_by": by,
    }
    judged = numbers.judge(wanted.number, flow.country, desk.callbacks.rules_of(queue).numbers, do_not_call=False)
    if isinstance(judged, numbers.Judged):
        dossier["caller_number"] = judged.number
    wish = Wish(
        key=f"desk:{by}:{key or uuid.uuid4().hex}",
        number=wanted.number,
        country=flow.country,
        queue=queue,
        language=language,
        topic=wanted.topic or queue,
        dossier=dossier,
        arrived_at=clock.now,
        own_number=False,
        starts=starts,
        preferred_agent=wanted.preferred_agent,
    )
    promised = desk.callbacks.promises.book(wish, clock.now)
    if isinstance(promised, Refusal):
        raise _with_windows(desk, promised, queue, language, starts)
    request = promised.request
    if not promised.already_booked and _asked(wish, dossier["caller_number"]) != _asked(request, request.number):
        raise DeskError("key_reused", "this idempotency key has booked another callback")
    return Booked(callback=show(desk, request.id), already_booked=promised.already_booked)


def move(desk: Desk, request_id: str, wanted: MoveInput, *, version: int | None = None) -> views.CallbackDetail:
    """Promise another window, or as soon as possible with the place of old; only one that can be kept.

    With `version`, only where the callback still is at that. Raises `DeskError`.
    """
    clock, before = desk.clock(), _known(desk, request_id).record
    starts = parse_when(wanted.when, clock.zone, clock.now)
    moved = desk.at_version(version).promises.move(request_id, starts, clock.now)
    if isinstance(moved, Refusal):
        raise _with_windows(desk, moved, before.queue, before.language, starts, before.number_zones)
    desk.end_legs(moved.request)
    return show(desk, request_id)


def cancel(desk: Desk, request_id: str, *, version: int | None = None) -> views.CallbackDetail:
    """Take a promise back, up to the conversation; who is being rung for it is let go. Raises `DeskError`."""
    _known(desk, request_id)
    try:
        cancelled = desk.at_version(version).promises.cancel(request_id, desk.now())
    except IllegalEventError:
        raise refused(Refusal(reason="gone")) from None
    desk.end_legs(cancelled)
    return show(desk, request_id)


def slots(desk: Desk, wanted: SlotsInput) -> Slots:
    """The windows that can be promised in a line. Raises `DeskError`."""
    clock, flow = desk.clock(), desk.flow()
    queue, language = wanted.queue or flow.queue, wanted.language or flow.languages[0]
    _check(queue, desk.queues(), "queue")
    _check(language, flow.languages, "language")
    found = desk.callbacks.promises.slots(queue, language, clock.now)[: wanted.limit]
    return Slots(queue=queue, language=language, slots=tuple(views.slot_view(slot, clock) for slot in found))


def e164_of(desk: Desk, number: str) -> str:
    """A number as it is dialled in the office's country, in E.164 form, whatever the rules. Raises `DeskError`."""
    anything = NumberRules(allow=("+",))
    judged = numbers.judge(number, desk.flow().country, anything, do_not_call=False)
    if isinstance(judged, numbers.Refused):
        raise DeskError("number", f"that is no number ({judged.detail}); write it as +442079460100")
    return judged.number


def _number_filter(desk: Desk, number: str | None) -> tuple[str | None, str | None]:
    """A whole number, or the digits with which it ends."""
    if number is None:
        return None, None
    digits = number.lstrip("….")
    if len(digits) == LAST_DIGITS and digits.isdecimal():
        return None, digits
    return e164_of(desk, number), None


def _known(desk: Desk, request_id: str) -> Versioned[CallbackRequest]:
    known = desk.store.request(request_id)
    if known is None:
        raise DeskError("not_found", f"there is no callback {request_id}")
    return known


def _check(word: str, known: tuple[str, ...], what: str) -> None:
    if word not in known:
        raise DeskError("invalid", f'{what}: "{word}" is not known', allowed=known)


def _with_windows(
    desk: Desk,
    refusal: Refusal,
    queue: str,
    language: str,
    starts: datetime | None,
    number_zones: tuple[str, ...] = (),
) -> DeskError:
    """A refusal with the windows that come nearest to one which cannot be promised, in order."""
    if refusal.reason not in {"full", "closed"}:
        return refused(refusal)
    clock = desk.clock()
    found = desk.callbacks.promises.slots(queue, language, clock.now, number_zones)
    nearest = sorted(heapq.nsmallest(SUGGESTED, (slot.starts for slot in found), key=_far_from(starts or clock.now)))
    return refused(
        refusal,
        allowed=tuple(at.astimezone(clock.zone).isoformat(timespec="minutes") for at in nearest),
        hint=f"the nearest that can: {', '.join(map(clock.words, nearest))}" if nearest else "",
    )


def _far_from(instant: datetime) -> Callable[[datetime], timedelta]:
    return lambda at: abs(at - instant)


def _asked(about: Wish | CallbackRequest, number: str) -> tuple[str, ...]:
    return (number, about.queue, about.language, about.topic)
