"""The application factory that gunicorn calls."""

from __future__ import annotations

from flask import Flask

from ivr import logs
from ivr.services import Services, build
from ivr.settings import load_settings
from ivr.web import agent, calendar_feed, callback, customer, health, sound, voice
from ivr.web.api import views as api_views
from ivr.web.signed import require_signature

MAX_REQUEST_BYTES = 64 * 1024


def create_app(services: Services | None = None) -> Flask:
    """The web application; without `services` it is wired from the environment."""
    if services is None:
        settings = load_settings()
        logs.configure("web", settings.log_level)
        services = build(settings)
    app = Flask("ivr.web")
    app.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST_BYTES
    app.extensions["services"] = services
    for blueprint in (voice.blueprint, agent.blueprint, callback.blueprint, customer.blueprint):
        app.register_blueprint(blueprint)
    for blueprint in (health.blueprint, sound.blueprint, api_views.blueprint, calendar_feed.blueprint):
        app.register_blueprint(blueprint)
    app.before_request(require_signature)
    return app
