"""How one local carrier is run."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from ivr.localcarrier.switches import Switches


class CarrierSettings(msgspec.Struct, frozen=True):
    """Settings of a local carrier.

    port: 0 takes a free one. record_dir: where each leg is written as a WAV. events_file: the log as JSON lines.
    seed: the same identifiers in every run. fast_prompts: every Say is a short silence. speech_rate_wpm: how fast
    prompts are spoken. pace: how many seconds of call time pass in a second; 1 is a telephone, more is for tests
    without real audio. silent: nobody makes a sound and no speech engine is needed; prompts and people last as long
    as their words would, an audio file lasts 2 s and is not fetched. manual_clock: call time stands at this time of
    day (with its zone) until it is moved (`advance`), and then jumps; None is real time.
    """

    account_sid: str
    auth_token: str
    host: str = "127.0.0.1"
    port: int = 8090
    record_dir: Path | None = None
    events_file: Path | None = None
    seed: int | None = None
    fast_prompts: bool = False
    speech_rate_wpm: int = 165
    pace: float = 1.0
    silent: bool = False
    manual_clock: datetime | None = None
    switches: Switches = Switches()

    def __repr__(self) -> str:
        """Leave the auth token out."""
        return f"CarrierSettings(account_sid={self.account_sid!r}, host={self.host!r}, port={self.port})"
