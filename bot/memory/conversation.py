"""What is kept of a conversation between two messages. No text that a person wrote is in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

VERSION = 1
SESSION = timedelta(minutes=15)
"""After this much silence the plain menu is all that anybody meets."""
KEPT_HELP = timedelta(minutes=30)
"""How long *leave now* keeps the answers of the help path."""


@dataclass
class Conversation:
    """The state that travels between the database and a turn."""

    language: str = ""
    evidence: dict[str, float] = field(default_factory=dict)
    offered: list[str] = field(default_factory=list)
    """Payloads of the choices last offered, in order: "2" means what the person saw."""
    offered_by: str = ""
    """Content key that offered them: the same payload under an older question is not an answer to this one."""
    said: list[dict[str, Any]] = field(default_factory=list)
    """The last instructions (bot.messages.Say), for "repeat" and for a change of language."""
    set_aside: list[dict[str, Any]] = field(default_factory=list)
    """What had been said when the list of languages was asked for."""
    misses: int = 0
    silences: int = 0
    tracker: dict[str, Any] = field(default_factory=dict)
    pending: dict[str, Any] = field(default_factory=dict)
    """What a first message meant while "is somebody in danger?" waits for an answer."""
    kept: dict[str, Any] = field(default_factory=dict)
    last_at: str = ""
    flow_at: str = ""
    """When questions (an offer, help) were last being asked: what was broken off can be taken up for a while."""
    hinted: bool = False
    version: int = VERSION

    @classmethod
    def load(cls, state: dict[str, Any] | None, now: datetime) -> Conversation:
        """Reads a stored state. One that cannot be read, or of another version, is a new conversation."""
        if not state or state.get("version") != VERSION:
            return cls()
        try:
            conversation = cls(**state)
            silent_for = now - datetime.fromisoformat(conversation.last_at)
        except (TypeError, ValueError):
            return cls()
        if silent_for > SESSION:
            conversation.forget_session(now)
        return conversation

    def kept_help(self, now: datetime) -> dict[str, Any] | None:
        """Answers of the help path that *leave now* kept, while they last."""
        if not self.kept or now - datetime.fromisoformat(self.kept["at"]) > KEPT_HELP:
            return None
        answers: dict[str, Any] | None = self.kept.get("help")
        return answers

    def broken_off_long_ago(self, now: datetime) -> bool:
        """Whether the last questions were asked too long ago to be taken up, whatever was written since."""
        return bool(self.flow_at) and now - datetime.fromisoformat(self.flow_at) > SESSION

    def forget_session(self, now: datetime) -> None:
        """Drops everything that the next person to pick up the phone should not meet."""
        if self.kept and now - datetime.fromisoformat(self.kept["at"]) > KEPT_HELP:
            self.kept = {}
        self.offered, self.said, self.set_aside, self.tracker, self.pending = [], [], [], {}, {}
        self.offered_by = ""
        self.misses = self.silences = 0

    def dump(self, now: datetime) -> dict[str, Any]:
        """JSON-able state, stamped with ``now``."""
        self.last_at = now.isoformat()
        return dict(vars(self))
