"""What goes into the dialogue and what comes out of it. Nothing here knows a door, a database or Rasa."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Channel = Literal["telegram", "sms", "voice"]
CHANNELS: tuple[Channel, ...] = ("telegram", "sms", "voice")


@dataclass(frozen=True)
class Incoming:
    """One thing a person did: wrote a text, pressed a key or a button, or sent something that cannot be read.

    ``text`` is what was typed (or the digits keyed: ``"2"``, ``"*"``); ``payload`` is set instead when a button
    carried one; ``media`` names what came without text (``"voice"``, ``"photo"``, ``"silence"`` for a call in which
    no key was pressed, ``"call"`` for a call that has just begun, ``"talked"`` and ``"nobody"`` for the end of being
    put through, ``"recording"`` for a message that was just spoken). ``country`` is the ISO 3166 code of the sender's
    number, or empty when unknown; ``call`` is the provider's id of a call. ``late``: it was sent so long ago that
    somebody else may hold the phone by now.
    """

    channel: Channel
    conversation: str
    text: str = ""
    payload: str = ""
    media: str = ""
    country: str = ""
    call: str = ""
    late: bool = False


@dataclass(frozen=True)
class Choice:
    """One offered answer. ``payload`` is a Rasa intent payload: ``/check_offer`` or ``/inform{"answer":"yes"}``."""

    title: str
    payload: str


@dataclass(frozen=True)
class Say:
    """An instruction to say content ``key``; ``values`` fill its placeholders (a list value names content keys).

    ``choices`` replaces the entry's own choices when not None: pairs of (content key of the title, payload).
    """

    key: str
    values: dict[str, Any] = field(default_factory=dict)
    choices: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True)
class Reply:
    """Words ready for one door. ``language`` is the conversation's; ``spoken`` is that of the words after fallback.

    ``audio`` is the path of a recording below ``/audio/`` (``"ha/main_menu.mp3"``), or one that begins with ``/``
    below the service's own address, or None.
    """

    key: str
    language: str
    spoken: str
    text: str
    choices: tuple[Choice, ...] = ()
    audio: str | None = None
