"""``GET /audio/<lang>/<key>.<ext>``: recordings, and nothing else of the disk."""

from __future__ import annotations

import re
from pathlib import Path

from flask import Blueprint, Response, abort, send_from_directory

TYPES = {"mp3": "audio/mpeg", "wav": "audio/wav", "ogg": "audio/ogg"}
_NAME = re.compile(r"([a-z0-9_]{1,80})\.(mp3|wav|ogg)")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
MAX_AGE_S = 3600


def create_blueprint(content: Path) -> Blueprint:
    """Serves ``content/<lang>/audio``."""
    blueprint = Blueprint("audio", __name__)

    @blueprint.get("/audio/<language>/<name>")
    def recording(language: str, name: str) -> Response:
        matched = _NAME.fullmatch(name)
        if not matched or not _LANGUAGE.fullmatch(language):
            abort(404)
        folder = content / language / "audio"
        return send_from_directory(folder, name, mimetype=TYPES[matched.group(2)], max_age=MAX_AGE_S)

    return blueprint
