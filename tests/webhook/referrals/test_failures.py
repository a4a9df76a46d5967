"""Providers that fail, contacts that cannot be reached, and how quickly an alert leaves."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.webhook.referrals.conftest import AGADEZ, CHILDREN, ROOT, Scene


def retry(scene: Scene) -> None:
    """What the durable clocks do."""
    for outbox_id in scene.service.delivery.due():
        scene.service.delivery.attempt(outbox_id)


@pytest.mark.parametrize("behaviour", ["error", "rate", "truncated"])
def test_ten_minutes_without_a_provider_then_everything_once(scene: Scene, behaviour: str) -> None:
    scene.twilio_server.behaviour = behaviour
    scene.refer(danger=True)
    scene.escalation.settle()
    for _ in range(10):
        scene.go_on(minutes=1)
        scene.escalation.settle()
        retry(scene)
    scene.twilio_server.behaviour = "ok"
    scene.wait(minutes=2)
    for _ in range(3):
        retry(scene)
    texts = Counter(scene.to(AGADEZ))
    assert len([t for t in texts if "Rappel" not in t]) == 1
    assert set(texts.values()) == {1}
    assert scene.service.delivery.due() == []


def test_an_address_that_is_refused_leads_to_the_next_address(scene: Scene) -> None:
    scene.twilio_server.behaviour = "refused"
    scene.refer()
    scene.escalation.settle()
    scene.twilio_server.behaviour = "ok"
    scene.go_on(seconds=21)
    assert scene.to(AGADEZ) == []
    assert len(scene.chat_of(4000000710000103)) == 1


def test_an_expired_contact_gets_nothing(scene: Scene, contacts: Path) -> None:
    text = contacts.read_text(encoding="utf-8")
    before, after = text.split("id: exemple-enfants")
    contacts.write_text(before + "id: exemple-enfants" + after.replace("2099-12-31", "2020-12-31", 1), encoding="utf-8")
    scene.sms("j'ai besoin d'aide, je veux parler à quelqu'un", "2", "1", "3", "Zinder", "2", "2", "1")
    assert scene.to(CHILDREN) == []
    with scene.service.database.reading() as transaction:
        from webhook.referrals.ledger import Ledger

        (row,) = Ledger(transaction, scene.service.vault, scene.now).all()
    assert "skipped" in scene.events(row.reference)


def test_with_the_policy_an_alert_leaves_within_two_seconds(scene: Scene, dialogue: Any, contacts: Path) -> None:
    from bot.actions import Services
    from bot.places import Places
    from bot.referral.directory import LiveDirectory

    places = Places(ROOT / "content" / "places.yml")
    policy = frozenset(("danger",))
    dialogue.use(Services(places, directory=LiveDirectory(contacts), without_consent=policy, legal_basis="test"))
    begun = time.monotonic()
    scene.sms("il a un couteau il va nous tuer, on est à Tahoua, venez vite")
    scene.twilio_server.wait_for(lambda: scene.twilio_server.accepted("Messages"))
    took_s = time.monotonic() - begun
    assert len(scene.to(AGADEZ)) == 1
    assert took_s < 2
    print(f"alert after {took_s:.3f} s")


def test_hours_are_respected_unless_there_is_danger(scene: Scene) -> None:
    niamey, zinder = "+22710000101", "+22710000102"
    scene.wait(hours=11)
    scene.sms("j'ai besoin d'aide, je veux parler à quelqu'un", "2", "1", "1", "Zinder", "2", "1")
    assert scene.to(zinder) == []
    scene.go_on(hours=2)
    assert scene.to(zinder) == []
    scene.go_on(hours=10)
    assert len(scene.to(zinder)) == 1
    assert scene.to(niamey) == []
