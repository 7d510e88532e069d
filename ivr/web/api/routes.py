"""The routes of the API as a table: from it come the views, and the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec

from callbacks.audit_report import Audit
from ivr.desk import inputs, ledger, people, promises, views
from ivr.desk.calendar import calendar_url
from ivr.desk.desk import Desk
from ivr.desk.errors import Code
from ivr.services import Services

Method = Literal["GET", "POST", "PUT", "DELETE"]
# What any change may be answered.
BUSY: Final[tuple[Code, ...]] = ("busy",)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request, read: `by` is the token's name, `version` what If-Match says, `key` the Idempotency-Key."""

    services: Services
    desk: Desk
    by: str
    path: dict[str, str]
    query: Any = None
    body: Any = None
    version: int | None = None
    key: str | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered; `version` becomes the ETag, `location` the address of what was made."""

    value: Any
    status: int = 200
    version: int | None = None
    location: str | None = None


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One operation. `path` is relative to /api/v1; `errors` are the desk's codes that it may answer with."""

    method: Method
    path: str
    name: str
    summary: str
    answer: Callable[[Asked], Answer]
    result: Any
    query: type[inputs.AnyInput] | None = None
    body: type[inputs.AnyInput] | None = None
    errors: tuple[Code, ...] = ()
    statuses: tuple[int, ...] = (200,)
    is_versioned: bool = False
    takes_key: bool = False


class DoNotCallEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a number is on the do-not-call list now."""

    number: str
    listed: bool


class CalendarAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where an agent's calendar is; whoever has the address can read it."""

    url: str


def _one(callback: views.CallbackDetail) -> Answer:
    return Answer(value=callback, version=callback.version)


def _book(asked: Asked) -> Answer:
    booked = promises.book(asked.desk, asked.body, by=asked.by, key=asked.key)
    return Answer(
        value=booked,
        status=200 if booked.already_booked else 201,
        version=booked.callback.version,
        location=f"/api/v1/callbacks/{booked.callback.id}",
    )


def _move(asked: Asked) -> Answer:
    return _one(promises.move(asked.desk, asked.path["request_id"], asked.body, version=asked.version))


def _cancel(asked: Asked) -> Answer:
    return _one(promises.cancel(asked.desk, asked.path["request_id"], version=asked.version))


def _put_agent(asked: Asked) -> Answer:
    inputs.read_value(inputs.AgentId, asked.path["agent_id"], "the id of an agent")
    changed = people.put_agent(asked.desk, asked.path["agent_id"], asked.body)
    return Answer(value=changed, status=201 if changed.added else 200)


def _calendar(asked: Asked) -> Answer:
    agent = people.show_agent(asked.desk, asked.path["agent_id"])
    return Answer(value=CalendarAddress(url=calendar_url(asked.services.settings, agent.id)))


def _do_not_call(asked: Asked, *, listed: bool) -> Answer:
    number = people.do_not_call(asked.desk, asked.path["number"], listed=listed)
    return Answer(value=DoNotCallEntry(number=number, listed=listed))


ROUTES: Final = (
    Route(
        method="GET",
        path="/callbacks",
        name="list_callbacks",
        summary="List callbacks, the newest first",
        answer=lambda asked: Answer(value=promises.list_callbacks(asked.desk, asked.query)),
        result=promises.CallbackPage,
        query=inputs.ListInput,
        errors=("invalid", "number"),
    ),
    Route(
        method="POST",
        path="/callbacks",
        name="book_callback",
        summary="Promise somebody a callback, by the same rules as for callers",
        answer=_book,
        result=promises.Booked,
        body=inputs.BookInput,
        errors=("invalid", "number", "not_allowed", "own", "quota", "full", "closed", "key_reused", *BUSY),
        statuses=(200, 201),
        takes_key=True,
    ),
    Route(
        method="GET",
        path="/callbacks/<request_id>",
        name="show_callback",
        summary="Show one callback with all that the caller has said",
        answer=lambda asked: _one(promises.show(asked.desk, asked.path["request_id"])),
        result=views.CallbackDetail,
        errors=("not_found",),
        is_versioned=True,
    ),
    Route(
        method="POST",
        path="/callbacks/<request_id>/move",
        name="move_callback",
        summary="Promise another window, or as soon as possible; only one that can be kept",
        answer=_move,
        result=views.CallbackDetail,
        body=inputs.MoveInput,
        errors=("invalid", "not_found", "gone", "full", "closed", "changed", *BUSY),
        is_versioned=True,
    ),
    Route(
        method="POST",
        path="/callbacks/<request_id>/cancel",
        name="cancel_callback",
        summary="Take a promise back; who is being rung for it is let go",
        answer=_cancel,
        result=views.CallbackDetail,
        errors=("not_found", "gone", "changed", *BUSY),
        is_versioned=True,
    ),
    Route(
        method="GET",
        path="/slots",
        name="list_slots",
        summary="List the windows that can be promised",
        answer=lambda asked: Answer(value=promises.slots(asked.desk, asked.query)),
        result=promises.Slots,
        query=inputs.SlotsInput,
        errors=("invalid",),
    ),
    Route(
        method="GET",
        path="/audit",
        name="audit",
        summary="Rebuild the callbacks from the ledger; say what does not fit, and which promises were kept",
        answer=lambda asked: Answer(value=ledger.audit(asked.services, asked.desk.now(), expect=asked.query.expect)),
        result=Audit,
        query=inputs.AuditInput,
        errors=("invalid",),
    ),
    Route(
        method="GET",
        path="/agents",
        name="list_agents",
        summary="List the people who take calls",
        answer=lambda asked: Answer(value=people.list_agents(asked.desk, full_numbers=asked.query.full_numbers)),
        result=people.Agents,
        query=inputs.NumbersInput,
        errors=("invalid",),
    ),
    Route(
        method="GET",
        path="/agents/<agent_id>",
        name="show_agent",
        summary="Show one agent",
        answer=lambda asked: Answer(value=people.show_agent(asked.desk, asked.path["agent_id"])),
        result=views.AgentView,
        errors=("not_found",),
    ),
    Route(
        method="PUT",
        path="/agents/<agent_id>",
        name="put_agent",
        summary="Add an agent, or change what is given",
        answer=_put_agent,
        result=people.Changed,
        body=inputs.AgentInput,
        errors=("invalid", "number", "not_allowed", *BUSY),
        statuses=(200, 201),
    ),
    Route(
        method="DELETE",
        path="/agents/<agent_id>",
        name="remove_agent",
        summary="Remove an agent who is in no call",
        answer=lambda asked: Answer(value=people.remove_agent(asked.desk, asked.path["agent_id"])),
        result=people.Changed,
        errors=("not_found", "in_call", *BUSY),
    ),
    Route(
        method="PUT",
        path="/agents/<agent_id>/state",
        name="set_agent_state",
        summary="Say that an agent is available, on a break or away",
        answer=lambda asked: Answer(value=people.set_state(asked.desk, asked.path["agent_id"], asked.body)),
        result=people.Changed,
        body=inputs.StateInput,
        errors=("invalid", "not_found", *BUSY),
    ),
    Route(
        method="PUT",
        path="/agents/<agent_id>/shifts",
        name="set_agent_shifts",
        summary="Set an agent's weekly shifts and days off; the answer names the promises at risk",
        answer=lambda asked: Answer(value=people.set_shifts(asked.desk, asked.path["agent_id"], asked.body)),
        result=people.Changed,
        body=inputs.ShiftInput,
        errors=("invalid", "not_found", *BUSY),
    ),
    Route(
        method="GET",
        path="/agents/<agent_id>/calendar",
        name="agent_calendar",
        summary="The address of an agent's calendar",
        answer=_calendar,
        result=CalendarAddress,
        errors=("not_found",),
    ),
    Route(
        method="GET",
        path="/do-not-call",
        name="list_do_not_call",
        summary="List the numbers that are never called",
        answer=lambda asked: Answer(value=people.do_not_call_list(asked.desk, full_numbers=asked.query.full_numbers)),
        result=people.DoNotCall,
        query=inputs.NumbersInput,
        errors=("invalid",),
    ),
    Route(
        method="PUT",
        path="/do-not-call/<number>",
        name="add_do_not_call",
        summary="Never call a number again",
        answer=lambda asked: _do_not_call(asked, listed=True),
        result=DoNotCallEntry,
        errors=("number",),
    ),
    Route(
        method="DELETE",
        path="/do-not-call/<number>",
        name="remove_do_not_call",
        summary="Take a number off the do-not-call list",
        answer=lambda asked: _do_not_call(asked, listed=False),
        result=DoNotCallEntry,
        errors=("number", "not_found"),
    ),
)
