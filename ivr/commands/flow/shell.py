"""`ivr flow shell`: talk to a flow in the terminal, and keep the talk as a test."""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from flows import actions
from flows.conversations.files import save_conversation
from flows.conversations.model import Circumstances, LookupAnswer, NotFound, Step
from flows.conversations.talk import Talk, question_at, queues_of, with_lookup
from flows.conversations.typed import HELP, TypedError, lookup_answer_of, step_of
from flows.conversations.world import LookupUnansweredError, StepError
from flows.engine.vocabulary import universal_phrases
from flows.loader import load_flow
from flows.model import Flow
from flows.problems import FlowError
from flows.state import Ended
from ivr.commands.common import err, out

TIME_FORMATS: Final = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"]
PHRASES_SHOWN: Final = 12
UNREAD: Final = 2


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(shell)


def shell(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A flow.")],
    language: Annotated[str | None, typer.Option(help="Choose this language at once: en, ar, fa.")] = None,
    at: Annotated[
        dt.datetime | None, typer.Option(formats=TIME_FORMATS, help="When the call comes in, in the flow's zone.")
    ] = None,
    no_speech: Annotated[bool, typer.Option("--no-speech", help="The caller cannot be heard; keys alone.")] = False,
    save: Annotated[Path | None, typer.Option(metavar="NAME.test.yaml", help="Write the talk here at its end.")] = None,
) -> None:
    """Talk to a flow: press keys, say something, or type .help. Input may also come from a pipe."""
    try:
        flow = load_flow(file)
    except FlowError as error:
        _say(str(error), problem=True)
        raise typer.Exit(UNREAD) from None
    if language is not None and language not in flow.languages:
        raise typer.BadParameter(f"the flow speaks {', '.join(flow.languages)}, not {language}")
    given = Circumstances(speech=not no_speech, **({} if at is None else {"at": at}))
    _Shell(flow, file, given, _lines()).run(language, save)


def _lines() -> Iterator[str]:
    """What is typed, up to `.quit`; from a pipe it is shown as well, so that the output reads like the talk."""
    typed = sys.stdin.isatty()
    while True:
        try:
            line = input("> " if typed else "").strip()
        except (EOFError, KeyboardInterrupt):
            return
        if not typed:
            _say(f"> {line}")
        if line == ".quit":  # also where a lookup waits for its answer
            return
        yield line


class _Shell:
    def __init__(self, flow: Flow, file: Path, given: Circumstances, lines: Iterator[str]) -> None:
        self._flow, self._file, self._given, self._lines = flow, file, given, lines
        self._coming: list[NotFound | LookupAnswer] = []

    def run(self, language: str | None, save: Path | None) -> None:
        talk = self._begin()
        if talk is None:
            return
        if language is not None and len(self._flow.languages) > 1:
            self._do(talk, Step(presses=str(self._flow.languages.index(language) + 1)))
        else:
            self._show(talk)
        for line in self._lines:
            if line:
                self._take(talk, line)
        if save is not None:
            self._save(talk, save)

    def _begin(self) -> Talk | None:
        """The talk at its first question; None where the input ended before."""
        while True:
            try:
                return Talk(self._flow, self._given)
            except LookupUnansweredError as error:
                answer = self._ask(error)
                if answer is None:
                    return None
                self._given = with_lookup(self._given, error.node, answer)

    def _take(self, talk: Talk, line: str) -> None:
        command, _, rest = line.partition(" ")
        try:
            match command:
                case ".help":
                    _say(HELP)
                case ".state":
                    self._state(talk)
                case ".save" if rest.strip():
                    self._save(talk, Path(rest.strip()))
                case ".lookup":
                    self._coming.append(lookup_answer_of(rest.strip()))
                case _:
                    free = {queue: talk.call.agents.get(queue, ()) for queue in queues_of(self._flow)}
                    self._do(talk, step_of(line, {**talk.call.agents, **free}))
        except TypedError as error:
            _say(f"! {error}")

    def _do(self, talk: Talk, step: Step) -> None:
        while True:
            try:
                talk.do(step)
            except LookupUnansweredError as error:
                answer = self._ask(error)
                if answer is None:
                    break
                talk.answer_lookup(error.node, answer)
            except StepError as error:
                _say(f"! {error}")
                break
            else:
                self._show(talk, heard=step.agents is None and step.waits_s is None)
                break

    def _ask(self, asked: LookupUnansweredError) -> NotFound | LookupAnswer | None:
        """What a lookup finds: as it was said before, or as it is typed now; None where the input ends."""
        answer = self._coming.pop(0) if self._coming else None
        while answer is None or not _fits(asked, answer):
            values = " ".join(f"{name}=..." for name in asked.saves)
            _say(f'? "{asked.node}" looks something up. What is found: `found {values}`, `not_found` or `failed`?')
            line = next(self._lines, None)
            if line is None:
                return None
            try:
                answer = lookup_answer_of(line.removeprefix(".lookup").strip())
            except TypedError as error:
                _say(f"! {error}")
        return answer

    def _show(self, talk: Talk, *, heard: bool = True) -> None:
        """What the caller hears, and what they can do now."""
        call, last = talk.call, talk.call.verbs[-1]
        for text in call.heard if heard else ():
            _say(f"  {text}")
        if isinstance(call.state.stage, Ended):
            _say(f"[the call is over: {call.state.stage.outcome}]")
        elif isinstance(last, actions.Transfer):
            whisper = f', who hears "{last.whisper}"' if last.whisper else ""
            _say(f"[ringing {last.person_id}{whisper}: .talks or .misses]")
        elif isinstance(last, actions.Record):
            _say(f"[{call.state.node}: .record SECONDS, or .silence]")
        elif isinstance(last, actions.Collect):
            _say(f"[{call.state.node}: {self._possible(talk, last)}]")

    def _possible(self, talk: Talk, collect: actions.Collect) -> str:
        question = question_at(self._flow, talk.call.state)
        keys = " ".join(sorted(question.keys)) if question is not None and question.keys else ""
        pressed = f"press {keys}" if keys else f"press up to {collect.max_keys} keys"
        grammar = collect.grammar
        if grammar is None:
            return f"{pressed}; speech is not heard"
        everywhere = universal_phrases(self._flow, grammar.language)
        own = [*(phrase for phrase in grammar.phrases if phrase not in everywhere), *grammar.examples]
        said = list(dict.fromkeys(own))[:PHRASES_SHOWN]
        if grammar.digits is not None:
            least, most = grammar.digits.min, grammar.digits.max
            said.append(f"{most} digits" if least == most else f"{least} to {most} digits")
        return f"{pressed}; say {', '.join(said) or 'no more than the words that always work'}"

    def _state(self, talk: Talk) -> None:
        state = talk.call.state
        local = talk.call.at.astimezone(self._flow.zone)
        _say(f"node {state.node}, {type(state.stage).__name__}, {state.language}, {local:%Y-%m-%d %H:%M:%S}")
        for name, value in state.values.items():
            _say(f"  {name} = {value!r}")
        for queue, ids in talk.call.agents.items():
            _say(f"  free in {queue}: {', '.join(ids) or 'nobody'}")
        _say(f"  misses {state.misses}, errors {state.spent.errors}, repeats {state.spent.repeats}")

    def _save(self, talk: Talk, path: Path) -> None:
        flow_file = os.path.relpath(self._file.resolve(), path.resolve().parent)
        try:
            name = save_conversation(path, Path(flow_file).as_posix(), talk.conversation)
        except FlowError as error:
            _say(str(error), problem=True)
        except OSError as error:
            _say(f"{path} cannot be written: {error.strerror}", problem=True)
        else:
            _say(f'saved as "{name}" in {path}')


def _fits(asked: LookupUnansweredError, answer: NotFound | LookupAnswer) -> bool:
    """Whether an answer gives each value of a lookup, and no other."""
    if isinstance(answer, str) or set(answer.found) == set(asked.saves):
        return True
    _say(f'! "{asked.node}" finds {", ".join(asked.saves) or "no values"}: name each of them')
    return False


def _say(text: str, *, problem: bool = False) -> None:
    """Print as it is: terminals that know right-to-left text order it themselves."""
    (err if problem else out).print(text, soft_wrap=True, markup=False)
