"""A call whose own revision of the flow is gone goes on in another one, to a person.

A node of the same name may mean something else there: a key that the caller was offered for opening hours could
cancel an order. So no answer is ever taken to a node of another revision. Where a node of the flow was asking, the
caller hears the apology and gets a person; where a person or a callback was at stake, which is the engine's own and
the same in every flow, nothing changes for the caller.
"""

from __future__ import annotations

from typing import Final

import msgspec

from flows.actions import Say, Sound
from flows.events import Event, Failed, HungUp
from flows.model import Flow
from flows.state import ON_THE_WAY, AtNode, CallState, Ended, beneath

CODE: Final = "revision"


def move(flow: Flow, state: CallState, event: Event) -> tuple[CallState, Event]:
    """The state as it stands in `flow`, and the event that it gets there instead of `event`.

    Nothing in the state names a node of the old revision then but the path, which is what has happened.
    """
    stays = isinstance(beneath(state.stage), (*ON_THE_WAY, Ended))
    moved = msgspec.structs.replace(
        state,
        revision=flow.revision,
        node=flow.start,
        stage=state.stage if stays else AtNode(),
        frames=(),
        trail=(),
        last_heard=_in_words(state.last_heard) if stays else (),
        pending=_in_words(state.pending) if stays else (),
    )
    return moved, event if stays or isinstance(event, HungUp) else Failed(at=event.at, code=CODE)


def _in_words(sounds: tuple[Sound, ...]) -> tuple[Sound, ...]:
    """A recording belongs to the revision that names it; its words can be spoken in any."""
    return tuple(Say(text=sound.text, language=sound.language) for sound in sounds)
