"""What a turn asks the world to do, besides the words. The web thread carries effects out in the turn's transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bot.messages import Reply


@dataclass(frozen=True)
class StopMessages:
    """The person wants no message that they did not ask for (until their next one)."""


@dataclass(frozen=True)
class EraseData:
    """Everything about this conversation is deleted, the address included."""


@dataclass(frozen=True)
class DeleteSent:
    """Messages already shown on the person's screen are deleted where the channel can (Telegram)."""


@dataclass(frozen=True)
class OpenReferral:
    """A person agreed to be referred. ``record`` holds the answers under the names of CONTRACT.md's referral record."""

    reference: str
    record: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PutThrough:
    """A caller asks for a person now. ``contacts`` are ids of the directory in the order to try.

    ``record`` (as in OpenReferral) is what is known so far, for a referral should the caller leave a message instead;
    its consent has no words yet. The replies of the turn are what to say when nobody can be called at all.
    """

    contacts: tuple[str, ...]
    record: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Count:
    """One anonymous count, e.g. ``("topic", "ask_rights")`` or ``("not_understood", "")``; never a text."""

    what: str
    detail: str = ""


Effect = StopMessages | EraseData | DeleteSent | OpenReferral | PutThrough | Count


@dataclass(frozen=True)
class Connect:
    """What a voice door does after the replies: call ``number`` and put the two together.

    ``caller`` is the number shown there (the service's own: neither side sees the other's). Both in E.164.
    """

    number: str
    caller: str


@dataclass(frozen=True)
class TakeMessage:
    """What a voice door does after the replies: a tone, and record. ``message`` is the recording's opaque id."""

    message: str


@dataclass(frozen=True)
class Turn:
    """The answer to one :class:`~bot.messages.Incoming`.

    ``state`` is the conversation's new state (JSON-able) or None when nothing is to be kept; ``replies`` is never
    empty unless ``silent``; ``ends_call`` asks a voice door to hang up after the replies, ``line`` to do something else
    with the call.
    """

    replies: tuple[Reply, ...]
    state: dict[str, Any] | None
    effects: tuple[Effect, ...] = ()
    ends_call: bool = False
    silent: bool = False
    line: Connect | TakeMessage | None = None
