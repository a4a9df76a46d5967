"""A service in which a referral waits for its contact: ``python -m …referrals.waiting_server CONTACTS [open]``.

``open`` opens one, as a turn would. Patience is short, so that a test can wait for the reminder.
"""

from __future__ import annotations

import dataclasses
import sys
import threading
from datetime import timedelta
from pathlib import Path

from bot.referral.directory import LiveDirectory
from bot.referral.record import Consent, Record
from tests.webhook.fixed_dialogue import FixedDialogue
from webhook.app import create_app
from webhook.clock import utc_now
from webhook.referrals import escalation, patience
from webhook.referrals.ledger import Ledger
from webhook.referrals.patience import Patience
from webhook.settings import Settings

REFERENCE = "314159"
PATIENCE_S = 4.0


def record(reference: str, urgency: str = "immediate") -> Record:
    """A referral near Agadez."""
    now = utc_now().isoformat()
    return Record(
        reference=reference,
        created_at=now,
        channel="sms",
        language="fr",
        about="self",
        age_band="adult",
        region="agadez",
        country="NE",
        need="protection",
        signs=(),
        contact_permission="never",
        safe_time="any",
        consent=Consent("consent_self", "yes", now),
        urgency=urgency,
    )


def person(number: str) -> dict[str, str]:
    """Whose referral it is."""
    return {"conversation": number, "other": "", "channel": "sms", "sender": number}


def main() -> None:
    patience.NO_REMINDER_WITHIN_S = 1
    escalation.LOOK_AT_DELIVERY = timedelta(seconds=PATIENCE_S)
    settings = Settings.load(dotenv=Path("/nonexistent"))
    quick = dataclasses.replace(settings.referrals, patience=Patience(immediate=timedelta(seconds=PATIENCE_S)))
    settings = dataclasses.replace(settings, referrals=quick)
    app = create_app(settings, FixedDialogue(), directory=LiveDirectory(Path(sys.argv[1])))
    service = app.extensions["hankali"]
    service.start()
    if sys.argv[2:] == ["open"]:
        with service.database.writing() as transaction:
            referral = Ledger(transaction, service.vault, utc_now()).open(record(REFERENCE), person("+22710000777"))
        service.escalation.begin(referral)
        service.escalation.settle()
    print("ready", flush=True)
    if not sys.stdin.readline():
        threading.Event().wait()
    service.close()
    print("closed", flush=True)


if __name__ == "__main__":
    main()
