"""Settings from the environment: every bad variable is reported at once, with what to do."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import phonenumbers
from pydantic import AfterValidator, AliasChoices, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from flows.parts import LANGUAGES

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
# The value of SPEECH_MODEL for those who want calls to run by keys alone.
NO_SPEECH = "none"
LEAST_TOKEN_LENGTH = 20
EXAMPLE_FLOW = Path(__file__).resolve().parent.parent / "flows" / "examples" / "orders.yaml"


class SettingsError(Exception):
    """The environment does not describe a system that can run; `problems` has one line for each variable."""

    code = "settings"
    retryable = False

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("the settings have problems:\n" + "\n".join(f"  {line}" for line in problems))


def _e164(number: str) -> str:
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is None or not phonenumbers.is_possible_number(parsed):
        raise ValueError("must be a phone number in E.164 form, such as +14155550100")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _flow_name(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ValueError("must be the name of a flow, as its file says after `name:`")
    return name


def _api_tokens(tokens: SecretStr) -> SecretStr:
    """Says nothing of the tokens themselves: a problem is printed."""
    pairs = [pair.strip().partition(":") for pair in tokens.get_secret_value().split(",")]
    names = [name for name, _, _ in pairs]
    if not all(re.fullmatch(r"[A-Za-z0-9_.-]+", name) for name in names):
        raise ValueError("must be name:token, or several of them with commas between; names are letters and digits")
    if len(set(names)) < len(names) or len({token for _, _, token in pairs}) < len(pairs):
        raise ValueError("must have a name and a token of its own for each")
    if any(len(token) < LEAST_TOKEN_LENGTH or not token.isascii() or " " in token for _, _, token in pairs):
        raise ValueError(
            f"must have tokens of at least {LEAST_TOKEN_LENGTH} characters, such as `openssl rand -hex 20`"
        )
    return tokens


def _languages(names: str) -> str:
    unknown = sorted({name.strip() for name in names.split(",")} - set(LANGUAGES))
    if unknown:
        raise ValueError(f"must be languages with commas between, of {', '.join(LANGUAGES)}; not {', '.join(unknown)}")
    return names


def _key(key: SecretStr) -> SecretStr:
    """Says nothing of the key itself, as with tokens."""
    if "," in key.get_secret_value():
        raise ValueError("must be one key without a comma; those that it had before go into LEDGER_KEYS_OLD")
    return _keys(key)


def _keys(keys: SecretStr) -> SecretStr:
    if any(len(key.strip()) < LEAST_TOKEN_LENGTH for key in keys.get_secret_value().split(",")):
        raise ValueError(f"must have at least {LEAST_TOKEN_LENGTH} characters, such as `openssl rand -hex 32`")
    return keys


def _base_url(*schemes: str) -> AfterValidator:
    def check(url: str) -> str:
        parts = urlsplit(url)
        local = parts.scheme == "unix" and bool(parts.path)
        if parts.scheme not in schemes or not (parts.hostname or local):
            raise ValueError(f"must start with {' or '.join(f'{scheme}://' for scheme in schemes)} and name a host")
        if parts.query or parts.fragment:
            raise ValueError("must have no query and no fragment")
        return url.rstrip("/")

    return AfterValidator(check)


def _cores() -> int:
    """The cores that this process may use, which in a container are fewer than the machine's; 64 at most."""
    try:
        return min(64, len(os.sched_getaffinity(0)))
    except AttributeError:  # not on a Mac
        return min(64, os.cpu_count() or 1)


PhoneNumber = Annotated[str, AfterValidator(_e164)]
HttpUrl = Annotated[str, _base_url("http", "https")]
SocketUrl = Annotated[str, _base_url("ws", "wss")]
RedisUrl = Annotated[str, _base_url("redis", "rediss", "unix")]
Port = Annotated[int, Field(ge=1, le=65535)]


class SoundSettings(BaseSettings):
    """What is needed to speak: for commands that make prompts where no carrier is set up."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True)

    data_dir: Path = Path("data")
    # The languages that we speak ourselves, by eSpeak NG; the carrier's voice speaks the others, where it has one.
    own_voice_languages: Annotated[str, AfterValidator(_languages)] = "fa"

    @property
    def own_voices(self) -> frozenset[str]:
        """The languages of OWN_VOICE_LANGUAGES."""
        return frozenset(name.strip() for name in self.own_voice_languages.split(","))


class MachineSettings(SoundSettings):
    """What this machine runs, and where: all that can be looked at before a carrier is set up."""

    redis_url: RedisUrl | None = None
    web_host: str = "127.0.0.1"
    web_port: Port = Field(default=8080, validation_alias=AliasChoices("web_port", "port"))
    media_host: str = "127.0.0.1"
    media_port: Port = 8081
    flow_name: Annotated[str, AfterValidator(_flow_name)] | None = None
    flow_file: Path = EXAMPLE_FLOW
    # The names of models or their folders with commas between, one a language; "none" switches speech off.
    speech_model: str = "telephone-en,telephone-ar"

    @property
    def speech_models(self) -> tuple[str, ...]:
        """The names in SPEECH_MODEL, the first of a language wins; none where speech is switched off."""
        return model_names(self.speech_model)


class Settings(MachineSettings):
    """What every process reads from its environment (and from `.env` in the working folder)."""

    twilio_account_sid: Annotated[str, Field(pattern=r"^AC[0-9a-f]{32}$")]
    twilio_auth_token: SecretStr
    twilio_api_url: HttpUrl = "https://api.twilio.com"
    caller_id_number: PhoneNumber
    person_number: PhoneNumber
    public_url: HttpUrl
    media_url: SocketUrl | None = None
    flow_folder: Path | None = None
    # When a promise is on disk: within a second, or before the caller hears of it (see `ivr/redis_durability.py`).
    durability: Literal["fast", "safe"] = "fast"
    agent_ring_s: Annotated[int, Field(ge=5, le=120)] = 20
    customer_ring_s: Annotated[int, Field(ge=5, le=120)] = 30
    # One process a core; how much of their time the calls may need that are listened to, the others run by keys; and by
    # how many megabytes one may grow beyond what its calls need.
    recogniser_children: Annotated[int, Field(ge=1, le=64)] = _cores()
    recogniser_load: Annotated[float, Field(gt=0, le=1)] = 0.85
    recogniser_memory_mb: Annotated[int, Field(ge=64, le=65_536)] = 512
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    # Who may use the JSON API: "name:token,name:token"; nobody where it is not set.
    api_tokens: Annotated[SecretStr, AfterValidator(_api_tokens)] | None = None
    # What the pages of the ledger are sealed under, the auth token where it is not set; and what was it before, with
    # commas between.
    ledger_key: Annotated[SecretStr, AfterValidator(_key)] | None = None
    ledger_keys_old: Annotated[SecretStr, AfterValidator(_keys)] | None = None
    # For how many days a request is kept after it has ended.
    retention_days: Annotated[int, Field(ge=1, le=3650)] = 90

    @model_validator(mode="after")
    def _carrier_can_reach_us_safely(self) -> Settings:
        """Source: the carrier opens media sockets over wss only; plain ws serves the local carrier on loopback."""
        for name, url, secure in (
            ("PUBLIC_URL", self.public_url, "https"),
            ("MEDIA_URL", self.media_socket_url, "wss"),
        ):
            parts = urlsplit(url)
            if parts.scheme != secure and parts.hostname not in LOOPBACK_HOSTS:
                raise ValueError(f"{name} must start with {secure}:// unless its host is this machine's loopback")
        return self

    @property
    def beside_flow(self) -> Path:
        """The folder of the files that a flow names: FLOW_FOLDER, else the folder of FLOW_FILE."""
        return (self.flow_folder or self.flow_file.resolve().parent).resolve()

    @property
    def media_socket_url(self) -> str:
        """The socket address that the carrier is told; beside PUBLIC_URL unless MEDIA_URL names another."""
        if self.media_url is not None:
            return self.media_url
        parts = urlsplit(self.public_url)
        if parts.scheme == "https":
            return f"wss://{parts.netloc}/media"
        return f"ws://{parts.hostname}:{self.media_port}/media"


def model_names(speech_model: str) -> tuple[str, ...]:
    """The names in a value of SPEECH_MODEL; none where speech is switched off."""
    names = tuple(name.strip() for name in speech_model.split(",") if name.strip())
    return () if names == (NO_SPEECH,) else names


def _problem(error: Any) -> str:
    name = ".".join(str(part) for part in error["loc"]).upper()
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "missing":
        message = "is not set"
    elif error["type"] == "string_pattern_mismatch":
        message = "must be an account SID: AC and 32 hexadecimal digits"
    return f"{name}: {message}" if name else message


def load_sound_settings() -> SoundSettings:
    """Read what is needed to speak; raises `SettingsError`."""
    try:
        return SoundSettings()
    except ValidationError as error:
        raise SettingsError([_problem(item) for item in error.errors()]) from None


def load_machine_settings() -> MachineSettings:
    """Read what needs no carrier; raises `SettingsError`."""
    try:
        return MachineSettings()
    except ValidationError as error:
        raise SettingsError([_problem(item) for item in error.errors()]) from None


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; raises `SettingsError` with every problem at once."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError([_problem(item) for item in error.errors()]) from None
