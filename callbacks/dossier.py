"""The dossier, as an agent hears it in the whisper and reads it in the terminal."""

from __future__ import annotations

from typing import Any, Final

# A value of one of these names is who the caller is: said first, as an agent answers a caller by it.
NAMES: Final = ("name", "caller_name", "customer_name")


def whisper(dossier: dict[str, Any]) -> str:
    """Who is waiting and why, in a few seconds of speech."""
    number = str(dossier.get("caller_number") or "")
    values = {name: value for name, value in dossier.get("values", {}).items() if value is not None}
    name = next((values.pop(known) for known in NAMES if known in values), None)
    parts = [f"A caller for {dossier['organisation']}", *([] if name is None else [str(name)])]
    parts.append(f"on the number ending in {' '.join(number[-4:])}" if number else "with a withheld number")
    if dossier.get("reason"):
        parts.append(f"about {dossier['reason']}")
    sentences = [", ".join(parts) + "."]
    sentences += [f"{_words(name)}: {_speakable(value)}." for name, value in values.items()]
    said = [entry["text"] for entry in dossier.get("said", []) if entry["by"] == "voice"]
    if said:
        sentences.append(f"They said: {'; '.join(said)}.")
    return " ".join(sentences)


def _words(name: str) -> str:
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def _speakable(value: str | float | bool | None) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case str() if value.isdecimal():
            return " ".join(value)
        case _:
            return str(value)
