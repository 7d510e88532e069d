"""The official Vosk models for the languages that flows speak, and what each is good for here.

Source: https://alphacephei.com/vosk/models (names, sizes, licences, error rates) and model-list.json beside it (kinds,
exact sizes), from stored copies of both; sizes are rounded. "small" and "lgraph" models have a dynamic graph and take
phrase lists; the big ones have a static graph. Source: https://alphacephei.com/vosk/adaptation, and alphacep/vosk-api
issue 217. That vosk-model-ar-mgb2-0.4 is static (it has graph/HCLG.fst) is from those who use it. This is what to
expect; what was installed is looked at itself.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

OFFICIAL_URL: Final = "https://alphacephei.com/vosk/models"
_MB: Final = 10**6


class Offered(Struct, frozen=True):
    """One model that can be had; `download_bytes` is what its page says, rounded.

    Where `phrase_lists` is false it cannot be told what callers may say, and is refused. `licence` is "not stated"
    where the page has none.
    """

    name: str
    language: str
    download_bytes: int
    licence: str
    phrase_lists: bool
    about: str
    rate_hz: int = 16000


CATALOGUE: Final = (
    Offered(
        "vosk-model-small-en-us-0.15", "en", 41 * _MB, "Apache-2.0", True, "US English, small: the one to begin with"
    ),
    Offered(
        "vosk-model-en-us-0.22-lgraph",
        "en",
        131 * _MB,
        "Apache-2.0",
        True,
        "US English, fewer errors, three times as big",
    ),
    Offered("vosk-model-small-en-in-0.4", "en", 38 * _MB, "Apache-2.0", True, "Indian English, small"),
    Offered("vosk-model-small-en-gb-0.15", "en", 43 * _MB, "not stated", True, "British English, small"),
    Offered(
        "vosk-model-en-us-daanzu-20200905-lgraph", "en", 129 * _MB, "AGPL-3.0", True, "US English, made for dictation"
    ),
    Offered("vosk-model-en-us-0.22", "en", 1913 * _MB, "Apache-2.0", False, "US English, large"),
    Offered("vosk-model-en-us-0.42-gigaspeech", "en", 2424 * _MB, "Apache-2.0", False, "US English, largest"),
    Offered("vosk-model-small-ar-0.3", "ar", 104 * _MB, "not stated", True, "Arabic, old; not on the page any more"),
    Offered("vosk-model-small-ar-tn-0.1-linto", "ar", 166 * _MB, "Apache-2.0", True, "Tunisian Arabic"),
    Offered("vosk-model-ar-mgb2-0.4", "ar", 318 * _MB, "Apache-2.0", False, "Arabic of broadcast news"),
    Offered("vosk-model-ar-0.22-linto-1.1.0", "ar", 1300 * _MB, "AGPL-3.0", False, "Arabic, large"),
    Offered("vosk-model-small-fa-0.42", "fa", 53 * _MB, "Apache-2.0", True, "Persian, small: the newest of its kind"),
    Offered("vosk-model-small-fa-0.5", "fa", 62 * _MB, "Apache-2.0", True, "Persian, a little bigger"),
    Offered("vosk-model-fa-0.42", "fa", 1600 * _MB, "Apache-2.0", False, "Persian, large"),
    Offered("vosk-model-fa-0.5", "fa", 1000 * _MB, "Apache-2.0", False, "Persian, large, older"),
)


def offered(name: str) -> Offered | None:
    """The official model of this name, None where the catalogue has none."""
    return next((each for each in CATALOGUE if each.name == name), None)


def alternatives_to(name: str) -> list[str]:
    """The models of the same language that take phrase lists."""
    here = offered(name)
    return [each.name for each in CATALOGUE if here and each.language == here.language and each.phrase_lists]
