"""Three fictional phones for a demo without any account: the page, the carrier and the providers' stand-ins.

Everything here exists in demo mode only and keeps what it shows in memory only (so demo mode runs one worker).
"""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from webhook.simulator import guard, page, telegram_api, twilio_api
from webhook.simulator.calls import Calls
from webhook.simulator.carrier import Carrier
from webhook.simulator.refusal import RefusedError
from webhook.simulator.screens import Screens
from webhook.simulator.settings import TELEGRAM_API_PATH, TWILIO_API_PATH, SimulatorSettings
from webhook.simulator.telegram_updates import Updates

__all__ = ["TELEGRAM_API_PATH", "TWILIO_API_PATH", "SimulatorSettings", "create_blueprint"]


def create_blueprint(settings: SimulatorSettings) -> Blueprint:
    """The blueprint ``simulator`` with its own empty screens; all of it answers 404 outside demo mode."""
    blueprint = Blueprint(
        "simulator",
        __name__,
        static_folder="static",
        static_url_path="/simulator/static",
        template_folder="templates",
    )
    screens, calls, updates, carrier = Screens(), Calls(), Updates(), Carrier(settings)
    page.add_routes(blueprint, page.Line(settings, screens, calls, carrier, updates))
    telegram_api.add_routes(blueprint, telegram_api.TelegramApi(settings, screens, updates))
    twilio_api.add_routes(blueprint, twilio_api.TwilioApi(settings, screens, calls, carrier))
    blueprint.before_request(lambda: guard.demo_only(settings))
    blueprint.after_request(guard.protect)

    @blueprint.errorhandler(RefusedError)
    def refused(error: RefusedError) -> tuple[Response, int]:
        return jsonify(french=error.french, english=error.english), error.status

    return blueprint
