"""The application factory that gunicorn calls."""

from __future__ import annotations

from flask import Flask

from ivr import logs
from ivr.prompt_files import PromptFiles
from ivr.prompt_making import Ahead
from ivr.services import Services, build
from ivr.settings import load_settings
from ivr.sound import espeak
from ivr.web import agent, calendar_feed, callback, customer, health, sound, voice
from ivr.web.api import views as api_views
from ivr.web.signed import require_signature

MAX_REQUEST_BYTES = 64 * 1024


def create_app(services: Services | None = None) -> Flask:
    """The web application; without `services` it is wired from the environment."""
    app = Flask("ivr.web")
    if services is None:
        settings = load_settings()
        logs.configure("web", settings.log_level)
        services = build(settings)
        sounds = PromptFiles(settings.data_dir / "prompts")
        ahead = Ahead(espeak.find_engine(), sounds, settings.beside_flow, settings.own_voices)
        ahead.of(services.flows.last)
        app.extensions["ahead"] = ahead
    app.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST_BYTES
    app.extensions["services"] = services
    for blueprint in (voice.blueprint, agent.blueprint, callback.blueprint, customer.blueprint):
        app.register_blueprint(blueprint)
    for blueprint in (health.blueprint, sound.blueprint, api_views.blueprint, calendar_feed.blueprint):
        app.register_blueprint(blueprint)
    app.before_request(require_signature)
    return app
