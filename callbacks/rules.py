"""What an installation and its queues decide about callbacks: plain figures that every decision rests on.

`Policy` is about the machinery (leases, ticks) and the same for all queues; `QueueRules` is what an operator says of
one queue. Both are values: where they come from is the edge's matter.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from callbacks.model import Interval, Order, UnreachedReason

# When an office can be reached, between two instants: intervals in order, which do not overlap.
Openings = Callable[[datetime, datetime], list[Interval]]


def always_open(since: datetime, until: datetime) -> list[Interval]:
    """The openings of an office that never closes."""
    return [Interval(starts=since, ends=until)]


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of the machinery; seconds unless named otherwise."""

    carrier_down_s: int = 15
    decline_cool_off_s: int = 60
    # A lease outlives the ringing and the whisper; its end is when a worker looks what became of the leg.
    agent_lease_s: int = 90
    customer_lease_s: int = 60
    unknown_outcome_s: int = 5
    # A leg that the carrier accepted is listed by then; one that is not was never made.
    listed_within_s: int = 10
    talk_check_s: int = 60
    # Nobody rings, or listens to a whisper or a greeting, for so long: the leg is ended, and counts as not answered.
    longest_answer_s: int = 240
    # Who is alone again after so short a time has not talked with anybody.
    shortest_talk_s: int = 5
    wrap_up_s: int = 60
    # A customer who was called first, and has pressed 1, waits no longer than this for somebody.
    customer_patience_s: int = 60
    # A caller in line looks again every ten seconds; who has not for this long has hung up.
    line_patience_s: int = 30
    # A dial that was withdrawn because its customer called us stays so for this long without another sign of life.
    put_off_s: int = 900
    # Promises are looked at this long before their end, to see whether they can be kept.
    foresight_s: int = 600


class RetryPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Minutes to wait after each unreached dial, by reason; a dial beyond the list's end is not made."""

    busy: tuple[int, ...] = (5, 10, 20)
    no_answer: tuple[int, ...] = (15, 60, 180)
    machine: tuple[int, ...] = (60, 240)
    failed: tuple[int, ...] = (5, 30)

    def after(self, reason: UnreachedReason) -> tuple[int, ...]:
        """The waits for one reason; none for a number that can never be reached."""
        match reason:
            case "busy":
                return self.busy
            case "no-answer" | "canceled":
                return self.no_answer
            case "machine":
                return self.machine
            case "failed":
                return self.failed
            case "bad-number" | "carrier-down":
                return ()


class DispositionRule(msgspec.Struct, frozen=True, kw_only=True):
    """What a key that the agent presses in wrap-up means: a code, and whether the customer is called again.

    `again_minutes` makes another attempt after so many minutes; `rescue` calls again at once (the line dropped);
    `machine` counts as an answering machine and follows its retry plan.
    """

    code: str
    label: str
    again_minutes: int | None = None
    rescue: bool = False
    machine: bool = False


DISPOSITIONS: Final = {
    "1": DispositionRule(code="solved", label="solved"),
    "2": DispositionRule(code="follow_up", label="to follow up"),
    "3": DispositionRule(code="voicemail", label="a voicemail", machine=True),
    "4": DispositionRule(code="dropped", label="a line that dropped", rescue=True),
}


class CallingHours(msgspec.Struct, frozen=True, kw_only=True):
    """When a customer may be rung, by the clock of the place where their phone is: minutes after midnight.

    Source: 08:00 to 21:00 is the widest that 47 CFR 64.1200(c)(1) allows to sales calls; we stay inside of it.
    """

    from_minute: int = 9 * 60
    to_minute: int = 20 * 60


class NumberRules(msgspec.Struct, frozen=True, kw_only=True):
    """Which numbers we dial for callers. `countries` are region codes such as "GB"; prefixes are E.164.

    A number is refused where it is premium, shared cost or another kind that costs more than a call, unless a prefix
    in `allow` names it; where its country is not listed; and where a prefix in `deny` names it, which comes first.
    """

    countries: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    # Our own numbers: calling one of these back would be talking to ourselves.
    own: tuple[str, ...] = ()


class Quotas(msgspec.Struct, frozen=True, kw_only=True):
    """The most promises of one day (by UTC), for one caller and for one number that is to be called."""

    per_caller: int = 5
    per_number: int = 3


class SlotRules(msgspec.Struct, frozen=True, kw_only=True):
    """Which windows a caller may choose: their length, how soon and how far ahead, and the share of time for them.

    `share_percent` of the agents' time may be promised for scheduled callbacks; the rest is for those who call now.
    """

    window_minutes: int = 60
    notice_minutes: int = 60
    days_ahead: int = 14
    share_percent: int = 60


class QueueRules(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator says of one queue. `zone` is the office's; `openings` says when the office is there."""

    name: str
    zone: str = "UTC"
    languages: tuple[str, ...] = ("en",)
    openings: Openings = always_open
    order: Order = "agent_first"
    calling_hours: CallingHours = CallingHours()
    slots: SlotRules = SlotRules()
    retries: RetryPlan = RetryPlan()
    most_dials: int = 5
    expires_after_minutes: int = 48 * 60
    # Beyond either of these no callback as soon as possible is offered.
    most_promises: int = 500
    most_wait_minutes: int = 8 * 60
    # What a conversation is taken to last until there is a measured history.
    assumed_talk_s: int = 300
    # A preferred agent is waited for so long; then anyone is asked.
    preferred_grace_s: int = 300
    # Queues whose agents help where a promise of this one is about to be broken.
    overflow: tuple[str, ...] = ()
    dispositions: dict[str, DispositionRule] = msgspec.field(default_factory=lambda: dict(DISPOSITIONS))
    numbers: NumberRules = NumberRules()
    quotas: Quotas = Quotas()
    most_rescues: int = 1
    last_message: bool = True


# What the operator says of a queue by this name; the defaults for one that nobody names.
RulesOf = Callable[[str], QueueRules]
