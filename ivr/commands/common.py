"""What several commands need."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from ivr.redis_server import private_url
from ivr.settings import Settings, SettingsError, load_settings

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def settings_with_redis(**overrides: Any) -> Settings:
    """The settings; without REDIS_URL, those of the private server that `ivr serve` runs on this data folder."""
    settings = load_settings(**overrides)
    if settings.redis_url is not None:
        return settings
    url = private_url(settings.data_dir)
    if url is None:
        raise SettingsError(
            ["REDIS_URL: is not set, and no `ivr serve` runs on the data folder " + str(settings.data_dir)]
        )
    return settings.model_copy(update={"redis_url": url})
