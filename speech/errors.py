"""The errors of `speech`; one base class, with what an edge needs to decide."""

from __future__ import annotations


class SpeechError(Exception):
    """Something about speech recognition failed; the call goes on by keys."""

    code = "speech"
    retryable = False
