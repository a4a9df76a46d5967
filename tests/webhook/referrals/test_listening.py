"""What a caller hears: a choice within twenty seconds, key 1 goes on, and never more than four prompts into silence."""

from __future__ import annotations

from typing import Any

import pytest

from bot.effects import Turn
from tests.webhook.doors import Caller
from tests.webhook.referrals.conftest import PERSON, Scene

WORDS_BEFORE_A_CHOICE = 45
"""About 20 s of speech, as hankali content check counts it."""
LANGUAGES = ("ha", "dje", "fr", "en")


class Listening:
    """Stands before the dialogue and remembers what it said."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.turn = Turn((), None)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def answer(self, *message: Any) -> Turn:
        self.turn = self.inner.answer(*message)
        return self.turn


@pytest.fixture
def listening(scene: Scene) -> Listening:
    scene.service.inbox._dialogue = Listening(scene.service.dialogue)
    made: Listening = scene.service.inbox._dialogue
    return made


def words_before_a_choice(turn: Turn) -> int:
    """Words until the first choice is said; a number spoken digit by digit counts a third of a word each."""
    heard = [reply.text for reply in turn.replies]
    if turn.replies and turn.replies[-1].choices:
        heard[-1] = heard[-1].split(turn.replies[-1].choices[0].title)[0]
    said = " ".join(heard).replace(",", " ").split()
    digits = [word for word in said if len(word) == 1 and word.isdigit()]
    return len(said) - len(digits) + len(digits) // 3


def calling(scene: Scene, language: str) -> Caller:
    call = scene.call().call()
    return call.press(str(LANGUAGES.index(language) + 1))


ROUTES = (
    "5", "52", "521", "5211", "52111", "521112", "5212", "52121", "52131", "521111", "51", "511", "5111", "55", "551",
    "1", "11", "111", "1111", "11111", "111111", "1111111", "2", "3", "4", "9", "0", "6",
)  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_choice_within_twenty_seconds(scene: Scene, listening: Listening, language: str) -> None:
    long: dict[str, int] = {}
    for route in ROUTES:
        scene.wait(minutes=20)
        call = calling(scene, language) if route == ROUTES[0] else scene.call().call()
        for key in route:
            while call.calls:
                call.dialled("no-answer")
            if call.document.find("Gather") is None:
                break
            call.press(key)
            words = words_before_a_choice(listening.turn)
            if words > WORDS_BEFORE_A_CHOICE:
                long[" ".join(reply.key for reply in listening.turn.replies)] = words
    assert long == {}


def until_the_end(call: Caller) -> int:
    """How many prompts are heard by somebody who presses nothing."""
    prompts = 1
    while not call.over:
        while call.calls:
            call.dialled("no-answer")
        call.wait()
        prompts += 1
        assert prompts < 9
    return prompts


@pytest.mark.parametrize("keys", ["", "3", "35", "352", "355", "3551", "31", "34"])
def test_silence_ends_politely_after_four_prompts(scene: Scene, keys: str) -> None:
    call = scene.call().call()
    for key in keys:
        while call.calls:
            call.dialled("no-answer")
        call.press(key)
    # The last one is the goodbye.
    assert until_the_end(call) <= 5
    assert call.heard != []


def test_silence_with_news_and_as_a_contact(scene: Scene) -> None:
    from tests.webhook.referrals.conftest import AGADEZ

    reference = scene.refer()
    assert until_the_end(scene.call(AGADEZ).call()) <= 5
    scene.sms(f"OK {reference} 0000", sender=AGADEZ)
    assert until_the_end(scene.call(PERSON).call()) <= 5


def test_key_1_is_yes_all_the_way(scene: Scene, listening: Listening) -> None:
    call = calling(scene, "fr").press("5")
    asked = []
    for _ in range(12):
        asked.append(listening.turn.replies[-1].key)
        if asked[-1].startswith("help_reference"):
            break
        # The code is an open number question; a place has a list behind key 1.
        call.press("4321" if asked[-1] == "help_code_word" else "1")
    assert asked[-1].startswith("help_reference"), asked
    assert len(set(asked)) == len(asked)
