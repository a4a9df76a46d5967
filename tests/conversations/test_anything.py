"""Whatever is sent, in whatever order, through whatever door: there is an answer, within its limits."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.catalogue import LiveCatalogue
from bot.dialogue import marked
from bot.messages import Incoming
from tests.conftest import ROOT
from tests.conversations.people import DOORS, NOON, check
from tests.conversations.walking import at_menu, send

KEYS = [*"0123456789*#", "٣", "5️⃣", "12", "**"]
WORDS = [
    "STOP", "effacer", "*", "SOS", "menu", "langue", "je ne sais pas", "plus", "oui", "a'a", "no", "retour", "répète",
    "Zinder", "Tahoua", "je suis à Alger", "on m'a promis un travail en Libye, le recruteur garde mon passeport",
    "il a un couteau il va nous tuer venez vite", "an rufe mu an ƙwace fasfo", "they beat my sister", "hausa", "merci",
    "je veux mourir", "ne m'écrivez plus", "ma fille de 12 ans", "je suis animateur radio", "quitter", "annuler",
]  # fmt: skip
PAYLOADS = [
    "/", "/affirm", "/deny", "/go_back", "/request_human", "/begin", "/ask_if_urgent", "/report_child", "/show_menu",
    "/find_office", '/find_office{"place":"nowhere"}', '/tell_topic{"topic":"topic_of_last_year"}', "/tell_topic",
    '/set_language{"language":"xx"}', '/set_language{"language":"ha"}', '/inform{"answer":"unknown"}', "/set_language",
    '/inform{"place":"list"}', '/inform{"region":"atlantis"}', '/inform{"about":7,"contact":[],"time":null}',
    "/offer_asks", "/tell_more", "/erase_my_data", "/stop_now", "/leave_now", "/nlu_fallback",
    "/session_start", "/restart", "/back", "/radio_host", "/affirm#0000", "/out_of_scope", "/check_offer_for_relative",
    "/inform{",
]  # fmt: skip
# Half a surrogate pair can come out of JSON.
ANY_TEXT = st.text(st.characters(), max_size=60)
LONG = st.builds(lambda piece, times: piece * times, st.text(min_size=1, max_size=12), st.integers(1, 400))
WRITTEN = st.one_of(st.sampled_from(WORDS), st.sampled_from(KEYS), st.sampled_from(KEYS), ANY_TEXT, LONG)
MEDIA = {"sms": ("voice", "photo"), "telegram": ("voice", "photo"), "voice": ("silence", "call")}
Act = tuple[str, Any]
BY_TELEPHONE = (
    st.sampled_from(KEYS).map(lambda text: ("text", text)),
    st.integers(1, 9).map(lambda number: ("choice", number)),
    st.integers(1, 9).map(lambda number: ("choice", number)),
    st.booleans().map(lambda which: ("media", which)),
    st.sampled_from([1, 10, 20, 40]).map(lambda minutes: ("wait", minutes)),
)
ACTS = {
    "voice": st.one_of(*BY_TELEPHONE),
    "sms": st.one_of(
        *BY_TELEPHONE,
        WRITTEN.map(lambda text: ("text", text)),
        st.just(("late", None)),
        st.sampled_from(PAYLOADS).map(lambda payload: ("payload", payload)),
        ANY_TEXT.map(lambda payload: ("payload", payload)),
    ),
}
ACTS["telegram"] = ACTS["sms"]
JOURNEYS = st.sampled_from(DOORS).flatmap(
    lambda door: st.tuples(st.just(door), st.lists(ACTS[door], min_size=4, max_size=20))
)


@pytest.fixture(scope="module", params=["directory", "no directory", "test service"])
def engine(dialogue: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The dialogue with what an operator may have set up."""
    services = dialogue._services
    changes = {"no directory": {"directory": None}, "test service": {"test_service": True}}
    dialogue.use(replace(services, **changes.get(request.param, {})))
    yield dialogue
    dialogue.use(services)


@settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(journey=JOURNEYS, country=st.sampled_from(["NE", "DZ", "FR", ""]))
def test_every_message_has_an_answer(engine: Any, journey: tuple[str, list[Act]], country: str) -> None:
    door, acts = journey
    state, now, choices, late = None, NOON, [], False
    for act, what in acts:
        now += timedelta(seconds=20)
        incoming = Incoming(door, "anything", country=country, late=late)  # type: ignore[arg-type]
        if act == "wait":
            now += timedelta(minutes=what)
            continue
        late = act == "late"
        if act == "text":
            incoming = replace(incoming, text=what)
        elif act == "payload":
            incoming = replace(incoming, payload=what)
        elif act == "media":
            incoming = replace(incoming, media=MEDIA[door][what])
        elif act == "choice" and what <= len(choices):
            pressed = {"payload": choices[what - 1]} if door == "telegram" else {"text": str(what)}
            incoming = replace(incoming, **pressed)
        before = json.dumps(state)
        turn = engine.answer(state, incoming, now)
        assert json.dumps(state) == before, "should the turn be lost, it is tried again from there"
        if not engine._services.test_service:
            # Its notice comes on top of what is to be said.
            check(turn, door)
        assert all(reply.text.strip() for reply in turn.replies)
        assert turn.replies
        # As the database keeps it.
        state = json.loads(json.dumps(turn.state))
        last = turn.replies[-1]
        choices = [marked(choice.payload, last.key) for choice in last.choices]


GONE = [
    {"key": "topic_of_last_year", "values": {}, "choices": None},
    {"key": "offer_heard", "values": {"signs": ["sign_of_last_year:sms"]}, "choices": None},
    {"key": "help_reference", "values": {"when": {"key": "when_the_office_was_open"}}, "choices": None},
    {"key": "main_menu", "values": {}, "choices": [["choice_of_last_year", "/affirm"]]},
]


@pytest.mark.parametrize("said", GONE)
@pytest.mark.parametrize("texts", [["9"], [""], ["0", "3"], ["0", "4", "9"]])
@pytest.mark.parametrize("door", DOORS)
def test_what_was_said_may_be_gone_from_the_content(
    dialogue: Any, door: str, texts: list[str], said: dict[str, Any]
) -> None:
    state = at_menu(dialogue, door, "fr").state
    assert state is not None
    state["said"] = [said]
    for text in texts:
        turn = send(dialogue, state, door, text)
        check(turn, door)
        state = turn.state


def test_a_language_that_the_operator_took_away_is_not_answered_in(
    dialogue: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = Path(shutil.copytree(ROOT / "content", tmp_path / "content"))
    file = content / "languages.yml"
    languages = yaml.safe_load(file.read_text(encoding="utf-8"))
    del languages["en"]
    file.write_text(yaml.safe_dump(languages, sort_keys=False), encoding="utf-8")
    monkeypatch.setattr(dialogue, "_catalogue", LiveCatalogue(content))
    turn = send(dialogue, None, "sms", "what are my rights at work in this country")
    check(turn, "sms")
    assert turn.replies[-1].language == "fr"
