"""Stand-ins: true enough to drive the engine, too little to know anybody by."""

from __future__ import annotations

import msgspec
import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import actions, engine, events
from flows.conversations.caller import RECORDING
from flows.engine.questions import question_of
from flows.loader import parse_flow
from flows.model import Flow
from flows.state import (
    AskingSlots,
    AtNode,
    Booking,
    CallState,
    ChoosingLanguage,
    ChoosingSlot,
    Confirming,
    ConfirmingNumber,
    EnteringNumber,
    Helping,
    OfferingPerson,
    Plan,
    Said,
    Stage,
)
from flows.traces.masking import NOT_KEPT, Mask, masked_event, masked_text, masked_words, stand_in
from tests.unit.flows.traces.recorded import AT, CALLER, OFFICE

FLOW = parse_flow(
    b"""
zerohold: 1
name: tested
languages: [en]
organisation: us
time_zone: Europe/London
country: GB
queue: desk
start: pin
nodes:
  pin: {type: ask, prompt: Your pin?, answer: {type: digits, min: 4, max: 6}, save_as: pin, sensitive: true, next: find}
  find:
    type: lookup
    source: {type: csv, file: pins.csv}
    where: {pin: pin}
    found: tel
    not_found: tel
    failed: tel
  tel: {type: ask, prompt: Your phone?, answer: {type: phone}, save_as: tel, next: order}
  order: {type: ask, prompt: Your order?, answer: {type: digits, min: 2, max: 12}, save_as: order, next: note}
  note: {type: record, prompt: Speak., save_as: note, next: end, nothing: end}
  end: {type: end, prompt: Goodbye., outcome: solved}
""",
    "tested.yaml",
)
NUMBERS = st.from_regex(r"\A\+?[1-9][0-9]{5,14}\Z")


def at_node(flow: Flow, name: str) -> CallState:
    started = events.CallStarted(at=AT, call_sid="CA1", caller_number=CALLER, office_number=OFFICE, speech=("en",))
    state, _ = engine.start(flow, started)
    return msgspec.structs.replace(state, node=name, stage=AtNode())


def masked(name: str, event: events.Event) -> events.Event:
    state = at_node(FLOW, name)
    return masked_event(FLOW, state, question_of(FLOW, state), event)


@given(NUMBERS)
def test_a_stand_in_has_the_form_of_the_number_and_stands_in_for_itself(number: str) -> None:
    other = stand_in(number)
    assert len(other) == len(number)
    assert other.startswith("+") is number.startswith("+")
    assert other[-2:] == number[-2:]
    assert stand_in(other) == other


@given(NUMBERS.filter(lambda number: len(number) >= 10))
def test_a_stand_in_hides_all_but_six_digits(number: str) -> None:
    digits = stand_in(number).removeprefix("+")
    assert digits[2:-4] == "0" * (len(digits) - 6)


@pytest.mark.parametrize("number", ["+442079460123", "+447700900456", "+982188880123", "+97142288123"])
def test_a_stand_in_still_reads_as_a_phone_number(number: str) -> None:
    assert phonenumbers.is_possible_number(phonenumbers.parse(stand_in(number)))


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("call +442079460123 now", "call +440000000123 now"),
        ("020 7946 0123", "020 0000 0123"),
        ("(+44) 2079460123.", "(+44) 0000000123."),
        ("+44 20 7946 0123", "+44 00 0000 0123"),
        ("card 4929123456781234", "card 0000000000000000"),
        ("2026-11-23", "2026-11-23"),
        ("05/01/2026 10:30", "05/01/2026 10:30"),
        ("order 4821", "order 4821"),
        ("1234567.5", "1234567.5"),
    ],
)
def test_phone_numbers_in_texts_get_stand_ins_and_dates_and_short_numbers_stay(text: str, masked: str) -> None:
    assert masked_text(text) == masked
    assert masked_text(masked) == masked


@pytest.mark.parametrize(
    ("said", "language", "masked"),
    [
        ("my number is oh two oh seven nine four six", "en", "my number is (number)"),
        ("four eight two one", "en", "four eight two one"),
        ("صفر صفر صفر صفر صفر صفر صفر", "ar", "(number)"),
        ("say 02079460123", "en", "say (number)"),
        ("press one", "en", "press one"),
    ],
)
def test_long_numbers_that_callers_say_are_left_out(said: str, language: str, masked: str) -> None:
    assert masked_words(said, language) == masked


def test_a_sensitive_answer_becomes_other_keys_that_fit_as_well() -> None:
    assert masked("pin", events.KeysPressed(at=AT, keys="4929")) == events.KeysPressed(at=AT, keys="1111")
    wrong = masked("pin", events.KeysPressed(at=AT, keys="492"))
    assert isinstance(wrong, events.KeysPressed)
    assert wrong.keys not in ("492", "0", "*", "**")
    assert not 4 <= len(wrong.keys) <= 6


@pytest.mark.parametrize("keys", ["0", "*", "**"])
def test_universal_keys_at_a_sensitive_question_are_no_answer_to_it(keys: str) -> None:
    assert masked("pin", events.KeysPressed(at=AT, keys=keys)) == events.KeysPressed(at=AT, keys=keys)


def test_a_phone_number_that_is_keyed_in_gets_a_stand_in_and_an_order_number_stays() -> None:
    assert masked("tel", events.KeysPressed(at=AT, keys="07700900456")).keys == "07000000456"
    assert masked("order", events.KeysPressed(at=AT, keys="48210012")).keys == "48210012"


def test_what_is_said_at_a_question_is_kept_only_where_its_answer_is() -> None:
    said = "four eight two one oh oh one two"

    def heard(name: str) -> str:
        event = events.Heard(at=AT, keys="48210012", text=said, confidence=0.9, sure=True, alternatives=(said,))
        masked_heard = masked(name, event)
        assert isinstance(masked_heard, events.Heard)
        assert masked_heard.alternatives == (masked_heard.text,)
        return masked_heard.text

    assert heard("order") == said
    assert heard("tel") == "(number)"
    assert heard("pin") == NOT_KEPT
    missed = masked("pin", events.NoMatch(at=AT, text="four nine two nine", alternatives=("four nine",)))
    assert missed == events.NoMatch(at=AT, text=NOT_KEPT, alternatives=(NOT_KEPT,))


@pytest.mark.parametrize("over", [Helping, ChoosingLanguage])
def test_a_number_is_hidden_under_help_and_the_choice_of_a_language(
    over: type[Helping] | type[ChoosingLanguage],
) -> None:
    stage = over(over=ConfirmingNumber(number="07700900456"))
    state = msgspec.structs.replace(at_node(FLOW, "order"), stage=stage)
    assert "07700900456" not in repr(Mask(FLOW, state).state(state))


@pytest.mark.parametrize(
    "stage",
    [
        AskingSlots(plan=Plan(number="07700900456")),
        ChoosingSlot(slots=(), plan=Plan(number="07700900456")),
        EnteringNumber(plan=Plan(number="07700900456")),
        Booking(number="07700900123", plan=Plan(number="07700900456")),
        Helping(over=ConfirmingNumber(number="07700900123", plan=Plan(number="07700900456"))),
    ],
)
def test_a_number_that_is_kept_while_a_time_is_chosen_is_hidden(stage: Stage) -> None:
    state = msgspec.structs.replace(at_node(FLOW, "order"), stage=stage)
    assert "07700900456" not in repr(Mask(FLOW, state).state(state))


def test_a_number_that_waits_to_be_confirmed_is_hidden_under_the_offer_of_a_person() -> None:
    said = Said(node="tel", text="07700900456", by="keys")
    stage = OfferingPerson(over=Confirming(keys="07700900456", said=said))
    state = msgspec.structs.replace(at_node(FLOW, "tel"), stage=stage)
    assert "07700900456" not in repr(Mask(FLOW, state).state(state))


def test_a_recording_is_not_where_its_trace_says() -> None:
    recorded = events.Recorded(at=AT, url="https://api.example/RE0123", duration_s=4)
    assert masked("note", recorded).url == RECORDING


def test_values_keep_what_was_answered_and_hide_numbers_secrets_and_recordings() -> None:
    state = at_node(FLOW, "order")
    values = {
        "pin": "4929",
        "tel": "07700900456",
        "order": "48210012",
        "note": "https://api.example/RE0123",
        "phone": "+442079460777",
        "long": 442079460777,
        "echo": "card 4929 1",
        "count": 12,
        "open": True,
        "none": None,
    }
    assert Mask(FLOW, state, "4929").values(values) == {
        "tel": "07000000456",
        "order": "48210012",
        "note": RECORDING,
        "phone": "+440000000777",
        "long": 440000000777,
        "echo": NOT_KEPT,
        "count": 12,
        "open": True,
        "none": None,
    }


def test_a_number_is_hidden_in_what_the_caller_heard_before_however_it_was_spoken() -> None:
    texts = ("We call 4 4 2 0 7 9 4 6 0 1 2 3.", f"We call {CALLER}.", "the number ending in 0 1 2 3")
    heard = tuple(actions.Say(text=text, language="en") for text in texts)
    state = msgspec.structs.replace(at_node(FLOW, "order"), last_heard=heard)
    masked = Mask(FLOW, state).state(state)
    assert [sound.text for sound in masked.last_heard] == [
        "We call 4 4 0 0 0 0 0 0 0 1 2 3.",
        "We call +440000000123.",
        "the number ending in 0 1 2 3",
    ]
    assert masked.caller_number == "+440000000123"
