"""In a call: a contact confirms with reference and PIN; a caller is put through, or leaves a message."""

from __future__ import annotations

from typing import Any

import pytest

from tests.webhook.doors import Caller
from tests.webhook.referrals.conftest import AGADEZ, COORDINATION, NIAMEY, PERSON, Scene

OURS = "+22710000000"
RESCUE = "+22710000191"


def heard(caller: Caller) -> str:
    return " ".join(caller.heard)


def gather(caller: Caller) -> dict[str, str]:
    found = caller.document.find("Gather")
    assert found is not None, "no keys are awaited"
    return dict(found.attrib)


def ring(scene: Scene, number: str = PERSON) -> Caller:
    """A call in French."""
    caller = scene.call(number).call()
    if "Langue" in heard(caller):
        caller.press("3")
    return caller


def asked_for_a_person(scene: Scene, number: str = PERSON) -> Caller:
    """5 at the menu, 5 again instead of an answer to the first question."""
    return ring(scene, number).press("5").press("5")


class TestContact:
    def test_reference_then_pin_each_with_several_keys(self, scene: Scene) -> None:
        reference = scene.refer()
        call = scene.call(AGADEZ).call()
        assert "référence à six chiffres, puis dièse" in heard(call)
        assert (gather(call)["finishOnKey"], "numDigits" in gather(call)) == ("#", False)
        call.press(reference)
        assert "Tapez maintenant votre code, puis dièse" in heard(call)
        assert (gather(call)["finishOnKey"], "numDigits" in gather(call)) == ("#", False)
        call.press("0000")
        assert "confirmé, merci" in heard(call)
        assert call.over
        assert scene.state(reference) == "acknowledged"
        assert scene.referral(reference).holder == "exemple-agadez"

    def test_digits_are_data_and_only_the_star_leaves(self, scene: Scene) -> None:
        reference = scene.refer()
        for key in ("0", "5", "9", "1"):
            call = scene.call(AGADEZ).call().press(key)
            assert "Référence inconnue" in heard(call)
            assert gather(call)["finishOnKey"] == "#"
        assert scene.call(AGADEZ).call().press("*").over
        assert scene.call(AGADEZ).call().press(reference).press("*").over
        assert scene.state(reference) == "notified"

    def test_who_keys_nothing_is_asked_again_and_then_meets_the_menu(self, scene: Scene) -> None:
        scene.refer()
        call = scene.call(AGADEZ).call()
        assert "référence" in heard(call.wait())
        call.wait()
        assert gather(call)["numDigits"] == "1"
        call.wait().wait()
        assert call.over

    def test_unknown_someone_elses_and_closed(self, scene: Scene) -> None:
        reference = scene.refer()
        assert "Référence inconnue" in heard(scene.call(AGADEZ).call().press("100000").press("0000"))
        assert "pas confié" in heard(scene.call(NIAMEY).call().press(reference).press("0000"))
        scene.sms(f"OK {reference} 0000", "END", sender=AGADEZ)
        assert "clos" in heard(scene.call(AGADEZ).call().press(reference).press("0000"))

    def test_a_wrong_pin_is_asked_for_again_and_guessing_ends(self, scene: Scene) -> None:
        reference = scene.refer()
        call = scene.call(AGADEZ).call()
        for pin in ("1111", "2222"):
            call.press(reference).press(pin)
            assert "PIN incorrect" in heard(call)
            assert not call.over
        call.press(reference).press("3333")
        assert call.over
        call = scene.call(AGADEZ).call().press(f"{reference}4444").press(f"{reference}5555")
        assert not call.over
        # Five wrong ones: now the right one is wrong as well, for an hour.
        assert "PIN incorrect" in heard(scene.call(AGADEZ).call().press(f"{reference}0000"))
        assert scene.state(reference) == "notified"
        scene.wait(minutes=61)
        assert "confirmé" in heard(scene.call(AGADEZ).call().press(f"{reference}0000"))

    def test_whoever_goes_through_references_stops_there(self, scene: Scene) -> None:
        reference = scene.refer()
        for number in range(10):
            scene.call(AGADEZ).call().press(f"{100000 + number}0000")
        assert "PIN incorrect" in heard(scene.call(AGADEZ).call().press(f"{reference}0000"))
        assert scene.state(reference) == "notified"
        scene.wait(minutes=61)
        assert "confirmé" in heard(scene.call(AGADEZ).call().press(f"{reference}0000"))

    def test_the_second_of_two_hears_that_it_is_taken(self, scene: Scene) -> None:
        reference = scene.refer(danger=True)
        scene.go_on(minutes=6)
        scene.go_on(minutes=6)
        first, second = scene.call(COORDINATION).call(), scene.call(AGADEZ).call()
        first.press(reference)
        second.press(reference)
        assert "confirmé, merci" in heard(first.press("0000"))
        assert "déjà confirmé" in heard(second.press("0000"))
        assert scene.referral(reference).holder == "exemple-coordination"

    def test_from_a_telephone_that_is_nobodys_there_is_only_the_menu(self, scene: Scene) -> None:
        scene.refer()
        assert "référence" not in heard(scene.call("+22710000999").call())

    def test_hausa_and_zarma_are_never_read_out(self, scene: Scene, contacts: Any) -> None:
        contacts.write_text(contacts.read_text().replace("languages: [ha, fr, en]", "languages: [ha]"))
        reference = scene.refer()
        call = scene.call(AGADEZ).call().press(reference)
        languages = {element.attrib["language"] for element in call.document.iter("Say")}
        assert languages <= {"fr-FR", "en-GB"}


class TestPutThrough:
    def test_the_first_open_contact_is_called_and_sees_our_number_only(self, scene: Scene) -> None:
        call = ring(scene).press("5")
        assert "5" in heard(call)
        call.press("5")
        assert "Restez en ligne" in heard(call)
        dial = call.document.find("Dial")
        assert dial is not None
        assert dial.attrib["callerId"] == OURS
        assert call.calls in (NIAMEY, AGADEZ, COORDINATION)
        assert PERSON not in str(dial.attrib)
        assert heard(call.dialled("completed")) != ""
        assert call.over

    def test_nobody_there_the_next_one_then_a_message(self, scene: Scene) -> None:
        call = asked_for_a_person(scene)
        first = call.calls
        second = call.dialled("no-answer").calls
        assert second not in ("", first)
        call.dialled("busy")
        assert "laisser un message" in heard(call)
        assert gather(call)["numDigits"] == "1"

    def test_closed_contacts_are_not_called(self, scene: Scene, contacts: Any) -> None:
        contacts.write_text(contacts.read_text().replace('hours: "24/7"', 'hours: "Mo-Fr 08:00-17:30"'))
        scene.wait(hours=12)
        call = asked_for_a_person(scene)
        assert call.calls == ""
        assert "laisser un message" in heard(call)

    def test_in_danger_rescue_comes_first(self, scene: Scene) -> None:
        assert ring(scene).press("5").press("1").press("5").calls == RESCUE

    def test_an_acknowledged_caller_is_put_through_to_who_has_the_case(self, scene: Scene) -> None:
        reference = scene.refer()
        scene.sms(f"OK {reference} 0000", sender=AGADEZ)
        call = scene.call().call()
        assert "référence" in heard(call)
        call.press(reference)
        assert "confirmé" in heard(call)
        assert call.press("1").calls == AGADEZ
        call.dialled("completed")
        assert "put through" in scene.events(reference)

    def test_without_the_code_too_because_nothing_is_said_of_it(self, scene: Scene) -> None:
        reference = scene.refer()
        scene.sms(f"OK {reference} 0000", sender=AGADEZ)
        scene.wait(minutes=30)
        call = scene.call().call().wait()
        assert "confirmé" not in heard(call)
        assert call.press("5").calls == ""
        assert call.press("5").calls == AGADEZ

    def test_a_code_that_was_missed_can_be_keyed_in_the_next_call(self, scene: Scene) -> None:
        reference = scene.refer()
        scene.sms(f"OK {reference} 0000", sender=AGADEZ)
        call = scene.call().call()
        assert "pas le bon code" in heard(call.press("5"))
        call.press("5")
        assert gather(call)["numDigits"] == "1"
        assert "confirmé" in heard(scene.call().call().press(reference))

    def test_declining_the_message_leads_back_to_the_question(self, scene: Scene) -> None:
        call = asked_for_a_person(scene).dialled("failed").dialled("no-answer").press("2")
        assert "Personne ne peut répondre pour le moment" in heard(call)
        assert "danger" in heard(call)
        assert gather(call)["numDigits"] == "1"

    def test_silence_at_the_offer_ends_politely_within_four_prompts(self, scene: Scene) -> None:
        call = asked_for_a_person(scene).dialled("failed").dialled("no-answer")
        prompts = 0
        while not call.over:
            call.wait()
            prompts += 1
        assert prompts <= 4
        assert "À bientôt" in heard(call)

    def test_without_a_number_of_ours_nobody_is_called(self, scene: Scene) -> None:
        from dataclasses import replace

        telephone = scene.service.dialogue._telephone
        telephone._desk = replace(telephone._desk, number="")
        assert asked_for_a_person(scene).calls == ""


@pytest.mark.parametrize("status", ["completed", "no-answer"])
def test_a_repeated_report_of_the_dial_is_answered_the_same(scene: Scene, status: str) -> None:
    from xml.etree import ElementTree

    call = asked_for_a_person(scene)
    dial = call.document.find("Dial")
    assert dial is not None
    first = ElementTree.tostring(call.dialled(status).document)
    assert ElementTree.tostring(call._go(dial.attrib["action"], DialCallStatus=status).document) == first
