"""The fences: which package may import what, and what pure files may not touch."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("flows", "speech", "callbacks", "ivr")
FILES = sorted(
    path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py") if path.is_file()
)

# Where each vendor's name may stand: a path, or the beginning of one.
VENDORS = {
    "flask": ("ivr/",),
    "twilio": ("ivr/twilio_",),
    "vosk": ("speech/vosk_", "speech/training/vosk_"),
    "redis": ("callbacks/redis_", "ivr/redis_"),
    "apscheduler": ("callbacks/scheduler.py",),
    "ruamel": ("flows/loader.py",),
    "websockets": ("ivr/media/",),
    "aiohttp": ("ivr/localcarrier/",),
    "urllib3": ("ivr/lookups/", "speech/download.py"),
    "persiantools": ("flows/speaking/jalali.py",),
    "holidays": ("flows/hours.py",),
    "icalendar": ("ivr/desk/calendar.py",),
    "phonenumbers": (
        "callbacks/numbers.py",
        "flows/lint/rules/country_unknown.py",
        "ivr/desk/privacy.py",
        "ivr/settings.py",
    ),
    # The journal's faults are SQLite's, and are caught where it is used.
    "sqlite3": ("callbacks/journal.py", "ivr/bookkeeping.py", "ivr/commands/doctor.py", "ivr/lookups/sqlite_files.py"),
    "typer": ("ivr/cli.py", "ivr/commands/", "ivr/localcarrier/"),
    "torch": ("speech/training/",),
    "numpy": ("speech/training/",),
}

# The files of `flows` that read and write files.
READERS = {Path("flows/loader.py"), Path("flows/conversations/files.py"), Path("flows/pytest_plugin.py")}
# Files that decide and do nothing else: no clock, randomness, environment, logging or files.
PURE = [
    *(path for path in FILES if path.parts[0] == "flows" and path not in READERS),
    *(
        Path("callbacks") / f"{name}.py"
        for name in (
            *("model", "rules", "errors", "store", "dossier", "code_words"),
            *("lifecycle", "lifecycle_events", "policy", "lease", "indexes"),
            *("estimates", "foresight", "shifts", "slots", "sharing", "numbers", "calling_hours"),
            *("ledger", "ledger_entries", "ledger_fold", "ledger_verify", "audit_report"),
        )
    ),
    *(Path("ivr/desk") / name for name in ("when.py", "views.py", "calendar.py")),
    *(
        Path("speech") / f"{name}.py"
        for name in (
            *("recognition", "grammar", "digits", "meaning", "hypotheses", "doubt", "interpretation"),
            *("endpointing", "echo", "listening", "scheduling", "admission", "upsampling", "mulaw", "resample"),
            "protocol",
            *("lexicon/phones", "lexicon/english", "lexicon/arabic", "lexicon/persian", "lexicon/units"),
            *("lexicon/decoder_phones", "lexicon/entries", "lexicon/sounds_alike", "lexicon/spelling", "lexicon/ipa"),
        )
    ),
    Path("ivr/twilio_twiml.py"),
    Path("ivr/masking.py"),
    Path("ivr/lookups/breaker.py"),
    Path("ivr/lookups/values.py"),
    Path("ivr/urls.py"),
    Path("ivr/media/frames.py"),
    Path("ivr/localcarrier/gather.py"),
    Path("ivr/localcarrier/twiml.py"),
]
IMPURE_MODULES = {
    "time",
    "random",
    "secrets",
    "uuid",
    "os",
    "logging",
    "structlog",
    "pathlib",
    "io",
    "socket",
    "subprocess",
}
IMPURE_CALLS = {"now", "utcnow", "today", "open", "print", "getenv"}


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module


@pytest.mark.parametrize("path", FILES, ids=str)
def test_the_three_packages_import_neither_each_other_nor_the_edge(path: Path) -> None:
    own = path.parts[0]
    if own == "ivr":
        return
    foreign = {name.split(".")[0] for name in imports_of(path)} & set(PACKAGES) - {own}
    assert not foreign, f"{path} imports {foreign}"


@pytest.mark.parametrize("path", FILES, ids=str)
def test_each_vendor_stays_behind_its_fence(path: Path) -> None:
    for name in imports_of(path):
        allowed = VENDORS.get(name.split(".")[0])
        assert allowed is None or str(path).startswith(allowed), f"{path} imports {name}; it belongs to {allowed}"


@pytest.mark.parametrize("path", PURE, ids=str)
def test_pure_files_touch_no_clock_randomness_environment_log_or_file(path: Path) -> None:
    impure = {name.split(".")[0] for name in imports_of(path)} & IMPURE_MODULES
    assert not impure, f"{path} imports {impure}"
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            assert name not in IMPURE_CALLS, f"{path}:{node.lineno} calls {name}()"


def test_no_file_uses_a_module_that_python_3_13_has_dropped() -> None:
    for path in FILES:
        assert not {"audioop", "cgi", "telnetlib"} & set(imports_of(path)), path


def test_only_the_expected_things_lie_at_the_top() -> None:
    expected = {
        *("ivr", "flows", "speech", "callbacks", "tests", "docs"),
        *("Procfile", "pyproject.toml", "README.md", "Makefile", "LICENSE", "CHANGELOG.md"),
    }
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith((".", "__"))}
    # Created by running the product or building it; never committed.
    assert found - {"data", "build", "dist"} <= expected
