"""People at the three doors of the whole service, and what they were told.

Every answer is held against what is true of all of them: nothing empty, no placeholder, within its door's limits, on
the wire as the dialogue meant it. A script then only says what this answer should have been.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from flask import Flask

from bot.content_check import MAX_CHOICES, VOICE_MAX_WORDS
from bot.dialogue import marked
from bot.effects import Turn
from bot.memory.conversation import Conversation
from bot.messages import Incoming, Reply
from bot.rendering import SMS_MAX_PARTS, TELEGRAM_MAX_UTF16, sms_parts, utf16_units
from tests.webhook.doors import Caller, Telegram, Twilio, messages
from tests.webhook.providers import TelegramServer

LANGUAGES = ("ha", "dje", "fr", "en")
"""In the order of the language menu."""
DOORS = ("sms", "telegram", "voice")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PLACES_OFFERED = 9
_numbers = itertools.count(1)


class Clock:
    """Time that passes when a script says so."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


class Listening:
    """The real dialogue, and the last turn that it gave to anybody."""

    def __init__(self, dialogue: Any) -> None:
        self._dialogue = dialogue
        self.turn: Turn | None = None
        self.failed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dialogue, name)

    def answer(self, state: dict[str, Any] | None, incoming: Incoming, now: datetime) -> Turn:
        self.failed, self.turn = False, None
        self.turn = self._dialogue.answer(state, incoming, now)
        return self.turn

    def error_turn(self, state: dict[str, Any] | None, incoming: Incoming, now: datetime) -> Turn:
        self.failed = True
        self.turn = self._dialogue.error_turn(state, incoming, now)
        return self.turn


@dataclass
class House:
    """The service, its ears and its clock."""

    app: Flask
    listening: Listening
    clock: Clock
    telegram: TelegramServer


@dataclass
class Person:
    """Somebody at a door. ``language`` is what every answer must be in once it is chosen."""

    house: House
    language: str = ""
    number: int = field(default_factory=lambda: next(_numbers))
    turn: Turn | None = None
    door: ClassVar[str]

    # ---- what a person does

    def write(self, text: str) -> Person:
        """Words; by telephone only keys can be sent."""
        raise NotImplementedError

    def press(self, *numbers: object) -> Person:
        """Choices by their number as they were shown: a digit by SMS and on the keypad, a button on Telegram."""
        for number in numbers:
            self.write(str(number))
        return self

    def begin(self, language: str) -> Person:
        """Comes to the main menu in a language, by keys."""
        self.write("0").press(LANGUAGES.index(language) + 1)
        self.language = language
        return self

    def wait(self, minutes: float) -> Person:
        self.house.clock.now += timedelta(minutes=minutes)
        return self

    # ---- what they were told

    @property
    def replies(self) -> tuple[Reply, ...]:
        assert self.turn is not None
        return self.turn.replies

    @property
    def keys(self) -> list[str]:
        return list(dict.fromkeys(reply.key for reply in self.replies))

    @property
    def asked(self) -> str:
        return self.replies[-1].key

    @property
    def payloads(self) -> list[str]:
        return [choice.payload for choice in self.replies[-1].choices]

    @property
    def text(self) -> str:
        return "\n".join(reply.text for reply in self.replies)

    def _heard(self) -> Person:
        listening = self.house.listening
        assert not listening.failed, "the dialogue failed"
        assert listening.turn is not None, "nobody answered"
        self.turn = listening.turn
        check(self.turn, self.door, self.language)
        return self


def check(turn: Turn, door: str, language: str = "") -> None:
    """What is true of every answer."""
    assert turn.replies, "an empty answer"
    for reply in turn.replies:
        assert reply.text.strip(), f"{reply.key} is empty"
        assert not re.search(r"[{}]", reply.text), f"{reply.key} has an open placeholder"
        assert not language or reply.language == language, f"{reply.key} in {reply.language}"
        a_list = [choice for choice in reply.choices if '"region":' in choice.payload or '"place":' in choice.payload]
        assert len(reply.choices) <= (PLACES_OFFERED if len(a_list) > MAX_CHOICES else MAX_CHOICES), reply.key
        if door == "sms":
            assert sms_parts(reply.text) <= SMS_MAX_PARTS, f"{reply.key} takes {sms_parts(reply.text)} SMS parts"
        elif door == "telegram":
            assert utf16_units(reply.text) <= TELEGRAM_MAX_UTF16
    assert all(not reply.choices for reply in turn.replies[:-1]), "only the last list waits for an answer"
    if door == "voice":
        words = words_before_choices(turn)
        assert words <= VOICE_MAX_WORDS, f"{words} words before the first choice of {[r.key for r in turn.replies]}"
        for reply in turn.replies:
            assert reply.audio or reply.spoken in ("fr", "en"), f"{reply.key} cannot be spoken in {reply.spoken}"


def words_before_choices(turn: Turn) -> int:
    """Telephone numbers and references, digit by digit, are as long as they are."""
    count = 0
    for reply in turn.replies:
        text = reply.text
        if reply.choices:
            text = text[: text.index(f"{reply.choices[0].title} :" if reply.spoken == "fr" else reply.choices[0].title)]
        count += sum(1 for word in text.split() if not word.strip(",.;").isdigit())
    return count


@dataclass
class Texter(Person):
    """At the SMS door."""

    door: ClassVar[str] = "sms"

    def write(self, text: str, **more: str) -> Texter:
        response = Twilio(self.house.app).sms(text, f"+2279100{self.number:04d}", **more)
        self._heard()
        assert messages(response) == [reply.text for reply in self.replies]
        return self

    def send_voice_note(self) -> Texter:
        return self.write("", NumMedia="1", MediaContentType0="audio/ogg", MediaUrl0="https://example.org/a")


@dataclass
class Chatter(Person):
    """At the Telegram door."""

    door: ClassVar[str] = "telegram"

    def write(self, text: str, **more: Any) -> Chatter:
        return self._told(lambda chat: chat.message(text=text))

    def send_voice_note(self) -> Chatter:
        return self._told(lambda chat: chat.message(voice={"file_id": "x"}))

    def press(self, *numbers: object) -> Chatter:
        for number in numbers:
            if not str(number).isdigit() or not 0 < int(str(number)) <= len(self.replies[-1].choices):
                self.write(str(number))
                continue
            self.tap(self.buttons[int(str(number)) - 1])
        return self

    def tap(self, data: str) -> Chatter:
        """A button, perhaps of an older message."""
        return self._told(lambda chat: chat.press(data))

    @property
    def buttons(self) -> list[str]:
        """What the buttons of the last message carry."""
        keyboard = self.house.telegram.accepted("sendMessage")[-1]["reply_markup"]["inline_keyboard"]
        return [button["callback_data"] for row in keyboard for button in row]

    def _told(self, act: Any) -> Chatter:
        chat = Telegram(self.house.app, 71_000_000 + self.number)
        before = len(self.house.telegram.accepted("sendMessage"))
        assert act(chat).status_code == 200
        self._heard()
        sent = self.house.telegram.accepted("sendMessage")[before:]
        assert [call["text"] for call in sent] == [reply.text for reply in self.replies]
        if self.replies[-1].choices:
            last = self.replies[-1]
            assert self.buttons == [marked(choice.payload, last.key) for choice in last.choices]
        return self


@dataclass
class Listener(Person):
    """On the telephone, with its keys."""

    door: ClassVar[str] = "voice"
    call: Caller | None = None

    def begin(self, language: str) -> Listener:
        self.ring()
        return self.press(LANGUAGES.index(language) + 1).speaks(language)

    def ring(self) -> Listener:
        self.call = Caller(Twilio(self.house.app), f"+2279200{self.number:04d}").call()
        return self._followed()

    def speaks(self, language: str) -> Listener:
        self.language = language
        return self

    def write(self, text: str) -> Listener:
        assert self.call is not None
        self.call.press(text)
        return self._followed()

    def say_nothing(self) -> Listener:
        assert self.call is not None
        self.call.wait()
        return self._followed()

    def _followed(self) -> Listener:
        assert self.call is not None
        self._heard()
        spoken = [element.attrib["language"] for element in self.call.document.iter("Say")]
        assert set(spoken) <= {"fr-FR", "en-GB"}
        assert len(spoken) + len(list(self.call.document.iter("Play"))) == len(self.replies)
        assert self.call.over == self.turn.ends_call  # type: ignore[union-attr]
        return self


@dataclass
class Insider(Person):
    """Speaks with the dialogue itself: for scripts of which there are very many."""

    channel: str = "sms"
    state: dict[str, Any] | None = None

    def begin(self, language: str) -> Insider:
        self.state = Conversation(language=language, hinted=True).dump(self.house.clock.now)
        self.language = language
        return self.write("menu")

    def write(self, text: str) -> Insider:
        return self._send(text)

    def tap(self, data: str) -> Insider:
        return self._send("", payload=data)

    def ring(self) -> Insider:
        return self._send("", media="call")

    @property
    def buttons(self) -> list[str]:
        return [marked(choice.payload, self.asked) for choice in self.replies[-1].choices]

    def _send(self, text: str, **more: str) -> Insider:
        incoming = Incoming(self.channel, "insider", text, country="NE", **more)  # type: ignore[arg-type]
        self.turn = self.house.listening.answer(self.state, incoming, self.house.clock.now)
        self.state = self.turn.state
        check(self.turn, self.channel, self.language)
        return self


PEOPLE: dict[str, type[Person]] = {kind.door: kind for kind in (Texter, Chatter, Listener)}
