"""A limit per sender that never silences a call for help.

Over the limit a message costs a read of the state and at most one look by the model, at its first and last words only
(the same words are looked at once). From ten times the limit on no person is writing: an answer on the help path is
then held back too, but danger in words and the help words still pass.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.keywords import calls_for_help
from bot.messages import Incoming, Reply
from webhook.clock import Clock, utc_now
from webhook.inbox import Answering, Arrival, Inbox

WINDOW_S = 60.0
SENDERS_REMEMBERED = 20_000
WORDS_REMEMBERED = 2_000
NO_PERSON_WRITES = 10
"""Times the limit."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Passed:
    """``answer`` as in :class:`webhook.inbox.Received`, or ``slow_down``: the words for somebody who sends too much.

    ``held``: the message was neither stored nor answered.
    """

    answer: str | None = None
    slow_down: Reply | None = None
    held: bool = False


class Gate:
    """Stands before the inbox."""

    def __init__(
        self,
        inbox: Inbox,
        dialogue: Answering,
        messages_per_minute: int,
        monotonic: Callable[[], float] = time.monotonic,
        clock: Clock = utc_now,
    ) -> None:
        self._inbox = inbox
        self._dialogue = dialogue
        self._limit = messages_per_minute
        self._monotonic = monotonic
        self._guard = threading.Lock()
        self._clock = clock
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._looked_at: OrderedDict[bytes, bool] = OrderedDict()

    def pass_on(self, arrival: Arrival) -> Passed:
        """Gives the message to the inbox, unless its sender is over the limit and it is not a call for help."""
        incoming = arrival.incoming
        over = self._count(incoming.conversation) - self._limit if self._limit else 0
        if over <= 0 or calls_for_help(incoming.text) or self._inbox.known(incoming.channel, arrival.repeat_key):
            return Passed(self._inbox.receive(arrival).answer)
        language, state = self._inbox.kept(incoming.conversation)
        if self._on_help_path(state, incoming, over) or self._asks_for_help(incoming.text):
            return Passed(self._inbox.receive(arrival).answer)
        if over > 1:
            return Passed(held=True)
        return Passed(slow_down=self._dialogue.say("slow_down", language or None, incoming.channel), held=True)

    def _on_help_path(self, state: dict[str, Any] | None, incoming: Incoming, over: int) -> bool:
        if over > (NO_PERSON_WRITES - 1) * self._limit:
            return False
        try:
            return self._dialogue.on_help_path(state, incoming, self._clock())
        except Exception as error:
            log.error("a message could not be judged: %s", type(error).__name__)
            return True

    def _asks_for_help(self, text: str) -> bool:
        """The model's look at words is the same whoever writes them. A failure lets the message pass."""
        key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        with self._guard:
            known = self._looked_at.get(key)
        if known is not None:
            return known
        try:
            found = self._dialogue.asks_for_help(text)
        except Exception as error:
            log.error("a message could not be judged: %s", type(error).__name__)
            return True
        with self._guard:
            self._looked_at[key] = found
            while len(self._looked_at) > WORDS_REMEMBERED:
                self._looked_at.popitem(last=False)
        return found

    def _count(self, conversation: str) -> int:
        now = self._monotonic()
        with self._guard:
            start, count = self._windows.pop(conversation, (now, 0))
            if now - start >= WINDOW_S:
                start, count = now, 0
            self._windows[conversation] = start, count + 1
            while len(self._windows) > SENDERS_REMEMBERED:
                self._windows.popitem(last=False)
            return count + 1
