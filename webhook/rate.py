"""A limit per sender that never silences a call for help."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from bot.keywords import calls_for_help
from bot.messages import Reply
from webhook.inbox import Answering, Arrival, Inbox

WINDOW_S = 60.0
SENDERS_REMEMBERED = 20_000


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
    ) -> None:
        self._inbox = inbox
        self._dialogue = dialogue
        self._limit = messages_per_minute
        self._monotonic = monotonic
        self._guard = threading.Lock()
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def pass_on(self, arrival: Arrival) -> Passed:
        """Gives the message to the inbox, unless its sender is over the limit and it is not a call for help."""
        incoming = arrival.incoming
        over = self._count(incoming.conversation) - self._limit if self._limit else 0
        if over <= 0 or calls_for_help(incoming.text) or self._inbox.known(incoming.channel, arrival.repeat_key):
            return Passed(self._inbox.receive(arrival).answer)
        if over > 1:
            return Passed(held=True)
        language = self._inbox.language(incoming.conversation)
        return Passed(slow_down=self._dialogue.say("slow_down", language or None, incoming.channel), held=True)

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
