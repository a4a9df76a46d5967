"""Keys alone lead everywhere and back, and what always works works in the middle of everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.effects import EraseData, StopMessages
from tests.conversations.people import DOORS, LANGUAGES, check
from tests.conversations.walking import Map, Place, at_menu, place_of, send, walk

CONTENT = Path(__file__).resolve().parents[2] / "content"
FROM_EVERYWHERE = [("sms", "ha"), ("telegram", "dje"), ("voice", "fr"), ("sms", "en")]
"""Each language and each door; the program does not branch on the pair."""
DIGITS_ARE_DATA = frozenset(("help_code_word", "help_what_seen"))
WORDS = {
    "stop": ("STOP", "Arrêt", "arreter!", "DAINA", "bari"),
    "leave": ("*", "EXIT", "quitter", "Fita."),
    "erase": ("ERASE", "Effacer", "GOGE", "shafe"),
    "help": ("HELP", "aide", "S.O.S", "Taimako", "a taimake ni", "CETO", "agaji", "AIDE 🙏", "5"),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("channel", DOORS)
class TestEveryKey:
    def test_leads_to_an_answer_within_its_limits(self, dialogue: Any, channel: str, language: str) -> None:
        for keys, turn in walk(dialogue, channel, language).every_turn:
            try:
                check(turn, channel, language)
            except AssertionError as error:
                raise AssertionError(f"after {keys}: {error}") from error

    def test_leads_back_to_the_menu(self, dialogue: Any, channel: str, language: str) -> None:
        walked = walk(dialogue, channel, language)
        menu = place_of(at_menu(dialogue, channel, language))
        assert set(walked.turns) - walked.leading_to(menu) == set()

    def test_opens_every_topic(self, dialogue: Any, channel: str, language: str) -> None:
        topics = {
            key
            for name in ("learn", "rights", "radio", "talk")
            for key in yaml.safe_load((CONTENT / "fr" / f"{name}.yml").read_text(encoding="utf-8"))
            if key.startswith(("ask_", "topic_", "radio_"))
        }
        # Of these two one is said: there is a number, or there is none.
        topics -= {"ask_hotline_number", "ask_hotline_number_unknown"} - walk(dialogue, channel, language).said
        assert walk(dialogue, channel, language).said & {"ask_hotline_number", "ask_hotline_number_unknown"}
        assert topics - walk(dialogue, channel, language).said == set()

    def test_says_that_five_is_a_person(self, dialogue: Any, channel: str, language: str) -> None:
        if channel != "voice":
            pytest.skip("said where nothing can be read again")
        for place, turn in walk(dialogue, channel, language).turns.items():
            if place[1]:
                person = {"fr": "une personne", "en": "a person"}[turn.replies[-1].spoken]
                assert person in turn.replies[-1].text.lower(), place
                assert "5" in turn.replies[-1].text, place


def everywhere(dialogue: Any, channel: str, language: str) -> list[tuple[Place, dict[str, Any]]]:
    """The places of a walk in which a conversation goes on."""
    walked: Map = walk(dialogue, channel, language)
    return [(place, turn.state) for place, turn in walked.turns.items() if turn.state and not turn.ends_call]


@pytest.mark.parametrize(("channel", "language"), FROM_EVERYWHERE)
class TestInTheMiddleOfEverything:
    def test_nine_repeats(self, dialogue: Any, channel: str, language: str) -> None:
        for place, state in everywhere(dialogue, channel, language):
            if len(place[1]) >= 9 or place[0] in DIGITS_ARE_DATA:
                continue
            turn = send(dialogue, state, channel, "9")
            check(turn, channel, language)
            said = [s["key"] for s in state["said"]]
            assert list(dict.fromkeys(reply.key for reply in turn.replies)) == list(dict.fromkeys(said)), place

    def test_zero_and_the_same_language_come_back(self, dialogue: Any, channel: str, language: str) -> None:
        for place, state in everywhere(dialogue, channel, language):
            if place[0] in DIGITS_ARE_DATA:
                continue
            menu = send(dialogue, state, channel, "0")
            assert menu.replies[-1].key == "language_menu", place
            back = send(dialogue, menu.state, channel, str(LANGUAGES.index(language) + 1))
            check(back, channel, language)
            assert place_of(back) == place

    def test_zero_and_another_language_ask_the_same(self, dialogue: Any, channel: str, language: str) -> None:
        other = LANGUAGES[(LANGUAGES.index(language) + 1) % 4]
        for place, state in everywhere(dialogue, channel, language):
            if place[0] in DIGITS_ARE_DATA:
                continue
            menu = send(dialogue, state, channel, "0")
            turn = send(dialogue, menu.state, channel, str(LANGUAGES.index(other) + 1))
            check(turn, channel, other)
            assert place_of(turn) == place

    @pytest.mark.parametrize("nothing", ["", "🙂🙂", "...", "#"])
    def test_nothing_said_asks_again(self, dialogue: Any, channel: str, language: str, nothing: str) -> None:
        for place, state in everywhere(dialogue, channel, language):
            turn = send(dialogue, state, channel, nothing)
            check(turn, channel, language)
            assert place_of(turn) == place

    def test_a_voice_note_or_a_silence_asks_again(self, dialogue: Any, channel: str, language: str) -> None:
        for place, state in everywhere(dialogue, channel, language):
            turn = send(dialogue, state, channel, "", media="silence" if channel == "voice" else "voice")
            check(turn, channel, language)
            assert place_of(turn) == place

    @pytest.mark.parametrize("digit", ["6", "7", "8"])
    def test_a_number_that_was_not_offered_asks_again(
        self, dialogue: Any, channel: str, language: str, digit: str
    ) -> None:
        for place, state in everywhere(dialogue, channel, language):
            if not place[1] or len(place[1]) >= int(digit) or place[0] in DIGITS_ARE_DATA:
                continue
            turn = send(dialogue, state, channel, digit)
            check(turn, channel, language)
            assert turn.replies[0].key in ("choice_not_offered", "help_answer_again"), place
            assert place_of(turn) == place

    @pytest.mark.parametrize("word", WORDS["stop"])
    def test_stop_stops_and_never_blocks_help(self, dialogue: Any, channel: str, language: str, word: str) -> None:
        for place, state in everywhere(dialogue, channel, language):
            turn = send(dialogue, state, channel, word)
            check(turn, channel, language)
            assert [reply.key for reply in turn.replies] == ["stopped"], place
            assert any(isinstance(effect, StopMessages) for effect in turn.effects)
            later = send(dialogue, turn.state, channel, "SOS")
            check(later, channel, language)
            assert later.replies[-1].key.startswith("help_"), place

    @pytest.mark.parametrize("word", WORDS["erase"])
    def test_erase_erases(self, dialogue: Any, channel: str, language: str, word: str) -> None:
        for place, state in everywhere(dialogue, channel, language):
            turn = send(dialogue, state, channel, word)
            check(turn, channel, language)
            assert [reply.key for reply in turn.replies] == ["erased"], place
            assert turn.state is None
            assert any(isinstance(effect, EraseData) for effect in turn.effects)

    @pytest.mark.parametrize("word", WORDS["leave"])
    def test_leaving_says_nothing_of_it(self, dialogue: Any, channel: str, language: str, word: str) -> None:
        for place, state in everywhere(dialogue, channel, language):
            turn = send(dialogue, state, channel, word)
            check(turn, channel, language)
            assert {reply.key for reply in turn.replies} <= {"left", "leave_delete_hint"}, place
            assert turn.ends_call
            assert turn.state is not None
            assert (turn.state["said"], turn.state["offered"]) == ([], [])

    @pytest.mark.parametrize("word", WORDS["help"])
    def test_help_is_the_help_path(self, dialogue: Any, channel: str, language: str, word: str) -> None:
        for place, state in everywhere(dialogue, channel, language):
            if word == "5" and place[0] in DIGITS_ARE_DATA:
                continue
            turn = send(dialogue, state, channel, word)
            check(turn, channel, language)
            assert turn.replies[-1].key.startswith("help_"), place
