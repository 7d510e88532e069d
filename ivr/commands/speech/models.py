"""`ivr speech models`: what is installed, and what there is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.markup import escape
from rich.table import Table

from ivr.commands.common import out
from ivr.commands.speech.common import speech_settings
from speech.catalogue import CATALOGUE, OFFICIAL_URL, Offered
from speech.errors import SpeechError
from speech.models import find_model, folder_bytes, installed_names, shipped_names
from speech.recognition import Capabilities


class Installed(msgspec.Struct, frozen=True):
    """One model that is here; where it cannot be used, `problem` says why, and nothing else is known.

    `recogniser` is what its recognisers can do.
    """

    name: str
    shipped: bool
    active: bool
    path: str | None = None
    bytes: int | None = None
    language: str | None = None
    rate_hz: int | None = None
    words: int | None = None
    memory_bytes: int | None = None
    recogniser: Capabilities | None = None
    problem: str | None = None


class Available(msgspec.Struct, frozen=True):
    """One official model; `usable` is whether it can be told what callers may say."""

    name: str
    language: str
    bytes: int
    rate_hz: int
    licence: str
    usable: bool
    about: str
    installed: bool


class Listing(msgspec.Struct, frozen=True):
    """What is here, in the order of SPEECH_MODEL and then by name, and what can be installed."""

    installed: list[Installed]
    available: list[Available]
    source: str = OFFICIAL_URL


def register(app: typer.Typer) -> None:
    """Add the command to its group."""
    app.command()(models)


def models(*, as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False) -> None:
    """List the speech models that are here, and those that can be installed. It looks at no network."""
    settings = speech_settings()
    listing = listing_of(settings.speech_models, settings.data_dir)
    if as_json:
        out.print_json(msgspec.json.encode(listing).decode())
        return
    here = Table("", "model", "language", "size", "memory", "rate", "words", title="here", title_justify="left")
    for one in listing.installed:
        mark = "[red]!![/]" if one.problem else "[green]*[/]" if one.active else ""
        facts = (_mb(one.memory_bytes), f"{one.rate_hz} Hz", str(one.words)) if one.problem is None else ("", "", "")
        here.add_row(mark, escape(one.name), one.language or "", _mb(one.bytes), *facts)
    out.print(here if here.row_count else "no speech model is here")
    for one in listing.installed:
        if one.problem:
            out.print(f"!! {one.problem}", markup=False, soft_wrap=True)
    active = [one.name for one in listing.installed if one.active]
    out.print(
        f"* in use: SPEECH_MODEL={','.join(settings.speech_models) or 'none'}"
        if active
        else _unused(settings.speech_model)
    )
    out.print()
    there = Table("model", "language", "download", "licence", "", title="can be installed", title_justify="left")
    for each in listing.available:
        if not each.installed:
            what = each.about if each.usable else f"{each.about}; takes no phrase lists, so it cannot be used"
            there.add_row(
                each.name, each.language, _mb(each.bytes), each.licence, what, style="" if each.usable else "dim"
            )
    out.print(there)
    out.print(f"install one with `ivr speech install MODEL`; more about them: {OFFICIAL_URL}", soft_wrap=True)


def listing_of(active: tuple[str, ...], data_dir: Path) -> Listing:
    """What is here and what can be installed; models that are named by their folder are listed too."""
    shipped, installed = shipped_names(), installed_names(data_dir)
    names = dict.fromkeys([*active, *shipped, *installed])
    here = [_here(name, data_dir, shipped=name in shipped, active=name in active) for name in names]
    return Listing(here, [_available(each, installed=each.name in installed) for each in CATALOGUE])


def _here(name: str, data_dir: Path, *, shipped: bool, active: bool) -> Installed:
    from speech.vosk_recogniser import capabilities

    try:
        model = find_model(name, data_dir)
    except SpeechError as error:
        return Installed(name, shipped, active, problem=str(error))
    return Installed(
        name,
        shipped,
        active,
        str(model.path),
        folder_bytes(model.path),
        model.language,
        model.rate_hz,
        len(model.words),
        model.resident_bytes,
        capabilities(model),
    )


def _available(each: Offered, *, installed: bool) -> Available:
    return Available(
        each.name,
        each.language,
        each.download_bytes,
        each.rate_hz,
        each.licence,
        each.phrase_lists,
        each.about,
        installed,
    )


def _unused(speech_model: str) -> str:
    return f"none of them is in use: SPEECH_MODEL={speech_model}"


def _mb(size_bytes: int | None) -> str:
    return "" if size_bytes is None else f"{size_bytes / 1e6:,.0f} MB"
