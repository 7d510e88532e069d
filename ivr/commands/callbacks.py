"""`ivr callbacks`: the promises, how they stand, and how they ended."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Final

import msgspec
import typer
from rich.markup import escape
from rich.table import Table

from callbacks.audit_report import Audit, Lateness
from callbacks.ledger import PageError
from callbacks.recovery import Recovery
from callbacks.redis_ledger import RedisLedger
from ivr.commands.callbacks_lifecycle import lifecycle
from ivr.commands.common import at_desk, err, out, services_here, told
from ivr.desk import ledger as desk_ledger
from ivr.desk import people, promises
from ivr.desk.inputs import ANY_STATE, BookInput, ListInput, MoveInput, SlotsInput, read
from ivr.desk.views import CallbackDetail, CallbackView
from ivr.desk.when import count_words, length_words
from ivr.services import utc_now

callbacks = typer.Typer(no_args_is_help=True, help="The promises, and how they ended.")
do_not_call = typer.Typer(no_args_is_help=True, help="The numbers that are never called.")
callbacks.add_typer(do_not_call, name="do-not-call")
callbacks.command()(lifecycle)

# Who books, on the record of what is booked by command.
BY: Final = "command line"
RequestId = Annotated[str, typer.Argument(metavar="ID")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
When = Annotated[str, typer.Argument(metavar="WHEN", help='"asap", "14:00", "tomorrow 09:00", "2026-03-03 14:00".')]
Colours = dict[str, str]
COLOUR_OF: Final[Colours] = {"talking": "green", "wrap_up": "green", "ended": "dim", "scheduled": ""}


@callbacks.command("list")
def list_all(
    *,
    state: Annotated[str | None, typer.Option(help=f"One of {', '.join(ANY_STATE)}.")] = None,
    queue: Annotated[str | None, typer.Option(help="Of this queue.")] = None,
    number: Annotated[str | None, typer.Option(help="To this number, or with these last four digits.")] = None,
    only_open: Annotated[bool, typer.Option("--open", help="Only those that are not over.")] = False,
    since: Annotated[str | None, typer.Option(help='Made since: "09:00", "2026-03-03".')] = None,
    limit: Annotated[int, typer.Option(help="How many at most.")] = 100,
    after: Annotated[str | None, typer.Option(help="Go on where a list ended.")] = None,
    full_numbers: Annotated[bool, typer.Option("--full-numbers", help="Show whole numbers.")] = False,
    as_json: AsJson = False,
) -> None:
    """List callbacks, the newest first; times are the office's."""
    given = {"state": state, "queue": queue, "number": number, "since": since, "after": after, "limit": limit}
    with told():
        wanted = read(ListInput, {**_given(given), "open": only_open, "full_numbers": full_numbers})
        listed = promises.list_callbacks(at_desk(), wanted)
    if as_json:
        _print_json(listed)
        return
    table = Table("id", "number", "line", "promised", "state", "dials", "late")
    for each in listed.callbacks:
        colour = COLOUR_OF.get(each.state, "yellow")
        words = escape(each.state_words)
        table.add_row(
            each.id,
            each.number,
            f"{each.queue}/{each.language}",
            each.promised_words,
            f"[{colour}]{words}[/]" if colour else words,
            str(each.dials),
            f"[red]{each.late_words}[/]" if each.late_words else "",
        )
    out.print(table if table.row_count else "no callbacks" + (" like that" if _given(given) or only_open else " yet"))
    if listed.next is not None:
        out.print(f"more: --after {listed.next}", soft_wrap=True)


@callbacks.command()
def show(request_id: RequestId) -> None:
    """Show one callback with its dossier: all that the caller has said."""
    with told():
        _print_json(promises.show(at_desk(), request_id))


@callbacks.command()
def book(
    number: Annotated[str, typer.Argument(metavar="NUMBER")],
    *,
    when: Annotated[str, typer.Option(help='"asap", "14:00", "tomorrow 09:00", "2026-03-03 14:00".')] = "asap",
    queue: Annotated[str | None, typer.Option(help="The flow's own unless given.")] = None,
    language: Annotated[str | None, typer.Option(help="The flow's first unless given.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why, as the agent will hear it.")] = None,
    topic: Annotated[str | None, typer.Option(help="What it is about; one open callback for each.")] = None,
    agent: Annotated[str | None, typer.Option(help="Who should talk with them, if they can.")] = None,
    as_json: AsJson = False,
) -> None:
    """Promise somebody a callback, by the same rules as for callers."""
    given = {"queue": queue, "language": language, "reason": reason, "topic": topic, "preferred_agent": agent}
    with told():
        wanted = read(BookInput, {**_given(given), "number": number, "when": when})
        booked = promises.book(at_desk(), wanted, by=BY)
    if as_json:
        _print_json(booked)
        return
    was = "has one already" if booked.already_booked else "is booked"
    _print_promise(booked.callback, was)


@callbacks.command()
def slots(
    *,
    queue: Annotated[str | None, typer.Option()] = None,
    language: Annotated[str | None, typer.Option()] = None,
    limit: Annotated[int, typer.Option(help="How many at most.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List the windows that can be promised."""
    with told():
        wanted = read(SlotsInput, {**_given({"queue": queue, "language": language}), "limit": limit})
        found = promises.slots(at_desk(), wanted)
    if as_json:
        _print_json(found)
        return
    table = Table("window", "room for")
    for slot in found.slots:
        table.add_row(slot.words, str(slot.left))
    nothing = (
        f"nothing can be promised in {found.queue}/{found.language}: see the hours of the queue and `ivr agents list`"
    )
    out.print(table if table.row_count else nothing)


@callbacks.command()
def move(request_id: RequestId, when: When) -> None:
    """Promise another window, or as soon as possible; only one that can be kept."""
    with told():
        moved = promises.move(at_desk(), request_id, read(MoveInput, {"when": when}))
    _print_promise(moved, "is moved")


@callbacks.command()
def cancel(request_id: RequestId) -> None:
    """Take a promise back; who is being rung for it is let go."""
    with told():
        promises.cancel(at_desk(), request_id)
    out.print(f"{request_id} is cancelled")


@callbacks.command()
def ledger() -> None:
    """Print every entry of the ledger, one line of JSON each."""
    services = services_here()
    try:
        for line in desk_ledger.entries(RedisLedger(services.redis)):
            sys.stdout.write(f"{line}\n")
    except PageError as error:
        err.print(f"a page of the ledger cannot be read: {error}; see `ivr callbacks audit`", markup=False)
        raise typer.Exit(1) from None


@callbacks.command()
def audit(
    *,
    expect: Annotated[str | None, typer.Option(metavar="SEQ:HASH", help="A head that you noted earlier.")] = None,
    as_json: AsJson = False,
) -> None:
    """Rebuild the callbacks from the ledger; say what does not fit, and which promises were kept.

    Exit status 1 where the ledger is not whole or the store disagrees with it.
    """
    with told():
        found = desk_ledger.audit(services_here(), utc_now(), expect=expect)
    if as_json:
        _print_json(found)
    else:
        _print_audit(found)
    raise typer.Exit(0 if found.is_clean else 1)


@callbacks.command()
def recover() -> None:
    """Fill a store that was restored from a backup up from the journal of this data folder."""
    with told():
        done = desk_ledger.recover_from_journal(services_here(), utc_now())
    _print_recovery(done)


@do_not_call.command("list")
def do_not_call_list(
    *, full_numbers: Annotated[bool, typer.Option("--full-numbers", help="Show whole numbers.")] = False
) -> None:
    """List the numbers that are never called."""
    listed = people.do_not_call_list(at_desk(), full_numbers=full_numbers).numbers
    out.print("\n".join(listed) if listed else "no number is on the list")


@do_not_call.command("add")
def do_not_call_add(number: Annotated[str, typer.Argument(metavar="NUMBER")]) -> None:
    """Never call a number again; what is promised to it is cancelled when its turn comes."""
    with told():
        e164 = people.do_not_call(at_desk(), number, listed=True)
    out.print(f"{e164} is not called any more")


@do_not_call.command("remove")
def do_not_call_remove(number: Annotated[str, typer.Argument(metavar="NUMBER")]) -> None:
    """Take a number off the list."""
    with told():
        e164 = people.do_not_call(at_desk(), number, listed=False)
    out.print(f"{e164} may be called again")


def _print_promise(callback: CallbackDetail | CallbackView, what: str) -> None:
    out.print(f"{callback.id} {what}: {callback.promised_words}", soft_wrap=True)
    if isinstance(callback, CallbackDetail) and callback.words:
        out.print(f"the call will begin with the words: {', '.join(callback.words)}")


def _print_audit(found: Audit) -> None:
    table = Table("promises", "", "by (half)", "by (99 in 100)", "by (worst)")
    rows: tuple[tuple[str, int | Lateness], ...] = (
        ("kept", found.kept),
        ("kept late", found.late),
        ("rung early", found.early),
        ("broken", found.broken),
        ("overdue", found.overdue),
        ("open", found.open),
        ("withdrawn", found.withdrawn),
    )
    for name, figure in rows:
        if isinstance(figure, int):
            table.add_row(name, str(figure))
        elif figure.count:
            lengths = map(length_words, (figure.median_s, figure.p99_s, figure.worst_s))
            table.add_row(name, str(figure.count), *lengths)
        else:
            table.add_row(name, "0")
    out.print(table)
    size = f"{count_words(found.promises, 'promise')} of {count_words(found.requests, 'callback')}"
    size += f", {found.entries} entries on {count_words(found.pages, 'page')}"
    out.print(f"{size}; {found.unsealed} not sealed yet, {found.overruled} overruled by a recovery")
    for name, words in (
        *(("pages", f"page {one.page}: {one.words}") for one in found.findings),
        *(("entries", f"page {one.page}: {one.words}") for one in found.problems),
        *(("store", one.words) for one in found.differences),
    ):
        out.print(f"[red]{name}[/]: {escape(words)}", soft_wrap=True)
    if found.not_listed:
        out.print(f"and {found.not_listed} more")
    good = "[green]the ledger is whole, and the store agrees with it[/]"
    out.print(good if found.is_clean else "[red]something is wrong with the ledger or the store[/]")
    if found.head.seq:
        out.print(f"note this head, and give it to the next audit with --expect: {found.head}", soft_wrap=True)


def _print_recovery(done: Recovery) -> None:
    if done.found == "whole":
        out.print("the store's ledger is the one of the journal: there is nothing to recover")
        return
    pages = count_words(done.pages, "page")
    out.print(f"the store was {done.found}; back are {pages} and {count_words(len(done.records), 'callback')}")
    for words, ids in (
        ("whose customer has booked anew; the new promise holds", done.booked_again),
        ("that began and ended in what was lost: the ledger has them", done.without_record),
        ("that had been forgotten, and are again", done.forgotten),
    ):
        if ids:
            out.print(f"{len(ids)} {words}: {', '.join(ids)}", soft_wrap=True)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _print_json(value: Any) -> None:
    out.print_json(msgspec.json.encode(value).decode())
