"""Messages that have to leave: rows of the outbox, and what becomes of them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from webhook.database import Transaction, sql
from webhook.security import Vault

Status = Literal["queued", "sent", "delivered", "failed", "stopped"]


@dataclass(frozen=True)
class Outbound:
    """One thing to send. ``kind`` is ``message``, or ``delete`` (messages shown before, by their ids).

    ``buttons`` are pairs of title and payload, for channels that have buttons.
    """

    to: str
    text: str = ""
    buttons: tuple[tuple[str, str], ...] = ()
    kind: str = "message"
    message_ids: tuple[int, ...] = ()

    def body(self) -> dict[str, Any]:
        """What is stored, encrypted."""
        return {"to": self.to, "text": self.text, "buttons": self.buttons, "message_ids": self.message_ids}


def from_body(kind: str, body: dict[str, Any]) -> Outbound:
    """The reverse of :meth:`Outbound.body`."""
    buttons = tuple((str(title), str(payload)) for title, payload in body["buttons"])
    return Outbound(body["to"], body["text"], buttons, kind, tuple(body["message_ids"]))


_INSERT = sql(
    "INSERT INTO outbox (id, lane, channel, kind, body, unsolicited, forget, status, attempts, trouble, created_ms,"
    " next_ms) VALUES (:id, :lane, :channel, :kind, :body, :unsolicited, :forget, 'queued', 0, '', :now, :now)"
    " RETURNING seq"
)


def queue(
    transaction: Transaction,
    vault: Vault,
    *,
    channel: str,
    lane: str,
    messages: Sequence[Outbound],
    now_ms: int,
    unsolicited: bool = False,
    forget: bool = False,
) -> int:
    """Adds messages in order; returns the last one's ``seq``.

    ``lane`` is the conversation id: what stands in one lane leaves in order. ``unsolicited`` messages do not leave
    once the person said stop. ``forget``: the row goes when its fate is known (use a lane that names nobody).
    """
    seq = 0
    for message in messages:
        row = transaction.one(
            _INSERT,
            id=secrets.token_hex(16),
            lane=lane,
            channel=channel,
            kind=message.kind,
            body=vault.lock(message.body()),
            unsolicited=int(unsolicited),
            forget=int(forget),
            now=now_ms,
        )
        assert row is not None
        seq = int(row[0])
    return seq


def nameless_lane() -> str:
    """A lane for messages that must not be traceable to a conversation."""
    return f"-{secrets.token_hex(16)}"
