"""How long a contact has before the next step, by urgency. Settings: ``HANKALI_PATIENCE``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from webhook.errors import SettingsError

NO_REMINDER_WITHIN_S = 60
"""CONTRACT.md: no reminder within 60 s of an alert."""
URGENCIES = ("immediate", "high", "normal")


@dataclass(frozen=True)
class Patience:
    """Time from an alert to its reminder, and from the reminder to the next contact."""

    immediate: timedelta = timedelta(minutes=5)
    high: timedelta = timedelta(minutes=30)
    normal: timedelta = timedelta(hours=4)

    def of(self, urgency: str) -> timedelta:
        """At least a minute."""
        patience = {"immediate": self.immediate, "high": self.high}.get(urgency, self.normal)
        return max(patience, timedelta(seconds=NO_REMINDER_WITHIN_S))

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Patience:
        """``HANKALI_PATIENCE="immediate=5,high=30,normal=240"`` (minutes); raises SettingsError."""
        given = (os.environ if environ is None else environ).get("HANKALI_PATIENCE", "").strip()
        values: dict[str, timedelta] = {}
        for part in filter(None, (p.strip() for p in given.split(","))):
            name, _, minutes = part.partition("=")
            if name.strip() not in URGENCIES or not minutes.strip().isdigit() or int(minutes) < 1:
                raise SettingsError("HANKALI_PATIENCE must be minutes, e.g. immediate=5,high=30,normal=240")
            values[name.strip()] = timedelta(minutes=int(minutes))
        return cls(**values)
