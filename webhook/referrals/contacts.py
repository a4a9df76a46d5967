"""Who writes: a contact of the directory is known by the conversation id of a registered address."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.referral.directory import Contact, Directory, LiveDirectory
from webhook.security import Vault

_ACKNOWLEDGE = re.compile(r"^\s*ok[\s:.,-]*(\d{3})[\s-]?(\d{3})(?:[\s:.,-]+(\d{4,8}))?[\s.!]*$", re.IGNORECASE)
_KEYED = re.compile(r"^(\d{6})[*#]?(\d{4,8})#?$")
_END = re.compile(r"^\s*(?:end|fin)(?:[\s:.,-]+(\d{3})[\s-]?(\d{3}))?[\s.!]*$", re.IGNORECASE)
_PREFIX = re.compile(r"^\s*(\d{3})[\s-]?(\d{3})[\s:.,-]+(.+)$", re.DOTALL)


@dataclass(frozen=True)
class Word:
    """What a contact wrote: ``acknowledge``, ``end`` or ``text``, with reference and PIN as far as given."""

    kind: str
    reference: str = ""
    pin: str = ""
    text: str = ""


def read(text: str, channel: str) -> Word:
    """Understands a contact's message."""
    if channel == "voice":
        keyed = _KEYED.match(text)
        return Word("acknowledge", keyed[1], keyed[2]) if keyed else Word("text", text=text)
    if match := _ACKNOWLEDGE.match(text):
        return Word("acknowledge", match[1] + match[2], match[3] or "")
    if match := _END.match(text):
        return Word("end", (match[1] or "") + (match[2] or ""))
    if match := _PREFIX.match(text):
        return Word("text", match[1] + match[2], text=match[3].strip())
    return Word("text", text=text.strip())


class Registered:
    """Conversation id → contact, for the current directory. Thread-safe (a stale table is only built twice)."""

    def __init__(self, vault: Vault, directory: LiveDirectory) -> None:
        self._vault = vault
        self._directory = directory
        self._built: tuple[Directory, dict[str, Contact]] | None = None

    def contact(self, conversation: str) -> Contact | None:
        """The contact who writes from there."""
        directory = self._directory.current()
        if self._built is None or self._built[0] is not directory:
            self._built = directory, self._table(directory)
        return self._built[1].get(conversation)

    def _table(self, directory: Directory) -> dict[str, Contact]:
        table: dict[str, Contact] = {}
        for contact in directory.contacts:
            for channel, address in contact.alert:
                if channel in ("sms", "telegram"):
                    table[self._vault.conversation_id(channel, address)] = contact
                if channel == "sms":
                    table[self._vault.conversation_id("voice", address)] = contact
            if contact.alert and contact.public_phone:
                # Who is alerted by e-mail or Telegram alone must have a telephone to confirm from as well.
                table.setdefault(self._vault.conversation_id("voice", contact.public_phone), contact)
        return table
