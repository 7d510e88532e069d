"""Callers on the processes that the Procfile names, over the local carrier."""

from __future__ import annotations

import signal
from pathlib import Path

from flows.state import Ended
from ivr.localcarrier.script import HangUp, Hear, HearEnd, Phone, Press, Say, Stay, Wait
from ivr.processes import PROCESSES
from tests.acceptance.office import AGENT_NUMBER, Office
from tests.patience import until

ROOT = Path(__file__).resolve().parents[2]
SAYS_ORDER = Say("order", voice="en-gb-scotland", rate_wpm=140)


def test_the_procfile_names_the_processes_that_serve_and_these_tests_start() -> None:
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    assert lines == {name: " ".join(["ivr", *arguments]) for name, arguments in PROCESSES.items()}


def test_a_caller_finishes_by_keypad_alone_and_cuts_every_prompt(office: Office) -> None:
    sid = office.call(
        Hear("Welcome"), Press("1"), Hear("order number"), Press("4821"), Hear("anything else"), Press("2"), Stay()
    )
    office.finish(sid)
    assert office.outcome(sid) == "solved"
    assert office.state(sid).values["order_state"].startswith("was sent")


def test_a_spoken_word_is_heard_through_the_media_stream(office: Office) -> None:
    sid = office.call(Hear("How can we help"), Wait(1500), SAYS_ORDER, Hear("order number"), HangUp())
    office.finish(sid)
    (said,) = office.state(sid).said
    assert (said.text, said.by) == ("order", "voice")


def test_a_key_and_a_spoken_word_for_the_same_turn_make_one_turn(office: Office) -> None:
    """The word ends and is recognised within the same half second in which the key is pressed."""
    sid = office.call(
        Hear("How can we help"),
        Wait(1500),
        SAYS_ORDER,
        Wait(450),
        Press("1"),
        Hear("order number"),
        Wait(1500),
        HangUp(),
    )
    office.finish(sid)
    assert len(office.state(sid).said) == 1
    assert office.state(sid).node == "order_number"


def test_when_the_media_process_is_killed_mid_call_the_call_goes_on_by_keys(office: Office) -> None:
    media = office.installation.supervisor.children["media"]
    sid = office.call(Hear("How can we help"), Stay())
    office.carrier.wait_for_event("stream_started", call_sid=sid)
    media.send(signal.SIGKILL)
    office.carrier.wait_for_event("stream_error", call_sid=sid)
    until(lambda: not office.services.listening.media_is_up(), "its heartbeat is over")
    office.carrier.act(
        sid, [Press("1"), Hear("order number"), Press("7305"), Hear("anything else"), Press("2"), Stay()]
    )
    office.finish(sid)
    assert office.outcome(sid) == "solved"
    assert not office.state(sid).speech
    assert not any(" say " in prompt for prompt in office.prompts(sid)[-3:])
    until(lambda: not media.alive, "the process is gone")
    media.start()
    until(office.services.listening.media_is_up, "it listens again")


def test_when_redis_restarts_mid_call_the_caller_hears_a_sentence_and_nothing_is_lost(office: Office) -> None:
    office.add_agent(AGENT_NUMBER, away=True)
    sid = office.call(Hear("How can we help"), Stay())
    office.carrier.wait_for_event("prompt_started", call_sid=sid, text="How can we help?")
    office.installation.redis.stop()
    office.carrier.act(sid, [Press("1"), Hear("One moment"), Stay()])
    office.carrier.wait_for_event("prompt_started", call_sid=sid, text="One moment, please.")
    office.installation.redis.start()
    office.carrier.act(
        sid,
        [
            *(Hear("order number"), Press("0#"), Hear("To be called back"), Press("1")),
            *(Hear("We will call you on"), Press("1"), Hear("It is booked"), Stay()),
        ],
    )
    office.finish(sid)
    assert office.outcome(sid) == "callback"
    booked = office.request()
    office.installation.restart_redis()
    until(lambda: office.installation.readiness() is not None, "web answers")
    assert office.request() == booked, "the promise outlives a restart"


def test_without_any_agent_the_caller_reaches_the_person_of_last_resort(office: Office) -> None:
    from ivr.demo.installation import PERSON_NUMBER

    office.carrier.set_phone(PERSON_NUMBER, Phone(answer_after_ms=100, steps=(Wait(1000), HangUp())))
    sid = office.call(Hear("How can we help"), Press("0"), Hear("Thank you for calling"), Stay())
    office.finish(sid)
    assert office.outcome(sid) == "transferred"


def test_silence_leads_to_a_person_after_three_prompts(office: Office) -> None:
    office.add_agent(AGENT_NUMBER, away=True)
    sid = office.call(
        Hear("How can we help"), Hear("did not hear"), Hear("use the keys"), Hear("You are next in line"), HangUp()
    )
    office.finish(sid)
    assert office.outcome(sid) == "abandoned"


def test_a_caller_who_hangs_up_at_once_leaves_an_ended_call(office: Office) -> None:
    sid = office.call(Hear("Welcome"), HangUp())
    office.finish(sid)
    assert office.outcome(sid) == "abandoned"


def test_a_caller_in_line_is_put_through_as_soon_as_somebody_is_free(office: Office) -> None:
    office.add_agent(AGENT_NUMBER, away=True)
    sid = office.call(
        Hear("How can we help"), Press("0"), Hear("To be called back"), Press("2"), Hear("stay on the line."), Stay()
    )
    office.carrier.wait_for(lambda event: event.call_sid == sid and "Please stay on the line" in str(event.get("text")))
    takes = Phone(answer_after_ms=100, steps=(Hear("To take the call"), Press("1"), Wait(800), HangUp()))
    office.add_agent(AGENT_NUMBER, takes)
    office.finish(sid)
    assert office.state(sid).stage == Ended(outcome="transferred")


def test_a_caller_who_begins_to_answer_just_before_the_time_is_over_is_not_interrupted(office: Office) -> None:
    """Four seconds after the prompt the carrier reports silence; the word has begun at about three and a half."""
    slowly = Say("four, eight, two, one.", voice="en-gb", rate_wpm=110)
    sid = office.call(
        Hear("How can we help"), Press("1"), HearEnd("press 0 and wait"), Wait(3300), slowly, Hear("I heard"), HangUp()
    )
    office.finish(sid)
    assert not any("did not hear" in prompt for prompt in office.prompts(sid))
