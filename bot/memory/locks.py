"""A lock per conversation for Rasa. Rasa's own TicketLock polls once a second; this one wakes the next in line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from rasa.core.lock_store import LockStore


class InProcessLockStore(LockStore):
    """Order between processes is the inbox's business; within the loop an asyncio lock per conversation is enough."""

    def __init__(self, endpoint_config: Any = None) -> None:
        self._waiting: dict[str, list[Any]] = {}

    @asynccontextmanager
    async def lock(
        self, conversation_id: str, lock_lifetime: float = 0, wait_time_in_seconds: float = 0
    ) -> AsyncGenerator[Any, None]:
        """Holds the conversation; the arguments of the original are accepted and not needed."""
        entry = self._waiting.setdefault(conversation_id, [asyncio.Lock(), 0])
        entry[1] += 1
        try:
            async with entry[0]:
                yield entry[0]
        finally:
            entry[1] -= 1
            if entry[1] == 0:
                self._waiting.pop(conversation_id, None)
