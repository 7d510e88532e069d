"""The promises, each checked in every reachable state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flows import actions, events
from flows.engine.universal import KEYS_OF_WORDS, PERSON
from flows.model import Flow
from flows.prove.abstraction import innermost
from flows.prove.explore import Edge, Explored, Place
from flows.prove.proof import EffortSpent, Failure, Happened, Happening, Proof, Remembered
from flows.state import ON_THE_WAY, AtNode, Ended, Helping, SeekingPerson, WaitingInLine, WithPerson

# Source: ours. Whoever hears a machine for longer than this without a way out hangs up; 0 works all the while.
MOST_SECONDS_TO_EXIT: Final = 60.0
UNIVERSAL_KEYS: Final = frozenset(KEYS_OF_WORDS.values())
TO_A_PERSON: Final = (SeekingPerson, WaitingInLine, WithPerson)
WAY_TO_A_PERSON: Final = "the way to a person"
NOT_A_WAY_ON: Final = (
    events.HungUp,
    events.Failed,
    events.NoInput,
    events.NoMatch,
    events.AnswerLost,
    EffortSpent,
    Remembered,
    events.SpeechChanged,
)


def check(flow: Flow, explored: Explored) -> Proof:
    """The proof: what was explored, and each promise that does not hold, with the shortest call that shows it."""
    slowest, seconds = _slowest(explored)
    failures = [
        *_faults(explored),
        *_person_one_key_away(explored),
        *_dead_ends(explored),
        *_endless_loops(explored),
        *_keypad_alone(explored),
    ]
    if seconds > MOST_SECONDS_TO_EXIT:
        message = (
            f"a caller listens for {seconds:.0f} s before the exit is offered; at most {MOST_SECONDS_TO_EXIT:.0f} s"
        )
        failures.append(_failure(explored, "exit-offered-soon", slowest, message))
    places = explored.places
    return Proof(
        revision=flow.revision,
        states=len(places),
        transitions=sum(len(place.edges) for place in places),
        questions=sum(_listens(place) for place in places),
        seconds_to_exit=round(seconds, 1),
        slowest_node=_place_name(places[slowest]),
        failures=tuple(_first_of_each_node(failures)),
    )


def _place_name(place: Place) -> str:
    """Where a caller is, for people: the way to a person is the engine's own and the same at every node."""
    return WAY_TO_A_PERSON if isinstance(innermost(place.state.stage), ON_THE_WAY) else place.state.node


def _failure(
    explored: Explored,
    promise: str,
    at: int,
    message: str,
    then: Happened | None = None,
) -> Failure:
    state = explored.places[at].state
    call = explored.call_to(at)
    if then is not None:
        call = (*call, Happening(state.node, then))
    place_name = _place_name(explored.places[at])
    if place_name == WAY_TO_A_PERSON:
        message = f"on {place_name}: {message}"
    return Failure(promise, state.node, message, state.language, bool(state.speech), call)


def _first_of_each_node(failures: list[Failure]) -> Iterator[Failure]:
    """One failure for each promise and node: the others are the same mistake, met another way."""
    seen: set[tuple[str, str]] = set()
    for failure in sorted(failures, key=lambda failure: len(failure.call)):
        if (failure.promise, failure.node) not in seen:
            seen.add((failure.promise, failure.node))
            yield failure


def _listens(place: Place) -> bool:
    return any(isinstance(action, actions.Collect | actions.Record) for action in place.did)


def _faults(explored: Explored) -> Iterator[Failure]:
    for fault in explored.faults:
        yield _failure(explored, "no-fault", fault.at, f"the engine fails: {fault.error}", fault.event)


def _keys(edge: Edge) -> str | None:
    return edge.event.keys if isinstance(edge.event, events.KeysPressed | events.Heard) else None


def _presses(edge: Edge, keys: str) -> bool:
    event = edge.event
    return isinstance(event, events.KeysPressed | events.Recorded) and event.keys == keys


def _person_one_key_away(explored: Explored) -> Iterator[Failure]:
    for index, place in enumerate(explored.places):
        if isinstance(place.state.stage, Ended):
            continue
        if _listens(place):
            exits = [edge for edge in place.edges if _presses(edge, PERSON)]
            if not exits:
                yield _failure(explored, "person-one-key-away", index, "0 is not listened for")
            for edge in exits:
                if not isinstance(explored.places[edge.to].state.stage, TO_A_PERSON):
                    yield _failure(explored, "person-one-key-away", index, "0 does not lead to a person", edge.event)
        elif isinstance(place.state.stage, SeekingPerson):
            for edge in place.edges:
                if not isinstance(explored.places[edge.to].state.stage, ON_THE_WAY):
                    message = "looking for a person leads back into the flow"
                    yield _failure(explored, "person-one-key-away", index, message, edge.event)


def _dead_ends(explored: Explored) -> Iterator[Failure]:
    """Places without a way on, and places from which the flow's own answers lead to no end."""
    places = explored.places
    incoming: list[list[int]] = [[] for _ in places]
    for index, place in enumerate(places):
        if not place.did and not isinstance(place.state.stage, Ended):
            yield _failure(explored, "no-dead-end", index, "the caller hears nothing, and nothing is listened for")
        if place.state.misses or isinstance(place.state.stage, Helping):
            continue  # the third miss and the words of help are the engine's ways out, not the flow's
        for edge in place.edges:
            if not isinstance(edge.event, NOT_A_WAY_ON) and _keys(edge) not in UNIVERSAL_KEYS:
                incoming[edge.to].append(index)
    ends = [index for index, place in enumerate(places) if isinstance(place.state.stage, (Ended, *ON_THE_WAY))]
    reaching = set(ends)
    while ends:
        for before in incoming[ends.pop()]:
            if before not in reaching:
                reaching.add(before)
                ends.append(before)
    for index, place in enumerate(places):
        if index not in reaching and not place.state.misses and isinstance(place.state.stage, AtNode):
            yield _failure(explored, "no-dead-end", index, "no answer leads to an end, a person or a callback")


def _endless_loops(explored: Explored) -> Iterator[Failure]:
    """Circles of decisions and answers of the shell: a caller would hear them go on and on."""
    places = explored.places
    onward = [[edge.to for edge in place.edges if not edge.by_caller] for place in places]
    done: set[int] = set()
    for root in range(len(places)):
        if root in done or not onward[root]:
            continue
        on_path: set[int] = {root}
        stack = [(root, iter(onward[root]))]
        while stack:
            index, rest = stack[-1]
            nearest = next(rest, None)
            if nearest is None:
                stack.pop()
                on_path.discard(index)
                done.add(index)
            elif nearest in on_path:
                message = "this can go round and round without the caller"
                yield _failure(explored, "no-endless-loop", nearest, message)
            elif nearest not in done:
                on_path.add(nearest)
                stack.append((nearest, iter(onward[nearest])))


def _keypad_alone(explored: Explored) -> Iterator[Failure]:
    """What speech reaches, keys must reach: from a call that is never heard."""
    places = explored.places
    by_keys: set[int] = {1}
    todo = [1]
    while todo:
        for edge in places[todo.pop()].edges:
            spoken = isinstance(edge.event, events.Heard | events.NoMatch | events.SpeechChanged)
            if not spoken and edge.to not in by_keys:
                by_keys.add(edge.to)
                todo.append(edge.to)
    reached = {(places[index].state.node, places[index].state.language) for index in by_keys}
    seen: set[tuple[str, str]] = set()
    for index, place in enumerate(places):
        where = (place.state.node, place.state.language)
        if where not in reached and where not in seen:
            seen.add(where)
            message = f'"{place.state.node}" can be reached by voice alone'
            yield _failure(explored, "keypad-alone", index, message)


def _slowest(explored: Explored) -> tuple[int, float]:
    """The place before which a caller is spoken to for the longest, from one thing that they do to the next."""
    places = explored.places
    heard = [0.0] * len(places)
    for start in (0, 1):
        heard[start] = places[start].seconds
    for place in places:
        for edge in place.edges:
            if edge.by_caller:
                heard[edge.to] = max(heard[edge.to], edge.seconds)
    waiting = [0] * len(places)
    for place in places:
        for edge in place.edges:
            waiting[edge.to] += not edge.by_caller
    ready = [index for index, count in enumerate(waiting) if count == 0]
    while ready:
        index = ready.pop()
        for edge in places[index].edges:
            if edge.by_caller:
                continue
            heard[edge.to] = max(heard[edge.to], heard[index] + edge.seconds)
            waiting[edge.to] -= 1
            if waiting[edge.to] == 0:
                ready.append(edge.to)
    slowest = max(range(len(places)), key=heard.__getitem__)
    return slowest, heard[slowest]
