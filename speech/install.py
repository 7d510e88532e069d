"""Installing a model: downloaded or from a file, checked, unpacked, tried, and only then put in its place."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from speech import catalogue, memory
from speech.archives import ArchiveError, unpack
from speech.download import download, fetch, forget
from speech.errors import SpeechError
from speech.model_card import ModelUnusableError
from speech.models import SHIPPED_DIR, Model, fits_in_memory, models_dir, read_model

LIST_NAME: Final = "model-list.json"
MOST_LIST_BYTES: Final = 4 * 2**20
# Source: ours; a large model loads in seconds, from a slow disk in a minute.
TRIAL_S: Final = 180.0
TRIAL: Final = (sys.executable, "-m", "speech.vosk_trial")
# How many bytes there are in the checksums that people publish.
HASHES: Final = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

Progress = Callable[[str, int, int | None], None]


class InstallError(SpeechError):
    """Nothing was installed; the message says why, and what to do."""

    code = "speech.install"


class AlreadyInstalledError(InstallError):
    """A model of this name is there already, and can be used."""

    code = "speech.already_installed"


class UselessError(InstallError):
    """What came is whole, and is no model that could be used."""

    code = "speech.useless"


class Listed(msgspec.Struct, frozen=True):
    """What the official list says of one model: `type` is small, big or big-lgraph, or something that hears nothing."""

    name: str
    md5: str | None = None
    type: str | None = None


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to install: the name of a model, and where it comes from; `file` or else an address."""

    name: str
    file: Path | None = None
    base_url: str = catalogue.OFFICIAL_URL
    checksum: str | None = None


def install(
    order: Order,
    data_dir: Path,
    on_progress: Progress = lambda _what, _done, _total: None,
    *,
    sleep: Callable[[float], None] = time.sleep,
    trial: Sequence[str] = TRIAL,
) -> Model:
    """Install a model into the data folder; nothing is there by its name before all of it is there and was tried.

    Raises `AlreadyInstalledError`, `InstallError` and other `SpeechError`. What was downloaded is kept until the model
    is installed, unless it is wrong.
    """
    check_is_new(order.name, data_dir)
    models = models_dir(data_dir)
    downloads = models / ".downloads"
    try:
        downloads.mkdir(parents=True, exist_ok=True)
        with _alone(downloads / f"{order.name}.lock"):
            check_is_new(order.name, data_dir)
            for left in models.glob(f".installing-{order.name}-*"):
                shutil.rmtree(left)
            if order.file is not None:
                if order.checksum is not None:
                    _check(order.file, order.checksum, on_progress)
                return _place(order, order.file, models, on_progress, trial)
            part = downloads / f"{order.name}.zip.part"
            _download(order, part, on_progress, sleep)
            try:
                model = _place(order, part, models, on_progress, trial)
            except (ArchiveError, UselessError):
                forget(part)  # what is wrong in itself is not worth keeping
                raise
            forget(part)
            return model
    except OSError as error:
        raise InstallError(
            f"{order.name} is not installed: {error.strerror or error}: {error.filename or models}"
        ) from None


def check_name(name: str) -> None:
    """Raises `InstallError` for what is no name of a model's folder."""
    if not _NAME.fullmatch(name):
        raise InstallError(f"{name!r} is no name of a model; see `ivr speech models`")


def check_is_new(name: str, data_dir: Path) -> None:
    """Raises `InstallError` for what is no name, and where something of this name is there; looks at no network."""
    check_name(name)
    if (SHIPPED_DIR / name).is_dir():
        raise AlreadyInstalledError(f"{name} came with this installation")
    place = models_dir(data_dir) / name
    if not place.exists():
        return
    try:
        read_model(place)
    except ModelUnusableError as error:
        raise InstallError(f"{place} is there already, and is not usable: {error}. Move it away first") from None
    raise AlreadyInstalledError(f"{name} is installed already, in {place}")


def _download(order: Order, part: Path, on_progress: Progress, sleep: Callable[[float], None]) -> None:
    base = order.base_url.rstrip("/")
    known = catalogue.offered(order.name)
    if known is not None and not known.phrase_lists:
        raise _static(order.name)
    listed = None if order.checksum else _listed(order.name, base, sleep)
    if listed is not None and listed.type == "big":
        raise _static(order.name)
    checksum = order.checksum or (listed and listed.md5) or ""
    _algorithm(checksum)
    download(f"{base}/{order.name}.zip", part, lambda done, total: on_progress("download", done, total), sleep)
    try:
        _check(part, checksum, on_progress)
    except InstallError:
        forget(part)
        raise


def _listed(name: str, base_url: str, sleep: Callable[[float], None]) -> Listed:
    url = f"{base_url}/{LIST_NAME}"
    by_hand = "Give the checksum of the file with --checksum"
    try:
        entries = msgspec.json.decode(fetch(url, MOST_LIST_BYTES, sleep), type=list[Listed])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InstallError(f"{url} is not the list of models that it should be. {by_hand}") from None
    found = next((each for each in entries if each.name == name), None)
    if found is None:
        raise InstallError(f"{url} does not list {name}; is the name right? See `ivr speech models`. {by_hand}")
    if not found.md5:
        raise InstallError(f"{url} has no checksum for {name}. {by_hand}")
    return found


def _static(name: str) -> InstallError:
    others = ", ".join(catalogue.alternatives_to(name)) or "a small one, or one with lgraph in its name"
    return InstallError(
        f"{name} has a static graph: it cannot be told what callers may say, and is of no use here. Take {others}"
    )


def _algorithm(checksum: str) -> str:
    algorithm = HASHES.get(len(checksum)) if re.fullmatch(r"[0-9A-Fa-f]+", checksum) else None
    if algorithm is None:
        raise InstallError(f"{checksum!r} is no checksum: give an MD5, SHA-1, SHA-256 or SHA-512 sum in hexadecimal")
    return algorithm


def _check(file: Path, checksum: str, on_progress: Progress) -> None:
    """MD5 guards against damage; what guards against others is the secure connection, or a checksum of one's own."""
    size, done = file.stat().st_size, 0
    digest = hashlib.new(_algorithm(checksum), usedforsecurity=False)
    with file.open("rb") as opened:
        while piece := opened.read(2**20):
            digest.update(piece)
            done += len(piece)
            on_progress("check", done, size)
    if digest.hexdigest() != checksum.lower():
        raise InstallError(
            f"the file is not the one that was promised: its {digest.name} sum is {digest.hexdigest()}, and should be "
            f"{checksum.lower()}. Nothing was installed; try again, or another source (--mirror, --from)"
        )


def _place(order: Order, archive: Path, models: Path, on_progress: Progress, trial: Sequence[str]) -> Model:
    with tempfile.TemporaryDirectory(prefix=f".installing-{order.name}-", dir=models) as made:
        folder = Path(made) / order.name
        folder.mkdir()
        unpack(archive, folder, lambda done, total: on_progress("unpack", done, total))
        try:
            model = read_model(folder)
        except ModelUnusableError as error:
            said = str(error).replace(str(folder), order.name)
            raise UselessError(f"nothing was installed: {said}") from None
        available = memory.available_bytes()
        if not fits_in_memory(model, available):
            raise InstallError(
                f"{order.name} takes about {model.resident_bytes // 10**6} MB of memory, and "
                f"{(available or 0) // 10**6} MB are free; take a smaller model"
            )
        on_progress("try", 0, None)
        try_out(order.name, folder, trial)
        place = models / order.name
        folder.rename(place)
    return msgspec.structs.replace(model, path=place)


def try_out(name: str, folder: Path, trial: Sequence[str] = TRIAL) -> None:
    """Have libvosk hear a second of audio with a model, in a process of its own; raises `InstallError` if it fails."""
    try:
        ended = subprocess.run(
            [*trial, str(folder.resolve())],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TRIAL_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        why = f"did not come back within {TRIAL_S:.0f} s"
    else:
        if ended.returncode == 0:
            return
        why = _how_it_ended(ended.returncode, ended.stderr)
    raise InstallError(f"libvosk does not take {name}: it {why}. Nothing was installed; is the model whole?")


def _how_it_ended(returncode: int, stderr: str) -> str:
    lines = [line for line in stderr.splitlines() if line.strip()]
    said = f" ({lines[-1].strip()})" if lines else ""
    if returncode < 0:
        return f"crashed with {signal.Signals(-returncode).name}{said}"
    return f"gave up{said}"


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InstallError("another `ivr speech install` of this model is under way; wait for it") from None
        yield
