"""News and messages: a neutral knock, proof, then words both ways until somebody closes or falls silent."""

from __future__ import annotations

from tests.webhook.referrals.conftest import AGADEZ, COORDINATION, PERSON, Scene

KNOCK = "Une réponse vous attend"
WORDS = "Bonjour, pouvez-vous venir jeudi ?"


def begin(scene: Scene) -> str:
    """Acknowledged, and the person has proved who they are after the contact wrote."""
    reference = scene.refer()
    scene.sms(f"OK {reference} 0000", sender=AGADEZ)
    scene.sms(WORDS, sender=AGADEZ)
    return reference


def test_until_the_code_word_there_is_only_a_neutral_knock(scene: Scene) -> None:
    begin(scene)
    knocks = scene.to(PERSON)
    assert len(knocks) == 1
    assert KNOCK in knocks[0]
    assert WORDS not in " ".join(knocks)
    assert "mot secret" in scene.sms("bonjour")[0]
    assert "pas le bon" in scene.sms("tomate")[0]
    assert WORDS not in " ".join(scene.sms("tomate"))
    shown = scene.sms("Mangue")
    assert any("confirmé" in text for text in shown)
    assert [text for text in shown if "Une personne vous répond maintenant" in text]
    assert any(WORDS in text for text in shown)


def test_messages_both_ways_with_one_hand_over_line_and_no_numbers(scene: Scene) -> None:
    reference = begin(scene)
    scene.sms("mangue")
    assert scene.sms("oui, le matin") == []
    assert scene.to(AGADEZ)[-1] == f"{reference}: oui, le matin"
    scene.sms("Très bien, à jeudi", sender=AGADEZ)
    assert scene.to(PERSON)[-1] == "Très bien, à jeudi"
    everything = " ".join(scene.to(AGADEZ))
    assert PERSON not in everything
    assert AGADEZ not in " ".join(scene.to(PERSON))


def test_closing_brings_the_bot_back(scene: Scene) -> None:
    begin(scene)
    scene.sms("mangue", "oui, le matin")
    assert "close" in scene.sms("END", sender=AGADEZ)[0]
    assert "quitté la conversation" in scene.to(PERSON)[-1]
    assert scene.sms("menu")


def test_a_contact_who_writes_to_a_closed_case_is_told_that_nothing_went_out(scene: Scene) -> None:
    reference = begin(scene)
    scene.sms("END", sender=AGADEZ)
    before = len(scene.to(PERSON))
    assert scene.sms(f"{reference} êtes-vous là ?", sender=AGADEZ) == [
        f"{reference}: message non transmis. Essayez encore plus tard."
    ]
    assert len(scene.to(PERSON)) == before


def test_after_a_quarter_of_an_hour_the_code_is_asked_again(scene: Scene) -> None:
    begin(scene)
    scene.sms("mangue", "oui, le matin")
    scene.wait(minutes=16)
    scene.sms("Autre chose: apportez de l'eau", sender=AGADEZ)
    assert KNOCK in scene.to(PERSON)[-1]
    assert "apportez" not in " ".join(scene.to(PERSON))
    assert any("apportez" in text for text in scene.sms("mangue"))


def test_a_contact_who_falls_silent_gives_the_bot_back(scene: Scene) -> None:
    begin(scene)
    scene.sms("mangue")
    for _ in range(4):
        assert scene.sms("vous êtes là ?") == []
        scene.wait(minutes=10)
    assert "n'a pas répondu" in scene.sms("allô ?")[0]
    assert scene.sms("2") != []


def test_danger_is_answered_at_once_and_the_contact_then_the_next_is_alerted(scene: Scene) -> None:
    reference = begin(scene)
    scene.sms("mangue")
    answer = scene.sms("il est là avec un couteau il va me tuer venez vite")
    assert "+227 10000191" in " ".join(answer)
    assert any("danger signalé" in text and reference in text for text in scene.to(AGADEZ))
    scene.go_on(minutes=6)
    assert any("danger signalé" in text for text in scene.to(COORDINATION))


def test_always_words_work_in_the_middle(scene: Scene) -> None:
    begin(scene)
    scene.sms("mangue")
    assert "arrêté" in scene.sms("STOP")[0] or "fini" in scene.sms("STOP")[0]
    assert scene.sms("0") != []


def test_a_person_who_never_wanted_contact_is_not_knocked_for(scene: Scene) -> None:
    scene.sms("j'ai besoin d'aide, je veux parler à quelqu'un", "2", "1", "1", "Tahoua", "2", "1")
    reference = scene.to(AGADEZ)[0][:6]
    scene.sms(f"OK {reference} 0000", sender=AGADEZ)
    scene.sms(WORDS, sender=AGADEZ)
    assert scene.to(PERSON) == []
    assert any(WORDS in text for text in scene.sms(reference))


def test_a_knock_waits_for_the_time_that_is_safe(scene: Scene) -> None:
    reference = scene.refer()
    scene.wait(hours=12)
    scene.sms(f"OK {reference} 0000", sender=AGADEZ)
    assert scene.to(PERSON) == []
    scene.go_on(hours=11)
    assert KNOCK in scene.to(PERSON)[0]
