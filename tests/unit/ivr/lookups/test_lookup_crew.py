"""Work that has to come back in time."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from ivr.lookups.crew import Crew
from ivr.lookups.deadline import Deadline
from ivr.lookups.errors import LookupFailedError

LONG = 60.0


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """What hanging work waits for; comes at the end of the test."""
    event = threading.Event()
    yield event
    event.set()


def hang(crew: Crew, never: threading.Event, times: int) -> None:
    for _ in range(times):
        with pytest.raises(LookupFailedError) as failed:
            crew.run(never.wait, Deadline.after(0.01))
        assert failed.value.code == "timeout"


def test_what_work_returns_and_raises_comes_back() -> None:
    crew = Crew()
    assert crew.run(lambda: "sent", Deadline.after(LONG)) == "sent"
    with pytest.raises(ZeroDivisionError):
        crew.run(lambda: 1 // 0, Deadline.after(LONG))
    assert crew.idle()


def test_work_that_hangs_is_abandoned_and_told(never: threading.Event) -> None:
    crew, told = Crew(), threading.Event()
    with pytest.raises(LookupFailedError, match=r"no answer within 0\.01 s") as failed:
        crew.run(never.wait, Deadline.after(0.01), told.set)
    assert failed.value.retryable
    assert told.is_set()
    assert not crew.idle()


def test_when_all_threads_hang_no_more_work_is_taken(never: threading.Event) -> None:
    crew = Crew(places=2)
    hang(crew, never, 2)
    with pytest.raises(LookupFailedError, match="all 2 earlier questions hang") as failed:
        crew.run(lambda: "sent", Deadline.after(LONG))
    assert failed.value.code == "busy"


def test_work_is_taken_again_when_a_hanging_thread_ends(never: threading.Event) -> None:
    crew = Crew(places=1)
    hang(crew, never, 1)
    never.set()
    for thread in threading.enumerate():
        if thread.name == "lookup":
            thread.join(LONG)
    assert crew.run(lambda: "sent", Deadline.after(LONG)) == "sent"


def test_threads_that_hung_and_ended_count_as_hanging_no_more(never: threading.Event) -> None:
    crew, busy_for = Crew(places=1), threading.Event()
    hang(crew, never, 1)
    never.set()
    for thread in threading.enumerate():
        if thread.name == "lookup":
            thread.join(LONG)
    begun = threading.Event()

    def busy() -> None:
        begun.set()
        busy_for.wait()

    other = threading.Thread(target=lambda: crew.run(busy, Deadline.after(LONG)))
    other.start()
    begun.wait(LONG)
    with pytest.raises(LookupFailedError, match="too many questions at once"):
        crew.run(lambda: "sent", Deadline.after(0.01))
    busy_for.set()
    other.join(LONG)


def test_work_waits_for_a_place_while_others_are_only_busy(never: threading.Event) -> None:
    crew, begun = Crew(places=1), threading.Event()

    def busy() -> str:
        begun.set()
        never.wait()
        return "first"

    first = threading.Thread(target=lambda: crew.run(busy, Deadline.after(LONG)))
    first.start()
    begun.wait(LONG)
    with pytest.raises(LookupFailedError, match="too many questions at once"):
        crew.run(lambda: "second", Deadline.after(0.01))
    never.set()
    assert crew.run(lambda: "third", Deadline.after(LONG)) == "third"
    first.join(LONG)


def test_a_function_that_ends_the_process_ends_only_its_work() -> None:
    def leave() -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        Crew().run(leave, Deadline.after(LONG))
