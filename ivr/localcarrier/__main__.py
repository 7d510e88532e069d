"""`python -m ivr.localcarrier`: run a local carrier on this machine."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from ivr.localcarrier.server import run
from ivr.localcarrier.settings import CarrierSettings
from ivr.localcarrier.switches import Switches


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, run, and return the exit status."""
    parser = argparse.ArgumentParser("ivr.localcarrier", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8090, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--account-sid", default=os.environ.get("TWILIO_ACCOUNT_SID"))
    parser.add_argument("--auth-token", default=os.environ.get("TWILIO_AUTH_TOKEN"))
    parser.add_argument("--record", type=Path, metavar="DIR", help="write each leg as a stereo WAV")
    parser.add_argument("--events", type=Path, metavar="FILE", help="append the event log as JSON lines")
    parser.add_argument("--seed", type=int, help="the same identifiers in every run")
    parser.add_argument("--fast-prompts", action="store_true", help="every Say is a short silence")
    parser.add_argument("--speech-rate", type=int, default=165, metavar="WPM", help="how fast prompts are spoken")
    parser.add_argument("--pace", type=float, default=1.0, help="call seconds per second (default: %(default)s)")
    parser.add_argument("--silent", action="store_true", help="nobody makes a sound; no speech engine is needed")
    parser.add_argument("--manual-clock", metavar="TIME", help="call time stands at this ISO time until it is moved")
    parser.add_argument(
        "--switches", default="{}", metavar="JSON", help='e.g. {"redirect_latency_ms": 0}; see switches.py'
    )
    given = parser.parse_args(arguments)
    if not given.account_sid or not given.auth_token:
        parser.error("--account-sid and --auth-token are needed (or TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN)")
    if not 0 < given.pace <= 50:
        parser.error("--pace must be above 0 and at most 50")
    try:
        switches = msgspec.json.decode(given.switches, type=Switches)
    except msgspec.DecodeError as error:
        parser.error(f"--switches: {error}")
    try:
        start = datetime.fromisoformat(given.manual_clock) if given.manual_clock else None
    except ValueError as error:
        parser.error(f"--manual-clock: {error}")
    if start is not None and start.tzinfo is None:
        parser.error("--manual-clock: the time needs its zone, e.g. 2026-01-05T09:00:00+00:00")
    settings = CarrierSettings(
        account_sid=given.account_sid,
        auth_token=given.auth_token,
        host=given.host,
        port=given.port,
        record_dir=given.record,
        events_file=given.events,
        seed=given.seed,
        fast_prompts=given.fast_prompts,
        speech_rate_wpm=given.speech_rate,
        pace=given.pace,
        silent=given.silent,
        manual_clock=start,
        switches=switches,
    )
    return run(settings)


if __name__ == "__main__":
    sys.exit(main())
