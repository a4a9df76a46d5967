"""Acknowledging: by SMS, Telegram, call and command line; what must not work."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.webhook.referrals.conftest import AGADEZ, CHILDREN, COORDINATION, NIAMEY, PERSON, Scene


def test_by_sms_with_the_pin(scene: Scene) -> None:
    reference = scene.refer()
    answer = scene.sms(f"OK {reference} 0000", sender=AGADEZ)
    assert "confirmé" in answer[0]
    assert scene.state(reference) == "acknowledged"
    assert scene.referral(reference).holder == "exemple-agadez"
    scene.go_on(hours=9)
    assert len(scene.to(AGADEZ)) == 1
    assert scene.to(COORDINATION) == []


def test_a_wrong_pin_confirms_nothing_and_guessing_ends(scene: Scene) -> None:
    reference = scene.refer()
    for _ in range(5):
        assert "PIN incorrect" in scene.sms(f"OK {reference} 9999", sender=AGADEZ)[0]
    assert "PIN incorrect" in scene.sms(f"OK {reference} 0000", sender=AGADEZ)[0]
    assert scene.state(reference) == "notified"
    scene.wait(minutes=61)
    assert "confirmé" in scene.sms(f"ok {reference[:3]} {reference[3:]} 0000", sender=AGADEZ)[0]


def test_unknown_closed_and_someone_elses_reference(scene: Scene) -> None:
    reference = scene.refer()
    assert "inconnue" in scene.sms("OK 000000 0000", sender=AGADEZ)[0]
    assert "pas confié" in scene.sms(f"OK {reference} 0000", sender=NIAMEY)[0]
    # From a telephone that no contact registered it is only a message.
    assert "confirmé" not in " ".join(scene.sms(f"OK {reference} 0000", sender="+22710000999"))
    assert scene.state(reference) == "notified"
    scene.sms(f"OK {reference} 0000", sender=AGADEZ)
    scene.sms("END", sender=AGADEZ)
    assert scene.state(reference) == "closed"
    assert "clos" in scene.sms(f"OK {reference} 0000", sender=AGADEZ)[0]


def test_the_second_of_two_is_told_so(scene: Scene) -> None:
    reference = scene.refer(danger=True)
    scene.go_on(minutes=6)
    scene.go_on(minutes=6)
    assert scene.to(COORDINATION)
    assert "confirmé, merci" in scene.sms(f"OK {reference} 0000", sender=COORDINATION)[0]
    assert "déjà confirmé" in scene.sms(f"OK {reference} 0000", sender=AGADEZ)[0]
    assert "confirmé, merci" in scene.sms(f"OK {reference} 0000", sender=COORDINATION)[0]


def test_by_telegram_from_the_registered_chat(scene: Scene) -> None:
    reference = scene.refer()
    scene.telegram(f"OK {reference}", chat=4000000710000103)
    assert scene.state(reference) == "acknowledged"


def test_by_call_with_reference_and_pin(scene: Scene) -> None:
    reference = scene.refer()
    call = scene.call(AGADEZ).call()
    assert "référence" in call.heard[0]
    gather = call.document.find("Gather")
    assert gather is not None
    assert gather.get("numDigits") is None
    call.press(f"{reference}0000")
    assert "confirmé" in call.heard[0]
    assert scene.state(reference) == "acknowledged"


def test_a_reference_that_is_taken_is_drawn_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = scene.refer()
    fresh = f"{int(taken) ^ 1:06d}"
    drawn = iter(int(reference) - 100_000 for reference in (taken, fresh))
    monkeypatch.setattr("bot.referral.record.secrets.randbelow", lambda below: next(drawn))
    other = scene.refer(sender="+22710000998")
    assert other == fresh
    assert scene.state(taken) == "notified"
    assert scene.state(other) == "notified"


def test_free_text_of_a_contact_who_has_not_confirmed(scene: Scene) -> None:
    scene.refer()
    assert "Pour confirmer" in scene.sms("oui je m'en occupe", sender=AGADEZ)[0]


def test_a_child_goes_to_child_protection_first(scene: Scene) -> None:
    scene.sms("j'ai besoin d'aide, je veux parler à quelqu'un", "2", "1", "3", "Zinder", "2", "2", "1")
    assert len(scene.to(CHILDREN)) == 1


@pytest.mark.parametrize("word", ["STOP", "EFFACER"])
def test_stop_ends_no_referral_but_erase_withdraws_it(scene: Scene, word: str) -> None:
    reference = scene.refer()
    assert len(scene.to(AGADEZ)) == 1
    scene.sms(word)
    told = [text for text in scene.to(AGADEZ) if "retiré" in text]
    if word == "STOP":
        assert scene.state(reference) == "notified"
        assert told == []
        return
    assert scene.state(reference) == "withdrawn"
    assert told == [f"{reference} retiré, raison inconnue, pas forcément volontaire"]
    assert scene.referral(reference).secret is None
    assert PERSON not in " ".join(scene.to(AGADEZ))
    scene.go_on(hours=9)
    assert len(scene.to(AGADEZ)) == 2
    assert "clos" in scene.sms(f"OK {reference} 0000", sender=AGADEZ)[0]


def withdrawn(reference: str) -> str:
    return f"{reference} retiré, raison inconnue, pas forcément volontaire"


def go_out(scene: Scene) -> None:
    """What the clocks do, once a provider is back."""
    scene.settle()
    scene.twilio_server.behaviour = "ok"
    scene.wait(minutes=2)
    for outbox_id in scene.service.delivery.due():
        scene.service.delivery.attempt(outbox_id)


def test_a_withdrawal_before_the_alert_was_tried_is_nobody_s_business(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        # As when a process dies between the commit and the first attempt.
        patch.setattr(scene.service.delivery, "push", lambda *lane, **how: None)
        reference = scene.refer()
    assert len(scene.service.delivery.due()) == 1
    scene.sms("EFFACER")
    go_out(scene)
    assert scene.state(reference) == "withdrawn"
    assert scene.to(AGADEZ) == []


def test_a_withdrawal_after_an_alert_that_may_have_arrived_follows_it(scene: Scene) -> None:
    scene.twilio_server.behaviour = "error"
    reference = scene.refer()
    scene.settle()
    scene.sms("EFFACER")
    go_out(scene)
    alert, notice = scene.to(AGADEZ)
    assert reference in alert
    assert notice == withdrawn(reference)


def test_a_withdrawal_while_the_alert_leaves_follows_it(scene: Scene) -> None:
    scene.twilio_server.holding.clear()
    reference = scene.refer(settled=False)
    scene.twilio_server.wait_for(lambda: scene.twilio_server.calls)
    scene.sms("EFFACER")
    scene.twilio_server.holding.set()
    alert, notice = scene.to(AGADEZ)
    assert reference in alert
    assert notice == withdrawn(reference)


def test_an_alert_withdrawn_between_reading_and_sending_does_not_leave(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = scene.service.delivery
    read, attempt = threading.Event(), threading.Event()
    looking = delivery._attempt_one

    def slowly(session: Any, row: Any) -> Any:
        read.set()
        assert attempt.wait(10)
        return looking(session, row)

    monkeypatch.setattr(delivery, "_attempt_one", slowly)
    scene.refer(settled=False)
    assert read.wait(10)
    scene.sms("EFFACER")
    attempt.set()
    assert scene.to(AGADEZ) == []
    assert scene.service.delivery.due() == []
