"""The loop of the offer check where a sign of harm is told, where somebody leaves, and "which?" in own words."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.actions import TurnContext
from bot.actions.check import OfferLoop
from bot.offer import OfferState

NOON = "2026-11-23T12:00:00+00:00"


def turn(
    intent: str,
    words: str = "",
    signs: tuple[str, ...] = (),
    offer: dict[str, Any] | None = None,
    *,
    running: bool = True,
    channel: str = "sms",
) -> tuple[list[str], dict[str, Any] | None, bool]:
    """One turn of the loop → keys said, the slot afterwards, whether the loop goes on."""
    score = 0.2 if len(words) > 10 else 0.0
    context = TurnContext(channel, "fr", "NE", NOON, words=words, signs=signs, urgent_score=score)
    latest = {"intent": {"name": intent}, "entities": [], "text": "", "hankali": asdict(context)}
    loop = {"name": "offer_form"} if running else {}
    tracker = Tracker("x", {"offer": offer}, latest, [], False, None, loop, "action_listen")
    dispatcher = CollectingDispatcher()
    events = OfferLoop().run(dispatcher, tracker, {})
    said = [m["custom"]["say"] for m in dispatcher.messages if "say" in m["custom"]]
    slots = {event["name"]: event["value"] for event in events if event["event"] == "slot"}
    goes_on = next(event["name"] for event in events if event["event"] == "active_loop") is not None
    return said, slots.get("offer", offer), goes_on


LONG = "on me propose un travail mais là-bas mon ami travaille sans salaire"


def test_a_misheard_sign_is_taken_back_and_asked_about() -> None:
    heard = OfferState().hear(("travel_debt", "free_travel")).to_dict()
    said, offer, goes_on = turn("go_back", "", (), heard)
    assert said == ["offer_corrected", "offer_q_free_travel"]
    assert goes_on
    assert OfferState.from_dict(offer or {}).signs() == ()


class TestASignOfHarm:
    def test_at_the_start_offers_help_first(self) -> None:
        said, offer, goes_on = turn("check_offer", LONG, ("unpaid_work", "free_travel"), running=False)
        assert said == ["offer_danger_help"]
        assert goes_on
        said, offer, goes_on = turn("deny", "", (), offer)
        assert said == ["offer_q_travel_debt"]
        assert OfferState.from_dict(offer or {}).told == ("free_travel",)

    def test_papers_that_will_be_kept_are_part_of_the_offer(self) -> None:
        said, _, _ = turn("check_offer", LONG, ("documents_kept", "documents_taken"), running=False)
        assert said == ["offer_heard", "offer_q_free_travel"]

    def test_in_the_middle_offers_help_once(self) -> None:
        state = OfferState().answer("no").answer("no")
        said, offer, _ = turn("inform", LONG, ("unpaid_work",), state.to_dict())
        assert said == ["offer_danger_help"]
        said, offer, _ = turn("deny", "", (), offer)
        assert said == ["offer_q_documents_taken"]
        said, offer, _ = turn("check_offer", LONG, ("unpaid_work",), offer)
        assert said == ["offer_q_documents_taken"]
        assert OfferState.from_dict(offer or {}).answers == state.answers

    def test_after_no_to_danger_is_not_asked_about_again(self) -> None:
        said, _, _ = turn("check_offer", "non", ("unpaid_work",), running=False)
        assert said == ["offer_start", "offer_q_free_travel"]


def test_goodbye_ends_the_questions_and_keeps_the_answers() -> None:
    state = OfferState().answer("no")
    said, offer, goes_on = turn("goodbye", "au revoir", (), state.to_dict())
    assert said == ["offer_stopped", "goodbye"]
    assert not goes_on
    assert OfferState.from_dict(offer or {}) == state


def test_which_of_two_in_own_words() -> None:
    state = OfferState()
    for answer in ("no", "no", "no", "no", "yes"):
        state = state.answer(answer)
    said, offer, _ = turn("inform", "il dit de ne rien dire à personne", ("secrecy",), state.to_dict())
    assert said == ["offer_heard", "offer_q_pay_or_promise"]
    assert OfferState.from_dict(offer or {}).signs() == ("secrecy",)
