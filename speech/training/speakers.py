"""Who is trained on and who is not: the split is by speaker, fixed, and the same on every machine.

Development speakers never enter training. All figures in the model card are measured on them.
"""

from __future__ import annotations

import hashlib

# Four people said all ten digits. One is kept for development: with him the model would know him, without
# him the card's figures are honest.
DEVELOPMENT_DIGIT_SPEAKERS = ("nicolas",)
DEVELOPMENT_SHARE = 0.15
# Synthetic voices that are never trained on. An espeak-ng variant is left out under every accent.
# Of other languages whose voices say our words with their accent: nl (English), ms (Arabic), az (Persian).
HELD_OUT_ESPEAK_ACCENTS = ("en-gb-scotland", "nl", "ms", "az")
HELD_OUT_ESPEAK_VARIANTS = ("m8", "f5", "Mike", "john", "travis", "aunty", "shelby", "Alex", "benjamin", "Andrea")
HELD_OUT_FLITE_VOICES = ("rms",)
HELD_OUT_FESTIVAL_VOICES = ("suopuhe_lj",)
SYNTHETIC_PREFIXES = ("espeak-", "flite-", "festival-")


def voice_is_held_out(accent: str, variant: str) -> bool:
    """Say whether an espeak-ng voice (`en-us+m8`: accent `en-us`, variant `m8`) is kept out of training."""
    return accent in HELD_OUT_ESPEAK_ACCENTS or variant in HELD_OUT_ESPEAK_VARIANTS


def is_development(speaker: str) -> bool:
    """Say whether a speaker (a person's name in the recordings, or a synthetic voice) is kept out of training.

    Crowd speakers are drawn by a hash of their name, so that adding recordings never moves anyone.
    """
    if speaker.startswith("espeak-"):
        accent, _, variant = speaker.removeprefix("espeak-").partition("+")
        return voice_is_held_out(accent, variant)
    if speaker.startswith("flite-"):
        return speaker.removeprefix("flite-") in HELD_OUT_FLITE_VOICES
    if speaker.startswith("festival-"):
        return speaker.removeprefix("festival-") in HELD_OUT_FESTIVAL_VOICES
    if speaker in DEVELOPMENT_DIGIT_SPEAKERS:
        return True
    if speaker in ("george", "jackson", "yweweler"):
        return False
    draw = int.from_bytes(hashlib.sha256(speaker.encode()).digest()[:4], "big") / 2**32
    return draw < DEVELOPMENT_SHARE
