"""A thousand messages and referrals that wait, and what they cost."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import pytest
from flask import Flask

from bot.referral.directory import EXAMPLE, LiveDirectory
from tests.webhook.doors import service_of
from tests.webhook.providers import TwilioServer
from tests.webhook.referrals.waiting_server import person, record
from webhook import delivery as delivery_module
from webhook.clock import milliseconds, utc_now
from webhook.delivery import AT_ONCE, NotSentError, Trouble
from webhook.outbox import Outbound, queue
from webhook.referrals.ledger import Ledger

WAITING = 1000
BESIDE = 12
"""Threads of the service itself: clocks, maintenance, DBOS."""


class Hole:
    """A provider that does not answer, until it is back."""

    def __init__(self) -> None:
        self.back = threading.Event()
        self.changed = threading.Condition()
        self.inside = 0
        self.sent: Counter[str] = Counter()

    def send(self, outbox_id: str, message: Outbound) -> str:
        with self.changed:
            self.inside += 1
            self.changed.notify_all()
        late = not self.back.is_set()
        self.back.wait(30)
        with self.changed:
            self.inside -= 1
            if late:
                raise NotSentError(Trouble.UNREACHABLE, "time-out")
            self.sent[message.to] += 1
            self.changed.notify_all()
        return f"SM{outbox_id}"

    def find(self, message: Outbound, since_ms: int, known: Callable[[str], bool]) -> str | None:
        return None


def test_a_thousand_waiting_messages_hold_no_threads(
    build: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_module, "BACK_OFF_S", (0.05,))
    monkeypatch.setattr(delivery_module, "REST_AFTER_TROUBLE_S", 0.05)
    hole = Hole()
    service = service_of(build(senders={"sms": hole}))
    with service.database.writing() as transaction:
        for number in range(WAITING):
            message = [Outbound(f"+22790{number:06d}", "words")]
            queue(transaction, service.vault, channel="sms", lane=f"lane {number}", messages=message,
                  now_ms=milliseconds(utc_now()))  # fmt: skip
    before = threading.active_count()
    service.start()
    with hole.changed:
        assert hole.changed.wait_for(lambda: hole.inside == AT_ONCE, 20)
    assert threading.active_count() <= before + AT_ONCE + BESIDE
    hole.back.set()
    with hole.changed:
        assert hole.changed.wait_for(lambda: len(hole.sent) == WAITING, 120)
    assert set(hole.sent.values()) == {1}


def test_waiting_referrals_hold_no_threads(build: Callable[..., Flask], twilio_server: TwilioServer) -> None:
    many = 150
    service = service_of(build(directory=LiveDirectory(EXAMPLE)))
    assert service.escalation is not None
    with service.database.writing() as transaction:
        ledger = Ledger(transaction, service.vault, utc_now())
        for number in range(many):
            ledger.open(record(f"{100_000 + number}"), person(f"+22790{number:06d}"))
    before = threading.active_count()
    service.start()
    twilio_server.wait_for(lambda: len(twilio_server.accepted("Messages")) == many)
    # The stand-in's own threads come and go with its requests.
    threads = [t.name for t in threading.enumerate() if "process_request" not in t.name]
    assert len(threads) <= before + 2 * AT_ONCE + BESIDE, Counter(name.rstrip("0123456789_-") for name in threads)
