"""The signature of webhooks and sockets: the vendor's vectors, and the vendor's own validator."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from ivr.localcarrier.signature import sign, signed_url

NEW = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675310",
    "Digits": "1234",
    "From": "+14158675310",
    "To": "+18005551212",
}
OLD = {**NEW, "Caller": "+14158675309", "From": "+14158675309"}
SPOKEN = {"SpeechResult": "سلام دنیا", "Confidence": "0.9", "FromCity": ""}
HASH = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"


# The table of vectors of twilio.md 4 (auth token 12345).
@pytest.mark.parametrize(
    ("url", "params", "signature"),
    [
        ("https://example.com/myapp.php?foo=1&bar=2", NEW, "L/OH5YylLD5NRKLltdqwSvS0BnU="),
        ("https://mycompany.com/myapp.php?foo=1&bar=2", OLD, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("https://example.com/voice?CallSid=CA1&From=%2B15551230000", {}, "O46CB6MNjmoalC4oeV3T4sWHLEI="),
        ("wss://example.com/media", {}, "7PR3qMkpDyEJtMrVOY/LDyNq8J8="),
        ("https://example.com/gather", SPOKEN, "zmVXAT4BMeTh4QuFi+SqOcrJnrY="),
        (f"https://example.com/cb?bodySHA256={HASH}", {}, "1GgN8nEpt8zPd8zDAaVw1GrLTTo="),
    ],
)
def test_the_vendors_vectors(url, params, signature):
    assert sign("12345", url, params.items()) == signature


# "http -> userinfo dropped, port kept; https voice -> userinfo and port dropped"; fragment not included   twilio.md 4
@pytest.mark.parametrize(
    ("url", "signed"),
    [
        ("https://e.com:8443/x?a=1#rc=2", "https://e.com/x?a=1"),
        ("https://user:pass@e.com/x", "https://e.com/x"),
        ("http://user:pass@127.0.0.1:5000/x", "http://127.0.0.1:5000/x"),
        ("wss://e.com:443/media", "wss://e.com/media"),
        ("ws://127.0.0.1:8766/media", "ws://127.0.0.1:8766/media"),
        ("https://[::1]:8443/x", "https://[::1]/x"),
    ],
)
def test_what_of_the_url_is_signed(url, signed):
    assert signed_url(url) == signed


@given(st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=40), max_size=12))
def test_whatever_is_signed_satisfies_the_vendors_validator(params):
    url = "http://127.0.0.1:5000/voice?turn=1"
    signature = sign("secret", url, params.items())
    assert RequestValidator("secret").validate(url, MultiDict(params), signature)
    assert not RequestValidator("other").validate(url, MultiDict(params), signature)
