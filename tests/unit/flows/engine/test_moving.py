"""A call whose revision is gone: nobody's key is taken for another one, and nothing in the state can fail."""

from __future__ import annotations

import datetime as dt
from typing import get_args

import msgspec
import pytest

from flows import actions, engine, events, state
from flows.engine.moving import move
from flows.loader import read_document

AT = dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)
HEAD = """\
zerohold: 1
name: line
languages: [en]
organisation: the shop
time_zone: Europe/London
country: GB
queue: shop
"""
OTHER = read_document(
    (
        HEAD
        + """\
start: question
nodes:
  question:
    type: menu
    prompt: Cancel everything?
    choices:
      - {key: "1", phrases: [cancel], label: cancelling everything, to: done}
  done: {type: end, prompt: Cancelled., outcome: solved}
"""
    ).encode(),
    "other.yaml",
).flow
SAID = state.Said(node="gone", text="1", by="keys")
SLOT = events.Slot(starts=AT, ends=AT + dt.timedelta(hours=1))
AT_A_NODE: list[state.Stage] = [
    state.AtNode(),
    state.AskingSlot(intent="gone", slot="gone"),
    state.Confirming(keys="1", said=SAID),
    state.OfferingPerson(),
    state.Helping(over=state.AtNode()),
    state.ChoosingLanguage(),
]
ENGINES_OWN: list[state.Stage] = [
    state.SeekingPerson(),
    state.WithPerson(person_id="desk"),
    state.OfferingCallback(),
    state.WaitingInLine(rounds=1),
    state.AskingSlots(),
    state.ChoosingDay(days=(AT.date(),)),
    state.ChoosingPart(slots=(SLOT,)),
    state.ChoosingSlot(slots=(SLOT,)),
    state.EnteringNumber(),
    state.ConfirmingNumber(number="+442079460123"),
    state.Booking(number="+442079460123"),
    state.TellingPromise(),
    state.ConfirmingCancel(),
    state.Cancelling(),
    state.Moving(plan=state.Plan(moves=True)),
    state.Helping(over=state.OfferingCallback()),
]


def call(stage: state.Stage, node: str = "gone") -> state.CallState:
    frames = (state.Frame(node="gone", parameters={}),)
    return state.CallState(
        revision="000000000000",
        call_sid="CA1",
        caller_number="+442079460123",
        office_number="+442079460000",
        started_at=AT,
        at=AT,
        language="en",
        speech=(),
        node=node,
        stage=stage,
        frames=frames,
        trail=(state.Visit(node="gone", frames=frames),),
        spent=state.Spent(since=AT),
        queue="returns",
        reason="an order",
    )


def example(kind: type[events.Event]) -> events.Event:
    """Some event of a kind."""
    given = {
        "speech": ("en",),
        "keys": "1",
        "text": "one",
        "confidence": 1.0,
        "sure": True,
        "url": "https://example.org/r",
        "duration_s": 3,
        "values": {},
        "waiting": 1,
        "free_agents": 0,
        "wait_minutes": 2,
        "person_id": "desk",
        "person_number": "+442079460100",
        "talked": False,
        "request_id": "cb1",
        "by": AT,
        "already_booked": False,
        "reason": "number",
        "code": "engine",
    }
    wanted = {field.name for field in msgspec.structs.fields(kind) if field.required} - {"at"}
    return kind(at=AT, **{name: given[name] for name in wanted})  # type: ignore[arg-type]


EVENTS = [example(kind) for kind in get_args(events.Event) if kind is not events.CallStarted]


@pytest.mark.parametrize("stage", AT_A_NODE, ids=lambda stage: type(stage).__name__)
@pytest.mark.parametrize("node", ["gone", "question"])
def test_an_answer_given_at_a_node_is_taken_nowhere_and_the_caller_gets_a_person(stage: state.Stage, node: str) -> None:
    """Even at a node of the same name: there, 1 may mean something else."""
    moved, event = move(OTHER, call(stage, node), events.KeysPressed(at=AT, keys="1"))
    after, did = engine.advance(OTHER, moved, event)
    assert event == events.Failed(at=AT, code="revision")
    assert isinstance(after.stage, state.SeekingPerson)
    assert any(isinstance(action, actions.SeekPerson) for action in did)
    assert "sorry" in " ".join(sound.text for sound in after.pending).lower()
    assert (after.queue, after.reason, after.revision) == ("returns", "an order", OTHER.revision)


@pytest.mark.parametrize("stage", ENGINES_OWN, ids=lambda stage: type(stage).__name__)
def test_on_the_way_to_a_person_or_a_callback_nothing_changes_for_the_caller(stage: state.Stage) -> None:
    pressed = events.KeysPressed(at=AT, keys="1")
    moved, event = move(OTHER, call(stage), pressed)
    assert event is pressed
    assert moved.stage == stage


@pytest.mark.parametrize("stage", [*AT_A_NODE, *ENGINES_OWN], ids=lambda stage: type(stage).__name__)
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_no_stage_and_no_event_raises_after_the_move_and_the_next_turn_needs_none(
    stage: state.Stage, event: events.Event
) -> None:
    after, _ = engine.advance(OTHER, *move(OTHER, call(stage), event))
    assert after.revision == OTHER.revision
    for keys in ("0", "1", "*", "#"):
        engine.advance(OTHER, after, events.KeysPressed(at=AT, keys=keys))


def test_who_hangs_up_has_hung_up() -> None:
    after, _ = engine.advance(OTHER, *move(OTHER, call(state.AtNode()), events.HungUp(at=AT)))
    assert after.stage == state.Ended(outcome="abandoned")


def test_a_call_that_is_over_stays_over() -> None:
    over = call(state.Ended(outcome="solved"))
    assert engine.advance(OTHER, *move(OTHER, over, events.NoInput(at=AT)))[0].stage == over.stage


def test_recordings_of_the_old_revision_are_spoken_in_words() -> None:
    play = actions.Play(audio="busy.wav", text="Everybody is busy.", language="en")
    waiting = msgspec.structs.replace(call(state.OfferingCallback()), last_heard=(play,), pending=(play,))
    after, did = engine.advance(OTHER, *move(OTHER, waiting, events.KeysPressed(at=AT, keys="*")))
    (collect,) = did
    assert isinstance(collect, actions.Collect)
    said = actions.Say(text="Everybody is busy.", language="en")
    assert collect.prompts[0] == said
    assert not any(isinstance(sound, actions.Play) for sound in (*collect.prompts, *after.last_heard))
