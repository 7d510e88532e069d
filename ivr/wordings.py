"""What a customer is told in a text message, in their language."""

from __future__ import annotations

from datetime import datetime

from callbacks.model import CallbackRequest
from flows import speaking
from flows.messages import message
from ivr.documents import known_language
from ivr.redis_flows import FlowStore


class Wordings:
    """Words for texts; times are told by the office's clock."""

    def __init__(self, flows: FlowStore) -> None:
        self._flows = flows

    def __call__(self, request: CallbackRequest, ends: datetime) -> str:
        """We will be later than promised: at `ends` at the latest."""
        language, local = known_language(request.language), ends.astimezone(self._flows.current.zone)
        organisation = str(request.dossier.get("organisation") or request.queue)
        return message(language, "callback_late", organisation=organisation, time=speaking.time(language, local.time()))
