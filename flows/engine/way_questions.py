"""The questions of the way to a person: a callback or the line, the time of a callback, what is booked already.

The keys are the same at every question about a time: 8 for others, 9 for as soon as possible.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, TypeAlias

import msgspec

from flows import actions, model, speaking
from flows.engine.line import LINE_ROUNDS_PER_PROMPT
from flows.engine.node_questions import Question, by_voice
from flows.engine.prompting import today_of
from flows.engine.steps import sentence
from flows.engine.vocabulary import phrases_for_key
from flows.events import OpenPromise, Slot
from flows.messages import message, phrases_of, yes_no_phrases
from flows.phrases import normalised, spelling_key
from flows.speaking.heard import PARTS_OF_THE_DAY, day_phrases, part_of_day, window_phrases
from flows.state import (
    CallState,
    ChoosingDay,
    ChoosingPart,
    ChoosingSlot,
    ConfirmingNumber,
    OfferingCallback,
    Plan,
    WaitingInLine,
)

# In line, each silence is a look for a free person.
LINE_TIMEOUT_S: Final = 10
# So many can be heard within half a minute, in each language.
DAYS_AT_A_TIME: Final = 6
SLOTS_AT_A_TIME: Final = 5
MORE: Final = "8"
SOON: Final = "9"

_Said: TypeAlias = list[tuple[str, str]]


def spoken_window(flow: model.Flow, state: CallState, starts: dt.datetime, ends: dt.datetime) -> dict[str, str]:
    """The parts of a sentence about a time in which a callback comes."""
    local = starts.astimezone(flow.zone), ends.astimezone(flow.zone)
    return _window(state.language, *local, today_of(flow, state))


def _window(language: str, starts: dt.datetime, ends: dt.datetime, today: dt.date) -> dict[str, str]:
    from_time, to_time = speaking.between(language, starts.time(), ends.time())
    return {"day": speaking.day(language, starts.date(), today=today), "starts": from_time, "ends": to_time}


# ---------------------------------------------------------------- a callback, or the line


def offer(flow: model.Flow, state: CallState, stage: OfferingCallback) -> Question:
    """A callback or the line; a caller who has a callback may leave it at that."""
    language, keys = state.language, "12"
    name = "offer_kept" if stage.kept else "offer" if by_voice(state) else "offer_keys"
    sounds = [sentence(language, name)]
    said = [(phrase, key) for phrase, key in yes_no_phrases(language).items()]
    said += _choices(language, callback="1", stay="2")
    if stage.times:
        sounds.append(sentence(language, "offer_time_kept" if stage.kept else "offer_time"))
        said += _choices(language, other_time="3")
        keys += "3"
    return _question(flow, state, sounds, said, keys)


def line(flow: model.Flow, state: CallState, stage: WaitingInLine) -> Question:
    """The caller waits, and hears where they are: at first, and where that has changed, but not every ten seconds."""
    language = state.language
    sounds: list[actions.Sound] = []
    instead = "line_kept" if stage.kept else "line_callback" if stage.callback else None
    moved = stage.position is not None and stage.position != stage.told
    if stage.rounds % LINE_ROUNDS_PER_PROMPT == 0 and (moved or stage.rounds == 0):
        sounds.append(place(language, stage.position) if moved or stage.told is None else _stay(language))
    elif stage.rounds % LINE_ROUNDS_PER_PROMPT == 0 and (stage.position is None or stage.rounds % 6 == 0):
        sounds.append(sentence(language, "still_waiting"))
    if sounds and instead is not None and not (moved and stage.rounds):
        sounds.append(sentence(language, instead))
    takes = stage.kept or stage.callback
    said = [(phrase, key) for phrase, key in yes_no_phrases(language).items() if key == "1"]
    return Question(
        sounds=tuple(sounds),
        phrases=_unambiguous([*said, *_choices(language, callback="1")]) if takes else {},
        keys=frozenset("1" if takes else ""),
        clocks=flow.clocks.model_copy(update={"no_input_s": LINE_TIMEOUT_S}),
        offers_exit=False,
    )


def _stay(language: str) -> actions.Say:
    return sentence(language, "stay_on_line")


def place(language: str, position: int | None) -> actions.Say:
    """Where a caller is in line, as far as it is known."""
    if position is None:
        return sentence(language, "in_line")
    if position <= 1:
        return sentence(language, "next_in_line")
    return sentence(language, "position", position=speaking.place(language, position))


# ---------------------------------------------------------------- the time of a callback


def pages_of(stage: ChoosingDay | ChoosingSlot) -> int:
    """How many pages of choices there are."""
    count, at_a_time = _counts(stage)
    return -(-count // at_a_time)


def _counts(stage: ChoosingDay | ChoosingSlot) -> tuple[int, int]:
    if isinstance(stage, ChoosingDay):
        return len(stage.days), DAYS_AT_A_TIME
    return len(stage.slots), SLOTS_AT_A_TIME


def days_on_page(stage: ChoosingDay) -> tuple[dt.date, ...]:
    """The days that are offered now."""
    return stage.days[stage.page * DAYS_AT_A_TIME :][:DAYS_AT_A_TIME]


def slots_on_page(stage: ChoosingSlot) -> tuple[Slot, ...]:
    """The windows that are offered now."""
    return stage.slots[stage.page * SLOTS_AT_A_TIME :][:SLOTS_AT_A_TIME]


def parts_of(flow: model.Flow, slots: Iterable[Slot]) -> list[str]:
    """The parts of the day in which these windows begin, in order."""
    found = {part_of_day(slot.starts.astimezone(flow.zone).time()) for slot in slots}
    return [name for _, name in PARTS_OF_THE_DAY if name in found]


def slots_of(flow: model.Flow, slots: Iterable[Slot], part: str) -> tuple[Slot, ...]:
    """The windows that begin in a part of the day."""
    return tuple(slot for slot in slots if part_of_day(slot.starts.astimezone(flow.zone).time()) == part)


def which_day(flow: model.Flow, state: CallState, stage: ChoosingDay) -> Question:
    """On which day?"""
    return _of(flow, _days(_listener(flow, state, stage.plan), days_on_page(stage), pages_of(stage) > 1))


def which_part(flow: model.Flow, state: CallState, stage: ChoosingPart) -> Question:
    """In which part of the day?"""
    return _of(flow, _parts(_listener(flow, state, stage.plan), tuple(parts_of(flow, stage.slots))))


def which_slot(flow: model.Flow, state: CallState, stage: ChoosingSlot) -> Question:
    """In which window?"""
    listener = _listener(flow, state, stage.plan)
    return _of(flow, _slots(listener, slots_on_page(stage), stage.of_day, pages_of(stage) > 1))


class _Listener(msgspec.Struct, frozen=True):
    """What the words of a question about a time depend on, besides the times: who hears it, and when."""

    language: str
    zone: dt.tzinfo
    today: dt.date
    heard: bool
    by_voice: bool
    soon: bool


class _Asked(msgspec.Struct, frozen=True):
    """A question about a time, but for its clocks. The phrases are shared: nobody may change them."""

    sounds: tuple[actions.Sound, ...]
    phrases: dict[str, str]
    keys: frozenset[str]


def _listener(flow: model.Flow, state: CallState, plan: Plan) -> _Listener:
    return _Listener(
        language=state.language,
        zone=flow.zone,
        today=today_of(flow, state),
        heard=state.language in state.speech,
        by_voice=by_voice(state),
        soon=plan.soon,
    )


def _of(flow: model.Flow, asked: _Asked) -> Question:
    return Question(sounds=asked.sounds, phrases=asked.phrases, keys=asked.keys, clocks=flow.clocks)


# The same times are asked about again and again: at each repeat, by each caller of an hour, all through a proof.
@lru_cache(maxsize=1024)
def _days(to: _Listener, days: tuple[dt.date, ...], more: bool) -> _Asked:
    sounds, said = _begun(to, "which_day"), _none_said()
    for index, day in enumerate(days, start=1):
        spoken = speaking.day(to.language, day, today=to.today)
        sounds.append(sentence(to.language, "day", day=spoken, key=str(index)))
        said += [(phrase, str(index)) for phrase in day_phrases(to.language, day, today=to.today)]
    return _asked(to, sounds, said, len(days), "more_days" if more else "")


@lru_cache(maxsize=1024)
def _parts(to: _Listener, parts: tuple[str, ...]) -> _Asked:
    sounds, said = _begun(to, "which_part"), _none_said()
    for index, part in enumerate(parts, start=1):
        sounds.append(sentence(to.language, f"part_{part}", key=str(index)))
        said += _choices(to.language, **{part: str(index)})
    return _asked(to, sounds, said, len(parts), "")


@lru_cache(maxsize=1024)
def _slots(to: _Listener, slots: tuple[Slot, ...], of_day: bool, more: bool) -> _Asked:
    sounds, said = _begun(to, "which_time" if of_day else "which_window"), _none_said()
    for index, slot in enumerate(slots, start=1):
        starts, ends = slot.starts.astimezone(to.zone), slot.ends.astimezone(to.zone)
        spoken = _window(to.language, starts, ends, to.today)
        phrases = window_phrases(to.language, starts, ends)
        if of_day:
            del spoken["day"]
        else:
            days = day_phrases(to.language, starts.date(), today=to.today)
            phrases = (*phrases, *days, *(f"{days[0]} {phrase}" for phrase in phrases))
        sounds.append(sentence(to.language, "window_of_day" if of_day else "window", key=str(index), **spoken))
        said += [(phrase, str(index)) for phrase in phrases]
    return _asked(to, sounds, said, len(slots), "more_times" if more else "")


def _none_said() -> _Said:
    return []


def _begun(to: _Listener, name: str) -> list[actions.Sound]:
    names = (name, "say_it") if to.by_voice else (name,)
    return [sentence(to.language, each) for each in names]


def _asked(to: _Listener, sounds: list[actions.Sound], said: _Said, count: int, more: str) -> _Asked:
    keys = "".join(str(index) for index in range(1, count + 1))
    if more:
        sounds.append(sentence(to.language, more, key=MORE))
        said += _choices(to.language, **{more: MORE})
        keys += MORE
    if to.soon:
        sounds.append(sentence(to.language, "soon", key=SOON))
        said += _choices(to.language, soon=SOON)
        keys += SOON
    phrases = _with_key_names(to.language, said, keys) if to.heard else {}
    return _Asked(tuple(sounds), phrases, frozenset(keys))


# ---------------------------------------------------------------- which number, and what is booked


def which_number(flow: model.Flow, state: CallState, stage: ConfirmingNumber) -> Question:
    """Is this the number? The caller's own by its end, which a bystander may hear; another one in full."""
    language = state.language
    spoken = speaking.phone_ending if stage.number == state.caller_number else speaking.phone
    name = "which_number" if by_voice(state) else "which_number_keys"
    sounds = [sentence(language, name, number=spoken(language, stage.number))]
    return _question(flow, state, sounds, list(yes_no_phrases(language).items()), "12")


def which_promise(flow: model.Flow, state: CallState) -> Question:
    """What is booked, and what shall become of it."""
    language, promise = state.language, state.promise
    sounds = [] if promise is None else [_have(flow, state, promise)]
    sounds.append(sentence(language, "promise_choices"))
    return _question(flow, state, sounds, _choices(language, keep="1", move="2", cancel="3", speak="4"), "1234")


def sure_to_cancel(flow: model.Flow, state: CallState) -> Question:
    """Shall it be cancelled indeed?"""
    language = state.language
    hint = "hint_yes_no" if by_voice(state) else "hint_yes_no_keys"
    sounds = [sentence(language, "sure_cancel"), sentence(language, hint)]
    return _question(flow, state, sounds, list(yes_no_phrases(language).items()), "12")


def _have(flow: model.Flow, state: CallState, promise: OpenPromise) -> actions.Say:
    language = state.language
    if promise.starts is not None:
        when = message(language, "when_window", **spoken_window(flow, state, promise.starts, promise.by))
    elif promise.by <= state.at:
        when = message(language, "when_soon")
    else:
        when = message(language, "when_by", time=spoken_by(flow, state, promise))
    number = speaking.phone_ending(language, promise.number)
    # What was told in another alphabet, no voice of this language can read.
    if promise.reason and promise.reason.isascii() is (language == "en"):
        return sentence(language, "have_promise_about", when=when, number=number, reason=promise.reason)
    return sentence(language, "have_promise", when=when, number=number)


def spoken_by(flow: model.Flow, state: CallState, promise: OpenPromise) -> str:
    """Until when a promise is to be kept; with its day, where that is not today."""
    local, today = promise.by.astimezone(flow.zone), today_of(flow, state)
    time = speaking.time(state.language, local.time())
    if local.date() == today:
        return time
    return message(
        state.language, "day_and_time", day=speaking.day(state.language, local.date(), today=today), time=time
    )


# ---------------------------------------------------------------- phrases


def _choices(language: str, **keys: str) -> _Said:
    return [(phrase, key) for choice, key in keys.items() for phrase in phrases_of(language, choice)]


def _question(flow: model.Flow, state: CallState, sounds: Sequence[actions.Sound], said: _Said, keys: str) -> Question:
    phrases = _with_key_names(state.language, said, keys) if state.language in state.speech else {}
    return Question(sounds=tuple(sounds), phrases=phrases, keys=frozenset(keys), clocks=flow.clocks)


def _with_key_names(language: str, said: _Said, keys: str) -> dict[str, str]:
    return _unambiguous(said, before=[pair for key in keys for pair in phrases_for_key([], key, language).items()])


def _unambiguous(said: _Said, before: Sequence[tuple[str, str]] = ()) -> dict[str, str]:
    """Phrase -> key, without phrases that mean two things; the names of keys come first where these are asked for.

    "No" and "nine" are one word in Persian: where both could be meant, it means what was offered aloud.
    """
    meanings: dict[str, set[str]] = {}
    for phrase, key in said:
        meanings.setdefault(spelling_key(phrase), set()).add(key)
    clear = {normalised(phrase): key for phrase, key in said if len(meanings[spelling_key(phrase)]) == 1}
    taken = {spelling_key(phrase) for phrase in clear}
    names = {phrase: key for phrase, key in before if spelling_key(phrase) not in taken}
    return {**names, **clear}
