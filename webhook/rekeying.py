"""Moving everything stored to new keys: re-encrypted, and conversations renamed when the secret key changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from webhook.carrying_out import BESIDE
from webhook.database import Database, Transaction, sql
from webhook.errors import OperatorError
from webhook.security import Vault

_CELLS = (("conversations", "id", "secret"), ("inbox", "id", "payload"), ("inbox", "id", "answer"),
          ("outbox", "seq", "body"), ("shown", "id", "message"), ("referrals", "id", "secret"),
          ("referral_alerts", "id", "secret"), ("referral_messages", "id", "body"),
          ("voice_messages", "id", "secret"), ("voice_messages", "id", "opening"),
          ("voice_messages", "id", "audio"))  # fmt: skip
_RENAMED = (("conversations", "id"), ("inbox", "conversation_id"), ("outbox", "lane"), ("shown", "conversation_id"),
            ("referrals", "conversation_id"), ("referrals", "other_id"),
            ("voice_messages", "conversation_id"), ("pin_attempts", "conversation_id"))  # fmt: skip
_CONVERSATIONS = sql("SELECT id, channel, secret FROM conversations")
_REFERRED = sql("SELECT conversation_id, other_id, secret FROM referrals WHERE secret IS NOT NULL")
_UNANSWERED = sql("SELECT conversation_id, channel, payload FROM inbox WHERE payload IS NOT NULL")
_QUEUED = sql("SELECT lane, channel, body FROM outbox WHERE body IS NOT NULL AND forget = 0")
_STORED_NAMES = sql("SELECT conversation_id FROM inbox UNION SELECT lane FROM outbox WHERE forget = 0"
                    " UNION SELECT conversation_id FROM shown")  # fmt: skip


@dataclass(frozen=True)
class Rekeyed:
    """How many secrets were re-encrypted, conversations renamed, and rows dropped that nobody can read any more."""

    secrets: int
    renamed: int
    dropped: int


def rekey(database: Database, vault: Vault) -> Rekeyed:
    """All in one transaction. ``vault`` has the new keys first and the old ones after them.

    Raises OperatorError, and changes nothing, when not one secret can be read: the old key is then missing from
    HANKALI_ENCRYPTION_KEYS.
    """
    with database.writing() as transaction:
        names = _new_names(transaction, vault)
        done = dropped = 0
        for table, key, column in _CELLS:
            rows = transaction.all(sql(f"SELECT {key}, {column} FROM {table} WHERE {column} IS NOT NULL"))  # noqa: S608
            for row, token in rows:
                renewed = vault.renew(token)
                if renewed is None:
                    dropped += transaction.run(sql(f"DELETE FROM {table} WHERE {key} = :row"), row=row)  # noqa: S608
                    continue
                change = sql(f"UPDATE {table} SET {column} = :renewed WHERE {key} = :row")  # noqa: S608
                done += transaction.run(change, renewed=renewed, row=row)
        if dropped and not done:
            raise OperatorError("HANKALI_ENCRYPTION_KEYS: no stored secret can be read; add the old key after the new")
        renamed = {old: new for old, new in names.items() if old != new}
        for table, column in _RENAMED:
            change = sql(f"UPDATE {table} SET {column} = :new WHERE {column} = :old")  # noqa: S608
            for old, new in renamed.items():
                transaction.run(change, old=old, new=new)
        if renamed:
            dropped += _drop_unnamed(transaction, names)
        # Under the old keys everything could be read: nothing of it may stay in the file.
        transaction.mark_freed()
    database.forget_freed_bytes()
    database.compact()
    return Rekeyed(done, len(renamed), dropped)


def _new_names(transaction: Transaction, vault: Vault) -> dict[str, str]:
    """Old conversation id → new, wherever an address is stored."""
    names: dict[str, str] = {}
    for statement, field in ((_CONVERSATIONS, "sender"), (_UNANSWERED, "sender"), (_QUEUED, "to")):
        for old, channel, token in transaction.all(statement):
            stored: Any = vault.unlock(token)
            if isinstance(stored, dict) and stored.get(field):
                names[str(old)] = vault.conversation_id(str(channel), str(stored[field]))
    for conversation, other, token in transaction.all(_REFERRED):
        stored = vault.unlock(token)
        if isinstance(stored, dict) and stored.get("sender"):
            channel, sender = str(stored["channel"]), str(stored["sender"])
            beside = BESIDE.get(channel, channel)
            for old, door in ((conversation, channel), (other, beside)):
                if old:
                    names[str(old)] = vault.conversation_id(door, sender)
    return names


def _drop_unnamed(transaction: Transaction, names: dict[str, str]) -> int:
    """Rows under an old name whose address is stored nowhere: no later ERASE could find them."""
    kept = set(names.values())
    dropped = 0
    for (name,) in transaction.all(_STORED_NAMES):
        if name not in kept:
            for table, column in _RENAMED[1:]:
                dropped += transaction.run(sql(f"DELETE FROM {table} WHERE {column} = :name"), name=name)  # noqa: S608
    return dropped
