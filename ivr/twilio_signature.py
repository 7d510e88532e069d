"""The carrier's signature on webhooks and media sockets."""

from __future__ import annotations

from collections.abc import Mapping

from twilio.request_validator import RequestValidator


class SignatureCheck:
    """Answers whether a request was signed with our auth token, for the public URL that we are configured with.

    Source: https://www.twilio.com/docs/usage/security
    """

    def __init__(self, auth_token: str) -> None:
        self._validator = RequestValidator(auth_token)

    def is_valid(self, url: str, params: Mapping[str, str], signature: str | None) -> bool:
        """`params` is the decoded form as it came (Werkzeug's MultiDict for a POST), `{}` for GET and sockets."""
        return bool(signature) and bool(self._validator.validate(url, params, signature))
