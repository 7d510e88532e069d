"""The addresses that we hand to the carrier; each names the turn or the fence that it acts under."""

from __future__ import annotations

from urllib.parse import quote, urlencode


class Urls:
    """Builds absolute URLs below the public address that the carrier signs."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url

    def turn(self, turn: int, by: str, *, language: str, sensitive: bool = False) -> str:
        """Where the answer to a turn goes; `by` says what kind of answer it is.

        The `language` of the call is in it, so that a fault is told in it even where no state can be read.
        A `sensitive` answer is in the request's body alone: it is not stored, logged, or carried on in an address.
        """
        secret = {"sensitive": 1} if sensitive else {}
        return self._url("/voice/turn", turn=turn, by=by, lang=language, **secret)

    def prompt(self, name: str) -> str:
        """The sound of a text that we speak ourselves."""
        return self._url(f"/prompt/{name}.wav")

    def audio(self, revision: str, file: str) -> str:
        """A recorded prompt of a flow; `file` is relative to the flow's folder."""
        return self._url(f"/audio/{revision}/{quote(file)}")

    def patient_silence(self, turn: int, patience: int, *, language: str) -> str:
        """Where silence goes while the caller is speaking; `patience` counts how often we went on listening."""
        return self._url("/voice/turn", turn=turn, by="silence", lang=language, patience=patience)

    def last_resort(self, *, language: str) -> str:
        """Where a call goes on after the person who is rung when something is broken."""
        return self._url("/voice/last-resort", lang=language)

    def stream_status(self) -> str:
        return self._url("/voice/stream")

    def whisper(self, call_sid: str, person_id: str) -> str:
        """What a person hears before they are joined with a caller who is on the line."""
        return self._url("/agent/whisper", call=call_sid, person=person_id)

    def number_whisper(self, call_sid: str, language: str) -> str:
        """What is heard at a plain number before it is joined with a caller."""
        return self._url("/agent/number-whisper", call=call_sid, lang=language)

    def whisper_answer(self, call_sid: str, person_id: str) -> str:
        return self._url("/agent/whisper-answer", call=call_sid, person=person_id)

    def person_status(self, call_sid: str, person_id: str) -> str:
        return self._url("/agent/status", call=call_sid, person=person_id)

    def callback(self, step: str, request_id: str, fence: int, *, offer: int = 1) -> str:
        """A step of a callback attempt: offer, accept, agent-status, wrap-up, disposition, customer-status, ..."""
        return self._url(f"/callback/{step}", request=request_id, fence=fence, offer=offer)

    def callback_answer(self, request_id: str, fence: int, *, language: str, step: str = "answer") -> str:
        """Where a customer's leg goes; their `language` is in it for the same reason as a caller's."""
        return self._url(f"/callback/{step}", request=request_id, fence=fence, lang=language)

    def callback_late(self, request_id: str, ends: int, *, language: str) -> str:
        """What a call says that tells of a new time; `ends` in seconds since 1970."""
        return self._url("/callback/late", request=request_id, ends=ends, lang=language)

    def callback_proof(self, request_id: str, fence: int, asked: int, *, language: str) -> str:
        """Where a customer's silence goes; `asked` counts how often they were asked for the key."""
        return self._url("/callback/no-proof", request=request_id, fence=fence, asked=asked, lang=language)

    def _url(self, path: str, **query: str | int) -> str:
        return f"{self._public_url}{path}" + (f"?{urlencode(query)}" if query else "")
