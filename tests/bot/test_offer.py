"""The grading rule of CONTRACT.md, case by case and as properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.offer import QUESTIONS, OfferState, exploitation_signs, grade, weights

S = ["free_travel", "travel_debt", "documents_taken"]
M = ["secrecy", "unknown_employer", "too_good_pay"]
W = ["no_contract", "unasked_offer", "online_offer"]


@pytest.mark.parametrize(
    ("signs", "answers", "expected"),
    [
        (S[:2], 7, "strong"),
        (S[:2], 0, "strong"),
        ([S[0], M[0]], 7, "strong"),
        ([S[0], W[0]], 7, "strong"),
        (M, 7, "strong"),
        ([M[0], M[1], W[0]], 2, "strong"),
        (S[:1], 7, "some"),
        (M[:2], 7, "some"),
        ([M[0], W[0], W[1]], 5, "some"),
        (W, 5, "some"),
        (W, 4, "unknown"),
        (S[:1], 4, "unknown"),
        (M[:1], 3, "unknown"),
        (S[:1], 5, "some"),
        ([], 4, "unknown"),
        ([], 5, "none"),
        (["not_a_sign"], 7, "none"),
    ],
)
def test_grade(signs: list[str], answers: int, expected: str) -> None:
    assert grade(signs, answers) == expected


def test_every_sign_of_the_contract_has_a_weight() -> None:
    assert len(weights()) == 21
    assert set(weights().values()) == {"S", "M", "W"}
    assert len(exploitation_signs()) == 20
    assert not exploitation_signs() & set(weights())


answers = st.sampled_from(["yes", "no", "unknown"])


@given(st.lists(answers, min_size=0, max_size=20), st.sets(st.sampled_from(sorted(weights())), max_size=4))
def test_a_check_asks_at_most_seven_questions_and_ends(given_answers: list[str], told: set[str]) -> None:
    state = OfferState().hear(sorted(told))
    asked = set()
    for answer in given_answers:
        question = state.current()
        if question is None:
            break
        asked.add(question.name)
        state = state.answer(answer) if not state.which else state.answer("both")
    assert len(asked) <= len(QUESTIONS) == 7
    assert OfferState.from_dict(state.to_dict()) == state


@given(st.lists(answers, min_size=1, max_size=9))
def test_back_undoes_the_last_answer(given_answers: list[str]) -> None:
    state = OfferState()
    for answer in given_answers:
        if state.current() is None:
            break
        before, state = state, state.answer(answer)
        back = state.back()
        assert back is not None
        assert back.current() == before.current()


@given(st.sets(st.sampled_from(sorted(weights())), max_size=6), st.sampled_from(sorted(weights())))
def test_one_more_sign_never_lowers_a_grade(signs: set[str], more: str) -> None:
    order = ["none", "some", "strong"]
    assert order.index(grade({*signs, more}, 7)) >= order.index(grade(signs, 7))


def test_what_was_told_is_not_asked() -> None:
    state = OfferState().hear(["free_travel", "rushed_departure"])
    names = []
    while state.current() is not None:
        names.append(state.current().name)
        state = state.answer("no")
    assert "free_travel" not in names
    assert "rushed_or_secret" not in names
    assert state.signs() == ("free_travel", "rushed_departure")
    assert state.grade() == "strong"


def test_not_knowing_who_pays_counts_once_and_is_asked_for() -> None:
    state = OfferState()
    for answer in ("unknown", "unknown", "no", "unknown", "no", "no", "no"):
        state = state.answer(answer)
    assert state.signs() == ("unverified",)
    assert state.asks() == ("ask_who_pays", "ask_what_is_owed", "ask_employer", "ask_in_writing")
    assert state.grade() == "unknown"


def test_everything_not_known_is_something_to_ask() -> None:
    state = OfferState()
    for answer in ("no", "no", "unknown", "no", "unknown", "unknown", "no"):
        state = state.answer(answer)
    assert state.signs() == ()
    assert state.grade() == "unknown"
    assert len(state.asks()) == 5


def test_an_employer_who_is_missing_is_asked_for_once() -> None:
    state = OfferState().hear(["unknown_employer"])
    for answer in ("no", "no", "no", "unknown", "no", "no", "no"):
        state = state.answer(answer)
    assert "sign_unknown_employer_ask" in state.asks()
    assert "ask_employer" not in state.asks()


def test_a_question_answered_twice_counts_once() -> None:
    state = OfferState().answer("no").answer("unknown").hear(["free_travel"])
    assert state.real_answers() == 1
    assert state.signs() == ("free_travel", "unverified")


def test_a_compound_yes_asks_which() -> None:
    state = OfferState()
    for _ in range(4):
        state = state.answer("no")
    state = state.answer("yes")
    assert state.which
    assert state.current().name == "rushed_or_secret"
    assert state.answer("secrecy").signs() == ("secrecy",)
    assert state.answer("both").signs() == ("rushed_departure", "secrecy")


def test_back_before_the_first_answer_takes_back_what_was_told() -> None:
    state = OfferState().hear(("travel_debt",))
    back = state.back()
    assert back is not None
    assert (back.told, back.signs()) == ((), ())
    assert back.back() is None
