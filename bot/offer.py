"""The offer check: seven questions, the signs they reveal, and a fixed rule that grades them (CONTRACT.md).

Pure functions over a small state; the loop that asks is bot/actions/check.py. Signs come from bot/signs.yml: the
IOM report, the ILO operational indicators of 2009, and hotline practice. Nothing here ever says "safe".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

Grade = Literal["strong", "some", "unknown", "none"]
Answer = str
"""``yes``, ``no``, ``unknown``, or for a which-question ``both`` or the id of one sign."""

REAL_ANSWERS_NEEDED = 5
UNVERIFIED = "unverified"


@cache
def weights() -> dict[str, str]:
    """Weight (S, M, W) of every offer sign."""
    data = yaml.safe_load((Path(__file__).parent / "signs.yml").read_text(encoding="utf-8"))
    return {name: sign["weight"] for name, sign in data["offer"].items()}


@cache
def exploitation_signs() -> frozenset[str]:
    """Ids of the signs of exploitation already happening."""
    data = yaml.safe_load((Path(__file__).parent / "signs.yml").read_text(encoding="utf-8"))
    return frozenset(data["exploitation"])


@dataclass(frozen=True)
class Question:
    """One question. ``signs`` is what a yes reveals; two signs make it a compound, and a yes asks which.

    ``unverified``: what to ask next when the answer is "don't know" and that makes the offer unverified.
    """

    name: str
    signs: tuple[str, ...]
    unverified: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Content key of the question."""
        return f"offer_q_{self.name}"

    @property
    def which_key(self) -> str:
        """Content key of the question that follows a yes to a compound."""
        return f"offer_which_{self.name}"

    @property
    def asks(self) -> tuple[str, ...]:
        """Content keys of what to ask next after "don't know"."""
        return self.unverified or tuple(f"sign_{sign}_ask" for sign in self.signs)


QUESTIONS: tuple[Question, ...] = (
    Question("free_travel", ("free_travel",), ("ask_who_pays",)),
    Question("travel_debt", ("travel_debt",), ("ask_what_is_owed",)),
    Question("documents_taken", ("documents_taken",)),
    Question("no_contract", ("no_contract",), ("ask_employer", "ask_in_writing")),
    Question("rushed_or_secret", ("rushed_departure", "secrecy")),
    Question("pay_or_promise", ("too_good_pay", "study_or_sport_promise")),
    Question("child", ("child_travels",)),
)
_BY_NAME = {question.name: question for question in QUESTIONS}


def grade(signs: Iterable[str], real_answers: int) -> Grade:
    """The grade of an offer from its signs and the number of questions answered yes or no.

    strong = 2 S, or 1 S + 1 other, or 3 M, or 2 M + 1 W; otherwise unknown with fewer than 5 real answers; otherwise
    some with any sign, none without. "Not enough known" gives way to a strong grade only: one sign among three answers
    must not sound as if the rest had been looked at. Its words name the signs found so far first.
    """
    found = [weights()[sign] for sign in set(signs) if sign in weights()]
    strong, medium, weak = (found.count(weight) for weight in "SMW")
    if strong >= 2 or (strong == 1 and len(found) >= 2) or medium >= 3 or (medium >= 2 and weak >= 1):
        return "strong"
    if real_answers < REAL_ANSWERS_NEEDED:
        return "unknown"
    return "some" if found else "none"


@dataclass(frozen=True)
class OfferState:
    """Where an offer check stands.

    ``told`` are signs said in free text; ``answers`` are (question, answer) in the order given; ``which`` says that
    the compound question now waits for "which?"; ``help_offered`` that the help path was offered meanwhile.
    """

    relative: bool = False
    told: tuple[str, ...] = ()
    answers: tuple[tuple[str, Answer], ...] = ()
    which: bool = False
    help_offered: bool = False

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return {"relative": self.relative, "told": list(self.told), "answers": [list(a) for a in self.answers],
                "which": self.which, "help_offered": self.help_offered}  # fmt: skip

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> OfferState:
        """Reads :meth:`to_dict`; unknown questions are dropped."""
        return cls(
            bool(data.get("relative")),
            tuple(data.get("told") or ()),
            tuple((name, answer) for name, answer in data.get("answers") or () if name in _BY_NAME),
            bool(data.get("which")),
            bool(data.get("help_offered")),
        )

    def current(self) -> Question | None:
        """The question that waits for an answer, None when all are known."""
        answered = {name for name, _ in self.answers}
        if self.which:
            return _BY_NAME[self.answers[-1][0]]
        for question in QUESTIONS:
            if question.name not in answered and not set(question.signs) & set(self.told):
                return question
        return None

    def hear(self, signs: Sequence[str]) -> OfferState:
        """Takes note of signs said in free text; one that the open "which?" asks about is its answer."""
        question = self.current()
        if self.which and question and (named := [sign for sign in signs if sign in question.signs]):
            return self.answer("both" if len(named) > 1 else named[0]).hear(signs)
        known = [s for s in signs if s in weights() and s not in self.told and s not in self.signs()]
        return replace(self, told=(*self.told, *known))

    def answer(self, answer: Answer) -> OfferState:
        """The state after an answer to the current question."""
        question = self.current()
        if question is None:
            return self
        if self.which:
            return replace(self, answers=(*self.answers[:-1], (question.name, answer)), which=False)
        return replace(
            self,
            answers=(*self.answers, (question.name, answer)),
            which=answer == "yes" and len(question.signs) > 1,
        )

    def back(self) -> OfferState | None:
        """The state before the last answer; before the first, without what was told in free words (it may have been
        misheard). None when there is nothing to take back."""
        if self.which:
            return replace(self, answers=self.answers[:-1], which=False)
        if not self.answers:
            return replace(self, told=()) if self.told else None
        return replace(self, answers=self.answers[:-1])

    def signs(self) -> tuple[str, ...]:
        """All signs found, the heaviest first; "don't know" about who pays, the debt or the paper is ``unverified``."""
        found = list(self.told)
        for name, answer in self.answers:
            question = _BY_NAME[name]
            if answer in ("yes", "both"):
                found.extend(question.signs)
            elif answer in question.signs:
                found.append(answer)
        if any(_BY_NAME[name].unverified and answer == "unknown" for name, answer in self.answers):
            found.append(UNVERIFIED)
        return tuple(sorted(dict.fromkeys(found), key=lambda sign: "SMW".index(weights()[sign])))

    def real_answers(self) -> int:
        """Questions answered yes or no, by key or in free text."""
        told = {question.name for question in QUESTIONS if set(question.signs) & set(self.told)}
        return len(told | {name for name, answer in self.answers if answer != "unknown"})

    def grade(self) -> Grade:
        """The grade as things stand."""
        return grade(self.signs(), self.real_answers())

    def asks(self) -> tuple[str, ...]:
        """Content keys of what to check or ask next: one for each sign, one for each thing not known."""
        asks = [f"sign_{sign}_ask" for sign in self.signs() if sign != UNVERIFIED]
        known_missing = {"ask_employer"} if "unknown_employer" in self.signs() else set()
        for name, answer in self.answers:
            if answer == "unknown":
                asks += [ask for ask in _BY_NAME[name].asks if ask not in known_missing]
        return tuple(dict.fromkeys(asks))
