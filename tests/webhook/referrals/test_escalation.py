"""From the person's yes to a contact's answer, on SQLite and PostgreSQL."""

from __future__ import annotations

from tests.webhook.referrals.conftest import AGADEZ, COORDINATION, PERSON, Scene


def test_the_alert_leaves_at_once_and_tells_no_story(scene: Scene) -> None:
    reference = scene.refer()
    (alert,) = scene.to(AGADEZ)
    assert reference in alert
    assert "Tahoua" in alert
    assert "mangue" not in alert
    assert PERSON not in alert
    assert scene.state(reference) == "notified"


def test_reminder_then_supervisor_then_the_truth(scene: Scene) -> None:
    reference = scene.refer(danger=True)
    assert len(scene.to(AGADEZ)) == 1
    scene.go_on(seconds=59)
    assert len(scene.to(AGADEZ)) == 1
    scene.go_on(minutes=5)
    assert len(scene.to(AGADEZ)) == 2
    scene.go_on(minutes=6)
    while scene.state(reference) == "notified":
        scene.go_on(minutes=6)
    assert len(scene.to(COORDINATION)) == 2
    assert scene.state(reference) == "unanswered"
    scene.go_on(minutes=1)
    knocks = [text for text in scene.to(PERSON) if "réponse vous attend" in text]
    assert len(knocks) == 1
    assert "help" not in knocks[0]
    assert scene.sms("bonjour") != []
    (answer,) = scene.sms(f"{reference[:3]} {reference[3:]}")
    assert "n'ont pas répondu" in answer
    scene.go_on(hours=5)
    assert len([text for text in scene.to(PERSON) if "réponse vous attend" in text]) == 1
