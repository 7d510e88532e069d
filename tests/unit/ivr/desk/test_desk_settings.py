"""The settings of the desk: tokens for programs, and how long callbacks are kept."""

from __future__ import annotations

import pytest

from ivr.settings import Settings, SettingsError, load_settings
from ivr.web.api.tokens import name_of, tokens

GOOD = {
    "twilio_account_sid": "AC" + "0" * 32,
    "twilio_auth_token": "secretsecret",
    "caller_id_number": "+442079460000",
    "person_number": "+442079460999",
    "public_url": "https://ivr.example.org",
}
CRM, TILL = "crm-token-0123456789", "till:token-0123456789"


def load(**changes: str) -> Settings:
    return load_settings(_env_file=None, **{**GOOD, **changes})


def test_without_tokens_nobody_is_known() -> None:
    assert load().api_tokens is None
    assert tokens(load()) == {}
    assert name_of(load(), f"Bearer {CRM}") is None


def test_tokens_are_known_by_their_names_and_shown_nowhere() -> None:
    settings = load(api_tokens=f"crm:{CRM}, till:{TILL}")
    assert tokens(settings) == {"crm": CRM, "till": TILL}
    assert name_of(settings, f"Bearer {CRM}") == "crm"
    assert name_of(settings, f"bearer  {TILL} ") == "till"
    assert name_of(settings, f"Bearer {CRM}{TILL}") is None
    assert CRM not in repr(settings)


@pytest.mark.parametrize(
    "given",
    [
        "",
        CRM,
        f":{CRM}",
        "crm:short",
        f"crm:{CRM},",
        f"crm:{CRM},crm:{TILL}",
        f"crm:{CRM},till:{CRM}",
        f"c m:{CRM}",
        f"crm:{CRM} x",
    ],
)
def test_tokens_that_would_not_serve_are_refused_without_being_shown(given: str) -> None:
    with pytest.raises(SettingsError) as error:
        load(api_tokens=given)
    (problem,) = error.value.problems
    assert problem.startswith("API_TOKENS: must ")
    assert CRM not in problem


def test_callbacks_are_kept_for_ninety_days_unless_it_is_said_otherwise() -> None:
    assert load().retention_days == 90
    assert load(retention_days="30").retention_days == 30
    for given in ("0", "4000", "long"):
        with pytest.raises(SettingsError, match="RETENTION_DAYS"):
            load(retention_days=given)
