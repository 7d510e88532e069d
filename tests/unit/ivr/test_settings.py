"""Settings: what is accepted, and that every problem is reported at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from callbacks.ledger import Keyring
from ivr.desk.ledger import keyring_of
from ivr.settings import Settings, SettingsError, load_settings

GOOD = {
    "twilio_account_sid": "AC" + "0" * 32,
    "twilio_auth_token": "secretsecret",
    "caller_id_number": "+44 20 7946 0000",
    "person_number": "+442079460999",
    "public_url": "https://ivr.example.org/",
}


def load(**changes: str) -> Settings:
    return load_settings(_env_file=None, **{**GOOD, **changes})


def problems(**changes: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(**changes)
    return caught.value.problems


def test_numbers_become_e164_and_addresses_lose_their_last_slash() -> None:
    settings = load()
    assert settings.caller_id_number == "+442079460000"
    assert settings.public_url == "https://ivr.example.org"


def test_the_socket_address_follows_the_public_one_unless_it_is_set() -> None:
    assert load().media_socket_url == "wss://ivr.example.org/media"
    assert load(media_url="wss://media.example.org/x").media_socket_url == "wss://media.example.org/x"
    assert load(public_url="http://127.0.0.1:5000").media_socket_url == "ws://127.0.0.1:8081/media"


def test_the_files_of_a_flow_lie_beside_the_flow_file_unless_a_folder_is_set(tmp_path: Path) -> None:
    assert load(flow_file=str(tmp_path / "line.yaml")).beside_flow == tmp_path.resolve()
    assert load(flow_file="elsewhere/line.yaml", flow_folder=str(tmp_path)).beside_flow == tmp_path.resolve()


def test_several_speech_models_have_commas_between_them_and_none_is_none() -> None:
    assert load().speech_models == ("telephone-en", "telephone-ar")
    assert load(speech_model=" telephone-en, /srv/models/ar ,").speech_models == ("telephone-en", "/srv/models/ar")
    assert load(speech_model="none").speech_models == ()


def test_nothing_listens_beyond_loopback_unless_told() -> None:
    assert (load().web_host, load().media_host) == ("127.0.0.1", "127.0.0.1")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("twilio_account_sid", "hello", "AC and 32 hexadecimal digits"),
        ("caller_id_number", "12", "E.164"),
        ("person_number", "nobody", "E.164"),
        ("public_url", "ivr.example.org", "must start with http:// or https://"),
        ("public_url", "https://ivr.example.org/?a=1", "no query"),
        ("public_url", "http://ivr.example.org", "must start with https://"),
        ("media_url", "ws://ivr.example.org/media", "must start with wss://"),
        ("redis_url", "http://x", "must start with redis://"),
        ("web_port", "0", "greater than or equal to 1"),
        ("recogniser_children", "many", "valid integer"),
        ("recogniser_load", "85", "less than or equal to 1"),
        ("recogniser_memory_mb", "1", "greater than or equal to 64"),
        ("flow_name", "line.yaml", "FLOW_NAME: must be the name of a flow"),
        ("ledger_key", "short", "at least 20 characters"),
        ("ledger_key", f"{'a' * 20},{'b' * 20}", "those that it had before go into LEDGER_KEYS_OLD"),
        ("ledger_keys_old", f"{'a' * 20},short", "at least 20 characters"),
        ("log_level", "loud", "'debug', 'info', 'warning' or 'error'"),
    ],
)
def test_a_bad_value_is_named_and_explained(name: str, value: str, says: str) -> None:
    (problem,) = problems(**{name: value})
    assert says in problem
    assert name.upper() in problem


def test_all_bad_values_are_reported_together_without_their_secrets() -> None:
    found = problems(caller_id_number="1", person_number="2", web_port="x", twilio_account_sid="y")
    assert len(found) == 4
    assert "secretsecret" not in "".join(found)


def test_a_secret_is_not_shown_by_the_settings_themselves() -> None:
    assert "secretsecret" not in repr(load())


def test_the_keys_of_the_ledger_are_secrets_and_blanks_between_them_do_not_count() -> None:
    settings = load(ledger_key="k" * 20, ledger_keys_old=f"{'a' * 20}, {'b' * 20}")
    assert keyring_of(settings) == Keyring.of(b"k" * 20, b"a" * 20, b"b" * 20)
    assert "kkkk" not in repr(settings)
    assert "aaaa" not in repr(settings)
    assert keyring_of(load()) == Keyring.of(b"secretsecret")
    (problem,) = problems(ledger_key="secretsecret")
    assert "secretsecret" not in problem


def test_a_unix_socket_is_an_address_of_redis() -> None:
    assert load(redis_url="unix:///run/redis.sock").redis_url == "unix:///run/redis.sock"
