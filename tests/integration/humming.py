"""A voice that takes no time, for tests in which nobody listens to what is said."""

from __future__ import annotations

from ivr.sound import espeak


class Voice:
    """Hums for a tenth of a second, at once: what a real one does is in `test_web_sound`."""

    name = "humming"

    def speak(self, _speech: espeak.Speech) -> tuple[bytes, int]:
        return b"\x00\x10" * 800, 8000

    def close(self) -> None:
        """Nothing to free."""
