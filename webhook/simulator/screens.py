"""What the fictional phones show: the last messages of each, in memory only, forgotten when the process ends."""

from __future__ import annotations

import itertools
import threading
import time
from collections import OrderedDict
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

Door = Literal["telegram", "sms"]
MAX_PHONES = 200
MAX_MESSAGES_PER_PHONE = 100


@dataclass(frozen=True)
class Button:
    """An inline button: ``data`` returns to the bot, ``url`` opens a page."""

    text: str
    data: str = ""
    url: str = ""


@dataclass(frozen=True)
class Message:
    """One message on a phone's screen. ``by`` is ``person``, ``service`` or ``network`` (a notice of the carrier).

    ``change`` numbers the last change (for "what is new since?"); ``encoding`` and ``parts`` are those of an SMS;
    ``status`` is Twilio's (``queued``, ``sent``, ``delivered``); ``sid`` is the provider's name of it.
    """

    id: int
    change: int
    at_unix_seconds: float
    by: Literal["person", "service", "network"]
    text: str
    buttons: tuple[tuple[Button, ...], ...] = ()
    media: str = ""
    encoding: str = ""
    parts: int = 0
    status: str = ""
    sid: str = ""
    deleted: bool = False

    def as_json(self) -> dict[str, Any]:
        """The message as the page receives it."""
        return asdict(self)


@dataclass
class _Phone:
    messages: OrderedDict[int, Message] = field(default_factory=OrderedDict)


class Screens:
    """The screens of all fictional phones and chats. Thread-safe and bounded: the oldest phone goes first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._phones: OrderedDict[tuple[Door, str], _Phone] = OrderedDict()
        # From the clock, so that a restarted simulator repeats no number that the service has stored.
        self._ids = itertools.count(int(time.time()))
        self._changes = itertools.count(1)
        self._last_change = 0

    def show(
        self, door: Door, address: str, by: Literal["person", "service", "network"], text: str, **more: Any
    ) -> Message:
        """Adds a message to a phone's screen; ``more`` are further fields of :class:`Message`."""
        with self._lock:
            phone = self._phone(door, address)
            message = Message(next(self._ids), self._next_change(), time.time(), by, text, **more)
            phone.messages[message.id] = message
            while len(phone.messages) > MAX_MESSAGES_PER_PHONE:
                phone.messages.popitem(last=False)
            return message

    def find(self, door: Door, address: str, message_id: int) -> Message | None:
        """The message, or None when it was never shown, was deleted or is too old."""
        with self._lock:
            phone = self._phones.get((door, address))
            message = phone.messages.get(message_id) if phone else None
            return None if message is None or message.deleted else message

    def find_sid(self, sid: str) -> tuple[str, Message] | None:
        """(number, message) of the SMS that Twilio's stand-in named ``sid``."""
        with self._lock:
            for (door, address), phone in self._phones.items():
                if door == "sms":
                    for message in phone.messages.values():
                        if message.sid == sid:
                            return address, message
        return None

    def alter(self, door: Door, address: str, message_id: int, **changes: Any) -> Message | None:
        """Changes fields of a message that is still there."""
        with self._lock:
            phone = self._phones.get((door, address))
            message = phone.messages.get(message_id) if phone else None
            if phone is None or message is None:
                return None
            changed = replace(message, change=self._next_change(), **changes)
            phone.messages[message_id] = changed
            return changed

    def delete(self, door: Door, address: str, message_id: int) -> bool:
        """Takes a message off the screen: its words go, a mark stays so that the page notices."""
        if self.find(door, address, message_id) is None:
            return False
        return self.alter(door, address, message_id, text="", buttons=(), deleted=True) is not None

    def since(self, door: Door, address: str, change: int) -> list[Message]:
        """Messages of one phone that are new or changed after ``change``, oldest first."""
        with self._lock:
            phone = self._phones.get((door, address))
            return [message for message in phone.messages.values() if message.change > change] if phone else []

    def elsewhere(self, shown: set[tuple[Door, str]], change: int) -> list[tuple[Door, str, Message]]:
        """What the service sent, after ``change``, to phones that have never written: contacts of a referral, say."""
        with self._lock:
            found = [
                (door, address, message)
                for (door, address), phone in self._phones.items()
                if (door, address) not in shown and not any(m.by == "person" for m in phone.messages.values())
                for message in phone.messages.values()
                if message.change > change and not message.deleted
            ]
        return sorted(found, key=lambda entry: entry[2].id)

    @property
    def last_change(self) -> int:
        """The number of the latest change on any screen."""
        with self._lock:
            return self._last_change

    def _next_change(self) -> int:
        self._last_change = next(self._changes)
        return self._last_change

    def _phone(self, door: Door, address: str) -> _Phone:
        phone = self._phones.setdefault((door, address), _Phone())
        self._phones.move_to_end((door, address))
        while len(self._phones) > MAX_PHONES:
            self._phones.popitem(last=False)
        return phone
