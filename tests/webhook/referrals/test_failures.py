"""Providers that fail, contacts that cannot be reached, and how quickly an alert leaves."""

from __future__ import annotations

import re
import statistics
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bot.actions import Services
from bot.places import Places
from bot.referral.directory import LiveDirectory
from tests.webhook.referrals.conftest import AGADEZ, CHILDREN, ROOT, Scene
from tests.webhook.test_rate import DANGER
from webhook.referrals.ledger import Ledger


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
        (row,) = Ledger(transaction, scene.service.vault, scene.now).all()
    assert "skipped" in scene.events(row.reference)


def service_s(scene: Scene, number: str, *texts: str) -> float:
    """Seconds from the first of the messages until the alert is at the contact's provider, without the pauses between
    messages: those are the person's."""
    known = len(alerts(scene))
    spent = 0.0
    for text in texts:
        begun = time.monotonic()
        assert scene.sms(text, sender=number)
        answered = time.monotonic()
        spent += answered - begun
    scene.twilio_server.wait_for(lambda: len(alerts(scene)) > known)
    # The alert leaves beside the last answer.
    return spent + max(0.0, alerts(scene)[known].at - answered)


def alerts(scene: Scene) -> list[Any]:
    return [call for call in scene.twilio_server.calls if call.accepted and call.parameters.get("To") == AGADEZ]


def test_from_danger_to_the_alert_under_two_seconds_beyond_the_person_s_answers(scene: Scene) -> None:
    took = [
        service_s(scene, f"+2271000060{n}", "il a un couteau il va nous tuer venez vite", "1", "1", "Tahoua", "1", "1")
        for n in range(3)
    ]
    print(f"alert after {', '.join(f'{s:.3f}' for s in took)} s of the service's own time, six messages each")
    assert statistics.median(took) < 2


@pytest.mark.parametrize("language", DANGER)
def test_with_the_policy_no_more_than_one_question_comes_before_the_alert(
    scene: Scene, dialogue: Any, contacts: Path, language: str
) -> None:
    places = Places(ROOT / "content" / "places.yml")
    policy = frozenset(("danger",))
    dialogue.use(Services(places, directory=LiveDirectory(contacts), without_consent=policy, legal_basis="test"))
    begun = time.monotonic()
    answer = scene.sms(DANGER[language])
    took_s = time.monotonic() - begun
    if not scene.escalation.due():
        # The one question: is it so?
        assert re.search(r"^1[. ]", answer[-1], re.MULTILINE)
        begun = time.monotonic()
        scene.sms("1")
        took_s += time.monotonic() - begun
    begun = time.monotonic()
    everybody = {"sms": scene.twilio_server, "telegram": scene.telegram_server}
    assert scene.escalation.due()
    (referral,) = scene.escalation.due()
    scene.settle()
    took_s += time.monotonic() - begun
    told = [call for server in everybody.values() for call in server.calls if call.accepted]
    assert told
    assert "consent policy" in scene.events(reference_of(scene, referral))
    print(f"{language}: alert after {took_s:.3f} s")
    assert took_s < 2


def reference_of(scene: Scene, referral: str) -> str:
    with scene.service.database.reading() as transaction:
        row = Ledger(transaction, scene.service.vault, scene.now).by_id(referral)
    assert row is not None
    return row.reference


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
