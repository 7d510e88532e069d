"""Two words that a caller hears at booking, and first of all when we call: so they know that it is us. Pure.

Short, well known, and each unlike the others in sound. The words follow from the request's id.
"""

from __future__ import annotations

import hashlib
from typing import Final

WORDS: Final[dict[str, tuple[str, ...]]] = {
    "en": (
        *(
            "river",
            "lantern",
            "apple",
            "window",
            "garden",
            "silver",
            "bridge",
            "candle",
            "feather",
            "harbour",
            "island",
        ),
        *("jacket", "kettle", "lemon", "marble", "needle", "orange", "pepper", "rabbit", "saddle", "ticket", "velvet"),
        *("walnut", "yellow", "butter", "copper", "dolphin", "engine", "forest", "guitar", "honey", "mountain"),
    ),
    "ar": (
        *(
            "قمر",
            "نهر",
            "تفاحة",
            "جبل",
            "وردة",
            "شمس",
            "بحر",
            "كتاب",
            "نجمة",
            "حديقة",
            "برتقال",
            "جسر",
            "مفتاح",
            "نافذة",
        ),
        *("غيمة", "فراشة", "قطار", "زيتون", "عسل", "خيمة", "ليمون", "طائر", "صندوق", "مدينة", "شجرة", "قلم", "سفينة"),
        *("ملح", "رمان", "حصان", "مصباح", "ثلج"),
    ),
    "fa": (
        *(
            "ماه",
            "رودخانه",
            "سیب",
            "کوه",
            "ستاره",
            "باران",
            "دریا",
            "کتاب",
            "پنجره",
            "باغ",
            "پرتقال",
            "پل",
            "کلید",
            "ابر",
        ),
        *(
            "پروانه",
            "قطار",
            "زیتون",
            "عسل",
            "چادر",
            "لیمو",
            "پرنده",
            "صندوق",
            "درخت",
            "قلم",
            "کشتی",
            "نمک",
            "انار",
            "اسب",
        ),
        *("چراغ", "برف", "گندم", "آهو"),
    ),
}


def code_words(request_id: str, language: str) -> tuple[str, str]:
    """Two different words in a language, always the same for one request; English where we have none in it."""
    words = WORDS.get(language, WORDS["en"])
    number = int.from_bytes(hashlib.sha256(request_id.encode()).digest()[:8])
    first, step = number % len(words), 1 + number // len(words) % (len(words) - 1)
    return words[first], words[(first + step) % len(words)]
