"""Behaviour of the vendor that is contradictory or unknown: one switch each, with the likeliest default."""

from __future__ import annotations

from typing import Literal

import msgspec


class Switches(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the carrier does where the documentation is silent.

    status_webhooks_with_inline_twiml: a call created with `Twiml` sends its status webhooks.
    gather_action_on_redirect: a REST update during a Gather requests the Gather's action as well.
    dial_action_on_redirect: a REST update during a Dial requests its action too, ignoring the answer.
    whisper_reject_status: `DialCallStatus` after the callee's `url` document hung up.
    chunk_per_track: with both tracks, `media.chunk` counts each track by itself.
    gather_type_ahead: keys pressed before a Gather starts are kept for it.
    redirect_latency_ms, redirect_latency_dial_ms: from the REST update to the new document's request.
    play_errors_are_fatal: an audio file that cannot be fetched sends the call to the fallback URL.
    pacing_calls_per_s: calls created by REST start at most this often; 0 = at once.
    from_must_be_owned: creating a call from a number that is not the account's is refused (21210).
    dial_ring_extra_s: a Dial rings this much longer than its `timeout` says.
    """

    status_webhooks_with_inline_twiml: bool = True
    gather_action_on_redirect: bool = False
    dial_action_on_redirect: bool = True
    whisper_reject_status: Literal["no-answer", "busy", "completed", "failed"] = "no-answer"
    chunk_per_track: bool = True
    gather_type_ahead: bool = False
    redirect_latency_ms: int = 300
    redirect_latency_dial_ms: int = 650
    play_errors_are_fatal: bool = True
    pacing_calls_per_s: float = 0.0
    from_must_be_owned: bool = False
    dial_ring_extra_s: float = 0.0
